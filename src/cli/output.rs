//! Stdout. `println!` panics when the reader of a pipe has gone; this returns an error.

use std::io::{self, Write};

use super::error::Error;

/// Writes one line at once.
pub fn line(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{text}\n").as_bytes()).and_then(|()| stdout.flush()).map_err(Error::Stdout)
}
