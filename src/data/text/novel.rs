//! Running text, character by character: how does it go on?

use crate::data::{DataError, Tokenizer};

use super::{Example, Judge, Room, TextSet};

/// The first two chapters of Moby Dick; see ATTRIBUTIONS.md.
pub const NOVEL: &str = include_str!("novel.txt");

/// How a text is cut, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub prompt: usize,
    pub response: usize,
    /// From one window to the next, at least: a window begins with a word.
    pub stride: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { prompt: 16, response: 48, stride: 8 }
    }
}

/// Windows over a text: the prompt is the beginning of a window, the response the rest of it.
///
/// White space of any kind and length becomes one space, and dashes and quotation marks become those of a typewriter. The last tenth of the
/// text is for testing, and no window reaches from one part into the other. A new line ends every response, where no sentence need end:
/// a model learns that texts are as long as a window.
///
/// # Errors
/// [`DataError::BadText`] if either part is shorter than a window, or the window has an empty prompt or response.
pub fn novel(text: &str, window: Window) -> Result<TextSet, DataError> {
    let length = window.prompt + window.response;
    if window.prompt == 0 || window.response == 0 {
        return Err(DataError::BadText(format!("a window of {} + {} characters; each must be at least 1", window.prompt, window.response)));
    }
    let text: Vec<char> = typed(text).chars().collect();
    let (train, test) = text.split_at(text.len() - text.len() / 10);
    if test.len() < length {
        let (found, needed) = (text.len(), 10 * length);
        return Err(DataError::BadText(format!(
            "it has {found} characters; {needed} are needed for a window of {length} in its last tenth"
        )));
    }
    let all: String = text.iter().chain(&['\n']).collect();
    let tokenizer = Tokenizer::characters(&all)?;
    let cut = |part: &[char]| {
        let example = |start: usize| {
            let ids = tokenizer.encode(&part[start..start + length].iter().collect::<String>())?;
            Ok(Example { prompt: ids[..window.prompt].into(), response: ids[window.prompt..].into() })
        };
        starts(part, length, window.stride).into_iter().map(example).collect::<Result<Vec<_>, DataError>>()
    };
    let (train, test) = (cut(train)?, cut(test)?);
    let stop = tokenizer.encode("\n")?[0];
    Ok(TextSet {
        tokenizer,
        stop,
        ends: true,
        train: train.into(),
        test: test.into(),
        judge: Judge::None,
        overlap: (length - 1) / window.stride.max(1),
        room: Room::Apart,
    })
}

/// Where windows begin: at the start of the part, then at the first word after each stride.
fn starts(part: &[char], length: usize, stride: usize) -> Vec<usize> {
    let mut starts = vec![0];
    let mut free = stride.max(1);
    for start in 1..=part.len() - length {
        if start >= free && part[start - 1] == ' ' {
            starts.push(start);
            free = start + stride.max(1);
        }
    }
    starts
}

/// White space of any kind and length as one space, dashes and quotation marks as a typewriter has them.
pub fn typed(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.split_whitespace().flat_map(|word| word.chars().chain([' '])) {
        match character {
            '‘' | '’' => plain.push('\''),
            '“' | '”' => plain.push('"'),
            '–' => plain.push('-'),
            '—' => plain.push_str("--"),
            '…' => plain.push_str("..."),
            other => plain.push(other),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}
