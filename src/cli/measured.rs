//! `measured.json`: what was measured of the finished networks beside their answers.

use std::collections::BTreeMap;
use std::time::Instant;

use pollster::block_on;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::files::read_text;
use super::memory;
use super::rundir::RunDir;
use crate::train::{ROLES, Role, Run, Sample};

const FILE: &str = "measured.json";
/// Times that the median is taken of, unless the seconds are up.
const REPEATS: usize = 9;
const SECONDS: f64 = 2.0;

#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Milliseconds of a forward pass of one test example, the median of several.
    pub latency: BTreeMap<Role, f64>,
    /// Tokens a second of all texts together that a network writes at an evaluation, the median of several; of decoders.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tokens_per_second: BTreeMap<Role, f64>,
    /// The most bytes that the process had in memory; it held all networks, their optimisers and the data.
    pub peak_memory: Option<usize>,
}

impl Measured {
    /// And the texts that were written for it.
    pub fn of(run: &Run) -> Result<(Self, BTreeMap<Role, Vec<Sample>>), Error> {
        let (mut latency, mut tokens_per_second, mut texts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for role in ROLES {
            latency.insert(role, self::latency(run, role)?);
            if let Some((rate, written)) = writing(run, role)? {
                tokens_per_second.insert(role, rate);
                texts.insert(role, written);
            }
        }
        Ok((Self { latency, tokens_per_second, peak_memory: memory::peak() }, texts))
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

/// Milliseconds.
fn latency(run: &Run, role: Role) -> Result<f64, Error> {
    let median = median_seconds(|| Ok(block_on(run.answer_one(role))?))?;
    Ok(median * 1e3)
}

/// Tokens a second, and the texts.
fn writing(run: &Run, role: Role) -> Result<Option<(f64, Vec<Sample>)>, Error> {
    let mut written = Vec::new();
    let median = median_seconds(|| {
        written = block_on(run.write_all(role))?;
        Ok(())
    })?;
    let tokens: usize = written.iter().map(|text| text.response.len()).sum();
    Ok((tokens > 0).then(|| (tokens as f64 / median, run.samples(role, &written))))
}

fn median_seconds(mut act: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    let began = Instant::now();
    // The first one compiles kernels and fills caches.
    act()?;
    let mut times = Vec::new();
    while times.is_empty() || times.len() < REPEATS && began.elapsed().as_secs_f64() < SECONDS {
        let start = Instant::now();
        act()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
