//! Sequence-level knowledge distillation (Kim & Rush 2016 §3.2): fine-tuning on texts that the teacher wrote. Of the teacher only its
//! texts are used: it may be a black box.
//!
//! In expectation over the teacher's samples the loss is the sequence-level forward KL, up to the teacher's entropy. The paper takes
//! the teacher's likeliest text by beam search; here each example's prompt is answered once, by sampling.

use super::{Memory, Scene, Written, sft};
use crate::generate::GenerateError;
use crate::method::response::Parts;

/// Prompts that are answered together. Fixed, so that an example's text does not depend on when it is first needed.
const GROUP: usize = 64;

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
    let known = &mut memory.teacher_texts;
    known.resize(scene.set.train.len(), None);
    if let Some(text) = &known[row] {
        return Ok(text.clone());
    }
    let group = row / GROUP;
    let rows = group * GROUP..scene.set.train.len().min((group + 1) * GROUP);
    let prompts: Vec<Vec<u32>> = scene.set.train[rows.clone()].iter().map(|example| example.prompt.clone()).collect();
    let texts = scene.write(scene.teacher, None, prompts.clone(), &format!("the teacher's answers {group}")).await?;
    for ((row, prompt), text) in rows.zip(&prompts).zip(&texts) {
        known[row] = Some(Written::sampled(prompt, text, scene.set.stop));
    }
    Ok(known[row].clone().expect("its group was written"))
}
