//! What encoders are asked at an evaluation: words behind masks that are the same every time, and how alike test texts are.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::super::RunError;
use super::super::evaluation::{EncoderMeasures, Evaluation};
use super::super::event::Role;
use super::labels::LabelExam;
use crate::data;
use crate::data::text::{Masked, Masking, Passages};
use crate::device::{Place, Reads, log_softmax, read};
use crate::eval::study::{self, Bin, Graded};
use crate::eval::text::{Embeddings, spearman};
use crate::loss::divergence;
use crate::method::encoder::{Batch, Rows, masked};
use crate::method::text::one_hot;
use crate::model::encoder::Encoder;
use crate::spec::{Experiment, Objective};

/// Texts per forward pass.
pub(super) const CHUNK: usize = 32;

/// The questions, and what a frozen teacher answered.
pub struct Exam {
    objective: Objective,
    /// Test texts as they are, and with masks (masked only).
    plain: Vec<Batch>,
    masked: Vec<Batch>,
    /// The same, text by text, on the host.
    shown: Vec<Masked>,
    longest: usize,
    padding: u32,
    place: Place,
    heard: Option<Heard>,
    /// Where labels are named there is no other question.
    labels: Option<LabelExam>,
    /// How sure each network was of what is behind the masks when it was last asked, and how often it was right.
    reliability: BTreeMap<Role, Vec<Bin>>,
}

/// What a frozen teacher answered.
struct Heard {
    /// Its states at the masks, `[n, width]` of each batch.
    states: Vec<Tensor<2>>,
    /// Its embeddings, how alike they are, and which text is nearest to each.
    embeddings: Vec<f32>,
    cosines: Vec<f64>,
    neighbours: Vec<usize>,
}

/// A network about one masked token.
struct Told {
    nll: f64,
    confidence: f64,
    correct: f64,
    agrees: f64,
    forward_kl: f64,
}

impl Exam {
    pub fn new(experiment: &Experiment, passages: &Passages, masking: &Masking, place: &Place) -> Self {
        let objective = experiment.encoder.objective;
        let labels = (objective == Objective::Classes).then(|| LabelExam::new(experiment, passages, place));
        let count = if labels.is_some() { 0 } else { experiment.text.tests };
        let tests: Vec<_> = passages.test.iter().take(count).collect();
        let tests: Vec<&[u32]> = tests.iter().map(|text| text.as_slice()).collect();
        let pad = passages.marks.padding;
        // One length for all: a GPU compiles its kernels for shapes.
        let longest = passages.longest();
        let plain = tests.chunks(CHUNK).map(|texts| Batch::plain(texts, longest, pad, place)).collect();
        let mut rng = data::rng(experiment.seed, "masks of the test");
        let (mut masked, mut shown) = (Vec::new(), Vec::new());
        if objective == Objective::Masked {
            for texts in tests.chunks(CHUNK) {
                let drawn = masking.mask(texts, &mut rng);
                let alone = |(text, ids): (usize, &Vec<u32>)| Masked {
                    texts: vec![ids.clone()],
                    hidden: drawn.hidden.iter().filter(|hidden| hidden.0 == text).map(|hidden| (0, hidden.1, hidden.2)).collect(),
                };
                shown.extend(drawn.texts.iter().enumerate().map(alone));
                masked.push(Batch::masked(drawn, longest, pad, place));
            }
        }
        Self {
            objective,
            plain,
            masked,
            shown,
            longest,
            padding: pad,
            place: place.clone(),
            heard: None,
            labels,
            reliability: BTreeMap::new(),
        }
    }

    /// Texts that are asked.
    pub fn asked(&self) -> usize {
        self.labels.as_ref().map_or_else(|| self.plain.iter().map(|batch| batch.padding.batch()).sum(), LabelExam::asked)
    }

    pub fn objective(&self) -> Objective {
        self.objective
    }

    /// Texts with masks.
    pub fn masked_texts(&self) -> usize {
        self.shown.len()
    }

    /// One of them, on the host and on the device.
    pub fn text(&self, index: usize) -> Option<(&Masked, Batch)> {
        let masked = self.shown.get(index)?;
        Some((masked, Batch::masked(masked.clone(), self.longest, self.padding, &self.place)))
    }

    /// The reliability diagram of a network, once it was asked; `None` where nothing is foretold.
    pub fn reliability(&self, role: Role) -> Option<Vec<Bin>> {
        self.labels.as_ref().map_or_else(|| self.reliability.get(&role).cloned(), |labels| labels.reliability(role))
    }

    /// Asks every network.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails.
    pub async fn examine(&mut self, networks: &[(Role, usize, Encoder); 3], teacher_changes: bool) -> Result<Vec<Evaluation>, RunError> {
        if let Some(labels) = &mut self.labels {
            return labels.examine(networks, teacher_changes).await;
        }
        let teacher = &networks[0].2;
        let heard = match self.heard.take().filter(|_| !teacher_changes) {
            Some(heard) => heard,
            None => self.hear(teacher).await?,
        };
        let theirs = Embeddings { values: &heard.embeddings, width: teacher.config().width };
        let mut found = Vec::new();
        for (role, step, network) in networks {
            let is_teacher = *role == Role::Teacher;
            let measures = if is_teacher {
                EncoderMeasures::default()
            } else {
                let own = self.embedded(network).await?;
                let own = Embeddings { values: &own, width: network.config().width };
                let neighbours = own.neighbours();
                let same = neighbours.iter().zip(&heard.neighbours).filter(|(own, theirs)| own == theirs).count();
                EncoderMeasures {
                    cosine: own.alike(&theirs),
                    similarity: Some(spearman(&own.cosines(), &heard.cosines)),
                    neighbours: Some(same as f64 / neighbours.len().max(1) as f64),
                    ..EncoderMeasures::default()
                }
            };
            found.push(match self.objective {
                Objective::Masked => {
                    let states = if is_teacher { heard.states.clone() } else { self.states(network) };
                    let told = self.told((teacher, &heard.states), (network, &states)).await?;
                    let graded = told.iter().map(|told| Graded { confidence: told.confidence, correct: told.correct, weight: 1.0 });
                    let reliability = study::bins(graded, study::BINS);
                    let ece = study::calibration_error(&reliability);
                    self.reliability.insert(*role, reliability);
                    of_words(*role, *step, &told, ece, measures)
                }
                Objective::Embeddings => of_sentences(*role, *step, measures),
                Objective::Classes => unreachable!("labels have an exam of their own"),
            });
        }
        self.heard = Some(heard);
        Ok(found)
    }

    async fn hear(&self, teacher: &Encoder) -> Result<Heard, RunError> {
        let embeddings = self.embedded(teacher).await?;
        let of = Embeddings { values: &embeddings, width: teacher.config().width };
        let (cosines, neighbours) = (of.cosines(), of.neighbours());
        Ok(Heard { states: self.states(teacher), embeddings, cosines, neighbours })
    }

    fn states(&self, network: &Encoder) -> Vec<Tensor<2>> {
        let state = |batch: &Batch| network.state(batch.ids.clone(), &batch.padding).select(0, batch.hidden.rows.clone());
        self.masked.iter().map(state).collect()
    }

    /// Embeddings of the test texts, row by row.
    async fn embedded(&self, network: &Encoder) -> Result<Vec<f32>, RunError> {
        let mut all = Vec::new();
        for batch in &self.plain {
            let state = network.state(batch.ids.clone(), &batch.padding);
            all.append(&mut read(network.embeddings(state, &batch.padding)).await?);
        }
        Ok(all)
    }

    /// What a network says at every mask, beside the teacher.
    async fn told(&self, teacher: (&Encoder, &[Tensor<2>]), own: (&Encoder, &[Tensor<2>])) -> Result<Vec<Told>, RunError> {
        let mut told = Vec::new();
        for (at, batch) in self.masked.iter().enumerate() {
            told.append(&mut of_batch(&batch.hidden, (teacher.0, &teacher.1[at]), (own.0, &own.1[at])).await?);
        }
        Ok(told)
    }
}

async fn of_batch(rows: &Rows, teacher: (&Encoder, &Tensor<2>), own: (&Encoder, &Tensor<2>)) -> Result<Vec<Told>, RunError> {
    let (count, vocab) = (rows.filled(), own.0.config().vocab);
    let part = masked::chunk(vocab, count);
    let mut told = Vec::new();
    for start in (0..count).step_by(part) {
        let range = start..count.min(start + part);
        let log = |(net, state): (&Encoder, &Tensor<2>)| log_softmax(net.logits(state.clone().slice([range.clone()])));
        let (log_p, log_q) = (log(teacher), log(own));
        let targets: Tensor<2> = one_hot(rows.tokens.clone().slice([range.clone()]), vocab);
        let top = log_q.clone().max_dim(1);
        let token = (log_q.clone() * targets).sum_dim(1);
        let best = |log: &Tensor<2>| log.clone().equal(log.clone().max_dim(1)).float();
        let mut reads = Reads::default();
        reads.add(token.clone().neg());
        reads.add(top.clone().exp());
        reads.add(token.greater_equal(top).float());
        reads.add((best(&log_p) * best(&log_q)).sum_dim(1).clamp_max(1.0));
        reads.add(divergence::forward_kl(log_p, log_q).sum_dim(1));
        let columns = reads.run().await?;
        let number = |column: usize, at: usize| f64::from(columns[column][at]);
        told.extend((0..range.len()).map(|at| Told {
            nll: number(0, at),
            confidence: number(1, at),
            correct: number(2, at),
            agrees: number(3, at),
            forward_kl: number(4, at),
        }));
    }
    // What was filled up.
    told.truncate(rows.counts[0]);
    Ok(told)
}

fn of_words(role: Role, step: usize, told: &[Told], ece: f64, measures: EncoderMeasures) -> Evaluation {
    let mean = |of: fn(&Told) -> f64| told.iter().map(of).sum::<f64>() / told.len().max(1) as f64;
    let student = role != Role::Teacher;
    Evaluation {
        role,
        step,
        accuracy: mean(|told| told.correct),
        loss: mean(|told| told.nll),
        ece: Some(ece),
        agreement: student.then(|| mean(|told| told.agrees)),
        omitted: None,
        text: None,
        encoder: Some(EncoderMeasures { forward_kl: student.then(|| mean(|told| told.forward_kl)), ..measures }),
        validation: None,
    }
}

fn of_sentences(role: Role, step: usize, measures: EncoderMeasures) -> Evaluation {
    Evaluation {
        role,
        step,
        // The teacher agrees with itself.
        accuracy: measures.similarity.unwrap_or(1.0),
        // A student of another width has no cosine with the teacher.
        loss: 1.0 - measures.cosine.or(measures.similarity).unwrap_or(1.0),
        ece: None,
        agreement: measures.neighbours,
        omitted: None,
        text: None,
        encoder: Some(measures),
        validation: None,
    }
}
