//! A corpus as JSONL: of the object on each line the text under its key `text`.

use std::io::{BufRead, ErrorKind};

use serde_json::Value;

use super::{Columns, TEXT};

/// The texts, each with a new line behind it; errors have their line.
pub fn texts(mut input: impl BufRead) -> impl Iterator<Item = Result<String, String>> {
    let (mut line, mut number) = (String::new(), 0_usize);
    std::iter::from_fn(move || {
        loop {
            line.clear();
            number += 1;
            match input.read_line(&mut line) {
                Ok(0) => return None,
                // Some editors begin a file with a byte order mark.
                Ok(_) => match line.trim_start_matches('\u{feff}').trim() {
                    "" => {}
                    object => return Some(text(object).map_err(|problem| format!("line {number}: {problem}"))),
                },
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    return Some(Err(format!("line {number}: it is not UTF-8; save the file as UTF-8")));
                }
                Err(error) => return Some(Err(format!("line {number}: {error}"))),
            }
        }
    })
}

fn text(line: &str) -> Result<String, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| format!("it is not JSON ({error})"))?;
    let Value::Object(object) = value else { return Err("it must be an object such as {\"text\": \"...\"}".into()) };
    match object.get(TEXT) {
        Some(Value::String(text)) => Ok(format!("{text}\n")),
        Some(other) => Err(format!("`{TEXT}` must be a text, and is {other}")),
        None => Err(format!("{}; it has {:?}", Columns::Text.wanted(), object.keys().collect::<Vec<_>>())),
    }
}

#[cfg(test)]
mod tests {
    fn read(text: &[u8]) -> Result<String, String> {
        super::texts(text).collect()
    }

    #[test]
    fn the_texts_stand_on_lines_of_their_own() {
        let lines = "\u{feff}{\"text\": \"a \\\"b\\\"\\nc\", \"id\": 1}\r\n\n{\"text\": \"물\"}";
        assert_eq!(read(lines.as_bytes()).unwrap(), "a \"b\"\nc\n물\n");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let wrong = |text: &[u8], parts: &[&str]| {
            let error = read(text).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
        };
        wrong(b"{\"text\": \"a\"}\n{\"text\": \n", &["line 2", "not JSON"]);
        wrong(b"\n{\"text\": 3}\n", &["line 2", "must be a text", "3"]);
        wrong(b"{\"prompt\": \"a\"}\n", &["line 1", "task.name=jsonl", "[\"prompt\"]"]);
        wrong(b"[]\n", &["line 1", "object"]);
        wrong(b"{\"text\": \"caf\xe9\"}\n", &["line 1", "UTF-8"]);
    }
}
