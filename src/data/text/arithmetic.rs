//! Sums and differences, character by character: every answer can be checked.

use rand::seq::SliceRandom;

use crate::data::{Tokenizer, rng};

use super::{Example, Judge, Room, TextSet};

/// Ids are the places in here. The first, a new line, stops.
const CHARACTERS: &str = "\n+-0123456789=";
/// Operands are below this.
const LIMIT: u32 = 100;
const TESTS: usize = 500;

/// `37+45=` → `82`: numbers below 100, plus, or minus where the result is not negative.
///
/// All 15,050 problems are shuffled by the seed. The first 500 are for testing, all the others for training: no problem is in both parts.
/// With 4,000 a decoder learns its problems by heart and one new problem in ten; with all, how to carry.
pub fn arithmetic(seed: u32) -> TextSet {
    let pairs = (0..LIMIT).flat_map(|a| (0..LIMIT).map(move |b| (a, b)));
    let mut problems: Vec<(String, String)> = pairs
        .flat_map(|(a, b)| {
            let difference = a.checked_sub(b).map(|result| (format!("{a}-{b}="), result.to_string()));
            [Some((format!("{a}+{b}="), (a + b).to_string())), difference]
        })
        .flatten()
        .collect();
    problems.shuffle(&mut rng(seed, "arithmetic"));
    let ids = |text: &str| text.chars().filter_map(|character| CHARACTERS.find(character)).map(|id| id as u32).collect();
    let mut all = problems.iter().map(|(prompt, response)| Example { prompt: ids(prompt), response: ids(response) });
    let test = all.by_ref().take(TESTS).collect();
    let train = all.collect();
    TextSet {
        tokenizer: Tokenizer::of_characters(CHARACTERS),
        stop: 0,
        ends: true,
        train,
        test,
        judge: Judge::Exact,
        overlap: 0,
        room: Room::Apart,
    }
}
