//! Labels of texts: the second step of distillation, on a task (DistilBERT, Sanh et al. 2019 §4: the student is fine-tuned with a term for a
//! teacher that was fine-tuned on the same task).

use burn::tensor::{Int, Tensor, TensorData};

use super::Batch;
use super::inside::{inside, traces};
use crate::device::Place;
use crate::loss::hard;
use crate::loss::soft::{scale, soft_loss};
use crate::method::response::Parts;
use crate::method::text::one_hot;
use crate::model::encoder::Encoder;
use crate::spec::Experiment;

/// Classes of texts as `[batch, classes]`, one-hot.
pub fn targets(labels: &[usize], classes: usize, place: &Place) -> Tensor<2> {
    let labels: Vec<i32> = labels.iter().map(|class| *class as i32).collect();
    let count = labels.len();
    one_hot(Tensor::<1, Int>::from_data(TensorData::new(labels, [count]), &place.inner()), classes)
}

/// Logits of the classes of a batch, `[batch, classes]`.
pub fn logits(net: &Encoder, batch: &Batch) -> Tensor<2> {
    net.class_logits(net.state(batch.ids.clone(), &batch.padding), batch.padding.batch())
}

/// Fine-tuning alone: the cross-entropy with the labels `[batch, classes]`.
pub fn alone(student: &Encoder, batch: &Batch, targets: Tensor<2>) -> Parts {
    Parts::labels(hard::cross_entropy(logits(student, batch), targets))
}

/// `soft_weight·T²·divergence + label_weight·CE`, and what the student copies of its teacher's [`inside`](mod@super::inside). A term of weight 0 is not
/// computed.
pub fn distilled(student: &Encoder, teacher: &Encoder, batch: &Batch, targets: Tensor<2>, experiment: &Experiment) -> Parts {
    let terms = &experiment.encoder;
    let [own, theirs] = traces(student, teacher, batch, terms);
    let texts = batch.padding.batch();
    let guess = student.class_logits(own.state(), texts);
    let hard = (terms.label_weight > 0.0).then(|| hard::cross_entropy(guess.clone(), targets.clone()));
    let soft = (terms.soft_weight > 0.0)
        .then(|| soft_loss(teacher.class_logits(theirs.state(), texts), guess.clone(), targets, &experiment.distill));
    let (more, hint, attention) = inside((student, &own), (teacher, &theirs), batch, terms);
    let weighed = [
        hard.clone().map(|hard| hard * terms.label_weight),
        soft.clone().map(|soft| soft * (terms.soft_weight * scale(&experiment.distill))),
        more,
    ];
    let total = weighed.into_iter().flatten().reduce(|sum, term| sum + term).unwrap_or_else(|| guess.sum() * 0.0);
    Parts { total, hard, soft, hint, attention, weight: 1.0 }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::device::testing::test_async;
    use crate::device::{Reads, read};
    use crate::model::Trainable;
    use crate::model::encoder::EncoderConfig;
    use crate::model::encoder::testing::{config, values};
    use crate::model::formats::bert;
    use crate::model::testing::gradient_products;
    use crate::spec::EncoderTerms;

    fn close(what: &str, found: f64, expected: &Value) {
        let expected = expected.as_f64().unwrap();
        assert!((found - expected).abs() < 3e-5 * expected.abs().max(1.0), "{what}: {found} instead of {expected}");
    }

    /// `tests/reference/encoder.py` computes it with transformers' BERT and DistilBERT.
    #[test_async]
    async fn the_loss_of_a_task_is_that_of_pytorch() {
        let reference: Value = serde_json::from_str(include_str!("../../../tests/reference/encoder.json")).unwrap();
        let expected = &reference["task"];
        let place = Place::cpu();
        let shape = |kind: &str| bert::classifying(&config(kind), 3);
        let build = |kind: &str, device| Encoder::build(&shape(kind), &values(&shape(kind)), device);
        let (teacher, student) = (build("bert", &place.inner()), build("distilbert", &place.autodiff()));
        let batch = Batch::of_reference(&place);
        let mut experiment = Experiment::from_preset("text-labels", []).unwrap();
        let parts = distilled(&student, &teacher, &batch, targets(&[2, 0], 3, &place), &experiment);
        let gradients = parts.total.backward();
        let mut reads = Reads::default();
        for part in [Some(parts.total.inner()), parts.hard.map(Tensor::inner), parts.soft.map(Tensor::inner)] {
            reads.add(part.expect("both parts"));
        }
        for (what, found) in ["total", "hard", "soft"].into_iter().zip(reads.run().await.unwrap()) {
            close(what, f64::from(found[0]), &expected[what]);
        }
        let products = gradient_products(&student, gradients).await;
        for (parameter, product) in shape("distilbert").parameters().iter().zip(products) {
            close(&parameter.name, product, &expected["gradients"][&parameter.name]);
        }
        // Terms on states and attention come to it, their weights in them.
        experiment.encoder.hidden_weight = 2.0;
        experiment.encoder.relation_weight = 3.0;
        experiment.encoder.attention_weight = 4.0;
        let more = distilled(&student, &teacher, &batch, targets(&[2, 0], 3, &place), &experiment);
        let mut reads = Reads::default();
        [Some(more.total), more.hint, more.attention].into_iter().flatten().for_each(|part| reads.add(part.inner()));
        let found: Vec<f64> = reads.run().await.unwrap().iter().map(|value| f64::from(value[0])).collect();
        let plain = expected["total"].as_f64().unwrap();
        assert!((found[0] - plain - found[1] - found[2]).abs() < 1e-4, "{found:?} beside {plain}");
    }

    /// Half the cross-entropy and one term alone, in value and gradients, as `tests/reference/encoder.py` computes them.
    async fn agree(expected: &Value, [teacher, student]: [EncoderConfig; 2], weigh: fn(&mut EncoderTerms)) {
        let place = Place::cpu();
        let [teacher, net] =
            [(&teacher, place.inner()), (&student, place.autodiff())].map(|(shape, device)| Encoder::build(shape, &values(shape), &device));
        let mut experiment = Experiment::from_preset("text-labels", []).unwrap();
        experiment.encoder.soft_weight = 0.0;
        weigh(&mut experiment.encoder);
        let total = distilled(&net, &teacher, &Batch::of_reference(&place), targets(&[2, 0], 3, &place), &experiment).total;
        let gradients = total.backward();
        close("total", f64::from(read(total.inner()).await.unwrap()[0]), &expected["total"]);
        for (parameter, product) in student.parameters().iter().zip(gradient_products(&net, gradients).await) {
            close(&parameter.name, product, &expected["gradients"][&parameter.name]);
        }
    }

    #[test_async]
    async fn states_by_a_projection_are_those_of_pytorch() {
        let reference: Value = serde_json::from_str(include_str!("../../../tests/reference/encoder.json")).unwrap();
        let teacher = bert::classifying(&config("bert"), 3);
        let student = EncoderConfig { projection: Some(8), ..bert::classifying(&config("distilbert"), 3) };
        agree(&reference["projected"], [teacher, student], |terms| terms.hidden_weight = 1.0).await;
    }

    #[test_async]
    async fn attention_maps_of_half_the_layers_are_those_of_pytorch() {
        let reference: Value = serde_json::from_str(include_str!("../../../tests/reference/encoder.json")).unwrap();
        for kind in ["distilbert", "electra"] {
            let [teacher, student] = ["bert", kind].map(|kind| bert::classifying(&config(kind), 3));
            let teacher = EncoderConfig { layers: 2 * student.layers, ..teacher };
            agree(&reference["attention"][kind], [teacher, student], |terms| terms.attention_weight = 1.0).await;
        }
    }
}
