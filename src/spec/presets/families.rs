//! What presets of a family have in common, over the defaults.

/// What README and lessons say of the presets that clip was measured so.
const BY_TENSOR: (&str, &str) = ("train.clip_by", "tensor");

/// A student that in 1,000 steps does not come to know all that its teacher knows of the instruction grammar.
pub(super) const GRAMMAR: &[(&str, &str)] = &[
    ("task.name", "grammar"),
    ("teacher.kind", "decoder"),
    ("teacher.steps", "2000"),
    ("teacher.lr", "0.003"),
    ("student.kind", "decoder"),
    // In as many steps 1 × 24 all but learns the grammar, 1 × 16 does not; fine-tuned for 20,000 it does.
    ("student.dim", "16"),
    ("distill.temperature", "1"),
    ("distill.alpha", "0"),
    ("text.sft_steps", "200"),
    ("train.batch_size", "32"),
    ("train.steps", "1000"),
    ("train.lr", "0.005"),
    ("train.schedule", "cosine"),
    ("train.eval_every", "50"),
    ("train.clip", "1"),
    BY_TENSOR,
];

/// Texts letter by letter, of which the students have few and the teacher all.
pub(super) const CHARACTERS: &[(&str, &str)] = &[
    ("teacher.kind", "decoder"),
    ("teacher.source", "live"),
    ("teacher.layers", "2"),
    ("teacher.dim", "64"),
    ("teacher.steps", "800"),
    ("teacher.lr", "0.003"),
    ("student.kind", "decoder"),
    ("student.dim", "32"),
    ("distill.temperature", "1"),
    ("distill.alpha", "0"),
    ("train.batch_size", "32"),
    ("train.steps", "600"),
    ("train.lr", "0.005"),
    ("train.schedule", "cosine"),
    ("train.eval_every", "50"),
    ("train.clip", "1"),
    BY_TENSOR,
];

/// A real checkpoint, in steps of seconds on a CPU.
pub(super) const CHECKPOINT: &[(&str, &str)] = &[
    ("task.name", "novel"),
    ("teacher.kind", "decoder"),
    ("teacher.source", "file"),
    ("student.kind", "decoder"),
    ("student.layers", "15"),
    ("student.start", "teacher_layers"),
    ("distill.temperature", "1"),
    ("distill.alpha", "0.5"),
    ("text.context", "64"),
    ("text.tests", "16"),
    ("text.samples", "2"),
    ("train.batch_size", "4"),
    ("train.steps", "200"),
    ("train.lr", "0.0003"),
    ("train.warmup_steps", "10"),
    ("train.schedule", "cosine"),
    ("train.eval_every", "50"),
    ("train.clip", "1"),
    BY_TENSOR,
];

/// DistilBERT's recipe on encoders small enough for a page: words of the instruction grammar behind masks.
pub(super) const ENCODERS: &[(&str, &str)] = &[
    ("task.name", "grammar"),
    ("teacher.kind", "encoder"),
    ("teacher.source", "live"),
    ("teacher.layers", "4"),
    ("teacher.dim", "64"),
    ("teacher.steps", "1000"),
    ("student.kind", "encoder"),
    ("student.layers", "2"),
    ("student.dim", "64"),
    ("student.heads", "4"),
    ("student.start", "teacher_layers"),
    ("distill.temperature", "2"),
    ("text.context", "32"),
    ("train.batch_size", "32"),
    ("train.steps", "500"),
    ("train.schedule", "linear"),
    ("train.warmup_steps", "50"),
    ("train.eval_every", "50"),
    ("train.clip", "1"),
    BY_TENSOR,
];

/// A real sentence encoder, of MiniLM's shape where a student starts from random weights.
pub(super) const SENTENCES: &[(&str, &str)] = &[
    ("task.name", "novel"),
    ("teacher.kind", "encoder"),
    ("teacher.source", "file"),
    ("teacher.dim", "384"),
    ("teacher.heads", "12"),
    ("student.kind", "encoder"),
    ("student.layers", "3"),
    ("student.dim", "384"),
    ("student.heads", "12"),
    ("student.start", "teacher_layers"),
    ("distill.temperature", "2"),
    ("encoder.objective", "embeddings"),
    // The cosines of a batch differ by less than the embeddings do: this makes the two terms about as large.
    ("encoder.similarity_weight", "10"),
    ("text.context", "64"),
    ("train.batch_size", "16"),
    ("train.steps", "1000"),
    ("train.lr", "0.0003"),
    ("train.schedule", "linear"),
    ("train.warmup_steps", "50"),
    ("train.weight_decay", "0"),
    ("train.eval_every", "100"),
    ("train.clip", "1"),
    BY_TENSOR,
];

/// The second step of distillation, on a task, with DistilBERT's weights for it: half the soft loss at T = 2, half the labels.
pub(super) const LABELS: &[(&str, &str)] =
    &[("encoder.objective", "classes"), ("encoder.soft_weight", "0.5"), ("encoder.label_weight", "0.5"), ("encoder.cosine_weight", "0")];
