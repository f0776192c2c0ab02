//! `generate`: text from a decoder, as it is written. `convert`: a decoder as a Hugging Face folder.

use std::fs;
use std::io::{self, Write};
use std::time::Instant;

use pollster::block_on;

use super::args::{ConvertArgs, GenerateArgs};
use super::decoder::{self, Decoder};
use super::error::Error;
use super::files::write_whole;
use super::{interrupt, output};
use crate::device;
use crate::generate::{Request, Sampling, Writer};
use crate::model::formats::huggingface;
use crate::model::{Trainable, Transformer};

/// Writes the prompt's continuation to stdout and the speed to stderr.
pub fn generate(args: &GenerateArgs) -> Result<(), Error> {
    let sampling = Sampling { temperature: args.temperature, top_k: args.top_k, top_p: args.top_p };
    // Before a gigabyte is read.
    sampling.validate()?;
    let place = device::open(args.device.into())?;
    if let Some(note) = place.note() {
        eprintln!("note: {note}");
    }
    let Decoder { loaded, tokenizer, stop, .. } = decoder::read(&args.model)?;
    let prompt = tokenizer.encode(&args.prompt).map_err(|error| Error::input(error.to_string()))?;
    let tokens = prompt.len();
    let request = Request { prompts: vec![prompt], max_tokens: args.max_tokens, sampling, stop, seed: args.seed };
    let model = Transformer::build(&loaded.config, &loaded.values, &place.inner());
    drop(loaded);
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

/// Writes `config.json`, `model.safetensors` and `tokenizer.json`.
pub fn convert(args: &ConvertArgs) -> Result<(), Error> {
    let Decoder { loaded, tokenizer_json, stop, .. } = decoder::read(&args.model)?;
    let (config, weights) = huggingface::save(&loaded.config, &loaded.values, stop.first().copied(), args.half)
        .map_err(|error| Error::input(format!("{}: {error}", args.model.display())))?;
    let files = [("config.json", config.as_bytes()), ("model.safetensors", &weights), ("tokenizer.json", tokenizer_json.as_bytes())];
    if let Some((name, _)) = files.iter().find(|(name, _)| args.output.join(name).exists()) {
        return Err(Error::input(format!("{} is already there: choose another folder", args.output.join(name).display())));
    }
    fs::create_dir_all(&args.output).map_err(Error::write(&args.output))?;
    for (name, bytes) in files {
        write_whole(&args.output.join(name), bytes)?;
    }
    output::line(&format!("{} parameters in {}", loaded.config.parameter_count(), args.output.display()))
}

/// Writes text at once, without a new line.
fn say(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Error::Stdout)
}
