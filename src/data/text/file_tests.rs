//! Texts from files: what becomes of them, and what is refused and why.

use std::collections::BTreeSet;

use super::*;
use crate::data::DataError;
use crate::device::testing::test;

#[test]
fn every_name_is_in_one_part() {
    let set = names(NAMES, 2).unwrap();
    assert_eq!((set.train.len(), set.test.len(), set.vocab()), (2880, 320, 27));
    assert_eq!(set.longest(), (1, 10));
    let all: BTreeSet<String> = set.train.iter().chain(&set.test).map(|example| set.text(&example.response)).collect();
    assert_eq!(all, NAMES.lines().map(String::from).collect(), "nothing is lost and nothing comes twice");
    assert!(set.train.iter().all(|example| example.prompt == [set.stop]));
    assert_eq!(names(NAMES, 2).unwrap().test, set.test);
    assert_ne!(names(NAMES, 3).unwrap().test, set.test);

    let own = names("Ève\r\n\n  Jo \nJo\n", 0).unwrap();
    assert_eq!((own.train.len(), own.test.len()), (1, 1), "each name once, whatever the line's end");
    let error = names("Jo\nJo", 0).unwrap_err().to_string();
    assert!(error.contains("1 different names") && error.contains("one to a line"), "{error}");
}

#[test]
fn windows_of_a_novel_begin_with_words_and_keep_to_their_part() {
    let set = novel(NOVEL, Window::default()).unwrap();
    let text = NOVEL.split_whitespace().collect::<Vec<_>>().join(" ");
    let limit = text.len() - text.len() / 10;
    let (mut trained, mut tested) = (0, limit);
    for (part, from) in [(&set.train, &mut trained), (&set.test, &mut tested)] {
        for example in part {
            assert_eq!((example.prompt.len(), example.response.len()), (16, 48));
            let window = set.text(&example.prompt) + &set.text(&example.response);
            let at = text[*from..].find(&window).expect("windows follow each other in the text") + *from;
            assert!(at == limit || at == 0 || text.as_bytes()[at - 1] == b' ', "it begins with a word");
            *from = at + 1;
        }
    }
    assert!(trained + 63 <= limit, "no window for training reaches into the text for testing");
    assert!(set.train.len() > 1500 && set.test.len() > 150, "{} and {}", set.train.len(), set.test.len());
    assert!(set.train.iter().chain(&set.test).all(|example| !example.response.contains(&set.stop)));
}

#[test]
fn a_novel_of_ones_own_is_typed_and_must_be_long_enough() {
    let window = Window { prompt: 2, response: 3, stride: 1 };
    let set = novel(&"“Aé”—b\n\n‘c’…  d ".repeat(20), window).unwrap();
    assert_eq!(set.text(&[set.train.get(0).prompt.clone(), set.train.get(0).response.clone()].concat()), "\"Aé\"-");
    let error = novel("too short", window).unwrap_err().to_string();
    assert!(error.contains("9 characters") && error.contains("50 are needed"), "{error}");
    let error = novel(NOVEL, Window { response: 0, ..window }).unwrap_err().to_string();
    assert!(error.contains("at least 1"), "{error}");
}

fn options(context: usize) -> JsonlOptions {
    JsonlOptions { seed: 1, test_fraction: 0.5, context, too_long: TooLong::Refuse }
}

/// Prompt and response of every line.
fn read(text: &str, tokenizer: Tokenizer) -> BTreeSet<(String, String)> {
    let set = jsonl(text, tokenizer, &options(1000)).unwrap().set;
    set.train.iter().chain(&set.test).map(|example| (set.text(&example.prompt), set.text(&example.response))).collect()
}

const LINES: &str = r#"{"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Ho"}, {"role": "user", "content": "And?"}, {"role": "assistant", "content": "So."}], "id": 3}

{"prompt": "2+2=", "completion": "4"}
{"question": "How many?", "answer": "Two.\n#### 2"}"#;

fn lines() -> String {
    LINES.replace(",\n", ",")
}

#[test]
fn every_form_of_a_line_is_read_as_plain_text() {
    let expected = [
        ("system:\nBe kind.\nuser:\nHi\nassistant:\nHo\nuser:\nAnd?\nassistant:\n", "So."),
        ("2+2=", "4"),
        ("How many?\n", "Two.\n#### 2"),
    ];
    let expected = BTreeSet::from(expected.map(|(prompt, response)| (prompt.to_owned(), response.to_owned())));
    assert_eq!(read(&lines(), Tokenizer::Bytes), expected);
    assert_eq!(read(&format!("\u{feff}{}", lines().replace('\n', "\r\n")), Tokenizer::Bytes), expected, "as editors on Windows save it");
}

/// Letters are tokens, and so are the marks of ChatML.
pub fn chat_ml() -> Tokenizer {
    let letters: Vec<String> = (32..127_u8).chain([10]).map(|byte| char::from(byte).to_string()).collect();
    let vocab: serde_json::Map<_, _> = letters.iter().zip(0..).map(|(letter, id)| (letter.clone(), serde_json::Value::from(id))).collect();
    let mark = |id: usize, content| {
        serde_json::json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true})
    };
    let json = serde_json::json!({"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "pre_tokenizer": null,
        "post_processor": null, "decoder": {"type": "Fuse"},
        "added_tokens": [mark(letters.len(), "<|im_start|>"), mark(letters.len() + 1, "<|im_end|>")],
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": vocab, "merges": []}});
    Tokenizer::from_json(json.to_string().as_bytes()).unwrap()
}

#[test]
fn a_tokenizer_that_knows_chat_ml_is_given_it() {
    let turn = |role: &str, content: &str| format!("<|im_start|>{role}\n{content}<|im_end|>\n");
    let [system, hi, ho, and] = [("system", "Be kind."), ("user", "Hi"), ("assistant", "Ho"), ("user", "And?")];
    let conversation: String = [system, hi, ho, and].iter().map(|(role, content)| turn(role, content)).collect();
    let opening = "<|im_start|>assistant\n";
    let expected = [
        (conversation + opening, "So.".to_owned()),
        (turn("user", "2+2=") + opening, "4".to_owned()),
        (turn("user", "How many?") + opening, "Two.\n#### 2".to_owned()),
    ];
    assert_eq!(read(&lines(), chat_ml()), expected.into());
    let set = jsonl(&lines(), chat_ml(), &options(1000)).unwrap().set;
    assert_eq!(Some(set.stop), set.tokenizer.id("<|im_end|>"));
    let of_marks = set.train.iter().chain(&set.test).find(|example| set.text(&example.response) == "4").unwrap();
    assert_eq!(of_marks.prompt.len(), "user\n2+2=\nassistant\n".len() + 3, "a mark is one token, not its letters");
}

#[test]
fn a_bad_line_is_named_with_what_is_wrong() {
    let good = r#"{"prompt": "a", "completion": "b"}"#;
    let cases = [
        ("{\"prompt\": ", "line 3: not JSON at column 11: EOF while parsing a value"),
        ("[1]", "not a JSON object"),
        (r#"{"text": "a"}"#, "it has [\"text\"]"),
        (r#"{"prompt": "a"}"#, "\"completion\""),
        (r#"{"question": "a"}"#, "\"answer\""),
        (r#"{"prompt": "", "completion": "b"}"#, "\"prompt\" is empty"),
        (r#"{"prompt": "a", "completion": " "}"#, "\"completion\" is empty"),
        (r#"{"prompt": "a", "completion": 4}"#, "\"completion\" is missing or not a text"),
        (r#"{"prompt": "a", "completion": "b\u0000"}"#, "token that ends responses"),
        (r#"{"messages": {}}"#, "\"messages\" is not a list"),
        (r#"{"messages": []}"#, "\"messages\" is empty"),
        (r#"{"messages": [{"role": "assistant", "content": "b"}]}"#, "prompt before it is missing"),
        (r#"{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}"#, "last message is of the user"),
        (r#"{"messages": [{"role": "user", "content": "a"}, {"role": "bot", "content": "b"}]}"#, "message 2 has the role \"bot\""),
        (r#"{"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "b"}]}"#, "\"content\" of message 1"),
        (r#"{"messages": [{"content": "a"}, {"role": "assistant", "content": "b"}]}"#, "message 1 has no \"role\""),
        (r#"{"prompt": "aaaa", "completion": "bbbbbb"}"#, "4 tokens of prompt, 6 of response and the end make 11; the context is 10"),
    ];
    for (line, problem) in cases {
        let error = jsonl(&format!("{good}\n\n{line}\n{good}"), Tokenizer::Bytes, &options(10)).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, DataError::BadLine { line: 3, .. }) && text.starts_with("line 3: "), "{line}: {text}");
        assert!(text.contains(problem), "{line}: {text}");
    }
    let error = jsonl(good, Tokenizer::Bytes, &options(10)).unwrap_err().to_string();
    assert!(error.contains("1 example is left") && error.contains("at least 2"), "{error}");
    let error = jsonl(good, Tokenizer::words("a b"), &options(10)).unwrap_err().to_string();
    assert!(error.contains("no token to end a response"), "{error}");
    let error = jsonl(&format!("{good}\n{good}"), Tokenizer::words("a <end>"), &options(10)).unwrap_err().to_string();
    assert!(error.starts_with("line 1: the word \"b\""), "{error}");
}

#[test]
fn examples_over_the_context_can_be_skipped_and_are_counted() {
    let text: String = (0..20).map(|n| format!("{{\"prompt\": \"{n}\", \"completion\": \"{}\"}}\n", "x".repeat(n + 1))).collect();
    let read = |seed| jsonl(&text, Tokenizer::Bytes, &JsonlOptions { seed, too_long: TooLong::Skip, ..options(12) }).unwrap();
    let (one, again, other) = (read(1), read(1), read(2));
    // Of n = 0 to 9 the length is 1 + (n + 1) + 1, later one more.
    assert_eq!((one.skipped.count, one.set.train.len(), one.set.test.len()), (10, 5, 5));
    assert_eq!(one.skipped.lines.len(), 3, "the first few are named");
    assert_eq!(one.set.longest(), (1, 11));
    assert_eq!(one.set.train, again.set.train);
    assert_ne!(one.set.train, other.set.train);
    let error = jsonl(&text, Tokenizer::Bytes, &JsonlOptions { too_long: TooLong::Skip, ..options(3) }).unwrap_err().to_string();
    assert!(error.contains("1 example is left (19 took more than 3 tokens: raise text.context); at least 2"), "{error}");
}
