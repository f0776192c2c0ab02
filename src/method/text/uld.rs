//! Universal logit distillation (Boizard et al. 2024): a teacher whose vocabulary is not the student's. What is compared at each token is the
//! shape of the two distributions alone, their probabilities in falling order ([`crate::loss::uld`]).
//!
//! `α·CE + (1−α)·ULD` on the data, at temperature T on both sides, without T² (the paper's λ = 1.5 of ULD to 1 of CE is α = 0.4). CE is the mean
//! over the tokens of the responses, ULD over those where both have read the same beginning of the response. There the paper differs: its
//! code pairs token with token by number, which compares different places of a text from the first word on that the two cut
//! differently. With one tokenizer for both the two agree.

use std::cell::RefCell;

use burn::tensor::{Int, Tensor, TensorData};

use super::large::CHUNK;
use super::{Scene, Sequences, Written, batch};
use crate::data::text::meetings;
use crate::device::Reads;
use crate::generate::GenerateError;
use crate::loss::chunked::chunked;
use crate::loss::{sequence, uld};
use crate::method::response::Parts;

/// The teacher's side of a batch.
struct Heard {
    sequences: Sequences,
    /// For each token of the student's responses, the teacher's row that foretells the same place of the text.
    rows: Vec<Option<usize>>,
}

/// What the host sorts of a chunk.
struct Sorted {
    /// `[chunk, teacher's vocab]`.
    teacher: Tensor<2>,
    /// `[chunk, student's vocab]`.
    ranks: Tensor<2, Int>,
}

/// # Errors
/// When the device fails.
pub async fn loss(scene: &Scene<'_>) -> Result<Parts, GenerateError> {
    let distill = &scene.experiment.distill;
    let texts = scene.data();
    let own = scene.sequences(&texts);
    let heard = hear(scene, &own, &texts)?;
    let responses = own.responses(CHUNK, scene.place);
    let [count] = responses.weights.dims();
    let chunk = if scene.large { CHUNK } else { count };
    let pairs = heard.rows.iter().flatten().count().max(1) as f64;
    let tokens = responses.tokens.max(1) as f64;
    let device = scene.place.inner();

    let state = scene.student_state(&own).select(0, responses.rows.clone());
    let mut rows: Vec<i32> = heard.rows.iter().map(|row| row.unwrap_or(0) as i32).collect();
    rows.resize(count, 0);
    let mut weights: Vec<f32> = heard.rows.iter().map(|row| if row.is_some() { 1.0 } else { 0.0 }).collect();
    weights.resize(count, 0.0);
    let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &device);
    let weights = Tensor::<1>::from_data(TensorData::new(weights, [count]), &device);
    let teacher = scene.teacher_state(&heard.sequences).select(0, rows);

    let mut sorted = Vec::new();
    for start in (0..count).step_by(chunk) {
        sorted.push(sort(scene, teacher.clone().narrow(0, start, chunk), state.clone().inner().narrow(0, start, chunk)).await?);
    }
    let vocab = scene.student.config().vocab;
    // As in `large`: the parts are only looked at.
    let sums = RefCell::new([0, 1].map(|_| Tensor::<1>::zeros([1], &device)));
    let add = |part: usize, value: Tensor<1>| {
        let mut sums = sums.borrow_mut();
        sums[part] = sums[part].clone() + value.clone().inner();
        value
    };
    let total = chunked(state, scene.student.output(), chunk, |logits, range| {
        let part = |weights: &Tensor<1>| weights.clone().slice([range.clone()]);
        let targets: Tensor<2> = batch::one_hot(responses.next.clone().slice([range.clone()]), vocab);
        let hard = (sequence::token_log_probs(logits.clone(), targets) * part(&responses.weights)).sum().neg() / tokens;
        let Sorted { teacher, ranks } = &sorted[range.start / chunk];
        let (teacher, ranks) = (teacher.clone(), ranks.clone());
        let apart = uld::uld_rows(teacher, logits / distill.temperature, ranks);
        let soft = (apart * part(&weights)).sum() / pairs;
        add(0, hard) * distill.alpha + add(1, soft) * (1.0 - distill.alpha)
    });
    let [hard, soft] = sums.into_inner();
    Ok(Parts::of(total, Some(hard), Some(soft)).over(responses.tokens))
}

/// The same texts as the teacher reads them.
fn hear(scene: &Scene, own: &Sequences, texts: &[Written]) -> Result<Heard, GenerateError> {
    let Some(reading) = scene.teachers else {
        let rows = own.spans.iter().flat_map(|(first, count)| (*first..first + count).map(Some)).collect();
        return Ok(Heard { sequences: own.clone(), rows });
    };
    let theirs: Vec<Written> = scene.rows.iter().map(|row| Written::example(&reading.set.train.get(*row), reading.set.end())).collect();
    let sequences = Sequences::new(&theirs, reading.padding().of(&theirs), scene.teacher.config().vocab, scene.place);
    let mut rows = Vec::new();
    for (index, row) in scene.rows.iter().enumerate() {
        let responses = [scene.reading, reading].map(|reading| reading.set.train.get(*row).into_owned().response);
        let readers = [(&scene.reading.set.tokenizer, &responses[0][..]), (&reading.set.tokenizer, &responses[1][..])];
        let count = texts[index].response.len();
        let (first, theirs) = sequences.spans[index];
        let mut of_text = vec![None; count];
        for (ours, their) in meetings(readers[0], readers[1])? {
            // A window has no end to be foretold.
            if ours < count && their < theirs {
                of_text[ours] = Some(first + their);
            }
        }
        rows.append(&mut of_text);
    }
    Ok(Heard { sequences, rows })
}

/// Reads both sides' logits of a chunk of states and sorts them.
async fn sort(scene: &Scene<'_>, teacher: Tensor<2>, student: Tensor<2>) -> Result<Sorted, GenerateError> {
    let device = scene.place.inner();
    let logits = [scene.teacher.logits(teacher) / scene.experiment.distill.temperature, scene.speaker.logits(student)];
    let [known, own] = logits.each_ref().map(|logits| logits.dims());
    let mut reads = Reads::default();
    logits.into_iter().for_each(|logits| reads.add(logits));
    let read = reads.run().await?;
    Ok(Sorted {
        teacher: Tensor::from_data(TensorData::new(uld::sorted_probabilities(&read[0], known[1]), known), &device),
        ranks: Tensor::from_data(TensorData::new(uld::ranks(&read[1], own[1]), own), &device),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Reading;
    use super::super::large_tests::Stage;
    use super::*;
    use crate::data::Tokenizer;
    use crate::device::{read, testing::test_async};
    use crate::model::transformer::Context;
    use crate::model::{Trainable, Transformer, TransformerConfig};
    use crate::spec::Experiment;

    fn experiment(alpha: &str) -> Experiment {
        Experiment::from_preset("uld", [("distill.alpha", alpha), ("distill.temperature", "2")]).unwrap()
    }

    async fn soft(scene: &Scene<'_>) -> f32 {
        read(loss(scene).await.unwrap().soft.unwrap()).await.unwrap()[0]
    }

    /// Σ|p₍ᵢ₎ − q₍ᵢ₎| of two rows of logits at T = 2.
    fn distance(p: &[f32], q: &[f32]) -> f64 {
        let sorted = |row: &[f32]| {
            let row: Vec<f64> = row.iter().map(|logit| (f64::from(*logit) / 2.0).exp()).collect();
            let mut row: Vec<f64> = row.iter().map(|value| value / row.iter().sum::<f64>()).collect();
            row.sort_by(|a, b| b.total_cmp(a));
            row
        };
        let [mut p, mut q] = [sorted(p), sorted(q)];
        let longest = p.len().max(q.len());
        p.resize(longest, 0.0);
        q.resize(longest, 0.0);
        p.iter().zip(&q).map(|(p, q)| (p - q).abs()).sum()
    }

    #[test_async]
    async fn with_one_tokenizer_every_token_is_compared_in_chunks_as_whole() {
        let stage = Stage::new(true);
        let experiment = experiment("0.3");
        let mut values = Vec::new();
        for large in [false, true] {
            let scene = stage.scene(&experiment, &[0, 1, 2], large);
            let parts = loss(&scene).await.unwrap();
            let [total, hard, soft] = [parts.total.inner(), parts.hard.unwrap(), parts.soft.unwrap()];
            values.push([read(total).await.unwrap()[0], read(hard).await.unwrap()[0], read(soft).await.unwrap()[0]]);
        }
        assert!(values[0].iter().zip(&values[1]).all(|(a, b)| (a - b).abs() < 1e-6), "{values:?}");
        let [total, hard, soft] = values[0];
        assert!((total - (0.3 * hard + 0.7 * soft)).abs() < 1e-6 && soft > 0.0);
        let scene = stage.scene(&experiment, &[0, 1, 2], false);
        let sequences = scene.sequences(&scene.data());
        let [p, q] = [scene.teacher_logits(&sequences), scene.student_logits(&sequences)];
        let vocab = p.dims()[1];
        let [p, q] = [read(p.inner()).await.unwrap(), read(q.inner()).await.unwrap()];
        let rows = sequences.spans.iter().flat_map(|(first, count)| *first..first + count);
        let distances: Vec<f64> =
            rows.map(|row| distance(&p[row * vocab..(row + 1) * vocab], &q[row * vocab..(row + 1) * vocab])).collect();
        let expected = distances.iter().sum::<f64>() / distances.len() as f64;
        assert!((f64::from(soft) - expected).abs() < 1e-5, "{soft}, by hand {expected}");
    }

    #[test_async]
    async fn a_teacher_of_bytes_is_heard_where_its_text_has_come_as_far() {
        let mut stage = Stage::new(true);
        let names = crate::data::text::names("Zoé\nBo\nÉva\nDan\nÉlo\nUma", 0).unwrap();
        let bytes = |text: &[u32]| Tokenizer::Bytes.encode(&names.text(text)).unwrap();
        let mut theirs = names.clone();
        for part in [&mut theirs.train, &mut theirs.test] {
            let read = |example: std::borrow::Cow<crate::data::text::Example>| crate::data::text::Example {
                prompt: bytes(&example.prompt),
                response: bytes(&example.response),
            };
            *part = part.iter().map(read).collect();
        }
        (theirs.tokenizer, theirs.stop) = (Tokenizer::Bytes, 10);
        let reading = Reading { set: theirs, seq: 8, longest: 8 };
        let config = TransformerConfig::gpt2(256, 16, 8, 1, 2);
        stage.teacher = Transformer::build(&config, &config.initial(&mut crate::data::rng(1, "bytes")), &stage.place.inner());
        stage.contexts[0] = Context::causal(&config, 8, &stage.place.inner());
        let longest = TransformerConfig { tied: true, ..TransformerConfig::gpt2(names.vocab(), 16, 8, 1, 2) };
        stage.student = Transformer::build(&longest, &longest.initial(&mut crate::data::rng(1, "s")), &stage.place.autodiff());
        stage.speaker = Transformer::build(&longest, &longest.initial(&mut crate::data::rng(1, "s")), &stage.place.inner());
        stage.reading = Reading { set: names, seq: 8, longest: 8 };
        let experiment = experiment("0");
        let rows: Vec<usize> = (0..stage.reading.set.train.len()).collect();
        for row in rows {
            let asked = [row];
            let scene = Scene { teachers: Some(&reading), ..stage.scene(&experiment, &asked, false) };
            let own = scene.sequences(&scene.data());
            let heard = hear(&scene, &own, &scene.data()).unwrap();
            let response = &stage.reading.set.train.get(row).into_owned().response;
            // The place before each character, and the end: as many bytes of the teacher's as the characters before it have.
            let prompt = reading.set.train.tokens(row)[0];
            let text = stage.reading.set.text(response);
            let places = text.char_indices().map(|(at, _)| at).chain([text.len()]).map(|at| Some(prompt - 1 + at));
            assert_eq!(heard.rows, places.collect::<Vec<_>>(), "{text:?}");
            let [p, q] = [scene.teacher.forward(heard.sequences.ids.clone(), &scene.contexts[0]), scene.student_logits(&own).inner()];
            let [of_p, of_q] = [p.dims()[1], q.dims()[1]];
            let [p, q] = [read(p).await.unwrap(), read(q).await.unwrap()];
            let first = own.spans[0].0;
            let distances: Vec<f64> = heard
                .rows
                .iter()
                .enumerate()
                .map(|(at, row)| distance(&p[row.unwrap() * of_p..][..of_p], &q[(first + at) * of_q..][..of_q]))
                .collect();
            let expected = distances.iter().sum::<f64>() / distances.len() as f64;
            let found = soft(&scene).await;
            assert!((f64::from(found) - expected).abs() < 1e-5, "{found}, by hand {expected}");
        }
    }
}
