//! Steps whose micro-batches are dealt out among devices: here the CPU backend twice.

use super::*;
use crate::device::testing::test_async;

/// Three micro-batches on two devices are those of one device, to the last bit.
async fn same_alone_and_together(preset: &str, set: &[(&str, &str)]) {
    let mut found = Vec::new();
    for place in [Place::cpu(), Place::cpu().with(vec![Place::cpu()])] {
        let experiment = Experiment::from_preset(preset, set.iter().copied().chain([("train.accumulate", "3")])).unwrap();
        let mut run = Run::new(experiment, &place, &Materials::default()).await.unwrap();
        let events = to_the_end(&mut run).await;
        let students = [Role::Alone, Role::Distilled].map(|role| evaluations(&events, role));
        found.push((students.map(|list| list.iter().map(|found| found.loss).collect::<Vec<_>>()), last_losses(&events)));
    }
    assert!(found[0].0.iter().all(|losses| losses.len() > 1 && losses.first() != losses.last()), "{preset}: the students learn");
    assert_eq!(found[0], found[1], "{preset} {set:?}");
}

#[test_async]
async fn encoders_learn_on_two_devices_as_on_one() {
    let base = [
        ("teacher.layers", "2"),
        ("teacher.dim", "16"),
        ("teacher.heads", "2"),
        ("teacher.steps", "10"),
        ("student.layers", "1"),
        ("text.tests", "16"),
        ("train.steps", "5"),
        ("train.batch_size", "4"),
        ("train.eval_every", "5"),
    ];
    let narrow = [
        ("student.dim", "8"),
        ("student.heads", "2"),
        ("encoder.hidden_weight", "1"),
        ("encoder.attention_weight", "1"),
        ("encoder.relation_weight", "1"),
    ];
    let like_the_teacher = [("student.dim", "16"), ("student.heads", "2"), ("train.gradient_checkpointing", "true")];
    for more in [&narrow[..], &like_the_teacher] {
        same_alone_and_together("distilbert", &[&base[..], more].concat()).await;
    }
    same_alone_and_together("text-labels", &[&base[..], &narrow[..2]].concat()).await;
}

#[test_async]
async fn decoders_learn_on_two_devices_as_on_one() {
    let steps = [("student.heads", "2"), ("text.samples", "4"), ("train.steps", "5"), ("train.batch_size", "2"), ("train.eval_every", "5")];
    let base = [&TINY_DECODERS[..], &steps].concat();
    for preset in ["grammar", "seq-kd", "uld", "gkd", "distillm", "distillm-2", "minillm", "dpkd"] {
        same_alone_and_together(preset, &base).await;
    }
    same_alone_and_together("grammar", &[&base[..], &[("distill.hint_weight", "1")]].concat()).await;
}
