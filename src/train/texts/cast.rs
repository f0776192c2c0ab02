//! Who takes part in a race over text: shapes and first values of teacher and students.

use std::borrow::Cow;

use super::super::{Materials, RunError, pretrained};
use crate::data;
use crate::model::{LanguageModel, TransformerConfig};
use crate::spec::{Experiment, Family, Network, Start, TeacherSource};

/// Shape and values of a network.
pub type Member<'a> = (TransformerConfig, Cow<'a, [Vec<f32>]>);

/// The teacher that the caller hands in, if the experiment asks for one.
///
/// # Errors
/// One that is asked for and not there, and one that is there and not asked for.
pub fn model<'a>(experiment: &Experiment, materials: &'a Materials) -> Result<Option<&'a LanguageModel>, RunError> {
    if materials.encoder.is_some() {
        return Err(RunError::Teacher("the model that was handed in is an encoder, which cannot write: set both kinds to encoder".into()));
    }
    match (experiment.teacher.source == TeacherSource::File, &materials.model) {
        (true, None) => {
            Err(RunError::Teacher("teacher.source=file needs a model: --teacher MODEL, a GGUF file or a Hugging Face folder".into()))
        }
        (false, Some(_)) => {
            Err(RunError::Teacher("a model was handed in that this experiment does not use: set teacher.source=file".into()))
        }
        (_, model) => Ok(model.as_ref()),
    }
}

/// Teacher and student. `vocab` is the tokenizer's, `context` the tokens that they must be able to look at.
///
/// # Errors
/// A teacher that is not there or cannot look that far, and layers that it has not.
pub fn networks<'a>(
    experiment: &Experiment,
    materials: &Materials,
    model: Option<&'a LanguageModel>,
    vocab: usize,
    context: usize,
) -> Result<[Member<'a>; 2], RunError> {
    let start = |config: &TransformerConfig, who: &str| config.initial(&mut data::rng(experiment.seed, who));
    let random = |config: TransformerConfig| {
        let values = start(&config, "student").into();
        (config, values)
    };
    let Some(model) = model else {
        let teacher = config(&experiment.teacher.network(), vocab, context);
        let values = match experiment.teacher.source {
            TeacherSource::Pretrained => pretrained::decoder(&teacher, materials.teacher.as_deref())?,
            TeacherSource::Live | TeacherSource::File => start(&teacher, "teacher 0"),
        };
        return Ok([(teacher, values.into()), random(config(&experiment.student, vocab, context))]);
    };
    if context > model.config.context {
        let most = model.config.context;
        return Err(RunError::Teacher(format!(
            "the longest texts take {context} tokens and the teacher can look at {most}: lower text.context"
        )));
    }
    let student = match experiment.student.start {
        Start::TeacherLayers => {
            let (config, values) = model.with_layers(experiment.student.layers).map_err(RunError::Teacher)?;
            (config, values.into())
        }
        Start::Random => {
            random(TransformerConfig { context: model.config.context, ..config(&experiment.student, model.config.vocab, context) })
        }
    };
    Ok([(model.config.clone(), model.values.as_slice().into()), student])
}

/// The decoder of a network's numbers.
fn config(network: &Network, vocab: usize, context: usize) -> TransformerConfig {
    let Network { layers, dim, heads, family, .. } = *network;
    match family {
        Family::Gpt2 => TransformerConfig::gpt2(vocab, context, dim, layers, heads),
        // SwiGLU has three matrices instead of two: 8/3 of the width makes as many parameters as GELU's 4.
        Family::Llama => TransformerConfig::llama(vocab, context, dim, layers, [heads, heads], (dim * 8).div_ceil(3)),
    }
}
