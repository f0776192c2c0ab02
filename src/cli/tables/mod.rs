//! Data in tables, JSONL, CSV, TSV and Parquet: a record at a time they become text, or the lines of JSON that instructions and labelled texts are
//! read from.

mod csv;
mod jsonl;
mod parquet;

use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::error::Error;

/// Pairs of columns that hold instructions, or texts with their labels, and the keys that JSONL has for them.
const PAIRS: [([&str; 2], [&str; 2]); 5] = [
    (["prompt", "response"], ["prompt", "completion"]),
    (["prompt", "completion"], ["prompt", "completion"]),
    (["question", "answer"], ["question", "answer"]),
    (["text", "label"], ["text", LABEL]),
    (["sentence", "label"], ["text", LABEL]),
];
const LABEL: &str = "label";
/// The column, or key, of a corpus.
const TEXT: &str = "text";

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
            Self::Text => {
                "a corpus is read from the column text; instructions are read with --set task.name=jsonl, labelled texts from the preset \
                 `minilm-labels`"
            }
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
    Jsonl,
    Csv,
    Tsv,
    Parquet,
}

impl Format {
    /// By its name.
    pub fn of(path: &Path) -> Self {
        let is = |name: &str| path.extension().is_some_and(|end| end.eq_ignore_ascii_case(name));
        if is("jsonl") || is("ndjson") {
            Self::Jsonl
        } else if is("csv") {
            Self::Csv
        } else if is("tsv") {
            Self::Tsv
        } else if is("parquet") {
            Self::Parquet
        } else {
            Self::Plain
        }
    }

    /// Whether its bytes are what a run reads: instructions and labelled texts are JSONL in any case.
    pub fn is_read_as_it_is(self, columns: Columns) -> bool {
        self == Self::Plain || self == Self::Jsonl && columns != Columns::Text
    }

    /// What its records are counted by.
    pub fn unit(self) -> &'static str {
        if self == Self::Parquet { "row" } else { "line" }
    }
}

/// Ends of the names of what is read in a folder.
const ENDS: [&str; 7] = ["txt", "text", "jsonl", "ndjson", "csv", "tsv", "parquet"];

/// The files of `--data`: itself, or, of a folder that holds a corpus, its files of text in the order of their names.
///
/// # Errors
/// A folder without any, or of anything but a corpus.
pub fn files(path: &Path, columns: Columns) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.into()]);
    }
    let shown = path.display();
    if columns != Columns::Text {
        return Err(Error::input(format!(
            "--data {shown}: this is a folder, and instructions and labelled texts are one file, of JSONL, CSV, TSV or Parquet: name it"
        )));
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(Error::read(path))?;
    let is_text = |file: &PathBuf| {
        let hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        !hidden && file.is_file() && file.extension().is_some_and(|end| ENDS.iter().any(|known| end.eq_ignore_ascii_case(known)))
    };
    let mut found: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(is_text).collect();
    found.sort();
    if found.is_empty() {
        return Err(Error::input(format!(
            "--data {shown}: this folder has no text; a corpus is a file, or a folder of files whose names end in .{}",
            ENDS.join(", .")
        )));
    }
    Ok(found)
}

/// The bytes of a file as a run reads them: of a table, instructions or labelled texts as JSONL, or a text column with a new line behind every text. It is
/// read as it is asked for.
///
/// # Errors
/// What is wrong with the file, then and as it is read, with its line, or its column and row.
pub fn open(path: &Path, columns: Columns) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    let format = Format::of(path);
    Ok(match format {
        _ if format.is_read_as_it_is(columns) => Box::new(file),
        Format::Plain | Format::Jsonl => Box::new(Records::of(jsonl::texts(BufReader::new(file)))),
        Format::Csv => Box::new(Records::of(csv::lines(BufReader::new(file), b',', columns))),
        Format::Tsv => Box::new(Records::of(csv::lines(BufReader::new(file), b'\t', columns))),
        Format::Parquet => Box::new(Records::of(parquet::rows(file, columns).map_err(invalid)?)),
    })
}

/// Columns by their numbers.
#[derive(Clone, Copy)]
enum Chosen {
    /// Two, and their keys.
    Pair(usize, usize, [&'static str; 2]),
    Text(usize),
}

/// What is looked for and among these columns.
fn chosen<'a>(names: impl Iterator<Item = &'a str> + Clone, columns: Columns) -> Option<Chosen> {
    let place = |name: &str| names.clone().position(|column| column.trim().eq_ignore_ascii_case(name));
    let mut pairs = PAIRS.iter().filter(|(_, keys)| columns.has(keys[1]));
    let pair = pairs.find_map(|([asks, answers], keys)| Some(Chosen::Pair(place(asks)?, place(answers)?, *keys)));
    let text = || place(TEXT).filter(|_| matches!(columns, Columns::Text | Columns::Any)).map(Chosen::Text);
    pair.or_else(text)
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
