//! What is shipped beside the programs. The command line carries it; the page's engine does not, for most visits need none of it: it is
//! brought when a run asks for it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::DataError;

/// A file that is shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The subset of Fashion-MNIST, packed.
    FashionImages,
    /// Its teacher.
    FashionTeacher,
    /// The teacher of the instruction grammar.
    GrammarTeacher,
}

impl Part {
    /// Stable id, as in the page's protocol.
    pub const fn id(self) -> &'static str {
        match self {
            Self::FashionImages => "fashion_images",
            Self::FashionTeacher => "fashion_teacher",
            Self::GrammarTeacher => "grammar_teacher",
        }
    }
}

/// The parts that are at hand.
#[derive(Debug, Clone, Default)]
pub struct Shipped(BTreeMap<Part, Cow<'static, [u8]>>);

impl Shipped {
    /// Every part: the program that calls this carries them.
    pub fn all() -> Self {
        let parts: [(Part, &[u8]); 3] = [
            (Part::FashionImages, include_bytes!("fashion.bin")),
            (Part::FashionTeacher, include_bytes!("../train/teachers/fashion.safetensors")),
            (Part::GrammarTeacher, include_bytes!("../train/teachers/grammar.safetensors")),
        ];
        Self(parts.into_iter().map(|(part, bytes)| (part, bytes.into())).collect())
    }

    pub fn bring(&mut self, part: Part, bytes: Vec<u8>) {
        self.0.insert(part, bytes.into());
    }

    /// # Errors
    /// [`DataError::NotBrought`].
    pub fn get(&self, part: Part) -> Result<&[u8], DataError> {
        self.0.get(&part).map(|bytes| &**bytes).ok_or(DataError::NotBrought(part))
    }
}
