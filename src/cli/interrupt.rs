//! Ctrl-C, and where there are signals SIGTERM and SIGHUP: the first one asks for a checkpoint and an orderly end, the second one ends the process.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Starts listening. Where a signal handler cannot be set, Ctrl-C ends the process and the last checkpoint remains.
pub fn listen() {
    // Called once per process; an error only means that the default behaviour stays.
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
}

/// Whether the user has asked to stop.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
