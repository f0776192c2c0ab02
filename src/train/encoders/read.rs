//! Looking over the networks' shoulders: what each reads behind the masks of a text.

use super::super::event::{Event, ROLES, Writing, WrittenToken};
use super::super::{RunError, texts::read::likeliest_others};
use super::Encoders;
use crate::device::{log_softmax, read};
use crate::eval::metrics;
use crate::spec::Objective;

impl Encoders {
    /// A test text with masks, and as each network completes it: where a token was hidden stands its likeliest one, elsewhere the text.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] where embeddings are learned, [`RunError::NoSuchRow`], and [`RunError::Device`] when the device fails.
    pub async fn read(&self, step: usize, index: usize) -> Result<Event, RunError> {
        if self.exam.objective() != Objective::Masked {
            return Err(RunError::Unavailable("a run of sentence embeddings or labels foretells no words: set encoder.objective=masked"));
        }
        let texts = self.exam.masked_texts();
        let last = texts.saturating_sub(1);
        let (masked, batch) = self.exam.text(index).ok_or(RunError::NoSuchRow { index, last })?;
        let shown = &masked.texts[0];
        let name = |id: u32| self.passages.tokenizer.decode(&[id]).unwrap_or_default();
        let vocab = self.nets.teacher.layout.vocab;
        let mut writings = Vec::new();
        for role in ROLES {
            let network = self.nets.speaker(role);
            let state = network.state(batch.ids.clone(), &batch.padding).select(0, batch.hidden.rows.clone());
            let rows = read(log_softmax(network.logits(state))).await?;
            let mut rows = rows.chunks_exact(vocab);
            let token = |(at, id): (usize, &u32)| {
                let plain = WrittenToken { text: name(*id), probability: 1.0, confidence: 1.0, others: Vec::new() };
                let Some(row) = masked.hidden.iter().any(|hidden| hidden.1 == at).then(|| rows.next()).flatten() else { return plain };
                let best = metrics::argmax(row);
                let probability = libm::exp(f64::from(row[best]));
                WrittenToken { text: name(best as u32), probability, confidence: probability, others: likeliest_others(row, best, name) }
            };
            // Start and end are no part of the text.
            let tokens = shown.iter().enumerate().skip(1).take(shown.len() - 2).map(token).collect();
            writings.push(Writing { role, tokens, right: None, void: None });
        }
        let text = self.passages.tokenizer.decode(&shown[1..shown.len() - 1]).unwrap_or_default();
        Ok(Event::Read { step, prompt: index, prompts: texts, text, answers: Vec::new(), writings })
    }
}
