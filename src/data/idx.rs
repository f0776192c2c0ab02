//! Reads the IDX files of MNIST and of the data sets made after it (<http://yann.lecun.com/exdb/mnist/>).

use crate::spec::TaskName;

use super::{DataError, Dataset, Fingerprint, Rows, digit_ids, fashion_ids};

const IMAGES_MAGIC: u32 = 2051;
const LABELS_MAGIC: u32 = 2049;
const CLASSES: u8 = 10;
/// FNV-1a of the 60,000 training labels of Fashion-MNIST. The files do not say which of the data sets in this format they hold.
const FASHION_LABELS: u64 = 0xb9f7_1c71_bae5_f277;

/// The four files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxFiles {
    pub train_images: IdxFile,
    pub train_labels: IdxFile,
    pub test_images: IdxFile,
    pub test_labels: IdxFile,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxFile {
    /// For messages.
    pub name: String,
    /// Already un-gzipped.
    pub bytes: Vec<u8>,
}

/// The four files as one data set, pixels scaled to 0..1, split as they are. Classes have the names of Fashion-MNIST if its training labels
/// are recognised, and are the digits otherwise.
pub(super) fn read(files: &IdxFiles) -> Result<Dataset, DataError> {
    let train = Images::read(&files.train_images)?;
    let train_labels = labels(&files.train_labels, &train)?;
    let test = Images::read(&files.test_images)?;
    let test_labels = labels(&files.test_labels, &test)?;
    if (test.height, test.width) != (train.height, train.width) {
        return bad(
            test.file,
            format!("images of {}×{} pixels", test.height, test.width),
            format!("{}×{}, like those of {}", train.height, train.width, train.file),
        );
    }
    let classes = if Fingerprint::of(train_labels).value() == FASHION_LABELS { fashion_ids() } else { digit_ids() };
    Ok(Dataset {
        name: TaskName::Fashion,
        input: vec![1, train.height, train.width],
        classes,
        train: Rows { inputs: train.inputs(), labels: train_labels.into() },
        test: Rows { inputs: test.inputs(), labels: test_labels.into() },
    })
}

/// A file of images, its header read and its size checked.
struct Images<'a> {
    /// Its name, for messages.
    file: &'a str,
    rows: usize,
    height: usize,
    width: usize,
    /// `[rows, height, width]`
    pixels: &'a [u8],
}

impl<'a> Images<'a> {
    fn read(IdxFile { name: file, bytes }: &'a IdxFile) -> Result<Self, DataError> {
        let ([rows, height, width], pixels) = header(file, bytes, IMAGES_MAGIC)?;
        if rows == 0 || height == 0 || width == 0 {
            return bad(file, format!("{rows} images of {height}×{width} pixels"), "at least one image of at least one pixel".into());
        }
        let expected = u128::from(rows) * u128::from(height) * u128::from(width);
        if pixels.len() as u128 != expected {
            return bad(
                file,
                format!("{} bytes after the header", pixels.len()),
                format!("{expected}, for the {rows} images of {height}×{width} pixels that the header announces"),
            );
        }
        Ok(Self { file, rows: rows as usize, height: height as usize, width: width as usize, pixels })
    }

    /// `[rows, height · width]`, 0..1.
    fn inputs(&self) -> Vec<f32> {
        self.pixels.iter().map(|&pixel| f32::from(pixel) / 255.0).collect()
    }
}

/// The labels that belong to `images`.
fn labels<'a>(IdxFile { name: file, bytes }: &'a IdxFile, images: &Images) -> Result<&'a [u8], DataError> {
    let ([rows], labels) = header(file, bytes, LABELS_MAGIC)?;
    if labels.len() as u64 != u64::from(rows) {
        return bad(file, format!("{} bytes after the header", labels.len()), format!("{rows}, as many as the header announces labels"));
    }
    if labels.len() != images.rows {
        return bad(file, format!("{} labels", labels.len()), format!("{}, one for each image of {}", images.rows, images.file));
    }
    if let Some(row) = labels.iter().position(|&label| label >= CLASSES) {
        return bad(file, format!("label {} in row {row}", labels[row]), format!("a class from 0 to {}", CLASSES - 1));
    }
    Ok(labels)
}

/// Reads the magic number and `N` sizes, all big-endian; returns the sizes and what follows.
fn header<'a, const N: usize>(file: &str, bytes: &'a [u8], magic: u32) -> Result<([u32; N], &'a [u8]), DataError> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return bad(file, "gzip-compressed bytes".into(), "the unpacked IDX file".into());
    }
    let (words, _) = bytes.as_chunks::<4>();
    let word = |at: usize| words.get(at).map(|&word| u32::from_be_bytes(word));
    if let Some(found) = word(0).filter(|&found| found != magic) {
        let kind = |magic| match magic {
            IMAGES_MAGIC => " (IDX images of bytes)",
            LABELS_MAGIC => " (IDX labels of bytes)",
            _ => "",
        };
        return bad(file, format!("magic number {found}{}", kind(found)), format!("{magic}{}", kind(magic)));
    }
    let length = 4 * (N + 1);
    let mut sizes = [0; N];
    for (at, size) in sizes.iter_mut().enumerate() {
        match word(at + 1) {
            Some(found) => *size = found,
            None => {
                return bad(file, format!("{} bytes", bytes.len()), format!("an IDX file, whose header alone takes {length}"));
            }
        }
    }
    Ok((sizes, &bytes[length..]))
}

fn bad<T>(file: &str, found: String, expected: String) -> Result<T, DataError> {
    Err(DataError::BadFile { file: file.into(), found, expected })
}
