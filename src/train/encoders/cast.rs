//! Who takes part in a race of encoders: shapes and first values of teacher and students.

use super::super::{Materials, RunError};
use crate::data;
use crate::model::encoder::{EncoderConfig, SentenceEncoder};
use crate::spec::{Experiment, Network, Objective, Start, TeacherSource};

/// Shape and values of a network.
pub type Member = (EncoderConfig, Vec<Vec<f32>>);

/// The teacher that the caller hands in, if the experiment asks for one.
///
/// # Errors
/// One that is asked for and not there or a decoder, and one that is there and not asked for.
pub fn model<'a>(experiment: &Experiment, materials: &'a Materials) -> Result<Option<&'a SentenceEncoder>, RunError> {
    let wrong = |message: &str| Err(RunError::Model(message.into()));
    if materials.student.is_some() {
        return wrong(
            "--student names a decoder, and this experiment has encoders: leave it out, their students are cut out of the teacher",
        );
    }
    if materials.model.is_some() {
        return wrong("the model that was handed in is a decoder, and this experiment has encoders: set both kinds to decoder");
    }
    match (experiment.teacher.source == TeacherSource::File, &materials.encoder) {
        (true, None) => wrong("teacher.source=file needs a model: --teacher MODEL, a Hugging Face folder of a BERT, DistilBERT or ELECTRA"),
        (false, Some(_)) => wrong("a model was handed in that this experiment does not use: set teacher.source=file"),
        (_, model) => Ok(model.as_ref()),
    }
}

/// Teacher and student. `vocab` is the tokenizer's.
///
/// # Errors
/// A teacher that cannot look as far as the texts go or has no head for masked words, and layers that it has not.
pub fn networks(experiment: &Experiment, model: Option<&SentenceEncoder>, vocab: usize) -> Result<[Member; 2], RunError> {
    let context = experiment.text.context;
    let masked = experiment.encoder.objective == Objective::Masked;
    let start = |config: EncoderConfig, who: &str| {
        let values = config.initial(&mut data::rng(experiment.seed, who));
        (config, values)
    };
    let (teacher, values) = match model {
        None => start(config(&experiment.teacher.network(), vocab, context), "teacher 0"),
        Some(model) => {
            let known = &model.config;
            if context > known.context {
                return Err(RunError::Model(format!(
                    "texts of {context} tokens are asked for and the teacher can look at {}: lower text.context",
                    known.context
                )));
            }
            if masked && !known.masked && experiment.encoder.adapt_steps == 0 {
                return Err(RunError::Model(
                    "the teacher has no head for masked words (a sentence encoder, perhaps): let it learn one first, such as \
                     encoder.adapt_steps=500, or set encoder.objective=embeddings"
                        .into(),
                ));
            }
            with_head(known, &model.values, masked, experiment)
        }
    };
    if experiment.student.start == Start::TeacherLayers {
        let student = layers(&teacher, &values, experiment)?;
        return Ok([(teacher, values), student]);
    }
    let student = EncoderConfig { context: teacher.context, masked, ..config(&experiment.student, teacher.vocab, context) };
    let student = start(student, "student");
    comparable(&teacher, &student.0, experiment)?;
    Ok([(teacher, values), student])
}

/// A student of some of a teacher's layers.
///
/// # Errors
/// Layers that it has not.
pub fn layers(teacher: &EncoderConfig, values: &[Vec<f32>], experiment: &Experiment) -> Result<Member, RunError> {
    teacher.student(values, experiment.student.layers).map_err(RunError::Model)
}

/// Whether the two can be compared by the terms that have a weight. Weights are live: it is asked again when one is turned.
///
/// # Errors
/// Widths that do not serve, with the remedy.
pub fn comparable(teacher: &EncoderConfig, student: &EncoderConfig, experiment: &Experiment) -> Result<(), RunError> {
    let terms = &experiment.encoder;
    let (numbers, relations) = match terms.objective {
        Objective::Masked => (terms.cosine_weight.max(terms.hidden_weight), terms.relation_weight),
        Objective::Embeddings => (terms.cosine_weight.max(terms.contrastive_weight), 0.0),
    };
    if numbers > 0.0 && teacher.width != student.width {
        return Err(RunError::Model(format!(
            "states are compared number by number, and the teacher is {} wide, the student {}: set student.dim={}, or the weights of these \
             terms (encoder.cosine_weight, hidden_weight, contrastive_weight) to 0",
            teacher.width, student.width, teacher.width
        )));
    }
    if relations > 0.0 && !student.width.is_multiple_of(teacher.heads) {
        return Err(RunError::Model(format!(
            "relations are compared in the teacher's {} heads: set student.dim to a multiple of that, or encoder.relation_weight=0",
            teacher.heads
        )));
    }
    Ok(())
}

/// The teacher with a head for masked words where it needs one: its own, or one that knows nothing yet.
fn with_head(known: &EncoderConfig, values: &[Vec<f32>], masked: bool, experiment: &Experiment) -> Member {
    let config = EncoderConfig { masked, pooler: false, ..known.clone() };
    let fresh = config.initial(&mut data::rng(experiment.seed, "teacher 0"));
    let places: std::collections::HashMap<String, &Vec<f32>> =
        known.parameters().into_iter().zip(values).map(|(parameter, values)| (parameter.name, values)).collect();
    let parameters = config.parameters().into_iter().zip(fresh);
    let values = parameters.map(|(parameter, fresh)| places.get(&parameter.name).map_or(fresh, |values| (*values).clone())).collect();
    (config, values)
}

/// The encoder of a network's numbers.
fn config(network: &Network, vocab: usize, context: usize) -> EncoderConfig {
    EncoderConfig::bert(vocab, context, network.dim, network.layers, network.heads)
}
