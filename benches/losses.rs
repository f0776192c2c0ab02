//! What losses cost, forward and backward to the student's logits, on the CPU backend: `cargo bench --bench losses [-- PART OF A NAME]`.
//! Rows are random. Criterion keeps what it measured in the target folder and says by how much the next run differs.

use std::hint::black_box;

use burn::tensor::{Int, Tensor, TensorData};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use distillery::data::rng;
use distillery::device::{Place, read};
use distillery::loss::{chunked::chunked, policy, preference, representations, sequence, soft, uld};
use distillery::spec::{Distill, Experiment, Preference, knobs};
use pollster::block_on;
use rand::RngExt;

/// A batch of images, and the tokens of 8 texts of 64: rows and classes.
const SHAPES: [[usize; 2]; 2] = [[128, 10], [512, 4_096]];
/// Rows that are taken at once where the vocabulary is large.
const CHUNK: usize = 256;
const WIDTH: usize = 128;

fn values(name: &str, count: usize) -> Vec<f32> {
    let mut random = rng(0, name);
    (0..count).map(|_| random.random_range(-4.0..4.0)).collect()
}

fn rows(name: &str, [rows, columns]: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values(name, rows * columns), [rows, columns]), &Place::cpu().inner())
}

/// The gradient of a loss of the student, which ends what was begun on any device.
fn gradient(student: &Tensor<2>, loss: impl FnOnce(Tensor<2>) -> Tensor<1>) -> Vec<f32> {
    let student = Tensor::from_inner(student.clone()).require_grad();
    let mut gradients = loss(student.clone()).backward();
    block_on(read(student.grad_remove(&mut gradients).expect("the student learns"))).expect("the CPU backend")
}

fn distill(divergence: &str, access: &str) -> Distill {
    let set = [("distill.divergence", divergence), ("distill.access", access), ("distill.top_k", "5")];
    Experiment::from_preset("first-light", set).expect("a divergence and an access").distill
}

fn divergences(criterion: &mut Criterion) {
    let knobs::Kind::Choice { options } = knobs::find("distill.divergence").expect("a knob").kind else { unreachable!("a choice") };
    for shape in SHAPES {
        let mut group = criterion.benchmark_group(format!("{} rows of {}", shape[0], shape[1]));
        group.sample_size(20);
        let [teacher, student, targets] = ["teacher", "student", "targets"].map(|name| rows(name, shape));
        for (divergence, access) in options.iter().map(|name| (*name, "logits")).chain([("forward_kl", "top_k")]) {
            let distill = distill(divergence, access);
            let loss = |logits| soft::soft_loss(teacher.clone(), logits, targets.clone(), &distill);
            let id = if access == "logits" { divergence.into() } else { format!("{divergence}, {access}") };
            group.bench_function(id, |bencher| bencher.iter(|| black_box(gradient(&student, loss))));
        }
        let sorted = uld::sorted_probabilities(&values("teacher", shape[0] * shape[1]), shape[1]);
        let sorted = Tensor::<2>::from_data(TensorData::new(sorted, shape), &Place::cpu().inner());
        let ranks = uld::ranks(&values("student", shape[0] * shape[1]), shape[1]);
        let ranks = Tensor::<2, Int>::from_data(TensorData::new(ranks, shape), &Place::cpu().inner());
        let loss = |logits| uld::uld_rows(sorted.clone(), logits, ranks.clone()).mean();
        group.bench_function("uld, sorted beforehand", |bencher| bencher.iter(|| black_box(gradient(&student, loss))));
    }
}

/// What a student copies of its teacher's inside, 8 texts of 64 tokens and 4 heads, and what embeddings of 64 sentences learn by.
fn inside(criterion: &mut Criterion) {
    const HEADS: usize = 4;
    let mut group = criterion.benchmark_group(format!("512 states of {WIDTH}"));
    let (states, qkv, sentences) = ([512, WIDTH], [512, 3 * WIDTH], [64, WIDTH]);
    let device = Place::cpu().inner();
    let (real, bias) = (Tensor::<2>::ones([8, 64], &device), Tensor::<4>::zeros([1, 1, 64, 64], &device));
    let mut measure = |name: &str, shape, loss: &dyn Fn(Tensor<2>, Tensor<2>) -> Tensor<1>| {
        let [student, teacher] = ["student", "teacher"].map(|side| rows(side, shape));
        group.bench_function(name, |bencher| bencher.iter(|| black_box(gradient(&student, |student| loss(student, teacher.clone())))));
    };
    measure("cosine", states, &|student, teacher| representations::cosine(student, teacher).mean());
    measure("hidden states", states, &|student, teacher| representations::hidden(student, teacher).mean());
    measure("attention maps", qkv, &|student, teacher| representations::attention(student, teacher, HEADS, real.clone()));
    measure("relations", qkv, &|student, teacher| representations::relations(student, teacher, HEADS, bias.clone(), real.clone()));
    measure("similarities", sentences, &representations::similarities);
    measure("contrastive", sentences, &|student, teacher| representations::contrastive(student, teacher, 0.05));
}

/// What texts are judged by, from log-probabilities that the logits were turned into: MiniLLM's two terms, and preferences of 256 pairs.
fn texts(criterion: &mut Criterion) {
    let shape = SHAPES[1];
    let mut group = criterion.benchmark_group(format!("texts of {} tokens, {} in the vocabulary", shape[0], shape[1]));
    group.sample_size(20);
    let [teacher, student] = ["teacher", "student"].map(|side| rows(side, shape));
    let line = |name: &str, count: usize| rows(name, [1, count]).flatten::<1>(0, 1);
    let mask = Tensor::<1>::ones([shape[0]], &Place::cpu().inner());
    let single = |log_q| policy::single_step(teacher.clone(), log_q, None, mask.clone());
    group.bench_function("single step", |bencher| bencher.iter(|| black_box(gradient(&student, single))));
    let surrogate = |log_q: Tensor<2>| {
        let (old, advantages) = (line("student", shape[0]), line("advantages", shape[0]));
        policy::surrogate(log_q.flatten(0, 1), old, mask.clone(), advantages, mask.clone(), Some(0.2))
    };
    let words = rows("student", [1, shape[0]]);
    group.bench_function("surrogate", |bencher| bencher.iter(|| black_box(gradient(&words, surrogate))));
    let settings = preference::Settings::published(Preference::Dpkd);
    let prefer = |log_q: Tensor<2>| {
        let side = |from: usize, name: &str| {
            let log_q = log_q.clone().flatten::<1>(0, 1).narrow(0, from, 256);
            preference::Texts { log_q, reference: line(name, 256), tokens: Tensor::ones([256], &Place::cpu().inner()) }
        };
        preference::texts(side(0, "chosen"), side(256, "rejected"), &settings).loss
    };
    group.bench_function("preference", |bencher| bencher.iter(|| black_box(gradient(&words, prefer))));
}

/// The same loss of a head over a large vocabulary, whole and in chunks: what the smaller peak of memory costs.
fn vocabulary(criterion: &mut Criterion) {
    let shape = SHAPES[1];
    let mut group = criterion.benchmark_group(format!("a head of {} on {} rows of {WIDTH}", shape[1], shape[0]));
    group.sample_size(20);
    let (teacher, targets) = (rows("teacher", shape), rows("targets", shape));
    let (hidden, head) = (rows("hidden", [shape[0], WIDTH]), rows("head", [shape[1], WIDTH]));
    let distill = distill("forward_kl", "logits");
    let part = |logits: Tensor<2>, range: std::ops::Range<usize>| {
        let [teacher, targets] = [&teacher, &targets].map(|tensor| tensor.clone().slice([range.clone()]));
        sequence::soft_rows(teacher, logits, targets, &distill).sum()
    };
    for chunk in [shape[0], CHUNK] {
        let loss = |hidden| chunked(hidden, head.clone(), chunk, part);
        group.bench_function(BenchmarkId::new("rows at once", chunk), |bencher| bencher.iter(|| black_box(gradient(&hidden, loss))));
    }
}

criterion_group!(losses, divergences, inside, texts, vocabulary);
criterion_main!(losses);
