//! What `--data` names: a folder with four IDX files, or a text, which may be several files; tables become texts.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::error::Error;
use super::files::read_text;
use super::tables::{self, Columns, Format};
use crate::data::{DataError, Fingerprint, IdxFile, IdxFiles};
use crate::spec::TaskName;
use crate::train::RunError;

/// Whether it is a file, or a folder where the task reads text.
pub fn is_text(path: &Path, task: TaskName) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() || found.is_dir() && task.is_text())
}

/// A file of text, or the files of a folder one behind the other; of a table, its instructions or labelled texts as JSONL, or its texts.
pub fn text(path: &Path, columns: Columns) -> Result<String, Error> {
    let mut text = String::new();
    for file in &tables::files(path, columns)? {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if Format::of(file).is_read_as_it_is(columns) {
            text.push_str(&read_text(file)?);
        } else {
            tables::open(file, columns).and_then(|mut table| table.read_to_string(&mut text)).map_err(Error::read(file))?;
        }
    }
    Ok(text)
}

/// Reads the files by their usual names: with a dash or a dot before `idx`, `t10k-` or `test-` for the test rows, plain or .gz.
pub fn images(folder: &Path) -> Result<IdxFiles, Error> {
    let wrong = |what: String| {
        Error::input(format!(
            "--data {}: {what}; it must be a folder with the four IDX files, or a text: a file, or a folder of such files",
            folder.display()
        ))
    };
    if !fs::metadata(folder).map_err(|error| wrong(error.to_string()))?.is_dir() {
        return Err(wrong("this is no folder".into()));
    }
    let file = |parts: &[&str], content: &str| -> Result<IdxFile, Error> {
        let path = find(folder, parts, content)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(IdxFile { name, bytes: unpacked(&path)? })
    };
    Ok(IdxFiles {
        train_images: file(&["train"], "images-idx3")?,
        train_labels: file(&["train"], "labels-idx1")?,
        test_images: file(&["t10k", "test"], "images-idx3")?,
        test_labels: file(&["t10k", "test"], "labels-idx1")?,
    })
}

/// Fingerprint of four IDX files, packed or not.
pub fn images_print(files: &IdxFiles) -> String {
    let mut print = Fingerprint::default();
    for file in [&files.train_images, &files.train_labels, &files.test_images, &files.test_labels] {
        print.bytes(&file.bytes);
    }
    print.to_string()
}

/// An error of a run, with the folder that its files came from, or the file that it is tested on.
pub fn blame(folder: Option<&Path>, test: Option<&Path>) -> impl FnOnce(RunError) -> Error {
    let (folder, test) = (folder.map(Path::to_owned), test.map(Path::to_owned));
    move |error| match (error, folder) {
        (RunError::Data(DataError::BadData { part: "test", problem } | DataError::OtherData { part: "test", problem }), _)
            if test.is_some() =>
        {
            Error::input(format!("--test {}: {problem}", test.unwrap_or_default().display()))
        }
        (RunError::Data(DataError::OtherData { part: "train", problem }), Some(data)) => {
            Error::input(format!("--data {}: {problem}", data.display()))
        }
        (RunError::Data(DataError::BadLine { line, problem }), Some(file)) => {
            Error::input(format!("--data {}: {} {line}: {problem}", file.display(), Format::of(&file).unit()))
        }
        (RunError::Data(error @ (DataError::BadFile { .. } | DataError::BadText(_) | DataError::Tokenizer(_))), Some(folder)) => {
            Error::input(format!("--data {}: {error}", folder.display()))
        }
        (error, _) => error.into(),
    }
}

fn find(folder: &Path, parts: &[&str], content: &str) -> Result<PathBuf, Error> {
    let dotted = content.replace("-idx", ".idx");
    let names = parts.iter().flat_map(|part| {
        [content, &dotted].into_iter().flat_map(move |content| ["", ".gz"].map(|end| format!("{part}-{content}-ubyte{end}")))
    });
    names.map(|name| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| {
        Error::input(format!(
            "--data {}: the file {}-{content}-ubyte (or with .gz) is missing; it is one of the four IDX files of Fashion-MNIST and MNIST",
            folder.display(),
            parts[0]
        ))
    })
}

fn unpacked(path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = fs::read(path).map_err(Error::read(path))?;
    // Told by content: files are renamed more often than packed again.
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut plain)
        .map_err(|error| Error::input(format!("{}: a damaged or truncated gzip file ({error}); get it again", path.display())))?;
    Ok(plain)
}
