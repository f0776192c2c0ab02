//! Event files for TensorBoard.

use super::python::checked;
use super::*;

#[test]
fn tensorboard_reads_what_the_metrics_hold() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeded(run(folder, "first-light", &["--out", "a"]));
    let said = stdout(&succeeded(cli(folder, &["export-tensorboard", "a"])));
    assert!(said.contains("tensorboard --logdir a/tensorboard"), "{said}");
    for who in ["run", "teacher", "alone", "distilled"] {
        let bytes = fs::read(folder.join("a/tensorboard").join(who).join("events.out.tfevents.0.distillery")).unwrap();
        assert!(bytes.windows(13).any(|window| window == b"brain.Event:2"), "{who}");
    }
    if let Some(said) = checked(folder, "check_tensorboard.py", "a") {
        assert!(said.starts_with("ok") || said.starts_with("SKIPPED"), "{said}");
    }
}

#[test]
fn seeds_get_a_folder_each_and_what_is_no_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeded(run(folder, "first-light", &["--seeds", "2", "--out", "two"]));
    succeeded(cli(folder, &["export-tensorboard", "two", "-o", "logs"]));
    for seed in ["seed-0", "seed-1"] {
        assert!(folder.join("logs").join(seed).join("distilled/events.out.tfevents.0.distillery").exists(), "{seed}");
    }
    let refused = cli(folder, &["export-tensorboard", "logs"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("no run directory"), "{}", stderr(&refused));
}
