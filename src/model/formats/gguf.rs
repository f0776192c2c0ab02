//! The GGUF container (ggml's `docs/gguf.md`, version 3): magic, counts, metadata, tensor descriptions, aligned data. Everything is little
//! endian. A number that does not fit the file is an error that says where, never a panic or a huge allocation.

use std::collections::HashMap;
use std::fmt;

use half::f16;

use super::FormatError;
use crate::model::WeightsError;

/// A metadata value, as far as models need them.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Integer(i64),
    Float(f64),
    Text(String),
    Texts(Vec<String>),
    Integers(Vec<i64>),
    /// Of another kind: read over.
    Other,
}

/// For errors.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Texts(_) | Self::Integers(_) | Self::Other => write!(f, "a list"),
        }
    }
}

/// Appends the numbers of one block.
type Unpack = fn(&[u8], &mut Vec<f32>);

#[derive(Debug)]
struct Info {
    /// Outermost first, as everywhere else; GGUF has them the other way round.
    shape: Vec<usize>,
    kind: u32,
    start: usize,
}

/// A file whose header has been read; tensors are dequantised when they are asked for.
#[derive(Debug)]
pub struct Gguf<'a> {
    bytes: &'a [u8],
    pub metadata: HashMap<String, Value>,
    tensors: HashMap<String, Info>,
}

impl<'a> Gguf<'a> {
    /// # Errors
    /// A file that is not a GGUF, of another version, or cut short.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let mut reader = Reader { bytes, at: 0, what: "its header".into() };
        let magic = bytes.get(..4).unwrap_or(bytes);
        if magic != b"GGUF" {
            return Err(FormatError::Magic(format!("`{}`", magic.escape_ascii())));
        }
        reader.at = 4;
        let version = reader.u32()?;
        if !matches!(version, 2 | 3) {
            return Err(FormatError::Version(version));
        }
        let (tensors, entries) = (reader.u64()?, reader.u64()?);
        let mut metadata = HashMap::new();
        for index in 0..entries {
            reader.what = format!("metadata entry {index} of {entries}");
            let key = reader.text()?;
            reader.what = format!("metadata `{key}`");
            let kind = reader.u32()?;
            let value = reader.value(kind)?;
            if metadata.insert(key, value).is_some() {
                return Err(FormatError::Damaged(format!("{} is there twice", reader.what)));
            }
        }
        let mut infos = HashMap::new();
        for index in 0..tensors {
            reader.what = format!("the description of tensor {index} of {tensors}");
            let name = reader.text()?;
            let dims = reader.u32()?;
            if !(1..=4).contains(&dims) {
                return Err(FormatError::Damaged(format!("tensor `{name}` has {dims} dimensions")));
            }
            let mut shape = (0..dims).map(|_| Ok(reader.u64()? as usize)).collect::<Result<Vec<_>, FormatError>>()?;
            shape.reverse();
            let (kind, start) = (reader.u32()?, reader.u64()? as usize);
            if infos.insert(name.clone(), Info { shape, kind, start }).is_some() {
                return Err(FormatError::Damaged(format!("tensor `{name}` is there twice")));
            }
        }
        let alignment = match metadata.get("general.alignment") {
            Some(Value::Integer(value)) if *value > 0 => *value as usize,
            Some(value) => return Err(FormatError::Damaged(format!("its alignment is {value}"))),
            None => 32,
        };
        let data = reader.at.next_multiple_of(alignment);
        for info in infos.values_mut() {
            info.start = info.start.saturating_add(data);
        }
        Ok(Self { bytes, metadata, tensors: infos })
    }

    /// Whether there is a tensor of that name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Names of all tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The values of a tensor of exactly this shape.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, of a type that is not read, beyond the end of the file, or with values that are not finite.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, FormatError> {
        let info = self.tensors.get(name).ok_or_else(|| FormatError::Missing(name.into()))?;
        if info.shape != shape {
            return Err(FormatError::Shape { name: name.into(), found: info.shape.clone(), expected: shape.to_vec() });
        }
        // Beyond all numbers it is beyond the end of the file too.
        let count = shape.iter().fold(1_usize, |count, side| count.saturating_mul(*side));
        // Numbers and bytes of a block, and how to unpack one.
        let (block, size, unpack): (usize, usize, Unpack) = match info.kind {
            0 => (1, 4, |b, out| out.push(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            1 => (1, 2, |b, out| out.push(half(b))),
            2 => (32, 18, |b, out| nibbles(&b[2..], out, half(b), -8.0 * half(b))),
            3 => (32, 20, |b, out| nibbles(&b[4..], out, half(b), half(&b[2..]))),
            8 => (32, 34, |b, out| out.extend(b[2..].iter().map(|q| f32::from(*q as i8) * half(b)))),
            kind => return Err(FormatError::Quantisation { name: name.into(), kind }),
        };
        if !count.is_multiple_of(block) {
            return Err(FormatError::Damaged(format!("tensor `{name}` has {count} numbers, which are no whole blocks of {block}")));
        }
        let end = info.start.saturating_add((count / block).saturating_mul(size));
        let data = self.bytes.get(info.start..end).ok_or_else(|| FormatError::Truncated {
            what: format!("tensor `{name}`"),
            needed: end as u64,
            length: self.bytes.len() as u64,
        })?;
        let mut values = Vec::with_capacity(count);
        data.chunks_exact(size).for_each(|bytes| unpack(bytes, &mut values));
        if values.iter().any(|value| !value.is_finite()) {
            return Err(WeightsError::NotFinite(name.into()).into());
        }
        Ok(values)
    }
}

fn half(bytes: &[u8]) -> f32 {
    f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

/// 16 bytes hold 32 numbers: the low halves first, then the high ones.
fn nibbles(bytes: &[u8], out: &mut Vec<f32>, scale: f32, base: f32) {
    out.extend(bytes.iter().map(|byte| f32::from(byte & 15) * scale + base));
    out.extend(bytes.iter().map(|byte| f32::from(byte >> 4) * scale + base));
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// What is being read, for the error.
    what: String,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], FormatError> {
        let end = (self.at as u64).saturating_add(count);
        let length = self.bytes.len() as u64;
        if end > length {
            return Err(FormatError::Truncated { what: self.what.clone(), needed: end, length });
        }
        let taken = &self.bytes[self.at..end as usize];
        self.at = end as usize;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        Ok(self.take(N as u64)?.try_into().expect("N bytes were taken"))
    }

    fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, FormatError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn text(&mut self) -> Result<String, FormatError> {
        let length = self.u64()?;
        let bytes = self.take(length)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| FormatError::Damaged(format!("{} is not UTF-8", self.what)))
    }

    fn value(&mut self, kind: u32) -> Result<Value, FormatError> {
        Ok(match kind {
            0 | 7 => Value::Integer(self.array::<1>()?[0].into()),
            1 => Value::Integer(i8::from_le_bytes(self.array()?).into()),
            2 => Value::Integer(u16::from_le_bytes(self.array()?).into()),
            3 => Value::Integer(i16::from_le_bytes(self.array()?).into()),
            4 => Value::Integer(self.u32()?.into()),
            5 => Value::Integer(i32::from_le_bytes(self.array()?).into()),
            6 => Value::Float(f32::from_le_bytes(self.array()?).into()),
            8 => Value::Text(self.text()?),
            9 => self.values()?,
            // Numbers beyond i64 mean nothing here.
            10 => Value::Integer(i64::try_from(self.u64()?).unwrap_or(i64::MAX)),
            11 => Value::Integer(i64::from_le_bytes(self.array()?)),
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            _ => return Err(FormatError::Damaged(format!("{} has the unknown type {kind}", self.what))),
        })
    }

    fn values(&mut self) -> Result<Value, FormatError> {
        let (kind, count) = (self.u32()?, self.u64()?);
        if kind == 9 {
            return Err(FormatError::Damaged(format!("{} is a list of lists, which no model has", self.what)));
        }
        let (mut texts, mut integers) = (Vec::new(), Vec::new());
        // Grown as they are read: a damaged count ends at the end of the file.
        for _ in 0..count {
            match self.value(kind)? {
                Value::Text(text) => texts.push(text),
                Value::Integer(value) => integers.push(value),
                _ => {}
            }
        }
        Ok(match kind {
            8 => Value::Texts(texts),
            6 | 12 => Value::Other,
            _ => Value::Integers(integers),
        })
    }
}
