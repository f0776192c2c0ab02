//! Sequence-level knowledge distillation (Kim & Rush 2016 §3.2): fine-tuning on texts that the teacher wrote. Of the teacher only its
//! texts are used: it may be a black box.
//!
//! In expectation over the teacher's samples the loss is the sequence-level forward KL, up to the teacher's entropy. The paper takes
//! the teacher's likeliest text by beam search; here each example's prompt is answered `text.teacher_texts` times, by sampling. A step reads
//! one text for each of its prompts, at every epoch the next: more texts come nearer to the teacher's distribution at the same number of steps.
//!
//! A teacher with another tokenizer is asked in its own tokens, and the student reads the text that it wrote with its own: what passes from
//! one to the other is text, without control tokens.

use super::{Memory, Reading, Scene, Written, sft};
use crate::generate::{GenerateError, Text};
use crate::method::response::Parts;

/// Prompts that are answered together, by a small teacher and by a large one, whose first step would else take minutes. Fixed, so that an
/// example's text does not depend on when it is first needed.
const GROUP: usize = 64;
const LARGE_GROUP: usize = 8;

/// # Errors
/// When sampling fails.
pub async fn loss(scene: &Scene<'_>, memory: &mut Memory) -> Result<Parts, GenerateError> {
    let mut texts = Vec::with_capacity(scene.rows.len());
    for row in scene.rows {
        texts.push(of_example(scene, memory, *row).await?);
    }
    Ok(sft::on(scene, &scene.sequences(&texts)))
}

async fn of_example(scene: &Scene<'_>, memory: &mut Memory, row: usize) -> Result<Written, GenerateError> {
    let (examples, count) = (scene.set().train.len(), scene.experiment.text.teacher_texts);
    let known = memory.teacher_texts.at(scene.experiment.text.sampling_temperature);
    let turn = scene.epoch % count;
    if let Some(text) = known.get(row, turn) {
        return Ok(text.clone());
    }
    let reading = scene.teachers.unwrap_or(scene.reading);
    let size = if scene.large { LARGE_GROUP } else { GROUP };
    let group = row / size;
    let rows = group * size..examples.min((group + 1) * size);
    let prompts: Vec<Vec<u32>> = rows.clone().map(|row| reading.set.train.get(row).into_owned().prompt).collect();
    // The first texts are those of a teacher that is asked once.
    let again = if turn == 0 { String::new() } else { format!(", text {turn}") };
    let texts = scene.write((scene.teacher, reading), None, prompts, &format!("the teacher's answers {group}{again}")).await?;
    for (row, text) in rows.zip(&texts) {
        let prompt = &scene.set().train.get(row).prompt;
        let text = match scene.teachers {
            None => Written::sampled(prompt, text, scene.set().stop),
            Some(teachers) => reread(scene.reading, teachers, prompt, text)?,
        };
        known.put(row, turn, text);
    }
    Ok(known.get(row, turn).expect("its group was written").clone())
}

/// A text of a teacher with another tokenizer, as the student reads it; of one that is longer than its examples, the beginning.
fn reread(own: &Reading, teachers: &Reading, prompt: &[u32], text: &Text) -> Result<Written, GenerateError> {
    let mut response = own.set.tokenizer.encode(&teachers.set.tokenizer.decode_plain(&text.tokens)?)?;
    if text.stopped {
        response.push(own.set.stop);
    }
    response.truncate(own.limit(prompt.len()));
    Ok(Written { prompt: prompt.into(), response })
}

#[cfg(test)]
mod tests {
    use super::super::large_tests::Stage;
    use super::*;
    use crate::data::{Tokenizer, text::names};
    use crate::device::testing::{test, test_async};
    use crate::spec::Experiment;

    #[test_async]
    async fn each_epoch_reads_the_next_text_of_a_prompt_and_the_first_is_that_of_a_teacher_asked_once() {
        let stage = Stage::new(true);
        let mut found = Vec::new();
        for (count, epochs) in [("1", &[0, 1][..]), ("3", &[0, 1, 2, 3])] {
            let experiment = Experiment::from_preset("seq-kd", [("text.teacher_texts", count)]).unwrap();
            let mut memory = Memory::default();
            for epoch in epochs {
                let scene = Scene { epoch: *epoch, ..stage.scene(&experiment, &[], false) };
                let mut texts = Vec::new();
                for row in 0..5 {
                    texts.push(of_example(&scene, &mut memory, row).await.unwrap());
                }
                found.push(texts);
            }
        }
        let [once, again, first, second, third, round] = &found[..] else { unreachable!("six epochs") };
        assert!([again, first, round].iter().all(|texts| *texts == once));
        assert!(first != second && second != third && third != first);
    }

    #[test]
    fn a_text_of_bytes_is_read_by_letters_and_ends_where_it_ended() {
        let letters = names("Zoé\nBo\nÉva", 0).unwrap();
        let bytes = crate::data::text::TextSet { tokenizer: Tokenizer::Bytes, stop: 10, ..letters.clone() };
        let (own, teachers) = (Reading { longest: 4, ..Reading::new(letters) }, Reading::new(bytes));
        let read = |text: &str, stopped| {
            let text = Text { tokens: Tokenizer::Bytes.encode(text).unwrap(), stopped, ..Text::default() };
            reread(&own, &teachers, &[own.set.stop], &text).map(|text| text.response)
        };
        let ids = |text: &str| own.set.tokenizer.encode(text).unwrap();
        assert_eq!(read("Zoé", true).unwrap(), [ids("Zoé"), vec![own.set.stop]].concat());
        assert_eq!(read("Zoé", false).unwrap(), ids("Zoé"));
        assert_eq!(read("ZoéZoé", true).unwrap(), ids("ZoéZ"), "the room that the student's own texts have");
        assert_eq!(read("", false).unwrap(), [0; 0]);
        let error = read("x", true).unwrap_err().to_string();
        assert!(error.contains("student's tokenizer") && error.contains("'x'"), "{error}");
    }
}
