//! Where two tokenizers' readings of one text meet.

use std::collections::HashMap;

use crate::data::{Tokenizer, TokenizerError};

/// A text as a tokenizer reads it.
pub type Reader<'a> = (&'a Tokenizer, &'a [u32]);

/// How many tokens of each reading make up the same beginning of the text, for every beginning that both know: none of either, and so on up to
/// all of both. Beginnings are told by their bytes; where a normaliser has made two texts of one, only those before the first difference count.
///
/// # Errors
/// [`TokenizerError::UnknownToken`].
pub fn meetings(a: Reader, b: Reader) -> Result<Vec<(usize, usize)>, TokenizerError> {
    let [first, second] = [a.0.decode(a.1)?, b.0.decode(b.1)?];
    let alike = first.bytes().zip(second.bytes()).take_while(|(a, b)| a == b).count();
    // Of tokens that add nothing to the text, the last stands for all.
    let counts = |(tokenizer, ids): Reader| {
        let ends = tokenizer.ends(ids)?;
        Ok([(0, 0)].into_iter().chain(ends.into_iter().zip(1..).filter_map(|(end, count)| Some((end?, count)))).collect::<HashMap<_, _>>())
    };
    let (ours, theirs): (HashMap<usize, usize>, HashMap<usize, usize>) = (counts(a)?, counts(b)?);
    let mut pairs: Vec<(usize, usize)> =
        ours.into_iter().filter(|(end, _)| *end <= alike).filter_map(|(end, count)| Some((count, *theirs.get(&end)?))).collect();
    pairs.sort_unstable();
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn readings_meet_where_both_have_come_equally_far() {
        let characters = Tokenizer::characters("abcé").unwrap();
        let read = |text: &str| {
            let [ours, theirs] = [&characters, &Tokenizer::Bytes].map(|tokenizer| tokenizer.encode(text).unwrap());
            meetings((&characters, &ours), (&Tokenizer::Bytes, &theirs))
        };
        assert_eq!(read("abc").unwrap(), [(0, 0), (1, 1), (2, 2), (3, 3)]);
        assert_eq!(read("aéb").unwrap(), [(0, 0), (1, 1), (2, 3), (3, 4)], "half of é is no place of the other's");
    }

    #[test]
    fn after_a_difference_nothing_is_compared() {
        let tokenizer = Tokenizer::characters("abc").unwrap();
        let ids = |text: &str| tokenizer.encode(text).unwrap();
        assert_eq!(meetings((&tokenizer, &ids("abc")), (&tokenizer, &ids("acc"))).unwrap(), [(0, 0), (1, 1)]);
    }
}
