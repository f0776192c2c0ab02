//! What a teacher says of the tokens of a training set, kept in a file: its k likeliest tokens and their log-probabilities.
//!
//! `DSTTOPK` and a new line, the length of the header (u32), the header as JSON, then blocks: number of the first example, examples and
//! tokens (u32 each), tokens of each example (u32), for each token k ids (u16, or u32 where the vocabulary needs it) and k log-probabilities (f16, nats at T = 1), the
//! likeliest first, and a checksum (u64). All little-endian. A block that a kill has torn is cut off, and the file goes on from there.

use half::f16;
use serde::{Deserialize, Serialize};

use super::TextSet;
use crate::data::{DataError, Fingerprint};

const MAGIC: &[u8; 8] = b"DSTTOPK\n";
const VERSION: u32 = 1;
/// First example, examples, tokens.
const BLOCK_HEAD: usize = 12;
const CHECKSUM: usize = 8;

/// What is said of any file that keeps a teacher's words.
pub(super) const OTHER_TEACHER: &str = "it is of another teacher";
pub(super) const OTHER_DATA: &str = "it is of other data: other text, split, text.context or number of examples";

/// Whose words a file holds, about what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopKHeader {
    pub version: u32,
    /// Fingerprint of the teacher.
    pub teacher: String,
    /// Fingerprint of the examples.
    pub data: String,
    pub k: usize,
    pub vocab: usize,
    pub examples: usize,
}

/// The words of a teacher about the tokens of examples, from the first on.
#[derive(Debug, Clone)]
pub struct TopK {
    pub header: TopKHeader,
    /// As in the file, token after token.
    packed: Vec<u8>,
    /// Where the tokens of each example begin, and where the last one's end.
    starts: Vec<usize>,
}

/// One token's likeliest: ids and log-probabilities, k each.
pub type Likeliest = (Vec<u32>, Vec<f32>);

impl TopKHeader {
    /// Of the first `examples` training examples of a set.
    pub fn new(teacher: String, set: &TextSet, examples: usize, vocab: usize, k: usize) -> Self {
        let mut fingerprint = Fingerprint::default();
        for example in set.train.iter().take(examples) {
            fingerprint.words([example.prompt.len() as u32, example.response.len() as u32, set.end().unwrap_or(u32::MAX)]);
            fingerprint.words(example.prompt.iter().chain(&example.response).copied());
        }
        Self { version: VERSION, teacher, data: fingerprint.to_string(), k, vocab, examples }
    }

    /// The beginning of a file.
    pub fn bytes(&self) -> Vec<u8> {
        let json = serde_json::to_vec(self).expect("plain data");
        [&MAGIC[..], &(json.len() as u32).to_le_bytes(), &json].concat()
    }

    /// Bytes that a token takes.
    pub fn bytes_per_token(&self) -> usize {
        self.k * (self.id_bytes() + 2)
    }

    fn id_bytes(&self) -> usize {
        if self.vocab <= 1 << 16 { 2 } else { 4 }
    }

    /// Examples as a block, from number `first` on: for each, its tokens.
    pub fn block(&self, first: usize, examples: &[Vec<Likeliest>]) -> Vec<u8> {
        let tokens: usize = examples.iter().map(Vec::len).sum();
        let mut out: Vec<u8> = [first, examples.len(), tokens].iter().flat_map(|number| (*number as u32).to_le_bytes()).collect();
        out.extend(examples.iter().flat_map(|tokens| (tokens.len() as u32).to_le_bytes()));
        for (ids, log_probs) in examples.iter().flatten() {
            let width = self.id_bytes();
            ids.iter().for_each(|id| out.extend_from_slice(&id.to_le_bytes()[..width]));
            log_probs.iter().for_each(|value| out.extend_from_slice(&f16::from_f32(*value).to_le_bytes()));
        }
        out.extend(Fingerprint::of(&out).value().to_le_bytes());
        out
    }
}

impl TopK {
    /// A file as far as it is whole, and how many of its bytes that is.
    ///
    /// # Errors
    /// [`DataError::BadCache`] for a file of another kind, teacher, data or k than `expected`: it says which.
    pub fn read(bytes: &[u8], expected: &TopKHeader) -> Result<(Self, usize), DataError> {
        let bad = |problem: String| Err(DataError::BadCache(problem));
        let Some(rest) = bytes.strip_prefix(MAGIC) else { return bad("it is no cache of a teacher".into()) };
        let header =
            number(rest, 0).and_then(|length| rest.get(4..4 + length)).and_then(|json| serde_json::from_slice::<TopKHeader>(json).ok());
        let Some(header) = header else { return bad("its header cannot be read".into()) };
        if header.version != VERSION {
            return bad(format!("it is of version {}, this build reads {VERSION}", header.version));
        }
        if (&header.teacher, header.vocab) != (&expected.teacher, expected.vocab) {
            return bad(OTHER_TEACHER.into());
        }
        if (&header.data, header.examples) != (&expected.data, expected.examples) {
            return bad(OTHER_DATA.into());
        }
        if header.k != expected.k {
            return bad(format!("it holds the {} likeliest tokens and distill.top_k is {}", header.k, expected.k));
        }
        let mut at = header.bytes().len();
        let mut found = Self { header, packed: Vec::new(), starts: vec![0] };
        while let Some(length) = found.take(&bytes[at..]) {
            at += length;
        }
        Ok((found, at))
    }

    /// Takes the block that bytes begin with, if it is whole and the next one; its length.
    fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let [first, examples, tokens] = [0, 1, 2].map(|at| number(bytes, 4 * at));
        let (first, examples, tokens) = (first?, examples?, tokens?);
        let body = BLOCK_HEAD.checked_add(examples.checked_mul(4)?)?;
        let end = body.checked_add(tokens.checked_mul(self.header.bytes_per_token())?)?;
        let stored = bytes.get(end..end + CHECKSUM)?;
        if Fingerprint::of(&bytes[..end]).value().to_le_bytes() != stored || first != self.examples() {
            return None;
        }
        for example in 0..examples {
            let before = self.starts.last().copied()?;
            self.starts.push(before + number(bytes, BLOCK_HEAD + 4 * example)?);
        }
        self.packed.extend_from_slice(&bytes[body..end]);
        Some(end + CHECKSUM)
    }

    /// Examples that it knows.
    pub fn examples(&self) -> usize {
        self.starts.len() - 1
    }

    /// Tokens that it knows.
    pub fn tokens(&self) -> usize {
        self.packed.len() / self.header.bytes_per_token()
    }

    pub fn complete(&self) -> bool {
        self.examples() == self.header.examples
    }

    /// Ids and log-probabilities of every token of an example, `[tokens, k]` row by row.
    pub fn example(&self, index: usize) -> (Vec<i32>, Vec<f32>) {
        let (width, k) = (self.header.id_bytes(), self.header.k);
        let (mut ids, mut log_probs) = (Vec::new(), Vec::new());
        let size = self.header.bytes_per_token();
        for token in self.packed[self.starts[index] * size..self.starts[index + 1] * size].chunks_exact(size) {
            let (left, right) = token.split_at(k * width);
            ids.extend(left.chunks_exact(width).map(|bytes| bytes.iter().rev().fold(0, |id, byte| id << 8 | i32::from(*byte))));
            log_probs.extend(right.chunks_exact(2).map(|bytes| f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()));
        }
        (ids, log_probs)
    }
}

/// The k largest of a row of log-probabilities, the largest first; of equals, the lowest number.
pub fn likeliest(row: &[f32], k: usize) -> Likeliest {
    let likelier = |a: &u32, b: &u32| row[*b as usize].total_cmp(&row[*a as usize]).then(a.cmp(b));
    let mut ids: Vec<u32> = (0..row.len() as u32).collect();
    if k < ids.len() {
        ids.select_nth_unstable_by(k, likelier);
        ids.truncate(k);
    }
    ids.sort_unstable_by(likelier);
    let log_probs = ids.iter().map(|id| row[*id as usize]).collect();
    (ids, log_probs)
}

/// The u32 at a place.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at + 4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    fn header(vocab: usize) -> TopKHeader {
        TopKHeader { version: VERSION, teacher: "t".into(), data: "d".into(), k: 2, vocab, examples: 3 }
    }

    #[test]
    fn what_is_written_is_read_and_a_torn_block_is_cut_off() {
        for vocab in [50_000, 70_000] {
            let header = header(vocab);
            let last = vocab as u32 - 1;
            let token = |id: u32| (vec![id, 3], vec![-0.5, -2.0]);
            let blocks = [header.block(0, &[vec![token(last)], vec![token(7), token(9)]]), header.block(2, &[vec![]])];
            let whole = [header.bytes(), blocks.concat()].concat();
            let (read, length) = TopK::read(&whole, &header).unwrap();
            assert!(read.complete() && length == whole.len() && read.tokens() == 3);
            assert_eq!(read.example(0), (vec![last as i32, 3], vec![-0.5, -2.0]));
            assert_eq!(read.example(1).0, [7, 3, 9, 3]);
            assert_eq!(read.example(2).0, [0; 0]);
            let first = header.bytes().len() + blocks[0].len();
            for cut in first..whole.len() {
                let (read, length) = TopK::read(&whole[..cut], &header).unwrap();
                assert!(read.examples() == 2 && length == first, "cut at {cut}");
            }
            let mut damaged = whole.clone();
            damaged[first - 9] ^= 1;
            assert_eq!(TopK::read(&damaged, &header).unwrap().0.examples(), 0, "a wrong bit is noticed");
        }
    }

    #[test]
    fn another_teacher_other_data_and_another_k_are_refused_by_name() {
        let header = header(100);
        let refused = |other: TopKHeader| TopK::read(&header.bytes(), &other).unwrap_err().to_string();
        assert!(refused(TopKHeader { teacher: "x".into(), ..header.clone() }).contains("another teacher"));
        assert!(refused(TopKHeader { data: "x".into(), ..header.clone() }).contains("other data"));
        assert!(refused(TopKHeader { k: 5, ..header.clone() }).contains("holds the 2 likeliest tokens and distill.top_k is 5"));
        assert!(TopK::read(b"{}", &header).unwrap_err().to_string().contains("no cache"));
    }

    #[test]
    fn the_likeliest_come_first() {
        assert_eq!(likeliest(&[-3.0, -1.0, -2.0, -1.0], 3), (vec![1, 3, 2], vec![-1.0, -1.0, -2.0]));
        assert_eq!(likeliest(&[-3.0, -1.0], 5).0, [1, 0]);
    }
}
