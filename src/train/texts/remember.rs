//! A teacher's likeliest tokens, asked once for every token of the training data and kept: over epochs and runs it need not be asked again.

use super::super::{Role, Run, RunError, contest::Contest};
use super::Texts;
use crate::data::text::{Likeliest, TopK, TopKHeader, likeliest};
use crate::device::{log_softmax, read};
use crate::method::text::{Sequences, Written, large};
use crate::spec::{Access, Distill, Method, SpecError};

/// Examples that are asked together: a kill loses as many.
pub const BLOCK: usize = 4;

impl Run {
    /// What a cache of this run's teacher and data begins with.
    ///
    /// # Errors
    /// An experiment that has no use for one.
    pub fn cache_header(&self) -> Result<TopKHeader, RunError> {
        let Distill { access, top_k, .. } = self.experiment.distill;
        let conflict = |key, message: &'static str| Err(SpecError::conflict(key, message).into());
        if access != Access::TopK {
            return conflict("distill.access", "a teacher's cache holds its likeliest tokens: set it to top_k");
        }
        if self.experiment.text.method != Method::TokenKd {
            return conflict("text.method", "a teacher's cache is about the data, which token_kd alone learns from");
        }
        let (Contest::Texts(texts), Some(origin)) = (&self.contest, &self.contest.origins().teacher) else {
            return conflict("teacher.source", "a cache is kept of a teacher from a file: set it to file");
        };
        let vocab = texts.nets.teacher.layout.vocab;
        if top_k >= vocab {
            return conflict("distill.top_k", "it must be smaller than the teacher's vocabulary");
        }
        Ok(TopKHeader::new(origin.fingerprint.clone(), &texts.own.set, texts.examples, vocab, top_k))
    }

    /// The next examples after `first`, asked of the teacher: a block of the cache.
    ///
    /// # Errors
    /// As [`Run::cache_header`], and [`RunError::Device`] when the device fails.
    pub async fn cache_block(&self, header: &TopKHeader, first: usize) -> Result<Vec<u8>, RunError> {
        let Contest::Texts(texts) = &self.contest else { return Err(RunError::Unavailable("a run over classes has no teacher's cache")) };
        texts.block(header, first).await
    }

    /// Lets the student learn from a complete cache.
    pub fn use_cache(&mut self, cache: TopK) {
        if let Contest::Texts(texts) = &mut self.contest {
            texts.cache = Some(cache);
        }
    }
}

impl Texts {
    async fn block(&self, header: &TopKHeader, first: usize) -> Result<Vec<u8>, RunError> {
        let (set, rows) = (&self.own.set, first..self.examples.min(first + BLOCK));
        let mut texts: Vec<Written> = rows.clone().map(|row| Written::example(&set.train.get(row), set.end())).collect();
        texts.resize(BLOCK, texts[0].clone());
        let sequences = Sequences::new(&texts, self.own.seq, header.vocab, &self.place);
        let teacher = self.nets.speaker(Role::Teacher);
        let responses = sequences.responses(large::CHUNK, &self.place);
        let state = teacher.state(sequences.ids.clone(), &self.contexts[0]).select(0, responses.rows);
        let mut tokens: Vec<Likeliest> = Vec::new();
        for start in (0..responses.tokens).step_by(large::CHUNK) {
            let logits = teacher.logits(state.clone().narrow(0, start, large::CHUNK));
            let rows = read(log_softmax(logits)).await?;
            tokens.extend(rows.chunks_exact(header.vocab).map(|row| likeliest(row, header.k)));
        }
        let mut tokens = tokens.into_iter();
        let of_examples = sequences.spans[..rows.len()].iter().map(|(_, count)| tokens.by_ref().take(*count).collect());
        Ok(header.block(first, &of_examples.collect::<Vec<_>>()))
    }
}
