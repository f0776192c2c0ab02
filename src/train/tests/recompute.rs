//! Gradient checkpointing changes what is kept, and no number.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{GradientCheckpointingStrategy, Tensor};

use super::*;
use crate::device::testing::test_async;
use crate::train::contest::Contest;

/// All that a run says but for its clock and its settings.
async fn told(preset: &str, set: &[(&str, &str)], checkpointing: &str) -> serde_json::Value {
    let steps = [("train.steps", "4"), ("train.eval_every", "4"), ("teacher.steps", "10"), ("train.gradient_checkpointing", checkpointing)];
    let experiment = Experiment::from_preset(preset, set.iter().chain(&steps).copied()).unwrap();
    let mut run = Run::new(experiment, &Place::cpu(), &Materials::default()).await.unwrap();
    let mut events = to_the_end(&mut run).await;
    for event in &mut events {
        if let Event::Progress { steps_per_second, .. } = event {
            *steps_per_second = 0.0;
        }
    }
    serde_json::to_value(events).unwrap()
}

/// Convolutions with hints and attention transfer, decoders of both families, encoders with every term: wherever a tensor of one kind met one
/// of the other, burn would panic.
#[test_async]
async fn gradient_checkpointing_changes_no_number() {
    let small = [("teacher.source", "live"), ("teacher.layers", "2"), ("teacher.dim", "16"), ("teacher.heads", "2"), ("student.dim", "16")];
    let classes = [("teacher.source", "live"), ("distill.hint_weight", "1"), ("distill.attention_weight", "10"), ("train.accumulate", "2")];
    let cnn = [&classes[..], &[("student.kind", "cnn"), ("teacher.kind", "cnn"), ("teacher.channels", "4,8"), ("student.channels", "2,4")]];
    let text = [&small[..], &[("text.samples", "2"), ("student.family", "llama")]].concat();
    let encoder = [
        &small[..],
        &[("encoder.hidden_weight", "1"), ("encoder.attention_weight", "1"), ("encoder.relation_weight", "1"), ("student.layers", "1")],
    ]
    .concat();
    let mut cases = vec![("first-light", cnn.concat()), ("distilbert", encoder)];
    cases.extend(["grammar", "minillm", "distillm-2"].map(|preset| (preset, text.clone())));
    let hinted = [("distill.hint_weight", "1"), ("text.sft_steps", "0"), ("student.dim", "8")];
    cases.push(("grammar", [&text[..], &hinted].concat()));
    for (preset, set) in cases {
        let [without, with] = [told(preset, &set, "false").await, told(preset, &set, "true").await];
        assert!(without.as_array().unwrap().len() > 3, "{preset} ran");
        assert_eq!(without, with, "{preset}");
    }
}

/// Whether every parameter of the distilled student has its graph computed anew.
fn recomputes(run: &Run) -> bool {
    struct All(bool);
    impl ModuleVisitor for All {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 &= param.val().gradient_checkpointing_strategy() == Some(GradientCheckpointingStrategy::Balanced);
        }
    }
    let Contest::Classes(classes) = &run.contest else { unreachable!("digits have classes") };
    let mut all = All(true);
    classes.distilled.net.visit(&mut all);
    all.0
}

#[test_async]
async fn a_resumed_run_saves_as_much_memory_as_before() {
    let experiment = Experiment::from_preset("first-light", [("train.gradient_checkpointing", "true")]).unwrap();
    let mut run = Run::new(experiment, &Place::cpu(), &Materials::default()).await.unwrap();
    run.advance(5).await.unwrap();
    let bytes = run.save().await.unwrap();
    assert!(recomputes(&run), "with the knob");
    let resumed = Run::resume(&bytes, &Place::cpu(), &Materials::default()).await.unwrap();
    assert!(recomputes(&resumed), "and after a checkpoint");
}
