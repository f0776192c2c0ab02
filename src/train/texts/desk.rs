//! What networks write at an evaluation: the texts that are read and judged, and those along which exposure is measured. Exposure is an
//! expectation over what a network's own probabilities let it write, and the likeliest answers are no sample of that.

use rand::seq::SliceRandom;

use super::super::RunError;
use super::super::event::Role;
use super::exam::Sizes;
use super::judged::{Sample, samples};
use crate::data::{
    self,
    text::{Judge, TextSet},
};
use crate::device::Place;
use crate::generate::{self, Request, Sampling, Text};
use crate::method::text::{Reading, Written};
use crate::model::Transformer;
use crate::spec::Experiment;

/// Where texts are written for test prompts.
pub struct Desk {
    /// Prompts and responses in the order in which they are asked for.
    pub asked: Vec<Written>,
    /// Tokens of an answer at most, and of a prompt with its answer.
    longest: usize,
    room: usize,
    /// Whether exposure is measured.
    exposure: bool,
}

/// What one network writes.
#[derive(Clone)]
pub struct Writings {
    /// As [`Desk::written`].
    pub texts: Vec<Written>,
    /// Samples at temperature 1, where `texts` are none.
    drawn: Option<Vec<Written>>,
}

impl Writings {
    /// Samples of what the network might write.
    pub fn drawn(&self) -> &[Written] {
        self.drawn.as_ref().unwrap_or(&self.texts)
    }
}

impl Desk {
    /// With `exposure` a network writes as many texts again where those that are read are not drawn at temperature 1.
    pub fn new(reading: &Reading, &Sizes { samples, exposure, .. }: &Sizes) -> Self {
        let set = &reading.set;
        let mut asked: Vec<u32> = (0..set.test.len() as u32).collect();
        asked.shuffle(&mut data::rng(0, "prompts of the exam"));
        asked.truncate(samples);
        let asked = asked.into_iter().map(|row| Written::example(&set.test.get(row as usize), set.end())).collect();
        Self { asked, longest: reading.longest, room: reading.context(), exposure }
    }

    /// Texts that a network writes for the test prompts: where one answer is right (arithmetic, jsonl) the likeliest, once for each of up to
    /// `text.samples`, elsewhere `text.samples` of them at the sampling temperature. All networks have the same luck.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails, [`RunError::NotFinite`] when a network writes what is no number.
    pub async fn written(
        &self,
        experiment: &Experiment,
        set: &TextSet,
        who: &(Role, usize, Transformer),
        place: &Place,
    ) -> Result<Vec<Written>, RunError> {
        self.sampled(experiment, set, who, temperature(experiment, set), place).await
    }

    /// The same, and what exposure is measured along.
    ///
    /// # Errors
    /// As [`Desk::written`].
    pub async fn writings(
        &self,
        experiment: &Experiment,
        set: &TextSet,
        who: &(Role, usize, Transformer),
        place: &Place,
    ) -> Result<Writings, RunError> {
        let texts = self.written(experiment, set, who, place).await?;
        let drawn = if self.exposure && temperature(experiment, set) != 1.0 {
            Some(self.sampled(experiment, set, who, 1.0, place).await?)
        } else {
            None
        };
        Ok(Writings { texts, drawn })
    }

    async fn sampled(
        &self,
        experiment: &Experiment,
        set: &TextSet,
        (role, steps, network): &(Role, usize, Transformer),
        temperature: f64,
        place: &Place,
    ) -> Result<Vec<Written>, RunError> {
        if self.asked.is_empty() {
            return Ok(Vec::new());
        }
        // Asked twice, a network gives the likeliest answer twice.
        let count = if temperature == 0.0 { self.asked.len() } else { experiment.text.samples };
        let prompts: Vec<Vec<u32>> = self.asked.iter().cycle().take(count).map(|text| text.prompt.clone()).collect();
        let request = Request {
            prompts: prompts.clone(),
            max_tokens: self.longest,
            room: Some(self.room),
            sampling: Sampling { temperature, ..Sampling::default() },
            stop: vec![set.stop],
            seed: experiment.seed,
        };
        let texts: Vec<Text> = generate::generate(network, None, request, &place.inner())
            .await
            .map_err(|error| RunError::written(error, experiment, *role, *steps))?;
        Ok(prompts.iter().zip(&texts).map(|(prompt, text)| Written::sampled(prompt, text, set.stop)).collect())
    }

    /// What [`Desk::written`] has, judged.
    pub fn samples(&self, set: &TextSet, written: &[Written]) -> Vec<Sample> {
        samples(set, written, self.asked.iter().cycle())
    }
}

/// At which texts are written that are read; 0 takes the likeliest token.
fn temperature(experiment: &Experiment, set: &TextSet) -> f64 {
    if matches!(set.judge, Judge::Exact) { 0.0 } else { experiment.text.sampling_temperature }
}
