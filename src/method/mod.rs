//! Distillation methods: each puts rooms below it together into one student's loss.

pub mod cohort;
pub mod encoder;
pub mod response;
pub mod text;
