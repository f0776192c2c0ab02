//! Names, character by character, as in makemore: there is no right answer, only likely ones.

use std::collections::BTreeSet;

use rand::seq::SliceRandom;

use crate::data::{DataError, Tokenizer, rng};

use super::{Example, Judge, Room, TextSet};

/// 3,200 first names of English-speaking countries, a name to a line; see ATTRIBUTIONS.md.
pub const NAMES: &str = include_str!("names.txt");

/// Names, one to a line: the prompt is a new line, the response a name, and a new line ends it.
///
/// Names are taken as they are written, each once, without what surrounds them. The seed splits them: a tenth, at least one, is for
/// testing.
///
/// # Errors
/// [`DataError::BadText`] for fewer than two names.
pub fn names(text: &str, seed: u32) -> Result<TextSet, DataError> {
    let distinct: BTreeSet<&str> = text.lines().map(str::trim).filter(|name| !name.is_empty()).collect();
    if distinct.len() < 2 {
        let count = distinct.len();
        return Err(DataError::BadText(format!("it has {count} different names; at least 2 are needed, one to a line")));
    }
    let mut names: Vec<&str> = distinct.into_iter().collect();
    let tokenizer = Tokenizer::characters(&format!("\n{}", names.concat()))?;
    names.shuffle(&mut rng(seed, "names"));
    let prompt = tokenizer.encode("\n")?;
    let example = |name: &&str| Ok(Example { prompt: prompt.clone(), response: tokenizer.encode(name)? });
    let mut examples = names.iter().map(example).collect::<Result<Vec<_>, DataError>>()?;
    let train = examples.split_off((names.len() / 10).max(1));
    Ok(TextSet {
        stop: prompt[0],
        ends: true,
        tokenizer,
        train: train.into(),
        test: examples.into(),
        judge: Judge::None,
        overlap: 0,
        room: Room::Apart,
    })
}
