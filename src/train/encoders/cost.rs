//! What a run of encoders takes ([`super::super::cost`]).

use super::super::cost::Flops;
use super::{Encoders, STEP};
use crate::model::encoder::EncoderConfig;
use crate::model::{TRAINING, TextBatch};
use crate::spec::{Experiment, Objective, SoftTokens};

impl Encoders {
    /// What so many steps of the teacher before the students, and of the students, take. The teacher reads every batch.
    pub fn flops(&self, experiment: &Experiment, [teacher_steps, steps]: [usize; 2]) -> Flops {
        let Experiment { encoder: terms, train, .. } = experiment;
        let [teacher, alone, distilled] = [&self.nets.teacher, &self.nets.alone, &self.nets.distilled].map(|learner| &learner.layout);
        let texts = train.batch_size as f64;
        let masks = terms.objective == Objective::Masked;
        // Others are put together by their length.
        let seq = if masks { self.longest as f64 } else { self.mean(|tokens| tokens.next_multiple_of(STEP).min(self.longest)) };
        let real = texts * self.mean(|tokens| tokens);
        let batch = |foretold: f64| TextBatch { texts, seq, foretold };
        let hidden = if masks { real * terms.mask_share } else { 0.0 };
        let compared = match terms.soft_tokens {
            SoftTokens::All if masks && terms.soft_weight > 0.0 => real,
            _ => hidden,
        };
        let heard = teacher.flops(batch(if terms.soft_weight > 0.0 { compared } else { 0.0 }));
        // States that are projected to the teacher's width: the last one for its direction, those of all layers for their values.
        let states = usize::from(terms.cosine_weight > 0.0) + if terms.hidden_weight > 0.0 { distilled.layers + 1 } else { 0 };
        let projected = distilled.projection.map_or(0.0, |to| 2.0 * real * (states * distilled.width * to) as f64);
        let micro = |steps: usize| (steps * train.accumulate) as f64;
        let asked = micro(steps) * heard;
        let pass = |net: &EncoderConfig| net.flops(TextBatch { texts: 1.0, seq: self.longest as f64, foretold: 0.0 });
        Flops {
            teacher: micro(teacher_steps) * teacher.flops(batch(hidden)) * TRAINING,
            alone: micro(steps) * alone.flops(batch(hidden)) * TRAINING,
            distilled: micro(steps) * (distilled.flops(batch(compared)) + projected) * TRAINING + asked,
            asked,
            once: self.passages.train.len() as f64 / texts * heard,
            pass: [pass(teacher), pass(alone)],
        }
    }

    /// Of a number for each training text, by its tokens.
    fn mean(&self, of: impl Fn(usize) -> usize) -> f64 {
        let train = &self.passages.train;
        (0..train.len()).map(|row| of(train.tokens(row)[0])).sum::<usize>() as f64 / train.len().max(1) as f64
    }
}
