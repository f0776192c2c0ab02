//! Running text as a tokenizer of one's own reads it, in windows of tokens.

use crate::data::{DataError, Tokenizer};

use super::instructions::stop;
use super::{Example, Judge, Part, Room, TextSet};

/// Of a window's tokens, one in so many is prompt.
const PROMPT: usize = 8;

/// Windows of `context` tokens, side by side over a text, each behind what its tokenizer puts before every text: the first eighth is the prompt,
/// the rest the response, which has no end to be learned. The last tenth of the tokens is for testing, and no window reaches from one part into the other.
///
/// The text is tokenized whole and as it stands: line breaks and spaces are tokens like others.
///
/// # Errors
/// [`DataError::BadText`] if either part is shorter than a window, a window has fewer than 2 tokens, or the tokenizer has no token to stop
/// with (sampled texts need one).
pub fn windows(text: &str, tokenizer: Tokenizer, context: usize) -> Result<TextSet, DataError> {
    let (ids, begin) = (tokenizer.encode(text)?, tokenizer.begin()?);
    let size = context.saturating_sub(begin.len());
    let (trained, prompt) = plan(ids.len(), size)?;
    let (train, test) = ids.split_at(trained);
    let cut = |part: &[u32]| {
        let example = |window: &[u32]| Example { prompt: [&begin, &window[..prompt]].concat(), response: window[prompt..].into() };
        part.chunks_exact(size).map(example).collect()
    };
    let (train, test) = (cut(train), cut(test));
    let stop = stop(&tokenizer)?;
    Ok(TextSet { tokenizer, stop, ends: false, train, test, judge: Judge::None, overlap: 0, room: Room::Example })
}

/// How many of so many tokens are for training, and how many of a window are its prompt.
///
/// # Errors
/// As [`windows`].
pub fn plan(tokens: usize, context: usize) -> Result<(usize, usize), DataError> {
    if context < 2 {
        return Err(DataError::BadText(format!("a window of {context} tokens has no response: set text.context to 2 or more")));
    }
    if tokens / 10 < context {
        let needed = 10 * context;
        return Err(DataError::BadText(format!(
            "it has {tokens} tokens; {needed} are needed for a window of {context} in its last tenth: lower text.context, or take more text"
        )));
    }
    Ok((tokens - tokens / 10, (context / PROMPT).max(1)))
}

/// The windows of a set as another tokenizer reads them, in the same order. A window whose prompt or response ends inside a character is
/// left out of both: no other tokenizer can begin there.
///
/// # Errors
/// A tokenizer without a token to stop with, and one that cannot read the text.
pub fn reread(set: &mut TextSet, tokenizer: Tokenizer) -> Result<TextSet, DataError> {
    let stop = stop(&tokenizer)?;
    let (own, begin) = (set.tokenizer.clone(), [set.tokenizer.begin()?, tokenizer.begin()?]);
    let again = |examples: &mut Part<Example>| {
        let text = |example: &Example| -> Result<[String; 2], DataError> {
            Ok([own.decode(&example.prompt[begin[0].len()..])?, own.decode(&example.response)?])
        };
        let mut found = Vec::new();
        let mut whole = Vec::new();
        for example in &*examples {
            let [prompt, response] = text(&example)?;
            if !prompt.contains(char::REPLACEMENT_CHARACTER) && !response.contains(char::REPLACEMENT_CHARACTER) {
                let prompt = [begin[1].clone(), tokenizer.encode(&prompt)?].concat();
                found.push(Example { prompt, response: tokenizer.encode(&response)? });
                whole.push(example.into_owned());
            }
        }
        if whole.is_empty() {
            return Err(DataError::BadText("no window begins and ends between characters: raise text.context".into()));
        }
        *examples = whole.into();
        Ok(Part::from(found))
    };
    let (train, test) = (again(&mut set.train)?, again(&mut set.test)?);
    Ok(TextSet { tokenizer, stop, ends: set.ends, train, test, judge: Judge::None, overlap: 0, room: Room::Example })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn windows_stand_side_by_side_and_keep_to_their_part() {
        let text: String = ('a'..='z').cycle().take(200).collect();
        let set = windows(&text, Tokenizer::Bytes, 16).unwrap();
        assert_eq!((set.train.len(), set.test.len(), set.end()), (11, 1, None));
        assert!(set.train.iter().all(|example| example.prompt.len() == 2 && example.response.len() == 14));
        let read = set.train.iter().map(|example| set.text(&[example.prompt.clone(), example.response.clone()].concat()));
        assert_eq!(read.collect::<String>(), text[..176], "nothing is lost between windows");
        assert!(text[180..].starts_with(&set.text(&set.test.get(0).prompt)), "the last tenth is for testing");
        let error = windows(&text[..100], Tokenizer::Bytes, 16).unwrap_err().to_string();
        assert!(error.contains("100 tokens") && error.contains("160 are needed"), "{error}");
    }
}
