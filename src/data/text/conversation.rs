//! Instructions by a model's own chat template: as it was trained, so it is asked. The tokens are those of transformers' `apply_chat_template`, up to what
//! a template writes behind the end of the last turn.

use crate::data::{DataError, Message, Template, Tokenizer};

use super::{Example, stop};

/// A question and its answer: what a template writes behind the answer ends every response.
const PROBE: [Message; 2] = [("user", "Quidquid?"), ("assistant", "Quodlibet!")];
const REMEDY: &str = "to have instructions put without it, take it out of the model's tokenizer_config.json (and chat_template.jinja)";

/// Conversations of a model that brought a template.
pub struct Conversation<'a> {
    template: &'a dyn Template,
    tokenizer: &'a Tokenizer,
    /// What the template writes behind a response.
    end: String,
    /// Whether that is a control token. Else, if it is anything, it is text, and a response ends with the model's own token.
    ends: bool,
    stop: u32,
}

impl<'a> Conversation<'a> {
    /// # Errors
    /// A template that does not put a question and its answer, or ends them by no token where the tokenizer has none either.
    pub fn new(template: &'a dyn Template, tokenizer: &'a Tokenizer) -> Result<Self, DataError> {
        let wrong = |problem: String| DataError::BadText(format!("the model's chat template cannot be followed: {problem}; {REMEDY}"));
        let text = template.render(&PROBE, false).map_err(wrong)?;
        let [_, (_, answer)] = PROBE;
        let behind = text.rsplit_once(answer).map(|(_, behind)| behind);
        let behind = behind.ok_or_else(|| wrong("it leaves an answer out".into()))?;
        let ids = tokenizer.encode(behind.trim_start()).map_err(|error| wrong(error.to_string()))?;
        let first = ids.first().and_then(|id| Some((control(tokenizer, *id)?, *id)));
        // Whole, and not a sign that spells its beginning.
        let token = first.filter(|(token, _)| behind.trim_start().starts_with(token));
        Ok(match token {
            Some((end, stop)) => Self { template, tokenizer, end, ends: true, stop },
            None => Self { template, tokenizer, end: behind.into(), ends: false, stop: stop(tokenizer)? },
        })
    }

    /// What ends every response.
    pub fn stop(&self) -> u32 {
        self.stop
    }

    /// The example of an answer to the messages before it. Where the tokens of the whole do not begin with those of the prompt, as a model that answers
    /// it has read them, the two are tokenised apart.
    ///
    /// # Errors
    /// What the template refuses, and one that writes a prompt otherwise once it is answered.
    pub fn example(&self, asked: &[Message], response: Message) -> Result<Example, String> {
        let render = |messages: &[Message], ask| {
            self.template.render(messages, ask).map_err(|problem| format!("the model's chat template does not take it: {problem}"))
        };
        let (prompt, whole) = (render(asked, true)?, render(&[asked, &[response]].concat(), false)?);
        let Some(answer) = whole.strip_prefix(&prompt) else {
            return Err(format!(
                "the model's chat template writes a prompt otherwise once it is answered, so that nobody can say where the response begins; {REMEDY}"
            ));
        };
        let (end, ends) = (self.end.as_str(), self.ends);
        let answer = if ends { answer.rsplit_once(end).map(|(answer, _)| answer) } else { answer.strip_suffix(end) };
        let Some(answer) = answer else {
            return Err(format!("the model's chat template does not end this response by {end:?}, as it does others; {REMEDY}"));
        };
        let ids = |text: &str| self.tokenizer.encode(text).map_err(|error| error.to_string());
        let closed = if ends { format!("{answer}{end}") } else { answer.into() };
        let (prompt, mut together) = (ids(&prompt)?, ids(&[&prompt, &*closed].concat())?);
        let mut response = if together.starts_with(&prompt) { together.split_off(prompt.len()) } else { ids(&closed)? };
        if ends {
            response.pop();
        }
        Ok(Example { prompt, response })
    }
}

/// The text of a control token.
fn control(tokenizer: &Tokenizer, id: u32) -> Option<String> {
    tokenizer.token(id).filter(|_| tokenizer.decode_plain(&[id]).is_ok_and(|text| text.is_empty()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Instructions;
    use super::super::file_tests::chat_ml;
    use super::*;
    use crate::data::Fingerprint;
    use crate::device::testing::test;

    /// Turns as `role>content` and what ends them.
    #[derive(Debug)]
    struct Turns {
        end: &'static str,
        /// What stands before an answer that is asked for, and not before one that is there.
        thought: &'static str,
    }

    impl Template for Turns {
        fn fingerprint(&self) -> Fingerprint {
            Fingerprint::default()
        }

        fn render(&self, messages: &[Message], ask: bool) -> Result<String, String> {
            let turn = |(role, content): &Message| format!("{role}>{content}{}", self.end);
            let asked = if ask { format!("assistant>{}", self.thought) } else { String::new() };
            Ok(messages.iter().map(turn).collect::<String>() + &asked)
        }
    }

    fn read(end: &'static str, thought: &'static str) -> Result<(String, String, Option<String>), String> {
        let tokenizer = chat_ml().following(Some(Arc::new(Turns { end, thought })));
        let instructions = Instructions::of(&tokenizer).map_err(|error| error.to_string())?;
        let example = instructions.example(r#"{"prompt": "Hi", "completion": "Ho"}"#)?;
        let text = |ids: &[u32]| tokenizer.decode(ids).unwrap();
        Ok((text(&example.prompt), text(&example.response), tokenizer.token(instructions.stop())))
    }

    /// Else a student would learn to end twice, or never.
    #[test]
    fn the_template_s_own_end_is_cut_and_ends_responses() {
        for (end, prompt, response, stop) in [
            ("<|im_end|>\n", "user>Hi<|im_end|>\nassistant>", "Ho", "<|im_end|>"),
            (" <|im_start|>", "user>Hi <|im_start|>assistant>", "Ho ", "<|im_start|>"),
            // Text is no token, and the model's own ends the response.
            ("\n--\n", "user>Hi\n--\nassistant>", "Ho", "<|im_end|>"),
            ("", "user>Hiassistant>", "Ho", "<|im_end|>"),
        ] {
            assert_eq!(read(end, "").unwrap(), (prompt.into(), response.into(), Some(stop.into())), "{end:?}");
        }
    }

    #[test]
    fn a_prompt_that_is_written_otherwise_once_it_is_answered_is_refused() {
        let error = read("<|im_end|>\n", "<think>").unwrap_err();
        assert!(error.contains("writes a prompt otherwise") && error.contains("tokenizer_config.json"), "{error}");
    }

    /// A model has read the prompt before it answers: its tokens must be those that stand before the response here.
    #[test]
    fn a_token_that_would_belong_to_both_is_parted() {
        let json = r#"{"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "pre_tokenizer": null, "post_processor": null,
            "decoder": {"type": "Fuse"}, "added_tokens": [{"id": 3, "content": "<|im_end|>", "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true}],
            "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
                "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}"#;
        let template = Arc::new(Turns { end: "<|im_end|>", thought: "a" });
        let tokenizer = Tokenizer::from_json(json.as_bytes()).unwrap().following(Some(template));
        let instructions = Instructions::of(&tokenizer).unwrap();
        // Of "user>" and "assistant>" the tokenizer knows the letter a alone.
        let example = |completion: &str| {
            let line = serde_json::json!({ "prompt": "b", "completion": completion }).to_string();
            instructions.example(&line).unwrap()
        };
        assert_eq!(tokenizer.encode("ab").unwrap(), [2]);
        assert_eq!(example("ab"), Example { prompt: vec![1, 3, 0, 0, 0], response: vec![1] });
        assert_eq!(example("aab"), Example { prompt: vec![1, 3, 0, 0, 0], response: vec![2] });
    }
}
