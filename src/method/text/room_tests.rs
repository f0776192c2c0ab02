//! How much room texts get: as much as an example of a file needs, and in the tasks that the program brings as much as ever.

use super::large_tests::Stage;
use super::*;
use crate::data::Tokenizer;
use crate::data::text::{self as texts, JsonlOptions, TextSet, Window};
use crate::device::testing::{test, test_async};
use crate::device::{Place, read};
use crate::model::transformer::Context;
use crate::model::{Trainable, Transformer, TransformerConfig};
use crate::spec::Experiment;

/// Bytes of prompt and response. Together with the stop byte the longest has 41.
const LENGTHS: [[usize; 2]; 6] = [[30, 3], [4, 36], [5, 5], [30, 10], [2, 2], [3, 4]];

/// A file whose longest prompt and longest response are of two examples.
fn mixed() -> TextSet {
    let line = |[prompt, response]: [usize; 2]| {
        format!("{{\"prompt\": \"{}\", \"completion\": \"{}\"}}\n", "p".repeat(prompt), "r".repeat(response))
    };
    texts::jsonl(&LENGTHS.map(line).concat(), Tokenizer::Bytes, &JsonlOptions::new(0, 41)).unwrap().set
}

fn sizes(set: TextSet) -> [usize; 3] {
    let reading = Reading::new(set);
    [reading.seq, reading.longest, reading.positions()]
}

/// Their numbers are written down: another padding would round otherwise, another limit sample other texts.
#[test]
fn the_tasks_that_are_brought_have_the_room_that_their_numbers_were_measured_with() {
    for seed in [0, 1, 7] {
        assert_eq!(sizes(texts::grammar(seed, 4000)), [24, 19, 25]);
        assert_eq!(sizes(texts::arithmetic(seed)), [11, 6, 12]);
        assert_eq!(sizes(texts::names(texts::NAMES, seed).unwrap()), [12, 12, 13]);
    }
    let novel = texts::novel(texts::NOVEL, Window::default()).unwrap();
    assert_eq!(sizes(novel.clone()), [66, 51, 67]);
    for set in [texts::grammar(0, 4000), texts::arithmetic(0), novel] {
        let reading = Reading::new(set);
        let prompts = reading.set.train.iter().chain(&reading.set.test).map(|example| example.prompt.len());
        assert!(prompts.into_iter().all(|prompt| reading.limit(prompt) == reading.longest), "no prompt shortens a text");
        assert_eq!(reading.padding().of(&[Written { prompt: vec![1], response: vec![1] }]), reading.seq);
    }
}

#[test]
fn a_file_takes_the_room_of_its_longest_example_and_what_is_written_what_a_prompt_leaves() {
    let reading = Reading::new(mixed());
    assert_eq!((reading.context(), reading.longest), (41, 39), "not 30 of one example and 39 of another");
    assert_eq!([2, 4, 30, 40, 41].map(|prompt| reading.limit(prompt)), [39, 37, 11, 1, 0]);
    let windows = Reading::new(texts::windows(&"any text ".repeat(40), Tokenizer::Bytes, 16).unwrap());
    assert_eq!((windows.context(), windows.limit(2)), (16, 14), "a window has no end, and nothing is written beyond it");
}

/// As a run of `mixed` has it, with networks that have no position to spare.
fn stage() -> Stage {
    let place = Place::cpu();
    let reading = Reading::new(mixed());
    let config = TransformerConfig::llama(256, reading.context(), 8, 1, [2, 1], 12);
    let build = |who, device| Transformer::build(&config, &config.initial(&mut crate::data::rng(1, who)), &device);
    Stage {
        teacher: build("teacher", place.inner()),
        student: build("student", place.autodiff()),
        speaker: build("student", place.inner()),
        contexts: [0, 1].map(|_| Context::causal(&config, reading.seq, &place.inner())),
        reading,
        place,
    }
}

#[test_async]
async fn a_batch_is_padded_as_far_as_its_own_longest_text_and_costs_the_same() {
    let stage = stage();
    let experiment = Experiment::from_preset("grammar", [("distill.temperature", "2")]).unwrap();
    let train = &stage.reading.set.train;
    let short: Vec<usize> = (0..train.len()).filter(|row| train.tokens(*row).iter().sum::<usize>() < 16).collect();
    assert!(short.len() > 1, "the file has short examples");
    let scene = stage.scene(&experiment, &short, false);
    assert_eq!(scene.sequences(&scene.data()).seq, 16);
    let mut losses = Vec::new();
    for room in [texts::Room::Example, texts::Room::Apart] {
        let mut reading = stage.reading.clone();
        reading.set.room = room;
        let scene = Scene { reading: &reading, ..stage.scene(&experiment, &short, false) };
        losses.push(read(token_kd::loss(&scene).total.inner()).await.unwrap()[0]);
    }
    assert!((losses[0] - losses[1]).abs() < 1e-5, "{losses:?}: padding changes nothing");
    let all: Vec<usize> = (0..train.len()).collect();
    assert_eq!(stage.scene(&experiment, &all, false).sequences(&stage.scene(&experiment, &all, false).data()).seq, stage.reading.seq);
}

/// A prompt that is nearly as long as the context is answered, however long the responses of others are.
#[test_async]
async fn every_method_finds_room_for_what_it_samples() {
    let stage = stage();
    let rows: Vec<usize> = (0..stage.reading.set.train.len()).collect();
    for preset in ["seq-kd", "gkd", "distillm", "distillm-2", "minillm", "dpkd"] {
        let turned = [("text.sft_steps", "0"), ("text.student_share", "1"), ("text.share_start", "1")];
        let experiment = Experiment::from_preset(preset, turned).unwrap();
        let mut memory = Memory::new(&experiment.text);
        let parts = loss(&stage.scene(&experiment, &rows, false), &mut memory).await.unwrap();
        assert!(read(parts.total.inner()).await.unwrap()[0].is_finite(), "{preset}");
        let texts = memory.replay.iter().chain(memory.rollouts.iter().flat_map(|rollouts| rollouts.texts()));
        assert!(texts.into_iter().all(|text| text.tokens() <= stage.reading.context()), "{preset}");
    }
}

#[test]
fn texts_of_a_checkpoint_that_are_longer_than_there_is_room_now_are_let_go() {
    let text = |tokens: usize| Written { prompt: vec![1], response: vec![1; tokens - 1] };
    let memory = Memory { replay: vec![text(41), text(42), text(3)], ..Memory::default() };
    assert_eq!(memory.within(41).replay, [text(41), text(3)]);
}
