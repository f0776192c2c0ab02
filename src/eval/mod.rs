//! Measures of networks and runs.

pub mod metrics;
pub mod statistics;
