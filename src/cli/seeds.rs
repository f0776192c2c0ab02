//! `--seeds N`: the same race with N seeds, each in a directory of its own, and what they say together.

use std::path::Path;

use super::error::Error;
use super::output;
use super::race::{self, Race};
use super::record::{Record, command};
use super::report;
use super::rundir::RunDir;
use super::session::Session;
use super::settings::Settings;
use super::summary::{FILE, Summary};
use crate::spec::{Experiment, TaskName, knobs};

pub fn start(session: &Session, experiment: Experiment, settings: Settings, count: u32, out: Option<&Path>) -> Result<(), Error> {
    if experiment.seed.checked_add(count - 1).is_none() {
        let most = u32::MAX - (count - 1);
        return Err(Error::input(format!("--seeds {count} goes past the largest seed: set seed={most} or less")));
    }
    // Windows of running text are the same for every seed; elsewhere a seed chooses what is learned from.
    if let (Some(cache), 2..) = (&session.cache, count)
        && experiment.task.name != TaskName::Novel
    {
        return Err(Error::input(format!(
            "--teacher-cache {}: it holds what the teacher says of the examples of one seed, and --seeds {count} has others for each: leave one \
             of the two out",
            cache.display()
        )));
    }
    if let (Some(texts), 2..) = (&session.texts, count) {
        return Err(Error::input(format!(
            "--teacher-texts {}: it holds texts that one seed has drawn, and --seeds {count} draws others for each: leave one of the two out; each \
             run keeps its own in its directory",
            texts.display()
        )));
    }
    // An experiment that cannot start leaves no directory behind.
    let settings = settings.of(&session.begin(experiment.clone())?);
    let directory = match out {
        Some(path) => RunDir::create(path)?,
        None => RunDir::create_numbered(&format!("{}-{count}seeds", experiment.preset))?,
    };
    directory.describe(&experiment, &settings)?;
    run(session, &directory, &experiment, &settings, count)
}

/// Runs every seed that is not finished yet, then sums up.
pub fn run(session: &Session, directory: &RunDir, base: &Experiment, settings: &Settings, count: u32) -> Result<(), Error> {
    let mut records = Vec::new();
    for (index, seed) in (base.seed..=base.seed + (count - 1)).enumerate() {
        let path = directory.seed(seed);
        let label = format!("seed {seed} ({}/{count})", index + 1);
        records.push(one(session, directory, &path, base, seed, settings, &label)?);
    }
    let summary = Summary::new(base.clone(), command(base, settings), &records)?;
    let text = serde_json::to_string_pretty(&summary).expect("plain data");
    directory.write(FILE, format!("{text}\n").as_bytes())?;
    report::write(directory)?;
    tell(directory, &summary, session.json)
}

/// The summary of a directory in which nothing is left to do.
pub fn complete(directory: &RunDir, count: u32) -> Result<Option<Summary>, Error> {
    let base = directory.experiment()?;
    let mut seeds = base.seed..=base.seed.saturating_add(count - 1);
    let of = |record: Record, seed: u32| Experiment { seed, ..base.clone() } == record.experiment;
    let done = |seed: u32| {
        let seed_directory = RunDir::open(&directory.seed(seed));
        seed_directory.is_ok_and(|directory| race::complete(&directory).is_some_and(|record| of(record, seed)))
    };
    if !directory.file(report::NAME).exists() || !seeds.all(done) {
        return Ok(None);
    }
    Ok(Summary::read(directory).ok())
}

/// What all seeds say together.
pub fn tell(directory: &RunDir, summary: &Summary, json: bool) -> Result<(), Error> {
    if json {
        return output::line(&serde_json::to_string(&summary).expect("plain data"));
    }
    output::line(&format!("{}\n\n{}\n", summary.table(), summary.means()))?;
    if let Some((table, _)) = summary.further() {
        output::line(&format!("{table}\n"))?;
    }
    output::line(&summary.sentence())?;
    if let Some(cost) = summary.cost() {
        output::line(&cost)?;
    }
    output::line(&format!("Kept in {}: report.html, summary.json, a run directory for each seed", directory.path().display()))
}

fn one(
    session: &Session,
    parent: &RunDir,
    path: &Path,
    base: &Experiment,
    seed: u32,
    settings: &Settings,
    label: &str,
) -> Result<Record, Error> {
    let race = if path.join("experiment.json").exists() {
        let directory = RunDir::open(path)?;
        if let Some(record) = race::complete(&directory) {
            return Ok(record);
        }
        Race::resume(session, directory, label, parent.path())?
    } else {
        let mut experiment = base.clone();
        knobs::find("seed")?.set_text(&mut experiment, &seed.to_string())?;
        let run = session.begin(experiment)?;
        let own = Settings { seeds: None, ..settings.clone() };
        Race::start(session, run, RunDir::create(path)?, own, label, parent.path())?
    };
    // The files are known to be the right ones, wherever they are now.
    if parent.settings()? != *settings {
        parent.remember(settings)?;
    }
    race.finish()
}
