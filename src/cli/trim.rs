//! `trim`: an encoder without the tokens that a corpus does not use. Of a small encoder most is its vocabulary.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::args::TrimArgs;
use super::data;
use super::error::Error;
use super::files::write_new_folder;
use super::models;
use super::output;
use super::table::thousands;
use super::tables::Columns;
use crate::model::decode;
use crate::model::encoder::{EncoderConfig, SentenceEncoder};
use crate::model::formats::{SentenceFiles, bert};

pub fn trim(args: &TrimArgs) -> Result<(), Error> {
    let model = models::encoder(&args.model)?;
    let text = data::text(&args.data, Columns::Any)?;
    let used = text.par_lines().flat_map_iter(strings).map(|text| model.tokenizer.encode(&text)).collect::<Result<Vec<_>, _>>();
    let used: BTreeSet<u32> = used.map_err(|error| Error::input(error.to_string()))?.into_iter().flatten().collect();
    if used.is_empty() {
        return Err(Error::input(format!("--data {}: it has no text whose tokens could be kept", args.data.display())));
    }
    let wrong = |problem: String| Error::input(format!("{}: {problem}", args.model.display()));
    let (tokenizer, kept) = tokenizer(&model.tokenizer_json, &used).map_err(wrong)?;
    if let Some(id) = kept.iter().find(|id| **id as usize >= model.config.vocab) {
        return Err(wrong(format!(
            "its tokenizer has a token {id}, and its weights have rows for {} tokens: they do not belong together",
            model.config.vocab
        )));
    }
    let (config, values) = rows(&model, &kept);
    // Read again, as whoever takes the folder will.
    let (description, weights) = bert::save(&config, &values, 0, &model.labels);
    let weights = decode(&weights).map_err(|error| wrong(error.to_string()))?;
    let made = SentenceEncoder::from_folder(&description, weights, tokenizer, &SentenceFiles::default())
        .map_err(|error| wrong(error.to_string()))?;
    let files = bert::folder(&config, &values, &made.tokenizer_json, made.marks, &model.labels, model.sentences);
    write_new_folder(&args.output, &files)?;
    output::line(&format!(
        "Kept {} of {} tokens, {} of {} parameters, in {}",
        thousands(kept.len()),
        thousands(model.config.vocab),
        thousands(config.parameter_count()),
        thousands(model.config.parameter_count()),
        args.output.display()
    ))
}

/// The texts of a line: of a JSON object its strings, wherever they stand, otherwise the line.
fn strings(line: &str) -> Vec<String> {
    fn within(value: Value) -> Vec<String> {
        match value {
            Value::String(text) => vec![text],
            Value::Array(list) => list.into_iter().flat_map(within).collect(),
            Value::Object(object) => object.into_iter().flat_map(|(_, value)| within(value)).collect(),
            _ => Vec::new(),
        }
    }
    match serde_json::from_str::<Map<String, Value>>(line) {
        Ok(object) => within(Value::Object(object)),
        Err(_) => vec![line.into()],
    }
}

/// A `tokenizer.json` of word pieces with the tokens that are `used`, control tokens and single ASCII characters, by which other words
/// can be spelled; and the ids that they had, in the order of those that they have now. What is used is read as before: a word is cut into the longest pieces
/// that there are, and of those none is gone.
fn tokenizer(json: &str, used: &BTreeSet<u32>) -> Result<(String, Vec<u32>), String> {
    let mut tree: Value = serde_json::from_str(json).map_err(|error| format!("tokenizer.json: {error}"))?;
    let kind = tree["model"]["type"].as_str().unwrap_or("without a type");
    if kind != "WordPiece" {
        return Err(format!("its tokenizer is {kind}; only word pieces (BERT's kind) can be trimmed"));
    }
    let prefix = tree["model"]["continuing_subword_prefix"].as_str().unwrap_or("##").to_owned();
    let unknown = tree["model"]["unk_token"].clone();
    let added = tree["added_tokens"].as_array().cloned().unwrap_or_default();
    let control: BTreeSet<u64> = added.iter().filter_map(|token| token["id"].as_u64()).collect();
    let vocab = tree["model"]["vocab"].as_object().cloned().unwrap_or_default();
    let mut kept: Vec<(u32, String)> = vocab
        .into_iter()
        .filter_map(|(token, id)| Some((u32::try_from(id.as_u64()?).ok()?, token)))
        .filter(|(id, token)| {
            let piece = token.strip_prefix(&prefix).unwrap_or(token);
            let single = piece.len() == 1 && piece.is_ascii();
            single || used.contains(id) || control.contains(&u64::from(*id)) || unknown == token.as_str()
        })
        .collect();
    kept.sort_unstable();
    let known: BTreeSet<u32> = kept.iter().map(|(id, _)| *id).collect();
    if let Some(id) = control.iter().find(|id| u32::try_from(**id).is_ok_and(|id| !known.contains(&id))) {
        return Err(format!("its control token {id} is not in its vocabulary; only BERT's own layout can be trimmed"));
    }
    let places: HashMap<u64, usize> = kept.iter().enumerate().map(|(place, (id, _))| (u64::from(*id), place)).collect();
    let vocab: Map<String, Value> = kept.iter().enumerate().map(|(place, (_, token))| (token.clone(), place.into())).collect();
    tree["model"]["vocab"] = vocab.into();
    for part in ["added_tokens", "post_processor", "padding"] {
        renumber(&mut tree[part], &places);
    }
    Ok((tree.to_string(), kept.into_iter().map(|(id, _)| id).collect()))
}

/// Other numbers for the control tokens: `id` and `pad_id`, the list `ids` of a template, and BERT's pairs of a token and its number.
fn renumber(tree: &mut Value, places: &HashMap<u64, usize>) {
    let moved = |value: &mut Value| {
        if let Some(place) = value.as_u64().and_then(|id| places.get(&id)) {
            *value = json!(place);
        }
    };
    match tree {
        Value::Object(object) => {
            for (key, value) in object {
                match (key.as_str(), &mut *value) {
                    ("id" | "pad_id", id @ Value::Number(_)) => moved(id),
                    ("ids", Value::Array(ids)) => ids.iter_mut().for_each(moved),
                    ("sep" | "cls", Value::Array(pair)) => pair.iter_mut().skip(1).for_each(moved),
                    _ => renumber(value, places),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| renumber(value, places)),
        _ => {}
    }
}

/// The network with the rows of `kept` tokens alone.
fn rows(model: &SentenceEncoder, kept: &[u32]) -> (EncoderConfig, Vec<Vec<f32>>) {
    let config = EncoderConfig { vocab: kept.len(), ..model.config.clone() };
    let values = model.config.parameters().into_iter().zip(&model.values).map(|(parameter, values)| match parameter.name.as_str() {
        "tokens.weight" | "masked.bias" => {
            let width = values.len() / model.config.vocab;
            kept.iter().flat_map(|id| &values[*id as usize * width..][..width]).copied().collect()
        }
        _ => values.clone(),
    });
    (config, values.collect())
}
