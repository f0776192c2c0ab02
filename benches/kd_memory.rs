//! Peak memory and time of one token-KD step over a large vocabulary:
//! `cargo run --release --example kd_memory -- whole|chunks [checkpointing]`.
//!
//! The step is that of `distillery bench smollm2`, without the optimiser's. Linux.

use std::time::Instant;

use distillery::cli::bench::shapes::SmolLm2;
use distillery::device::Place;

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
    let shape = SmolLm2::new(&place).expect("a preset");
    let (before, start) = (memory("VmRSS"), Instant::now());
    let gradients = shape.loss(chunks).backward();
    let seconds = start.elapsed().as_secs_f64();
    let found = shape.student.net.output().grad(&gradients).expect("the embedding learns").abs().sum().into_scalar::<f32>();
    println!("{before} MB before, peak {} MB, {seconds:.1} s, sum of the embedding's |gradient| {found:.4}", memory("VmHWM"));
}
