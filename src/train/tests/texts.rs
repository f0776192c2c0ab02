//! The race over text, small and on the CPU backend.

use super::*;
use crate::data::Shipped;
use crate::device::testing::test_async;
use crate::method::text::Memory;
use crate::train::{Phase, RunError};

/// A tiny race over the grammar; `set` changes it further.
pub async fn open(preset: &str, set: &[(&str, &str)]) -> Run {
    let base = [("text.samples", "16"), ("train.steps", "10"), ("train.batch_size", "8"), ("train.eval_every", "10")];
    let set = TINY_DECODERS.into_iter().chain(base).chain(set.iter().copied());
    let experiment = Experiment::from_preset(preset, set).expect("a valid experiment");
    Run::new(experiment, &Place::cpu(), &Materials::default()).await.expect("the run opens")
}

const METHODS: [&str; 9] = ["grammar", "sft", "uld", "seq-kd", "gkd", "distillm", "distillm-2", "minillm", "dpkd"];

#[test_async]
async fn every_method_trains_to_the_end_and_is_measured() {
    for (preset, accumulate) in METHODS.iter().flat_map(|preset| [(*preset, "1"), (*preset, "3")]) {
        let mut run = open(preset, &[("train.accumulate", accumulate)]).await;
        let events = to_the_end(&mut run).await;
        let last = evaluations(&events, Role::Distilled).pop().expect("an evaluation");
        assert_eq!(last.step, 10, "{preset}");
        let text = last.text.expect("a run over text is measured as one");
        assert!(last.accuracy > 0.0 && last.accuracy <= 1.0, "{preset}: {}", last.accuracy);
        assert!(text.forward_kl.unwrap() > 0.0 && text.reverse_kl.unwrap() > 0.0, "{preset}");
        assert!(last.loss.is_finite() && text.length >= 0.0, "{preset}");
        assert_eq!(text.preferred.is_some(), preset == "dpkd", "{preset}");
        assert_eq!(text.excess_at, 9, "{preset}: the mean length of the grammar's answers");
        assert_eq!(text.excess_error(), text.excess.get(8).map(|percent| percent / 100.0), "{preset}");
    }
}

#[test_async]
async fn both_students_of_text_start_alike_and_stay_so_while_the_distilled_one_is_fine_tuned() {
    let mut run = open("minillm", &[("text.sft_steps", "5"), ("train.eval_every", "5")]).await;
    let events = to_the_end(&mut run).await;
    let (alone, distilled) = (evaluations(&events, Role::Alone), evaluations(&events, Role::Distilled));
    let same = |at: usize| (alone[at].loss - distilled[at].loss).abs() < 1e-9;
    let at = alone.iter().position(|found| found.step == 5).expect("an evaluation after the fine-tuning");
    assert!(same(at), "the same weights, batches and loss");
    assert!(!same(alone.len() - 1), "then MiniLLM begins");
    let wins = |found: &Evaluation| found.text.as_ref().and_then(|text| text.win_rate);
    assert_eq!((wins(&distilled[at]), wins(&alone[at])), (Some(0.5), Some(0.5)), "the same texts: half a win each");
}

#[test_async]
async fn the_last_steps_of_a_distilled_student_are_fine_tuning() {
    // The teacher answers all prompts: in the last steps the student is back at its examples.
    let of = async |tune: &str| {
        let set = [
            ("text.examples", "8"),
            ("text.transfer", "all"),
            ("text.sft_steps", "2"),
            ("text.tune_steps", tune),
            ("train.eval_every", "1"),
        ];
        let mut run = open("seq-kd", &set).await;
        let notes = run.notes().join("\n");
        let events = to_the_end(&mut run).await;
        (evaluations(&events, Role::Alone), evaluations(&events, Role::Distilled), notes)
    };
    let ((alone, distilled, none), (_, tuned, _), (_, never, said)) = (of("0").await, of("4").await, of("8").await);
    let losses = |found: &[Evaluation]| found.iter().map(|found| found.loss).collect::<Vec<_>>();
    let (alone, distilled, tuned) = (losses(&alone), losses(&distilled), losses(&tuned));
    let at = alone.len() - 4;
    assert_eq!(distilled[..at], tuned[..at], "the method is the same up to then");
    assert!(distilled[at..].iter().zip(&tuned[at..]).all(|(one, other)| one != other));
    assert_eq!(alone, losses(&never), "between the first two steps and the last eight there is none");
    assert!(said.contains("the first 2 and the last 8 steps") && said.contains("nothing is distilled"), "{said}");
    assert_eq!(none, "");
}

#[test_async]
async fn prompts_that_students_are_not_asked_are_measured_apart() {
    let mut run = open(
        "sft",
        &[
            ("text.omit_prompts", "40"),
            ("train.steps", "300"),
            ("train.eval_every", "300"),
            ("train.lr", "0.01"),
            ("train.batch_size", "32"),
            ("student.dim", "32"),
        ],
    )
    .await;
    let last = evaluations(&to_the_end(&mut run).await, Role::Alone).pop().expect("an evaluation").text.expect("a run over text");
    let (all, unseen) = (last.validity.unwrap(), last.unseen.expect("some were omitted"));
    let seen = (140.0 * all - 40.0 * unseen) / 100.0;
    assert!(seen > 2.0 * unseen, "seen {seen}, unseen {unseen}");
    let mut run = open("sft", &[]).await;
    let last = evaluations(&to_the_end(&mut run).await, Role::Alone).pop().unwrap();
    assert_eq!(last.text.unwrap().unseen, None);
}

#[test_async]
async fn the_teacher_answers_prompts_for_which_the_students_have_no_example() {
    let few = ("text.examples", "8");
    let mut found = Vec::new();
    for transfer in ["labelled", "all"] {
        let mut run = open("seq-kd", &[few, ("text.transfer", transfer), ("text.sft_steps", "5"), ("train.eval_every", "5")]).await;
        let events = to_the_end(&mut run).await;
        found
            .push([Role::Alone, Role::Distilled].map(|role| evaluations(&events, role).iter().map(|found| found.loss).collect::<Vec<_>>()));
    }
    let [[alone, distilled], [same, other]] = &found[..] else { unreachable!("two runs") };
    assert_eq!(alone, same, "the student alone has its examples in both");
    let last = distilled.len() - 1;
    assert_eq!(distilled[..last], other[..last], "while it is fine-tuned, so has the distilled one");
    assert_ne!(distilled[last], other[last], "then it learns from other texts");
}

#[test_async]
async fn a_resumed_run_over_text_goes_on_to_the_same_numbers() {
    const ASKED: [(&str, &str); 2] = [("text.examples", "8"), ("text.transfer", "all")];
    // At step 5 of one epoch per step it is the second text's turn.
    const TWICE: [(&str, &str); 2] = [("text.examples", "8"), ("text.teacher_texts", "2")];
    // The loss scale and the steps that it left out are of the state, too.
    const HALVED: [(&str, &str); 1] = [("train.precision", "f16")];
    const HINTED: [(&str, &str); 3] = [("distill.hint_weight", "1"), ("text.sft_steps", "2"), ("train.accumulate", "2")];
    // DistiLLM and MiniLLM remember texts; MiniLLM's are in the middle of their use at step 5.
    for (preset, set) in [
        ("minillm", &[][..]),
        ("minillm", &[("train.accumulate", "2")]),
        ("distillm", &[]),
        ("grammar", &HALVED),
        ("grammar", &HINTED),
        ("seq-kd", &[]),
        ("seq-kd", &ASKED),
        ("seq-kd", &TWICE),
    ] {
        let mut whole = open(preset, set).await;
        let expected = evaluations(&to_the_end(&mut whole).await, Role::Distilled).pop().unwrap();
        let mut first = open(preset, set).await;
        first.advance(10 + 5).await.unwrap();
        let bytes = first.save().await.unwrap();
        let mut second = Run::resume(&bytes, &Place::cpu(), &Materials::default()).await.unwrap();
        let found = evaluations(&to_the_end(&mut second).await, Role::Distilled).pop().unwrap();
        assert_eq!(found, expected, "{preset}");
    }
}

/// A narrower student follows its teacher's states by a projection, from the end of the fine-tuning on.
#[test_async]
async fn states_of_a_wider_teacher_are_followed_by_a_projection_that_no_one_keeps() {
    let set = [("distill.hint_weight", "1"), ("text.sft_steps", "10"), ("train.steps", "60"), ("train.eval_every", "10")];
    let mut run = open("grammar", &set).await;
    let events = to_the_end(&mut run).await;
    let start = |role| evaluations(&events, role)[0].loss;
    assert_eq!(start(Role::Alone), start(Role::Distilled), "the projection is drawn after the student's own weights");
    let mut hints = Vec::new();
    for event in &events {
        let Event::Progress { phase: Phase::Students, step, losses, .. } = event else { continue };
        let LossParts { total, hard, soft, hint, .. } = losses[1];
        assert_eq!(losses[1].role, Role::Distilled);
        assert!(losses[0].hint.is_none(), "the student alone has no teacher");
        assert_eq!(hint.is_some(), *step > 10, "fine-tuning has no hints: step {step}");
        let expected = match (soft, hint) {
            // α is 0 and T is 1.
            (Some(soft), Some(hint)) => soft + hint,
            _ => hard.unwrap(),
        };
        assert!((total - expected).abs() < 1e-5, "step {step}: {total} is not {expected}");
        hints.extend(hint);
    }
    assert!(hints.len() > 4 && hints.last().unwrap() * 1.5 < hints[0], "{hints:?}");
    let sizes: Vec<usize> = run.summary().networks.iter().map(|network| network.parameters).collect();
    assert_eq!(sizes[1], sizes[2], "it is not counted");
    let bits = run.summary().bits_per_example;
    assert_eq!(bits.hidden - bits.logits, 16.0 * 32.0, "the teacher's state at a token");

    let distilled = run.weights(Role::Distilled, false).await.unwrap();
    let file = crate::model::decode(&distilled).unwrap();
    assert!(file.has("layers.0.up.weight") && !file.has("projection.weight") && !file.has("projection.bias"));
    let saved = run.save().await.unwrap();
    assert!(crate::model::decode(&saved).unwrap().has("distilled.projection.weight"));
    let mut again = Run::resume(&saved, &Place::cpu(), &Materials::default()).await.unwrap();
    assert!(again.save().await.unwrap() == saved, "the projection goes on with its run");
    let last = evaluations(&events, Role::Distilled).pop().unwrap();
    let Event::Evaluated { networks, .. } = again.load_weights(Role::Distilled, &distilled).await.unwrap() else { panic!() };
    let loaded = networks.iter().find(|network| network.role == Role::Distilled).unwrap();
    assert_eq!((loaded.loss, loaded.accuracy), (last.loss, last.accuracy), "what is saved is all that the student is");
}

/// States of one width are compared as they are, and without hints a student of any width has no projection.
#[test_async]
async fn a_projection_is_made_only_where_hints_need_one() {
    for (dim, weight, projects) in [("8", "1", true), ("16", "1", false), ("8", "0", false)] {
        let mut run = open("grammar", &[("student.dim", dim), ("distill.hint_weight", weight)]).await;
        let events = to_the_end(&mut run).await;
        assert_eq!(last_losses(&events)[1].hint.is_some(), weight == "1");
        let saved = crate::model::decode(&run.save().await.unwrap()).unwrap();
        assert_eq!(saved.has("distilled.projection.weight"), projects, "width {dim}, weight {weight}");
        assert!(!saved.has("alone.projection.weight") && !saved.has("teacher.0.projection.weight"));
    }
}

#[test_async]
async fn the_look_of_a_resumed_run_between_two_evaluations_decides_nothing() {
    let mut run = open("distillm", &[]).await;
    run.advance(10 + 5).await.unwrap();
    let low = Memory { validation: Some(-1.0), ..run.contest.memory().expect("a run over text").clone() };
    run.contest.remember(low.clone());
    let resumed = Run::resume(&run.save().await.unwrap(), &Place::cpu(), &Materials::default()).await.unwrap();
    assert_eq!(resumed.contest.memory(), Some(&low), "a loss that was heard only because of the resume");
}

#[test_async]
async fn a_teacher_of_text_that_is_not_there_is_said_before_the_run() {
    let refused = async |preset: &str, dim: &str, shipped: Shipped| {
        let experiment = Experiment::from_preset(preset, [("teacher.source", "pretrained"), ("teacher.dim", dim)]).unwrap();
        Run::new(experiment, &Place::cpu(), &Materials { shipped, ..Materials::default() }).await.err().expect("no teacher")
    };
    let error = refused("grammar", "96", Shipped::default()).await;
    assert_eq!((error.code(), error.parts().0.as_deref()), ("not_brought", Some("grammar_teacher")), "the page brings it: {error}");
    for (preset, dim) in [("grammar", "16"), ("names", "96")] {
        let error = refused(preset, dim, Shipped::all()).await;
        assert!(matches!(&error, RunError::Spec(_)) && error.to_string().contains("teacher.source=live"), "{preset}: {error}");
    }
}

#[test_async]
async fn what_looks_at_classes_is_refused_over_text_and_calibration_is_that_of_its_tokens() {
    let mut run = open("grammar", &[]).await;
    for error in [run.inspect(0).err(), run.study().err(), run.plane(8).await.err(), run.ask(vec![0.0]).await.err()] {
        assert!(matches!(error, Some(RunError::Unavailable(_))));
    }
    assert!(run.calibration().is_err(), "nobody has answered yet");
    let events = to_the_end(&mut run).await;
    calibrated(&run, &events);
}

#[test_async]
async fn a_student_that_diverges_is_named_with_its_step_and_the_knobs_that_help() {
    // In the first the student writes no numbers any more before its loss is looked at; in the others its loss is none. By the square of logits, because
    // gradients of the other divergences are bounded: with them a student may lose its way and still have numbers.
    for preset in ["minillm", "gkd", "grammar"] {
        let wild = [
            ("train.lr", "1"),
            ("train.clip", "0"),
            ("train.optimizer", "sgd"),
            ("train.momentum", "0.999"),
            ("text.sft_steps", "0"),
            ("distill.divergence", "logit_mse"),
        ];
        let mut run = open(preset, &[&wild[..], &[("train.steps", "400"), ("train.eval_every", "400")]].concat()).await;
        let mut error = None;
        while error.is_none() && !run.finished() {
            error = run.advance(50).await.err();
        }
        let error = error.unwrap_or_else(|| panic!("{preset} diverges"));
        let RunError::NotFinite { role: Role::Alone | Role::Distilled, step: 1.., key: "train.lr", .. } = error else {
            panic!("{preset}: {error:?}")
        };
        let said = error.to_string();
        assert!(said.contains("student") && said.contains("lower train.lr (now 1)") && said.contains("train.clip=1"), "{said}");
    }
}

#[test_async]
async fn distillm_says_its_share_and_hears_the_loss_from_the_end_of_the_fine_tuning_on() {
    let set = [("text.sft_steps", "4"), ("train.eval_every", "2"), ("text.share_start", "0.3"), ("text.share_tolerance", "-1")];
    let mut run = open("distillm", &set).await;
    let events = to_the_end(&mut run).await;
    let shares: Vec<f64> = evaluations(&events, Role::Distilled).iter().filter_map(|found| found.text.as_ref()?.own_share).collect();
    // At steps 0 and 2 of the students nothing is heard yet, 4 is the first, and it may fall by 1 from there.
    let last = shares.len() - 6;
    let expected = [0.3, 0.3, 0.3, 0.4, 0.5, 0.6];
    assert!(shares[last..].iter().zip(expected).all(|(found, share)| (found - share).abs() < 1e-9), "{shares:?}");
    assert!(!run.contest.memory().expect("a run over text").replay.is_empty(), "the student wrote");
    assert!(evaluations(&events, Role::Alone).iter().all(|found| found.text.as_ref().is_some_and(|text| text.own_share.is_none())));
}

#[test_async]
async fn the_form_simpo_alone_is_said_to_have_the_constants_of_another() {
    let notes = async |set: &[(&str, &str)]| open("dpkd", set).await.notes().join("\n");
    let said = notes(&[("text.preference", "simpo")]).await;
    assert!(said.contains("text.preference_beta=2") && said.contains("this run has 0.1 and 0"), "{said}");
    let published = [("text.preference", "simpo"), ("text.preference_beta", "2"), ("text.preference_margin", "1")];
    assert_eq!((notes(&published).await, notes(&[]).await), (String::new(), String::new()));
}

#[test_async]
async fn the_fine_tuning_before_a_method_has_a_learning_rate_of_its_own() {
    let rates = [("text.sft_lr", "0.05"), ("train.lr", "0.00000001"), ("train.schedule", "constant")];
    let set = [&rates[..], &[("text.sft_steps", "4"), ("train.eval_every", "1")]].concat();
    let mut run = open("minillm", &set).await;
    assert!(run.notes().is_empty(), "{:?}", run.notes());
    let events = to_the_end(&mut run).await;
    let rates: Vec<f64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Progress { phase: Phase::Students, lr, .. } => Some(*lr),
            _ => None,
        })
        .collect();
    assert_eq!(rates, [[0.05; 4].as_slice(), &[1e-8; 6]].concat());
    for role in [Role::Alone, Role::Distilled] {
        let found = evaluations(&events, role);
        let [start, tuned, end] = [0, 4, 10].map(|step| found.iter().rev().find(|found| found.step == step).expect("an evaluation").loss);
        assert!((start - tuned).abs() > 0.1 && (tuned - end).abs() < 1e-3, "{role:?}: {start}, {tuned}, then it stands: {end}");
    }
    let said = open("minillm", &[("text.sft_lr", "0.05"), ("text.sft_steps", "0")]).await.notes().join("\n");
    assert!(said.contains("text.sft_lr=0.05") && said.contains("set text.sft_steps"), "{said}");
    let experiment = |steps| Experiment::from_preset("minillm", [("text.sft_lr", "0.05"), ("text.sft_steps", steps)]).unwrap();
    for (steps, expected) in [("4", "train.lr"), ("5", "text.sft_lr")] {
        let RunError::NotFinite { key, .. } = RunError::diverged(&experiment(steps), Role::Alone, 5) else { panic!("another error") };
        assert_eq!(key, expected, "the rate of the step that failed");
    }
}
