//! A teacher's texts, kept: neither a run that goes on nor another one need ask for them again.

use super::super::{Run, RunError, contest::Contest};
use crate::data::text::{Answer, AnswersHeader};
use crate::spec::{Method, SpecError};

impl Run {
    /// What a file of this run's teacher's texts begins with.
    ///
    /// # Errors
    /// An experiment that has no use for one.
    pub fn answers_header(&self) -> Result<AnswersHeader, RunError> {
        let conflict = |key, message: &'static str| Err(SpecError::conflict(key, message).into());
        let text = &self.experiment.text;
        if text.method != Method::SeqKd {
            return conflict("text.method", "seq_kd alone learns from texts of its teacher that can be kept");
        }
        let (Contest::Texts(texts), Some(origin)) = (&self.contest, &self.contest.origins().teacher) else {
            return conflict("teacher.source", "texts are kept of a teacher from a file: set it to file");
        };
        let readings: Vec<_> = texts.readings().map(|reading| (&reading.set, [reading.seq, reading.longest])).collect();
        Ok(AnswersHeader::new(origin.fingerprint.clone(), &readings, text.sampling_temperature, self.experiment.seed))
    }

    /// Lets the student learn from the texts of a file; how many there are, and how many bytes of the file are whole.
    ///
    /// # Errors
    /// As [`Run::answers_header`], and a file that is not this run's.
    pub fn use_answers(&mut self, file: &[u8]) -> Result<[usize; 2], RunError> {
        let header = self.answers_header()?;
        let Contest::Texts(texts) = &mut self.contest else { return Ok([0; 2]) };
        let (set, vocab) = (&texts.own.set, texts.nets.alone.layout.vocab);
        let wrong = |answer: &Answer| {
            let Answer { example, tokens, .. } = answer;
            if *example >= set.train.len() {
                return Some(format!("there is no example {example}: they go from 0 to {}", set.train.len() - 1));
            }
            if let Some(token) = tokens.iter().find(|token| **token as usize >= vocab) {
                return Some(format!("token {token} is none of the student's, which go from 0 to {}", vocab - 1));
            }
            let most = texts.own.limit(set.train.tokens(*example)[0]);
            (tokens.len() > most).then(|| format!("it has {} tokens, and there is room for {most}", tokens.len()))
        };
        let (answers, whole) = header.read(file, wrong)?;
        let count = answers.len();
        texts.memory.teacher_texts.restore(self.experiment.text.sampling_temperature, set, answers);
        Ok([count, whole])
    }

    /// The texts that the teacher wrote since this was last asked.
    pub fn new_answers(&mut self) -> Vec<Answer> {
        let Contest::Texts(texts) = &mut self.contest else { return Vec::new() };
        texts.memory.teacher_texts.take_new(&texts.own.set)
    }
}
