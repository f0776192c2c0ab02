//! `metrics.jsonl`: every event of a run, one self-contained line each.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::error::Error;
use super::files::lock;
use crate::train::{Event, Phase};

/// An event with its seed and its place in the whole run.
pub fn line(event: &Event, seed: u32, total_step: usize) -> Value {
    let mut value = event.to_value();
    value["seed"] = json!(seed);
    value["total_step"] = json!(total_step);
    value
}

/// Steps of the whole run, the teacher's own phase counted, at an event. `before` is the answer of the event before.
pub fn total_step(event: &Event, teacher_steps: usize, before: usize) -> usize {
    match event {
        Event::Progress { phase, step, .. } | Event::Evaluated { phase, step, .. } => {
            step + if *phase == Phase::Teacher { 0 } else { teacher_steps }
        }
        _ => before,
    }
}

/// The file, open for appending. Its lock keeps a second process out of the run; a kill releases it.
pub struct Metrics {
    file: File,
    path: PathBuf,
}

impl Metrics {
    /// Opens the file of a run and cuts off all that came after `keep` steps; `None` cuts off everything.
    pub fn open(path: &Path, keep: Option<usize>) -> Result<Self, Error> {
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(Error::write(path))?;
        lock(&file, path, "another process is running this run; wait for it or stop it")?;
        let length = match keep {
            Some(step) => kept_length(&std::fs::read(path).map_err(Error::read(path))?, step),
            None => 0,
        };
        let mut metrics = Self { file, path: path.to_owned() };
        metrics.file.set_len(length).and_then(|()| metrics.file.seek(SeekFrom::End(0))).map_err(Error::write(path))?;
        Ok(metrics)
    }

    /// Appends a line and hands it to the operating system, so that a kill of this process cannot take it back.
    pub fn append(&mut self, line: &Value) -> Result<(), Error> {
        self.file.write_all(format!("{line}\n").as_bytes()).map_err(Error::write(&self.path))
    }

    /// Waits until all lines are on the disk: a checkpoint must never be ahead of them.
    pub fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::write(&self.path))
    }
}

/// Bytes up to the first line that is torn, or later than `step`.
fn kept_length(bytes: &[u8], step: usize) -> u64 {
    let mut length = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let whole = line.ends_with(b"\n");
        let at = serde_json::from_slice::<Value>(line).ok().and_then(|value| value["total_step"].as_u64());
        if !whole || at.is_none_or(|at| at > step as u64) {
            break;
        }
        length += line.len() as u64;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_after_the_checkpoint_and_at_a_torn_line() {
        let text = "{\"total_step\":0}\n{\"total_step\":10}\n{\"total_step\":20}\n{\"total_st";
        assert_eq!(kept_length(text.as_bytes(), 10), 35);
        assert_eq!(kept_length(text.as_bytes(), 99), 53);
        assert_eq!(kept_length(b"", 99), 0);
    }

    #[test]
    fn a_run_is_open_in_one_process_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let first = Metrics::open(&path, None).unwrap();
        assert!(Metrics::open(&path, None).is_err());
        drop(first);
        assert!(Metrics::open(&path, None).is_ok());
    }
}
