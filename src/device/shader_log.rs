//! On the web a shader that fails validation is skipped and only logged (cubecl issue 1641): the output keeps whatever was in its buffer. Natively
//! the values that come from it cannot be read. So in a page this logger counts such lines, and the next readback fails instead of showing stale
//! numbers.

use std::sync::Mutex;

use log::{Level, LevelFilter, Log, Metadata, Record};

static FIRST_ERROR: Mutex<Option<String>> = Mutex::new(None);

struct ShaderLog;

impl Log for ShaderLog {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= Level::Error && (metadata.target().starts_with("cubecl") || metadata.target().starts_with("wgpu"))
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            let mut first = FIRST_ERROR.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            first.get_or_insert_with(|| record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Starts listening. Another logger that was there first is left in place.
pub(super) fn install() {
    if log::set_logger(&ShaderLog).is_ok() {
        log::set_max_level(LevelFilter::Error);
    }
}

/// The first error logged so far.
pub(super) fn first_error() -> Option<String> {
    FIRST_ERROR.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
}
