//! Data in tables, CSV, TSV and Parquet: a record at a time they become text, or the lines of JSON that instructions and labelled texts are read
//! from.

mod csv;
mod parquet;

use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::path::Path;

/// Pairs of columns that hold instructions, or texts with their labels, and the keys that JSONL has for them.
const PAIRS: [([&str; 2], [&str; 2]); 5] = [
    (["prompt", "response"], ["prompt", "completion"]),
    (["prompt", "completion"], ["prompt", "completion"]),
    (["question", "answer"], ["question", "answer"]),
    (["text", "label"], ["text", LABEL]),
    (["sentence", "label"], ["text", LABEL]),
];
const LABEL: &str = "label";

/// What is looked for in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// Running text.
    Text,
    Instructions,
    Labelled,
    /// Whatever of these there is.
    Any,
}

impl Columns {
    /// The columns, for an error.
    fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a corpus is read from the column text; instructions are read with --set task.name=jsonl",
            Self::Instructions => {
                "instructions are read from the columns prompt and response (or prompt and completion, or question and answer), in Parquet \
                 also from messages"
            }
            Self::Labelled => "labelled texts are read from the columns text (or sentence) and label",
            Self::Any => "texts are read from the columns text, text and label, or prompt and response",
        }
    }

    /// Whether a pair with this last key is looked for.
    fn has(self, key: &str) -> bool {
        match self {
            Self::Text => false,
            Self::Instructions => key != LABEL,
            Self::Labelled => key == LABEL,
            Self::Any => true,
        }
    }
}

/// How a file of text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Plain,
    Csv,
    Tsv,
    Parquet,
}

impl Format {
    /// By its name.
    pub fn of(path: &Path) -> Self {
        let is = |name: &str| path.extension().is_some_and(|end| end.eq_ignore_ascii_case(name));
        if is("csv") {
            Self::Csv
        } else if is("tsv") {
            Self::Tsv
        } else if is("parquet") {
            Self::Parquet
        } else {
            Self::Plain
        }
    }

    /// What its records are counted by.
    pub fn unit(self) -> &'static str {
        if self == Self::Parquet { "row" } else { "line" }
    }
}

/// The bytes of a file as a run reads them: of a table, instructions or labelled texts as JSONL, or a text column with a new line behind every text. It is
/// read as it is asked for.
///
/// # Errors
/// What is wrong with the file, then and as it is read, with its line, or its column and row.
pub fn open(path: &Path, columns: Columns) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    Ok(match Format::of(path) {
        Format::Plain => Box::new(file),
        Format::Csv => Box::new(Records::of(csv::lines(BufReader::new(file), b',', columns))),
        Format::Tsv => Box::new(Records::of(csv::lines(BufReader::new(file), b'\t', columns))),
        Format::Parquet => Box::new(Records::of(parquet::rows(file, columns).map_err(invalid)?)),
    })
}

/// Two columns by their numbers, and their keys.
type Pair = (usize, usize, [&'static str; 2]);

/// The pair that is looked for and among these columns.
fn pair<'a>(names: impl Iterator<Item = &'a str> + Clone, columns: Columns) -> Option<Pair> {
    let place = |name: &str| names.clone().position(|column| column.trim().eq_ignore_ascii_case(name));
    PAIRS.iter().filter(|(_, keys)| columns.has(keys[1])).find_map(|([asks, answers], keys)| Some((place(asks)?, place(answers)?, *keys)))
}

fn invalid(problem: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, problem)
}

/// Records one behind the other, as bytes.
struct Records<I> {
    records: I,
    current: Cursor<Vec<u8>>,
}

impl<I: Iterator<Item = Result<String, String>>> Records<I> {
    fn of(records: I) -> Self {
        Self { records, current: Cursor::default() }
    }
}

impl<I: Iterator<Item = Result<String, String>>> Read for Records<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(next) = self.records.next() else { return Ok(0) };
            self.current = Cursor::new(next.map_err(invalid)?.into_bytes());
        }
    }
}
