//! How much memory a run will take, before it takes it.

use super::{Role, Run, contest::Contest};
use crate::method::encoder::masked;
use crate::method::text::large::{self, CHUNK};
use crate::model::TransformerConfig;
use crate::model::encoder::EncoderConfig;
use crate::spec::{Objective, Start, TeacherSource};

/// Bytes of a number.
const F32: usize = 4;

impl Run {
    /// Bytes that the run will need at its most, roughly: networks, gradients, the optimiser's state, what a step keeps for its backward pass,
    /// and a checkpoint while it is written. Half as much or twice as much is possible: no allocator is asked.
    pub fn memory(&self) -> usize {
        let bytes = |role: Role| self.summary().networks.iter().find(|size| size.role == role).map_or(0, |size| size.bytes);
        let (teacher, student) = (bytes(Role::Teacher), bytes(Role::Alone));
        // Value, gradient and two moments; of a file, the file's numbers beside the network's.
        let learns = self.experiment.teacher_learns();
        let file = if self.experiment.teacher.source == TeacherSource::File { teacher } else { 0 };
        let taught = if learns { 4 * teacher } else { teacher } + file;
        // Of adapted students the adapters learn. What is frozen is there once, and once more for each in a step, with what its adapters add.
        let sizes = &self.summary().networks;
        let adapters = sizes.iter().find_map(|size| size.adapters).map(|count| count * F32);
        let (learned, frozen) = adapters.map_or((student, 0), |adapters| (adapters, 3 * student));
        // While a checkpoint is written, value and moments of all that learn are there twice more: as numbers and as the file. A step of
        // several micro-batches holds another gradient.
        let saved = 2 * 3 * (2 * learned + if learns { teacher } else { 0 });
        let gathered = if self.experiment.train.accumulate > 1 { 2 * learned } else { 0 };
        let students = 2 * 4 * learned + frozen + saved + gathered;
        let first = if self.experiment.student.start != Start::Random { student } else { 0 };
        taught + students + first + self.step_memory()
    }

    /// What a step keeps for its backward pass, of both students at once.
    fn step_memory(&self) -> usize {
        let batch = self.experiment.train.batch_size;
        match &self.contest {
            // Inputs, maps and hidden layers are small beside the data.
            Contest::Classes(classes) => classes.table.inputs.dims().iter().product::<usize>() * F32,
            Contest::Texts(texts) => {
                let TransformerConfig { vocab, width, layers, heads, hidden, .. } = texts.nets.alone.layout;
                let rows = batch * texts.own.seq;
                let logits = if vocab > large::VOCABULARY { CHUNK.min(rows) } else { rows } * vocab;
                both_students(layers * self.block([batch, texts.own.seq], [width, heads, hidden]) + 6 * logits)
            }
            Contest::Encoders(encoders) => {
                let EncoderConfig { vocab, width, layers, heads, hidden, .. } = encoders.nets.alone.layout;
                let rows = batch * encoders.longest;
                let logits = match self.experiment.encoder.objective {
                    Objective::Masked => masked::chunk(vocab, rows).min(rows) * vocab,
                    Objective::Embeddings | Objective::Classes => 0,
                };
                // Scores of the distilled student beside its teacher's, before and after padding is cut out.
                let maps = 2 * layers * heads * rows * encoders.longest;
                let maps = if self.experiment.encoder.attention_weight > 0.0 { F32 * maps } else { 0 };
                both_students(layers * self.block([batch, encoders.longest], [width, heads, hidden]) + 6 * logits) + maps
            }
        }
    }

    /// Numbers that a block keeps: some ten vectors of its width and a few of its feed-forward layer for each token, and the attention of every
    /// pair of tokens before and after the softmax. Gradient checkpointing was seen to save a third (`benches/kd_memory.rs`).
    fn block(&self, [batch, seq]: [usize; 2], [width, heads, hidden]: [usize; 3]) -> usize {
        let kept = batch * seq * (10 * width + 4 * hidden) + 3 * batch * heads * seq * seq;
        if self.experiment.train.gradient_checkpointing { kept * 2 / 3 } else { kept }
    }
}

fn both_students(numbers: usize) -> usize {
    2 * F32 * numbers
}
