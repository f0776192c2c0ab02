//! `measured.json`: what was measured of the finished networks beside their answers.

use std::collections::BTreeMap;
use std::time::Instant;

use pollster::block_on;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::files::read_text;
use super::memory;
use super::rundir::RunDir;
use crate::train::{ROLES, Role, Run};

const FILE: &str = "measured.json";
/// Forward passes that the median is taken of, unless the time is up.
const REPEATS: usize = 9;
const SECONDS: f64 = 2.0;

#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Milliseconds of a forward pass of one test example, the median of several.
    pub latency: BTreeMap<Role, f64>,
    /// The most bytes that the process had in memory; it held all networks, their optimisers and the data.
    pub peak_memory: Option<usize>,
}

impl Measured {
    pub fn of(run: &Run) -> Result<Self, Error> {
        let latency = ROLES.into_iter().map(|role| Ok((role, latency(run, role)?))).collect::<Result<_, Error>>()?;
        Ok(Self { latency, peak_memory: memory::peak() })
    }

    pub fn write(&self, directory: &RunDir) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).expect("plain data");
        directory.write(FILE, format!("{text}\n").as_bytes())
    }

    /// Of a run that has come to its end.
    pub fn read(directory: &RunDir) -> Result<Option<Self>, Error> {
        let path = directory.file(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let wrong = |error| Error::input(format!("{}: {error}", path.display()));
        serde_json::from_str(&read_text(&path)?).map(Some).map_err(wrong)
    }
}

fn latency(run: &Run, role: Role) -> Result<f64, Error> {
    // The first pass compiles kernels and fills caches.
    block_on(run.answer_one(role))?;
    let began = Instant::now();
    let mut times = Vec::new();
    while times.len() < REPEATS && (times.is_empty() || began.elapsed().as_secs_f64() < SECONDS) {
        let start = Instant::now();
        block_on(run.answer_one(role))?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
