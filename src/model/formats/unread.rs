//! What is left of a file when a network has been read out of it. Heads and buffers may be; a layer may not: then the description is another
//! network's.

use super::FormatError;
use crate::model::weights::Decoded;

/// The layers of a family, as its files name them.
pub struct Stack<'a> {
    /// What stands before the number of a layer.
    pub prefixes: &'a [&'a str],
    /// How many were read, and the key of `config.json` that says so.
    pub layers: usize,
    pub key: &'static str,
    /// Ends of what a layer may have besides: buffers, which are no weights.
    pub besides: &'a [&'a str],
    /// Ends of what another key turns on.
    pub optional: &'a [(&'a str, &'static str)],
}

impl Stack<'_> {
    /// # Errors
    /// [`FormatError::Unread`] with a tensor of the layers that was not read.
    pub fn check(&self, file: &Decoded) -> Result<(), FormatError> {
        let known = |name: &&str| self.besides.iter().any(|end| name.ends_with(end));
        let left: Vec<&str> = file.names().filter(|name| self.layer(name).is_some()).filter(|name| !known(name)).collect();
        // The same one at every run.
        let Some(name) = left.iter().copied().min_by_key(|name| (self.layer(name), *name)) else { return Ok(()) };
        let last = left.iter().filter_map(|name| self.layer(name)).max().unwrap_or_default();
        let found = match self.optional.iter().find(|(end, _)| name.ends_with(end)) {
            _ if last >= self.layers => format!("`{}` is {}, and the weights have {} layers", self.key, self.layers, last + 1),
            Some((_, key)) => format!("`{key}` says that there is none"),
            None => "no layer of this kind has one".into(),
        };
        Err(FormatError::Unread { name: name.into(), found })
    }

    /// The layer of a tensor, if it is of one.
    fn layer(&self, name: &str) -> Option<usize> {
        let rest = self.prefixes.iter().find_map(|prefix| name.strip_prefix(prefix))?;
        rest.split('.').next()?.parse().ok()
    }
}
