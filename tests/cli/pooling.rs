//! What sentence-transformers keeps beside an encoder: pooling, and where texts are cut.

use serde_json::json;

use super::encoder::{distil, teacher};
use super::*;

/// A `teacher` whose embeddings are the states of first tokens, of texts of at most 20 tokens, as BGE's kind is kept.
fn of_first_tokens(teacher: &Path, normalised: bool) {
    let write = |name: &str, value: Value| fs::write(teacher.join(name), value.to_string()).unwrap();
    let module = |path: &str, kind: &str| json!({ "path": path, "type": format!("sentence_transformers.models.{kind}") });
    let modules = [module("", "Transformer"), module("1_Pooling", "Pooling"), module("2_Normalize", "Normalize")];
    fs::create_dir_all(teacher.join("1_Pooling")).unwrap();
    write("modules.json", modules[..if normalised { 3 } else { 2 }].into());
    write(
        "1_Pooling/config.json",
        json!({ "word_embedding_dimension": 16, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false }),
    );
    write("sentence_bert_config.json", json!({ "max_seq_length": 20, "do_lower_case": false }));
}

/// Pooling and length of sentence-transformers are heeded, and kept by students and trimmed models.
#[test]
fn first_tokens_are_embeddings_where_the_folder_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = teacher(folder);
    let embed = |model: &str, text: &str| -> (usize, Vec<f64>, String) {
        let output = succeeded(cli(folder, &["embed", model, text, "--json", "--device", "cpu"]));
        let line: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let numbers = line["embedding"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        (line["tokens"].as_array().unwrap().len(), numbers, stderr(&output))
    };
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
    let long = "the old cat sat on the red mat";
    let (length, mean, _) = embed("teacher", "a cat");
    assert!(length < 20 && embed("teacher", long).0 == 25);
    of_first_tokens(&path, true);
    let (_, first, said) = embed("teacher", "a cat");
    assert!(!near(&mean, &first) && !said.contains("Normalize"), "{said}");
    assert_eq!(embed("teacher", long).0, 20);

    succeeded(cli(folder, &["trim", "teacher", "--data", "text.txt", "-o", "small"]));
    assert!(near(&embed("small", "a cat").1, &first));
    assert_eq!(embed("small", long).0, 20);

    let run = |out: &str, more: &[&str]| succeeded(cli(folder, &distil(&[&["--out", out, "--set", "train.steps=10"], more].concat())));
    run("layers", &[]);
    run("fresh", &["--set", "student.start=random", "--set", "student.dim=16", "--set", "student.heads=2"]);
    let said = stderr(&run("longer", &["--set", "text.context=24"]));
    assert!(said.contains("the teacher's texts are cut to 20 tokens"), "{said}");
    for (name, longest) in [("layers", 20), ("fresh", 20), ("longer", 24)] {
        let read = |file: &str| -> Value {
            serde_json::from_str(&fs::read_to_string(folder.join(name).join("student").join(file)).unwrap()).unwrap()
        };
        let pooling = read("1_Pooling/config.json");
        assert_eq!((&pooling["pooling_mode_cls_token"], &pooling["pooling_mode_mean_tokens"]), (&json!(true), &json!(false)), "{name}");
        assert_eq!(read("sentence_bert_config.json")["max_seq_length"], longest, "{name}");
        assert_eq!(read("tokenizer_config.json")["model_max_length"], longest, "{name}");
        assert_eq!(read("modules.json").as_array().unwrap().len(), 3, "{name}");
        assert_eq!(embed(&format!("{name}/student"), long).0, longest);
        let card = fs::read_to_string(folder.join(name).join("student/README.md")).unwrap();
        assert!(card.contains("normalize(states[:, 0], dim=1)") && !card.contains("mask).sum(1)"), "{card}");
    }

    of_first_tokens(&path, false);
    let (_, as_before, said) = embed("teacher", "a cat");
    assert!(near(&as_before, &first) && said.contains("no Normalize") && said.contains("cosines"), "{said}");
    fs::write(path.join("1_Pooling/config.json"), r#"{"pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": false}"#).unwrap();
    let refused = cli(folder, &["embed", "teacher", "a cat", "--device", "cpu"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        ["teacher", "`pooling_mode_max_tokens` is true", "remove modules.json"].iter().all(|part| stderr(&refused).contains(part)),
        "{}",
        stderr(&refused)
    );
}
