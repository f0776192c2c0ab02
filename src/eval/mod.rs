//! Measures of networks and runs.

pub mod metrics;
