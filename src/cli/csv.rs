//! Instruction data as CSV (RFC 4180): prompts and responses in two columns, as spreadsheets write them. It becomes JSONL, with every
//! record on the line on which it begins, so that what is wrong with it is said with its line.

use csv_core::{ReadRecordResult, Reader};
use serde_json::json;

use super::files::newlines;

/// Names of the two columns, the keys that JSONL has for them last.
const COLUMNS: [([&str; 2], [&str; 2]); 3] = [
    (["prompt", "response"], ["prompt", "completion"]),
    (["prompt", "completion"], ["prompt", "completion"]),
    (["question", "answer"], ["question", "answer"]),
];

/// A line, from 1, and the fields of the record that begins there.
type Record = (usize, Vec<String>);

/// The file as JSONL.
///
/// # Errors
/// What is wrong, with its line.
pub fn as_jsonl(text: &str) -> Result<String, String> {
    let records = records(text)?;
    let (asks, answers, keys) = columns(records.first())?;
    let width = records[0].1.len();
    let (mut out, mut line) = (String::new(), 1);
    for (number, fields) in &records[1..] {
        if fields.len() != width {
            return Err(format!(
                "line {number}: it has {} fields where the header has {width}; a field with commas, quotes or line breaks must stand in quotes",
                fields.len()
            ));
        }
        while line < *number {
            out.push('\n');
            line += 1;
        }
        out.push_str(&json!({ (keys[0]): fields[asks], (keys[1]): fields[answers] }).to_string());
    }
    Ok(out)
}

/// Numbers of the two columns, and their keys.
fn columns(header: Option<&Record>) -> Result<(usize, usize, [&'static str; 2]), String> {
    let names = header.map_or(&[][..], |(_, names)| names);
    let place = |name: &str| names.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
    let found = COLUMNS.iter().find_map(|([asks, answers], keys)| Some((place(asks)?, place(answers)?, *keys)));
    found.ok_or_else(|| {
        let has = if names.is_empty() { "the file is empty".into() } else { format!("it has {names:?}") };
        format!("line 1: it must name the columns prompt and response (or prompt and completion, or question and answer), and is read with task.name=jsonl; {has}")
    })
}

fn records(text: &str) -> Result<Vec<Record>, String> {
    // Some editors begin a file with a byte order mark.
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes();
    let mut reader = Reader::new();
    // No record is longer than the file, nor has more fields than the file has commas and one.
    let (mut fields, mut ends) = (vec![0; rest.len() + 1], vec![0; text.matches(',').count() + 2]);
    let (mut found, mut line) = (Vec::new(), 1);
    loop {
        // What is left of the end before, and empty lines.
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line += newlines(&rest[..blank]);
        rest = &rest[blank..];
        if rest.is_empty() {
            break;
        }
        let (mut result, read, written, mut count) = reader.read_record(rest, &mut fields, &mut ends);
        if result == ReadRecordResult::InputEmpty {
            // Nothing ends the last record but the end of the file; a new line does not end it inside quotes.
            let (last, _, _, ended) = reader.read_record(b"\n", &mut fields[written..], &mut ends[count..]);
            if last == ReadRecordResult::InputEmpty {
                return Err(format!("line {line}: a quote is opened and not closed; inside quotes write a quote as \"\""));
            }
            (result, count) = (last, count + ended);
        }
        assert!(result == ReadRecordResult::Record, "the buffers have room for the whole file");
        let starts = [0].into_iter().chain(ends[..count].iter().copied());
        let texts = starts.zip(&ends[..count]).map(|(start, end)| String::from_utf8_lossy(&fields[start..*end]).into_owned());
        found.push((line, texts.collect()));
        line += newlines(&rest[..read]);
        rest = &rest[read..];
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_makes_a_panic_and_lines_stay_in_order(text in "(prompt,response\n)?[ab,\"\r\n]{0,40}") {
            let lines: Vec<usize> = records(&text).unwrap_or_default().iter().map(|(line, _)| *line).collect();
            prop_assert!(lines.windows(2).all(|pair| pair[0] < pair[1] || text.contains('\r')), "{:?}", lines);
            let _ = as_jsonl(&text);
        }
    }

    #[test]
    fn records_keep_their_lines_and_their_text() {
        let text = "\u{feff}id,Prompt,response\r\n1,\"Say \"\"hi\"\", twice\",\"hi\nhi\"\r\n\r\n2,\"물\",water";
        let lines: Vec<String> = as_jsonl(text).unwrap().lines().map(Into::into).collect();
        let [first, second] = [r#"{"completion":"hi\nhi","prompt":"Say \"hi\", twice"}"#, r#"{"completion":"water","prompt":"물"}"#];
        assert_eq!(lines, ["", first, "", "", second]);
        assert!(as_jsonl("question,answer\n1+1,2\n").unwrap().contains(r#""question":"1+1""#));
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
