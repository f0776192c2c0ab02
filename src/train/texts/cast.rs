//! Who takes part in a race over text: shapes and first values of teacher and students.

use std::borrow::Cow;

use super::super::origin::{Origin, Origins};
use super::super::{Materials, RunError, pretrained};
use crate::data::{self, Tokenizer};
use crate::model::vocabulary::{self, Vocabularies};
use crate::model::{LanguageModel, TransformerConfig};
use crate::spec::{Experiment, Family, Method, Network, SpecError, Start, TeacherSource};

/// Shape and values of a network.
type Member<'a> = (TransformerConfig, Cow<'a, [Vec<f32>]>);

/// The networks of a race before their first step.
pub struct Cast<'a> {
    pub teacher: Member<'a>,
    pub student: Member<'a>,
    pub origins: Origins,
}

/// The models that the caller handed in.
pub struct Models<'a> {
    teacher: Option<&'a LanguageModel>,
    student: Option<&'a LanguageModel>,
}

/// Who reads the texts of a race.
pub struct Readers {
    /// The students' tokenizer, and the teacher's where that is another; none where the task brings its own.
    pub tokenizers: Vec<Tokenizer>,
    /// Ids that the networks are cut to.
    pub common: Option<usize>,
    pub note: Option<String>,
}

/// The models that the caller hands in, if the experiment asks for them.
///
/// # Errors
/// One that is asked for and not there, and one that is there and not asked for.
pub fn models<'a>(experiment: &Experiment, materials: &'a Materials) -> Result<Models<'a>, RunError> {
    if materials.encoder.is_some() || materials.student_encoder.is_some() {
        return Err(RunError::Model("the model that was handed in is an encoder, which cannot write: set both kinds to encoder".into()));
    }
    let asked = |setting: &str, flag: &str, asked: bool, model: &'a Option<LanguageModel>| match (asked, model) {
        (true, None) => Err(RunError::Model(format!("{setting} needs a model: {flag} MODEL, a GGUF file or a Hugging Face folder"))),
        (false, Some(_)) => Err(RunError::Model(format!("{flag} names a model that this experiment does not use: set {setting}"))),
        (_, model) => Ok(model.as_ref()),
    };
    Ok(Models {
        teacher: asked("teacher.source=file", "--teacher", experiment.teacher.source == TeacherSource::File, &materials.model)?,
        student: asked("student.start=file", "--student", experiment.student.start == Start::File, &materials.student)?,
    })
}

impl Models<'_> {
    /// # Errors
    /// Two vocabularies, and a method that takes them for one.
    pub fn readers(&self, experiment: &Experiment) -> Result<Readers, RunError> {
        let alone = |tokenizers| Ok(Readers { tokenizers, common: None, note: None });
        let (teacher, student) = match (self.teacher, self.student) {
            (None, _) => return alone(Vec::new()),
            (Some(teacher), None) => return alone(vec![teacher.tokenizer.clone()]),
            (Some(teacher), Some(student)) => (teacher, student),
        };
        let tokenizers = [&teacher.tokenizer, &student.tokenizer];
        let [knows, learns] = tokenizers.map(Tokenizer::vocab);
        let rows = [teacher.config.vocab, student.config.vocab];
        match vocabulary::compare(tokenizers, rows) {
            Vocabularies::Common(common) => {
                let cut = rows[0] != rows[1];
                let note = format!(
                    "the teacher's vocabulary has {} rows and the student's {}; the first {common} name the same tokens, and they alone are \
                     compared. The student is written with all rows that it came with",
                    rows[0], rows[1]
                );
                // Of two, the one that knows fewer tokens uses none that the other lacks.
                let reader = if knows < learns { tokenizers[0] } else { tokenizers[1] };
                // Both are asked in one form: the teacher's, which it was trained on.
                let template = tokenizers.into_iter().find_map(Tokenizer::template);
                let reader = reader.clone().following(template.cloned());
                Ok(Readers { tokenizers: vec![reader], common: cut.then_some(common), note: cut.then_some(note) })
            }
            Vocabularies::Apart { id, tokens: [of_teacher, of_student] } => {
                let difference = format!(
                    "the teacher's vocabulary ({knows} tokens) and the student's ({learns} tokens) differ: id {id} is {of_teacher} to the \
                     teacher and {of_student} to the student"
                );
                if !matches!(experiment.text.method, Method::SeqKd | Method::Uld | Method::Sft) {
                    return Err(RunError::Model(format!(
                        "{difference}. This text.method takes their ids for the same; set text.method=seq_kd (the student reads the \
                         teacher's texts with its own tokenizer) or text.method=uld (probabilities are compared in falling order), or take a \
                         student with the teacher's tokenizer"
                    )));
                }
                let note = format!(
                    "{difference}. Each reads the texts with its own tokenizer: their losses per token cannot be compared, and agreement and \
                     KL are not measured"
                );
                Ok(Readers { tokenizers: vec![tokenizers[1].clone(), tokenizers[0].clone()], common: None, note: Some(note) })
            }
        }
    }
}

/// A model from a file, cut to `common` ids where it has more.
fn member<'a>(model: &'a LanguageModel, common: Option<usize>) -> (Member<'a>, Origin) {
    let mut origin = Origin {
        fingerprint: model.fingerprint(),
        tokenizer_json: model.tokenizer_json.clone(),
        stop: model.stop.clone(),
        chat: model.chat.clone(),
        longest: None,
        spare: None,
    };
    let member = match common.filter(|common| *common < model.config.vocab) {
        None => (model.config.clone(), model.values.as_slice().into()),
        Some(common) => {
            let (config, values, spare) = vocabulary::cut(&model.config, &model.values, common);
            origin.spare = Some(spare);
            (config, values.into())
        }
    };
    (member, origin)
}

/// Teacher and student. `vocab` is the tokenizer's, `contexts` the tokens that teacher and student must be able to look at.
///
/// # Errors
/// A model that is not there or cannot look that far, and layers that it has not.
pub fn networks<'a>(
    experiment: &Experiment,
    materials: &Materials,
    models: &Models<'a>,
    common: Option<usize>,
    vocab: usize,
    contexts: [usize; 2],
) -> Result<Cast<'a>, RunError> {
    let start = |config: &TransformerConfig, who: &str| config.initial(&mut data::rng(experiment.seed, who));
    let random = |config: TransformerConfig| {
        let values = start(&config, "student").into();
        (config, values)
    };
    let Some(model) = models.teacher else {
        let teacher = config(&experiment.teacher.network(), vocab, contexts[0]);
        let values = match experiment.teacher.source {
            TeacherSource::Pretrained => pretrained::decoder(&teacher, experiment.task.name, &materials.shipped)?,
            TeacherSource::Live | TeacherSource::File => start(&teacher, "teacher 0"),
        };
        let student = random(config(&experiment.student, vocab, contexts[1]));
        return Ok(Cast { teacher: (teacher, values.into()), student, origins: Origins::NONE });
    };
    for (who, model, context) in [("teacher", Some(model), contexts[0]), ("student", models.student, contexts[1])] {
        let most = model.map_or(context, |model| model.config.context);
        if context > most {
            return Err(RunError::Model(format!(
                "the longest texts take {context} tokens and the {who} can look at {most}: lower text.context"
            )));
        }
    }
    let (teacher, of_teacher) = member(model, common);
    let mut origins = Origins { teacher: Some(of_teacher), student: None };
    let student = match (models.student, experiment.student.start) {
        (Some(student), _) => {
            let (student, of_student) = member(student, common);
            origins.student = Some(of_student);
            student
        }
        (None, Start::TeacherLayers) => {
            let (config, values) =
                model.with_layers(experiment.student.layers, &experiment.student.from_layers).map_err(RunError::Model)?;
            (config, values.into())
        }
        (None, Start::Random | Start::File) => {
            random(TransformerConfig { context: model.config.context, ..config(&experiment.student, model.config.vocab, contexts[1]) })
        }
    };
    Ok(Cast { teacher, student, origins })
}

/// The student that is distilled where hints need a projection to its teacher's width: it begins as the other in all else.
///
/// # Errors
/// Adapters, beside which nothing else learns.
pub fn guided(
    (student, values): (&TransformerConfig, &[Vec<f32>]),
    teacher: &TransformerConfig,
    experiment: &Experiment,
) -> Result<Option<Member<'static>>, RunError> {
    if experiment.distill.hint_weight == 0.0 || student.width == teacher.width {
        return Ok(None);
    }
    if experiment.student.lora_rank > 0 {
        let message = format!(
            "the teacher is {} wide and the student {}, and beside adapters no projection between them learns: set student.lora_rank=0, or \
             this to 0",
            teacher.width, student.width
        );
        return Err(SpecError::conflict("distill.hint_weight", message).into());
    }
    let config = TransformerConfig { projection: Some(teacher.width), ..student.clone() };
    let mut fresh = config.initial(&mut data::rng(experiment.seed, "projection"));
    let projection = fresh.split_off(values.len());
    Ok(Some((config, [values, &projection].concat().into())))
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
