//! Encoders on the command line: sentence embeddings, and distillation out of a tiny folder of random weights.

use std::path::PathBuf;

use distillery::data;
use distillery::model::encoder::EncoderConfig;
use distillery::model::formats::bert;
use serde_json::json;

use super::resume::{begin_with, kill, killed_five_times};
use super::*;

/// Letters as word pieces behind BERT's control tokens.
fn tokenizer() -> String {
    let mut vocab = serde_json::Map::new();
    let names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    let letters = ('a'..='z').flat_map(|letter| [letter.to_string(), format!("##{letter}")]);
    for name in names.map(String::from).into_iter().chain([".".into()]).chain(letters) {
        vocab.insert(name, json!(vocab.len()));
    }
    let special = |(id, name): (usize, &str)| json!({ "id": id, "content": name, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true });
    json!({
        "version": "1.0", "truncation": { "max_length": 8, "strategy": "LongestFirst", "stride": 0, "direction": "Right" },
        "padding": { "strategy": { "Fixed": 12 }, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]" },
        "added_tokens": names.into_iter().enumerate().map(special).collect::<Vec<_>>(),
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" }, "post_processor": null,
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab },
    })
    .to_string()
}

/// A folder `teacher` without a head for masked words, a file `text.txt`, and labelled texts `rows.csv`.
pub fn teacher(folder: &Path) -> PathBuf {
    let path = folder.join("teacher");
    fs::create_dir(&path).unwrap();
    let config = EncoderConfig { masked: false, types: 2, pooler: true, ..EncoderConfig::bert(58, 32, 16, 4, 2) };
    let (json, weights) = bert::save(&config, &config.initial(&mut data::rng(1, "test")), 0, &[]);
    fs::write(path.join("config.json"), json).unwrap();
    fs::write(path.join("model.safetensors"), weights).unwrap();
    fs::write(path.join("tokenizer.json"), tokenizer()).unwrap();
    let label = |n: usize| ["warm", "cold", "old"][n % 3];
    let row = |n: usize| format!("\"The {} cat, number {}\",{}\n", ["red", "big", "old"][n % 3], ["one", "two"][n % 2], label(n));
    fs::write(folder.join("rows.csv"), format!("text,label\n{}", (0..60).map(row).collect::<String>())).unwrap();
    let sentence = |n: usize| format!("The {} cat sat on mat {}.\n", ["red", "big", "old"][n % 3], ["one", "two"][n % 2].repeat(1 + n % 4));
    fs::write(folder.join("text.txt"), (0..120).map(sentence).collect::<String>()).unwrap();
    path
}

/// What all runs here are given.
const SMALL: [&str; 10] =
    ["--teacher", "teacher", "--device", "cpu", "--set", "train.batch_size=4", "--set", "train.steps=30", "--set", "train.eval_every=10"];

pub fn distil<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let own = ["--data", "text.txt", "--set", "text.context=16", "--set", "student.layers=2"];
    [&["run", "minilm"], &SMALL[..], &own, more].concat()
}

#[test]
fn sentences_are_embedded_alike_alone_and_in_company() {
    let folder = tempfile::tempdir().unwrap();
    teacher(folder.path());
    let embed = |texts: &[&str]| -> Vec<Value> {
        let output = succeeded(cli(folder.path(), &[&["embed", "teacher", "--json", "--device", "cpu"], texts].concat()));
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let together = embed(&["A cat", "the old cat sat on the red mat"]);
    assert_eq!(
        together[0]["tokens"],
        json!([2, 6, 10, 7, 45, 3]),
        "lower case, word pieces, between start and end, neither cut nor padded"
    );
    let alone = embed(&["A cat"]);
    let numbers = |value: &Value| -> Vec<f64> { value["embedding"].as_array().unwrap().iter().filter_map(Value::as_f64).collect() };
    let (alone, together) = (numbers(&alone[0]), numbers(&together[0]));
    assert_eq!(alone.len(), 16);
    assert!(alone.iter().zip(&together).all(|(a, b)| (a - b).abs() < 1e-5), "{alone:?} {together:?}");
    assert!((alone.iter().map(|value| value * value).sum::<f64>() - 1.0).abs() < 1e-5);
    let table = stdout(&succeeded(cli(folder.path(), &["embed", "teacher", "a cat", "A CAT", "--device", "cpu"])));
    assert!(table.contains("1.0000"), "{table}");
}

/// The student that is written is the student that was measured, with the teacher's tokenizer; after a stop too.
#[test]
fn a_sentence_encoder_is_distilled_into_a_folder_that_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    teacher(folder);
    let kept = ["--keep-best", "2", "--checkpoint-every", "20"];
    let said = stdout(&succeeded(cli(folder, &distil(&[&["--out", "whole"], &kept[..]].concat()))));
    assert!(said.contains("student distilled"), "{said}");
    let config = fs::read_to_string(folder.join("whole/student/config.json")).unwrap();
    assert!(config.contains("\"DistilBertModel\"") && config.contains("\"n_layers\": 2"), "{config}");
    assert!(folder.join("whole/student/1_Pooling/config.json").exists());
    succeeded(cli(folder, &["embed", "whole/student", "a cat", "--json", "--device", "cpu"]));
    let last = metrics(&folder.join("whole")).into_iter().rfind(|line| line["type"] == "evaluated").unwrap();
    let distilled = &last["networks"][2];
    assert_eq!(distilled["accuracy"], distilled["encoder"]["similarity"]);
    assert!(distilled["ece"].is_null(), "embeddings foretell nothing that could be calibrated");
    let card = fs::read_to_string(folder.join("whole/student/README.md")).unwrap();
    let parts = ["library_name: sentence-transformers", "SentenceTransformer(\".\")", "mask).sum(1) / mask.sum(1)", "training examples"];
    for part in parts.into_iter().chain(["nearest other text is the teacher's", "--keep-best 2 --checkpoint-every 20"]) {
        assert!(card.contains(part), "`{part}` is missing in the card: {card}");
    }
    for part in ["base_model", "datasets", "ECE", "labelled examples"] {
        assert!(!card.contains(part), "`{part}` is not known, or not there: {card}");
    }
    let report = fs::read_to_string(folder.join("whole/report.html")).unwrap();
    assert!(report.contains("<h2>1 − mean cosine with the teacher") && report.contains("--keep-best 2 --checkpoint-every 20"), "{report}");
    for part in ["Cross-entropy", "distinct-2", "overage", "in rate", "ECE", "labelled examples"] {
        assert!(!report.contains(part), "`{part}` in the report of a sentence encoder: {report}");
    }
    assert!(distilled["encoder"]["cosine"].as_f64() > last["networks"][1]["encoder"]["cosine"].as_f64(), "{last}");
}

/// A teacher that first learns to foretell masked words, and students that then start from its layers, go on after a stop as if there were none.
#[test]
fn a_resumed_run_of_masked_words_is_the_very_same() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    teacher(folder);
    let masked =
        ["--set", "encoder.objective=masked", "--set", "encoder.adapt_steps=20", "--set", "train.steps=300", "--checkpoint-every", "10"];
    succeeded(cli(folder, &distil(&[&masked[..], &["--out", "whole"]].concat())));
    // In the teacher's phase, and in the students'.
    for (name, checkpoint) in [("early", 1), ("late", 3)] {
        kill(begin_with(folder, &distil(&[&masked[..], &["--json", "--out", name]].concat()), checkpoint));
        assert!(!folder.join(name).join("student").exists());
        succeeded(cli(folder, &["resume", name]));
        assert_eq!(metrics(&folder.join("whole")), metrics(&folder.join(name)));
        for file in ["config.json", "model.safetensors"] {
            let [a, b] = ["whole", name].map(|run| fs::read(folder.join(run).join("student").join(file)).unwrap());
            assert!(a == b, "{file} differs");
        }
    }
    let config = fs::read_to_string(folder.join("whole/student/config.json")).unwrap();
    assert!(config.contains("\"DistilBertForMaskedLM\""), "{config}");
}

/// The same as of a small network, with a text that is mapped from the cache, adapters that learn beside frozen weights, and a part held out.
#[test]
fn an_encoder_that_is_killed_five_times_ends_as_if_it_never_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    teacher(folder);
    let knobs = [
        "student.lora_rank=2",
        "encoder.hidden_weight=1",
        "encoder.attention_weight=1",
        "encoder.relation_weight=1",
        "train.steps=1000",
        "train.accumulate=2",
        "train.validation=0.2",
        "train.patience=100",
        "text.tests=4",
    ];
    let set: Vec<&str> = knobs.iter().flat_map(|knob| ["--set", knob]).collect();
    let more = [&set[..], &["--checkpoint-every", "30", "--keep-best", "2"]].concat();
    killed_five_times(folder, &distil(&more), 60, "student/model.safetensors");
}

/// DistilBERT's numbers with layers of one's choice and narrower embeddings: what is written is an ELECTRA.
#[test]
fn an_encoder_takes_chosen_layers_and_narrower_embeddings() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    teacher(folder);
    let own = ["--data", "text.txt", "--set", "encoder.adapt_steps=10", "--set", "text.context=16", "--set", "student.layers=2"];
    let distil = |more: &[&str]| cli(folder, &[&["run", "distilbert-native"], &SMALL[..], &own, more].concat());
    let narrow = [
        "--set",
        "student.from_layers=3,0",
        "--set",
        "student.embedding=8",
        "--set",
        "train.precision=bf16",
        "--set",
        "encoder.hidden_weight=1",
        "--set",
        "encoder.layer_map=3,0",
        "--out",
        "a",
    ];
    succeeded(distil(&narrow));
    let config = fs::read_to_string(folder.join("a/student/config.json")).unwrap();
    assert!(config.contains("\"ElectraForMaskedLM\"") && config.contains("\"embedding_size\": 8"), "{config}");
    fs::remove_dir_all(folder.join("tokens")).unwrap();
    let refuse = |set: &[&str], parts: &[&str]| {
        let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
        let output = distil(&set);
        assert!(!folder.join("tokens").exists(), "{set:?} is known to be wrong before the text is tokenised");
        assert_eq!(output.status.code(), Some(2), "{set:?}: {}", stderr(&output));
        assert!(parts.iter().all(|part| stderr(&output).contains(part)), "{set:?}: {parts:?} in: {}", stderr(&output));
    };
    refuse(&["student.from_layers=0,4"], &["student.from_layers names layer 4", "0 to 3"]);
    refuse(&["student.from_layers=0,1,2"], &["student.from_layers", "student.layers"]);
    refuse(&["encoder.hidden_weight=1", "encoder.layer_map=1,4"], &["encoder.layer_map", "layer 4", "0 to 3"]);
    refuse(&["encoder.layer_map=0,1,2"], &["encoder.layer_map", "student.layers"]);
    refuse(&["student.embedding=17"], &["16 wide", "student.embedding"]);
    refuse(&["student.embedding=1"], &["student.embedding", "from 2"]);
}

fn name_labels<'a>(data: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let own = ["--data", data, "--set", "text.context=24", "--set", "encoder.adapt_steps=30"];
    [&["run", "minilm-labels"], &SMALL[..], &own, more].concat()
}

/// The second step of distillation: a student that was distilled before learns a task, and what is written names the labels of the data.
#[test]
fn a_distilled_student_is_distilled_once_more_on_labelled_texts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    teacher(folder);
    succeeded(cli(folder, &distil(&["--out", "first"])));
    let learned = ["--student", "first/student", "--checkpoint-every", "10"];
    let said = stdout(&succeeded(cli(folder, &name_labels("rows.csv", &[&learned[..], &["--out", "whole"]].concat()))));
    assert!(said.contains("macro-F1"), "{said}");
    let config = fs::read_to_string(folder.join("whole/student/config.json")).unwrap();
    assert!(config.contains("DistilBertForSequenceClassification") && config.contains("\"0\": \"cold\""), "{config}");
    assert!(!folder.join("whole/student/modules.json").exists(), "a classifier is no sentence encoder");
    let card = fs::read_to_string(folder.join("whole/student/README.md")).unwrap();
    assert!(card.contains("text-classification") && card.contains("AutoModelForSequenceClassification"), "{card}");
    let lines = stdout(&succeeded(cli(folder, &["classify", "whole/student", "the red cat", "an old cat", "--json", "--device", "cpu"])));
    for line in lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let logits: Vec<f64> = line["logits"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        let best = (0..3).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
        assert_eq!(line["label"], ["cold", "old", "warm"][best], "labels in their order: {line}");
    }
    let table = stdout(&succeeded(cli(folder, &["classify", "whole/student", "the red cat", "--device", "cpu"])));
    assert!(table.contains("probability") && table.contains('%'), "{table}");
    // In the teacher's phase, and in the students'.
    for (name, checkpoint) in [("early", 1), ("late", 4)] {
        kill(begin_with(folder, &name_labels("rows.csv", &[&learned[..], &["--json", "--out", name]].concat()), checkpoint));
        succeeded(cli(folder, &["resume", name]));
        assert_eq!(metrics(&folder.join("whole")), metrics(&folder.join(name)));
    }
    // A teacher that knows the labels needs no fine-tuning, and says them by its own numbers.
    let known = ["--teacher", "whole/alone", "--set", "encoder.adapt_steps=0", "--set", "student.layers=1", "--out", "known"];
    let data = ["run", "minilm-labels", "--data", "rows.csv", "--device", "cpu", "--set", "text.context=24", "--set", "train.steps=10"];
    succeeded(cli(folder, &[&data[..], &known].concat()));
}

/// A trimmed encoder says of its text what it said before, and can be distilled; other words are spelled.
#[test]
fn a_trimmed_vocabulary_reads_its_text_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = teacher(folder);
    let process = r#""post_processor": { "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2] }"#;
    let words = tokenizer().replace("\"post_processor\":null", process).replace("\"##q\":", "\"##at\":");
    fs::write(path.join("tokenizer.json"), &words).unwrap();
    let said = stdout(&succeeded(cli(folder, &["trim", "teacher", "--data", "rows.csv", "-o", "small"])));
    // Only `##at` is no single letter, and these texts have cats.
    assert!(said.contains("Kept 58 of 58 tokens"), "{said}");
    fs::write(folder.join("few.jsonl"), "{\"text\": \"a dog\", \"label\": \"one\"}\n").unwrap();
    let said = stdout(&succeeded(cli(folder, &["trim", "teacher", "--data", "few.jsonl", "-o", "smaller"])));
    assert!(said.contains("Kept 57 of 58 tokens"), "{said}");
    let read = |model: &str, text: &str| -> (Value, Vec<f64>) {
        let line: Value =
            serde_json::from_str(&stdout(&succeeded(cli(folder, &["embed", model, text, "--json", "--device", "cpu"])))).unwrap();
        (line["tokens"].clone(), line["embedding"].as_array().unwrap().iter().filter_map(Value::as_f64).collect())
    };
    for text in ["a dog", "one"] {
        let ((_, before), (_, after)) = (read("teacher", text), read("smaller", text));
        assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-6), "{text}: {before:?} {after:?}");
    }
    assert_eq!(read("teacher", "cat").0.as_array().unwrap().len(), 4, "c, ##at between start and end");
    let spelled = read("smaller", "cat").0;
    assert_eq!(spelled.as_array().unwrap().len(), 5, "c, ##a, ##t: {spelled}");
    let made: Value = serde_json::from_str(&fs::read_to_string(folder.join("smaller/tokenizer.json")).unwrap()).unwrap();
    assert_eq!(made["post_processor"]["cls"], json!(["[CLS]", made["model"]["vocab"]["[CLS]"]]));
    let small = ["--set", "train.steps=10", "--set", "text.context=16", "--set", "train.batch_size=4", "--set", "student.layers=2"];
    succeeded(cli(folder, &[&["run", "minilm", "--teacher", "small", "--data", "text.txt", "--device", "cpu"][..], &small].concat()));
    let refused = cli(folder, &["trim", "teacher", "--data", "few.jsonl", "-o", "smaller"]);
    assert!(stderr(&refused).contains("already there"), "{}", stderr(&refused));
    let level = words.replace("\"type\":\"WordPiece\",\"unk_token\"", "\"type\":\"WordLevel\",\"unk_token\"");
    fs::write(path.join("tokenizer.json"), level).unwrap();
    let refused = cli(folder, &["trim", "teacher", "--data", "few.jsonl", "-o", "other"]);
    assert!(stderr(&refused).contains("its tokenizer is WordLevel; only word pieces"), "{}", stderr(&refused));
}

#[test]
fn wrong_labels_are_refused_by_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    teacher(folder);
    let refuse = |args: &[&str], parts: &[&str]| {
        let output = cli(folder, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(parts.iter().all(|part| stderr(&output).contains(part)), "{args:?}: {parts:?} in: {}", stderr(&output));
    };
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("missing.csv", "text,label\na cat,warm\na dog,\n");
    refuse(&name_labels("missing.csv", &[]), &["missing.csv", "line 3", "label is missing"]);
    write("single.tsv", "label\ttext\nwarm\ta cat\nwarm\ta dog\n");
    refuse(&name_labels("single.tsv", &[]), &["every text has the label `warm`"]);
    write("empty.jsonl", "\n");
    refuse(&name_labels("empty.jsonl", &[]), &["no texts"]);
    refuse(&name_labels("rows.csv", &["--test", "empty.jsonl"]), &["empty.jsonl", "no texts"]);
    write("other.csv", "text,label\na cat,tepid\n");
    refuse(&name_labels("rows.csv", &["--test", "other.csv"]), &["line 2", "`tepid`"]);
    refuse(&name_labels("text.txt", &[]), &["line 1", "not JSON"]);
    refuse(&name_labels("rows.csv", &["--set", "encoder.adapt_steps=0"]), &["no head for labels", "encoder.adapt_steps"]);
    refuse(&name_labels("rows.csv", &["--set", "encoder.objective=masked"]), &["encoder.objective", "classes"]);
    refuse(&name_labels("rows.csv", &["--set", "student.lora_rank=2"]), &["student.lora_rank"]);
    refuse(&distil(&["--test", "rows.csv"]), &["--test rows.csv", "task.name=labels"]);
    write("sentences.csv", "sentence,label\na cat,warm\n");
    let sentences = ["run", "minilm", "--teacher", "teacher", "--data", "sentences.csv", "--device", "cpu", "--set", "text.context=16"];
    refuse(&sentences, &["line 1", "minilm-labels"]);
    refuse(&name_labels(".", &[]), &["--data .", "one file"]);
    refuse(&["classify", "teacher", "a cat", "--device", "cpu"], &["no head that names labels"]);
    fs::create_dir(folder.join("stranger")).unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(folder.join("teacher").join(file), folder.join("stranger").join(file)).unwrap();
    }
    write("stranger/tokenizer.json", &tokenizer().replace("\"##q\"", "\"qq\""));
    refuse(&name_labels("rows.csv", &["--student", "stranger"]), &["vocabulary"]);
}

#[test]
fn wrong_encoders_and_settings_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = teacher(folder);
    let refuse = |args: &[&str], part: &str| {
        let output = cli(folder, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{args:?}: `{part}` is missing in: {}", stderr(&output));
    };
    refuse(&distil(&["--set", "encoder.objective=masked"]), "encoder.adapt_steps");
    refuse(&distil(&["--set", "encoder.adapt_steps=10"]), "encoder.adapt_steps");
    refuse(&distil(&["--set", "student.layers=5"]), "4 layers");
    refuse(&distil(&["--set", "text.context=64"]), "can look at 32");
    refuse(&distil(&["--set", "train.batch_size=5"]), "even number");
    refuse(&distil(&["--set", "student.start=random"]), "student.dim=16");
    let other_heads = ["--set", "student.start=random", "--set", "student.dim=16", "--set", "student.heads=4"];
    let maps = ["--set", "encoder.attention_weight=1"];
    refuse(&distil(&[&other_heads[..], &maps].concat()), "the teacher has 2 heads, the student 4: set student.heads=2");
    refuse(&distil(&["--set", "distill.access=logits"]), "distill.access");
    refuse(&["run", "minilm", "--device", "cpu"], "--teacher");
    refuse(&["run", "smollm2", "--teacher", "teacher", "--device", "cpu"], "cannot write");
    refuse(&["embed", "text.txt", "a", "--device", "cpu"], "an encoder is a folder");
    refuse(&["embed", "teacher", "--device", "cpu"], "TEXT");
    fs::write(folder.join("empty.txt"), "\n").unwrap();
    refuse(&["embed", "teacher", "--data", "empty.txt", "--device", "cpu"], "no sentence");
    let config = fs::read_to_string(path.join("config.json")).unwrap();
    fs::write(path.join("config.json"), config.replace("bert", "roberta")).unwrap();
    refuse(&["embed", "teacher", "a", "--device", "cpu"], "`bert`, `distilbert` and `electra`");
    fs::write(path.join("config.json"), &config).unwrap();
    fs::write(path.join("tokenizer.json"), tokenizer().replace("[MASK]", "[HIDE]")).unwrap();
    refuse(&["embed", "teacher", "a", "--device", "cpu"], "[MASK]");
}
