//! A run that is cut off loses nothing.

use super::super::*;
use super::{last_losses, open, to_the_end};
use crate::device::Place;
use crate::device::testing::test_async;

/// Trains to the end once without and once with a checkpoint at `at`; the last losses of both.
async fn interrupted(set: &[(&str, &str)], at: usize) -> [Vec<LossParts>; 2] {
    let mut whole = open(set).await;
    let expected = last_losses(&to_the_end(&mut whole).await);
    let mut first = open(set).await;
    first.advance(at).await.unwrap();
    let bytes = first.save().await.unwrap();
    drop(first);
    let mut second = Run::resume(&bytes, &Place::cpu(), &Materials::default()).await.unwrap();
    [expected, last_losses(&to_the_end(&mut second).await)]
}

#[test_async]
async fn a_resumed_run_reaches_the_very_same_numbers() {
    let sgd = [("train.optimizer", "sgd"), ("train.schedule", "cosine"), ("train.clip", "1")];
    let together = [("teacher.schedule", "together"), ("teacher.count", "2")];
    let hint = [("distill.hint_weight", "1")];
    for (name, set, at) in [("AdamW", &[][..], 43), ("SGD", &sgd, 43), ("teacher together", &together, 13), ("hint", &hint, 43)] {
        let [expected, found] = interrupted(set, at).await;
        assert_eq!(expected, found, "{name}, in the students' phase");
    }
    let [expected, found] = interrupted(&[], 12).await;
    assert_eq!(expected, found, "in the teacher's phase");
    let [expected, found] = interrupted(&[], 0).await;
    assert_eq!(expected, found, "before the first step");
}

#[test_async]
async fn a_checkpoint_keeps_the_live_knobs_as_they_were_turned() {
    let mut run = open(&[]).await;
    run.advance(35).await.unwrap();
    run.set("distill.temperature", "9").unwrap();
    let run = Run::resume(&run.save().await.unwrap(), &Place::cpu(), &Materials::default()).await.unwrap();
    assert_eq!(run.experiment().distill.temperature, 9.0);
    assert!(run.restored().iter().any(|event| matches!(event, Event::Evaluated { step: 5, .. })), "the page can show where it stands");
}

#[test_async]
async fn files_that_are_no_checkpoint_are_refused_by_name() {
    let mut run = open(&[]).await;
    run.advance(5).await.unwrap();
    let bytes = run.save().await.unwrap();
    let refused = async |bytes: &[u8]| Run::resume(bytes, &Place::cpu(), &Materials::default()).await.err().expect("refused").to_string();
    assert!(refused(&bytes[..bytes.len() / 2]).await.contains("not a readable safetensors file"));
    assert!(refused(b"hello").await.contains("not a readable safetensors file"));
    let weights = run.weights(Role::Alone, false).await.unwrap();
    assert!(refused(&weights).await.contains("distillery.checkpoint"));
    let text = String::from_utf8_lossy(&bytes[..2000]).into_owned();
    assert!(text.contains("distillery.checkpoint"), "the experiment stands in the file's metadata");
    let older: Vec<u8> = {
        let mut copy = bytes.clone();
        let needle = br#"{\"version\":1,\"experiment\""#;
        let at = copy.windows(needle.len()).position(|window| window == needle).expect("the version is in the header");
        copy[at + 13] = b'7';
        copy
    };
    assert!(refused(&older).await.contains("version 7"));
}

#[test_async]
async fn weights_move_from_one_run_to_another() {
    let mut run = open(&[]).await;
    to_the_end(&mut run).await;
    let weights = run.weights(Role::Distilled, false).await.unwrap();
    let Some(Event::Finished { outcome, .. }) = run.restored().pop() else { panic!("a finished run says so") };
    let mut other = open(&[]).await;
    let Event::Evaluated { networks, .. } = other.load_weights(Role::Alone, &weights).await.unwrap() else { panic!() };
    let alone = networks.iter().find(|network| network.role == Role::Alone).unwrap();
    assert_eq!(alone.accuracy, outcome.distilled, "the same weights know the same");
    let mut wider = open(&[("student.widths", "7")]).await;
    let error = wider.load_weights(Role::Alone, &weights).await.unwrap_err().to_string();
    assert!(error.contains("dense.0.weight") && error.contains("[2, 6]") && error.contains("[2, 7]"), "{error}");
    assert!(wider.load_weights(Role::Teacher, &weights).await.is_err());
    assert!(wider.advance(5).await.is_ok(), "a refused file leaves the run as it was");
}
