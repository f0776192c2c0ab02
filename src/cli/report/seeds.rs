//! The report of several seeds: what they say together, and where each has a report of its own.

use std::collections::BTreeMap;

use super::super::cost;
use super::super::error::Error;
use super::super::measure::Measure;
use super::super::page::Page;
use super::super::plot::{self, Band, Pair};
use super::super::record::{Record, right};
use super::super::rundir::RunDir;
use super::super::settings::Settings;
use super::super::summary::Summary;
use super::super::table::{Table, bytes, milliseconds, or_dash, thousands};
use super::{NAME, attribution, capital, further, keys, repeat, title};
use crate::eval::statistics::Interval;
use crate::train::{ROLES, Role};

/// # Errors
/// A seed's directory that cannot be read.
pub fn report(directory: &RunDir, summary: &Summary, settings: &Settings) -> Result<String, Error> {
    let measure = right(&summary.experiment);
    let mut page = Page::new(&format!("Distillery: {}, {} paired seeds", summary.experiment.preset, summary.seeds.len()));
    page.paragraph(&summary.sentence());
    page.quiet("Both students of a seed start from the same weights and see the same batches. Intervals are Student-t at 95 % over the seeds; the verdict stands when the interval of the paired difference excludes zero.");
    page.heading("Means over the seeds");
    page.table(&summary.means().into_rows());
    further(&mut page, summary.further(), &summary.experiment);
    page.heading(&format!("{} of each seed", capital(measure.name())));
    let pairs: Vec<_> = summary.seeds.iter().filter_map(|seed| pair(seed.seed, &seed.networks, measure)).collect();
    if let Some(svg) = plot::pairs("The students of each seed", measure.name(), &pairs, measure.is_share()) {
        keys(&mut page, &[Role::Alone, Role::Distilled]);
        page.raw(&format!("<div class=\"scroll\">{svg}</div>"));
        page.quiet("A line joins the two students of a seed.");
    }
    page.table(&summary.table().into_rows());
    let records =
        summary.seeds.iter().map(|seed| Record::read(&RunDir::open(&directory.seed(seed.seed))?)).collect::<Result<Vec<_>, _>>()?;
    page.heading("Size and speed");
    page.table(&costs(&records).into_rows());
    page.quiet(
        "Latency: one forward pass of one test example on the device that trained, the median of several; over the seeds the mean and its interval. \
         Memory: the most that the process held until the seed's end, all networks and their optimisers in it.",
    );
    if let Some(text) = summary.cost() {
        page.paragraph(&text);
        page.quiet(cost::LEGEND);
    }
    curves(&mut page, &records, summary);
    page.heading("Each seed by itself");
    let link = |seed: u32| format!("<a href=\"seed-{seed}/{NAME}\">seed {seed}</a>");
    page.raw(&format!("<p>{}</p>", summary.seeds.iter().map(|seed| link(seed.seed)).collect::<Vec<_>>().join(" · ")));
    repeat(&mut page, &summary.command, &summary.experiment);
    page.heading("Measured on");
    page.quiet(&format!("{} ({}); Distillery {}", settings.backend, settings.adapter, settings.distillery));
    attribution(&mut page, &summary.experiment, settings);
    Ok(page.finish())
}

fn pair(seed: u32, networks: &BTreeMap<Role, crate::train::Evaluation>, measure: Measure) -> Option<Pair> {
    let of = |role| measure.of(networks.get(&role)?);
    Some(Pair { name: seed.to_string(), alone: of(Role::Alone)?, distilled: of(Role::Distilled)? })
}

/// What each network takes, and the process with all of them.
fn costs(records: &[Record]) -> Table {
    let mut table = Table::new(["", "parameters", "size", "latency", "memory"]);
    let measured = || records.iter().filter_map(|record| record.measured.as_ref());
    for role in ROLES {
        let size = records.first().and_then(|record| record.facts.networks.iter().find(|size| size.role == role));
        let times: Vec<f64> = measured().filter_map(|measured| measured.latency.get(&role).copied()).collect();
        let latency = Interval::of(&times).map(|found| match found.half_width {
            Some(half) => format!("{} ± {}", milliseconds(found.mean), milliseconds(half)),
            None => milliseconds(found.mean),
        });
        let sizes = size.map(|size| [thousands(size.parameters), bytes(size.bytes)]);
        let [parameters, size] = sizes.map_or([None, None], |sizes| sizes.map(Some)).map(or_dash);
        table.row([role.name().to_owned(), parameters, size, or_dash(latency), String::new()]);
    }
    let peak = measured().filter_map(|measured| measured.peak_memory).max();
    table.row(["all, in training".to_owned(), String::new(), String::new(), String::new(), or_dash(peak.map(bytes))]);
    table
}

/// Means over the seeds at every evaluation that all of them have, with their intervals as bands.
fn curves(page: &mut Page, records: &[Record], summary: &Summary) {
    let measure = right(&summary.experiment);
    for measure in [measure, Measure::Loss] {
        let bands = ROLES.map(|role| Band { role, points: means(records, role, measure) });
        let title = format!("{}: means over the seeds, and their 95 % intervals", title(measure, &summary.experiment));
        if let Some(svg) = plot::bands(&title, measure.name(), &bands, measure.is_share()) {
            page.heading(&title);
            keys(page, &ROLES);
            page.raw(&format!("<div class=\"scroll\">{svg}</div>"));
        }
    }
}

/// Step, mean and half of the interval. A frozen teacher is evaluated once, and stands for all steps.
fn means(records: &[Record], role: Role, measure: Measure) -> Vec<(f64, f64, f64)> {
    let mut at: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for record in records {
        for (step, found) in record.evaluations.iter().filter(|(_, found)| found.role == role) {
            at.entry(*step).or_default().extend(measure.of(found));
        }
    }
    let all = at.into_iter().filter(|(_, values)| values.len() == records.len());
    let mut points: Vec<_> = all
        .filter_map(|(step, values)| Interval::of(&values).map(|found| (step as f64, found.mean, found.half_width.unwrap_or(0.0))))
        .collect();
    let last = records.first().map_or(0, |record| record.facts.teacher_steps + record.facts.student_steps);
    if let (Role::Teacher, Some((_, mean, half))) = (role, points.last().copied()) {
        points.push((last as f64, mean, half));
    }
    points
}
