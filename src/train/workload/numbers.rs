//! Where a workload's numbers come from.

use crate::spec::{Distill, Train};

/// `centre + half·(2u − 1)` for the `u` of [`stream`], computed in f64 and rounded once.
pub fn uniform(name: &str, count: usize, centre: f64, half: f64) -> Vec<f32> {
    stream(name).take(count).map(|u| (centre + half * (2.0 * u - 1.0)) as f32).collect()
}

/// Numbers in [0, 1), multiples of 2⁻²⁴, that depend on the name alone: a linear congruential generator seeded by 32-bit FNV-1a.
pub fn stream(name: &str) -> impl Iterator<Item = f64> {
    let mut state = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    std::iter::from_fn(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mixed = (state ^ (state >> 16)).wrapping_mul(0x045d_9f3b);
        Some(f64::from((mixed ^ (mixed >> 16)) >> 8) / 16_777_216.0)
    })
}

/// AdamW with learning rate 1e-3 and weight decay 0.01.
pub fn train() -> Train {
    Train { lr: 1e-3, weight_decay: 0.01, ..Train::default() }
}

/// `0.1·CE + 0.9·T²·KL` at T = 4.
pub fn distill() -> Distill {
    Distill { temperature: 4.0, alpha: 0.1, ..Distill::default() }
}
