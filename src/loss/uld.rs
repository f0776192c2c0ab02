//! Universal logit distillation (Boizard et al. 2024): a teacher and a student whose vocabularies differ.
//!
//! Without a common vocabulary only the shapes of two distributions can be compared: `Σᵢ |p₍ᵢ₎ − q₍ᵢ₎|` over the probabilities in falling order
//! (eq. 5), the shorter padded with zeros. It is the Wasserstein distance at unit cost between any two tokens.
//!
//! A GPU sorts badly, so the host does: it reads both sides' logits. The order of the student's is a constant of its gradient.

use burn::tensor::{Int, Tensor, activation::softmax};

use super::sequence::flat;

/// `Σᵢ |p₍ᵢ₎ − q₍ᵢ₎|` of each row, `[rows]`, between 0 and 2.
///
/// `teacher_sorted` `[rows, teacher's vocab]` are [`sorted_probabilities`]; `student` `[rows, student's vocab]` are logits, and `ranks`, of
/// the same shape, are theirs ([`ranks`]). A temperature divides both sides' logits beforehand; it changes no rank.
///
/// Each student token looks up the teacher's probability of its own rank: the gather is on the side without a gradient, whose backward pass
/// would be a scatter.
pub fn uld_rows(teacher_sorted: Tensor<2>, student: Tensor<2>, ranks: Tensor<2, Int>) -> Tensor<1> {
    let teacher = teacher_sorted.inner();
    let ([rows, known], [_, vocab]) = (teacher.dims(), student.dims());
    let q = softmax(student, 1);
    let (matched, rest) = if known > vocab {
        (teacher.clone().narrow(1, 0, vocab), Some(teacher.narrow(1, vocab, known - vocab).sum_dim(1)))
    } else if known < vocab {
        let padding = Tensor::zeros([rows, vocab - known], &teacher.device());
        (Tensor::cat(vec![teacher, padding], 1), None)
    } else {
        (teacher, None)
    };
    let distance = (q - matched.gather(1, ranks.inner())).abs().sum_dim(1);
    flat(match rest {
        Some(rest) => distance + rest,
        None => distance,
    })
}

/// The rank of every logit in its row, 0 for the largest; the earlier token wins a tie. `logits` is `[rows, vocab]`, row after row.
pub fn ranks(logits: &[f32], vocab: usize) -> Vec<i32> {
    let mut ranks = vec![0; logits.len()];
    for (row, ranks) in logits.chunks(vocab.max(1)).zip(ranks.chunks_mut(vocab.max(1))) {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
        for (rank, token) in (0..).zip(order) {
            ranks[token] = rank;
        }
    }
    ranks
}

/// `softmax(logits)` of every row in falling order. `logits` is `[rows, vocab]`, row after row, and so is the result.
pub fn sorted_probabilities(logits: &[f32], vocab: usize) -> Vec<f32> {
    let mut sorted = logits.to_vec();
    for row in sorted.chunks_mut(vocab.max(1)) {
        row.sort_by(|a, b| b.total_cmp(a));
        let largest = row[0];
        let exponentials: Vec<f64> = row.iter().map(|logit| libm::exp(f64::from(logit - largest))).collect();
        let sum: f64 = exponentials.iter().sum();
        row.iter_mut().zip(exponentials).for_each(|(value, exponential)| *value = (exponential / sum) as f32);
    }
    sorted
}
