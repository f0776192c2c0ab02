//! Models by their id on the Hub, out of its cache.

use super::encoder::{distil, teacher};
use super::*;

#[test]
fn a_model_of_the_hub_is_taken_from_its_cache_by_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    teacher(folder);
    let id = "some-body/tiny.bert";
    let model = folder.join("hf/hub/models--some-body--tiny.bert");
    fs::create_dir_all(model.join("refs")).unwrap();
    fs::create_dir_all(model.join("snapshots")).unwrap();
    fs::write(model.join("refs/main"), "abc").unwrap();
    fs::rename(folder.join("teacher"), model.join("snapshots/abc")).unwrap();
    let args: Vec<&str> =
        distil(&["--out", "a", "--set", "train.steps=10"]).into_iter().map(|arg| if arg == "teacher" { id } else { arg }).collect();
    succeeded(cli(folder, &args));
    let card = fs::read_to_string(folder.join("a/student/README.md")).unwrap();
    assert!(card.contains("`some-body/tiny.bert`") && card.contains("--teacher some-body/tiny.bert"), "{card}");
    assert!(card.contains("base_model:\n- some-body/tiny.bert\n"), "{card}");
    fs::remove_dir_all(folder.join("a/checkpoints")).unwrap();
    fs::remove_file(folder.join("a/report.html")).unwrap();
    succeeded(cli(folder, &["resume", "a"]));
    succeeded(cli(folder, &["embed", id, "a cat", "--json", "--device", "cpu"]));
    // Where `HF_HUB_CACHE` says, as in Python.
    let (usual, elsewhere) = (folder.join("hf/hub"), folder.join("elsewhere"));
    fs::rename(&usual, &elsewhere).unwrap();
    let mut embed = command(folder, &["embed", id, "a cat", "--json", "--device", "cpu"]);
    succeeded(embed.env("HF_HUB_CACHE", &elsewhere).output().unwrap());
    fs::rename(&elsewhere, &usual).unwrap();
    let refused = cli(folder, &["embed", "some-body/other", "a cat", "--device", "cpu"]);
    assert_eq!(refused.status.code(), Some(1));
    for part in ["no such file or folder", "HF_HUB_OFFLINE", "hf download some-body/other"] {
        assert!(stderr(&refused).contains(part), "`{part}` is missing in: {}", stderr(&refused));
    }
    // A folder of that name wins.
    fs::create_dir(folder.join("some-body")).unwrap();
    fs::rename(model.join("snapshots/abc"), folder.join(id)).unwrap();
    succeeded(cli(folder, &["embed", id, "a cat", "--json", "--device", "cpu"]));
}
