//! Whether a file has the layers that its description promises, and what is left of it when a network has been read out of it. Heads and buffers
//! may be left; a layer may not: then the description is another network's.

use std::collections::BTreeSet;

use super::FormatError;

/// What names the layers of a Hugging Face folder.
pub const CONFIG: &str = "config.json";

/// The layers of a family, as its files name them.
pub struct Stack<'a> {
    /// What stands before the number of a layer.
    pub prefixes: &'a [&'a str],
    /// What describes the network, how many layers it says there are, and the key by which it says so.
    pub description: &'static str,
    pub layers: usize,
    pub key: &'static str,
    /// Ends of what a layer may have besides: buffers, which are no weights.
    pub besides: &'a [&'a str],
    /// Ends of what another key turns on.
    pub optional: &'a [(&'a str, &'static str)],
}

impl Stack<'_> {
    /// To be asked before anything is made for each layer: the number may be any, and the layers that are there are no more than the tensors.
    ///
    /// # Errors
    /// [`FormatError::Layers`] where the tensors of these names are of fewer layers.
    pub fn bound<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<(), FormatError> {
        let there: BTreeSet<usize> = names.filter_map(|name| self.layer(name)).collect();
        if self.layers <= there.len() {
            return Ok(());
        }
        let lacking = (0..).find(|layer| !there.contains(layer)).unwrap_or_default();
        Err(FormatError::Layers {
            description: self.description,
            key: self.key,
            said: self.layers,
            found: there.len(),
            lacking: format!("{}{lacking}.…", self.prefixes[0]),
        })
    }

    /// # Errors
    /// [`FormatError::Unread`] with a tensor of the layers, if one is among the names of those that were not read.
    pub fn check<'n>(&self, unread: impl Iterator<Item = &'n str>) -> Result<(), FormatError> {
        let known = |name: &&str| self.besides.iter().any(|end| name.ends_with(end));
        let left: Vec<&str> = unread.filter(|name| self.layer(name).is_some()).filter(|name| !known(name)).collect();
        // The same one at every run.
        let Some(name) = left.iter().copied().min_by_key(|name| (self.layer(name), *name)) else { return Ok(()) };
        let last = left.iter().filter_map(|name| self.layer(name)).max().unwrap_or_default();
        let found = match self.optional.iter().find(|(end, _)| name.ends_with(end)) {
            _ if last >= self.layers => format!("`{}` is {}, and the weights have {} layers", self.key, self.layers, last + 1),
            Some((_, key)) => format!("`{key}` says that there is none"),
            None => "no layer of this kind has one".into(),
        };
        Err(FormatError::Unread { description: self.description, name: name.into(), found })
    }

    /// The layer of a tensor, if it is of one.
    fn layer(&self, name: &str) -> Option<usize> {
        let rest = self.prefixes.iter().find_map(|prefix| name.strip_prefix(prefix))?;
        rest.split('.').next()?.parse().ok()
    }
}
