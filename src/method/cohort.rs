//! Response distillation of many students at once: each has a loss of its own, and one computation makes them all.

use burn::tensor::{Tensor, TensorData};

use crate::device::{Place, log_softmax};
use crate::loss::{hard, soft};
use crate::spec::Distill;

/// The losses of a student that hears labels alone, and of students that hear a teacher besides.
pub struct Cohort {
    /// Where in the computation each student with a teacher stands. The student alone is at 0; behind it are those for whom the teacher counts
    /// nothing, and then the groups.
    places: Vec<usize>,
    groups: Vec<Group>,
    /// What the hard loss of each student counts, `[students, 1]`, and its soft one, both by place.
    weights: [Tensor<2>; 2],
    label_smoothing: f64,
}

/// Students whose soft losses differ in temperature and weight alone.
struct Group {
    /// `[members·batch, 1]`.
    temperatures: Tensor<2>,
    distill: Distill,
}

impl Cohort {
    /// One student for each of `distills`, and the student alone.
    pub fn new(distills: &[Distill], label_smoothing: f64, batch: usize, place: &Place) -> Self {
        // A teacher that counts nothing is not asked: what it says need not be finite.
        let (mut order, asking): (Vec<usize>, Vec<usize>) = (0..distills.len()).partition(|index| distills[*index].alpha == 1.0);
        let mut kinds: Vec<(Distill, Vec<usize>)> = Vec::new();
        for index in asking {
            let kind = Distill { temperature: 1.0, alpha: 0.0, t_squared: false, ..distills[index].clone() };
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, members)) => members.push(index),
                None => kinds.push((kind, vec![index])),
            }
        }
        order.extend(kinds.iter().flat_map(|(_, members)| members));
        let mut places = vec![0; distills.len()];
        for (place, index) in order.iter().enumerate() {
            places[*index] = place + 1;
        }
        let column = |values: Vec<f64>| {
            let rows = values.len();
            Tensor::<2>::from_data(TensorData::new(values.iter().map(|value| *value as f32).collect(), [rows, 1]), &place.inner())
        };
        let groups = kinds.into_iter().map(|(distill, members)| {
            let rows = members.iter().flat_map(|index| std::iter::repeat_n(distills[*index].temperature, batch));
            Group { temperatures: column(rows.collect()), distill }
        });
        let weights = |alone: f64, of: fn(&Distill) -> f64| {
            column([alone].into_iter().chain(order.iter().map(|index| of(&distills[*index]))).collect())
        };
        let weights = [weights(1.0, |distill| distill.alpha), weights(0.0, |distill| (1.0 - distill.alpha) * soft::scale(distill))];
        Self { places, groups: groups.collect(), weights, label_smoothing }
    }

    /// All of them, the student alone among them.
    pub fn students(&self) -> usize {
        self.places.len() + 1
    }

    /// Where in the computation each student with a teacher stands; the student alone is at 0.
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// The loss of each student, `[students]` by place: `α·CE + (1−α)·T²·divergence` as in [`super::response`]. `logits` are theirs,
    /// `[students, batch, classes]`; `targets` and the teacher's logits are `[batch, classes]`.
    pub fn losses(&self, logits: &Tensor<3>, targets: &Tensor<2>, teacher: &Tensor<2>) -> Tensor<1> {
        let [students, batch, classes] = logits.dims();
        let labels = if self.label_smoothing > 0.0 {
            Tensor::cat(vec![hard::smooth(targets.clone(), self.label_smoothing), targets.clone().repeat_dim(0, students - 1)], 0)
        } else {
            targets.clone().repeat_dim(0, students)
        };
        let labelled = targets.clone().sum().clamp_min(1.0).neg().reshape([1, 1]);
        let log_q = log_softmax(logits.clone()).reshape([students, batch * classes]);
        let hard = (log_q * labels.reshape([students, batch * classes])).sum_dim(1) / labelled;
        let mut soft = Vec::new();
        let mut from = students;
        for Group { temperatures, distill } in self.groups.iter().rev() {
            let members = temperatures.dims()[0] / batch;
            let own = logits.clone().narrow(0, from - members, members).reshape([members * batch, classes]);
            from -= members;
            let [teacher, targets] = [teacher, targets].map(|tensor| tensor.clone().repeat_dim(0, members));
            let terms = soft::terms_by_row(teacher, own, targets, temperatures, distill);
            let [_, entries] = terms.dims();
            soft.insert(0, terms.reshape([members, batch * entries]).sum_dim(1) / batch as f64);
        }
        let [hard_weights, soft_weights] = &self.weights;
        // Before the groups there is the student alone at least.
        soft.insert(0, hard_weights.zeros_like().narrow(0, 0, from));
        (hard * hard_weights.clone() + Tensor::cat(soft, 0) * soft_weights.clone()).reshape([students])
    }
}
