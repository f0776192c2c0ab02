//! What can be typed.

mod options;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use self::options::*;
use super::measure::Measure;
use crate::device::Choice;

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
        /// Numbers that the matrices of smollm2 and distilbert are multiplied in, as train.precision
        #[arg(long, value_name = "f32|bf16|f16", default_value = "f32")]
        precision: String,
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }
}
