//! `run` and `resume`.

use serde_json::{Value, json};

use super::args::{ResumeArgs, RunArgs};
use super::best;
use super::cost;
use super::error::Error;
use super::files::read_text;
use super::measure::{Measure, excess_at};
use super::output;
use super::race::{self, Race};
use super::record::Record;
use super::rundir::RunDir;
use super::seeds;
use super::session::{Files, Session};
use super::settings::Settings;
use super::source;
use super::summary;
use super::table::{Table, bytes, milliseconds, or_dash, percent, points, thousands};
use super::texts;
use crate::eval::statistics::share_interval;
use crate::spec::{Experiment, Train};
use crate::train::{Evaluation, ROLES, Role};

pub fn start(mut args: RunArgs) -> Result<(), Error> {
    let (base, places) = source::experiment(&args.what)?;
    places.fill(&mut args);
    // Before what is set by hand, which may contradict it.
    let start = args.student.iter().map(|_| "student.start=file".to_owned());
    let experiment = source::turned(base, &start.chain(args.knobs.set.iter().cloned()).collect::<Vec<_>>())?;
    let files = Files {
        data: args.place.data.as_deref(),
        test: args.test.as_deref(),
        teacher: args.teacher.as_deref(),
        student: args.student.as_deref(),
        cache: args.teacher_cache.as_deref(),
        texts: args.teacher_texts.as_deref(),
        before: None,
        untemplated: false,
    };
    RunDir::check(args.out.as_deref())?;
    for line in source::without_effect(&experiment, &args.knobs.set) {
        eprintln!("{line}");
    }
    let session = Session::open(args.place.device.clone().unwrap_or_default(), &experiment, files, args.output.json)?;
    let settings = Settings::new(&session, &args.output, args.seeds);
    advise(&experiment, &settings);
    if let Some(count) = args.seeds {
        return seeds::start(&session, experiment, settings, count, args.out.as_deref());
    }
    // Before the directory is made: an experiment that cannot start leaves nothing behind.
    let run = session.begin(experiment)?;
    let experiment = run.experiment();
    let label = experiment.preset.clone();
    let directory = match &args.out {
        Some(path) => RunDir::create(path)?,
        None => RunDir::create_numbered(&format!("{label}-seed{}", experiment.seed))?,
    };
    let path = directory.path().to_owned();
    let record = Race::start(&session, run, directory.clone(), settings, &label, &path)?.finish()?;
    conclude(args.output.json, &directory, &record)
}

/// What is chosen by the rows that it is reported on looks better than it is.
fn advise(experiment: &Experiment, settings: &Settings) {
    let Train { patience, validation, .. } = experiment.train;
    if (patience > 0 || settings.keep_best > 0) && validation == 0.0 {
        eprintln!(
            "note: train.patience and --keep-best choose by the test rows that the result is measured on, which flatters it: --set \
             train.validation=0.1 holds rows back to choose by"
        );
    }
}

pub fn resume(args: &ResumeArgs) -> Result<(), Error> {
    let directory = RunDir::open(&args.directory)?;
    let settings = directory.settings()?;
    if finished(args, &directory, &settings)? {
        return Ok(());
    }
    let device = args.device.clone().unwrap_or_else(|| settings.choice());
    let files = Files {
        data: args.data.as_deref().or(settings.data.as_deref()),
        test: args.test.as_deref().or(settings.test.as_deref()),
        teacher: args.teacher.as_deref().or(settings.teacher.as_deref()),
        student: args.student.as_deref().or(settings.student.as_deref()),
        cache: settings.cache.as_deref(),
        texts: settings.texts.as_deref(),
        before: settings.sources.as_ref(),
        untemplated: settings.sources.as_ref().is_none_or(|sources| sources.templates.is_none()),
    };
    let session = Session::open(device, &directory.experiment()?, files, args.json)?;
    if session.place.backend() != settings.backend {
        eprintln!("note: the run began on {}; on {} its numbers will differ in the last digits", settings.backend, session.place.backend());
    }
    if let Some(count) = settings.seeds {
        return seeds::run(&session, &directory, &directory.experiment()?, &settings.clone().moved(&session), count);
    }
    let label = directory.experiment()?.preset;
    let path = directory.path().to_owned();
    let record = Race::resume(&session, directory.clone(), &label, &path)?.finish()?;
    conclude(args.json, &directory, &record)
}

/// Whether there is nothing left to do; then the results are shown, without data or models being read for it.
fn finished(args: &ResumeArgs, directory: &RunDir, settings: &Settings) -> Result<bool, Error> {
    let places = [("--data", &args.data), ("--test", &args.test), ("--teacher", &args.teacher), ("--student", &args.student)];
    let mut idle: Vec<&str> = places.into_iter().filter(|(_, path)| path.is_some()).map(|(flag, _)| flag).collect();
    idle.extend(args.device.is_some().then_some("--device"));
    let note = || {
        if !idle.is_empty() {
            eprintln!("note: this run is finished: its results are shown, and {} changes nothing", idle.join(" or "));
        }
    };
    if let Some(count) = settings.seeds {
        let complete = seeds::complete(directory, count)?;
        if let Some(summary) = &complete {
            note();
            seeds::tell(directory, summary, args.json)?;
        }
        return Ok(complete.is_some());
    }
    let Some(record) = race::complete(directory) else { return Ok(false) };
    note();
    if args.json {
        retell(directory, &record)?;
    }
    conclude(args.json, directory, &record)?;
    Ok(true)
}

/// What a machine hears of a run that is finished: where it is, and out of its events what it is about, its last evaluation and its end.
fn retell(directory: &RunDir, record: &Record) -> Result<(), Error> {
    let text = read_text(&directory.file("metrics.jsonl"))?;
    let events: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let last = |kind: &str| events.iter().rfind(|event| event["type"] == kind);
    let Settings { backend, adapter, .. } = &record.settings;
    let step = events.last().map(|event| event["total_step"].clone());
    let started = json!({
        "type": "started", "directory": directory.path(), "from_step": step, "backend": backend, "adapter": adapter, "note": null,
        "seed": record.experiment.seed,
    });
    let events = ["opened", "evaluated", "finished"].into_iter().filter_map(last);
    [&started].into_iter().chain(events).try_for_each(|event| output::line(&event.to_string()))
}

/// The result for people; a machine has heard the `finished` event.
fn conclude(json: bool, directory: &RunDir, record: &Record) -> Result<(), Error> {
    if json {
        return Ok(());
    }
    output::line(&networks(record, false).0.to_string())?;
    if let Some((table, _)) = further(record) {
        output::line(&format!("\n{table}\n"))?;
    }
    for text in sentences(record) {
        output::line(&text)?;
    }
    let shown = directory.path().display();
    let students = if record.settings.teacher.is_some() {
        "student/ (distilled) and alone/, which transformers loads"
    } else {
        "student.safetensors (distilled), alone.safetensors"
    };
    if let Some(best) = best::scores(directory)?.first() {
        let (shown, folder) = (best.shown(), directory.path().join(&best.folder));
        let chosen = chosen_by(record);
        output::line(&format!("Best student: {shown} at step {}, chosen {chosen}, in {}", thousands(best.step), folder.display()))?;
    }
    let written = if directory.file(texts::FILE).exists() { ", texts.jsonl" } else { "" };
    output::line(&format!("Kept in {shown}: report.html, {students}{written}, metrics.jsonl"))
}

/// The three networks, one a row, and what is measured of them; in a `report` with the interval of what was counted, and with latency, which is no
/// two times the same.
pub fn networks(record: &Record, report: bool) -> (Table, Vec<Measure>) {
    let of = |role: Role, measure: Measure| record.finals.get(&role).and_then(|found| measure.of(found));
    let has = |measure: &Measure| ROLES.iter().any(|role| of(*role, *measure).is_some());
    let others: Vec<Measure> = [Measure::Ece, Measure::Agreement].into_iter().filter(has).collect();
    let mut header = vec!["", "parameters", "size", record.right().name(), "of teacher"];
    header.extend(others.iter().map(|measure| measure.name()));
    let measured = record.measured.as_ref().filter(|_| report);
    let writes = measured.is_some_and(|measured| !measured.tokens_per_second.is_empty());
    header.extend(report.then_some("latency"));
    header.extend(writes.then_some("writes"));
    let mut table = Table::new(header);
    for role in ROLES {
        let size = record.facts.networks.iter().find(|size| size.role == role);
        let mut cells = vec![
            role.name().to_owned(),
            or_dash(size.map(|size| thousands(size.parameters))),
            or_dash(size.map(|size| bytes(size.bytes))),
            or_dash(of(role, Measure::Accuracy).map(percent)),
            or_dash(record.retention(role).map(percent)),
        ];
        if report && let Some([low, high]) = of(role, Measure::Accuracy).and_then(|share| share_interval(share, record.cases()?)) {
            cells[3] = format!("{} ({} to {})", cells[3], percent(low), percent(high));
        }
        cells.extend(others.iter().map(|measure| or_dash(of(role, *measure).map(|value| measure.show(value)))));
        if report {
            cells.push(or_dash(measured.and_then(|measured| measured.latency.get(&role)).map(|ms| milliseconds(*ms))));
        }
        if writes {
            let rate = measured.and_then(|measured| measured.tokens_per_second.get(&role));
            cells.push(or_dash(rate.map(|rate| format!("{} tokens/s", thousands(rate.round() as usize)))));
        }
        table.row(cells);
    }
    (table, [vec![record.right()], others].concat())
}

/// What else is measured of text and of encoders.
pub fn further(record: &Record) -> Option<(Table, Vec<Measure>)> {
    summary::further(excess_at(record.finals.values()), |role, measure| {
        record.finals.get(&role).and_then(|found| measure.of(found)).map(|value| measure.show(value))
    })
}

/// The rows by which students are chosen, and the measure where it is not accuracy.
fn chosen_by(record: &Record) -> String {
    let open = record.finals.get(&Role::Distilled).is_some_and(Evaluation::is_open);
    let by = if open { "by ROUGE-L " } else { "" };
    match record.facts.validation_rows {
        0 => format!("{by}on the test rows"),
        held => format!("{by}on {} validation rows", thousands(held)),
    }
}

/// What happened, in words.
pub fn sentences(record: &Record) -> Vec<String> {
    let mut list = Vec::new();
    if let Some(early) = record.early {
        list.push(format!(
            "The run ended early, at step {} of {}: the distilled student of step {} was not bettered in {} evaluations (train.patience), {}. \
             It stands as it was at the end{}.",
            thousands(early.step),
            thousands(record.facts.student_steps),
            thousands(early.best_step),
            early.evaluations,
            chosen_by(record),
            if record.settings.keep_best == 0 { "; --keep-best 1 keeps the best one" } else { "" }
        ));
    }
    if let (Some(alone), Some(distilled)) = (record.accuracy(Role::Alone), record.accuracy(Role::Distilled)) {
        let (what, has_labels) = record.counted();
        let learned = if has_labels { "labelled" } else { "training" };
        list.push(format!(
            "Distilled against alone: {} {} on {}, from {} {learned} {what}. One run is no evidence: --seeds 5 gives an interval.",
            points(distilled - alone),
            record.right().unit(record.right().name()),
            record.tested(),
            thousands(record.facts.labelled_rows)
        ));
    }
    list.extend(record.flops.map(|flops| cost::sentence(&flops, &record.experiment)));
    let students = [Role::Alone, Role::Distilled].into_iter().filter_map(|role| record.finals.get(&role));
    let embeddings: Vec<String> = students.filter_map(embeddings).collect();
    if !embeddings.is_empty() {
        list.push(format!("Embeddings of test texts against the teacher's: {}.", embeddings.join("; ")));
    }
    for role in [Role::Alone, Role::Distilled] {
        if let Some(omitted) = record.finals.get(&role).and_then(|found| found.omitted) {
            list.push(format!(
                "Class {}, which the students never saw: {} recognises {} of it, and {} after its bias is raised by {:.1}.",
                omitted.class,
                role.name(),
                percent(omitted.recall),
                percent(omitted.shifted_recall),
                omitted.shift
            ));
        }
    }
    list
}

/// How near an encoder's embeddings are to its teacher's.
fn embeddings(found: &Evaluation) -> Option<String> {
    let measures = found.encoder.as_ref()?;
    let cosine = measures.cosine.map(|cosine| format!(", mean cosine {cosine:.3}")).unwrap_or_default();
    let (similarity, neighbours) = (measures.similarity?, percent(measures.neighbours?));
    Some(format!("{} Spearman {similarity:.3}{cosine}, the same nearest text for {neighbours}", found.role.name()))
}
