//! Who takes part in a race of encoders: shapes and first values of teacher and students.

use std::collections::HashMap;

use super::super::origin::{Origin, Origins};
use super::super::{Materials, RunError};
use crate::data;
use crate::data::text::Labels;
use crate::model::encoder::{EncoderConfig, SentenceEncoder, Squash, narrowed};
use crate::model::formats::{Chat, bert};
use crate::model::vocabulary::{self, Vocabularies};
use crate::spec::{Experiment, Network, Objective, SpecError, Start, TeacherSource};

/// Shape and values of a network.
pub type Member = (EncoderConfig, Vec<Vec<f32>>);

/// The models that the caller handed in.
pub struct Models<'a> {
    pub teacher: Option<&'a SentenceEncoder>,
    student: Option<&'a SentenceEncoder>,
}

/// The models that the caller hands in, if the experiment asks for them.
///
/// # Errors
/// One that is asked for and not there or a decoder, one that is there and not asked for, and a student that reads otherwise than its teacher.
pub fn models<'a>(experiment: &Experiment, materials: &'a Materials) -> Result<Models<'a>, RunError> {
    let wrong = |message: String| RunError::Model(message);
    if materials.model.is_some() || materials.student.is_some() {
        return Err(wrong("the model that was handed in is a decoder, and this experiment has encoders: set both kinds to decoder".into()));
    }
    let asked = |setting: &str, flag: &str, asked: bool, model: &'a Option<SentenceEncoder>| match (asked, model) {
        (true, None) => {
            Err(wrong(format!("{setting} needs a model: {flag} MODEL, a Hugging Face folder of a BERT, DistilBERT or ELECTRA")))
        }
        (false, Some(_)) => Err(wrong(format!("{flag} names a model that this experiment does not use: set {setting}"))),
        (_, model) => Ok(model.as_ref()),
    };
    let [of_teacher, of_student] = [experiment.teacher.source == TeacherSource::File, experiment.student.start == Start::File];
    let teacher = asked("teacher.source=file", "--teacher", of_teacher, &materials.encoder)?;
    let student = asked("student.start=file", "--student", of_student, &materials.student_encoder)?;
    if let (Some(teacher), Some(student)) = (teacher, student) {
        let rows = [teacher.config.vocab, student.config.vocab];
        let common = vocabulary::compare([&teacher.tokenizer, &student.tokenizer], rows);
        if rows[0] != rows[1] || !matches!(common, Vocabularies::Common(_)) {
            return Err(wrong(
                "the student's vocabulary is not its teacher's, and encoders read by one: take a student that was cut out of this teacher"
                    .into(),
            ));
        }
    }
    Ok(Models { teacher, student })
}

impl Models<'_> {
    /// What a run keeps of them.
    pub fn origins(&self) -> Origins {
        let origin = |model: &SentenceEncoder| Origin {
            fingerprint: model.fingerprint(),
            tokenizer_json: model.tokenizer_json.clone(),
            stop: Vec::new(),
            chat: Chat::default(),
            longest: Some(model.sentences.longest),
            spare: None,
        };
        Origins { teacher: self.teacher.map(origin), student: self.student.map(origin) }
    }

    /// The labels of the texts, by the classes of a teacher that knows them all.
    ///
    /// # Errors
    /// A teacher that does not, and is not to learn them.
    pub fn labels(&self, experiment: &Experiment, labels: Labels) -> Result<Labels, RunError> {
        let Some(teacher) = self.teacher.filter(|_| experiment.encoder.objective == Objective::Classes) else { return Ok(labels) };
        match labels.renamed(&teacher.labels) {
            Ok(renamed) => Ok(renamed),
            Err(_) if experiment.encoder.adapt_steps > 0 => Ok(labels),
            Err(unknown) => {
                let knows = if teacher.labels.is_empty() {
                    "has no head for labels".into()
                } else {
                    format!("knows the labels {:?}, not `{unknown}`", teacher.labels)
                };
                Err(RunError::Model(format!(
                    "the teacher {knows}: let it be fine-tuned on these texts first, such as encoder.adapt_steps=500"
                )))
            }
        }
    }

    /// Teacher and student. `vocab` is the tokenizer's.
    ///
    /// # Errors
    /// A model that cannot look as far as the texts go or has no head for masked words, and layers that it has not.
    pub fn networks(&self, experiment: &Experiment, vocab: usize, labels: &[String]) -> Result<[Member; 2], RunError> {
        let context = experiment.text.context;
        for (who, model) in [("teacher", self.teacher), ("student", self.student)] {
            let Some(known) = model.map(|model| &model.config).filter(|known| context > known.context) else { continue };
            return Err(RunError::Model(format!(
                "texts of {context} tokens are asked for and the {who} can look at {}: lower text.context",
                known.context
            )));
        }
        let built = |network: &Network, vocab| EncoderConfig::bert(vocab, context, network.dim, network.layers, network.heads);
        let of = |model: &SentenceEncoder, who: &str| {
            let known = (model.config.clone(), model.values.clone());
            headed(&known, experiment, labels, &model.labels, who)
        };
        let teacher = match self.teacher {
            None => headed(&(built(&experiment.teacher.network(), vocab), Vec::new()), experiment, labels, &[], "teacher 0"),
            Some(model) => {
                let masked = experiment.encoder.objective == Objective::Masked;
                if masked && !model.config.masked && experiment.encoder.adapt_steps == 0 {
                    return Err(RunError::Model(
                        "the teacher has no head for masked words (a sentence encoder, perhaps): let it learn one first, such as \
                         encoder.adapt_steps=500, or set encoder.objective=embeddings"
                            .into(),
                    ));
                }
                of(model, "teacher 0")
            }
        };
        let student = match (experiment.student.start, self.student) {
            (Start::TeacherLayers, _) => layers(&teacher, experiment, labels)?,
            (_, Some(model)) => of(model, "student"),
            _ => {
                let built = built(&experiment.student, teacher.0.vocab);
                let embedding = if experiment.student.embedding > 0 { experiment.student.embedding } else { built.embedding };
                let built = EncoderConfig { context: teacher.0.context, embedding, pooling: teacher.0.pooling, ..built };
                headed(&(built, Vec::new()), experiment, labels, &[], "student")
            }
        };
        comparable(&teacher.0, &student.0, experiment)?;
        Ok([teacher, student])
    }
}

/// A student of some of a teacher's layers, perhaps with narrower embeddings. A head for labels is new: what its teacher has learned of a task it is
/// to hear. So is one for masked words behind narrower embeddings, of which it is made.
///
/// # Errors
/// Layers that it has not, and embeddings that are wider than its own.
pub fn layers((teacher, values): &Member, experiment: &Experiment, labels: &[String]) -> Result<Member, RunError> {
    let Network { layers, from_layers, embedding, .. } = &experiment.student;
    let mut student = teacher.student(values, *layers, from_layers).map_err(RunError::Model)?;
    if *embedding > teacher.embedding {
        return Err(RunError::Model(format!(
            "the teacher's embeddings are {} wide, and {embedding} were asked for, where there is nothing to take: set student.embedding from 2 to {}, \
             or to 0 for as wide as they are",
            teacher.embedding, teacher.embedding
        )));
    }
    if *embedding > 0 && *embedding < teacher.embedding {
        student = narrowed(&student.0, &student.1, *embedding);
    }
    Ok(headed(&student, experiment, labels, &[], "student"))
}

/// Whether the two can be compared by the terms that have a weight. Weights are live: it is asked again when one is turned.
///
/// # Errors
/// Widths or heads that do not serve, with the remedy.
pub fn comparable(teacher: &EncoderConfig, student: &EncoderConfig, experiment: &Experiment) -> Result<(), RunError> {
    let terms = &experiment.encoder;
    if !terms.layer_map.is_empty() && terms.compares_layers() {
        let wrong = |message| Err(SpecError::conflict("encoder.layer_map", message).into());
        if terms.layer_map.len() != student.layers {
            return wrong(format!(
                "names {} layers of the teacher, and the student has {} to copy them: name as many, or none",
                terms.layer_map.len(),
                student.layers
            ));
        }
        if let Some(missing) = terms.layer_map.iter().find(|layer| **layer >= teacher.layers) {
            return wrong(format!(
                "the teacher has {} layers, and layer {missing} is named: they go from 0 to {}",
                teacher.layers,
                teacher.layers - 1
            ));
        }
    }
    // Embeddings are what a student is for: a projection that is thrown away would take with it what they learned.
    let (plain, states) = match terms.objective {
        Objective::Masked | Objective::Classes => (0.0, terms.cosine_weight.max(terms.hidden_weight)),
        Objective::Embeddings => (terms.cosine_weight.max(terms.contrastive_weight), terms.hidden_weight),
    };
    if teacher.width != student.width && (plain > 0.0 || states > 0.0 && !projects(experiment)) {
        return Err(RunError::Model(format!(
            "embeddings, and states of students with adapters, are compared number by number, and the teacher is {} wide, the student {}: \
             set student.dim={}, or the weights of these terms (encoder.cosine_weight, hidden_weight, contrastive_weight) to 0",
            teacher.width, student.width, teacher.width
        )));
    }
    if terms.attention_weight > 0.0 && teacher.heads != student.heads {
        let message = format!(
            "maps are compared head by head, and the teacher has {} heads, the student {}: set student.heads={} (student.dim to a multiple of \
             it), or this to 0; encoder.relation_weight compares attention whatever the heads",
            teacher.heads, student.heads, teacher.heads
        );
        return Err(SpecError::conflict("encoder.attention_weight", message).into());
    }
    if terms.relation_weight > 0.0 && !student.width.is_multiple_of(teacher.heads) {
        let message =
            format!("relations are compared in the teacher's {} heads: set student.dim to a multiple of that, or this to 0", teacher.heads);
        return Err(SpecError::conflict("encoder.relation_weight", message).into());
    }
    Ok(())
}

/// Whether states of another width than the teacher's are projected. Beside adapters nothing else learns.
fn projects(experiment: &Experiment) -> bool {
    experiment.student.lora_rank == 0
}

/// The student that is distilled where it needs a projection to its teacher's width: it begins as the other in all else.
pub fn guided((student, values): &Member, teacher: &EncoderConfig, experiment: &Experiment) -> Option<Member> {
    if student.width == teacher.width || !projects(experiment) {
        return None;
    }
    let config = EncoderConfig { projection: Some(teacher.width), ..student.clone() };
    let mut fresh = config.initial(&mut data::rng(experiment.seed, "projection"));
    let projection = fresh.split_off(values.len());
    Some((config, [values.clone(), projection].concat()))
}

/// A network with the head that the objective asks for and no other: with its own values where it has them, fresh ones elsewhere. A head that
/// `knows` other labels starts afresh.
fn headed((known, values): &Member, experiment: &Experiment, labels: &[String], knows: &[String], who: &str) -> Member {
    let config = match experiment.encoder.objective {
        Objective::Classes => bert::classifying(known, labels.len()),
        objective => EncoderConfig { masked: objective == Objective::Masked, pooler: false, classifier: None, ..known.clone() },
    };
    let mut places: HashMap<String, &Vec<f32>> =
        known.parameters().into_iter().zip(values).map(|(parameter, values)| (parameter.name, values)).collect();
    for kind in ["weight", "bias"] {
        if knows != labels {
            places.remove(&format!("classes.out.{kind}"));
        }
        // BERT's pooler is the first layer of its head, as in transformers.
        if config.classifier.is_some_and(|classifier| classifier.squash == Squash::Tanh)
            && let Some(values) = places.remove(&format!("pooler.{kind}"))
        {
            places.insert(format!("classes.dense.{kind}"), values);
        }
    }
    let fresh = config.initial(&mut data::rng(experiment.seed, who));
    let parameters = config.parameters().into_iter().zip(fresh);
    let values = parameters.map(|(parameter, fresh)| places.get(&parameter.name).map_or(fresh, |values| (*values).clone())).collect();
    (config, values)
}
