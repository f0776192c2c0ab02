//! The way over a large vocabulary leads to the same losses and gradients.

use super::large::{self, Learn};
use super::*;
use crate::data::text as texts;
use crate::device::testing::test_async;
use crate::device::{Place, Reads};
use crate::model::transformer::Context;
use crate::model::{Trainable, Transformer, TransformerConfig};
use crate::spec::{Access, Distill, Divergence, Experiment};

/// Values of a loss and its parts, and of the gradient of the output matrix.
async fn learned(student: &Transformer, parts: Parts) -> Vec<Vec<f32>> {
    let mut reads = Reads::default();
    for value in [Some(parts.total.clone()), parts.hard, parts.soft].into_iter().flatten() {
        reads.add(if value.device().is_autodiff() { value.inner() } else { value });
    }
    let gradients = parts.total.backward();
    // An output matrix of its own stands transposed there, where no gradient is kept.
    let gradient = student.output().grad(&gradients);
    assert!(gradient.is_some() || !student.config().tied, "the output matrix learns");
    gradient.into_iter().for_each(|gradient| reads.add(gradient));
    reads.run().await.expect("the CPU reads")
}

/// A little teacher and student of names, and all that a scene wants besides.
pub(super) struct Stage {
    pub reading: Reading,
    pub place: Place,
    pub teacher: Transformer,
    pub student: Transformer,
    pub speaker: Transformer,
    pub contexts: [Context; 2],
}

impl Stage {
    pub fn new(tied: bool) -> Self {
        let set = texts::names("Ann\nBo\nCyrus\nDee\nEve\nFinn", 0).unwrap();
        let place = Place::cpu();
        let config = TransformerConfig { tied, ..TransformerConfig::gpt2(set.vocab(), 16, 8, 1, 2) };
        let build = |who, device| Transformer::build(&config, &config.initial(&mut crate::data::rng(1, who)), &device);
        let (student, teacher, speaker) =
            (build("student", place.autodiff()), build("teacher", place.inner()), build("student", place.inner()));
        let contexts = [0, 1].map(|_| Context::causal(&config, 8, &place.inner()));
        let reading = Reading { set, seq: 8, longest: 8 };
        Self { reading, place, teacher, student, speaker, contexts }
    }

    pub fn scene<'a>(&'a self, experiment: &'a Experiment, rows: &'a [usize], large: bool) -> Scene<'a> {
        let Self { reading, place, teacher, student, speaker, contexts } = self;
        Scene {
            experiment,
            reading,
            teachers: None,
            place,
            teacher,
            student,
            speaker,
            contexts,
            cache: None,
            rows,
            epoch: 0,
            step: 0,
            micro: 0,
            large,
        }
    }
}

/// Every divergence, of all logits and of the likeliest, and of standardised ones.
fn ways() -> impl Iterator<Item = (Divergence, Access, bool)> {
    use Divergence::*;
    let all = [ForwardKl, ReverseKl, JsdGkd, JsdContinuous, SkewForward, SkewReverse, TotalVariation, LogitMse, Dkd];
    let seen = [(Access::Logits, false), (Access::Logits, true), (Access::TopK, false)];
    all.into_iter().flat_map(move |divergence| seen.map(|(access, standardize)| (divergence, access, standardize)))
}

#[test_async]
async fn padding_changes_token_kd_under_no_divergence() {
    let stage = Stage::new(true);
    for (divergence, access, standardize) in ways() {
        let mut experiment = Experiment::from_preset("grammar", [("distill.temperature", "2"), ("distill.alpha", "0.3")]).unwrap();
        experiment.distill = Distill { divergence, access, standardize, ..experiment.distill };
        let mut found = Vec::new();
        for seq in [8, 13] {
            let config = stage.student.config();
            let contexts = [0, 1].map(|_| Context::causal(config, seq, &stage.place.inner()));
            let reading = Reading { seq, ..stage.reading.clone() };
            let scene = Scene { reading: &reading, contexts: &contexts, ..stage.scene(&experiment, &[0, 1, 2], false) };
            found.push(learned(&stage.student, token_kd::loss(&scene)).await.concat());
        }
        for (padded, plain) in found[1].iter().zip(&found[0]) {
            assert!((padded - plain).abs() < 1e-5, "{divergence:?} {access:?} {standardize}: {padded} instead of {plain}");
        }
        assert_eq!(found[0].len(), found[1].len());
    }
}

#[test_async]
async fn chunks_of_the_rows_that_count_give_the_losses_of_the_whole() {
    for tied in [false, true] {
        let stage = Stage::new(tied);
        let student = &stage.student;
        for (divergence, access, standardize) in ways() {
            let mut experiment = Experiment::from_preset("grammar", [("distill.temperature", "2"), ("distill.alpha", "0.3")]).unwrap();
            experiment.distill = Distill { divergence, access, standardize, ..experiment.distill };
            experiment.validate().unwrap();
            let scene = stage.scene(&experiment, &[0, 1, 2], false);
            let sequences = scene.sequences(&scene.data());
            let plain = [sft::on(&scene, &sequences), token_kd::loss(&scene), token_kd::on(&scene, &sequences)];
            for (learn, plain) in [Learn::Labels, Learn::Both, Learn::Teacher].into_iter().zip(plain) {
                let expected = learned(student, plain).await;
                let found = learned(student, large::loss(&scene, &sequences, learn)).await;
                for (found, expected) in found.iter().zip(&expected) {
                    for (found, expected) in found.iter().zip(expected) {
                        assert!(
                            (found - expected).abs() < 1e-5,
                            "{learn:?} {divergence:?} {access:?} {standardize} tied {tied}: {found} instead of {expected}"
                        );
                    }
                }
                assert_eq!(found.len(), expected.len());
            }
        }
    }
}

#[test_async]
async fn methods_on_sampled_texts_learn_the_same_in_chunks() {
    let stage = Stage::new(true);
    let student = &stage.student;
    // As many texts as fill more than one chunk.
    let rows: Vec<usize> = (0..5).cycle().take(45).collect();
    let mut changes =
        vec![("minillm", "text.variant", "paper"), ("minillm", "text.variant", "lmops"), ("minillm", "text.single_step", "false")];
    changes.push(("distillm-2", "text.lm_weight", "1"));
    changes.extend(["dpkd", "token", "dpo", "simpo", "ipo", "cpo"].map(|form| ("dpkd", "text.preference", form)));
    for (preset, key, value) in changes {
        let experiment = Experiment::from_preset(preset, [("text.sft_steps", "0"), (key, value)]).unwrap();
        let scene = |large| stage.scene(&experiment, &rows, large);
        let expected = learned(student, loss(&scene(false), &mut Memory::default()).await.unwrap()).await;
        let found = learned(student, loss(&scene(true), &mut Memory::default()).await.unwrap()).await;
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            let close = (found - expected).abs() < 2e-5 * expected.abs().max(1.0);
            assert!(close, "{preset} {key}={value}: {found} instead of {expected}");
        }
    }
}
