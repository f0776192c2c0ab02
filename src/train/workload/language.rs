//! W2: a decoder of 4 layers teaches one of 2.

use burn::tensor::{Int, Tensor, TensorData};

use super::super::Learner;
use super::{BATCHES, numbers};
use crate::device::Place;
use crate::loss::{combine, hard, soft};
use crate::model::transformer::Context;
use crate::model::{Parameter, Trainable, Transformer, TransformerConfig};
use crate::spec::Distill;

const VOCAB: usize = 128;
const SEQ: usize = 64;
const BATCH: usize = 16;

/// The decoder workload on a device.
pub struct Language {
    teacher: Transformer,
    student: Learner<Transformer>,
    distill: Distill,
    lr: f64,
    /// Ids `[batch, seq]` and the tokens that follow, one-hot `[batch·seq, vocab]`.
    batches: Vec<(TensorData, TensorData)>,
    contexts: [Context; 2],
    place: Place,
}

impl Language {
    pub fn new(place: &Place) -> Self {
        let teacher = TransformerConfig::gpt2(VOCAB, SEQ, 128, 4, 4);
        let student = TransformerConfig::gpt2(VOCAB, SEQ, 64, 2, 4);
        let train = numbers::train();
        Self {
            teacher: Transformer::build(&teacher, &values("teacher", &teacher), &place.inner()),
            student: Learner::new(student.clone(), &values("student", &student), &train, place),
            distill: numbers::distill(),
            lr: train.lr,
            batches: (0..BATCHES).map(batch).collect(),
            contexts: [&teacher, &student].map(|config| Context::causal(config, SEQ, &place.inner())),
            place: place.clone(),
        }
    }

    pub fn step(&mut self, k: usize) -> Tensor<1> {
        let (ids, targets) = self.batches[k % BATCHES].clone();
        let ids = Tensor::<2, Int>::from_data(ids, &self.place.inner());
        let targets = Tensor::<2>::from_data(targets, &self.place.inner());
        let [teacher, student] = &self.contexts;
        let heard = self.teacher.forward(ids.clone(), teacher);
        let logits = self.student.net.forward(ids, student);
        let hard = hard::cross_entropy(logits.clone(), targets.clone());
        let soft = soft::soft_loss(heard, logits, targets, &self.distill);
        let loss = combine(hard, soft, None, None, &self.distill);
        self.student.learn(&loss, self.lr);
        loss.inner()
    }
}

fn values(role: &str, config: &TransformerConfig) -> Vec<Vec<f32>> {
    config.parameters().iter().map(|parameter| initial(&format!("W2/{role}"), parameter)).collect()
}

/// Matrices are uniform with variance 1/fan_in, embeddings in ±0.5, biases in ±0.1, weights of a norm in 1 ± 0.1.
fn initial(prefix: &str, parameter: &Parameter) -> Vec<f32> {
    let (path, kind) = parameter.name.rsplit_once('.').expect("a layer and `weight` or `bias`");
    let name = match path {
        "tokens" => "tok".to_owned(),
        "positions" => "pos".to_owned(),
        "norm" => "lnf".to_owned(),
        _ => path.replace("layers.", "l").replace("norm1", "ln0").replace("norm2", "ln1"),
    };
    let norm = path.contains("norm");
    let (suffix, centre, half) = match (path, kind) {
        ("tokens" | "positions", _) => ("", 0.0, 0.5),
        (_, "weight") if norm => (".g", 1.0, 0.1),
        (_, "weight") => (".w", 0.0, (3.0 / parameter.fan_in as f64).sqrt()),
        _ => (".b", 0.0, 0.1),
    };
    numbers::uniform(&format!("{prefix}/{name}{suffix}"), parameter.shape.iter().product(), centre, half)
}

fn batch(k: usize) -> (TensorData, TensorData) {
    let tokens: Vec<usize> =
        numbers::stream(&format!("W2/data/ids/{k}")).take(BATCH * (SEQ + 1)).map(|u| (u * VOCAB as f64) as usize).collect();
    let mut ids = Vec::with_capacity(BATCH * SEQ);
    let mut targets = vec![0.0_f32; BATCH * SEQ * VOCAB];
    for row in tokens.chunks_exact(SEQ + 1) {
        for pair in row.windows(2) {
            targets[ids.len() * VOCAB + pair[1]] = 1.0;
            ids.push(pair[0] as i32);
        }
    }
    (TensorData::new(ids, [BATCH, SEQ]), TensorData::new(targets, [BATCH * SEQ, VOCAB]))
}
