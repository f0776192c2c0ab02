//! `report.html` of a run or of several seeds.

mod seeds;

use std::path::Path;

use super::cost;
use super::error::Error;
use super::measure::{Measure, legend};
use super::output;
use super::page::Page;
use super::plot::{self, Curve};
use super::record::Record;
use super::run::{networks, sentences};
use super::rundir::RunDir;
use super::settings::Settings;
use super::summary::{FILE, Summary};
use super::table::{Table, bytes, thousands};
use crate::spec::{Experiment, TaskName, knobs};
use crate::train::{ROLES, Role};

pub const NAME: &str = "report.html";

/// What the columns of [`networks`] mean.
pub fn read_table(measures: &[Measure], record: &Record) -> String {
    let cases = record.cases().map(|count| {
        let count = thousands(count);
        format!(
            " In brackets the 95 % interval of a share of {count} test cases (Wilson): what another test set might show, not another seed."
        )
    });
    let writes = record.measured.as_ref().is_some_and(|measured| !measured.tokens_per_second.is_empty());
    format!(
        "{}{} Of teacher: how much of the teacher's a student keeps; latency: one forward pass of one test example, the median of several, on the \
         device that trained.{}",
        capital(&legend(measures, &record.experiment)),
        cases.unwrap_or_default(),
        if writes { " Writes: all texts of an evaluation at once, with a cache." } else { "" }
    )
}

/// `distillery report DIR`.
pub fn rewrite(path: &Path) -> Result<(), Error> {
    let directory = RunDir::open(path)?;
    write(&directory)?;
    output::line(&directory.file(NAME).display().to_string())
}

/// Writes the report of a directory from what lies in it.
pub fn write(directory: &RunDir) -> Result<(), Error> {
    let settings = directory.settings()?;
    let html = if settings.seeds.is_none() {
        of_run(&Record::read(directory)?)
    } else if directory.file(FILE).exists() {
        seeds::report(directory, &Summary::read(directory)?, &settings)?
    } else {
        let (shown, word) = (directory.path().display(), output::quoted(directory.path()));
        return Err(Error::input(format!("{shown} has no {FILE} yet: its seeds are not finished; go on by `distillery resume {word}`")));
    };
    directory.write(NAME, html.as_bytes())
}

fn of_run(record: &Record) -> String {
    let experiment = &record.experiment;
    let mut page = Page::new(&format!("Distillery: {}, seed {}", experiment.preset, experiment.seed));
    if !record.finished {
        page.paragraph("This run is not finished: the numbers are those of its last evaluation.");
    }
    for text in sentences(record) {
        page.paragraph(&text);
    }
    let (table, measures) = networks(record, true);
    page.table(&table.into_rows());
    page.quiet(&read_table(&measures, record));
    if record.flops.is_some() {
        page.quiet(cost::LEGEND);
    }
    further(&mut page, super::run::further(record), experiment);
    for size in record.facts.networks.iter().filter(|size| size.role != Role::Distilled) {
        let who = if size.role == Role::Alone { "both students" } else { size.role.name() };
        page.quiet(&format!("{who}: {}", size.layers));
    }
    curves(&mut page, record);
    repeat(&mut page, &record.command(), experiment);
    page.heading("Measured on");
    let rate = record
        .steps_per_second
        .map(|rate| {
            format!(
                ", {} steps/s with all networks training and a readback every 10 steps",
                if rate < 10.0 { format!("{rate:.2}") } else { format!("{rate:.0}") }
            )
        })
        .unwrap_or_default();
    let memory = record.measured.as_ref().and_then(|measured| measured.peak_memory);
    let memory =
        memory.map(|peak| format!(", at most {} in memory, with all networks and their optimisers", bytes(peak))).unwrap_or_default();
    page.quiet(&format!(
        "{} ({}){rate}{memory}; Distillery {}; {}",
        record.settings.backend,
        record.settings.adapter,
        record.settings.distillery,
        record.amounts()
    ));
    attribution(&mut page, experiment, &record.settings);
    page.finish()
}

fn further(page: &mut Page, found: Option<(Table, Vec<Measure>)>, experiment: &Experiment) {
    if let Some((table, measures)) = found {
        page.table(&table.into_rows());
        page.quiet(&capital(&legend(&measures, experiment)));
    }
}

fn curves(page: &mut Page, record: &Record) {
    let last = (record.facts.teacher_steps + record.facts.student_steps) as f64;
    let evaluated = |measure: Measure| -> Vec<Curve> {
        let of = |role: Role| {
            let found = record.evaluations.iter().filter(|(_, found)| found.role == role);
            let mut points: Vec<_> = found.filter_map(|(step, found)| Some((*step as f64, measure.of(found)?))).collect();
            // A frozen teacher is evaluated once and stays what it is.
            if role == Role::Teacher
                && record.finished
                && let Some((_, y)) = points.last().copied()
            {
                points.push((last, y));
            }
            Curve { role, points }
        };
        ROLES.map(of).into()
    };
    let losses = ROLES.map(|role| {
        let found = record.losses.iter().filter(|(_, loss)| loss.role == role);
        Curve { role, points: found.map(|(step, loss)| (*step as f64, f64::from(loss.total))).collect() }
    });
    keys(page, &ROLES);
    let phases = if record.facts.teacher_steps > 0 {
        format!(
            " Steps count from the start of the teacher's own phase; the students begin at step {}.",
            thousands(record.facts.teacher_steps)
        )
    } else {
        String::new()
    };
    let plotted = [
        Measure::Accuracy,
        Measure::RightAnswers,
        Measure::Loss,
        Measure::Agreement,
        Measure::Similarity,
        Measure::ForwardKl,
        Measure::ReverseKl,
        Measure::Coverage,
        Measure::Length,
        Measure::WinRate,
        Measure::Preferred,
    ];
    // What is called accuracy may be another measure, which has a plot of its own.
    let shown = plotted.into_iter().filter(|measure| *measure != Measure::Accuracy || record.right() == Measure::Accuracy);
    let mut plots: Vec<_> =
        shown.map(|measure| (title(measure, &record.experiment), measure.name(), evaluated(measure), measure.is_share())).collect();
    plots.push(("Training loss, each network's own".into(), "loss", losses.into(), false));
    for (title, y_name, list, percent) in plots {
        if let Some(svg) = plot::curves(&title, y_name, &list, percent) {
            page.heading(&title);
            page.raw(&format!("<div class=\"scroll\">{svg}</div>"));
        }
    }
    page.quiet(&format!(
        "The training losses of the two students are not comparable: the distilled one's holds the teacher's part.{phases}"
    ));
}

/// What the lines of these roles look like.
fn keys(page: &mut Page, roles: &[Role]) {
    let key = |role: &Role| {
        let class = if *role == Role::Alone { "key alone" } else { "key" };
        let plotters::style::RGBColor(r, g, b) = plot::colour(*role);
        format!("<span class=\"{class}\" style=\"color:#{r:02X}{g:02X}{b:02X}\"></span>{}", role.name())
    };
    page.raw(&format!("<p>{}</p>", roles.iter().map(key).collect::<String>()));
}

/// What a measure is, above its plot.
fn title(measure: Measure, experiment: &Experiment) -> String {
    capital(measure.meaning(experiment).unwrap_or(measure.name()))
}

/// The same with its first letter large.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn repeat(page: &mut Page, command: &str, experiment: &Experiment) {
    page.heading("Repeat it");
    page.code(command);
    let changed: Vec<_> = experiment.differences().into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let changed = if changed.is_empty() { "nothing".into() } else { changed.join(", ") };
    page.quiet(&format!("Turned against the preset `{}`: {changed}. The whole experiment:", experiment.preset));
    let mut rows = vec![vec!["knob".to_owned(), "value".to_owned()]];
    rows.extend(knobs::TABLE.iter().map(|knob| vec![knob.key.to_owned(), knob.get_text(experiment)]));
    page.raw("<details><summary>All knobs</summary>");
    page.table(&rows);
    page.raw("</details>");
}

fn attribution(page: &mut Page, experiment: &Experiment, settings: &Settings) {
    let text = match (experiment.task.name, &settings.data) {
        (TaskName::Digits, _) => {
            "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, \
             https://doi.org/10.24432/C50P49, CC BY 4.0."
        }
        (TaskName::Fashion, None) => "A 14×14 subset of Fashion-MNIST, H. Xiao, K. Rasul and R. Vollgraf, © 2017 Zalando SE, MIT licence.",
        (TaskName::Fashion, Some(_)) => {
            "IDX files of the user: Fashion-MNIST is by H. Xiao, K. Rasul and R. Vollgraf, © 2017 Zalando SE, MIT licence; MNIST by Y. LeCun, \
             C. Cortes and C. Burges."
        }
        (TaskName::Plane, _) => "Points in the plane, generated by Distillery.",
        (_, Some(_)) => "Text of the user.",
        _ => "Text, generated by Distillery.",
    };
    page.heading("Data");
    page.quiet(text);
}
