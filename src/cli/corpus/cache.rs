//! A file of tokens: what a tokenizer made of a source, mapped into memory, so that a corpus may be larger than it.
//!
//! `DSTTOKN` and a new line; ids (u16, or u32 where the vocabulary needs it) of one text behind the other; filled up to a multiple of 8;
//! where each text ends, in tokens (u64); the footer as JSON, its length (u32), and `DSTTOKN` and a new line again. All little-endian. The footer
//! comes last: a file that was cut off has none.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;
use serde::{Deserialize, Serialize};

use crate::cli::error::Error;
use crate::data::Fingerprint;

const MAGIC: &[u8; 8] = b"DSTTOKN\n";
/// 2: the texts of JSONL are a corpus, where its lines were. 3: prompts begin as their tokenizer begins a text.
const VERSION: u32 = 3;
/// Bytes read at a time to check a file.
const BUFFER: usize = 1 << 20;

/// What the texts of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Running text as it stands: one stream of tokens.
    Text,
    /// The same with white space of any kind and length as one space.
    Words,
    /// Its sentences.
    Sentences,
    /// Prompts and responses in turn.
    Pairs,
    /// Texts and their labels in turn, the bytes of a label as they are.
    Labelled,
}

/// Of what a file was made, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    version: u32,
    /// Fingerprints of what reads the source, a tokenizer's file and perhaps a chat template, and of the source.
    tokenizer: String,
    source: String,
    shape: Shape,
    vocab: usize,
}

impl Key {
    pub fn new(reader: &str, source: String, shape: Shape, vocab: usize) -> Self {
        Self { version: VERSION, tokenizer: Fingerprint::of(reader.as_bytes()).to_string(), source, shape, vocab }
    }

    /// Bytes of an id.
    fn width(&self) -> usize {
        if self.vocab <= 1 << 16 { 2 } else { 4 }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Footer {
    key: Key,
    texts: usize,
    tokens: usize,
    /// Fingerprint of all before the footer.
    content: String,
}

/// Why a file cannot serve.
#[derive(Debug, PartialEq, Eq)]
pub enum Stale {
    Missing,
    /// It is of another source, or of another build.
    Other,
    Damaged,
}

/// A file that is being written, aside; it takes its place when it is whole.
pub struct Writer {
    key: Key,
    path: PathBuf,
    aside: PathBuf,
    file: BufWriter<File>,
    content: Fingerprint,
    tokens: usize,
    ends: Vec<u64>,
}

impl Writer {
    pub fn create(path: &Path, key: Key) -> Result<Self, Error> {
        // Two processes may make the same file.
        let aside = path.with_extension(format!("{}.partial", std::process::id()));
        let file = BufWriter::new(File::create(&aside).map_err(Error::write(&aside))?);
        let mut writer = Self { key, path: path.into(), aside, file, content: Fingerprint::default(), tokens: 0, ends: Vec::new() };
        writer.put(MAGIC)?;
        Ok(writer)
    }

    /// The next text.
    pub fn push(&mut self, ids: &[u32]) -> Result<(), Error> {
        let width = self.key.width();
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes().into_iter().take(width)).collect();
        self.tokens += ids.len();
        if !matches!(self.key.shape, Shape::Text | Shape::Words) {
            self.ends.push(self.tokens as u64);
        }
        self.put(&bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.content.bytes(bytes);
        self.file.write_all(bytes).map_err(Error::write(&self.aside))
    }

    /// Completes the file.
    pub fn finish(mut self) -> Result<(), Error> {
        let filled = MAGIC.len() + self.tokens * self.key.width();
        self.put(&vec![0; filled.next_multiple_of(8) - filled])?;
        let texts = self.ends.len();
        for end in std::mem::take(&mut self.ends) {
            self.put(&end.to_le_bytes())?;
        }
        let footer = Footer { key: self.key.clone(), texts, tokens: self.tokens, content: self.content.to_string() };
        let json = serde_json::to_vec(&footer).expect("plain data");
        let tail = [&json[..], &(json.len() as u32).to_le_bytes(), MAGIC].concat();
        let written = self.file.write_all(&tail).and_then(|()| self.file.flush()).and_then(|()| self.file.get_ref().sync_all());
        written.map_err(Error::write(&self.aside))?;
        fs::rename(&self.aside, &self.path).map_err(Error::write(&self.path))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // What was not completed; after the rename there is nothing.
        let _ = fs::remove_file(&self.aside);
    }
}

/// The tokens of a file, mapped.
#[derive(Debug, Clone)]
pub struct Tokens {
    map: Arc<Mmap>,
    width: usize,
    pub texts: usize,
    pub tokens: usize,
}

impl Tokens {
    /// The file of that path, once it is known to be whole and of `key`.
    pub fn open(path: &Path, key: &Key) -> Result<Result<Self, Stale>, Error> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Err(Stale::Missing)),
            Err(error) => return Err(Error::read(path)(error)),
        };
        // SAFETY: the file takes this name when it is whole and is never written again; a new one takes its place by a rename, which leaves this one
        // as it is. Who cuts it off by hand while a run reads it ends the run.
        let map = unsafe { Mmap::map(&file) }.map_err(Error::read(path))?;
        let Some((footer, content)) = footer(&map) else { return Ok(Err(Stale::Damaged)) };
        if footer.key != *key {
            return Ok(Err(Stale::Other));
        }
        let found = Self { map: Arc::new(map), width: key.width(), texts: footer.texts, tokens: footer.tokens };
        if found.ends_at() + 8 * found.texts != content {
            return Ok(Err(Stale::Damaged));
        }
        // Read, not looked at through the map: what is mapped and looked at counts as memory of this process.
        let sum = fingerprint(&mut (&mut file).take(content as u64)).map_err(Error::read(path))?;
        Ok(if sum == footer.content { Ok(found) } else { Err(Stale::Damaged) })
    }

    fn ends_at(&self) -> usize {
        (MAGIC.len() + self.tokens * self.width).next_multiple_of(8)
    }

    /// Tokens by their places in the stream of all texts.
    pub fn ids(&self, range: Range<usize>) -> Vec<u32> {
        let bytes = &self.map[MAGIC.len()..][range.start * self.width..range.end * self.width];
        bytes.chunks_exact(self.width).map(|bytes| bytes.iter().rev().fold(0, |id, byte| id << 8 | u32::from(*byte))).collect()
    }

    /// Where a text stands in that stream.
    pub fn span(&self, text: usize) -> Range<usize> {
        let end = |text: usize| {
            let at = self.ends_at() + 8 * text;
            u64::from_le_bytes(self.map[at..at + 8].try_into().expect("8 bytes")) as usize
        };
        (if text == 0 { 0 } else { end(text - 1) })..end(text)
    }

    /// The same of a prompt and its response, or of a text and its label.
    pub fn pair(&self, index: usize) -> [Range<usize>; 2] {
        [2 * index, 2 * index + 1].map(|text| self.span(text))
    }
}

/// The footer of a file, and how many bytes stand before it.
fn footer(bytes: &[u8]) -> Option<(Footer, usize)> {
    let rest = bytes.strip_prefix(MAGIC)?.strip_suffix(MAGIC)?;
    let (rest, length) = rest.split_last_chunk::<4>()?;
    let at = rest.len().checked_sub(u32::from_le_bytes(*length) as usize)?;
    Some((serde_json::from_slice(&rest[at..]).ok()?, MAGIC.len() + at))
}

/// Of all that a reader gives.
pub fn fingerprint(reader: &mut impl Read) -> io::Result<String> {
    let mut sum = Fingerprint::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(sum.to_string()),
            count => sum.bytes(&buffer[..count]),
        }
    }
}
