//! Files that are either there in full or not at all, and files that one process alone writes to.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::Path;

use super::error::Error;
use crate::model::formats;

/// Writes aside, waits until it is on the disk, then renames: a kill or a full disk leaves the old file, or none.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".partial");
    let aside = Path::new(&aside);
    let written = File::create(aside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(aside, path)
    });
    if let Err(error) = written {
        // The space is needed, and the failure to report is the first one.
        let _ = fs::remove_file(aside);
        return Err(Error::write(path)(error));
    }
    sync_folder(path);
    Ok(())
}

/// Makes a rename durable. Only Unix can open a folder; elsewhere the file system sees to it.
fn sync_folder(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
}

/// Keeps other processes from writing to a file; a kill releases it. `busy` says what one does that was faster, and what is to be done.
pub fn lock(file: &File, path: &Path, busy: &str) -> Result<(), Error> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::input(format!("{}: {busy}", path.display()))),
        // Some file systems have no locks; the run is worth more than the guard.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// The whole of a text file.
pub fn read_text(path: &Path) -> Result<String, Error> {
    text_of(path, fs::read(path).map_err(Error::read(path))?)
}

/// The bytes of a file as text.
pub fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        not_utf8(path, newlines(&error.as_bytes()[..at]), at)
    })
}

pub fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// What is wrong with a file whose byte `at`, behind so many lines, is not UTF-8.
pub fn not_utf8(path: &Path, lines: usize, at: usize) -> Error {
    let line = lines + 1;
    Error::input(format!("{}: not a text file: line {line} is not UTF-8 (byte {at}); save it as UTF-8", path.display()))
}

/// Writes a folder, the first file last: with it the folder is whole.
pub fn write_folder(folder: &Path, files: &[formats::File]) -> Result<(), Error> {
    files.iter().rev().try_for_each(|(name, bytes)| {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(Error::write(parent))?;
        write_whole(&path, bytes)
    })
}

/// The same where none of the files is there yet.
pub fn write_new_folder(folder: &Path, files: &[formats::File]) -> Result<(), Error> {
    if let Some((name, _)) = files.iter().find(|(name, _)| folder.join(name).exists()) {
        return Err(Error::input(format!("{} is already there: choose another folder", folder.join(name).display())));
    }
    write_folder(folder, files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_whole(&path, b"old").unwrap();
        // A folder in the place of the partial file makes the write fail.
        fs::create_dir(folder.path().join("file.partial")).unwrap();
        let error = write_whole(&path, b"new").unwrap_err();
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}
