//! `embed`: sentences as vectors, and how similar they are.

use burn::tensor::{Int, Tensor, TensorData};
use pollster::block_on;
use serde_json::json;

use super::args::EmbedArgs;
use super::error::Error;
use super::files::read_text;
use super::models;
use super::output;
use super::table::Table;
use crate::device::{self, Place};
use crate::model::Trainable;
use crate::model::encoder::{Encoder, Padding, embeddings};

/// Sentences per forward pass.
const BATCH: usize = 32;
/// More would make no table that one can read.
const TABLE: usize = 12;

pub fn embed(args: &EmbedArgs) -> Result<(), Error> {
    let texts = match &args.data {
        Some(path) => read_text(path)?.lines().filter(|line| !line.trim().is_empty()).map(Into::into).collect(),
        None => args.texts.clone(),
    };
    if texts.is_empty() {
        return Err(Error::input("there is no sentence in the file: write one on every line"));
    }
    if !args.json && texts.len() > TABLE {
        return Err(Error::input(format!("{} sentences make no readable table: take --json for their embeddings", texts.len())));
    }
    let place = device::open(args.device.clone())?;
    if let Some(note) = place.note() {
        eprintln!("note: {note}");
    }
    let model = models::encoder(&args.model)?;
    let tokens = texts.iter().map(|text| model.encode(text)).collect::<Result<Vec<_>, _>>();
    let tokens = tokens.map_err(|error| Error::input(error.to_string()))?;
    let net = Encoder::build(&model.config, &model.values, &place.inner());
    let mut vectors = Vec::with_capacity(texts.len());
    for batch in tokens.chunks(BATCH) {
        vectors.extend(vectors_of(&net, batch, model.marks.padding, &place)?);
    }
    if args.json {
        for ((text, tokens), vector) in texts.iter().zip(&tokens).zip(&vectors) {
            output::line(&json!({ "text": text, "tokens": tokens, "embedding": vector }).to_string())?;
        }
        return Ok(());
    }
    let numbers = (1..=texts.len()).map(|number| number.to_string());
    let mut table = Table::new([String::new()].into_iter().chain(numbers));
    for (row, text) in texts.iter().enumerate() {
        let cosine = |other: &Vec<f32>| format!("{:.4}", vectors[row].iter().zip(other).map(|(a, b)| a * b).sum::<f32>());
        table.row([format!("{} {text}", row + 1)].into_iter().chain(vectors[..=row].iter().map(cosine)));
    }
    output::line(&table.to_string())
}

/// Embeddings of texts of any lengths, each of length 1.
fn vectors_of(net: &Encoder, tokens: &[Vec<u32>], pad: u32, place: &Place) -> Result<Vec<Vec<f32>>, Error> {
    let lengths: Vec<usize> = tokens.iter().map(Vec::len).collect();
    let seq = lengths.iter().copied().max().unwrap_or(1);
    let row =
        |text: &Vec<u32>| text.iter().map(|id| *id as i32).chain(std::iter::repeat_n(pad as i32, seq - text.len())).collect::<Vec<_>>();
    let ids: Vec<i32> = tokens.iter().flat_map(row).collect();
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [tokens.len(), seq]), &place.inner());
    let padding = Padding::new(&lengths, seq, &place.inner());
    let values = block_on(device::read(embeddings(net.state(ids, &padding), &padding)))?;
    Ok(values.chunks_exact(net.config().width).map(Into::into).collect())
}
