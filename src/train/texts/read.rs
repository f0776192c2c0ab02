//! Looking over the networks' shoulders: what each writes after one prompt, and what it gives to every right answer.

use burn::tensor::Tensor;

use super::super::event::{Event, KnownAnswer, ROLES, Role, Writing, WrittenToken};
use super::super::{Run, RunError, contest::Contest};
use super::Texts;
use crate::data::text::{Judge, TextSet};
use crate::device::{Reads, log_softmax};
use crate::eval::metrics;
use crate::generate::{self, GenerateError, Request, Sampling, Text};
use crate::method::text::{Reading, Sequences, Written};
use crate::model::Transformer;
use crate::spec::Experiment;

/// Texts per forward pass: the one that was written and at most six right answers, filled up to one shape.
const BATCH: usize = 8;
/// Tokens that are told beside the one that came.
const OTHERS: usize = 4;

impl Run {
    /// What teacher and students write now after a prompt of the test data, and what they give to its right answers; encoders, what they read
    /// behind the masks of a test text.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] in a run over classes, [`RunError::NoSuchRow`], and [`RunError::Device`] when the device fails.
    pub async fn read(&self, prompt: usize) -> Result<Event, RunError> {
        match &self.contest {
            Contest::Texts(texts) => texts.read(&self.experiment, self.step, prompt).await,
            Contest::Encoders(encoders) => encoders.read(self.step, prompt).await,
            Contest::Classes(_) => Err(RunError::Unavailable("only a run over text writes: start from a preset such as `grammar`")),
        }
    }
}

impl Texts {
    async fn read(&self, experiment: &Experiment, step: usize, index: usize) -> Result<Event, RunError> {
        let prompts = self.exam.prompts();
        let last = prompts.len().saturating_sub(1);
        let prompt = prompts.get(index).ok_or(RunError::NoSuchRow { index, last })?;
        let set = &self.own.set;
        let answers = match &set.judge {
            Judge::Grammar(grammar) => grammar.answers(prompt),
            Judge::Exact | Judge::None => Vec::new(),
        };
        let mut known: Vec<KnownAnswer> = answers
            .iter()
            .map(|(answer, truth)| KnownAnswer { text: set.text(answer), truth: *truth, teacher: 0.0, alone: 0.0, distilled: 0.0 })
            .collect();
        let mut writings = Vec::new();
        for role in ROLES {
            let network = self.nets.speaker(role);
            let (reading, exam) = self.side(role);
            let prompt = &exam.prompts()[index];
            let text = self.one(experiment, (&network, reading), prompt, index, step).await;
            let text = text.map_err(|error| RunError::written(error, experiment, role, step))?;
            let written = Written::sampled(prompt, &text, reading.set.stop);
            let (tokens, given) = self.told((&network, role), &written, prompt, &answers).await?;
            for (answer, given) in known.iter_mut().zip(&given) {
                match role {
                    Role::Teacher => answer.teacher = *given,
                    Role::Alone => answer.alone = *given,
                    Role::Distilled => answer.distilled = *given,
                }
            }
            let right = match &reading.set.judge {
                Judge::Grammar(grammar) => Some(text.stopped && grammar.template(prompt, &text.tokens).is_some()),
                Judge::Exact => exam.key(index).map(|key| written.response == key),
                Judge::None => None,
            };
            let void = (!answers.is_empty()).then(|| (1.0 - given.iter().sum::<f64>()).max(0.0));
            writings.push(Writing { role, tokens, right, void });
        }
        Ok(Event::Read { step, prompt: index, prompts: prompts.len(), text: set.text(prompt), answers: known, writings })
    }

    async fn one(
        &self,
        experiment: &Experiment,
        (network, reading): (&Transformer, &Reading),
        prompt: &[u32],
        index: usize,
        step: usize,
    ) -> Result<Text, GenerateError> {
        let request = Request {
            prompts: vec![prompt.to_vec()],
            max_tokens: reading.longest,
            room: Some(reading.context()),
            sampling: Sampling { temperature: experiment.text.sampling_temperature, ..Sampling::default() },
            stop: vec![reading.set.stop],
            // The same for all networks: they differ by what they know, not by luck.
            seed: experiment.seed.wrapping_add((step * 1009 + index) as u32),
        };
        Ok(generate::generate(network, None, request, &self.place.inner()).await?.swap_remove(0))
    }

    /// The tokens of a text with their probabilities, and the probability of every answer.
    async fn told(
        &self,
        (network, role): (&Transformer, Role),
        written: &Written,
        prompt: &[u32],
        answers: &[(Vec<u32>, f64)],
    ) -> Result<(Vec<WrittenToken>, Vec<f64>), RunError> {
        let (reading, _) = self.side(role);
        let close = |answer: &Vec<u32>| answer.iter().copied().chain([reading.set.stop]).collect();
        let mut texts = vec![written.clone()];
        texts.extend(answers.iter().map(|(answer, _)| Written { prompt: prompt.to_vec(), response: close(answer) }));
        texts.resize(BATCH, written.clone());
        let vocab = network.config().vocab;
        let sequences = Sequences::new(&texts, reading.seq, vocab, &self.place);
        let log_q: Tensor<2> = log_softmax(network.forward(sequences.ids.clone(), self.context(role)));
        let (first, count) = sequences.spans[0];
        let mut reads = Reads::default();
        reads.add(log_q.clone().slice([first..first + count, 0..vocab]));
        reads.add((log_q * sequences.targets()).sum_dim(1));
        let read = reads.run().await?;
        let tokens =
            read[0].chunks_exact(vocab).zip(&written.response).map(|(row, token)| self::token(&reading.set, row, *token)).collect();
        let probability = |text: &Vec<f64>| libm::exp(text.iter().sum());
        let given = sequences.of_responses(&read[1])[1..=answers.len()].iter().map(probability).collect();
        Ok((tokens, given))
    }
}

fn token(set: &TextSet, log_q: &[f32], token: u32) -> WrittenToken {
    let probability = |id: usize| libm::exp(f64::from(log_q[id]));
    let name = |id: usize| set.text(&[id as u32]);
    WrittenToken {
        text: name(token as usize),
        probability: probability(token as usize),
        confidence: probability(metrics::argmax(log_q)),
        others: likeliest_others(log_q, token as usize, |id| name(id as usize)),
    }
}

/// The likeliest tokens beside one, with their probabilities.
pub fn likeliest_others(log_q: &[f32], token: usize, name: impl Fn(u32) -> String) -> Vec<(String, f64)> {
    let mut others: Vec<usize> = (0..log_q.len()).filter(|id| *id != token).collect();
    others.sort_by(|a, b| log_q[*b].total_cmp(&log_q[*a]));
    others.into_iter().take(OTHERS).map(|id| (name(id as u32), libm::exp(f64::from(log_q[id])))).collect()
}
