//! Peak memory and time of one token-KD step over a large vocabulary:
//! `cargo run --release --example kd_memory -- whole|chunks [checkpointing]`.
//!
//! Shapes are SmolLM2's: a teacher of 30 layers, a student of 15, 49,152 tokens; 8 texts of 128 tokens. Weights are random. Linux.

use std::time::Instant;

use burn::tensor::Tensor;
use distillery::data::text::{Window, novel};
use distillery::data::{self};
use distillery::device::Place;
use distillery::loss::{combine, sequence};
use distillery::method::text::{Reading, Scene, Sequences, Written, large};
use distillery::model::transformer::Context;
use distillery::model::{Trainable, Transformer, TransformerConfig};
use distillery::spec::Experiment;

const VOCAB: usize = 49_152;
const TEXTS: usize = 8;
const SEQ: usize = 128;

/// Megabytes of a line of `/proc/self/status`.
fn memory(line: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.split_whitespace().nth(1)?.parse::<usize>().ok());
    found.unwrap_or(0) / 1024
}

fn main() {
    let chunks = match std::env::args().nth(1).as_deref() {
        Some("chunks") => true,
        Some("whole") => false,
        _ => return eprintln!("say `whole` or `chunks`, and `checkpointing` for burn's gradient checkpointing"),
    };
    let place = Place::cpu().recomputing(std::env::args().any(|argument| argument == "checkpointing"));
    let config = |layers| TransformerConfig::llama(VOCAB, 8192, 576, layers, [9, 3], 1536);
    let (large, small) = (config(30), config(15));
    let teacher = Transformer::build(&large, &large.initial(&mut data::rng(0, "teacher")), &place.inner());
    let student = Transformer::build(&small, &small.initial(&mut data::rng(0, "student")), &place.autodiff());
    let contexts = [&large, &small].map(|config| Context::causal(config, SEQ, &place.inner()));
    let text =
        |text: u32| Written { prompt: vec![text], response: (1..=SEQ as u32).map(|at| (text * 911 + at * 37) % VOCAB as u32).collect() };
    let sequences = Sequences::new(&(0..TEXTS as u32).map(text).collect::<Vec<_>>(), SEQ, VOCAB, &place);
    let experiment = Experiment::from_preset("smollm2", []).expect("a preset");
    let set = novel(&"any text ".repeat(100), Window::default()).expect("long enough");
    let reading = Reading { set, seq: SEQ, longest: SEQ };
    let (teacher, student, speaker) = (&teacher, &student, teacher.clone());
    let scene = Scene {
        experiment: &experiment,
        reading: &reading,
        teachers: None,
        place: &place,
        teacher,
        student,
        speaker: &speaker,
        contexts: &contexts,
        cache: None,
        rows: &[],
        step: 0,
        micro: 0,
        large: chunks,
    };
    let (before, start) = (memory("VmRSS"), Instant::now());
    let total: Tensor<1> = if chunks {
        large::loss(&scene, &sequences, large::Learn::Both).total
    } else {
        let (logits, targets, mask) = (scene.student_logits(&sequences), scene.targets(&sequences), scene.mask(&sequences));
        let hard = sequence::cross_entropy(logits.clone(), targets.clone(), mask.clone());
        let heard = scene.teacher_logits(&sequences);
        let soft = sequence::masked_mean(sequence::soft_rows(heard, logits, targets, &experiment.distill), mask);
        combine(hard, soft, None, None, &experiment.distill)
    };
    let gradients = total.backward();
    let seconds = start.elapsed().as_secs_f64();
    let found = student.output().grad(&gradients).expect("the embedding learns").abs().sum().into_scalar::<f32>();
    println!("{before} MB before, peak {} MB, {seconds:.1} s, sum of the embedding's |gradient| {found:.4}", memory("VmHWM"));
}
