//! The step loop as a stream of events. Shells pump it: `Run::new`, then `advance` until it is finished.

mod checkpoint;
mod classes;
mod cohort;
mod contest;
mod cost;
mod dissect;
mod encoders;
mod error;
mod evaluate;
mod evaluation;
mod event;
mod hold;
mod latency;
mod learner;
mod mean;
mod memory;
mod merit;
mod modes;
mod optimizer;
mod origin;
mod patience;
mod pretrained;
mod run;
mod scale;
mod studied;
mod summary;
mod table;
mod teachers;
mod team;
mod texts;
mod trio;
mod views;
mod workload;

pub use cohort::Cohort;
pub use contest::Materials;
pub use cost::Flops;
pub use dissect::{Followed, Pull};
pub use error::RunError;
pub use evaluation::*;
pub use event::*;
pub use learner::Learner;
pub use merit::Merit;
pub use modes::{ModeFit, Modes, ModesSpec};
pub use optimizer::Optimizer;
pub use origin::Sources;
pub use run::{Run, placed};
pub use scale::half;
pub use studied::{Calibration, Dispute, Study};
pub use texts::{CACHE_BLOCK, Sample};
pub use workload::{Workload, names as workload_names};

#[cfg(test)]
mod tests;
