//! `summary.json`: what several paired seeds say together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cost;
use super::error::Error;
use super::files::read_text;
use super::measure::{FURTHER, Measure, excess_at};
use super::record::{Record, retention, right};
use super::rundir::RunDir;
use super::table::{Table, or_dash, percent, points};
use crate::eval::statistics::{Interval, Verdict};
use crate::spec::Experiment;
use crate::train::{Evaluation, Flops, ROLES, Role};

/// Name of the file in the directory of `--seeds`.
pub const FILE: &str = "summary.json";

#[derive(Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Always `summary`: the file is also the last line of a `--json` stream.
    #[serde(rename = "type")]
    pub kind: String,
    /// With the first seed.
    pub experiment: Experiment,
    pub command: String,
    pub seeds: Vec<Seed>,
    pub roles: BTreeMap<Role, RoleSummary>,
    /// Accuracy of distilled − alone, paired by seed.
    pub difference: Interval,
    /// `None` for a single seed.
    pub verdict: Option<Verdict>,
}

/// The networks of one seed at the end.
#[derive(Debug, Serialize, Deserialize)]
pub struct Seed {
    pub seed: u32,
    pub networks: BTreeMap<Role, Evaluation>,
    /// What its training took; summaries of before do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flops: Option<Flops>,
}

/// One network over the seeds.
#[derive(Debug, Serialize, Deserialize)]
pub struct RoleSummary {
    pub accuracy: Interval,
    /// Share of the teacher's accuracy, by seed; of students.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Interval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ece: Option<Interval>,
    pub agreement: Option<Interval>,
    /// Of the omitted class, when there is one.
    pub recall: Option<Interval>,
    pub shifted_recall: Option<Interval>,
    /// Of [`FURTHER`], what these runs have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<Measure, Interval>,
}

impl Summary {
    /// `records` are finished runs that differ in their seeds alone.
    pub fn new(experiment: Experiment, command: String, records: &[Record]) -> Result<Self, Error> {
        let seed = |record: &Record| Seed { seed: record.experiment.seed, networks: record.finals.clone(), flops: record.flops };
        let seeds: Vec<Seed> = records.iter().map(seed).collect();
        let over = |role: Role, value: &dyn Fn(&Evaluation) -> Option<f64>| {
            let values: Option<Vec<f64>> = seeds.iter().map(|seed| seed.networks.get(&role).and_then(value)).collect();
            values.and_then(|values| Interval::of(&values))
        };
        let kept = |role: Role| {
            let values: Option<Vec<f64>> = seeds.iter().map(|seed| retention(&seed.networks, role)).collect();
            values.and_then(|values| Interval::of(&values))
        };
        let roles = ROLES.into_iter().filter_map(|role| {
            let summary = RoleSummary {
                accuracy: over(role, &|found| Some(found.accuracy))?,
                retention: kept(role),
                ece: over(role, &|found| found.ece),
                agreement: over(role, &|found| found.agreement),
                recall: over(role, &|found| Some(found.omitted?.recall)),
                shifted_recall: over(role, &|found| Some(found.omitted?.shifted_recall)),
                measures: FURTHER.into_iter().filter_map(|measure| Some((measure, interval(&seeds, role, measure)?))).collect(),
            };
            Some((role, summary))
        });
        let roles = roles.collect();
        let difference = Interval::of_difference(&accuracies(&seeds, Role::Distilled), &accuracies(&seeds, Role::Alone))
            .ok_or_else(|| Error::input("there are no finished runs to sum up"))?;
        Ok(Self { kind: "summary".into(), experiment, command, seeds, roles, difference, verdict: difference.verdict() })
    }

    pub fn read(directory: &RunDir) -> Result<Self, Error> {
        let path = directory.file(FILE);
        serde_json::from_str(&read_text(&path)?).map_err(|error| Error::input(format!("{}: {error}", path.display())))
    }

    /// Accuracy of every network for every seed.
    pub fn table(&self) -> Table {
        let mut table = Table::new(["seed", "teacher", "alone", "distilled", "distilled − alone"]);
        for seed in &self.seeds {
            let accuracy = |role| seed.networks.get(&role).map(|found| found.accuracy);
            let gap = accuracy(Role::Distilled).zip(accuracy(Role::Alone)).map(|(distilled, alone)| points(distilled - alone));
            let cells = ROLES.map(|role| or_dash(accuracy(role).map(percent)));
            table.row([seed.seed.to_string()].into_iter().chain(cells).chain([or_dash(gap)]));
        }
        table
    }

    /// Means with 95 % intervals.
    pub fn means(&self) -> Table {
        let omitted = self.roles.values().any(|role| role.recall.is_some());
        let calibrated = self.roles.values().any(|role| role.ece.is_some());
        let agrees = self.roles.values().any(|role| role.agreement.is_some());
        let mut header = vec!["mean ± 95 %", right(&self.experiment).name(), "of teacher"];
        header.extend(calibrated.then_some("ECE"));
        header.extend(agrees.then_some("agreement"));
        if omitted {
            header.extend(["recall of omitted", "after bias shift"]);
        }
        let mut table = Table::new(header);
        for (role, found) in &self.roles {
            let mut cells = vec![role.name().to_owned(), shares(&found.accuracy), or_dash(found.retention.as_ref().map(shares))];
            cells.extend(calibrated.then(|| or_dash(found.ece.as_ref().map(plain))));
            cells.extend(agrees.then(|| or_dash(found.agreement.as_ref().map(shares))));
            if omitted {
                cells.extend([or_dash(found.recall.as_ref().map(shares)), or_dash(found.shifted_recall.as_ref().map(shares))]);
            }
            table.row(cells);
        }
        table
    }

    /// Means of [`FURTHER`]; `None` where the runs are of neither text nor encoders.
    pub fn further(&self) -> Option<(Table, Vec<Measure>)> {
        let token = excess_at(self.seeds.iter().flat_map(|seed| seed.networks.values()));
        further(token, |role, measure| {
            let interval = interval(&self.seeds, role, measure)?;
            Some(if measure.is_share() { shares(&interval) } else { plain(&interval) })
        })
    }

    /// What training took, the mean over the seeds.
    pub fn cost(&self) -> Option<String> {
        let found: Vec<Flops> = self.seeds.iter().filter_map(|seed| seed.flops).collect();
        cost::mean(&found).map(|flops| cost::sentence(&flops, &self.experiment))
    }

    /// The verdict in one sentence.
    pub fn sentence(&self) -> String {
        let measure = right(&self.experiment);
        judged("distilled", "alone", &self.difference, self.seeds.len(), (measure, measure.name()))
    }
}

/// A table of what any network has of [`FURTHER`], the excess error up to `token`, and what that is; the loss alone is none.
pub fn further(token: Option<usize>, cell: impl Fn(Role, Measure) -> Option<String>) -> Option<(Table, Vec<Measure>)> {
    let found: Vec<Measure> = FURTHER.into_iter().filter(|&measure| ROLES.iter().any(|&role| cell(role, measure).is_some())).collect();
    if found.iter().all(|&measure| measure == Measure::Loss) {
        return None;
    }
    let mut table = Table::new([String::new()].into_iter().chain(found.iter().map(|measure| measure.name_at(token))));
    for role in ROLES {
        table.row([role.name().to_owned()].into_iter().chain(found.iter().map(|&measure| or_dash(cell(role, measure)))));
    }
    Some((table, found))
}

/// `distilled BEATS alone: +5.94 points [+4.10, +7.78], 5 paired seeds`
///
/// Of another measure than accuracy or similarity it says which side is higher: more need not be better.
pub fn judged(left: &str, right: &str, difference: &Interval, seeds: usize, (measure, name): (Measure, &str)) -> String {
    let (mean, unit) = (measure.difference(difference.mean), measure.unit(name));
    match (difference.half_width, difference.verdict()) {
        (Some(half), Some(verdict)) => {
            let quality = measure.is_quality();
            let link = match verdict {
                Verdict::Beats if quality => format!("{left} BEATS {right}"),
                Verdict::Worse if quality => format!("{left} is WORSE than {right}"),
                Verdict::Beats => format!("{left} is HIGHER than {right}"),
                Verdict::Worse => format!("{left} is LOWER than {right}"),
                Verdict::NoDifference => format!("NO DIFFERENCE between {left} and {right}"),
            };
            let (low, high) = (measure.difference(difference.mean - half), measure.difference(difference.mean + half));
            format!("{link}: {mean} {unit}, 95 % interval [{low}, {high}], {seeds} paired seeds")
        }
        _ => format!("{left} − {right}: {mean} {unit}; one seed is no evidence"),
    }
}

/// `None` where a seed lacks the measure.
fn interval(seeds: &[Seed], role: Role, measure: Measure) -> Option<Interval> {
    let values: Option<Vec<f64>> = seeds.iter().map(|seed| seed.networks.get(&role).and_then(|found| measure.of(found))).collect();
    values.and_then(|values| Interval::of(&values))
}

fn accuracies(seeds: &[Seed], role: Role) -> Vec<f64> {
    seeds.iter().filter_map(|seed| seed.networks.get(&role)).map(|found| found.accuracy).collect()
}

fn shares(interval: &Interval) -> String {
    let half = interval.half_width.map(|half| format!(" ± {:.2}", half * 100.0)).unwrap_or_default();
    format!("{:.2}{half} %", interval.mean * 100.0)
}

fn plain(interval: &Interval) -> String {
    let half = interval.half_width.map(|half| format!(" ± {half:.4}")).unwrap_or_default();
    format!("{:.4}{half}", interval.mean)
}
