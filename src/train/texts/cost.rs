//! What a run over text takes ([`super::super::cost`]).

use super::super::cost::Flops;
use super::Texts;
use crate::method::text::{Reading, large};
use crate::model::{TRAINING, TextBatch};
use crate::spec::{Experiment, Method, Preference, Variant};

/// What a micro-batch of a method asks of the networks, in batches.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    /// Batches that the student learns from.
    learned: f64,
    /// Batches that the teacher reads.
    heard: f64,
    /// Batches of texts that the student writes, and that the teacher does.
    own: f64,
    theirs: f64,
}

/// On an average of the steps. Of DistiLLM it is the most that it may come to: its share of own texts at its bound, and all of them written
/// afresh. SeqKD's texts are kept, and counted apart.
fn asked(experiment: &Experiment) -> Asked {
    let text = &experiment.text;
    let one_if = |is: bool| if is { 1.0 } else { 0.0 };
    let data = one_if(text.lm_weight > 0.0);
    let reading = |learned, heard| Asked { learned, heard, ..Asked::default() };
    match text.method {
        Method::Sft | Method::SeqKd => reading(1.0, 0.0),
        Method::TokenKd | Method::Uld => reading(1.0, 1.0),
        Method::Gkd | Method::Distillm => Asked { own: text.student_share, ..reading(1.0, 1.0) },
        Method::Distillm2 => Asked { own: 1.0, theirs: 1.0, ..reading(2.0, 2.0) },
        Method::Minillm => {
            let fresh = 1.0 / text.inner_steps as f64;
            let heard = fresh + one_if(text.single_step) + data * one_if(text.variant == Variant::Lmops);
            Asked { own: fresh, theirs: fresh * one_if(text.teacher_mix > 0.0), ..reading(1.0 + data, heard) }
        }
        Method::Dpkd if text.preference == Preference::Token => Asked { theirs: 1.0, ..reading(1.0 + data, 1.0) },
        Method::Dpkd => Asked { own: 1.0, theirs: 1.0, ..reading(2.0 + data, 2.0) },
    }
}

impl Texts {
    /// What so many steps of the teacher before the students, and of the students, take.
    pub fn flops(&self, experiment: &Experiment, [teacher_steps, steps]: [usize; 2]) -> Flops {
        let [teacher, alone, distilled] = [&self.nets.teacher, &self.nets.alone, &self.nets.distilled].map(|learner| &learner.layout);
        let size = experiment.train.batch_size as f64;
        let micro = |steps: usize| (steps * experiment.train.accumulate) as f64;
        let theirs = self.teachers.as_ref().map_or(&self.own, |side| &side.reading);
        let whole = teacher.vocab.max(alone.vocab) <= large::VOCABULARY;
        // In chunks, logits are taken of the tokens of responses alone.
        let batch = |reading: &Reading, whole: bool| {
            let seq = reading.seq as f64;
            TextBatch { texts: size, seq, foretold: size * if whole { seq } else { self.response() } }
        };
        let method = experiment.text.method;
        let compared = whole && method != Method::Uld && self.cache.is_none();
        let [fine_tuned, learned] =
            [(alone, whole), (distilled, compared)].map(|(net, whole)| net.flops(batch(&self.own, whole)) * TRAINING);
        let heard = teacher.flops(batch(theirs, compared));
        let written = |reading: &Reading| [(reading.seq + 1 - reading.longest) as f64, reading.longest as f64];

        let by_method = experiment.distilled_steps();
        let by_method = by_method.start..by_method.end.min(steps);
        let Asked { learned: times, heard: hears, own, theirs: writes } = asked(experiment);
        let once = self.examples as f64 / size * heard;
        let [prompt, new] = written(&self.own);
        let mut asked = match self.cache {
            Some(_) => once,
            None => micro(by_method.len()) * (hears * heard + writes * teacher.writing_flops(size, prompt, new)),
        };
        if method == Method::SeqKd && !by_method.is_empty() {
            let order = self.transfer.as_ref().unwrap_or(&self.order);
            let prompts = if self.transfer.is_some() { self.own.set.train.len() } else { self.examples };
            // Prompts are answered in groups: an epoch that has begun soon has all of its texts.
            let epoch = |step: usize| order.epoch(step * experiment.train.accumulate);
            let turns = (epoch(by_method.end - 1) - epoch(by_method.start) + 1).min(experiment.text.teacher_texts);
            let [prompt, new] = written(theirs);
            asked += teacher.writing_flops((turns * prompts) as f64, prompt, new);
        }
        let others = steps - by_method.len();
        let own = own * alone.writing_flops(size, prompt, new);
        let one = |reading: &Reading| TextBatch { texts: 1.0, seq: reading.seq as f64, foretold: reading.seq as f64 };
        Flops {
            teacher: micro(teacher_steps) * teacher.flops(batch(&self.own, whole)) * TRAINING,
            alone: micro(steps) * fine_tuned,
            distilled: micro(others) * fine_tuned + micro(by_method.len()) * (times * learned + own) + asked,
            asked,
            once,
            pass: [teacher.flops(one(theirs)) / theirs.seq as f64, alone.flops(one(&self.own)) / self.own.seq as f64],
        }
    }

    /// Tokens of an example's response, with the end that it has, on average.
    fn response(&self) -> f64 {
        let train = &self.own.set.train;
        let tokens: usize = (0..self.examples).map(|row| train.tokens(row)[1] + usize::from(self.own.set.end().is_some())).sum();
        tokens as f64 / self.examples.max(1) as f64
    }
}
