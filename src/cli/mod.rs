//! Shell 2: the command line. It pumps the same runs as the page, and keeps them in files.

mod allocator;
mod args;
pub mod bench;
mod best;
mod card;
mod clock;
mod compare;
mod corpus;
mod cost;
mod data;
mod describe;
mod devices;
mod embed;
mod error;
mod fetch;
mod files;
mod generate;
mod hub;
mod interrupt;
mod measure;
mod measured;
mod memory;
mod metrics;
mod model_folder;
mod models;
mod output;
mod page;
mod plot;
mod pretrain;
mod progress;
mod race;
mod recipe;
mod record;
mod report;
mod run;
mod rundir;
mod seeds;
mod session;
mod settings;
mod source;
mod suggest;
mod summary;
mod table;
mod tables;
mod teacher_cache;
mod teacher_texts;
mod template;
mod tensorboard;
mod texts;
mod trim;

use std::process::ExitCode;

use clap::Parser;

pub use allocator::Allocator;
use args::{Arguments, Command};
use error::Error;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    crate::device::quieten();
    // A served device is computed with by threads of burn's, while this one waits.
    if !matches!(arguments.command, Command::ServeDevice { .. }) {
        join_threads();
    }
    let json = arguments.wants_json();
    match carry_out(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        // `distillery list | head -1`: the reader has what it wanted.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            if json {
                // A reader that is gone has no use for the error either.
                let _ = output::line(&error.to_json().to_string());
            }
            let kind = if matches!(error, Error::Interrupted(_)) { "" } else { "error: " };
            eprintln!("{kind}{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Makes this thread one of those that share the work of a step. It would wait for them otherwise, and be woken hundreds of times a step, which took
/// a fifth of it.
///
/// Not where there is one thread: with several devices this one waits for others of burn's, whose work then needs one that does not wait.
fn join_threads() {
    let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|count| count.parse().ok()).filter(|count| *count > 0);
    let threads = asked.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    if threads > 1 {
        // It fails where there is a pool already: then this thread waits, as it would without.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build_global();
    }
}

fn carry_out(command: Command) -> Result<(), Error> {
    match command {
        Command::Run(args) => run::start(args),
        Command::Bench { workload, device, precision } => bench::bench(&workload, device, &precision),
        Command::Resume(args) => run::resume(&args),
        Command::List { json } => describe::list(json),
        Command::Describe { what, json } => describe::describe(what.as_deref(), json),
        Command::Devices { json } => devices::list(json),
        Command::SelfTest { device, json } => devices::self_test(device, json),
        Command::ServeDevice { listen, device } => devices::serve(&listen, device),
        Command::Report { directory } => report::rewrite(&directory),
        Command::Fetch(args) => fetch::fetch(&args),
        Command::ExportTensorboard { directory, output } => tensorboard::export(&directory, output.as_deref()),
        Command::Compare { directories, measure, json } => compare::compare(&directories, measure, json),
        Command::Pretrain(args) => pretrain::pretrain(&args),
        Command::Generate(args) => generate::generate(&args),
        Command::Embed(args) => embed::embed(&args),
        Command::Classify(args) => embed::classify(&args),
        Command::Trim(args) => trim::trim(&args),
        Command::Convert(args) => generate::convert(&args),
    }
}
