//! What the teacher writes for SeqKD, in a file of the run or, with `--teacher-texts`, in one that other runs read too: each text as soon as it is
//! written, so that neither `resume` nor another run asks for it again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::files::lock;
use crate::train::Run;

/// Where a run keeps them that is told no place.
pub const FILE: &str = "teacher_texts.jsonl";

/// Whether a run can use a file, if it is there.
///
/// # Errors
/// A run that has no use for it, and a file of another teacher, other data, or texts drawn otherwise, or with a line that is none.
pub fn check(run: &mut Run, path: &Path) -> Result<(), Error> {
    run.answers_header()?;
    match fs::read(path) {
        Ok(bytes) => give(run, path, &bytes).map(drop),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::read(path)(error)),
    }
}

/// Gives a run the texts of a file: how many there are, and how many bytes of the file are whole.
fn give(run: &mut Run, path: &Path, bytes: &[u8]) -> Result<[usize; 2], Error> {
    run.use_answers(bytes).map_err(|error| Error::input(format!("{}: {error}", path.display())))
}

/// A file to which texts are added. Its lock keeps other processes from adding theirs.
pub struct Keeper {
    file: File,
    path: PathBuf,
}

impl Keeper {
    /// A file to go on with, or a new one: the one that was named, or the run's own. None where a run has no such texts.
    ///
    /// # Errors
    /// As [`check`]; the file is then left as it is.
    pub fn open(run: &mut Run, named: Option<&Path>, own: &Path) -> Result<Option<Self>, Error> {
        let Ok(header) = run.answers_header() else { return Ok(None) };
        let path = named.unwrap_or(own);
        let wrong = Error::write;
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(wrong(path))?;
        lock(&file, path, "another process adds the texts of its teacher; wait for it or stop it, or name another file")?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Error::read(path))?;
        let [count, whole] = give(run, path, &bytes)?;
        if count > 0 {
            eprintln!("note: {count} texts of the teacher are taken from {}", path.display());
        }
        // What a kill has torn goes; a new file gets its header.
        if whole < bytes.len() {
            let line = bytes[..whole].iter().filter(|byte| **byte == b'\n').count() + 1;
            eprintln!("note: {}: line {line} is torn and goes; its text is asked for again when it is needed", path.display());
        }
        file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(wrong(path))?;
        if whole == 0 {
            file.write_all(header.line().as_bytes()).map_err(wrong(path))?;
        }
        Ok(Some(Self { file, path: path.to_owned() }))
    }

    /// Adds what the teacher wrote since this was last called.
    pub fn keep(&mut self, run: &mut Run) -> Result<(), Error> {
        let lines: String = run.new_answers().iter().map(|answer| answer.line()).collect();
        self.file.write_all(lines.as_bytes()).map_err(Error::write(&self.path))
    }

    /// Waits until it is on the disk.
    pub fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(Error::write(&self.path))
    }
}
