//! `compare`: runs side by side, and a verdict where they share seeds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::card::file_name;
use super::cost;
use super::error::Error;
use super::measure::{Measure, excess_at};
use super::output;
use super::record::{Record, right};
use super::rundir::RunDir;
use super::settings::Settings;
use super::summary::{Summary, judged};
use super::table::{Table, flops, or_dash, percent, points};
use super::texts::{self, Duel, Places};
use crate::eval::statistics::{Interval, Verdict, mean};
use crate::spec::{Experiment, knobs};
use crate::train::{Evaluation, Flops, ROLES, Role};

/// Runs of one experiment on the same files that differ in their seeds alone.
struct Series {
    name: String,
    path: PathBuf,
    /// Without its seed.
    experiment: Experiment,
    settings: Settings,
    seeds: BTreeMap<u32, BTreeMap<Role, Evaluation>>,
    /// What the training of each seed took, as far as it is known.
    flops: BTreeMap<u32, Flops>,
    places: Places,
}

/// A file that runs may differ in: where it was, and its fingerprint if the run knows it.
#[derive(Clone, Copy)]
struct Source<'a> {
    path: Option<&'a Path>,
    print: Option<&'a str>,
}

#[derive(Serialize)]
struct Comparison {
    measure: String,
    left: String,
    right: String,
    seeds: Vec<u32>,
    difference: Interval,
    verdict: Option<Verdict>,
    #[serde(skip)]
    called: Measure,
}

/// What runs differ in, and how each of them has it.
type Differing = Vec<(&'static str, Vec<String>)>;

/// Knobs that decide what is tested, and on which rows.
const TESTED: [&str; 11] = [
    "task.name",
    "task.shape",
    "task.classes",
    "task.points",
    "task.noise",
    "task.test_fraction",
    "task.split_seed",
    "text.context",
    "text.tests",
    "encoder.objective",
    "encoder.mask_share",
];

/// Files of a run, by the flags that name them.
const FILES: [&str; 4] = ["data", "test", "teacher", "student"];
const DATA: usize = 0;
const TEST: usize = 1;
const TEACHER: usize = 2;

impl Series {
    /// The finished runs of a directory.
    fn read(path: &Path) -> Result<Self, Error> {
        let directory = RunDir::open(path)?;
        let unfinished =
            || Error::input(format!("{} is not finished: `distillery resume {}` goes on with it", path.display(), output::quoted(path)));
        let settings = directory.settings()?;
        let (experiment, seeds, places, flops): (_, BTreeMap<_, _>, Places, BTreeMap<_, _>) = if settings.seeds.is_some() {
            if !directory.file(super::summary::FILE).exists() {
                return Err(unfinished());
            }
            let Summary { experiment, seeds, .. } = Summary::read(&directory)?;
            let places = seeds.iter().map(|seed| (seed.seed, directory.seed(seed.seed))).collect();
            let flops = seeds.iter().filter_map(|seed| Some((seed.seed, seed.flops?))).collect();
            (experiment, seeds.into_iter().map(|seed| (seed.seed, seed.networks)).collect(), places, flops)
        } else {
            let record = Record::read(&directory)?;
            if !record.finished {
                return Err(unfinished());
            }
            let seed = record.experiment.seed;
            let flops = record.flops.map(|flops| (seed, flops)).into_iter().collect();
            (record.experiment, BTreeMap::from([(seed, record.finals)]), BTreeMap::from([(seed, path.to_owned())]), flops)
        };
        let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        Ok(Self { name, path: path.to_owned(), experiment: Experiment { seed: 0, ..experiment }, settings, seeds, flops, places })
    }

    /// The mean over the seeds.
    fn cost(&self) -> Option<Flops> {
        cost::mean(&self.flops.values().copied().collect::<Vec<_>>())
    }

    /// One of [`FILES`].
    fn source(&self, file: usize) -> Source<'_> {
        let Settings { data, test, teacher, student, sources, .. } = &self.settings;
        let prints = sources.as_ref().map(|sources| [&sources.data, &sources.test, &sources.teacher, &sources.student]);
        Source { path: [data, test, teacher, student][file].as_deref(), print: prints.and_then(|prints| prints[file].as_deref()) }
    }

    fn same_file(&self, other: &Self, file: usize) -> bool {
        let [own, others] = [self, other].map(|series| series.source(file));
        match (own.print, others.print) {
            (Some(own), Some(others)) => own == others,
            _ => own.path == others.path,
        }
    }

    /// Fingerprints of the chat templates by which its instructions are put.
    fn templates(&self) -> Option<&str> {
        self.settings.sources.as_ref()?.templates.as_deref()
    }

    /// They differ in their seeds at most.
    fn is_as(&self, other: &Self) -> bool {
        let same_files = (0..FILES.len()).all(|file| self.same_file(other, file));
        self.experiment == other.experiment && same_files && self.templates() == other.templates()
    }

    fn shared_seeds(&self, other: &Self) -> Vec<String> {
        self.seeds.keys().filter(|seed| other.seeds.contains_key(seed)).map(u32::to_string).collect()
    }

    /// What is meant by a measure here.
    fn called(&self, measure: Measure) -> Measure {
        if measure == Measure::Accuracy { right(&self.experiment) } else { measure }
    }

    /// The name of what is meant by it.
    fn name_of(&self, measure: Measure) -> String {
        self.called(measure).name_at(self.excess_at())
    }

    /// The token up to which all seeds have their excess error.
    fn excess_at(&self) -> Option<usize> {
        excess_at(self.seeds.values().flat_map(BTreeMap::values))
    }
}

impl Source<'_> {
    /// In fewer words or in more.
    fn shown(self, words: usize) -> String {
        let name = if words == 0 { file_name(self.path) } else { self.path.map(Path::to_owned) };
        let print = self.print.filter(|_| words > 1).map(|print| format!(" ({})", print.get(..8).unwrap_or(print))).unwrap_or_default();
        or_dash(name.map(|name| format!("{}{print}", name.display())))
    }
}

pub fn compare(paths: &[PathBuf], measure: Measure, json: bool) -> Result<(), Error> {
    let all = gathered(paths)?;
    let differing = differing(&all);
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
    let pairs = || all.iter().enumerate().flat_map(|(index, left)| all[..index].iter().map(move |right| (left, right)));
    let between: Vec<Comparison> = pairs()
        .filter(|(left, right)| apart(left, right, measure).is_none())
        .filter_map(|(left, right)| {
            let names = (format!("distilled of {}", left.name), format!("distilled of {}", right.name));
            comparison((left, Role::Distilled), (right, Role::Distilled), names, measure)
        })
        .collect();
    let (mut duels, mut unfought) = (Vec::new(), Vec::new());
    for (left, right) in pairs().filter(|(left, right)| measure == Measure::WinRate && apart(left, right, measure).is_none()) {
        match texts::duel((left.name.clone(), &left.places), (right.name.clone(), &right.places))? {
            Ok(duel) => duels.push(duel),
            Err(why) => unfought.push(format!("{} and {}: their texts are not held against each other: {why}", left.name, right.name)),
        }
    }
    if json {
        return output::line(&as_json(&all, &differing, &own, &between, &duels));
    }
    output::line(&table(&all, &differing).to_string())?;
    output::line("")?;
    for series in &all {
        let has = series.seeds.values().flat_map(BTreeMap::values).any(|found| measure.of(found).is_some());
        if !has {
            output::line(&format!("{} has no {}: it was not measured there", series.name, series.name_of(measure)))?;
        }
    }
    for found in own.iter().chain(&between) {
        output::line(&judged(&found.left, &found.right, &found.difference, found.seeds.len(), (found.called, &found.measure)))?;
    }
    for said in duels.iter().map(Duel::sentence).chain(unfought) {
        output::line(&said)?;
    }
    for (left, right) in pairs() {
        let both = format!("{} and {}", left.name, right.name);
        let shared = left.shared_seeds(right);
        if let Some(why) = apart(left, right, measure) {
            let [left, right] = [left, right].map(|series| series.name_of(measure));
            let what = if left == right { left } else { format!("{left} and {right}") };
            output::line(&format!("{both} are {why}: their {what} cannot be compared"))?;
        } else if shared.is_empty() {
            output::line(&format!("{both} share no seed: no verdict between them"))?;
        } else if left.is_as(right) {
            output::line(&format!("{both} are the same experiment on the same files, and both have seed {}", shared.join(", ")))?;
        }
    }
    Ok(())
}

/// The runs of all directories, those that differ in their seeds alone together. What a seed said twice stays apart.
fn gathered(paths: &[PathBuf]) -> Result<Vec<Series>, Error> {
    let (mut all, mut seen): (Vec<Series>, Vec<PathBuf>) = Default::default();
    for path in paths {
        let found = Series::read(path)?;
        let whole = fs::canonicalize(path).map_err(Error::read(path))?;
        if seen.contains(&whole) {
            return Err(Error::input(format!("{} is named twice: leave it out once", path.display())));
        }
        seen.push(whole);
        match all.iter_mut().find(|series| series.is_as(&found) && series.shared_seeds(&found).is_empty()) {
            Some(series) => {
                series.seeds.extend(found.seeds);
                series.flops.extend(found.flops);
                series.places.extend(found.places);
            }
            None => all.push(found),
        }
    }
    let names: Vec<String> = all.iter().map(|series| series.name.clone()).collect();
    for series in &mut all {
        if names.iter().filter(|name| **name == series.name).count() > 1 {
            series.name = series.path.display().to_string();
        }
    }
    Ok(all)
}

/// Knobs, files, and templates.
fn differing(all: &[Series]) -> Differing {
    let knobs = knobs::TABLE.iter().filter(|knob| all.iter().any(|series| knob.get(&series.experiment) != knob.get(&all[0].experiment)));
    let mut found: Differing = knobs.map(|knob| (knob.key, all.iter().map(|series| knob.get_text(&series.experiment)).collect())).collect();
    for (file, name) in FILES.into_iter().enumerate() {
        if all.iter().all(|series| series.same_file(&all[0], file)) {
            continue;
        }
        let shown = |words: usize| -> Vec<String> { all.iter().map(|series| series.source(file).shown(words)).collect() };
        // As many words as it takes to tell apart what is different.
        let tells = |shown: &Vec<String>| {
            let others = |index: usize| (0..index).all(|before| shown[before] != shown[index] || all[before].same_file(&all[index], file));
            (0..all.len()).all(others)
        };
        found.push((name, (0..2).map(shown).find(tells).unwrap_or_else(|| shown(2))));
    }
    if all.iter().any(|series| series.templates() != all[0].templates()) {
        found.push(("chat template", all.iter().map(|series| or_dash(series.templates().map(String::from))).collect()));
    }
    found
}

/// Why the same measure of two series says nothing about which is better.
fn apart(left: &Series, right: &Series, measure: Measure) -> Option<&'static str> {
    let differs = |key: &str| {
        let Ok(knob) = knobs::find(key) else { return false };
        let acts = [left, right].iter().any(|series| knob.unmet(&series.experiment).is_empty());
        acts && knob.get(&left.experiment) != knob.get(&right.experiment)
    };
    // There answers are written, and judged.
    let written = left.experiment.task.name.has_references() && differs("text.samples");
    let unseen = measure == Measure::Unseen && differs("text.omit_prompts");
    if written || unseen || TESTED.into_iter().any(differs) || [DATA, TEST].into_iter().any(|file| !left.same_file(right, file)) {
        return Some("tested on different rows");
    }
    // Old records of data other than the grammar have theirs up to another token.
    if measure == Measure::Excess && left.excess_at() != right.excess_at() {
        return Some("read up to different tokens");
    }
    if left.templates() != right.templates() {
        return Some("asked in different forms");
    }
    // Of embeddings all is measured against the teacher's.
    let of_teacher = left.called(Measure::Accuracy) == Measure::Similarity
        || matches!(
            measure,
            Measure::Agreement
                | Measure::ForwardKl
                | Measure::ReverseKl
                | Measure::Excess
                | Measure::Similarity
                | Measure::Cosine
                | Measure::Preferred
        );
    let mut teachers = knobs::TABLE.iter().map(|knob| knob.key).filter(|key| key.starts_with("teacher.") || *key == "encoder.adapt_steps");
    (of_teacher && (!left.same_file(right, TEACHER) || teachers.any(differs))).then_some("measured against different teachers")
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
    let (called, name) = (left.0.called(measure), left.0.name_of(measure));
    Some(Comparison { measure: name, left: names.0, right: names.1, seeds, difference, verdict, called })
}

fn mean_accuracy(series: &Series, role: Role) -> Option<f64> {
    let values: Vec<f64> = series.seeds.values().filter_map(|networks| networks.get(&role)).map(|found| found.accuracy).collect();
    mean(&values)
}

fn table(all: &[Series], differing: &Differing) -> Table {
    // Networks have columns of such names.
    let title = |name: &str| if FILES.contains(&name) { format!("--{name}") } else { name.to_owned() };
    let header = ["run".to_owned()].into_iter().chain(differing.iter().map(|(name, _)| title(name)));
    let counted = all.iter().any(|series| series.cost().is_some());
    let costs = if counted { &["alone costs", "distilled costs"][..] } else { &[] };
    let columns = ["seeds", "teacher", "alone", "distilled", "distilled − alone"].iter().chain(costs).map(|name| (*name).to_owned());
    let mut table = Table::new(header.chain(columns));
    for (index, series) in all.iter().enumerate() {
        let mut row = vec![series.name.clone()];
        row.extend(differing.iter().map(|(_, values)| values[index].clone()));
        row.push(series.seeds.len().to_string());
        row.extend(ROLES.map(|role| or_dash(mean_accuracy(series, role).map(percent))));
        let gap = mean_accuracy(series, Role::Distilled).zip(mean_accuracy(series, Role::Alone));
        row.push(or_dash(gap.map(|(distilled, alone)| points(distilled - alone))));
        if counted {
            let cost = series.cost();
            row.extend([or_dash(cost.map(|cost| flops(cost.alone))), or_dash(cost.map(|cost| flops(cost.distilled)))]);
        }
        table.row(row);
    }
    table
}

fn as_json(all: &[Series], differing: &Differing, own: &[Comparison], between: &[Comparison], duels: &[Duel]) -> String {
    let runs: Vec<_> = all
        .iter()
        .enumerate()
        .map(|(index, series)| {
            let values: BTreeMap<&str, &str> = differing.iter().map(|(name, values)| (*name, values[index].as_str())).collect();
            serde_json::json!({ "name": series.name, "differs": values, "seeds": series.seeds, "flops": series.flops })
        })
        .collect();
    serde_json::json!({ "type": "comparison", "runs": runs, "distilled_against_alone": own, "between_runs": between, "texts": duels })
        .to_string()
}
