//! Stdout. `println!` panics when the reader of a pipe has gone; this returns an error. And paths in commands that are printed to be pasted.

use std::io::{self, Write};
use std::path::{MAIN_SEPARATOR, Path};

use super::error::Error;

/// Writes one line at once.
pub fn line(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{text}\n").as_bytes()).and_then(|()| stdout.flush()).map_err(Error::Stdout)
}

/// A path as a word of a shell's: between single quotes, unless its letters are plain.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+=,".contains(letter) || letter == MAIN_SEPARATOR;
    let text = if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) };
    // It would be taken for a flag.
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") { format!("./{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        let words = [
            ("runs/a-1.b", "runs/a-1.b"),
            ("my run", "'my run'"),
            ("it's", r"'it'\''s'"),
            ("a$b;c", "'a$b;c'"),
            ("~a", "'~a'"),
            ("läufe", "'läufe'"),
            ("-a", "./-a"),
            ("-a b", "./'-a b'"),
            ("", "''"),
        ];
        for (path, word) in words {
            assert_eq!(super::quoted(Path::new(path)), word);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_what_was_written() {
        for path in ["a b", "it's", "a\\b", "$HOME `date` \"x\" *", "~", "#a", "two\nlines"] {
            let script = format!("printf %s {}", super::quoted(Path::new(path)));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), path);
        }
    }
}
