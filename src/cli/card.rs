//! The model card: a README.md beside the weights of the distilled student, in Markdown as model hubs show it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::fetch;
use super::model_folder;
use super::record::{Record, command};
use super::report::read_table;
use super::run::{networks, sentences};
use super::rundir::RunDir;
use super::settings::Settings;
use crate::model::encoder::Pooling;
use crate::model::formats::SentenceFiles;
use crate::spec::{Experiment, NetworkKind, Objective};
use crate::train::Role;

const NAME: &str = "README.md";

/// Where the card lies: in `student/`, which is a Hugging Face folder where the teacher came from a file, otherwise in the run directory.
pub fn path(settings: &Settings) -> String {
    format!("{}{NAME}", folder(settings))
}

fn folder(settings: &Settings) -> &'static str {
    if settings.teacher.is_some() { "student/" } else { "" }
}

/// Writes the card of a finished run, unless there is one: it is there to be filled in.
pub fn write(directory: &RunDir) -> Result<(), Error> {
    let record = Record::read(directory)?;
    let path = path(&record.settings);
    if directory.file(&path).exists() {
        return Ok(());
    }
    let folder = folder(&record.settings);
    // The folder says what its embeddings are made of.
    let files = SentenceFiles::gather(|name| model_folder::text(&directory.file(&format!("{folder}{name}"))))?;
    let (pooling, _) = files.pooled().map_err(|error| Error::input(format!("{}: {error}", directory.file(folder).display())))?;
    directory.write(&path, text(&record, pooling).as_bytes())
}

fn text(record: &Record, pooling: Pooling) -> String {
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
        texts: file_name(record.settings.texts.as_deref()),
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
        line(&front_matter(record));
    }
    line(&format!("# A student distilled by Distillery ({})\n", experiment.preset));
    let began = name(&public.student).map_or_else(String::new, |model| format!(" began as {model} and"));
    line(&format!("The teacher was {teacher}. The student, {},{began} learned from it and from {data}.\n", layers(Role::Distilled)));
    if hub {
        line(&usage(experiment, pooling));
    }
    line(
        "## Licence\n\n**To be filled in.** The licences of the models that it came from and of the data decide what may be done with this student.\n",
    );
    line("## Results\n");
    let (table, measures) = networks(record, true);
    line(&markdown(&table.into_rows()));
    line(&format!("{}\n", read_table(&measures, record)));
    for sentence in sentences(record) {
        line(&format!("{sentence}\n"));
    }
    line("## Recipe\n");
    line(&format!("```\n{}\n```\n", command(experiment, &public)));
    line(&format!(
        "{}. Distillery {}, on {} ({}). The whole experiment:\n",
        record.amounts(),
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
        (NetworkKind::Encoder, Objective::Embeddings) => (SENTENCES, "AutoModel"),
        _ => ("text-generation", "AutoModelForCausalLM"),
    }
}

/// What a sentence encoder is for.
const SENTENCES: &str = "sentence-similarity";

/// What model hubs read of the card: <https://huggingface.co/docs/hub/model-cards>. Of models those that have an id there, of data sets those
/// that `distillery fetch` brought.
fn front_matter(record: &Record) -> String {
    let settings = &record.settings;
    let mut bases: Vec<_> = [&settings.student, &settings.teacher].into_iter().flatten().filter(|path| !path.is_absolute()).collect();
    bases.dedup();
    let list = |key: &str, items: &[String]| {
        if items.is_empty() {
            String::new()
        } else {
            format!("{key}:\n{}", items.iter().map(|item| format!("- {item}\n")).collect::<String>())
        }
    };
    let bases: Vec<String> = bases.into_iter().map(|path| path.display().to_string()).collect();
    let (task, _) = kind(&record.experiment);
    let sentences = task == SENTENCES;
    let library = if sentences { "sentence-transformers" } else { "transformers" };
    let tags = [Some("knowledge-distillation"), sentences.then_some("sentence-transformers"), sentences.then_some("feature-extraction")];
    let tags: Vec<String> = tags.into_iter().flatten().map(String::from).collect();
    let set = settings.data.as_deref().and_then(fetch::set_of);
    let language = if set.is_some() { "language: en\n" } else { "" };
    let datasets: Vec<String> = set.and_then(|set| set.hub).map(String::from).into_iter().collect();
    format!(
        "---\nlibrary_name: {library}\npipeline_tag: {task}\n{language}{}{}{}---\n",
        list("base_model", &bases),
        list("datasets", &datasets),
        list("tags", &tags)
    )
}

/// How the folder is used from Python.
fn usage(experiment: &Experiment, pooling: Pooling) -> String {
    let (task, class) = kind(experiment);
    let load = format!(
        "from transformers import {class}, AutoTokenizer\n\nmodel, tokenizer = {class}.from_pretrained(\".\"), AutoTokenizer.from_pretrained(\".\")\n"
    );
    if task != SENTENCES {
        return format!("```python\n{load}```\n");
    }
    let (made, pooled) = match pooling {
        Pooling::Mean => ("mean of the states of a text's tokens, without padding,", "(states * mask).sum(1) / mask.sum(1)"),
        Pooling::Cls => ("state of a text's first token,", "states[:, 0]"),
    };
    let mask = if pooling == Pooling::Mean { "mask = batch[\"attention_mask\"].unsqueeze(-1)\n" } else { "" };
    format!(
        "```python\nfrom sentence_transformers import SentenceTransformer\n\nmodel = SentenceTransformer(\".\")\nembeddings = model.encode([\"A man is \
         eating food.\", \"A man is eating bread.\"])\nprint(embeddings @ embeddings.T)  # cosines: embeddings have length 1\n```\n\nThe same in transformers \
         alone: an embedding is the {made} brought to length 1.\n\n```python\nimport torch\n{load}batch = \
         tokenizer([\"A man is eating food.\", \"A man is eating bread.\"], padding=True, truncation=True, return_tensors=\"pt\")\nwith torch.no_grad():\n    \
         states = model(**batch).last_hidden_state\n{mask}embeddings = torch.nn.functional.normalize({pooled}, dim=1)\n```\n"
    )
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
