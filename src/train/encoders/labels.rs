//! What encoders that name labels are asked at an evaluation: the label of every test text.

use super::super::RunError;
use super::super::evaluate::Sheet;
use super::super::evaluation::{EncoderMeasures, Evaluation};
use super::super::event::Role;
use super::STEP;
use super::exam::CHUNK;
use crate::data::text::Passages;
use crate::device::{Place, Reads};
use crate::eval::{metrics, study::Bin};
use crate::method::encoder::{Batch, classes};
use crate::model::encoder::Encoder;
use crate::spec::Experiment;

/// The texts, and what every network last said of them.
pub struct LabelExam {
    batches: Vec<Batch>,
    sheet: Sheet,
    labels: Vec<usize>,
    classes: usize,
}

impl LabelExam {
    /// The first `text.tests` texts, those of about one length together: less of a batch is padding then.
    pub fn new(experiment: &Experiment, passages: &Passages, place: &Place) -> Self {
        let mut order: Vec<usize> = (0..passages.test.len().min(experiment.text.tests)).collect();
        order.sort_by_key(|text| passages.test.tokens(*text)[0]);
        let longest = passages.longest();
        let batch = |chunk: &[usize]| {
            let texts: Vec<_> = chunk.iter().map(|text| passages.test.get(*text)).collect();
            let texts: Vec<&[u32]> = texts.iter().map(|text| text.as_slice()).collect();
            Batch::level(&texts, STEP, longest, passages.marks.padding, place)
        };
        let labels: Vec<usize> = order.iter().map(|text| passages.labels.test[*text]).collect();
        let classes = passages.labels.names.len();
        Self { batches: order.chunks(CHUNK).map(batch).collect(), sheet: Sheet::new(labels.clone(), classes, None), labels, classes }
    }

    /// Texts that are asked.
    pub fn asked(&self) -> usize {
        self.labels.len()
    }

    /// The reliability diagram of a network's labels, once it was asked.
    pub fn reliability(&self, role: Role) -> Option<Vec<Bin>> {
        self.sheet.reliability(role)
    }

    /// Asks every network; a teacher that does not change, once.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn examine(&mut self, networks: &[(Role, usize, Encoder); 3], teacher_changes: bool) -> Result<Vec<Evaluation>, RunError> {
        let known = !teacher_changes && self.sheet.answer(Role::Teacher).is_some();
        let mut answers = Vec::new();
        for (role, step, network) in networks.iter().filter(|(role, ..)| !(known && *role == Role::Teacher)) {
            let mut reads = Reads::default();
            self.batches.iter().for_each(|batch| reads.add(classes::logits(network, batch)));
            answers.push((*role, *step, reads.run().await?.concat()));
        }
        let mut found = self.sheet.mark(answers);
        for evaluation in &mut found {
            evaluation.encoder = Some(self.measures(evaluation.role));
        }
        Ok(found)
    }

    fn measures(&self, role: Role) -> EncoderMeasures {
        let rows = |role| Some(self.sheet.answer(role)?.chunks_exact(self.classes).map(|row| metrics::log_softmax(row, 1.0)));
        let both = rows(Role::Teacher).zip(rows(role)).filter(|_| role != Role::Teacher);
        let kl = both.map(|(p, q)| p.zip(q).map(|(p, q)| metrics::kl(&p, &q)).sum::<f64>() / self.labels.len().max(1) as f64);
        let said = self.sheet.answer(role).map(|logits| metrics::predictions(logits, self.classes));
        EncoderMeasures {
            forward_kl: kl,
            macro_f1: said.map(|said| metrics::macro_f1(&said, &self.labels, self.classes)),
            ..EncoderMeasures::default()
        }
    }
}
