//! How much memory a run will take, before it takes it.

use super::{Role, Run, contest::Contest};
use crate::method::text::large::{self, CHUNK};
use crate::model::TransformerConfig;
use crate::model::encoder::EncoderConfig;
use crate::spec::{Start, TeacherSource};

/// Bytes of a number.
const F32: usize = 4;

impl Run {
    /// Bytes that the run will need at its most, roughly: networks, gradients, the optimiser's state, what a step keeps for its backward pass,
    /// and a checkpoint while it is written. Half as much or twice as much is possible: no allocator is asked.
    pub fn memory(&self) -> usize {
        let bytes = |role: Role| self.summary().networks.iter().find(|size| size.role == role).map_or(0, |size| size.bytes);
        let (teacher, student) = (bytes(Role::Teacher), bytes(Role::Alone));
        // Value, gradient and two moments; of a file, the file's numbers beside the network's.
        let taught = match self.experiment.teacher.source {
            TeacherSource::Live => 4 * teacher,
            TeacherSource::File => 2 * teacher,
            TeacherSource::Pretrained => teacher,
        };
        // Two students. While a checkpoint is written, value and moments of both are there twice more: as numbers and as the file.
        let students = 2 * 4 * student + 2 * 2 * 3 * student;
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
                let TransformerConfig { vocab, width, layers, heads, hidden, .. } = texts.alone.layout;
                let rows = batch * texts.own.seq;
                let logits = if vocab > large::VOCABULARY { CHUNK.min(rows) } else { rows } * vocab;
                both_students(layers * block([batch, texts.own.seq], [width, heads, hidden]) + 6 * logits)
            }
            Contest::Encoders(encoders) => {
                let EncoderConfig { vocab, width, layers, heads, hidden, .. } = encoders.alone.layout;
                let rows = (batch * encoders.longest).min(CHUNK);
                both_students(layers * block([batch, encoders.longest], [width, heads, hidden]) + 6 * rows * vocab)
            }
        }
    }
}

fn both_students(numbers: usize) -> usize {
    2 * F32 * numbers
}

/// Numbers that a block keeps: some ten vectors of its width and a few of its feed-forward layer for each token, and the attention of every
/// pair of tokens before and after the softmax.
fn block([batch, seq]: [usize; 2], [width, heads, hidden]: [usize; 3]) -> usize {
    batch * seq * (10 * width + 4 * hidden) + 3 * batch * heads * seq * seq
}
