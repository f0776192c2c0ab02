//! Weights as safetensors: the exchange format of the field. Only host numbers in here; the caller reads the device.

use std::borrow::Cow;
use std::collections::HashMap;

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensorError, SafeTensors, View};
use thiserror::Error;

/// A file that is not the safetensors it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WeightsError {
    #[error("not a readable safetensors file: {0}")]
    Format(String),
    #[error("not a readable safetensors file: it is cut short, or longer than its header says")]
    Truncated,
    #[error("the safetensors file lacks the tensor `{0}`")]
    Missing(String),
    #[error("tensor `{name}` has shape {found:?}; this network needs {expected:?}")]
    Shape { name: String, found: Vec<usize>, expected: Vec<usize> },
    #[error("tensor `{0}` is of type {1}; only F32, F16 and BF16 are read")]
    Type(String, String),
    #[error("tensor `{0}` holds a value that is not finite")]
    NotFinite(String),
}

impl WeightsError {
    /// Stable id for translation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Format(_) => "weights_format",
            Self::Truncated => "weights_truncated",
            Self::Missing(_) => "weights_missing",
            Self::Shape { .. } => "weights_shape",
            Self::Type(..) => "weights_type",
            Self::NotFinite(_) => "weights_not_finite",
        }
    }

    /// The tensor, what it is and what it should be, where there are such.
    pub fn parts(&self) -> (Option<String>, Option<String>, Option<String>) {
        let sides = |shape: &[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
        match self {
            Self::Format(_) | Self::Truncated => (None, None, None),
            Self::Missing(name) | Self::NotFinite(name) => (Some(name.clone()), None, None),
            Self::Shape { name, found, expected } => (Some(name.clone()), Some(sides(found)), Some(sides(expected))),
            Self::Type(name, found) => (Some(name.clone()), Some(found.clone()), None),
        }
    }
}

impl From<SafeTensorError> for WeightsError {
    fn from(error: SafeTensorError) -> Self {
        match error {
            SafeTensorError::MetadataIncompleteBuffer | SafeTensorError::InvalidHeaderLength => Self::Truncated,
            other => Self::Format(other.to_string()),
        }
    }
}

/// Named f32 tensors and text metadata, as read from a file.
#[derive(Debug, Default)]
pub struct Decoded {
    pub metadata: HashMap<String, String>,
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
    /// Type of the tensors that hold other numbers, such as the positions in BERT's files: they are wrong only where they are wanted.
    others: HashMap<String, String>,
}

impl Decoded {
    /// Takes in what another file of the same network holds.
    pub fn extend(&mut self, other: Self) {
        self.metadata.extend(other.metadata);
        self.tensors.extend(other.tensors);
        self.others.extend(other.others);
    }

    /// Whether there is a tensor of that name that has not been taken, of whatever type.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name) || self.others.contains_key(name)
    }

    /// Names of all tensors that have not been taken.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().chain(self.others.keys()).map(String::as_str)
    }

    /// The values of a tensor that has not been taken, whatever its shape.
    pub fn values(&self, name: &str) -> Option<&[f32]> {
        self.tensors.get(name).map(|(_, values)| &values[..])
    }

    /// The values of one tensor of exactly this shape.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or with values that are not finite.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        if let Some(kind) = self.others.get(name) {
            return Err(WeightsError::Type(name.into(), kind.clone()));
        }
        let (found, values) = self.tensors.remove(name).ok_or_else(|| WeightsError::Missing(name.into()))?;
        if found != shape {
            return Err(WeightsError::Shape { name: name.into(), found, expected: shape.to_vec() });
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err(WeightsError::NotFinite(name.into()));
        }
        Ok(values)
    }
}

/// One tensor to be written: name, shape, values.
pub type Named = (String, Vec<usize>, Vec<f32>);

/// Writes tensors as F32, or as F16 when `half` (the shipped teachers: half the download).
pub fn encode(tensors: &[Named], metadata: HashMap<String, String>, half: bool) -> Vec<u8> {
    let views = tensors.iter().map(|(name, shape, values)| (name, Packed { shape, values, half }));
    safetensors::serialize(views, Some(metadata)).expect("plain tensors serialise")
}

/// A tensor whose bytes are made when they are written: those of a real model need not be there twice.
struct Packed<'a> {
    shape: &'a [usize],
    values: &'a [f32],
    half: bool,
}

impl View for Packed<'_> {
    fn dtype(&self) -> Dtype {
        if self.half { Dtype::F16 } else { Dtype::F32 }
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        if self.half {
            self.values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect()
        } else {
            self.values.iter().flat_map(|v| v.to_le_bytes()).collect()
        }
    }

    fn data_len(&self) -> usize {
        self.values.len() * if self.half { 2 } else { 4 }
    }
}

/// Reads every tensor of a file that is F32, F16 or BF16.
///
/// # Errors
/// [`WeightsError`] for a file that is truncated or not safetensors.
pub fn decode(bytes: &[u8]) -> Result<Decoded, WeightsError> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let file = SafeTensors::deserialize(bytes)?;
    let (mut tensors, mut others) = (HashMap::new(), HashMap::new());
    for (name, view) in file.tensors() {
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F32 => data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            Dtype::F16 => data.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect(),
            Dtype::BF16 => data.chunks_exact(2).map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32()).collect(),
            other => {
                others.insert(name, format!("{other:?}"));
                continue;
            }
        };
        tensors.insert(name, (view.shape().to_vec(), values));
    }
    Ok(Decoded { metadata, tensors, others })
}
