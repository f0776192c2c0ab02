//! What is kept is what would be read from memory, and is made anew when it does not serve.

use serde_json::json;

use super::*;
use crate::data::text::{load, load_passages};

/// Letters as word pieces, behind the control tokens of encoders and decoders.
fn tokenizer() -> (Tokenizer, String) {
    let mut vocab = serde_json::Map::new();
    let letters = ('a'..='z').chain(".,{}\":".chars()).flat_map(|letter| [letter.to_string(), format!("##{letter}")]);
    for name in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<|endoftext|>"].map(String::from).into_iter().chain(letters) {
        vocab.insert(name, json!(vocab.len()));
    }
    let json = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" }, "post_processor": null, "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab },
    })
    .to_string();
    (Tokenizer::from_json(json.as_bytes()).unwrap(), json)
}

/// Longer than some pieces, with empty lines and all.
fn text() -> String {
    let word = |n: usize| format!("w{}{}", ["hale", "ater", "orld"][n % 3], ["", ".", "!", "?\"", ",", ".\r\n\r\n"][n * n % 31 % 6]);
    (0..120_000).map(|n| word(n) + [" ", "\n", "  "][n % 7 % 3]).collect()
}

fn experiment(preset: &str, set: &[(&str, &str)]) -> Experiment {
    Experiment::from_preset(preset, [("text.context", "24"), ("seed", "5")].into_iter().chain(set.iter().copied())).unwrap()
}

fn open_in(folder: &Path, path: &Path, experiment: &Experiment, tokenizer: &Tokenizer, json: &str) -> Result<Kept, Error> {
    let shape = Shape::of(experiment);
    keep(folder, "--data", (path, source(path, shape.columns())?), shape, tokenizer, json)
}

#[test]
fn a_kept_text_is_the_one_that_memory_would_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (tokenizer, json) = tokenizer();
    let path = folder.path().join("text.txt");
    fs::write(&path, text()).unwrap();
    let whole = experiment("smollm2", &[]);
    let kept = open_in(folder.path(), &path, &whole, &tokenizer, &json).unwrap().texts(&whole).unwrap();
    let held = load(&whole, Some(&text()), &[&tokenizer]).unwrap();
    assert!(kept.set.train == held.set.train && kept.set.test == held.set.test && kept.set.train.len() > 10_000);
    assert_eq!((kept.set.longest(), kept.set.stop, kept.set.end()), (held.set.longest(), held.set.stop, held.set.end()));
    for objective in ["masked", "embeddings"] {
        let encoder = experiment("minilm", &[("encoder.objective", objective)]);
        let mut kept = open_in(folder.path(), &path, &encoder, &tokenizer, &json).unwrap().passages(&encoder).unwrap();
        let mut held = load_passages(&encoder, Some(&text()), Some(&tokenizer)).unwrap();
        assert!(kept.train == held.train && kept.test == held.test && kept.train.len() > 1_000, "{objective}");
        assert_eq!((kept.counts.clone(), kept.cut, kept.longest()), (held.counts.clone(), held.cut, held.longest()), "{objective}");
        assert!(kept.hold_out(50).unwrap().test == held.hold_out(50).unwrap().test && kept.train == held.train, "{objective}");
    }
}

#[test]
fn kept_instructions_have_the_order_of_their_seed() {
    let folder = tempfile::tempdir().unwrap();
    let (tokenizer, json) = tokenizer();
    // With empty lines: they count as lines, and not as examples.
    let line = |n: usize| {
        format!(
            "{}\n{}",
            json!({ "prompt": "ask ".repeat(1 + n % 9), "completion": "tell ".repeat(1 + n % 5) }),
            if n.is_multiple_of(4) { "\n" } else { "" }
        )
    };
    let lines: String = (0..200).map(line).collect();
    let path = folder.path().join("set.jsonl");
    fs::write(&path, &lines).unwrap();
    for seed in ["5", "6"] {
        let experiment = experiment("smollm2", &[("task.name", "jsonl"), ("seed", seed)]);
        let kept = open_in(folder.path(), &path, &experiment, &tokenizer, &json).unwrap().texts(&experiment).unwrap();
        let held = load(&experiment, Some(&lines), &[&tokenizer]).unwrap();
        assert!(kept.set.train == held.set.train && kept.set.test == held.set.test, "seed {seed}");
        assert!(kept.skipped.count > 3 && kept.skipped == held.skipped, "{:?}, {:?}", kept.skipped, held.skipped);
    }
    fs::write(&path, "{\"prompt\": \"a\", \"completion\": \"b\"}\n\n{\"prompt\": 1}\n").unwrap();
    let error =
        open_in(folder.path(), &path, &experiment("smollm2", &[("task.name", "jsonl")]), &tokenizer, &json).unwrap_err().to_string();
    assert!(error.contains("set.jsonl: line 3:"), "{error}");
}

/// Labels stand beside their texts, whatever letters they have, and a file to be tested on has its own.
#[test]
fn kept_labels_are_those_of_their_texts() {
    let folder = tempfile::tempdir().unwrap();
    let (tokenizer, json) = tokenizer();
    let marks = Marks::of(&tokenizer).unwrap();
    let experiment = experiment("minilm-labels", &[]);
    // The last letter of a text tells its label; every fifth text is longer than the context.
    let text = |n: usize| format!("{} {}", "long".repeat(if n.is_multiple_of(5) { 8 } else { 1 }), ["a", "b", "c"][n % 3]);
    let label = |n: usize| ["차갑다", "warm", "so so"][n % 3];
    let line = |n: usize| format!("{}\n{}", json!({ "text": text(n), "label": label(n) }), if n.is_multiple_of(4) { "\n" } else { "" });
    let path = folder.path().join("set.jsonl");
    fs::write(&path, (0..200).map(line).collect::<String>()).unwrap();
    let read = |n: usize| marks.around(&tokenizer.encode(&text(n)).unwrap(), 24);
    let check = |part: &Part<Vec<u32>>, classes: &[usize], names: &[String]| {
        assert_eq!(part.len(), classes.len());
        for (ids, class) in part.iter().zip(classes) {
            assert!((0..200).any(|n| *ids == read(n) && names[*class] == label(n)), "{ids:?} is not {}", names[*class]);
        }
    };
    let kept = open_in(folder.path(), &path, &experiment, &tokenizer, &json).unwrap();
    let found = kept.passages(&experiment).unwrap();
    assert_eq!((found.train.len(), found.test.len(), found.cut), (179, 21, 40));
    check(&found.train, &found.labels.train, &found.labels.names);
    check(&found.test, &found.labels.test, &found.labels.names);
    let test = folder.path().join("test.jsonl");
    fs::write(&test, [3, 8].map(line).concat()).unwrap();
    let tests = |path: &Path| {
        let source = source(path, Columns::Labelled)?;
        keep(folder.path(), "--test", (path, source), Shape::Labelled, &tokenizer, &json).map(Box::new)
    };
    let kept = Kept { tests: Some(tests(&test).unwrap()), ..kept };
    let found = kept.passages(&experiment).unwrap();
    assert_eq!((found.train.len(), found.test.len(), found.cut), (200, 2, 40));
    check(&found.test, &found.labels.test, &found.labels.names);
    fs::write(&test, "\n{\"text\": \"a\", \"label\": \"warm\"}\n\n{\"text\": \"a\", \"label\": \"tepid\"}").unwrap();
    let kept = Kept { tests: Some(tests(&test).unwrap()), ..kept };
    let error = kept.passages(&experiment).unwrap_err().to_string();
    assert!(error.contains("line 4") && error.contains("`tepid`"), "{error}");
    fs::write(&test, "{\"text\": \"a\", \"label\": \"warm\"}\n{\"text\": \"a\"}").unwrap();
    let error = tests(&test).unwrap_err().to_string();
    assert!(error.starts_with("--test ") && error.contains("test.jsonl: line 2: its label is missing"), "{error}");
}

#[test]
fn what_is_kept_serves_until_its_source_changes_or_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (tokenizer, json) = tokenizer();
    let path = folder.path().join("text.txt");
    fs::write(&path, text()).unwrap();
    let experiment = experiment("smollm2", &[]);
    let made = || open_in(folder.path(), &path, &experiment, &tokenizer, &json).unwrap();
    let kept = folder.path().join(name(&path, Shape::Text, &json).unwrap());
    let tokens = made().tokens.tokens;
    let first = fs::read(&kept).unwrap();
    let key = |text: &str| Key::new(&json, Fingerprint::of(text.as_bytes()).to_string(), Shape::Text, tokenizer.vocab());
    let state = |text: &str| Tokens::open(&kept, &key(text)).unwrap().map(|tokens| tokens.tokens);
    assert_eq!((state(&text()), state("another")), (Ok(tokens), Err(Stale::Other)));
    for (at, length) in [(0, 0), (5, first.len()), (5_000, first.len()), (0, 100), (0, first.len() - 1), (first.len() - 30, first.len())] {
        let mut bytes = first[..length].to_vec();
        if at > 0 {
            bytes[at] ^= 1;
        }
        fs::remove_file(&kept).unwrap();
        fs::write(&kept, bytes).unwrap();
        let found = state(&text());
        assert!(matches!(found, Err(Stale::Damaged | Stale::Other)), "cut to {length}, changed at {at}: {found:?}");
        assert_eq!(made().tokens.tokens, tokens);
        assert!(fs::read(&kept).unwrap() == first, "it was made anew");
    }
    fs::write(&path, text().repeat(2)).unwrap();
    assert!(made().tokens.tokens > tokens, "another text, other tokens");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the text and what is kept of it: {left:?}");
}
