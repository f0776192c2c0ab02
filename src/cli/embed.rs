//! `embed` and `classify`: what an encoder makes of texts.

use burn::tensor::Tensor;
use pollster::block_on;
use serde_json::json;

use super::args::EmbedArgs;
use super::data;
use super::error::Error;
use super::models;
use super::output;
use super::table::{Table, percent};
use super::tables::Columns;
use crate::device::{self, Place};
use crate::eval::metrics;
use crate::method::encoder::{Batch, classes};
use crate::model::Trainable;
use crate::model::encoder::{Encoder, SentenceEncoder};

/// Texts per forward pass.
const BATCH: usize = 32;
/// More would make no table that one can read.
const TABLE: usize = 12;

/// Texts with their tokens, and what the network made of each.
struct Read {
    texts: Vec<String>,
    tokens: Vec<Vec<u32>>,
    values: Vec<Vec<f32>>,
}

pub fn embed(args: &EmbedArgs) -> Result<(), Error> {
    let texts = texts(args)?;
    if !args.json && texts.len() > TABLE {
        return Err(Error::input(format!("{} sentences make no readable table: take --json for their embeddings", texts.len())));
    }
    let place = open(args)?;
    let model = models::encoder(&args.model)?;
    if !model.sentences.normalised {
        eprintln!(
            "note: {}: its modules.json has no Normalize: SentenceTransformer leaves embeddings as long as they are, here they have length 1; cosines \
             are the same",
            args.model.display()
        );
    }
    let embedded = |net: &Encoder, batch: &Batch| net.embeddings(net.state(batch.ids.clone(), &batch.padding), &batch.padding);
    let Read { texts, tokens, values } = read(&model, texts, &place, embedded)?;
    if args.json {
        for ((text, tokens), vector) in texts.iter().zip(&tokens).zip(&values) {
            output::line(&json!({ "text": text, "tokens": tokens, "embedding": vector }).to_string())?;
        }
        return Ok(());
    }
    let numbers = (1..=texts.len()).map(|number| number.to_string());
    let mut table = Table::new([String::new()].into_iter().chain(numbers));
    for (row, text) in texts.iter().enumerate() {
        let cosine = |other: &Vec<f32>| format!("{:.4}", values[row].iter().zip(other).map(|(a, b)| a * b).sum::<f32>());
        table.row([format!("{} {text}", row + 1)].into_iter().chain(values[..=row].iter().map(cosine)));
    }
    output::line(&table.to_string())
}

pub fn classify(args: &EmbedArgs) -> Result<(), Error> {
    let texts = texts(args)?;
    let place = open(args)?;
    let model = models::encoder(&args.model)?;
    if model.labels.is_empty() {
        return Err(Error::input(format!(
            "{}: it has no head that names labels; `distillery run minilm-labels` makes models that have",
            args.model.display()
        )));
    }
    let Read { texts, tokens, values } = read(&model, texts, &place, classes::logits)?;
    let mut table = Table::new(["text", "label", "probability"]);
    for ((text, tokens), logits) in texts.iter().zip(&tokens).zip(&values) {
        let best = metrics::argmax(logits);
        let (label, probability) = (&model.labels[best], metrics::log_softmax(logits, 1.0)[best].exp());
        if args.json {
            let line = json!({ "text": text, "tokens": tokens, "label": label, "probability": probability, "logits": logits });
            output::line(&line.to_string())?;
        } else {
            table.row([text.clone(), label.clone(), percent(probability)]);
        }
    }
    if args.json { Ok(()) } else { output::line(&table.to_string()) }
}

fn texts(args: &EmbedArgs) -> Result<Vec<String>, Error> {
    let texts: Vec<String> = match &args.data {
        Some(path) => data::text(path, Columns::Text)?.lines().filter(|line| !line.trim().is_empty()).map(Into::into).collect(),
        None => args.texts.clone(),
    };
    if texts.is_empty() { Err(Error::input("there is no sentence in the file: write one on every line")) } else { Ok(texts) }
}

fn open(args: &EmbedArgs) -> Result<Place, Error> {
    let place = device::open(args.device.clone())?;
    if let Some(note) = place.note() {
        eprintln!("note: {note}");
    }
    Ok(place)
}

/// Lets an encoder read texts of any lengths; `of` gives a row for each of a batch.
fn read(model: &SentenceEncoder, texts: Vec<String>, place: &Place, of: impl Fn(&Encoder, &Batch) -> Tensor<2>) -> Result<Read, Error> {
    let tokens = texts.iter().map(|text| model.encode(text)).collect::<Result<Vec<_>, _>>();
    let tokens = tokens.map_err(|error| Error::input(error.to_string()))?;
    let net = Encoder::build(&model.config, &model.values, &place.inner());
    let mut values = Vec::with_capacity(texts.len());
    for batch in tokens.chunks(BATCH) {
        let rows: Vec<&[u32]> = batch.iter().map(Vec::as_slice).collect();
        let batch = Batch::level(&rows, 1, model.config.context, model.marks.padding, place);
        let made = of(&net, &batch);
        let [_, width] = made.dims();
        values.extend(block_on(device::read(made))?.chunks_exact(width).map(Into::into));
    }
    Ok(Read { texts, tokens, values })
}
