//! Knobs that are each in range and still contradict each other.

use super::choices::*;
use super::{Experiment, SpecError, Task};

/// # Errors
/// The first contradiction, with the remedy.
pub fn check(experiment: &Experiment) -> Result<(), SpecError> {
    let student = &experiment.student;
    if student.lora_rank > 0 && (student.start == Start::Random || experiment.teacher.source != TeacherSource::File) {
        return conflict(
            "student.lora_rank",
            "adapters change a checkpoint a little, and these students start from none: set student.start=teacher_layers or file with \
             teacher.source=file, or this to 0",
        );
    }
    let transformer = matches!(student.kind, NetworkKind::Decoder | NetworkKind::Encoder);
    if experiment.train.precision != Precision::F32 && !transformer {
        return conflict("train.precision", "transformers alone can learn in bf16 or f16: set it to f32");
    }
    let chosen = student.from_layers.len();
    if transformer && student.start == Start::TeacherLayers && chosen > 0 && chosen != student.layers {
        return conflict(
            "student.from_layers",
            "names more or fewer layers than the student has: set student.layers to as many as it names, or this to none",
        );
    }
    if experiment.is_encoder() {
        encoder(experiment)
    } else if experiment.task.name.is_text() {
        text(experiment)
    } else {
        classes(experiment)
    }
}

fn conflict(key: &'static str, message: &'static str) -> Result<(), SpecError> {
    Err(SpecError::conflict(key, message))
}

fn kinds(experiment: &Experiment) -> [(&'static str, NetworkKind); 2] {
    [("teacher.kind", experiment.teacher.kind), ("student.kind", experiment.student.kind)]
}

fn encoder(experiment: &Experiment) -> Result<(), SpecError> {
    let Experiment { teacher, student, distill, encoder, train, .. } = experiment;
    if student.kind != NetworkKind::Encoder {
        return conflict("student.kind", "an encoder teaches an encoder: set it to encoder");
    }
    if teacher.source == TeacherSource::Pretrained {
        return conflict("teacher.source", "no encoder is shipped: set it to live, or to file with --teacher MODEL");
    }
    if student.start == Start::File && teacher.source != TeacherSource::File {
        return conflict("student.start", "a student from a file needs a teacher from a file: set teacher.source=file, or start=random");
    }
    if (experiment.task.name == TaskName::Labels) && encoder.objective != Objective::Classes {
        return conflict("encoder.objective", "the labels of texts are there to be learned: set it to classes");
    }
    if encoder.objective == Objective::Classes && experiment.task.name == TaskName::Novel {
        return conflict(
            "encoder.objective",
            "running text has no labels: set task.name=labels or grammar, or this to masked or embeddings",
        );
    }
    if encoder.objective == Objective::Classes && student.lora_rank > 0 {
        return conflict("student.lora_rank", "the head that names a label is new, and adapters would leave it as it is: set it to 0");
    }
    if experiment.task.name == TaskName::Grammar && teacher.source == TeacherSource::File {
        return conflict("teacher.source", "a teacher from a file reads real text: set task.name=novel or labels, or teacher.source=live");
    }
    if encoder.objective == Objective::Embeddings && teacher.source != TeacherSource::File {
        return conflict("encoder.objective", "embeddings are learned from a sentence encoder: set teacher.source=file, or this to masked");
    }
    if encoder.objective == Objective::Embeddings && encoder.adapt_steps > 0 {
        return conflict("encoder.adapt_steps", "a teacher of embeddings foretells no words: set it to 0, or encoder.objective=masked");
    }
    if encoder.objective == Objective::Embeddings && (!train.batch_size.is_multiple_of(2) || train.batch_size < 4) {
        return conflict("train.batch_size", "a batch of sentences is pairs of neighbours, at least two: set it to an even number from 4");
    }
    if teacher.count != 1 || teacher.schedule != TeacherSchedule::First {
        return conflict(
            "teacher.schedule",
            "there is one teacher of encoders, and it trains first: set teacher.count=1 and this to first",
        );
    }
    let built = [("teacher.heads", teacher.dim, teacher.heads), ("student.heads", student.dim, student.heads)];
    // A file's teacher, and students out of it, have another shape than the knobs say.
    let counts = [teacher.source != TeacherSource::File, student.start == Start::Random];
    for ((key, dim, heads), _) in built.into_iter().zip(counts).filter(|(_, counts)| *counts) {
        if !dim.is_multiple_of(heads) {
            return conflict(key, "the width of an encoder must be a multiple of its heads");
        }
    }
    if student.embedding == 1 && student.start != Start::File {
        return conflict("student.embedding", "of one number a norm leaves nothing: set it to 0 or from 2");
    }
    if distill.access != Access::Hidden && encoder.sees_states() {
        return conflict(
            "distill.access",
            "hides the states that the student is compared with: set it to hidden, or the encoder's weights to 0",
        );
    }
    // Of a student from a file the layers are counted when it is read.
    let mapped = encoder.layer_map.len();
    if mapped > 0 && mapped != student.layers && student.start != Start::File {
        return conflict(
            "encoder.layer_map",
            "names a layer of the teacher for each of the student's: set it to as many as student.layers, or to none",
        );
    }
    if distill.hint_weight > 0.0 || distill.attention_weight > 0.0 {
        return conflict(
            "distill.hint_weight",
            "encoders have terms of their own (encoder.hidden_weight): set hint and attention weight to 0",
        );
    }
    Ok(())
}

fn text(experiment: &Experiment) -> Result<(), SpecError> {
    if experiment.task.name == TaskName::Labels {
        return conflict(
            "teacher.kind",
            "encoders name the labels of texts: start from the preset `minilm-labels`, or set both kinds to encoder",
        );
    }
    for (key, kind) in kinds(experiment) {
        if kind != NetworkKind::Decoder {
            return conflict(
                key,
                "a text task needs decoders: start from a preset of text such as `grammar`, or set both kinds to decoder (grammar, novel and labels may have encoders)",
            );
        }
    }
    let of_file = experiment.teacher.source == TeacherSource::File;
    if experiment.student.start == Start::TeacherLayers && !of_file {
        return conflict("student.start", "only a teacher from a file has layers to start from: set teacher.source=file, or start=random");
    }
    if experiment.student.start == Start::File && !of_file {
        return conflict("student.start", "a student from a file needs a teacher from a file: set teacher.source=file, or start=random");
    }
    if of_file && !matches!(experiment.task.name, TaskName::Novel | TaskName::Jsonl) {
        return conflict("teacher.source", "a teacher from a file reads real text with its own tokenizer: set task.name to novel or jsonl");
    }
    for (key, dim, heads) in [
        ("teacher.heads", experiment.teacher.dim, experiment.teacher.heads),
        ("student.heads", experiment.student.dim, experiment.student.heads),
    ] {
        // Rotary positions turn pairs of numbers.
        if !dim.is_multiple_of(2 * heads) {
            return conflict(key, "the width of a decoder must be an even multiple of its heads");
        }
    }
    let distill = &experiment.distill;
    if experiment.teacher.count != 1 {
        return conflict("teacher.count", "a text task has one teacher: set it to 1");
    }
    if experiment.teacher.schedule != TeacherSchedule::First {
        return conflict("teacher.schedule", "a teacher of text trains first: set it to first");
    }
    if distill.attention_weight > 0.0 {
        return conflict("distill.attention_weight", "attention transfer compares two CNNs: set it to 0");
    }
    if distill.hint_weight > 0.0 && experiment.text.method != Method::TokenKd {
        return conflict("distill.hint_weight", "of the methods of text, token KD alone has hints: set text.method=token_kd, or this to 0");
    }
    if distill.hint_weight > 0.0 && distill.access != Access::Hidden {
        return conflict("distill.access", "hides the states that hints look at: set it to hidden, or distill.hint_weight to 0");
    }
    if distill.access == Access::Labels && experiment.text.method != Method::SeqKd && experiment.text.method != Method::Sft {
        return conflict("distill.access", "a teacher that shows text alone can only be learned from by text.method=seq_kd");
    }
    if distill.access == Access::TopK && experiment.text.method == Method::Uld {
        return conflict("distill.access", "ULD puts all of the teacher's probabilities in order: set it to logits");
    }
    // They ask for the probability of any text that the student writes.
    if distill.access == Access::TopK && matches!(experiment.text.method, Method::Minillm | Method::Dpkd | Method::Distillm2) {
        return conflict(
            "distill.access",
            "this method asks the teacher about every token of sampled texts, likely or not: set it to logits, or text.method=token_kd, gkd or distillm",
        );
    }
    Ok(())
}

fn classes(experiment: &Experiment) -> Result<(), SpecError> {
    for (key, kind) in kinds(experiment) {
        if matches!(kind, NetworkKind::Decoder | NetworkKind::Encoder) {
            return conflict(key, "a transformer needs text: set it to mlp or cnn, or start from a preset of text such as `grammar`");
        }
    }
    let task = &experiment.task;
    if experiment.teacher.source == TeacherSource::File {
        return conflict(
            "teacher.source",
            "a teacher from a file is a transformer, and needs text: start from the preset `smollm2` or `minilm`",
        );
    }
    if experiment.student.start == Start::File {
        return conflict("student.start", "a student from a file is a transformer, and needs text: start from the preset `smollm2`");
    }
    if task.name == TaskName::Plane {
        for (key, kind) in [("teacher.kind", experiment.teacher.kind), ("student.kind", experiment.student.kind)] {
            if kind == NetworkKind::Cnn {
                return conflict(key, "a CNN needs images: set it to mlp, or choose task.name=digits or fashion");
            }
        }
        if task.omit_class >= task.classes as i64 {
            return conflict("task.omit_class", "must be smaller than task.classes");
        }
        if task.added.iter().any(|point| usize::from(point.2) >= task.classes) {
            return conflict("task.added", "has a point of a class that does not exist: classes go from 0 to task.classes - 1");
        }
    }
    if experiment.teacher.source == TeacherSource::Pretrained {
        let base = Task::default();
        if task.name == TaskName::Plane {
            return conflict("teacher.source", "no teacher is shipped for the plane: set teacher.source=live");
        }
        if task.split_seed != base.split_seed || task.test_fraction != base.test_fraction {
            return conflict("teacher.source", "the shipped teacher has seen rows that this split tests on: set teacher.source=live");
        }
        if experiment.teacher.count != 1 {
            return conflict("teacher.count", "only live teachers can be averaged: set teacher.source=live");
        }
    }
    if experiment.distill.attention_weight > 0.0
        && (experiment.student.kind != NetworkKind::Cnn || experiment.teacher.kind != NetworkKind::Cnn)
    {
        return conflict("distill.attention_weight", "attention transfer compares two CNNs: set both kinds to cnn");
    }
    if experiment.distill.hint_weight > 0.0 && (experiment.student.widths.is_empty() || experiment.teacher.widths.is_empty()) {
        return conflict("distill.hint_weight", "hints need a hidden dense layer in both networks");
    }
    if experiment.distill.access != Access::Hidden && (experiment.distill.hint_weight > 0.0 || experiment.distill.attention_weight > 0.0) {
        return conflict("distill.access", "hides what hints and attention transfer look at: set it to hidden, or their weights to 0");
    }
    if experiment.teacher.count > 1 && (experiment.distill.hint_weight > 0.0 || experiment.distill.attention_weight > 0.0) {
        return conflict("teacher.count", "hints and attention transfer follow one teacher: set teacher.count=1");
    }
    Ok(())
}
