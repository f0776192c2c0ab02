//! GPT-2's byte-level BPE as a Hugging Face `tokenizer.json`, out of the forms in which it stood before there was that file.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::FormatError;

/// GPT-2's token between texts.
const END: &str = "<|endoftext|>";

/// A tokenizer of these tokens by their ids, these merges in their order and control tokens, with what splits a text before
/// ([`splitting`]) and the token that `begin`s every text.
pub fn tokenizer_json(
    vocab: Map<String, Value>,
    merges: &[String],
    control: &[(u32, String)],
    split: &Value,
    begin: Option<(u32, &str)>,
) -> String {
    let added: Vec<_> = control
        .iter()
        .map(|(id, token)| {
            json!({ "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true })
        })
        .collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null, "pre_tokenizer": split,
        "post_processor": begin.map(opening), "decoder": splitting(),
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": vocab, "merges": merges,
        },
    })
    .to_string()
}

/// What puts a token before every text, and before both of two.
fn opening((id, token): (u32, &str)) -> Value {
    let part = |name: &str, kind: u32| {
        [json!({ "SpecialToken": { "id": token, "type_id": kind } }), json!({ "Sequence": { "id": name, "type_id": kind } })]
    };
    let pair = [part("A", 0), part("B", 1)].concat();
    json!({
        "type": "TemplateProcessing", "single": part("A", 0), "pair": pair,
        "special_tokens": { token: { "id": token, "ids": [id], "tokens": [token] } },
    })
}

/// GPT-2's own: words, numbers and signs, with the space before them.
pub fn splitting() -> Value {
    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true })
}

/// Out of GPT-2's `vocab.json` and `merges.txt`.
///
/// # Errors
/// A vocabulary that is no object of ids, and a line of merges that is not two tokens.
pub fn from_vocab_and_merges(vocab: &str, merges: &str) -> Result<String, FormatError> {
    let bad = |file: &str, problem: String| FormatError::Unsupported { key: file.into(), found: problem, expected: "as GPT-2 has it" };
    let ids: BTreeMap<String, u32> = serde_json::from_str(vocab).map_err(|error| bad("vocab.json", error.to_string()))?;
    // The first line is a comment on the version; a later one may begin with # as a token.
    let lines = merges.lines().enumerate().filter(|(at, line)| !(line.is_empty() || *at == 0 && line.starts_with("#version")));
    let merges = lines
        .map(|(at, line)| match line.split(' ').count() {
            2 => Ok(line.to_owned()),
            _ => Err(bad("merges.txt", format!("line {}, `{line}`", at + 1))),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let control: Vec<_> = ids.get(END).map(|id| (*id, END.to_owned())).into_iter().collect();
    let vocab = ids.into_iter().map(|(token, id)| (token, json!(id))).collect();
    Ok(tokenizer_json(vocab, &merges, &control, &splitting(), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Tokenizer;

    #[test]
    fn a_vocabulary_and_its_merges_make_a_tokenizer() {
        let vocab = r##"{"l": 0, "o": 1, "w": 2, "Ġ": 3, "#": 4, "lo": 5, "low": 6, "Ġlow": 7, "<|endoftext|>": 8}"##;
        let json = from_vocab_and_merges(vocab, "#version: 0.2\nl o\nlo w\nĠ low\n").unwrap();
        let tokenizer = Tokenizer::from_json(json.as_bytes()).unwrap();
        let ids = tokenizer.encode("low low<|endoftext|>lo#").unwrap();
        assert_eq!(ids, [6, 7, 8, 5, 4], "merges in their order; the control token whole");
        assert_eq!(tokenizer.decode(&ids[..2]).unwrap(), "low low");
    }

    #[test]
    fn what_is_no_vocabulary_or_no_merge_is_named() {
        let refused = |vocab, merges| from_vocab_and_merges(vocab, merges).unwrap_err().to_string();
        assert!(refused("[1]", "").contains("vocab.json"));
        let error = refused("{}", "#version: 0.2\na b\na b c\n");
        assert!(error.contains("merges.txt") && error.contains("line 3") && error.contains("a b c"), "{error}");
    }
}
