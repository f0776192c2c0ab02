//! A run that is cut off loses nothing.

use super::super::*;
use super::{all, last_losses, open, to_the_end};
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

/// A checkpoint of before does not say what its data were, and goes on with those that there are.
#[test_async]
async fn other_data_than_before_are_refused() {
    let with = |data: Option<&str>, test: Option<&str>| Materials { prints: [data, test].map(|print| print.map(String::from)), ..all() };
    let experiment = open(&[]).await.experiment().clone();
    let mut run = Run::new(experiment, &Place::cpu(), &with(Some("data"), Some("test"))).await.unwrap();
    run.advance(5).await.unwrap();
    let bytes = run.save().await.unwrap();
    let resumed = async |data, test| Run::resume(&bytes, &Place::cpu(), &with(data, test)).await.err().map(|error| error.to_string());
    assert_eq!(resumed(Some("data"), Some("test")).await, None);
    for (data, test, part) in
        [(Some("other"), Some("test"), "the data are"), (None, Some("test"), "the data are"), (Some("data"), None, "tested")]
    {
        let error = resumed(data, test).await.expect("refused");
        assert!(error.contains(part) && error.contains("not those that this run began with"), "{error}");
    }
    let said = br#"\"data\":[\"data\",\"test\"]"#;
    let at = bytes.windows(said.len()).position(|window| window == said).expect("it stands in the header");
    let mut before = bytes.clone();
    before[at..at + said.len()].copy_from_slice(br#"\"dato\":[\"data\",\"test\"]"#);
    assert!(Run::resume(&before, &Place::cpu(), &with(Some("other"), None)).await.is_ok());
}

#[test_async]
async fn files_that_are_no_checkpoint_are_refused_by_name() {
    let mut run = open(&[]).await;
    run.advance(15).await.unwrap();
    let bytes = run.save().await.unwrap();
    let refused = async |bytes: &[u8]| {
        let error = Run::resume(bytes, &Place::cpu(), &Materials::default()).await.err().expect("refused");
        (error.code(), error.to_string())
    };
    for length in [100, bytes.len() / 2, bytes.len() - 1] {
        let (code, message) = refused(&bytes[..length]).await;
        assert_eq!(code, "weights_truncated", "{length}: {message}");
        assert!(message.contains("not a readable safetensors file"));
    }
    assert_eq!(refused(b"hello").await.0, "weights_format");
    assert_eq!(refused(b"weights, honestly").await.0, "weights_format");
    let weights = run.weights(Role::Alone, false).await.unwrap();
    let (code, message) = refused(&weights).await;
    assert!(code == "no_checkpoint" && message.contains("distillery.checkpoint"), "{message}");
    let text = String::from_utf8_lossy(&bytes[..2000]).into_owned();
    assert!(text.contains("distillery.checkpoint"), "the experiment stands in the file's metadata");
    let changed = |from: &[u8], to: &[u8]| {
        let mut copy = bytes.clone();
        let at = copy.windows(from.len()).position(|window| window == from).expect("it stands in the header");
        copy[at..at + from.len()].copy_from_slice(to);
        copy
    };
    // What another version calls its fields is not known.
    let older = changed(br#"{\"version\":1,\"experiment\""#, br#"{\"version\":7,\"experimant\""#);
    let (code, message) = refused(&older).await;
    assert!(code == "checkpoint_version" && message.contains("version 7") && message.contains("reads 1"), "{message}");
    assert_eq!(refused(&changed(b"experiment", b"experimant")).await.0, "bad_checkpoint");
    let (code, message) = refused(&changed(br#"\"steps\":30,"#, br#"\"steps\":10,"#)).await;
    assert!(code == "bad_checkpoint" && message.contains("step 15 of 10"), "{message}");
    let mut nan = bytes.clone();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert_eq!(refused(&nan).await.0, "weights_not_finite", "it is told as what it is, not taken for weights");
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
    // A checkpoint of then goes on as that run does, whether its optimiser has begun again or not.
    for (before, after) in [(40, 0), (40, 5)] {
        let mut whole = open(&[]).await;
        whole.advance(before).await.unwrap();
        whole.load_weights(Role::Distilled, &weights).await.unwrap();
        whole.advance(after).await.unwrap();
        let mut again = Run::resume(&whole.save().await.unwrap(), &Place::cpu(), &Materials::default()).await.unwrap();
        let [expected, found] = [last_losses(&to_the_end(&mut whole).await), last_losses(&to_the_end(&mut again).await)];
        assert_eq!(expected, found, "{after} steps after the weights were put in");
    }
    let mut wider = open(&[("student.widths", "7")]).await;
    let error = wider.load_weights(Role::Alone, &weights).await.unwrap_err().to_string();
    assert!(error.contains("dense.0.weight") && error.contains("[2, 6]") && error.contains("[2, 7]"), "{error}");
    assert!(wider.load_weights(Role::Teacher, &weights).await.is_err());
    assert!(wider.advance(5).await.is_ok(), "a refused file leaves the run as it was");
}
