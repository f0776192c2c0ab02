//! What rows of the table are written in: kinds, and what knobs need.

use super::{Kind, Knob, Need, english};

pub(super) const fn row(key: &'static str, kind: Kind, text: &'static str) -> Knob {
    Knob { key, kind, live: false, main: false, needs: &[], or_needs: &[], help: english(text) }
}

impl Knob {
    pub(super) const fn live(mut self) -> Self {
        self.live = true;
        self
    }
    pub(super) const fn main(mut self) -> Self {
        self.main = true;
        self
    }
    pub(super) const fn needs(mut self, needs: &'static [Need]) -> Self {
        self.needs = needs;
        self
    }
    pub(super) const fn or_needs(mut self, needs: &'static [Need]) -> Self {
        self.or_needs = needs;
        self
    }
}

pub(super) const fn int(min: i64, max: i64) -> Kind {
    Kind::Int { min, max, log: false }
}
pub(super) const fn int_log(min: i64, max: i64) -> Kind {
    Kind::Int { min, max, log: true }
}
pub(super) const fn float(min: f64, max: f64) -> Kind {
    Kind::Float { min, max, log: false }
}
pub(super) const fn float_log(min: f64, max: f64) -> Kind {
    Kind::Float { min, max, log: true }
}
pub(super) const fn choice(options: &'static [&'static str]) -> Kind {
    Kind::Choice { options }
}
pub(super) const WIDTHS: Kind = Kind::Widths { max_len: 4, min: 1, max: 4096 };
pub(super) const CHANNELS: Kind = Kind::Widths { max_len: 3, min: 1, max: 512 };
/// Layers are counted from 0.
pub(super) const LAYERS: Kind = Kind::Widths { max_len: 48, min: 0, max: 47 };
pub(super) const NETWORK: Kind = choice(&["mlp", "cnn", "decoder", "encoder"]);
pub(super) const FAMILY: Kind = choice(&["gpt2", "llama"]);
pub(super) const PLANE: &[&str] = &["plane"];
pub(super) const CLASSES: &[&str] = &["digits", "fashion", "plane"];
pub(super) const DENSE: &[&str] = &["mlp", "cnn"];
pub(super) const DECODER: &[&str] = &["decoder"];
pub(super) const ENCODER: &[&str] = &["encoder"];
/// Encoders weigh their labels by `encoder.masked_weight` or `encoder.label_weight`.
pub(super) const LABELLED: &[&str] = &["mlp", "cnn", "decoder"];
pub(super) const TRANSFORMER: &[&str] = &["decoder", "encoder"];
pub(super) const MASKED: &[&str] = &["masked"];
pub(super) const EMBEDDINGS: &[&str] = &["embeddings"];
pub(super) const LABELS: &[&str] = &["classes"];
/// What a head foretells: tokens or labels.
pub(super) const FORETOLD: &[&str] = &["masked", "classes"];
pub(super) const CNN: &[&str] = &["cnn"];
pub(super) const LIVE: &[&str] = &["live"];
pub(super) const RANDOM: &[&str] = &["random"];
pub(super) const ADAMW: &[&str] = &["adamw"];
/// A teacher whose shape is the experiment's and not a file's.
pub(super) const BUILT: &[&str] = &["pretrained", "live"];
/// The student is told probabilities: from a bare answer it learns as from a label.
pub(super) const TOLD: Need = ("distill.access", &["top_k", "logits", "hidden"]);
pub(super) const DECOUPLED: &[Need] = &[("distill.divergence", &["dkd"]), ("text.method", COMPARING), TOLD];
pub(super) const FILE: &[&str] = &["file"];
/// Students that start from a checkpoint.
pub(super) const CHECKPOINT: &[Need] =
    &[("student.kind", TRANSFORMER), ("teacher.source", FILE), ("student.start", &["teacher_layers", "file"])];
pub(super) const MINILLM: &[&str] = &["minillm"];
pub(super) const DPKD: &[&str] = &["dpkd"];
pub(super) const DISTILLM: &[&str] = &["distillm"];
pub(super) const TOKEN_KD: &[&str] = &["token_kd"];
/// Methods that compare the two token by token; of classifiers there is no other.
pub(super) const COMPARING: &[&str] = &["token_kd", "gkd", "distillm"];
/// Those whose loss has a temperature and a weight of the labels.
pub(super) const WEIGHING: &[&str] = &["token_kd", "gkd", "distillm", "uld"];
