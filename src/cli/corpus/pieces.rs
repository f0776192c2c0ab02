//! A text file in pieces, so that it need not be in memory whole.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::cli::error::Error;

/// Bytes of a piece, about.
const PIECE: usize = 1 << 18;
/// A text without any white space is cut when it has come to this.
const LONGEST: usize = 1 << 22;

/// Hands on a text piece by piece, nothing left out. A piece begins with white space, or with the text: tokenizers of all kinds begin a token
/// there, so that the tokens of the pieces are those of the whole.
///
/// # Errors
/// A file that cannot be read or is not UTF-8, with the line, and what `each` returns.
pub fn pieces(path: &Path, mut each: impl FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
    let mut file = File::open(path).map_err(Error::read(path))?;
    let (mut buffer, mut line, mut at) = (Vec::new(), 1, 0);
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
                line += newlines(&buffer[..error.valid_up_to()]);
                let at = at + error.valid_up_to();
                return Err(Error::input(format!(
                    "{}: not a text file: line {line} is not UTF-8 (byte {at}); save it as UTF-8",
                    path.display()
                )));
            }
        };
        let cut = if ended { text.len() } else { cut(text) };
        if cut > 0 {
            each(&text[..cut])?;
            line += newlines(&buffer[..cut]);
            at += cut;
            buffer.drain(..cut);
        }
        if ended {
            return Ok(());
        }
    }
}

/// Where the last white space of a text begins; 0 where there is none but at its beginning.
fn cut(text: &str) -> usize {
    let begins = |end: usize| text[..end].trim_end().len();
    let last = text.char_indices().rev().find(|(_, letter)| letter.is_whitespace());
    match last.map(|(at, letter)| begins(at + letter.len_utf8())) {
        None | Some(0) if text.len() >= LONGEST => text.len(),
        None => 0,
        Some(cut) => cut,
    }
}

fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole_and_are_cut_before_white_space() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        let words: String =
            (0..90_000).map(|n| format!("{}{}", ["물", "whale", "é", "x"][n % 4], [" ", "\n\n", "  ", "\r\n\r\n"][n % 3])).collect();
        for text in [words, "ohne".repeat(2_000_000), "  \n\n lead".into(), String::new()] {
            std::fs::write(&path, &text).unwrap();
            let mut found = Vec::new();
            pieces(&path, |piece| {
                found.push(piece.to_owned());
                Ok(())
            })
            .unwrap();
            assert!(found.concat() == text, "{} bytes of {}", found.concat().len(), text.len());
            assert!(found.len() <= 1 || found.len() > text.len() / (2 * LONGEST), "{} pieces", found.len());
            for pair in found.windows(2).filter(|_| text.contains(' ')) {
                assert!(pair[1].starts_with(char::is_whitespace) && !pair[0].ends_with(char::is_whitespace));
            }
        }
    }

    #[test]
    fn what_is_not_utf_8_is_named_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        let mut bytes = "a line\n".repeat(100_000).into_bytes();
        bytes.extend(b"caf\xe9\nmore\n");
        std::fs::write(&path, bytes).unwrap();
        let error = pieces(&path, |_| Ok(())).unwrap_err().to_string();
        assert!(error.contains("line 100001 is not UTF-8 (byte 700003)"), "{error}");
    }
}
