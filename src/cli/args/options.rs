//! What can be typed behind a command.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use super::DEVICES;
use crate::device::Choice;
use crate::spec::TaskName;

const RUN_EXAMPLES: &str = "\
Examples:
  distillery run first-light
  distillery run first-light --seeds 5 --out runs/five
  distillery run mine.toml --device cpu
  distillery run fashion --set teacher.source=live --data ~/fashion-mnist
  distillery run smollm2 --teacher SmolLM2-135M-Instruct.Q4_1.gguf --data novel.txt
  distillery run smollm2 --teacher large/ --student small/ --data novel.txt
  distillery run first-light --json | jq -c 'select(.type == \"evaluated\")'

An experiment file says what differs from its preset, and may say in a table `run` what else is to be typed; paths are
relative to the file, and flags go before it. As mine.toml:
  version = 1
  preset = \"minilm\"
  [train]
  steps = 300
  [run]                           # teacher, student, data, test, teacher_cache, teacher_texts,
  teacher = \"models/minilm\"       # out, device, seeds, checkpoint_every, keep_best
  data = \"corpus.txt\"
  keep_best = 3";

/// The most `--seeds`.
pub const MOST_SEEDS: u32 = 1000;
/// The most `--keep-best`.
pub const MOST_BEST: usize = 100;

#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// A preset (`distillery list`) or an experiment file (.json or .toml)
    #[arg(value_name = "PRESET|FILE")]
    pub what: String,
    #[command(flatten)]
    pub knobs: KnobArgs,
    #[command(flatten)]
    pub place: PlaceArgs,
    /// The teacher (teacher.source=file): a LLaMA as GGUF, a Hugging Face folder, or an id on the Hub such as HuggingFaceTB/SmolLM2-135M
    #[arg(long, value_name = "MODEL")]
    pub teacher: Option<PathBuf>,
    /// What both students start from (sets student.start=file), as for --teacher; a decoder may have a tokenizer of its own
    #[arg(long, value_name = "MODEL")]
    pub student: Option<PathBuf>,
    /// Texts to be tested on (task.name=labels), as --data; without them a tenth of every label of --data is
    #[arg(long, value_name = "FILE")]
    pub test: Option<PathBuf>,
    /// Ask the teacher once for its distill.top_k likeliest tokens, keep them here, and learn from the file (distill.access=top_k)
    #[arg(long, value_name = "FILE")]
    pub teacher_cache: Option<PathBuf>,
    /// Keep what the teacher writes (text.method=seq_kd) here instead of in the run directory, and learn from what is there already
    #[arg(long, value_name = "FILE")]
    pub teacher_texts: Option<PathBuf>,
    /// Run directory [default: runs/PRESET-seedN-K]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Repeat with this many paired seeds, from `seed` upwards, and judge distilled against alone
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u32>::new().range(1..=u64::from(MOST_SEEDS)))]
    pub seeds: Option<u32>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct KnobArgs {
    /// Turn a knob (`distillery describe knobs`); may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Steps between two checkpoints, the teacher's steps counted too (saved at the next multiple of 10 steps, or evaluation) [default: 500]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub checkpoint_every: Option<usize>,
    /// Keep the distilled students of the K best evaluations, in best/ (accuracy, of open answers ROUGE-L, then loss, of the validation part: train.validation) [default: 0]
    #[arg(long, value_name = "K", value_parser = RangedU64ValueParser::<usize>::new().range(..=MOST_BEST as u64))]
    pub keep_best: Option<usize>,
    /// One event per line on stdout, for machines
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Where it runs; `auto` takes a hardware GPU when there is one. Several, with commas between, share the micro-batches of a step (train.accumulate) [default: auto]
    #[arg(long, value_name = DEVICES)]
    pub device: Option<Choice>,
    /// Folder with the four IDX files of Fashion-MNIST or MNIST, plain or .gz (task.name=fashion), or a file of text (names, novel, jsonl, labels); instructions are JSONL, .csv, .tsv or .parquet with columns prompt,response, labelled texts with text,label; running text is plain or any of these with a column text, and may be a folder of files
    #[arg(long, value_name = "DIR|FILE")]
    pub data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// A run directory, or one of `--seeds`
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Another device than before; numbers are the very same only on the same one
    #[arg(long, value_name = DEVICES)]
    pub device: Option<Choice>,
    /// Where the data are now, if they have moved
    #[arg(long, value_name = "DIR|FILE")]
    pub data: Option<PathBuf>,
    /// Where the texts to be tested on are now, if they have moved
    #[arg(long, value_name = "FILE")]
    pub test: Option<PathBuf>,
    /// Where the teacher is now, if it has moved
    #[arg(long, value_name = "MODEL")]
    pub teacher: Option<PathBuf>,
    /// Where the student's model is now, if it has moved
    #[arg(long, value_name = "MODEL")]
    pub student: Option<PathBuf>,
    /// One event per line on stdout, for machines
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct PretrainArgs {
    #[arg(value_enum)]
    pub task: TaskArg,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    #[command(flatten)]
    pub knobs: KnobArgs,
    #[command(flatten)]
    pub place: PlaceArgs,
    /// One event per line on stdout, for machines
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct FetchArgs {
    /// A data set; nothing lists them, with size and licence
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Folder that gets a folder for the set
    #[arg(short, long, value_name = "DIR", default_value = "data")]
    pub output: PathBuf,
    /// Take the files of the source from this folder, or from a mirror of yours, by their names
    #[arg(long, value_name = "DIR|URL")]
    pub from: Option<String>,
}

#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// A LLaMA as GGUF, a Hugging Face folder (config.json, model.safetensors, tokenizer.json), or an id on the Hub
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// The text to continue
    #[arg(long, value_name = "TEXT")]
    pub prompt: String,
    /// Most tokens to write
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub max_tokens: usize,
    /// Below 1 bolder guesses get rarer; 0 always takes the likeliest token
    #[arg(long, value_name = "T", default_value_t = 1.0)]
    pub temperature: f64,
    /// Only the K likeliest tokens; 0 for all
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub top_k: usize,
    /// Only the likeliest tokens that together have this probability
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    pub top_p: f64,
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u32,
    /// No text: the prompt's tokens and the logits of the next one, as JSON, to compare with other programs
    #[arg(long)]
    pub logits: bool,
    #[arg(long, value_name = DEVICES, default_value = "auto")]
    pub device: Choice,
}

#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// A LLaMA as GGUF, a Hugging Face folder, or an id on the Hub
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Folder to write
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// F16 instead of F32: half the size
    #[arg(long)]
    pub half: bool,
}

#[derive(Debug, Args)]
pub struct TrimArgs {
    /// A Hugging Face folder of BERT's kind, or an id on the Hub
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// The text whose tokens are kept; of JSONL, CSV, TSV and Parquet the texts in it
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Folder to write
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct EmbedArgs {
    /// A Hugging Face folder (config.json, model.safetensors, tokenizer.json), or an id on the Hub such as sentence-transformers/all-MiniLM-L6-v2
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// The texts
    #[arg(value_name = "TEXT", required_unless_present = "data")]
    pub texts: Vec<String>,
    /// A file with a text on every line
    #[arg(long, value_name = "FILE", conflicts_with = "texts")]
    pub data: Option<PathBuf>,
    /// Tokens, and embedding or logits, of each text as a line of JSON
    #[arg(long)]
    pub json: bool,
    #[arg(long, value_name = DEVICES, default_value = "auto")]
    pub device: Choice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TaskArg {
    Digits,
    Fashion,
    Plane,
    Grammar,
    Arithmetic,
    Names,
    Novel,
}

impl From<TaskArg> for TaskName {
    fn from(task: TaskArg) -> Self {
        match task {
            TaskArg::Digits => Self::Digits,
            TaskArg::Fashion => Self::Fashion,
            TaskArg::Plane => Self::Plane,
            TaskArg::Grammar => Self::Grammar,
            TaskArg::Arithmetic => Self::Arithmetic,
            TaskArg::Names => Self::Names,
            TaskArg::Novel => Self::Novel,
        }
    }
}
