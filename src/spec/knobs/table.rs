//! The rows: every knob with its range, its line of help and what it needs.

use super::words::*;
use super::{Kind, Knob};

/// Every knob, in the order in which it is shown.
pub const TABLE: &[Knob] = &[
    row("seed", int(0, u32::MAX as i64), "Initial weights, labelled rows, label noise, order of batches."),
    row(
        "task.name",
        choice(&["digits", "fashion", "plane", "grammar", "arithmetic", "names", "novel", "jsonl", "labels"]),
        "The data set.",
    )
    .main(),
    row("task.shape", choice(&["spirals", "rings", "blobs"]), "How the points of a class lie.").main().needs(&[("task.name", PLANE)]),
    row("task.classes", int(6, 10), "Number of classes.").main().needs(&[("task.name", PLANE)]),
    row("task.points", int_log(200, 20_000), "Points, training and test together.").needs(&[("task.name", PLANE)]),
    row("task.noise", float(0.0, 0.5), "Standard deviation of the noise on each coordinate.").main().needs(&[("task.name", PLANE)]),
    row("task.added", Kind::Points { max_len: 60 }, "Labelled training points of your own, for teacher and students.")
        .needs(&[("task.name", PLANE)]),
    row("task.labels_per_class", int(0, 6000), "Labelled rows per class for the students; 0 = all.")
        .main()
        .needs(&[("task.name", CLASSES)]),
    row(
        "task.transfer",
        choice(&["labelled", "all"]),
        "Rows the students see: the labelled ones, or all (teacher's word only on the rest).",
    )
    .needs(&[("task.name", CLASSES)]),
    row("task.label_noise", float(0.0, 0.9), "Share of the students' labels that are wrong.").main().needs(&[("task.name", CLASSES)]),
    row("task.omit_class", int(-1, 9), "A class missing from the students' data; -1 = none.").main().needs(&[("task.name", CLASSES)]),
    row("task.test_fraction", float(0.1, 0.5), "Share of rows kept for testing (digits, plane).")
        .needs(&[("task.name", &["digits", "plane"])]),
    row("task.split_seed", int(0, u32::MAX as i64), "Seed of the train/test split (digits, plane).")
        .needs(&[("task.name", &["digits", "plane"])]),
    row(
        "teacher.source",
        choice(&["pretrained", "live", "file"]),
        "Shipped weights, trained in this run, or a model of your own (--teacher MODEL), whose shape is the file's.",
    )
    .main(),
    row("teacher.schedule", choice(&["first", "together"]), "A live teacher trains before or beside the students.")
        .main()
        .needs(&[("teacher.source", LIVE)]),
    row("teacher.kind", NETWORK, "Kind of the teacher network.").main(),
    row("teacher.channels", CHANNELS, "Channels of its convolutions.").needs(&[("teacher.kind", CNN)]),
    row("teacher.widths", WIDTHS, "Widths of its hidden dense layers.").main().needs(&[("teacher.kind", DENSE)]),
    row("teacher.family", FAMILY, "After whom the decoder is built.").needs(&[("teacher.kind", DECODER), ("teacher.source", BUILT)]),
    row("teacher.layers", int(1, 48), "Layers of the transformer.")
        .main()
        .needs(&[("teacher.kind", TRANSFORMER), ("teacher.source", BUILT)]),
    row("teacher.dim", int_log(8, 4096), "Width of the transformer.")
        .main()
        .needs(&[("teacher.kind", TRANSFORMER), ("teacher.source", BUILT)]),
    row("teacher.heads", int(1, 64), "Attention heads of the transformer.")
        .needs(&[("teacher.kind", TRANSFORMER), ("teacher.source", BUILT)]),
    row("teacher.steps", int_log(10, 100_000), "Steps of a live teacher that trains first.")
        .needs(&[("teacher.source", LIVE), ("teacher.schedule", &["first"])]),
    row("teacher.lr", float_log(1e-5, 1.0), "Learning rate of a live teacher, and of one from a file in encoder.adapt_steps.")
        .needs(&[("teacher.source", LIVE)])
        .or_needs(&[("teacher.source", FILE), ("encoder.objective", FORETOLD), ("student.kind", ENCODER)]),
    row("teacher.count", int(1, 5), "Live teachers whose probabilities are averaged.").needs(&[("teacher.source", LIVE)]),
    row("student.kind", NETWORK, "Kind of both student networks.").main(),
    row("student.channels", CHANNELS, "Channels of their convolutions.").needs(&[("student.kind", CNN)]),
    row("student.widths", WIDTHS, "Widths of their hidden dense layers.").main().needs(&[("student.kind", DENSE)]),
    row("student.family", FAMILY, "After whom the decoder is built.").needs(&[("student.kind", DECODER), ("student.start", RANDOM)]),
    row("student.layers", int(1, 48), "Layers of the transformer.")
        .main()
        .needs(&[("student.kind", TRANSFORMER), ("student.start", &["random", "teacher_layers"])]),
    row("student.dim", int_log(8, 4096), "Width of the transformer.")
        .main()
        .needs(&[("student.kind", TRANSFORMER), ("student.start", RANDOM)]),
    row("student.heads", int(1, 64), "Attention heads of the transformer.")
        .needs(&[("student.kind", TRANSFORMER), ("student.start", RANDOM)]),
    row(
        "student.embedding",
        int(0, 4096),
        "Width of the embedding tables, narrower than the network (factorised embeddings); 0 = as the network, or as the teacher's.",
    )
    .needs(&[("student.kind", ENCODER), ("student.start", &["random", "teacher_layers"])]),
    row(
        "student.start",
        choice(&["random", "teacher_layers", "file"]),
        "Random weights, student.layers of the teacher's layers, or a model of your own (--student MODEL).",
    )
    .needs(&[("student.kind", TRANSFORMER)]),
    row("student.from_layers", LAYERS, "Which of the teacher's layers the student takes, from 0, such as 0,2,4,7,9,11; none = evenly spaced.")
        .needs(&[("student.kind", TRANSFORMER), ("student.start", &["teacher_layers"])]),
    row("student.lora_rank", int(0, 1024), "Rank of the students' adapters (LoRA), all else frozen; 0 = all weights learn.")
        .needs(CHECKPOINT),
    row("student.lora_alpha", float_log(0.1, 1024.0), "What the adapters add is multiplied by this over their rank.").needs(CHECKPOINT),
    row("student.lora_targets", choice(&["all", "attention", "feed_forward"]), "Matrices of the layers that get an adapter.")
        .needs(CHECKPOINT),
    row("distill.access", choice(&["labels", "top_k", "logits", "hidden"]), "What the student may see of the teacher.").live().main(),
    row("distill.top_k", int_log(1, 64), "Likeliest classes or tokens that the teacher tells with their log-probabilities.")
        .live()
        .main()
        .needs(&[("distill.access", &["top_k"])]),
    row(
        "distill.divergence",
        choice(&[
            "forward_kl",
            "reverse_kl",
            "jsd_gkd",
            "jsd_continuous",
            "skew_forward",
            "skew_reverse",
            "total_variation",
            "logit_mse",
            "dkd",
        ]),
        "How the student's distribution is compared with the teacher's.",
    )
    .live()
    .main()
    .needs(&[("text.method", COMPARING), TOLD]),
    row("distill.temperature", float_log(0.5, 50.0), "T: both logits are divided by it before the softmax.")
        .live()
        .main()
        .needs(&[("text.method", WEIGHING), TOLD]),
    row("distill.alpha", float(0.0, 1.0), "α: weight of the hard-label loss; 1−α goes to the soft one.")
        .live()
        .main()
        .needs(&[("text.method", WEIGHING), ("student.kind", LABELLED)]),
    row("distill.t_squared", Kind::Bool, "Multiply the soft loss by T².").live().main().needs(&[("text.method", COMPARING), TOLD]),
    row("distill.beta", float(0.01, 0.99), "β of the generalised JSD.").live().needs(&[
        ("distill.divergence", &["jsd_gkd", "jsd_continuous"]),
        ("text.method", COMPARING),
        TOLD,
    ]),
    row("distill.skew", float(0.0, 0.9), "λ of the skewed KLs.").live().needs(&[
        ("distill.divergence", &["skew_forward", "skew_reverse"]),
        ("text.method", COMPARING),
        TOLD,
    ]),
    row("distill.dkd_alpha", float(0.0, 16.0), "Weight of DKD's term of the target: the labelled class, or the token that stands there.")
        .live()
        .needs(DECOUPLED),
    row("distill.dkd_beta", float(0.0, 16.0), "Weight of DKD's term of all the others.").live().needs(DECOUPLED),
    row("distill.standardize", Kind::Bool, "Standardise the logits of each row first.").live().needs(&[("text.method", COMPARING), TOLD]),
    row(
        "distill.hint_weight",
        float(0.0, 100.0),
        "Weight of the hint (FitNets): the squared distance from the teacher's last hidden layer, of decoders at every token, by a learned projection.",
    )
    .needs(&[("task.name", CLASSES)])
    .or_needs(&[("student.kind", DECODER), ("text.method", TOKEN_KD)]),
    row("distill.attention_weight", float(0.0, 2000.0), "Weight of attention transfer (two CNNs).")
        .needs(&[("student.kind", CNN), ("teacher.kind", CNN)]),
    row(
        "text.method",
        choice(&["token_kd", "sft", "uld", "seq_kd", "gkd", "distillm", "distillm2", "minillm", "dpkd"]),
        "What the distilled student learns by.",
    )
    .main()
    .needs(&[("student.kind", DECODER)]),
    row("text.examples", int(0, 1_000_000), "Examples that the students have; 0 = all.").main().needs(&[("student.kind", DECODER)]),
    row("text.transfer", choice(&["labelled", "all"]), "Prompts that the teacher answers: those of the students' examples, or all.")
        .main()
        .needs(&[("text.method", &["seq_kd"]), ("student.kind", DECODER)]),
    row("text.teacher_texts", int(1, 16), "Texts that the teacher writes for each prompt; the student reads another at every epoch, in turn.")
        .main()
        .needs(&[("text.method", &["seq_kd"]), ("student.kind", DECODER)]),
    row("text.sft_steps", int(0, 100_000), "First steps of the distilled student that are fine-tuning on the data.")
        .main()
        .needs(&[("student.kind", DECODER)]),
    row(
        "text.sft_lr",
        float_log(0.0, 1.0),
        "Learning rate of both students in the first text.sft_steps; schedule and warm-up begin anew after them. 0 = train.lr, one schedule for all steps.",
    )
    .live()
    .main()
    .needs(&[("student.kind", DECODER)]),
    row("text.tune_steps", int(0, 100_000), "Last steps of the distilled student that are fine-tuning on the data again.")
        .main()
        .needs(&[("student.kind", DECODER)]),
    row("text.omit_prompts", int(0, 100), "Of the grammar's 140 prompts, how many no example of the students asks; they are measured apart.")
        .main()
        .needs(&[("task.name", &["grammar"]), ("student.kind", DECODER)]),
    row("text.sampling_temperature", float(0.1, 2.0), "Temperature at which texts are sampled.")
        .live()
        .main()
        .needs(&[("student.kind", DECODER)]),
    row("text.samples", int_log(1, 2048), "Texts that each network writes for an evaluation; of arithmetic and jsonl the answers that accuracy counts, one to a test example.").needs(&[("student.kind", DECODER)]),
    row("text.tests", int_log(1, 10_000), "Test examples asked at an evaluation where not all right answers are known.")
        .needs(&[("task.name", &["names", "novel", "jsonl", "labels", "arithmetic"])])
        .or_needs(&[("student.kind", ENCODER)]),
    row(
        "text.context",
        int_log(8, 8192),
        "Most tokens of an example of jsonl or labels, or of a piece of a novel that an encoder or a file's tokenizer reads.",
    )
    .needs(&[("task.name", &["novel", "jsonl", "labels"])])
    .or_needs(&[("student.kind", ENCODER)]),
    row(
        "text.student_share",
        float(0.0, 1.0),
        "Share of steps on the student's own texts; of DistiLLM, the most it comes to, by 0.1 at evaluations whose loss has risen.",
    )
    .live()
    .main()
    .needs(&[("text.method", &["gkd", "distillm"])]),
    row("text.share_start", float(0.0, 1.0), "Share of steps on the student's own texts to begin with.")
        .main()
        .needs(&[("text.method", DISTILLM)]),
    row(
        "text.share_tolerance",
        float(-1.0, 1.0),
        "The share grows by 0.1 when the loss is this much above that which last decided; below 0 also when it has fallen by less.",
    )
    .live()
    .needs(&[("text.method", DISTILLM)]),
    row(
        "text.replay",
        int_log(16, 100_000),
        "The student's texts that are kept for replay; while there are fewer, it writes instead of learning from old ones.",
    )
    .needs(&[("text.method", DISTILLM)]),
    row(
        "text.own_weight",
        float(1.0, 2.0),
        "What the loss on the student's own texts weighs from halfway on (it starts at 1); that on the teacher's weighs 2 less it.",
    )
    .live()
    .main()
    .needs(&[("text.method", &["distillm2"])]),
    row("text.variant", choice(&["paper", "lmops"]), "MiniLLM as in the paper, or as in the authors' code.")
        .live()
        .needs(&[("text.method", MINILLM)]),
    row("text.teacher_mix", float(0.0, 0.9), "Share of the teacher's probabilities in sampling.")
        .live()
        .main()
        .needs(&[("text.method", MINILLM)]),
    row("text.length_norm", Kind::Bool, "Divide by the length of the text.")
        .live()
        .main()
        .needs(&[("text.method", MINILLM), ("text.variant", &["paper"])])
        .or_needs(&[("text.method", DPKD), ("text.preference", &["dpkd", "simpo"])]),
    row("text.single_step", Kind::Bool, "The next token's part of the gradient exactly, not sampled.")
        .live()
        .main()
        .needs(&[("text.method", MINILLM)]),
    row("text.clip", float(0.0, 1.0), "How far a probability ratio may leave 1; 0 = no clipping.")
        .live()
        .needs(&[("text.method", MINILLM)]),
    row("text.lm_weight", float(0.0, 10.0), "Weight of the language-modelling loss on the data.")
        .live()
        .needs(&[("text.method", &["minillm", "dpkd"])]),
    row("text.inner_steps", int(1, 16), "Steps that learn from the same sampled texts.").needs(&[("text.method", MINILLM)]),
    row(
        "text.preference",
        choice(&["dpkd", "token", "dpo", "simpo", "ipo", "cpo"]),
        "Form of the preference loss. SimPO's paper has text.preference_beta=2 and text.preference_margin=1.",
    )
    .live()
    .main()
    .needs(&[("text.method", DPKD)]),
    row("text.preference_beta", float_log(0.01, 10.0), "β of the preference loss; τ of IPO.").live().main().needs(&[("text.method", DPKD)]),
    row("text.preference_margin", float(0.0, 5.0), "How much the chosen text must lead.")
        .live()
        .needs(&[("text.preference", &["simpo"]), ("text.method", DPKD)]),
    row(
        "encoder.objective",
        choice(&["masked", "embeddings", "classes"]),
        "What encoders learn: words behind masks, embeddings of sentences, or the labels of texts.",
    )
    .main()
    .needs(&[("student.kind", ENCODER)]),
    row("encoder.mask_share", float(0.01, 0.9), "Share of tokens to be foretold.")
        .needs(&[("encoder.objective", MASKED), ("student.kind", ENCODER)]),
    row(
        "encoder.mask_smoothing",
        float(0.0, 1.0),
        "Rare tokens are asked for more often: a token that occurs n times in proportion to n^-this.",
    )
    .needs(&[("encoder.objective", MASKED), ("student.kind", ENCODER)]),
    row(
        "encoder.adapt_steps",
        int(0, 100_000),
        "Steps in which a teacher from a file first learns to foretell masked tokens, or is fine-tuned on the labels (at teacher.lr).",
    )
    .needs(&[("teacher.source", FILE), ("encoder.objective", FORETOLD), ("student.kind", ENCODER)]),
    row("encoder.soft_tokens", choice(&["all", "masked"]), "Tokens at which the student hears the teacher: all, or those to be foretold.")
        .needs(&[("encoder.objective", MASKED), ("student.kind", ENCODER)]),
    row("encoder.soft_weight", float(0.0, 20.0), "Weight of T² times the divergence from the teacher.")
        .live()
        .main()
        .needs(&[("encoder.objective", FORETOLD), ("student.kind", ENCODER)]),
    row("encoder.masked_weight", float(0.0, 20.0), "Weight of the cross-entropy of the tokens to be foretold.")
        .live()
        .main()
        .needs(&[("encoder.objective", MASKED), ("student.kind", ENCODER)]),
    row("encoder.label_weight", float(0.0, 20.0), "Weight of the cross-entropy with the labels.")
        .live()
        .main()
        .needs(&[("encoder.objective", LABELS), ("student.kind", ENCODER)]),
    row("encoder.cosine_weight", float(0.0, 20.0), "Weight of the cosine distance from the teacher's last states, or embeddings.")
        .live()
        .main()
        .needs(&[("student.kind", ENCODER)]),
    row(
        "encoder.hidden_weight",
        float(0.0, 20.0),
        "Weight of the squared distance from the teacher's states, layer by layer, by a learned projection if widths differ (TinyBERT).",
    )
    .live()
    .needs(&[("student.kind", ENCODER)]),
    row(
        "encoder.attention_weight",
        float(0.0, 20.0),
        "Weight of the squared distance from the teacher's attention maps before the softmax, layer by layer and head by head (TinyBERT).",
    )
    .live()
    .needs(&[("student.kind", ENCODER)]),
    row(
        "encoder.relation_weight",
        float(0.0, 20.0),
        "Weight of the relations between queries, keys and values of the last layer (MiniLM).",
    )
    .live()
    .needs(&[("student.kind", ENCODER)]),
    row(
        "encoder.layer_map",
        LAYERS,
        "Which of the teacher's layers each layer of the student copies inside, from 0, such as 0,2,4,7,9,11; none = the one that stands as high.",
    )
    .needs(&[("student.kind", ENCODER)]),
    row("encoder.similarity_weight", float(0.0, 100.0), "Weight of the squared distance between similarities of sentences.")
        .live()
        .main()
        .needs(&[("encoder.objective", EMBEDDINGS), ("student.kind", ENCODER)]),
    row("encoder.contrastive_weight", float(0.0, 20.0), "Weight of telling the teacher's embedding from those of other sentences (CRD).")
        .live()
        .needs(&[("encoder.objective", EMBEDDINGS), ("student.kind", ENCODER)]),
    row("train.label_smoothing", float(0.0, 0.9), "Label smoothing of the student alone: the control for soft labels.")
        .live()
        .main()
        .needs(&[("task.name", CLASSES)]),
    row("train.optimizer", choice(&["adamw", "sgd"]), "Optimiser of every network."),
    row("train.lr", float_log(1e-8, 1.0), "Learning rate of the students.").live().main(),
    row("train.schedule", choice(&["constant", "cosine", "linear"]), "Learning rate after warm-up."),
    row("train.warmup_steps", int(0, 10_000), "Steps of linear warm-up."),
    row("train.weight_decay", float(0.0, 1.0), "Weight decay (decoupled in AdamW)."),
    row("train.momentum", float(0.0, 0.999), "Momentum.").needs(&[("train.optimizer", &["sgd"])]),
    row("train.beta1", float(0.0, 0.9999), "Decay of AdamW's mean of the gradients.").needs(&[("train.optimizer", ADAMW)]),
    row("train.beta2", float(0.0, 0.99999), "Decay of AdamW's mean of their squares.").needs(&[("train.optimizer", ADAMW)]),
    row("train.epsilon", float_log(1e-12, 0.1), "Added to the root of that mean, by which AdamW divides.").needs(&[("train.optimizer", ADAMW)]),
    row("train.clip", float(0.0, 100.0), "Largest norm of a gradient; 0 = none."),
    row(
        "train.clip_by",
        choice(&["network", "tensor"]),
        "Which gradient train.clip clips: that of all parameters of a network together, or of each tensor by itself.",
    ),
    row("train.batch_size", int_log(1, 1024), "Rows per step, or of each micro-batch of a step."),
    row("train.accumulate", int_log(1, 256), "Micro-batches per step: the optimiser sees the mean of their gradients, memory holds one."),
    row(
        "train.gradient_checkpointing",
        Kind::Bool,
        "Less memory for more time: the backward pass computes cheap operations again instead of keeping their results.",
    ),
    row(
        "train.precision",
        choice(&["f32", "bf16", "f16"]),
        "Numbers that the matrices of a transformer's layers are multiplied in: bf16 and f16 (with loss scaling) need a device that has them; weights and losses stay f32.",
    )
    .needs(&[("student.kind", TRANSFORMER)]),
    row("train.steps", int_log(1, 1_000_000), "Steps of the students.").main(),
    row("train.eval_every", int(1, 10_000), "Steps between two evaluations."),
    row(
        "train.validation",
        float(0.0, 0.5),
        "Share of the students' labelled rows or examples that is held out to choose by (patience, --keep-best); 0 = the test rows choose.",
    ),
    row(
        "train.patience",
        int(0, 1000),
        "Evaluations in a row without a better distilled student (accuracy, of open answers ROUGE-L, then loss, of the validation part) that end the run; 0 = none do.",
    ),
];
