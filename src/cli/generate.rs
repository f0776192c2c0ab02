//! `generate`: text from a decoder, as it is written. `convert`: a decoder as a Hugging Face folder.

use std::io::{self, Write};
use std::time::Instant;

use burn::tensor::{Int, Tensor, TensorData};
use pollster::block_on;
use serde_json::json;

use super::args::{ConvertArgs, GenerateArgs};
use super::error::Error;
use super::files::write_new_folder;
use super::models;
use super::{interrupt, output};
use crate::device::{self, Place};
use crate::generate::{Request, Sampling, Writer};
use crate::model::formats::huggingface;
use crate::model::transformer::Context;
use crate::model::{LanguageModel, Trainable, Transformer};

/// Writes the prompt's continuation to stdout and the speed to stderr.
pub fn generate(args: &GenerateArgs) -> Result<(), Error> {
    let sampling = Sampling { temperature: args.temperature, top_k: args.top_k, top_p: args.top_p };
    // Before a gigabyte is read.
    sampling.validate()?;
    let place = device::open(args.device.clone())?;
    if let Some(note) = place.note() {
        eprintln!("note: {note}");
    }
    let LanguageModel { config, values, tokenizer, stop, .. } = models::decoder(&args.model)?;
    let prompt = tokenizer.opening(&args.prompt).map_err(|error| Error::input(error.to_string()))?;
    let tokens = prompt.len();
    let request = Request { prompts: vec![prompt], max_tokens: args.max_tokens, room: None, sampling, stop, seed: args.seed };
    let model = Transformer::build(&config, &values, &place.inner());
    drop(values);
    if args.logits {
        return logits(&model, request, &place);
    }
    let mut writer = Writer::new(&model, None, request, &place.inner())?;
    interrupt::listen();
    say(&args.prompt)?;
    let mut said = 0;
    let start = Instant::now();
    let mut first = None;
    while !writer.finished() && !interrupt::asked() {
        block_on(writer.step())?;
        first.get_or_insert_with(|| start.elapsed().as_secs_f64());
        let text = tokenizer.decode(&writer.texts()[0].tokens).map_err(|error| Error::input(error.to_string()))?;
        // A character may be spread over several tokens; until it is whole it reads `�`.
        let whole = text.trim_end_matches('\u{fffd}').len();
        if let Some(new) = text.get(said..whole) {
            say(new)?;
            said = whole;
        }
    }
    output::line("")?;
    let text = &writer.texts()[0];
    // Each token costs one step, and so does a stop; the first step reads the prompt.
    let (steps, first) = (text.log_probs.len(), first.unwrap_or(0.0));
    let rest = start.elapsed().as_secs_f64() - first;
    let rate = if steps > 1 { format!(", then {:.1} tokens/s", (steps - 1) as f64 / rest) } else { String::new() };
    let end = if text.stopped { "it ended by itself" } else { "the limit ended it" };
    eprintln!(
        "{} tokens, {end}; prompt of {tokens} tokens read in {first:.2} s{rate} ({}, {})",
        text.tokens.len(),
        place.backend(),
        place.adapter()
    );
    Ok(())
}

/// What the model says of the token after the prompt, for comparison with other programs.
fn logits(model: &Transformer, request: Request, place: &Place) -> Result<(), Error> {
    let tokens = &request.prompts[0];
    // It knows what is wrong with a prompt.
    Writer::new(model, None, Request { max_tokens: 0, ..request.clone() }, &place.inner())?;
    let ids: Vec<i32> = tokens.iter().map(|id| *id as i32).collect();
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [1, tokens.len()]), &place.inner());
    let state = model.state(ids, &Context::causal(model.config(), tokens.len(), &place.inner()));
    let logits = block_on(device::read(model.logits(state.narrow(0, tokens.len() - 1, 1))))?;
    output::line(&json!({ "tokens": tokens, "logits": logits }).to_string())
}

/// Writes a folder that `transformers` loads.
pub fn convert(args: &ConvertArgs) -> Result<(), Error> {
    let LanguageModel { config, values, tokenizer_json, stop, chat, .. } = models::decoder(&args.model)?;
    let files = huggingface::folder(&config, &values, &tokenizer_json, &stop, &chat, args.half)
        .map_err(|error| Error::input(format!("{}: {error}", args.model.display())))?;
    write_new_folder(&args.output, &files)?;
    output::line(&format!("{} parameters in {}", config.parameter_count(), args.output.display()))
}

/// Writes text at once, without a new line.
fn say(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Error::Stdout)
}
