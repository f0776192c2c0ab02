//! Prompts in, text out, a token per step for the whole batch.
//!
//! Prompts of unequal length are padded on the left, so that all write at the same place of the cache. Rows that have met a stop or have no
//! room left go on as padding, which nobody looks at.

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::sampling::{Sampling, mix};
use super::{GenerateError, Speaker};
use crate::data;
use crate::device::Reads;
use crate::model::Transformer;
use crate::model::transformer::{Cache, Context};

/// What is to be written.
#[derive(Debug, Clone)]
pub struct Request {
    pub prompts: Vec<Vec<u32>>,
    /// Most new tokens per prompt.
    pub max_tokens: usize,
    /// Most tokens of a prompt and its text together, if that may be less.
    pub room: Option<usize>,
    pub sampling: Sampling,
    /// Tokens that end a text; they are not part of it.
    pub stop: Vec<u32>,
    pub seed: u32,
}

/// Teacher-mixed sampling: each token comes from `p̃ = share·p_teacher + (1−share)·q` (MiniLLM, Gu et al. 2023 §2.2). It is a mixture of
/// probabilities while sampling, not of whole texts.
#[derive(Debug, Clone, Copy)]
pub struct Mixture<'a> {
    pub teacher: &'a Transformer,
    pub share: f64,
}

/// What was written after one prompt. The last three have one number per token.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Text {
    pub tokens: Vec<u32>,
    /// The model's own log-probability of each token as it stands, at temperature 1 and before top-k and top-p, however it was drawn.
    pub log_probs: Vec<f64>,
    /// Importance weight `q/p̃` of each token alone, of its probability as it stands over that with which it was drawn, before top-k and top-p; 1
    /// without a teacher at temperature 1. The product over the text is left out, as in MiniLLM.
    pub weights: Vec<f64>,
    /// A stop token ended it; its own log-probability and weight close the two lists then.
    pub stopped: bool,
}

/// A model and where its text stands.
struct Hand<'a> {
    model: &'a Transformer,
    cache: Cache,
}

/// A batch that is being written.
pub struct Writer<'a> {
    student: Hand<'a>,
    teacher: Option<(Hand<'a>, f64)>,
    request: Request,
    texts: Vec<Text>,
    /// Which tokens of each row are real, `[batch, tokens so far]` row by row.
    real: Vec<Vec<bool>>,
    /// Tokens that the models have not seen yet, `[batch, seq]` row by row.
    fresh: Vec<i32>,
    rngs: Vec<ChaCha8Rng>,
    device: Device,
    /// Most new tokens of each row.
    limits: Vec<usize>,
}

impl<'a> Writer<'a> {
    /// # Errors
    /// Everything that is wrong with the request, before any work is done.
    pub fn new(model: &'a Transformer, mixture: Option<Mixture<'a>>, request: Request, device: &Device) -> Result<Self, GenerateError> {
        let config = model.config();
        request.sampling.validate()?;
        let longest = request.prompts.iter().map(Vec::len).max().ok_or(GenerateError::NoPrompt)?;
        for (index, prompt) in request.prompts.iter().enumerate() {
            if prompt.is_empty() {
                return Err(GenerateError::EmptyPrompt(index));
            }
            if let Some(token) = prompt.iter().find(|token| **token as usize >= config.vocab) {
                return Err(GenerateError::UnknownToken { index, token: *token, vocab: config.vocab });
            }
        }
        let left = |prompt: &Vec<u32>| request.max_tokens.min(request.room.map_or(usize::MAX, |room| room.saturating_sub(prompt.len())));
        let limits: Vec<usize> = request.prompts.iter().map(left).collect();
        let context = mixture.map_or(config.context, |mixture| config.context.min(mixture.teacher.config().context));
        for (prompt, limit) in request.prompts.iter().zip(&limits) {
            if prompt.len() + limit > context {
                return Err(GenerateError::TooLong { prompt: prompt.len(), new: *limit, context });
            }
        }
        // It may be more than the context: padding takes places in the cache and no positions.
        let capacity = longest + limits.iter().max().copied().unwrap_or(0);
        if let Some(Mixture { teacher, share }) = mixture {
            let (teacher, student) = (teacher.config().vocab, config.vocab);
            if teacher != student {
                return Err(GenerateError::Vocabularies { teacher, student });
            }
            if !(0.0..=1.0).contains(&share) {
                return Err(GenerateError::Setting { name: "the teacher's share", range: "from 0 to 1", value: share.to_string() });
            }
        }
        let batch = request.prompts.len();
        let hand = |model: &'a Transformer| Hand { model, cache: Cache::new(model.config(), batch, capacity, device) };
        let padded = |prompt: &Vec<u32>| {
            let padding = std::iter::repeat_n(0, longest - prompt.len());
            padding.chain(prompt.iter().map(|token| *token as i32)).collect::<Vec<_>>()
        };
        Ok(Self {
            student: hand(model),
            teacher: mixture.map(|mixture| (hand(mixture.teacher), mixture.share)),
            texts: vec![Text::default(); batch],
            real: request.prompts.iter().map(|prompt| (0..longest).map(|at| at >= longest - prompt.len()).collect()).collect(),
            fresh: request.prompts.iter().flat_map(padded).collect(),
            // A stream per row: a prompt's text does not depend on how many stand beside it.
            rngs: (0..batch).map(|row| data::rng(request.seed, &format!("generate {row}"))).collect(),
            device: device.clone(),
            limits,
            request,
        })
    }

    /// Whether every text has ended.
    pub fn finished(&self) -> bool {
        (0..self.texts.len()).all(|row| self.ended(row))
    }

    fn ended(&self, row: usize) -> bool {
        self.texts[row].stopped || self.texts[row].tokens.len() >= self.limits[row]
    }

    /// What is written so far.
    pub fn texts(&self) -> &[Text] {
        &self.texts
    }

    pub fn into_texts(self) -> Vec<Text> {
        self.texts
    }

    /// Writes one more token in every row that has not ended. Does nothing when all have.
    ///
    /// # Errors
    /// [`GenerateError::NotFinite`] and [`GenerateError::Device`].
    pub async fn step(&mut self) -> Result<(), GenerateError> {
        if self.finished() {
            return Ok(());
        }
        let batch = self.texts.len();
        let seq = self.fresh.len() / batch;
        let ids = Tensor::<2, Int>::from_data(TensorData::new(std::mem::take(&mut self.fresh), [batch, seq]), &self.device);
        let real = self.real.concat();
        let mut reads = Reads::default();
        for hand in [Some(&mut self.student), self.teacher.as_mut().map(|(hand, _)| hand)].into_iter().flatten() {
            let context = Context::cached(hand.model.config(), &real, batch, seq, hand.cache.capacity(), &self.device);
            reads.add(hand.model.extend(ids.clone(), &context, &mut hand.cache));
        }
        let logits = reads.run().await?;
        let vocab = self.student.model.config().vocab;
        let sampling = &self.request.sampling;
        for row in 0..batch {
            // Drawn for ended rows too: the stream of a row is as long as the text.
            let uniform = f64::from(self.rngs[row].next_u32()) / 4_294_967_296.0;
            if self.ended(row) {
                self.real[row].push(false);
                self.fresh.push(0);
                continue;
            }
            let of = |logits: &[f32]| sampling.log_probabilities(&logits[row * vocab..(row + 1) * vocab]);
            let own = of(&logits[0])?;
            let mixed = match self.teacher {
                None => None,
                Some((_, share)) => Some(mix(&of(&logits[1]).map_err(|error| error.of(Speaker::Teacher))?, &own, share)),
            };
            let drawn = mixed.as_ref().unwrap_or(&own);
            let token = sampling.pick(drawn, uniform);
            let as_it_stands = if sampling.tempers() {
                Sampling::default().log_probabilities(&logits[0][row * vocab..(row + 1) * vocab])?[token]
            } else {
                own[token]
            };
            let text = &mut self.texts[row];
            text.log_probs.push(as_it_stands);
            text.weights.push(libm::exp(as_it_stands - drawn[token]));
            text.stopped = self.request.stop.contains(&(token as u32));
            if !text.stopped {
                text.tokens.push(token as u32);
            }
            self.real[row].push(!text.stopped);
            self.fresh.push(token as i32);
        }
        Ok(())
    }
}

/// Writes all texts to their ends.
///
/// # Errors
/// As [`Writer::new`] and [`Writer::step`].
pub async fn generate(
    model: &Transformer,
    mixture: Option<Mixture<'_>>,
    request: Request,
    device: &Device,
) -> Result<Vec<Text>, GenerateError> {
    let mut writer = Writer::new(model, mixture, request, device)?;
    while !writer.finished() {
        writer.step().await?;
    }
    Ok(writer.into_texts())
}
