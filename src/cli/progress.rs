//! How far a run is: a bar on a terminal, plain lines in a log, events for machines. Bars and lines go to stderr; stdout is for results.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::error::Error;
use super::memory;
use super::metrics;
use super::output;
use super::table::{bytes, percent};
use crate::train::{Event, Phase, Role};

/// What a run says about itself while it goes on.
pub struct Progress {
    shape: Shape,
    label: String,
    seed: u32,
    total: usize,
    /// Last accuracies, by role.
    accuracies: Vec<(Role, f64)>,
    /// How likely a step is to learn from the student's own texts, where that changes.
    own_share: Option<f64>,
    /// Steps per second, smoothed (single readings jump), and the phase they belong to.
    rate: Option<(Phase, f64)>,
}

enum Shape {
    Bar(ProgressBar),
    /// The next tenth of the run that is worth a line.
    Lines {
        next: usize,
    },
    Json,
}

/// Share of a new reading in the smoothed rate.
const SMOOTHING: f64 = 0.1;

impl Progress {
    /// `done` of `total` steps are made.
    pub fn new(json: bool, label: String, seed: u32, total: usize, done: usize) -> Self {
        let shape = if json {
            Shape::Json
        } else if stderr().is_terminal() {
            let style = ProgressStyle::with_template("{prefix} {bar:20} {pos}/{len}  {wide_msg}").expect("the template is fixed");
            let bar = ProgressBar::new(total as u64).with_style(style).with_prefix(label.clone());
            bar.set_position(done as u64);
            Shape::Bar(bar)
        } else {
            Shape::Lines { next: done * 10 / total.max(1) + 1 }
        };
        Self { shape, label, seed, total, accuracies: Vec::new(), own_share: None, rate: None }
    }

    pub fn event(&mut self, event: &Event, total_step: usize) -> Result<(), Error> {
        match event {
            Event::Progress { phase, steps_per_second, .. } => {
                // The phases train different networks, at different speeds.
                let before = self.rate.filter(|(of, _)| of == phase).map_or(*steps_per_second, |(_, rate)| rate);
                self.rate = Some((*phase, before + SMOOTHING * (steps_per_second - before)));
            }
            Event::Evaluated { phase, networks, .. } => {
                for network in networks {
                    // Untrained students during the teacher's own phase tell nothing.
                    if *phase != Phase::Teacher || network.role == Role::Teacher {
                        self.accuracies.retain(|(role, _)| *role != network.role);
                        self.accuracies.push((network.role, network.accuracy));
                    }
                }
                self.accuracies.sort_by_key(|(role, _)| *role);
                self.own_share = networks.iter().find_map(|network| network.text.as_ref()?.own_share);
            }
            _ => {}
        }
        let message = self.message(total_step);
        match &mut self.shape {
            Shape::Json => return output::line(&metrics::line(event, self.seed, total_step).to_string()),
            Shape::Bar(bar) => {
                bar.set_position(total_step as u64);
                bar.set_message(message);
            }
            Shape::Lines { next } => {
                if matches!(event, Event::Evaluated { .. }) && total_step * 10 >= *next * self.total && total_step > 0 {
                    *next = total_step * 10 / self.total.max(1) + 1;
                    eprintln!("{}: step {total_step}/{}  {message}", self.label, self.total);
                }
            }
        }
        Ok(())
    }

    /// The end is cut off on a narrow terminal.
    fn message(&self, total_step: usize) -> String {
        let short = |role: &Role| match role {
            Role::Teacher => "teacher",
            Role::Alone => "alone",
            Role::Distilled => "distilled",
        };
        let accuracies = self.accuracies.iter().map(|(role, accuracy)| format!("{} {}", short(role), percent(*accuracy)));
        let mut parts: Vec<String> = self.left(total_step).map(|left| format!("{left} left")).into_iter().chain(accuracies).collect();
        parts.extend(self.own_share.map(|share| format!("own texts {}", percent(share))));
        // A step of a real checkpoint takes seconds.
        let pace = |rate: f64| if rate < 1.0 { format!("{:.1} s/step", rate.recip()) } else { format!("{rate:.0} steps/s") };
        parts.extend(self.rate.map(|(_, rate)| pace(rate)));
        parts.extend(memory::now().map(bytes));
        parts.join("  ")
    }

    /// How long the rest will take at the present rate.
    fn left(&self, total_step: usize) -> Option<HumanDuration> {
        let (_, rate) = self.rate.filter(|(_, rate)| *rate > 0.0)?;
        let left = self.total.saturating_sub(total_step) as f64 / rate;
        (left >= 1.0).then(|| HumanDuration(Duration::from_secs_f64(left)))
    }

    /// An event of the shell itself, for machines only.
    pub fn machine(&self, event: &Value) -> Result<(), Error> {
        if !matches!(self.shape, Shape::Json) {
            return Ok(());
        }
        let mut event = event.clone();
        event["seed"] = json!(self.seed);
        output::line(&event.to_string())
    }

    /// A line for people only.
    pub fn person(&self, text: &str) {
        match &self.shape {
            Shape::Json => {}
            Shape::Bar(bar) => bar.suspend(|| eprintln!("{}: {text}", self.label)),
            Shape::Lines { .. } => eprintln!("{}: {text}", self.label),
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Shape::Bar(bar) = &self.shape {
            bar.finish_and_clear();
        }
    }
}
