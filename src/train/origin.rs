//! Where the networks and the data of a run came from.

use serde::{Deserialize, Serialize};

use super::RunError;
use crate::data::DataError;
use crate::model::formats::Chat;
use crate::model::vocabulary::Spare;

/// What a run keeps of a model from a file beside its weights.
#[derive(Debug, Clone)]
pub struct Origin {
    pub fingerprint: String,
    pub tokenizer_json: String,
    /// Tokens that end a text; an encoder has none.
    pub stop: Vec<u32>,
    /// How a decoder's conversations are written.
    pub chat: Chat,
    /// Tokens that an encoder's texts are cut to; of a decoder they are not.
    pub longest: Option<usize>,
    /// What was cut off it because the other model has no such ids.
    pub spare: Option<Spare>,
}

/// Of the models from files that a run began with.
#[derive(Debug, Clone)]
pub struct Origins {
    pub teacher: Option<Origin>,
    /// Of a student that is no part of the teacher.
    pub student: Option<Origin>,
}

impl Origins {
    /// Of a run that began with no file.
    pub const NONE: Self = Self { teacher: None, student: None };

    /// A student of the teacher's vocabulary was taught in the teacher's form, where that has one, and is asked in it.
    pub fn speak_alike(&mut self) {
        if let (Some(teacher), Some(student)) = (&self.teacher, &mut self.student)
            && teacher.chat.template().is_some()
        {
            student.chat = teacher.chat.clone();
        }
    }
}

/// Fingerprints of what a run began with, each where it came from a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sources {
    pub data: Option<String>,
    /// Of the texts to be tested on, where they have a file of their own.
    pub test: Option<String>,
    pub teacher: Option<String>,
    pub student: Option<String>,
    /// Of the chat templates by which instructions are put. Runs of before followed none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templates: Option<String>,
}

impl Sources {
    /// Whether a run that began with `self` can go on with these data. They are compared before they are read: of others a run may not even be
    /// made.
    ///
    /// # Errors
    /// Others.
    pub fn same_data(&self, [data, test]: &[Option<String>; 2]) -> Result<(), DataError> {
        const REMEDY: &str = "not those that this run began with: put them back, or start a new run";
        if self.data != *data {
            return Err(DataError::OtherData { part: "train", problem: format!("the data are {REMEDY}") });
        }
        if self.test != *test {
            return Err(DataError::OtherData { part: "test", problem: format!("the texts to be tested on are {REMEDY}") });
        }
        Ok(())
    }

    /// The same of the models.
    ///
    /// # Errors
    /// Others.
    pub fn same_models(&self, now: &Self) -> Result<(), RunError> {
        for (who, now, before) in [("teacher", &now.teacher, &self.teacher), ("student", &now.student, &self.student)] {
            if now != before {
                return Err(RunError::Model(format!(
                    "the {who} is not the model that this run began with: put that one back, or start a new run"
                )));
            }
        }
        if now.templates != self.templates {
            return Err(RunError::Model(
                "the model's chat template is not the one that this run began with: put that one back, or start a new run".into(),
            ));
        }
        Ok(())
    }
}
