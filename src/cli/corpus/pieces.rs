//! A text file in pieces, so that it need not be in memory whole.

use std::io::Read;
use std::path::Path;

use crate::cli::error::Error;
use crate::cli::files::{newlines, not_utf8};

/// Bytes of a piece, about.
const PIECE: usize = 1 << 18;
/// A text without any white space is cut when it has come to this.
const LONGEST: usize = 1 << 22;

/// Hands on a text piece by piece, nothing left out. A piece begins with white space behind a letter or a digit, or with the text: tokenizers
/// begin a token there, so that the tokens of the pieces are those of the whole, but for a space that some put before every text.
///
/// # Errors
/// A file that cannot be read or is not UTF-8, with the line, and what `each` returns.
pub fn pieces(mut file: impl Read, path: &Path, mut each: impl FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
    let (mut buffer, mut lines, mut at) = (Vec::new(), 0, 0);
    loop {
        let before = buffer.len();
        (&mut file).take(PIECE as u64).read_to_end(&mut buffer).map_err(Error::read(path))?;
        let ended = buffer.len() == before;
        let text = match std::str::from_utf8(&buffer) {
            Ok(text) => text,
            // A character that is not here whole yet.
            Err(error) if error.error_len().is_none() && !ended => {
                std::str::from_utf8(&buffer[..error.valid_up_to()]).expect("so far it is")
            }
            Err(error) => {
                let valid = error.valid_up_to();
                return Err(not_utf8(path, lines + newlines(&buffer[..valid]), at + valid));
            }
        };
        let cut = if ended { text.len() } else { cut(text) };
        if cut > 0 {
            each(&text[..cut])?;
            lines += newlines(&buffer[..cut]);
            at += cut;
            buffer.drain(..cut);
        }
        if ended {
            return Ok(());
        }
    }
}

/// Where the last white space behind a letter or a digit begins; 0 where there is none.
fn cut(text: &str) -> usize {
    let mut begins = None;
    for (at, letter) in text.char_indices().rev() {
        if let Some(begins) = begins.filter(|_| letter.is_alphanumeric()) {
            return begins;
        }
        begins = letter.is_whitespace().then_some(at);
    }
    if text.len() >= LONGEST { text.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole_and_are_cut_between_a_word_and_white_space() {
        let words: String =
            (0..90_000).map(|n| format!("{}{}", ["물", "whale", "é", "x."][n % 4], [" ", "\n\n", "  ", "\r\n\r\n"][n % 3])).collect();
        for text in [words, "ohne".repeat(2_000_000), "  \n\n lead".into(), String::new()] {
            let mut found = Vec::new();
            pieces(text.as_bytes(), Path::new("text"), |piece| {
                found.push(piece.to_owned());
                Ok(())
            })
            .unwrap();
            assert!(found.concat() == text, "{} bytes of {}", found.concat().len(), text.len());
            assert!(found.len() <= 1 || found.len() > text.len() / (2 * LONGEST), "{} pieces", found.len());
            for pair in found.windows(2).filter(|_| text.contains(' ')) {
                assert!(
                    pair[1].starts_with(char::is_whitespace) && pair[0].ends_with(char::is_alphanumeric),
                    "some tokens hold `.` and a new line"
                );
            }
        }
    }

    #[test]
    fn what_is_not_utf_8_is_named_by_its_line() {
        let mut bytes = "a line\n".repeat(100_000).into_bytes();
        bytes.extend(b"caf\xe9\nmore\n");
        let error = pieces(bytes.as_slice(), Path::new("text"), |_| Ok(())).unwrap_err().to_string();
        assert!(error.contains("line 100001 is not UTF-8 (byte 700003)"), "{error}");
    }
}
