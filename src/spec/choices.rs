//! What the choices of an experiment mean. Their names in files, links and commands are these in snake case.

use serde::{Deserialize, Serialize};

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),* }
    };
}

choices! {
    /// The data set.
    TaskName {
        /// UCI optical digits, 8×8, 1,797 rows.
        Digits,
        /// Fashion-MNIST: a 14×14 subset in the page, the full 28×28 set natively with `--data`.
        Fashion,
        /// Points in the plane.
        Plane,
        /// Instructions about a small world, each with several right answers.
        Grammar,
        /// Sums and differences, whose answers can be checked.
        Arithmetic,
        /// First names, letter by letter.
        Names,
        /// Moby Dick, letter by letter, or a text of one's own.
        Novel,
        /// Instruction data of one's own, natively with `--data FILE.jsonl`.
        Jsonl,
        /// Texts with a label each, natively with `--data FILE`; encoders name the label.
        Labels,
    }
}

impl TaskName {
    /// Whether the networks read and write text.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Grammar | Self::Arithmetic | Self::Names | Self::Novel | Self::Jsonl | Self::Labels)
    }

    /// Whether a decoder's answers are written, and held against one that is right.
    pub fn has_references(self) -> bool {
        matches!(self, Self::Arithmetic | Self::Jsonl)
    }
}

choices! {
    /// The shape of the `plane` task.
    Shape { Spirals, Rings, Blobs }
}
choices! {
    /// Which training rows the students see.
    Transfer {
        /// Only the labelled rows.
        Labelled,
        /// All rows: the distilled student hears the teacher on the unlabelled ones, which have no hard loss.
        All,
    }
}
choices! {
    /// The kind of a network.
    NetworkKind {
        Mlp,
        Cnn,
        /// A decoder-only transformer: it writes, and is the network of every text task.
        Decoder,
        /// A transformer that reads both ways, BERT's kind (`grammar`, `novel` and `labels`).
        Encoder,
    }
}

choices! {
    /// After whom a decoder is built.
    Family {
        /// Learned positions, layer norm, GELU.
        Gpt2,
        /// Rotary positions, RMS norm, SwiGLU.
        Llama,
    }
}

choices! {
    /// What both students start from.
    Start {
        /// Random weights.
        Random,
        /// Some of the teacher's layers, evenly spaced, and all that is not a layer.
        TeacherLayers,
        /// A model of one's own, natively with `--student MODEL`. It decides its shape; a decoder may have a tokenizer of its own.
        File,
    }
}

choices! {
    /// The matrices of a student's layers that get an adapter (LoRA).
    LoraTargets {
        /// Of attention and feed-forward layers.
        All,
        /// Queries, keys, values, output.
        Attention,
        FeedForward,
    }
}

choices! {
    /// The numbers that the matrices of a transformer's layers are multiplied in. Weights, sums, gradients of weights and losses are f32 in any case.
    Precision {
        F32,
        /// Half the bits: the range of f32 with 8 of its 24 digits.
        Bf16,
        /// Half the bits: 11 of the 24 digits of f32 and a range from 6e-8 to 65,504, so that losses are scaled.
        F16,
    }
}

choices! {
    /// How a student of text is distilled.
    Method {
        /// The teacher's distribution of every token of the data, under any divergence.
        TokenKd,
        /// Fine-tuning on the data alone: what the student alone does, for a run of its own.
        Sft,
        /// The teacher's probabilities of every token of the data in falling order, which need no common vocabulary (ULD, Boizard et al. 2024).
        Uld,
        /// Fine-tuning on texts that the teacher wrote (Kim & Rush 2016).
        SeqKd,
        /// Token KD on the student's own texts with probability `student_share`, else on the data (GKD, Agarwal et al. 2023).
        Gkd,
        /// Skewed KL on data and, more and more, on the student's texts out of a replay buffer (DistiLLM, Ko et al. 2024).
        Distillm,
        /// Skewed forward KL on the teacher's texts, skewed reverse KL on the student's (DistiLLM-2, Ko et al. 2025).
        Distillm2,
        /// Reverse KL of whole texts by policy gradient (MiniLLM, Gu et al. 2023).
        Minillm,
        /// The teacher's text is preferred to the student's (DPKD, Li et al. 2024).
        Dpkd,
    }
}

choices! {
    /// What encoders learn.
    Objective {
        /// The words behind masks (DistilBERT).
        Masked,
        /// The teacher's embeddings of sentences.
        Embeddings,
        /// The labels of texts: distillation on a task.
        Classes,
    }
}
choices! {
    /// At which tokens a student that foretells masked words hears its teacher.
    SoftTokens {
        /// At all of them, as DistilBERT.
        All,
        /// At those to be foretold.
        Masked,
    }
}
choices! {
    /// Whose MiniLLM.
    Variant {
        /// As the paper has it.
        Paper,
        /// As the authors' code has it (microsoft/LMOps).
        Lmops,
    }
}
choices! {
    /// Where the teacher's weights come from.
    TeacherSource {
        /// Shipped with Distillery (`digits` and `fashion`).
        Pretrained,
        /// Trained in this run.
        Live,
        /// A decoder or encoder of one's own, natively with `--teacher MODEL`. It decides its shape and the tokenizer.
        File,
    }
}
choices! {
    /// When a live teacher trains.
    TeacherSchedule {
        /// Before the students.
        First,
        /// In the same steps as the students.
        Together,
    }
}
choices! {
    /// How the student's distribution q is compared with the teacher's p.
    Divergence {
        /// KL(p‖q), Hinton et al. 2015.
        ForwardKl,
        /// KL(q‖p), MiniLLM.
        ReverseKl,
        /// `β·KL(p‖M) + (1−β)·KL(q‖M)`, `M = βp + (1−β)q` (GKD).
        JsdGkd,
        /// `(1−β)·KL(p‖M) + β·KL(q‖M)`: the weights that join forward and reverse KL without a jump.
        JsdContinuous,
        /// `KL(p‖λp + (1−λ)q)` (DistiLLM).
        SkewForward,
        /// `KL(q‖(1−λ)p + λq)` (DistiLLM).
        SkewReverse,
        /// `½ Σ|p−q|`.
        TotalVariation,
        /// Mean over classes of the squared difference of logits.
        LogitMse,
        /// Decoupled KD: `α·TCKD + β·NCKD` (Zhao et al. 2022); of text, the token that stands there is the target.
        Dkd,
    }
}
choices! {
    /// How the teacher's text is preferred to the student's.
    Preference {
        /// Direct preference KD: log-probabilities per token, the teacher is the reference (Li et al. 2024).
        Dpkd,
        /// DPKD as its authors' code has it: at each position the teacher's likeliest token over the student's.
        Token,
        /// Direct preference optimisation: whole texts, the teacher is the reference, where the paper has the untrained student (Rafailov et al. 2023).
        Dpo,
        /// Per token, no reference, to be won by a margin (Meng et al. 2024).
        Simpo,
        /// A squared distance to a margin of 1/(2τ) (Azar et al. 2023).
        Ipo,
        /// No reference, and the likelihood of the teacher's text as a second term (Xu et al. 2024).
        Cpo,
    }
}
choices! {
    /// What the student may see of the teacher.
    Access {
        /// Its likeliest class.
        Labels,
        /// The log-probabilities of its `top_k` likeliest classes.
        TopK,
        /// Every logit.
        Logits,
        /// Its activations too.
        Hidden,
    }
}
choices! {
    /// The optimiser of every network of the run.
    OptimizerKind { Adamw, Sgd }
}
choices! {
    /// Whose gradient is clipped when it is too long.
    ClipBy {
        /// That of all parameters of a network together, as `clip_grad_norm_` has it (DistilBERT).
        Network,
        /// That of each parameter by itself, as burn has it.
        Tensor,
    }
}
choices! {
    /// How the learning rate changes after warm-up.
    LrSchedule {
        Constant,
        /// Half a cosine down to zero.
        Cosine,
        /// A straight line down to zero (BERT, DistilBERT).
        Linear,
    }
}
