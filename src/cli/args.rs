//! What can be typed.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::measure::Measure;
use crate::device::Choice;
use crate::spec::{Precision, TaskName};

/// Distil a teacher network into a small student, beside the same student without a teacher, and measure whether it was worth it.
#[derive(Debug, Parser)]
#[command(name = "distillery", version, max_term_width = 100, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  distillery list                                   what there is to run
  distillery run first-light                        one race: teacher, student alone, student distilled
  distillery run first-light --seeds 5              the same with 5 paired seeds, and a verdict
  distillery run first-light --set distill.temperature=8 --set train.steps=500
  distillery describe knobs                         everything that --set can change
  distillery describe first-light > mine.toml       a preset as a file; edit it, then: distillery run mine.toml";

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
  [run]                           # teacher, student, data, test, teacher_cache, out, device,
  teacher = \"models/minilm\"       # seeds, checkpoint_every, keep_best
  data = \"corpus.txt\"
  keep_best = 3";

/// The most `--seeds`.
pub const MOST_SEEDS: u32 = 1000;
/// The most `--keep-best`.
pub const MOST_BEST: usize = 100;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a preset or an experiment file, and keep it in a run directory
    Run(RunArgs),
    /// Go on with a run that was stopped or killed, from its last checkpoint
    Resume(ResumeArgs),
    /// List the presets
    List {
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Describe a preset (as a file to edit), all knobs, or one knob
    Describe {
        /// A preset, `knobs`, or the key of a knob such as `distill.temperature`; nothing for an overview
        #[arg(value_name = "PRESET|knobs|KEY")]
        what: Option<String>,
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// List the GPUs that this build can use, and which one `--device auto` takes
    Devices {
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Time a fixed distillation step (W1: an MLP, W2: a decoder, W3: a CNN; `smollm2` and `distilbert` of those models' shapes), or
    /// `generation`, and write a JSON object
    Bench {
        #[arg(value_name = "WORKLOAD")]
        workload: String,
        #[arg(long, value_name = DEVICES, default_value = "auto")]
        device: Choice,
        /// Numbers that the matrices of smollm2 and distilbert are multiplied in: f32, bf16 or f16
        #[arg(long, default_value = "f32", value_parser = precision())]
        precision: Precision,
    },
    /// Compare a device with the CPU backend on a fixed problem: forward, backward, optimiser
    SelfTest {
        #[arg(long, value_name = DEVICES, default_value = "auto")]
        device: Choice,
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Let other machines compute on a device of this one, by `--device remote:HOST:PORT`, until Ctrl-C
    #[command(after_help = SERVE_EXAMPLES)]
    ServeDevice {
        /// Address and port. Whoever reaches it may compute here, unencrypted: 0.0.0.0 is for networks that you trust
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3000")]
        listen: String,
        #[arg(long, value_name = DEVICES, default_value = "auto")]
        device: Choice,
    },
    /// Write report.html of a run directory again
    Report {
        /// A run directory, or one of `--seeds`
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Get a data set from its public source, or list them: Moby Dick, the King James Bible, WordNet, Fashion-MNIST, GSM8K, ...
    #[command(
        after_help = "Example:\n  distillery fetch moby-dick\n  distillery run smollm2 --teacher MODEL --data data/moby-dick/moby-dick.txt"
    )]
    Fetch(FetchArgs),
    /// Write the curves of a run directory as TensorBoard event files
    #[command(after_help = "Example:\n  distillery export-tensorboard runs/five && tensorboard --logdir runs/five/tensorboard")]
    ExportTensorboard {
        /// A run directory, or one of `--seeds`; it may still be running
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Folder for the event files [default: DIR/tensorboard]
        #[arg(short, long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// Put runs side by side: what differs in knobs, results, and a verdict over the seeds they share
    Compare {
        /// Run directories, or directories of `--seeds`
        #[arg(value_name = "DIR", required = true)]
        directories: Vec<PathBuf>,
        /// What the differences are of
        #[arg(long, value_enum, default_value_t = Measure::Accuracy)]
        measure: Measure,
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Train a teacher of the default shape of a task and write its weights as f16 safetensors
    #[command(after_help = "Example:\n  distillery pretrain digits -o src/train/teachers/digits.safetensors --set teacher.steps=2000")]
    Pretrain(PretrainArgs),
    /// Continue a text with a language model, a token at a time
    #[command(after_help = GENERATE_EXAMPLES)]
    Generate(GenerateArgs),
    /// Embed sentences with an encoder (BERT, DistilBERT, ELECTRA), and say how similar they are
    #[command(after_help = EMBED_EXAMPLES)]
    Embed(EmbedArgs),
    /// Name the labels of texts with an encoder that was fine-tuned for it, such as the student of `minilm-labels`
    #[command(after_help = CLASSIFY_EXAMPLES)]
    Classify(EmbedArgs),
    /// Write an encoder without the tokens that a text does not use: on that text it says the same
    #[command(after_help = TRIM_EXAMPLES)]
    Trim(TrimArgs),
    /// Write a language model as a Hugging Face folder, which Python's transformers loads
    #[command(after_help = "Example:\n  distillery convert SmolLM2-135M-Instruct.Q4_1.gguf -o smollm2")]
    Convert(ConvertArgs),
}

const DEVICES: &str = "auto|vulkan|metal|cpu|remote:HOST:PORT";

const SERVE_EXAMPLES: &str = "\
Examples, for a program built with `cargo build --release --features remote`:
  distillery serve-device --device vulkan                 on the machine with the GPU, for its own programs only
  ssh -N -L 3000:127.0.0.1:3000 gpu                       on yours: an encrypted way to it
  distillery run first-light --device remote:127.0.0.1:3000";

const GENERATE_EXAMPLES: &str = "\
Examples:
  distillery generate SmolLM2-135M-Instruct.Q4_1.gguf --prompt \"The capital of France is\" --temperature 0
  distillery generate smollm2/ --prompt \"Once upon a time\" --top-k 50 --top-p 0.9 --seed 7";

const EMBED_EXAMPLES: &str = "\
Examples:
  distillery embed all-MiniLM-L6-v2/ \"A man is eating food.\" \"A man is eating a piece of bread.\"
  distillery embed runs/student/ --data sentences.txt --json > embeddings.jsonl";

const TRIM_EXAMPLES: &str = "\
Examples:
  distillery trim all-MiniLM-L6-v2/ --data corpus.txt -o small
  distillery run minilm --teacher small/ --data corpus.txt";

const CLASSIFY_EXAMPLES: &str = "\
Examples:
  distillery classify runs/labels/student \"a very large fish of the deep sea\"
  distillery classify runs/labels/student --data texts.txt --json > labels.jsonl";

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
    /// Keep the distilled students of the K best evaluations, in best/ (accuracy, then loss, of the validation part: train.validation) [default: 0]
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

impl Arguments {
    /// Whether stdout belongs to a machine.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            Command::Run(args) => args.output.json,
            Command::Resume(args) => args.json,
            Command::Pretrain(args) => args.json,
            Command::List { json }
            | Command::Describe { json, .. }
            | Command::Devices { json }
            | Command::Embed(EmbedArgs { json, .. })
            | Command::Classify(EmbedArgs { json, .. })
            | Command::SelfTest { json, .. }
            | Command::Compare { json, .. } => *json,
            // Bench's one line is JSON; errors go to stderr alone.
            Command::Bench { .. }
            | Command::ServeDevice { .. }
            | Command::Report { .. }
            | Command::ExportTensorboard { .. }
            | Command::Fetch(_)
            | Command::Generate(_)
            | Command::Trim(_)
            | Command::Convert(_) => false,
        }
    }
}

/// `train.precision`, by its names.
fn precision() -> impl TypedValueParser<Value = Precision> {
    let names = || ["f32", "bf16", "f16"];
    PossibleValuesParser::new(names()).map(|name| match name.as_str() {
        "bf16" => Precision::Bf16,
        "f16" => Precision::F16,
        _ => Precision::F32,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }
}
