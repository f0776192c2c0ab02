//! `compare`: runs side by side, and a verdict where they share seeds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::Error;
use super::measure::Measure;
use super::output;
use super::record::Record;
use super::rundir::RunDir;
use super::summary::{Summary, judged};
use super::table::{Table, or_dash, percent, points};
use crate::eval::statistics::{Interval, Verdict, mean};
use crate::spec::{Experiment, knobs};
use crate::train::{Evaluation, ROLES, Role};

/// Runs of one experiment that differ in their seeds alone.
struct Series {
    name: String,
    /// Without its seed.
    experiment: Experiment,
    seeds: BTreeMap<u32, BTreeMap<Role, Evaluation>>,
}

/// One finished run.
struct Finished {
    experiment: Experiment,
    seed: u32,
    networks: BTreeMap<Role, Evaluation>,
}

#[derive(Serialize)]
struct Comparison {
    measure: &'static str,
    left: String,
    right: String,
    seeds: Vec<u32>,
    difference: Interval,
    verdict: Option<Verdict>,
}

/// Knobs that decide which rows are tested on.
const TESTED: [&str; 7] = ["task.name", "task.shape", "task.classes", "task.points", "task.noise", "task.test_fraction", "task.split_seed"];

pub fn compare(paths: &[PathBuf], measure: Measure, json: bool) -> Result<(), Error> {
    let mut all: Vec<Series> = Vec::new();
    for path in paths {
        for Finished { experiment, seed, networks } in read(path)? {
            let plain = Experiment { seed: 0, ..experiment };
            match all.iter_mut().find(|series| series.experiment == plain) {
                Some(series) => {
                    series.seeds.insert(seed, networks);
                }
                None => {
                    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
                    all.push(Series { name, experiment: plain, seeds: BTreeMap::from([(seed, networks)]) });
                }
            }
        }
    }
    let differing: Vec<&str> = knobs::TABLE
        .iter()
        .filter(|knob| all.iter().any(|series| knob.get(&series.experiment) != knob.get(&all[0].experiment)))
        .map(|knob| knob.key)
        .collect();
    let own: Vec<Comparison> = all
        .iter()
        .filter_map(|series| {
            comparison(
                (series, Role::Distilled),
                (series, Role::Alone),
                (format!("distilled of {}", series.name), format!("alone of {}", series.name)),
                measure,
            )
        })
        .collect();
    let mut between = Vec::new();
    for (index, left) in all.iter().enumerate().skip(1) {
        for right in &all[..index] {
            if same_test(left, right) {
                let names = (format!("distilled of {}", left.name), format!("distilled of {}", right.name));
                between.extend(comparison((left, Role::Distilled), (right, Role::Distilled), names, measure));
            }
        }
    }
    if json {
        return output::line(&as_json(&all, &differing, &own, &between));
    }
    output::line(&table(&all, &differing)?.to_string())?;
    output::line("")?;
    for series in &all {
        let has = series.seeds.values().flat_map(BTreeMap::values).any(|found| measure.of(found).is_some());
        if !has {
            output::line(&format!("{} has no {}: it was not measured there", series.name, measure.name()))?;
        }
    }
    for found in own.iter().chain(&between) {
        output::line(&judged(&found.left, &found.right, &found.difference, found.seeds.len(), measure))?;
    }
    for (index, left) in all.iter().enumerate().skip(1) {
        for right in &all[..index] {
            if !same_test(left, right) {
                output::line(&format!(
                    "{} and {} are tested on different rows: their accuracies cannot be compared",
                    left.name, right.name
                ))?;
            } else if !left.seeds.keys().any(|seed| right.seeds.contains_key(seed)) {
                output::line(&format!("{} and {} share no seed: no verdict between them", left.name, right.name))?;
            }
        }
    }
    Ok(())
}

/// The finished runs of a directory.
fn read(path: &Path) -> Result<Vec<Finished>, Error> {
    let directory = RunDir::open(path)?;
    let unfinished = || Error::input(format!("{0} is not finished: `distillery resume {0}` goes on with it", path.display()));
    if directory.settings()?.seeds.is_some() {
        if !directory.file(super::summary::FILE).exists() {
            return Err(unfinished());
        }
        let Summary { experiment, seeds, .. } = Summary::read(&directory)?;
        return Ok(seeds
            .into_iter()
            .map(|seed| Finished { experiment: experiment.clone(), seed: seed.seed, networks: seed.networks })
            .collect());
    }
    let record = Record::read(&directory)?;
    if !record.finished {
        return Err(unfinished());
    }
    let seed = record.experiment.seed;
    Ok(vec![Finished { experiment: record.experiment, seed, networks: record.finals }])
}

fn same_test(left: &Series, right: &Series) -> bool {
    TESTED.iter().filter_map(|key| knobs::find(key).ok()).all(|knob| knob.get(&left.experiment) == knob.get(&right.experiment))
}

/// `None` where no seed is shared.
fn comparison(left: (&Series, Role), right: (&Series, Role), names: (String, String), measure: Measure) -> Option<Comparison> {
    let value = |(series, role): (&Series, Role), seed: u32| series.seeds.get(&seed)?.get(&role).and_then(|found| measure.of(found));
    let pairs: Vec<(u32, f64, f64)> =
        left.0.seeds.keys().filter_map(|seed| Some((*seed, value(left, *seed)?, value(right, *seed)?))).collect();
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(_, a, b)| (*a, *b)).unzip();
    let difference = Interval::of_difference(&a, &b)?;
    let seeds = pairs.into_iter().map(|(seed, ..)| seed).collect();
    // Of other measures more need not be better.
    let verdict = difference.verdict().filter(|_| measure == Measure::Accuracy);
    Some(Comparison { measure: measure.name(), left: names.0, right: names.1, seeds, difference, verdict })
}

fn mean_accuracy(series: &Series, role: Role) -> Option<f64> {
    let values: Vec<f64> = series.seeds.values().filter_map(|networks| networks.get(&role)).map(|found| found.accuracy).collect();
    mean(&values)
}

fn table(all: &[Series], differing: &[&str]) -> Result<Table, Error> {
    let header = ["run"].iter().chain(differing).chain(&["seeds", "teacher", "alone", "distilled", "distilled − alone"]);
    let mut table = Table::new(header.copied());
    for series in all {
        let mut row = vec![series.name.clone()];
        for key in differing {
            row.push(knobs::find(key)?.get_text(&series.experiment));
        }
        row.push(series.seeds.len().to_string());
        row.extend(ROLES.map(|role| or_dash(mean_accuracy(series, role).map(percent))));
        let gap = mean_accuracy(series, Role::Distilled).zip(mean_accuracy(series, Role::Alone));
        row.push(or_dash(gap.map(|(distilled, alone)| points(distilled - alone))));
        table.row(row);
    }
    Ok(table)
}

fn as_json(all: &[Series], differing: &[&str], own: &[Comparison], between: &[Comparison]) -> String {
    let runs: Vec<_> = all
        .iter()
        .map(|series| {
            let values: BTreeMap<&str, String> =
                differing.iter().filter_map(|key| Some((*key, knobs::find(key).ok()?.get_text(&series.experiment)))).collect();
            serde_json::json!({ "name": series.name, "differs": values, "seeds": series.seeds })
        })
        .collect();
    serde_json::json!({ "type": "comparison", "runs": runs, "distilled_against_alone": own, "between_runs": between }).to_string()
}
