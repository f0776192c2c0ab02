//! Texts that are tokenised once.

use super::encoder::{distil, teacher};
use super::*;

#[test]
fn a_text_is_tokenised_once_and_again_when_it_or_what_was_kept_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    teacher(folder);
    let run = |out: &str| stderr(&succeeded(cli(folder, &distil(&["--set", "train.steps=10", "--out", out]))));
    let said = run("a");
    assert!(said.contains("text.txt is tokenised once, into"), "{said}");
    let said = run("b");
    assert!(!said.contains("tokenised"), "{said}");
    let kept = || fs::read_dir(folder.join("tokens")).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let [file] = &kept()[..] else { panic!("one file: {:?}", kept()) };
    let whole = fs::read(file).unwrap();
    fs::write(file, &whole[..whole.len() / 2]).unwrap();
    let said = run("c");
    assert!(said.contains("what was kept of it is damaged") && fs::read(file).unwrap() == whole, "{said}");
    assert_same(folder, ["a", "b", "c"]);
    let text = fs::read_to_string(folder.join("text.txt")).unwrap();
    fs::write(folder.join("text.txt"), text.replace("cat", "dog")).unwrap();
    let said = run("d");
    assert!(said.contains("(it has changed)"), "{said}");
    assert!(kept().len() == 1 && metrics(&folder.join("d")) != metrics(&folder.join("a")), "another text is another run");
}

fn assert_same(folder: &Path, runs: [&str; 3]) {
    let [first, others @ ..] = runs.map(|run| metrics(&folder.join(run)));
    assert!(others.iter().all(|other| *other == first), "kept tokens are the tokens");
}

#[test]
fn a_text_that_cannot_be_read_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    teacher(folder);
    fs::write(folder.join("text.txt"), b"A line.\nA caf\xe9.\n").unwrap();
    let output = cli(folder, &distil(&["--out", "a"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("line 2 is not UTF-8"), "{}", stderr(&output));
    assert!(!folder.join("a").exists() && fs::read_dir(folder.join("tokens")).unwrap().next().is_none());
    fs::write(folder.join("file"), "").unwrap();
    let output = command(folder, &distil(&["--out", "a"])).env("DISTILLERY_CACHE", folder.join("file/tokens")).output().unwrap();
    assert!(stderr(&output).contains("set DISTILLERY_CACHE to another folder"), "{}", stderr(&output));
}
