//! CSV (RFC 4180) or TSV, as spreadsheets write them. Two columns, instructions or texts with labels, become JSONL, with every record on the line
//! on which it begins, so that what is wrong with it is said with its line; a column of texts becomes running text.

use std::io::BufRead;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::json;

use super::{Chosen, Columns, chosen};
use crate::cli::files::newlines;

/// A line, from 1, and the fields of the record that begins there.
type Record = (usize, Vec<String>);

/// The records below the header: each as a line of JSON behind as many new lines as bring it to its place, or as a text with a new line behind it.
///
/// Items are errors where something is wrong, with its line.
pub fn lines(input: impl BufRead, delimiter: u8, wanted: Columns) -> impl Iterator<Item = Result<String, String>> {
    let mut table = Table { records: Records::new(input, delimiter), wanted, columns: None, line: 1 };
    std::iter::from_fn(move || table.line().transpose())
}

struct Table<R> {
    records: Records<R>,
    wanted: Columns,
    /// How many there are, and those that are read.
    columns: Option<(usize, Chosen)>,
    /// The line that is written next.
    line: usize,
}

impl<R: BufRead> Table<R> {
    fn line(&mut self) -> Result<Option<String>, String> {
        let (width, chosen) = match self.columns {
            Some(columns) => columns,
            None => *self.columns.insert(columns(self.records.next()?, self.wanted)?),
        };
        let Some((number, fields)) = self.records.next()? else { return Ok(None) };
        if fields.len() != width {
            return Err(format!(
                "line {number}: it has {} fields where the header has {width}; a field with commas, quotes or line breaks must stand in quotes",
                fields.len()
            ));
        }
        let (asks, answers, keys) = match chosen {
            Chosen::Text(column) => return Ok(Some(format!("{}\n", fields[column]))),
            Chosen::Pair(asks, answers, keys) => (asks, answers, keys),
        };
        // A lone carriage return ends a record too, and no line.
        let gap = "\n".repeat((number - self.line).max(1));
        self.line = number;
        Ok(Some(format!("{gap}{}", json!({ (keys[0]): fields[asks], (keys[1]): fields[answers] }))))
    }
}

/// How many columns a header names, and which are read.
fn columns(header: Option<Record>, wanted: Columns) -> Result<(usize, Chosen), String> {
    let names = header.map_or_else(Vec::new, |(_, names)| names);
    let found = chosen(names.iter().map(String::as_str), wanted).ok_or_else(|| {
        let has = if names.is_empty() { "the file is empty".into() } else { format!("it has {names:?}") };
        format!("line 1: {}; {has}", wanted.wanted())
    })?;
    Ok((names.len(), found))
}

struct Records<R> {
    input: R,
    reader: Reader,
    /// Room for a record, which grows with the longest.
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// The line that is read next; 0 before the first.
    line: usize,
}

impl<R: BufRead> Records<R> {
    fn new(input: R, delimiter: u8) -> Self {
        // TSV has no way to write a tab: a quote in it is a quote.
        let reader = ReaderBuilder::new().delimiter(delimiter).quoting(delimiter == b',').build();
        Self { input, reader, fields: vec![0; 1 << 12], ends: vec![0; 1 << 6], line: 0 }
    }

    fn next(&mut self) -> Result<Option<Record>, String> {
        let wrong = |line: usize| move |error: std::io::Error| format!("line {line}: {error}");
        if self.line == 0 {
            self.line = 1;
            // Some editors begin a file with a byte order mark.
            if self.input.fill_buf().map_err(wrong(1))?.starts_with("\u{feff}".as_bytes()) {
                self.input.consume("\u{feff}".len());
            }
        }
        // What is left of the end before, and empty lines.
        loop {
            let bytes = self.input.fill_buf().map_err(wrong(self.line))?;
            let (all, blank) = (bytes.len(), bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count());
            self.line += newlines(&bytes[..blank]);
            self.input.consume(blank);
            if all == 0 {
                return Ok(None);
            }
            if blank < all {
                break;
            }
        }
        let (start, mut written, mut count) = (self.line, 0, 0);
        loop {
            let bytes = self.input.fill_buf().map_err(wrong(self.line))?;
            let ended = bytes.is_empty();
            // Nothing ends the last record but the end of the file; a new line does not end it inside quotes.
            let bytes = if ended { b"\n" } else { bytes };
            let (result, read, wrote, ends) = self.reader.read_record(bytes, &mut self.fields[written..], &mut self.ends[count..]);
            written += wrote;
            count += ends;
            if !ended {
                self.line += newlines(&bytes[..read]);
                self.input.consume(read);
            }
            match result {
                ReadRecordResult::InputEmpty if ended => {
                    return Err(format!("line {start}: a quote is opened and not closed; inside quotes write a quote as \"\""));
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.fields.resize(2 * self.fields.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        let starts = [0].into_iter().chain(self.ends[..count].iter().copied());
        let texts = starts.zip(&self.ends[..count]).map(|(from, to)| str::from_utf8(&self.fields[from..*to]).map(str::to_owned));
        let texts = texts.collect::<Result<_, _>>().map_err(|_| format!("line {start}: it is not UTF-8; save the file as UTF-8"))?;
        Ok(Some((start, texts)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn as_jsonl(text: &str) -> Result<String, String> {
        lines(text.as_bytes(), b',', Columns::Any).collect()
    }

    proptest! {
        #[test]
        fn no_text_makes_a_panic_and_lines_stay_in_order(text in "(prompt,response\n)?[ab,\"\r\n]{0,40}") {
            let mut records = Records::new(text.as_bytes(), b',');
            let lines: Vec<usize> = std::iter::from_fn(|| records.next().ok().flatten()).map(|(line, _)| line).collect();
            prop_assert!(lines.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", lines);
            if let Ok(written) = as_jsonl(&text) {
                prop_assert_eq!(written.lines().filter(|line| !line.is_empty()).count(), lines.len() - 1);
            }
        }
    }

    #[test]
    fn records_keep_their_lines_and_their_text() {
        let text = "\u{feff}id,Prompt,response\r\n1,\"Say \"\"hi\"\", twice\",\"hi\nhi\"\r\n\r\n2,\"물\",water";
        let lines: Vec<String> = as_jsonl(text).unwrap().lines().map(Into::into).collect();
        let [first, second] = [r#"{"completion":"hi\nhi","prompt":"Say \"hi\", twice"}"#, r#"{"completion":"water","prompt":"물"}"#];
        assert_eq!(lines, ["", first, "", "", second]);
        let long = format!("prompt,response\na,\"{}\"\nb,c\n", "long\n".repeat(5_000));
        assert_eq!(as_jsonl(&long).unwrap().lines().count(), 5_003, "longer than the room that there is at first");
        let quoted: String = super::lines("id\tlabel\tsentence\n1\t0\tsay \"no\", twice\n".as_bytes(), b'\t', Columns::Labelled)
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(quoted, "\n{\"label\":\"0\",\"text\":\"say \\\"no\\\", twice\"}", "TSV as GLUE writes it");
        assert!(as_jsonl("question,answer\n1+1,2\n").unwrap().contains(r#""question":"1+1""#));
    }

    #[test]
    fn a_column_of_texts_is_running_text() {
        let read = |text: &str, wanted: Columns| lines(text.as_bytes(), b',', wanted).collect::<Result<String, _>>();
        let table = "id,text,label\n1,\"Call me, \n\nIshmael.\",a\n\n2,Some years ago,b\n";
        assert_eq!(read(table, Columns::Text).unwrap(), "Call me, \n\nIshmael.\nSome years ago\n");
        assert!(read(table, Columns::Any).unwrap().contains("\"label\":\"a\""), "what can be a pair is one");
        assert_eq!(read("id,Text\n1,a\n", Columns::Any).unwrap(), "a\n");
        let error = read("prompt,response\na,b\n", Columns::Text).unwrap_err();
        assert!(["line 1", "column text", "task.name=jsonl", "minilm-labels"].iter().all(|part| error.contains(part)), "{error}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let wrong = |text: &str, parts: &[&str]| {
            let error = as_jsonl(text).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
        };
        wrong("", &["line 1", "empty", "prompt and response"]);
        wrong("prompt;response\na;b\n", &["line 1", "[\"prompt;response\"]"]);
        wrong("prompt,response\na,b\nc,d,e\n", &["line 3", "3 fields", "header has 2"]);
        wrong("prompt,response\na,\"b\nc,d\ne,f\n", &["line 2", "not closed"]);
        wrong("prompt,response\n5\" nail,yes\na,\"b\nc,d\n", &["line 3", "not closed"]);
        assert!(as_jsonl("prompt,response\n5\" nail,yes\na,b\n").unwrap().contains("nail"), "a quote within a field opens nothing");
    }
}
