//! The presets: named experiments, each a handful of knobs over the defaults.

mod families;

use serde::Serialize;

use self::families::{CHARACTERS, CHECKPOINT, ENCODERS, GRAMMAR, LABELS, SENTENCES};
use super::{Experiment, SpecError, TeacherSource, knobs};

/// A named experiment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Preset {
    /// Id in URLs and on the command line, and of its texts in the catalogues.
    pub id: &'static str,
    /// What a family of presets has in common, over the defaults.
    pub base: &'static [(&'static str, &'static str)],
    /// What differs from that.
    pub set: &'static [(&'static str, &'static str)],
    /// One line of English for `list`; empty in the page.
    pub help: &'static str,
}

/// Every preset, the first screen first.
pub const TABLE: &[Preset] = &[
    Preset {
        id: "first-light",
        base: &[],
        set: &[("task.labels_per_class", "10")],
        help: knobs::english("Digits with 10 labels per class: the distilled student beats the student alone."),
    },
    Preset {
        id: "all-labels",
        base: &[],
        set: &[],
        help: knobs::english("Digits with every label: nothing is left to gain, and at 1,000 steps the distilled student is still behind."),
    },
    Preset {
        id: "narrow-student",
        base: &[],
        set: &[("student.widths", "5"), ("task.labels_per_class", "20")],
        help: knobs::english("A student of 5 units, which a high temperature asks too much of."),
    },
    Preset {
        id: "wide-student",
        base: &[],
        set: &[("student.widths", "64"), ("task.labels_per_class", "20")],
        help: knobs::english("A student of 64 units, which gains from a high temperature."),
    },
    Preset {
        id: "omitted-class",
        base: &[],
        set: &[("task.omit_class", "3"), ("student.widths", "32"), ("distill.alpha", "0")],
        help: knobs::english("Digits without any 3 in the student's data: it still recognises some, more after a bias shift."),
    },
    Preset {
        id: "no-t-squared",
        base: &[],
        set: &[
            ("task.labels_per_class", "10"),
            ("distill.temperature", "20"),
            ("distill.t_squared", "false"),
            // AdamW divides a gradient by its own size, and so undoes what dropping T² does to it.
            ("train.optimizer", "sgd"),
            ("train.lr", "0.1"),
        ],
        help: knobs::english("Without T² the soft gradient vanishes at T = 20; with SGD, because AdamW would scale it up again."),
    },
    Preset {
        id: "label-smoothing",
        base: &[],
        set: &[("task.labels_per_class", "10"), ("train.label_smoothing", "0.1")],
        help: knobs::english("The student alone gets label smoothing: soft labels without a teacher."),
    },
    Preset {
        id: "plane",
        base: &[],
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
        help: knobs::english("Spirals in the plane: watch the three decision surfaces."),
    },
    Preset {
        id: "fashion",
        base: &[],
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
        help: knobs::english("Fashion-MNIST with CNNs."),
    },
    Preset {
        id: "grammar",
        base: GRAMMAR,
        set: &[],
        help: knobs::english("Language: the teacher's distribution of every token, forward KL."),
    },
    Preset {
        id: "grammar-reverse",
        base: GRAMMAR,
        set: &[("distill.divergence", "reverse_kl")],
        help: knobs::english("Language: the same with reverse KL, which would rather drop an answer than make one up."),
    },
    Preset {
        id: "sft",
        base: GRAMMAR,
        set: &[("text.method", "sft")],
        help: knobs::english("Language: fine-tuning on the data, without a teacher."),
    },
    Preset {
        id: "seq-kd",
        base: GRAMMAR,
        set: &[("text.method", "seq_kd"), ("distill.access", "labels")],
        help: knobs::english("Language: fine-tuning on texts that the teacher wrote; a black box suffices."),
    },
    Preset {
        id: "uld",
        base: GRAMMAR,
        set: &[("text.method", "uld"), ("distill.alpha", "0.4")],
        help: knobs::english("Language: the teacher's probabilities without the names of the tokens, as if its vocabulary were another."),
    },
    Preset {
        id: "gkd",
        base: GRAMMAR,
        set: &[("text.method", "gkd"), ("distill.divergence", "jsd_gkd")],
        help: knobs::english("Language: the teacher judges the student's own texts, token by token."),
    },
    Preset {
        id: "distillm",
        base: GRAMMAR,
        // The loss of this grammar only falls, so that a share of 0 would stay 0: as in the authors' script for OpenLLaMA it starts at 0.2.
        set: &[
            ("text.method", "distillm"),
            ("distill.divergence", "skew_forward"),
            ("text.student_share", "1"),
            ("text.share_start", "0.2"),
        ],
        help: knobs::english("Language: skewed KL on data and on a replay buffer of the student's texts."),
    },
    Preset {
        id: "distillm-2",
        base: GRAMMAR,
        set: &[("text.method", "distillm2")],
        help: knobs::english("Language: skewed forward KL on the teacher's texts against skewed reverse KL on the student's."),
    },
    Preset {
        id: "minillm",
        base: GRAMMAR,
        set: &[("text.method", "minillm")],
        help: knobs::english("Language: reverse KL of whole texts by policy gradient."),
    },
    Preset {
        id: "dpkd",
        base: GRAMMAR,
        set: &[("text.method", "dpkd")],
        help: knobs::english("Language: the teacher's text is to be preferred to the student's."),
    },
    Preset {
        id: "arithmetic",
        base: GRAMMAR,
        set: &[
            ("task.name", "arithmetic"),
            ("teacher.source", "live"),
            ("teacher.layers", "2"),
            ("teacher.dim", "64"),
            ("teacher.steps", "2500"),
            ("student.layers", "2"),
            ("student.dim", "48"),
            ("distill.access", "labels"),
            ("text.method", "seq_kd"),
            ("text.examples", "500"),
            ("text.transfer", "all"),
            ("text.sft_steps", "0"),
            ("train.batch_size", "64"),
            ("train.steps", "3000"),
            ("train.eval_every", "250"),
        ],
        help: knobs::english("Language: 500 sums with their answers, and a black box that answers 14,050 others."),
    },
    Preset {
        id: "names",
        base: CHARACTERS,
        set: &[("task.name", "names"), ("text.examples", "300")],
        help: knobs::english("Language: 300 first names, letter by letter; alone the student learns them by heart."),
    },
    Preset {
        id: "novel",
        base: CHARACTERS,
        set: &[("task.name", "novel"), ("text.examples", "500")],
        help: knobs::english("Language: two chapters of Moby Dick, letter by letter, of which the students have 500 windows."),
    },
    Preset {
        id: "smollm2",
        base: CHECKPOINT,
        set: &[],
        help: knobs::english("Native: a checkpoint of your own (--teacher MODEL) into a student of half SmolLM2's layers, on real text."),
    },
    Preset {
        id: "distilbert",
        base: ENCODERS,
        set: &[],
        help: knobs::english("Encoders: DistilBERT's triple loss; half the teacher's layers learn to foretell masked words."),
    },
    Preset {
        id: "text-labels",
        base: ENCODERS,
        set: &[
            LABELS[0],
            LABELS[1],
            LABELS[2],
            LABELS[3],
            ("teacher.steps", "400"),
            ("student.start", "random"),
            ("student.layers", "1"),
            ("student.dim", "32"),
            ("train.steps", "300"),
            ("train.eval_every", "25"),
        ],
        help: knobs::english("Encoders: which thing is an answer about? Task distillation: the labels, and a teacher fine-tuned on them."),
    },
    Preset {
        id: "minilm-labels",
        base: SENTENCES,
        set: &[
            LABELS[0],
            LABELS[1],
            LABELS[2],
            LABELS[3],
            ("task.name", "labels"),
            ("encoder.adapt_steps", "300"),
            ("teacher.lr", "0.0001"),
            ("text.context", "48"),
            ("text.tests", "1000"),
            ("train.steps", "300"),
            ("train.lr", "0.0002"),
            ("train.weight_decay", "0.01"),
        ],
        help: knobs::english(
            "Native: task distillation on labelled texts (--data FILE) of an encoder of your own (--teacher MODEL) that is fine-tuned first.",
        ),
    },
    Preset {
        id: "distilbert-native",
        base: SENTENCES,
        set: &[
            ("encoder.objective", "masked"),
            ("student.layers", "6"),
            ("text.context", "128"),
            ("train.batch_size", "8"),
            // As the authors' code has it, but for 50 micro-batches of 5.
            ("train.accumulate", "32"),
            ("train.lr", "0.0005"),
            ("train.beta2", "0.98"),
            ("train.epsilon", "0.000001"),
            ("train.clip", "5"),
            ("train.clip_by", "network"),
        ],
        help: knobs::english(
            "Native: DistilBERT's recipe with its numbers; an encoder of BERT's kind (--teacher MODEL) into six of its layers, on real text.",
        ),
    },
    Preset {
        id: "minilm",
        base: SENTENCES,
        set: &[],
        help: knobs::english(
            "Native: a sentence encoder of your own (--teacher MODEL, such as all-MiniLM-L6-v2) into half its layers, on real text.",
        ),
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
    /// Whether it needs a model of the visitor's own, which the page cannot read.
    pub fn is_native(&self) -> bool {
        self.experiment().teacher.source == TeacherSource::File
    }

    /// The experiment it names.
    pub fn experiment(&self) -> Experiment {
        let mut experiment = Experiment { preset: self.id.into(), ..Experiment::default() };
        for (key, text) in self.base.iter().chain(self.set) {
            knobs::find(key).and_then(|knob| knob.set_text(&mut experiment, text)).expect("a test reads every preset");
        }
        experiment
    }
}
