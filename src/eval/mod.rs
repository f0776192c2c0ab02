//! Measures of networks and runs.

pub mod metrics;
pub mod statistics;
pub mod study;
pub mod text;
