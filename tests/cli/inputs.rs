//! Inputs that are wrong: one clear message, exit code 2, nothing left behind.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};

use super::*;

/// The command is refused, and its message holds all parts.
fn refused(folder: &Path, args: &[&str], parts: &[&str]) {
    let output = cli(folder, args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
    for part in parts {
        assert!(said.contains(part), "{args:?}: `{part}` is missing in: {said}");
    }
    assert_eq!(stdout(&output), "", "{args:?}");
    assert!(!folder.join("runs").exists(), "{args:?} left a run directory behind");
}

#[test]
fn names_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cases: [(&[&str], &[&str]); 22] = [
        (&["run", "first-ligth"], &["first-ligth", "Did you mean `first-light`?", "all-labels"]),
        (&["run", "plane", "--set", "distill.temprature=3"], &["distill.temprature", "Did you mean `distill.temperature`?"]),
        (&["run", "plane", "--set", "distill.temperature=900"], &["distill.temperature", "900", "from 0.5 to 50"]),
        (&["run", "plane", "--set", "distill.temperature=hot"], &["distill.temperature", "hot", "from 0.5 to 50"]),
        (&["run", "plane", "--set", "distill.temperature"], &["KEY=VALUE", "describe knobs"]),
        (&["run", "plane", "--set", "student.kind=cnn"], &["student.kind", "a CNN needs images"]),
        (&["run", "plane", "--device", "gpu"], &["gpu", "vulkan"]),
        (&["run", "plane", "--device", "remote:gpu"], &["`gpu` is no HOST:PORT", "remote:192.168.1.5:3000"]),
        (&["serve-device", "--listen", "nowhere", "--device", "cpu"], &["--listen nowhere", "127.0.0.1:3000"]),
        (&["run", "plane", "--device", "cpu,cpu"], &["decoders and encoders alone learn on several devices"]),
        (&["run", "grammar", "--device", "cpu,cpu"], &["2 devices share the micro-batches", "train.accumulate=2"]),
        (&["self-test", "--device", "cpu,cpu"], &["name one here"]),
        (&["pretrain", "digits", "-o", "x", "--device", "cpu,cpu"], &["name one here"]),
        (&["run", "plane", "--seeds", "0"], &["--seeds", "1..=1000"]),
        (&["run", "plane", "--seeds", "9", "--set", "seed=4294967290"], &["--seeds 9", "seed=4294967287 or less"]),
        (&["run", "plane", "--checkpoint-every", "0"], &["--checkpoint-every"]),
        (&["describe", "temprature"], &["did you mean `distill.temperature`?"]),
        (&["run", "novel", "--data", "gone.txt"], &["--data gone.txt", "No such file"]),
        (&["resume", "nowhere"], &["nowhere"]),
        (&["resume", "."], &["is no run directory"]),
        (&["compare", "nowhere"], &["nowhere"]),
        (&["pretrain", "digits", "-o", "x", "--set", "task.name=fashion"], &["task.name", "leave them out"]),
    ];
    for (args, parts) in cases {
        refused(folder, args, parts);
    }
    let other = if cfg!(target_os = "macos") { "vulkan" } else { "metal" };
    refused(folder, &["run", "plane", "--device", other], &[other, "use "]);
    let built = if cfg!(feature = "remote") { "distillery serve-device" } else { "--features remote" };
    refused(folder, &["run", "plane", "--device", "remote:127.0.0.1:1"], &["remote", built]);
}

#[test]
fn a_knob_without_effect_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let said = stderr(&succeeded(run(
        folder.path(),
        "first-light",
        &["--set", "text.samples=5", "--set", "distill.temperature=2", "--set", "task.shape=rings", "--set", "text.context=64"],
    )));
    for part in [
        "--set text.samples=5 has no effect here: it needs",
        "--set task.shape=rings has no effect here: it needs task.name=plane",
        "--set text.context=64 has no effect here: it needs task.name=novel|jsonl|labels, or student.kind=encoder",
    ] {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
    assert!(!said.contains("temperature"), "a knob with effect is no note: {said}");
    let file = "version = 1\npreset = \"first-light\"\n[text]\nsamples = 5\n[distill]\ntemperature = 2.0\n";
    fs::write(folder.path().join("mine.toml"), file).unwrap();
    let said = stderr(&succeeded(run(folder.path(), "mine.toml", &[])));
    assert!(said.contains("note: text.samples=5 has no effect here: it needs") && !said.contains("temperature"), "{said}");
}

#[test]
fn experiment_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cases: [(&str, &[u8], &[&str]); 17] = [
        ("a.toml", b"version = 1\n[task\nname = \"digits\"", &["a.toml", "line 2 column 6"]),
        (
            "b.toml",
            b"version = 1\n[distill]\ntemprature = 3.0",
            &["b.toml", "temprature", "line 3 column 1", "did you mean `distill.temperature`?"],
        ),
        ("c.toml", b"version = 1\nseed = \"one\"", &["c.toml", "line 2 column 8", "seed: `one` is not allowed", "without quotes"]),
        ("d.toml", b"seed = 1", &["d.toml", "version = 1"]),
        ("e.toml", b"version = 7", &["e.toml", "version 7", "reads version 1"]),
        ("f.toml", b"version = 1\n[distill]\nalpha = 3.0", &["f.toml", "distill.alpha", "from 0 to 1"]),
        ("g.toml", b"version = 1\npreset = \"first-ligth\"", &["g.toml", "Did you mean `first-light`?"]),
        ("h.json", b"{\"version\": 1,\n\"seed\": 3,,}", &["h.json", "line 2 column 11"]),
        ("i.json", b"{\"version\": 1,\n\"tasks\": {}}", &["i.json", "tasks", "line 2", "did you mean `task`?"]),
        ("j.json", b"\xff\xfe\x00", &["j.json", "not a text file"]),
        ("k.yaml", b"version: 1", &["k.yaml", ".json or .toml"]),
        (
            "l.toml",
            b"version = 1\n[train]\nsteps = \"20\"",
            &["l.toml", "train.steps: `20`", "a whole number", "without quotes", "line 3 column 9"],
        ),
        ("m.toml", b"version = 1\n[run]\nteachr = \"a\"", &["m.toml", "line 3 column 1", "did you mean `run.teacher`?"]),
        ("n.toml", b"version = 1\n[run]\ndevice = \"gpu\"", &["n.toml", "line 3 column 10", "vulkan"]),
        ("o.json", b"{\"version\": 1,\n\"run\": {\"seeds\": \"3\"}}", &["o.json", "line 2", "invalid type: string \"3\""]),
        ("p.toml", b"version = 1\n[run]\nkeep_best = 101", &["p.toml", "run.keep_best: 101", "from 0 to 100"]),
        ("q.toml", b"version = 1\n[run]\ndata = \"none.txt\"", &["none.txt"]),
    ];
    for (name, text, parts) in cases {
        fs::write(folder.join(name), text).unwrap();
        refused(folder, &["run", name], parts);
    }
    refused(folder, &["run", "missing.toml"], &["missing.toml"]);
}

/// A recipe says what differs from its preset, and what else is to be typed.
#[test]
fn a_recipe_is_its_preset_and_its_table_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("recipes")).unwrap();
    let recipe = "version = 1\npreset = \"omitted-class\"\n[train]\nsteps = 20\n[run]\nout = \"../a\"\ndevice = \"cpu\"\ncheckpoint_every = 10\nkeep_best = 1\n";
    fs::write(folder.join("recipes/short.toml"), recipe).unwrap();
    succeeded(cli(folder, &["run", "recipes/short.toml"]));
    succeeded(cli(
        folder,
        &["run", "omitted-class", "--set", "train.steps=20", "--device", "cpu", "--out", "b", "--checkpoint-every", "10"],
    ));
    assert_eq!(metrics(&folder.join("a")), metrics(&folder.join("b")));
    assert_eq!(checkpoints(&folder.join("a")), checkpoints(&folder.join("b")));
    assert!(folder.join("a/best/scores.json").exists(), "keep_best was read");
    succeeded(cli(folder, &["run", "recipes/short.toml", "--out", "c", "--keep-best", "0", "--set", "train.steps=1"]));
    assert!(folder.join("c").exists() && !folder.join("c/best").exists(), "flags go before the file");
    // A file of text is not what this task reads: it was looked for beside the recipe.
    fs::write(folder.join("recipes/beside.toml"), "version = 1\n[run]\ndevice = \"cpu\"\ndata = \"text.txt\"\n").unwrap();
    fs::write(folder.join("recipes/text.txt"), "words").unwrap();
    refused(folder, &["run", "recipes/beside.toml"], &["this task takes no data files"]);
}

#[test]
fn directories() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeded(run(folder, "first-light", &["--out", "a"]));
    let before = fs::read(folder.join("a/metrics.jsonl")).unwrap();
    refused(folder, &tiny("first-light", &["--out", "a"]), &["a holds a run already", "choose another --out", "distillery resume a"]);
    refused(folder, &tiny("first-light", &["--out", "a", "--seeds", "2"]), &["a holds a run already"]);
    assert_eq!(fs::read(folder.join("a/metrics.jsonl")).unwrap(), before);
    refused(folder, &["run", "a"], &["distillery resume a", "a/experiment.json"]);
    fs::write(folder.join("file"), b"").unwrap();
    for out in ["file", "file/a"] {
        refused(folder, &tiny("first-light", &["--out", out]), &[&format!("cannot write {out}"), "is a file", "choose another --out"]);
    }
    fs::write(folder.join("a/metrics.jsonl"), b"{\n{}\n").unwrap();
    refused(folder, &["report", "a"], &["metrics.jsonl", "line 1"]);
    fs::write(folder.join("a/run.json"), b"{").unwrap();
    refused(folder, &["report", "a"], &["run.json", "line 1"]);
}

/// IDX bytes: big-endian header, then pixels or labels.
fn idx(magic: u32, sizes: &[u32], body: impl Iterator<Item = u8>) -> Vec<u8> {
    let header = [magic].into_iter().chain(sizes.iter().copied()).flat_map(u32::to_be_bytes);
    header.chain(body).collect()
}

fn write_set(folder: &Path, name: &str, rows: u32) {
    let images = idx(2051, &[rows, 6, 6], (0..rows * 36).map(|i| (i * 37 % 251) as u8));
    let labels = idx(2049, &[rows], (0..rows).map(|row| (row % 10) as u8));
    fs::write(folder.join(format!("{name}-images-idx3-ubyte")), images).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&labels).unwrap();
    fs::write(folder.join(format!("{name}-labels.idx1-ubyte.gz")), packed.finish().unwrap()).unwrap();
}

#[test]
fn data_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = folder.join("data");
    fs::create_dir(&data).unwrap();
    let fashion = |more: &[&'static str]| {
        let small = ["--data", "data", "--set", "teacher.kind=mlp", "--set", "student.kind=mlp", "--set", "student.widths=8"];
        tiny("fashion", &[&small[..], more].concat())
    };
    refused(folder, &fashion(&[]), &["train-images-idx3-ubyte", "missing", "data"]);
    write_set(&data, "train", 60);
    refused(folder, &fashion(&[]), &["t10k-images-idx3-ubyte", "missing"]);
    write_set(&data, "t10k", 20);
    refused(folder, &["run", "first-light", "--device", "cpu", "--data", "data"], &["task.name=fashion"]);
    // No shipped teacher has seen images of this size.
    refused(folder, &["run", "fashion", "--device", "cpu", "--data", "data"], &[]);

    let said = stdout(&succeeded(cli(folder, &fashion(&["--out", "a"]))));
    assert!(said.contains("20 test rows"), "{said}");
    fs::remove_dir_all(folder.join("a/checkpoints")).unwrap();
    unfinish(&folder.join("a"));
    let again = stdout(&succeeded(cli(folder, &["resume", "a"])));
    assert_eq!(again, said, "resume remembers the folder");
    let moved = folder.join("moved");
    fs::rename(&data, &moved).unwrap();
    unfinish(&folder.join("a"));
    refused(folder, &["resume", "a"], &["data", "No such file"]);
    succeeded(cli(folder, &["resume", "a", "--data", "moved"]));
    fs::rename(&moved, &data).unwrap();
    fs::create_dir(&moved).unwrap();
    write_set(&moved, "train", 60);
    write_set(&moved, "t10k", 30);
    unfinish(&folder.join("a"));
    refused(folder, &["resume", "a"], &["--data", "moved", "not those that this run began with"]);

    let labels = data.join("train-labels.idx1-ubyte.gz");
    let packed = fs::read(&labels).unwrap();
    fs::write(&labels, &packed[..packed.len() - 9]).unwrap();
    refused(folder, &fashion(&[]), &["train-labels.idx1-ubyte.gz", "truncated gzip"]);
    fs::write(&labels, idx(2049, &[60], std::iter::repeat_n(77, 60))).unwrap();
    refused(folder, &fashion(&[]), &["data", "train-labels.idx1-ubyte.gz", "label 77 in row 0", "from 0 to 9"]);
    refused(folder, &tiny("fashion", &["--data", "file.bin"]), &["file.bin", "four IDX files"]);
    refused(folder, &tiny("fashion", &["--data", labels.to_str().unwrap()]), &["name the folder"]);
    refused(folder, &tiny("plane", &["--data", "data"]), &["--data data", "brings its own"]);
}

#[test]
fn a_run_that_explodes_fails_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "--set",
        "train.optimizer=sgd",
        "--set",
        "train.lr=1",
        "--set",
        "train.momentum=0.99",
        "--set",
        "distill.divergence=logit_mse",
        "--set",
        "distill.temperature=50",
        "--set",
        "train.steps=1000",
        "--out",
        "a",
    ];
    let output = run(folder.path(), "first-light", &args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no longer finite") && said.contains("lower distill.temperature (now 50)"), "{said}");
    // It would diverge again from its checkpoints, and with another setting it is another run.
    let anew = "distillery run a/experiment.json --set distill.temperature=5";
    assert!(said.contains(anew) && !said.contains("distillery resume"), "{said}");
    let file = folder.path().join("a/experiment.json");
    run(folder.path(), file.to_str().unwrap(), &["--set", "distill.temperature=5", "--set", "train.steps=1", "--out", "b"]);
    assert!(folder.path().join("b/student.safetensors").exists(), "what is advised can be done");
}
