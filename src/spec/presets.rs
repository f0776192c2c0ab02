//! The presets: named experiments, each a handful of knobs over the defaults.

use serde::Serialize;

use super::{Experiment, SpecError, knobs};

/// A named experiment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Preset {
    /// Id in URLs and on the command line, and of its texts in the catalogues.
    pub id: &'static str,
    /// What differs from the defaults.
    pub set: &'static [(&'static str, &'static str)],
    /// One line of English for `list`.
    pub help: &'static str,
}

/// Every preset, the first screen first.
pub const TABLE: &[Preset] = &[
    Preset {
        id: "first-light",
        set: &[("task.labels_per_class", "10")],
        help: "Digits with 10 labels per class: the distilled student beats the student alone.",
    },
    Preset {
        id: "all-labels",
        set: &[],
        help: "Digits with every label: nothing is left to gain, and at 1,000 steps the distilled student is still behind.",
    },
    Preset {
        id: "narrow-student",
        set: &[("student.widths", "8"), ("task.labels_per_class", "20")],
        help: "A student of 8 units: is a small temperature better for it? Here no difference shows.",
    },
    Preset {
        id: "wide-student",
        set: &[("student.widths", "64"), ("task.labels_per_class", "20")],
        help: "A student of 64 units, which gains from a high temperature.",
    },
    Preset {
        id: "omitted-class",
        set: &[("task.omit_class", "3"), ("student.widths", "32"), ("distill.alpha", "0")],
        help: "Digits without any 3 in the student's data: it still recognises some, more after a bias shift.",
    },
    Preset {
        id: "no-t-squared",
        set: &[
            ("task.labels_per_class", "10"),
            ("distill.temperature", "20"),
            ("distill.t_squared", "false"),
            // AdamW divides a gradient by its own size, and so undoes what dropping T² does to it.
            ("train.optimizer", "sgd"),
            ("train.lr", "0.1"),
        ],
        help: "Without T² the soft gradient vanishes at T = 20; with SGD, because AdamW would scale it up again.",
    },
    Preset {
        id: "label-smoothing",
        set: &[("task.labels_per_class", "10"), ("train.label_smoothing", "0.1")],
        help: "The student alone gets label smoothing: soft labels without a teacher.",
    },
    Preset {
        id: "plane",
        set: &[
            ("task.name", "plane"),
            ("task.shape", "spirals"),
            ("task.labels_per_class", "20"),
            ("teacher.source", "live"),
            ("teacher.widths", "64,64"),
            ("teacher.steps", "600"),
            ("teacher.lr", "0.005"),
            ("student.widths", "24"),
            ("train.lr", "0.005"),
            ("train.steps", "1500"),
        ],
        help: "Spirals in the plane: watch the three decision surfaces.",
    },
    Preset {
        id: "fashion",
        set: &[
            ("task.name", "fashion"),
            ("task.labels_per_class", "20"),
            ("teacher.kind", "cnn"),
            ("teacher.channels", "32,64"),
            ("teacher.widths", "128"),
            ("student.kind", "cnn"),
            ("student.channels", "8,16"),
            ("student.widths", "32"),
        ],
        help: "Fashion-MNIST with CNNs.",
    },
];

/// The preset of that id.
///
/// # Errors
/// [`SpecError::UnknownPreset`] with the list.
pub fn find(id: &str) -> Result<&'static Preset, SpecError> {
    TABLE.iter().find(|preset| preset.id == id).ok_or_else(|| SpecError::preset(id))
}

impl Preset {
    /// The experiment it names.
    pub fn experiment(&self) -> Experiment {
        let mut experiment = Experiment { preset: self.id.into(), ..Experiment::default() };
        for (key, text) in self.set {
            knobs::find(key).and_then(|knob| knob.set_text(&mut experiment, text)).expect("a test reads every preset");
        }
        experiment
    }
}
