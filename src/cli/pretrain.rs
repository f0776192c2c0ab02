//! `pretrain`: how the shipped teachers are made.

use pollster::block_on;
use serde_json::json;

use super::args::PretrainArgs;
use super::error::Error;
use super::files::write_whole;
use super::interrupt;
use super::metrics;
use super::output;
use super::progress::Progress;
use super::session::{Files, Session};
use super::source::turned;
use super::table::{bytes, percent, thousands};
use crate::device::{Choice, DeviceError};
use crate::spec::{Experiment, TaskName, TeacherSchedule, TeacherSource, presets};
use crate::train::{Event, Role, RunError};

/// Steps between two readbacks.
const PUMP: usize = 10;

pub fn pretrain(args: &PretrainArgs) -> Result<(), Error> {
    let task = TaskName::from(args.task);
    // The first preset of the task has the shape in which its teacher is used.
    let experiments = presets::TABLE.iter().map(presets::Preset::experiment);
    let mut base = experiments.into_iter().find(|experiment| experiment.task.name == task).unwrap_or_default();
    base = Experiment { preset: "custom".into(), ..base };
    base.teacher.source = TeacherSource::Live;
    base.teacher.schedule = TeacherSchedule::First;
    let experiment = turned(base, &args.knobs.set)?;
    if experiment.task.name != task
        || experiment.teacher.source != TeacherSource::Live
        || experiment.teacher.schedule != TeacherSchedule::First
    {
        return Err(Error::input("pretrain decides task.name, teacher.source and teacher.schedule itself: leave them out of --set"));
    }
    if matches!(args.place.device, Some(Choice::Several(_))) {
        return Err(RunError::Device(DeviceError::Several).into());
    }
    let session = Session::open(
        args.place.device.clone().unwrap_or_default(),
        &experiment,
        Files { data: args.place.data.as_deref(), ..Files::default() },
        args.json,
    )?;
    let mut run = session.begin(experiment)?;
    let summary = run.summary();
    let total = summary.teacher_steps;
    let mut progress = Progress::new(args.json, "teacher".into(), run.experiment().seed, total, 0);
    let mut accuracy = 0.0;
    let mut step = 0;
    // The students' phase begins at `total`, and is not wanted.
    while step < total {
        for event in block_on(run.advance(PUMP.min(total - step)))? {
            step = metrics::total_step(&event, total, step);
            if let Event::Evaluated { networks, .. } = &event
                && let Some(teacher) = networks.iter().find(|network| network.role == Role::Teacher)
            {
                accuracy = teacher.accuracy;
            }
            progress.event(&event, step)?;
        }
        if interrupt::asked() {
            progress.clear();
            return Err(Error::Interrupted(format!("stopped at step {step}; {} was not written", args.output.display())));
        }
    }
    progress.clear();
    let weights = block_on(run.weights(Role::Teacher, true))?;
    write_whole(&args.output, &weights)?;
    if args.json {
        return output::line(
            &json!({ "type": "pretrained", "path": args.output, "accuracy": accuracy, "bytes": weights.len(), "steps": total }).to_string(),
        );
    }
    output::line(&format!(
        "teacher {}: {} on {} test rows after {} steps; {} of f16 weights in {}",
        summary.networks.iter().find(|size| size.role == Role::Teacher).map_or_else(String::new, |size| size.layers.to_string()),
        percent(accuracy),
        thousands(summary.test_rows),
        thousands(total),
        bytes(weights.len()),
        args.output.display()
    ))
}
