//! The model card: a README.md beside the weights of the distilled student, in Markdown as model hubs show it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::record::{Record, command};
use super::report::READ_TABLE;
use super::run::{networks, sentences};
use super::rundir::RunDir;
use super::settings::Settings;
use super::table::thousands;
use crate::spec::{Experiment, NetworkKind, Objective};
use crate::train::Role;

const NAME: &str = "README.md";

/// Writes the card of a finished run: into `student/`, which is a Hugging Face folder where the teacher came from a file, otherwise into the run
/// directory.
pub fn write(directory: &RunDir) -> Result<(), Error> {
    let record = Record::read(directory)?;
    let folder = if record.settings.teacher.is_some() { "student/" } else { "" };
    directory.write(&format!("{folder}{NAME}"), text(&record).as_bytes())
}

fn text(record: &Record) -> String {
    let experiment = &record.experiment;
    let hub = record.settings.teacher.is_some();
    let layers =
        |role: Role| record.facts.networks.iter().find(|size| size.role == role).map_or_else(String::new, |size| size.layers.to_string());
    let public = Settings {
        data: file_name(record.settings.data.as_deref()),
        test: file_name(record.settings.test.as_deref()),
        teacher: file_name(record.settings.teacher.as_deref()),
        student: file_name(record.settings.student.as_deref()),
        cache: file_name(record.settings.cache.as_deref()),
        ..record.settings.clone()
    };
    let name = |path: &Option<PathBuf>| path.as_ref().map(|path| format!("`{}`", path.display()));
    let teacher = name(&public.teacher).unwrap_or_else(|| format!("a network of Distillery's ({})", layers(Role::Teacher)));
    let data = name(&public.data).unwrap_or_else(|| format!("the task `{}` of Distillery", task(record)));
    let mut card = String::new();
    // Writing to a string cannot fail.
    let mut line = |text: &str| {
        let _ = writeln!(card, "{text}");
    };
    if hub {
        line(&format!("---\nlibrary_name: transformers\npipeline_tag: {}\ntags:\n- knowledge-distillation\n---\n", kind(experiment).0));
    }
    line(&format!("# A student distilled by Distillery ({})\n", experiment.preset));
    let began = name(&public.student).map_or_else(String::new, |model| format!(" began as {model} and"));
    line(&format!("The teacher was {teacher}. The student, {},{began} learned from it and from {data}.\n", layers(Role::Distilled)));
    if hub {
        let class = kind(experiment).1;
        line(&format!("```python\nfrom transformers import {class}, AutoTokenizer\n"));
        line(&format!("model, tokenizer = {class}.from_pretrained(\".\"), AutoTokenizer.from_pretrained(\".\")\n```\n"));
    }
    line(
        "## Licence\n\n**To be filled in.** The licences of the models that it came from and of the data decide what may be done with this student.\n",
    );
    line("## Results\n");
    line(&markdown(&networks(record, true).into_rows()));
    line(&format!("{READ_TABLE}\n"));
    for sentence in sentences(record) {
        line(&format!("{sentence}\n"));
    }
    line("## Recipe\n");
    line(&format!("```\n{}\n```\n", command(experiment, &public)));
    line(&format!(
        "{} training rows, {} with a label for the students, {} test rows. Distillery {}, on {} ({}). The whole experiment:\n",
        thousands(record.facts.train_rows),
        thousands(record.facts.labelled_rows),
        thousands(record.facts.test_rows),
        record.settings.distillery,
        record.settings.backend,
        record.settings.adapter
    ));
    line(&format!("```json\n{}\n```", experiment.to_json()));
    card
}

/// What a student from a folder is for, in the words of model hubs, and the class of transformers that loads it.
fn kind(experiment: &Experiment) -> (&'static str, &'static str) {
    match (experiment.student.kind, experiment.encoder.objective) {
        (NetworkKind::Encoder, Objective::Masked) => ("fill-mask", "AutoModelForMaskedLM"),
        (NetworkKind::Encoder, Objective::Classes) => ("text-classification", "AutoModelForSequenceClassification"),
        (NetworkKind::Encoder, Objective::Embeddings) => ("sentence-similarity", "AutoModel"),
        _ => ("text-generation", "AutoModelForCausalLM"),
    }
}

/// Folders of this machine are nobody's business.
pub(super) fn file_name(path: Option<&Path>) -> Option<PathBuf> {
    // An id on the Hub is everybody's.
    path.map(|path| path.file_name().filter(|_| path.is_absolute()).map_or_else(|| path.to_owned(), PathBuf::from))
}

fn task(record: &Record) -> String {
    serde_json::to_value(record.experiment.task.name).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

/// Rows as a table, the first one its header.
fn markdown(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let _ = writeln!(text, "| {} |", row.join(" | "));
        if index == 0 {
            let _ = writeln!(text, "|{}", "---|".repeat(row.len()));
        }
    }
    text
}
