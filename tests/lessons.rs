//! What the lessons of the page claim holds in the runs that the page makes: each is run over paired seeds and its claim is checked with an
//! interval. A claim that fails here is rewritten, not hidden.
//!
//! `DISTILLERY_GENERATE=1 cargo test --release --test lessons` takes more seeds and writes the intervals down, for the page to show as
//! recorded. `DISTILLERY_LESSONS=hints,attention` looks at these only, for who writes one.
#![cfg(not(target_family = "wasm"))]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use distillery::data::Shipped;
use distillery::device::Place;
use distillery::eval::statistics::Interval;
use distillery::spec::Experiment;
use distillery::train::{Evaluation, Event, Materials, Role, Run};
use serde::{Deserialize, Serialize};

/// The part of a lesson that can be wrong (www/src/lessons/lesson.ts has all of it).
#[derive(Deserialize)]
struct Lesson {
    preset: String,
    runs: Vec<OneRun>,
    options: Vec<Band>,
    answer: usize,
    check: Check,
}

#[derive(Deserialize)]
struct OneRun {
    set: BTreeMap<String, String>,
    measure: Measure,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Measure {
    Distilled,
    Alone,
    Teacher,
    Gap,
    Recall,
    ShiftedRecall,
    Agreement,
    Ece,
    Coverage,
    Excess,
}

/// A band of values that can be predicted.
#[derive(Deserialize)]
struct Band {
    from: Option<f64>,
    to: Option<f64>,
}

#[derive(Deserialize)]
struct Check {
    expect: Expect,
    seeds: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
    /// The interval lies above 0.
    Positive,
    /// It lies below 0.
    Negative,
    /// It lies inside the band of the answer.
    None,
}

#[derive(Serialize, Deserialize)]
struct Recorded {
    seeds: u32,
    mean: f64,
    low: f64,
    high: f64,
}

/// Seeds of what is written down: as many as the command beside it takes (`SEEDS` in LessonCard.svelte).
const RECORDED_SEEDS: u32 = 10;

fn generates() -> bool {
    std::env::var_os("DISTILLERY_GENERATE").is_some()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("www/src/lessons")
}

/// All lessons, or those that are asked for.
fn lessons() -> BTreeMap<String, Lesson> {
    let wanted = std::env::var("DISTILLERY_LESSONS").ok();
    let asked = |path: &Path| wanted.as_ref().is_none_or(|ids| ids.split(',').any(|id| path.file_stem().is_some_and(|stem| stem == id)));
    let files = fs::read_dir(folder().join("content")).expect("the lessons of the page").map(|entry| entry.unwrap().path());
    let found: BTreeMap<String, Lesson> = files
        .filter(|path| asked(path))
        .map(|path| {
            let id = path.file_stem().unwrap().to_string_lossy().into_owned();
            let lesson = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{id}: {error}"));
            (id, lesson)
        })
        .collect();
    assert!(!found.is_empty(), "DISTILLERY_LESSONS names no lesson of www/src/lessons/content");
    found
}

/// In percent, as `read` in lesson.ts has it.
fn measured(measure: Measure, networks: &[Evaluation]) -> f64 {
    let of = |role| networks.iter().find(|network| network.role == role).expect("all three have answered");
    let distilled = of(Role::Distilled);
    let of_text = || distilled.text.as_ref().expect("a run over text");
    let omitted = || distilled.omitted.as_ref().expect("a class is omitted");
    100.0
        * match measure {
            Measure::Distilled => distilled.accuracy,
            Measure::Alone => of(Role::Alone).accuracy,
            Measure::Teacher => of(Role::Teacher).accuracy,
            Measure::Gap => distilled.accuracy - of(Role::Alone).accuracy,
            Measure::Recall => omitted().recall,
            Measure::ShiftedRecall => omitted().shifted_recall,
            Measure::Agreement => distilled.agreement.expect("students have one"),
            Measure::Ece => distilled.ece.expect("a network that foretells has one"),
            Measure::Coverage => of_text().coverage.expect("every right answer is known"),
            Measure::Excess => of_text().excess_error().expect("texts of the data's length were written"),
        }
}

/// The last answers of the three networks in a finished run.
async fn finals(experiment: Experiment) -> Vec<Evaluation> {
    let materials = Materials { shipped: Shipped::all(), ..Materials::default() };
    let mut run = Run::new(experiment, &Place::cpu(), &materials).await.expect("the run opens");
    let mut last: BTreeMap<Role, Evaluation> = BTreeMap::new();
    while !run.finished() {
        for event in run.advance(50).await.expect("the run goes on") {
            if let Event::Evaluated { networks, .. } = event {
                last.extend(networks.into_iter().map(|network| (network.role, network)));
            }
        }
    }
    last.into_values().collect()
}

impl Lesson {
    /// The value of one seed: the only run's measure, or the last less the first.
    async fn value(&self, seed: u32) -> f64 {
        let seed = seed.to_string();
        let mut found = Vec::new();
        for OneRun { set, measure } in &self.runs {
            let set = set.iter().map(|(key, value)| (key.as_str(), value.as_str())).chain([("seed", seed.as_str())]);
            let experiment = Experiment::from_preset(&self.preset, set).expect("a valid experiment");
            found.push(measured(*measure, &finals(experiment).await));
        }
        if let [first, last] = found[..] { last - first } else { found[0] }
    }

    /// What the interval says against the claim; `None` where it supports it.
    fn objection(&self, Recorded { mean, low, high, .. }: &Recorded) -> Option<String> {
        let Band { from, to } = &self.options[self.answer];
        let (from, to) = (from.unwrap_or(f64::NEG_INFINITY), to.unwrap_or(f64::INFINITY));
        let holds = match self.check.expect {
            Expect::Positive => *low > 0.0,
            Expect::Negative => *high < 0.0,
            Expect::None => *low >= from && *high < to,
        };
        let predicted = *mean >= from && *mean < to;
        let claim = self.check.expect;
        (!holds || !predicted).then(|| format!("{claim:?}, {from} to {to}, is not what {mean:+.2} [{low:+.2}, {high:+.2}] shows"))
    }
}

#[test]
fn every_claim_of_a_lesson_holds_over_paired_seeds() {
    let lessons = lessons();
    let seeds = |lesson: &Lesson| if generates() { RECORDED_SEEDS } else { lesson.check.seeds };
    let jobs: Vec<(&String, &Lesson, u32)> =
        lessons.iter().flat_map(|(id, lesson)| (0..seeds(lesson)).map(move |seed| (id, lesson, seed))).collect();
    let values: Mutex<BTreeMap<&String, BTreeMap<u32, f64>>> = Mutex::default();
    let next = Mutex::new(jobs.into_iter());
    // A run uses one thread: independent ones share the processors.
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let job = next.lock().unwrap().next();
                    let Some((id, lesson, seed)) = job else { break };
                    let value = pollster::block_on(lesson.value(seed));
                    values.lock().unwrap().entry(id).or_default().insert(seed, value);
                }
            });
        }
    });
    let values = values.into_inner().unwrap();
    let recorded: BTreeMap<&String, Recorded> = lessons
        .iter()
        .map(|(id, lesson)| {
            let values: Vec<f64> = values[id].values().copied().collect();
            let interval = Interval::of(&values).expect("some seeds");
            let half = interval.half_width.unwrap_or_else(|| panic!("{id}: one seed is no evidence"));
            let round = |value: f64| (value * 100.0).round() / 100.0;
            let [mean, low, high] = [interval.mean, interval.mean - half, interval.mean + half].map(round);
            (id, Recorded { seeds: seeds(lesson), mean, low, high })
        })
        .collect();
    let objections: Vec<String> =
        lessons.iter().filter_map(|(id, lesson)| Some(format!("{id}: {}", lesson.objection(&recorded[id])?))).collect();
    assert!(objections.is_empty(), "claims that our runs do not support:\n{}", objections.join("\n"));
    if generates() {
        let file = folder().join("recorded.json");
        let old = fs::read_to_string(&file).expect("the file of the page");
        let mut all: BTreeMap<String, Recorded> = serde_json::from_str(&old).expect("recorded by this test");
        all.retain(|id, _| folder().join(format!("content/{id}.json")).exists());
        all.extend(recorded.into_iter().map(|(id, one)| (id.clone(), one)));
        let text = serde_json::to_string_pretty(&all).expect("plain data");
        fs::write(file, format!("{text}\n")).expect("the file can be written");
    }
}
