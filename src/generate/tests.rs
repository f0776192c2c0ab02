//! Sampling on distributions made by hand, and text that must not depend on the cache, on padding or on its neighbours.

use burn::tensor::{Int, Tensor, TensorData};

use super::sampling::mix;
use super::{GenerateError, Mixture, Request, Sampling, generate};
use crate::data;
use crate::device::testing::{test, test_async};
use crate::device::{Place, read};
use crate::model::transformer::Context;
use crate::model::{Trainable, Transformer, TransformerConfig};

/// Probabilities 0.5, 0.25, 0.125, 0.125.
fn halves() -> Vec<f64> {
    [0.5_f64, 0.25, 0.125, 0.125].map(f64::ln).to_vec()
}

/// How often each token is drawn by evenly spaced numbers.
fn frequencies(sampling: &Sampling, likelihood: &[f64]) -> Vec<usize> {
    let mut counts = vec![0; likelihood.len()];
    (0..800).for_each(|i| counts[sampling.pick(likelihood, (f64::from(i) + 0.5) / 800.0)] += 1);
    counts
}

#[test]
fn what_is_kept_is_drawn_in_its_own_proportions() {
    let all = Sampling::default();
    let cases = [
        ("all", all.clone(), vec![400, 200, 100, 100]),
        ("greedy", Sampling { temperature: 0.0, ..all.clone() }, vec![800, 0, 0, 0]),
        ("top-k 2", Sampling { top_k: 2, ..all.clone() }, vec![533, 267, 0, 0]),
        // Of two equally likely tokens the first is kept.
        ("top-k 3", Sampling { top_k: 3, ..all.clone() }, vec![457, 229, 114, 0]),
        // 0.5 + 0.25 reaches 0.75 exactly, and 0.76 needs one more.
        ("top-p 0.75", Sampling { top_p: 0.75, ..all.clone() }, vec![533, 267, 0, 0]),
        ("top-p 0.76", Sampling { top_p: 0.76, ..all.clone() }, vec![457, 229, 114, 0]),
        ("top-p of the top 2", Sampling { top_k: 2, top_p: 0.5, ..all.clone() }, vec![800, 0, 0, 0]),
        ("top-k beyond the vocabulary", Sampling { top_k: 9, ..all }, vec![400, 200, 100, 100]),
    ];
    for (what, sampling, expected) in cases {
        let found = frequencies(&sampling, &halves());
        assert!(found.iter().zip(&expected).all(|(a, b)| a.abs_diff(*b) <= 1), "{what}: {found:?} instead of {expected:?}");
    }
}

#[test]
fn the_temperature_divides_the_logits() {
    let found = Sampling { temperature: 0.5, ..Sampling::default() }.log_probabilities(&[1.0, 0.0]).unwrap();
    assert!((found[0] - found[1] - 2.0).abs() < 1e-12, "{found:?}");
    assert!((found.iter().map(|value| value.exp()).sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(matches!(Sampling::default().log_probabilities(&[f32::NAN, 0.0]), Err(GenerateError::NotFinite(_))));
}

#[test]
fn a_mixture_is_one_of_probabilities() {
    let found = mix(&[0.9_f64.ln(), 0.1_f64.ln()], &[0.2_f64.ln(), 0.8_f64.ln()], 0.25);
    assert!((found[0].exp() - 0.375).abs() < 1e-12 && (found[1].exp() - 0.625).abs() < 1e-12);
}

fn model(config: &TransformerConfig, name: &str) -> Transformer {
    Transformer::build(config, &config.initial(&mut data::rng(7, name)), &Place::cpu().inner())
}

fn configs() -> [TransformerConfig; 2] {
    [TransformerConfig::gpt2(11, 16, 8, 2, 2), TransformerConfig::llama(11, 16, 16, 2, [4, 2], 12)]
}

fn request(prompts: &[&[u32]], sampling: Sampling) -> Request {
    Request { prompts: prompts.iter().map(|prompt| prompt.to_vec()).collect(), max_tokens: 8, room: None, sampling, stop: vec![], seed: 3 }
}

fn greedy() -> Sampling {
    Sampling { temperature: 0.0, ..Sampling::default() }
}

/// Each token again from the whole sequence, without cache and padding.
#[test_async]
async fn text_is_what_the_model_says_without_a_cache() {
    let device = Place::cpu().inner();
    for config in configs() {
        let model = model(&config, "student");
        let texts = generate(&model, None, request(&[&[1, 2, 3], &[4]], greedy()), &device).await.unwrap();
        for (prompt, text) in [vec![1, 2, 3], vec![4]].into_iter().zip(texts) {
            let mut sequence: Vec<i32> = prompt;
            for (token, log_prob) in text.tokens.iter().zip(&text.log_probs) {
                let seq = sequence.len();
                let ids = Tensor::<2, Int>::from_data(TensorData::new(sequence.clone(), [1, seq]), &device);
                let logits = read(model.forward(ids, &Context::causal(&config, seq, &device))).await.unwrap();
                let expected = greedy().log_probabilities(&logits[(seq - 1) * 11..]).unwrap();
                assert_eq!(*token as usize, greedy().pick(&expected, 0.5));
                assert!((expected[*token as usize] - log_prob).abs() < 1e-4);
                sequence.push(*token as i32);
            }
        }
    }
}

/// Were padding or the row's neighbours seen, a prompt alone would be answered otherwise.
#[test_async]
async fn a_prompt_is_answered_alike_alone_and_in_a_batch() {
    let device = Place::cpu().inner();
    for config in configs() {
        let (student, teacher) = (model(&config, "student"), model(&config, "teacher"));
        let mixture = Some(Mixture { teacher: &teacher, share: 0.3 });
        // Row 0 has the same stream of random numbers in both.
        let alone = generate(&student, mixture, request(&[&[5, 6]], Sampling::default()), &device).await.unwrap();
        let batch = generate(&student, mixture, request(&[&[5, 6], &[1, 2, 3, 4, 5]], Sampling::default()), &device).await.unwrap();
        assert_eq!(alone[0].tokens, batch[0].tokens);
        assert!(alone[0].log_probs.iter().zip(&batch[0].log_probs).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}

/// The weight must be q/p̃ of the token that was drawn: 1 without a teacher, at most 1/(1−share) with one.
#[test_async]
async fn importance_weights_are_of_the_token_drawn() {
    let device = Place::cpu().inner();
    let [config, _] = configs();
    let (student, teacher) = (model(&config, "student"), model(&config, "teacher"));
    let plain = generate(&student, None, request(&[&[1]], Sampling::default()), &device).await.unwrap();
    assert!(plain[0].weights.iter().all(|weight| *weight == 1.0));
    let own = Some(Mixture { teacher: &student, share: 0.5 });
    let same = generate(&student, own, request(&[&[1]], Sampling::default()), &device).await.unwrap();
    assert_eq!(same[0].tokens, plain[0].tokens, "a teacher like the student changes nothing");
    assert!(same[0].weights.iter().all(|weight| (weight - 1.0).abs() < 1e-6));
    let other = Some(Mixture { teacher: &teacher, share: 0.5 });
    let mixed = generate(&student, other, request(&[&[1]], Sampling::default()), &device).await.unwrap();
    assert!(mixed[0].weights.iter().all(|weight| *weight > 0.0 && *weight <= 2.0));
    assert!(mixed[0].weights.iter().any(|weight| (weight - 1.0).abs() > 1e-3));
}

/// What a token's probability is does not depend on how it was drawn; the weight makes up for the difference.
#[test_async]
async fn a_temperature_changes_what_is_drawn_and_not_what_is_told_of_it() {
    let device = Place::cpu().inner();
    let [config, _] = configs();
    let model = model(&config, "student");
    for temperature in [0.5, 2.0] {
        let sampling = Sampling { temperature, ..Sampling::default() };
        let text = generate(&model, None, request(&[&[1]], sampling.clone()), &device).await.unwrap().remove(0);
        let mut sequence = vec![1];
        for ((token, log_prob), weight) in text.tokens.iter().zip(&text.log_probs).zip(&text.weights) {
            let seq = sequence.len();
            let ids = Tensor::<2, Int>::from_data(TensorData::new(sequence.clone(), [1, seq]), &device);
            let logits = read(model.forward(ids, &Context::causal(&config, seq, &device))).await.unwrap();
            let of = |sampling: &Sampling| sampling.log_probabilities(&logits[(seq - 1) * 11..]).unwrap()[*token as usize];
            let (plain, drawn) = (of(&Sampling::default()), of(&sampling));
            assert!((plain - log_prob).abs() < 1e-4 && ((plain - drawn).exp() - weight).abs() < 1e-3, "at {temperature}");
            sequence.push(*token as i32);
        }
    }
}

#[test_async]
async fn a_stop_token_ends_its_row_only() {
    let device = Place::cpu().inner();
    let [config, _] = configs();
    let model = model(&config, "student");
    let free = generate(&model, None, request(&[&[1, 2], &[3]], Sampling::default()), &device).await.unwrap();
    let stop = free[0].tokens[2];
    let stopped = Request { stop: vec![stop], ..request(&[&[1, 2], &[3]], Sampling::default()) };
    let texts = generate(&model, None, stopped, &device).await.unwrap();
    let before = |text: &super::Text| text.tokens.iter().position(|token| *token == stop).unwrap_or(8);
    for (free, text) in free.iter().zip(&texts) {
        assert_eq!(text.tokens, free.tokens[..before(free)]);
        assert_eq!(text.stopped, before(free) < 8);
        assert_eq!(text.log_probs.len(), text.tokens.len() + usize::from(text.stopped));
    }
}

/// Left padding and the room of others together may be more than the context: a row that stopped for that would have lost its own room.
#[test_async]
async fn each_row_writes_as_far_as_the_room_that_its_prompt_leaves() {
    let device = Place::cpu().inner();
    for config in configs() {
        let model = model(&config, "student");
        let long: Vec<u32> = (0..14).map(|at| at % 11).collect();
        let prompts: [&[u32]; 3] = [&[1, 2], &long, &[3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2]];
        let wanted = Request { room: Some(16), ..request(&prompts, Sampling::default()) };
        let texts = generate(&model, None, wanted, &device).await.unwrap();
        assert_eq!(texts.iter().map(|text| text.tokens.len()).collect::<Vec<_>>(), [8, 2, 5]);
        let free = generate(&model, None, request(&prompts[..1], Sampling::default()), &device).await.unwrap();
        assert_eq!(texts[0].tokens, free[0].tokens, "a row beside it that has no room left is not seen");
    }
}

#[test_async]
async fn wrong_requests_are_refused_by_name() {
    let device = Place::cpu().inner();
    let [config, llama] = configs();
    let (student, teacher) = (model(&config, "student"), model(&TransformerConfig { vocab: 12, ..llama }, "teacher"));
    let ask = async |prompts: &[&[u32]], change: fn(&mut Request)| {
        let mut request = request(prompts, Sampling::default());
        change(&mut request);
        generate(&student, None, request, &device).await.unwrap_err().to_string()
    };
    assert!(ask(&[], |_| ()).await.contains("no prompt"));
    assert!(ask(&[&[1], &[]], |_| ()).await.contains("prompt 1 is empty"));
    assert!(ask(&[&[11]], |_| ()).await.contains("token 11"));
    assert!(ask(&[&[1]], |request| request.max_tokens = 16).await.contains("context of 16"));
    assert!(ask(&[&[1]], |request| request.sampling.temperature = -1.0).await.contains("temperature"));
    assert!(ask(&[&[1]], |request| request.sampling.top_p = 0.0).await.contains("top-p"));
    let other = Some(Mixture { teacher: &teacher, share: 0.2 });
    let error = generate(&student, other, request(&[&[1]], greedy()), &device).await.unwrap_err();
    assert!(error.to_string().contains("teacher has 12 tokens"));
}
