//! The allocator, and what is said where it has nothing left. Rust's own answer is one line and an abort, behind which hours of training look lost.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mimalloc::MiMalloc;

use super::memory::KNOBS;
use super::output::quoted;

/// Exit code of a program without memory.
const OUT_OF_MEMORY: i32 = 3;
const NO_CHECKPOINT: usize = usize::MAX;

/// mimalloc: the C library gives big blocks back to the system and fetches them again, and a training step, which takes and frees hundreds, spent
/// 12 % in page faults. What cannot be had ends the program.
pub struct Allocator;

// SAFETY: mimalloc keeps the contract; where it has no memory nothing is returned at all.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        had(unsafe { MiMalloc.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        had(unsafe { MiMalloc.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { MiMalloc.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's.
        had(unsafe { MiMalloc.realloc(block, layout, size) }, size)
    }
}

fn had(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() { ended(size) } else { block }
}

/// The run that is under way: what its directory is called on the command line (a name in it may stand behind that), and the step of its last checkpoint.
static RUN: OnceLock<String> = OnceLock::new();
static SAVED: AtomicUsize = AtomicUsize::new(NO_CHECKPOINT);

/// Remembers what `resume` is to be called with.
pub fn running(directory: &Path) {
    RUN.get_or_init(|| quoted(directory));
}

/// Remembers the newest checkpoint.
pub fn saved(step: Option<usize>) {
    SAVED.store(step.unwrap_or(NO_CHECKPOINT), Ordering::Relaxed);
}

/// Says it, and ends the program. Nothing in here may allocate.
#[cold]
fn ended(size: usize) -> ! {
    static SAID: AtomicBool = AtomicBool::new(false);
    thread_local! {
        static HERE: Cell<bool> = const { Cell::new(false) };
    }
    if HERE.replace(true) {
        // What ends the program wants memory too.
        std::process::abort();
    }
    if SAID.swap(true, Ordering::SeqCst) {
        // Another thread says it and ends this one too.
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
    let mut out = std::io::stderr().lock();
    // There is nobody to tell where even this cannot be written.
    let _ = write(&mut out, size, RUN.get().map(String::as_str), SAVED.load(Ordering::Relaxed));
    std::process::exit(OUT_OF_MEMORY)
}

fn write(out: &mut impl Write, size: usize, run: Option<&str>, saved: usize) -> std::io::Result<()> {
    // Behind a line of progress.
    writeln!(out, "\nerror: out of memory: another {size} bytes cannot be had")?;
    let Some(directory) = run else {
        return writeln!(
            out,
            "Free some memory, or raise the limit (`ulimit -v`, that of the container); a smaller model or file needs less."
        );
    };
    writeln!(
        out,
        "For a new run, with the --teacher, --student and --data of this one, by `distillery run {directory}/experiment.json --set KEY=VALUE`: {KNOBS}."
    )?;
    match saved {
        NO_CHECKPOINT => writeln!(out, "No checkpoint was saved yet; with more memory, start anew with: distillery resume {directory}"),
        step => writeln!(out, "The checkpoint of step {step} is safe; with more memory, go on with: distillery resume {directory}"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_to_turn_and_how_to_go_on_is_said() {
        let said = |run: Option<&str>, saved: usize| {
            let mut out = Vec::new();
            super::write(&mut out, 12, run, saved).unwrap();
            String::from_utf8(out).unwrap()
        };
        let has = |said: &str, parts: &[&str]| assert!(parts.iter().all(|part| said.contains(part)), "{parts:?} in {said}");
        has(
            &said(Some("runs/a"), 40),
            &["another 12 bytes", "train.accumulate", "checkpoint of step 40 is safe", "distillery resume runs/a"],
        );
        has(&said(Some("runs/a"), super::NO_CHECKPOINT), &["runs/a/experiment.json", "No checkpoint", "distillery resume runs/a"]);
        has(&said(None, super::NO_CHECKPOINT), &["another 12 bytes", "ulimit -v"]);
    }
}
