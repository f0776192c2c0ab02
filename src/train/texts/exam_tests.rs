//! How far texts are padded changes nothing that is measured.

use super::exam::{Exam, Sizes};
use crate::data::Tokenizer;
use crate::data::text::{JsonlOptions, Room, TextSet, jsonl};
use crate::device::Place;
use crate::device::testing::test_async;
use crate::method::text::{Reading, Written};
use crate::model::transformer::Context;
use crate::model::{Trainable, Transformer, TransformerConfig};
use crate::spec::Experiment;
use crate::train::evaluation::Evaluation;
use crate::train::event::ROLES;

/// Texts of the test are short, those that are learned take 50 tokens.
fn set() -> TextSet {
    let read = |completion: &str| {
        let line = format!("{{\"prompt\": \"p?\", \"completion\": \"{completion}\"}}\n");
        jsonl(&line.repeat(12), Tokenizer::Bytes, &JsonlOptions::new(0, 60)).unwrap().set
    };
    TextSet { train: read(&"c".repeat(47)).train, ..read("ccc") }
}

async fn measured(room: Room) -> (usize, Vec<Evaluation>) {
    let place = Place::cpu();
    let mut reading = Reading::new(set());
    reading.set.room = room;
    let config = TransformerConfig::llama(256, reading.context(), 8, 1, [2, 1], 12);
    let net = |who| Transformer::build(&config, &config.initial(&mut crate::data::rng(1, who)), &place.inner());
    let networks = ROLES.map(|role| (role, 0, net(role.name())));
    let contexts = [0, 1].map(|_| Context::causal(&config, reading.seq, &place.inner()));
    let experiment = Experiment::from_preset("dpkd", [("task.name", "jsonl"), ("text.samples", "2")]).unwrap();
    let sizes = Sizes { tests: 8, samples: 2, exposure: true, mean_response: 3 };
    let mut exam = Exam::new(&reading, 256, &sizes, &place);
    let found = exam.examine(&experiment, &reading.set, &contexts, &networks, false, &place).await.unwrap();
    let tests: Vec<_> = reading.set.test.iter().map(|example| Written::example(&example, reading.set.end())).collect();
    (reading.padding().of(&tests), found)
}

#[test_async]
async fn networks_are_measured_alike_however_far_texts_are_padded() {
    let ((short, own), (long, room)) = (measured(Room::Example).await, measured(Room::Apart).await);
    assert_eq!((short, long), (16, 49), "no text of the test is as long as one that is learned");
    let numbers = |found: &Evaluation| {
        let text = found.text.clone().expect("it is measured as text");
        let kl = [text.forward_kl, text.reverse_kl, text.preferred].map(|value| value.unwrap_or(0.0));
        [&[found.loss, found.accuracy, found.ece.unwrap(), text.length][..], &kl, &text.excess].concat()
    };
    for (own, room) in own.iter().zip(&room) {
        let (own, room) = (numbers(own), numbers(room));
        assert!(own.len() == room.len() && own.iter().zip(&room).all(|(a, b)| (a - b).abs() < 1e-4 * b.abs().max(1.0)), "{own:?} {room:?}");
    }
}
