//! What one should know of an experiment over text before it runs, for people.

use crate::data::text::Skipped;
use crate::loss::preference;
use crate::spec::{Experiment, Method, Preference, Text};

/// All that is to be said of the knobs, and of examples that were left out.
pub fn of(experiment: &Experiment, skipped: &Skipped) -> impl Iterator<Item = String> {
    let text = &experiment.text;
    [too_long(text, skipped), unpublished(text), idle(experiment), no_stage(text)].into_iter().flatten()
}

fn too_long(Text { context, .. }: &Text, skipped: &Skipped) -> Option<String> {
    let longer = if skipped.count == 1 { "is longer" } else { "are longer" };
    (skipped.count > 0).then(|| format!("{skipped} {longer} than {context} tokens; left out: raise text.context to have them"))
}

/// What is to be said of a preference whose constants are those of another form, as they are when the form alone was changed.
fn unpublished(text: &Text) -> Option<String> {
    let Text { method, preference, preference_beta: beta, preference_margin: margin, .. } = *text;
    let published = preference::Settings::published(preference);
    let odd = method == Method::Dpkd && preference == Preference::Simpo && (beta, margin) != (published.beta, published.margin);
    odd.then(|| {
        format!(
            "SimPO's paper has text.preference_beta={} and text.preference_margin={}; this run has {beta} and {margin}",
            published.beta, published.margin
        )
    })
}

/// What is to be said where the fine-tuning before a method takes all steps.
fn idle(experiment: &Experiment) -> Option<String> {
    let Text { sft_steps: first, tune_steps: last, method, .. } = experiment.text;
    let (steps, tuned) = (experiment.train.steps, first + last);
    (method != Method::Sft && tuned >= steps).then(|| {
        let (knobs, which) = match (first, last) {
            (_, 0) => ("text.sft_steps", format!("the first {first}")),
            (0, _) => ("text.tune_steps", format!("the last {last}")),
            _ => ("text.sft_steps and text.tune_steps", format!("the first {first} and the last {last}")),
        };
        format!(
            "{which} steps fine-tune both students alike ({knobs}), and this run has {steps}: nothing is distilled. Set train.steps above \
             {tuned}, or {knobs} below {steps}"
        )
    })
}

/// What is to be said of a learning rate for a fine-tuning that is none.
fn no_stage(text: &Text) -> Option<String> {
    (text.sft_lr > 0.0 && text.sft_steps == 0).then(|| {
        format!(
            "text.sft_lr={} is the learning rate of the first text.sft_steps, and this run has none of them: set text.sft_steps, or text.sft_lr=0",
            text.sft_lr
        )
    })
}
