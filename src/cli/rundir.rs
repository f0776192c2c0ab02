//! A run directory: the experiment, `metrics.jsonl`, checkpoints, weights, report.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::files::{read_text, write_folder, write_whole};
use super::output::quoted;
use super::settings::Settings;
use crate::spec::Experiment;

/// Checkpoints kept: the newest, and older ones in case the disk damages it.
const KEPT: usize = 3;
const CHECKPOINTS: &str = "checkpoints";
/// Where runs go that are told no place.
const RUNS: &str = "runs";

#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// A new directory, or an old one without a run. Nothing is ever overwritten.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let directory = Self::vacant(path)?;
        fs::create_dir_all(path).map_err(Error::write(path))?;
        Ok(directory)
    }

    fn vacant(path: &Path) -> Result<Self, Error> {
        let directory = Self { path: path.to_owned() };
        if directory.holds_run() {
            return Err(Error::input(format!(
                "{} holds a run already: choose another --out, or go on with it by `distillery resume {}`",
                path.display(),
                quoted(path)
            )));
        }
        Ok(directory)
    }

    /// Whether [`RunDir::create`] will make it, as far as can be known without: to be asked before hours of work, not after them. Of no path it is
    /// asked of where [`RunDir::create_numbered`] puts runs.
    pub fn check(path: Option<&Path>) -> Result<(), Error> {
        let path = path.unwrap_or(Path::new(RUNS));
        Self::vacant(path)?;
        let whole = std::path::absolute(path).map_err(Error::write(path))?;
        let Some(there) = whole.ancestors().find(|path| path.exists()) else { return Ok(()) };
        if !there.is_dir() {
            let file = if there == whole { "this".into() } else { there.display().to_string() };
            return Err(Error::input(format!(
                "cannot write {}: {file} is a file, and a run is a folder; choose another --out",
                path.display()
            )));
        }
        // Of permissions, disks that are read-only and network drives only a try tells all.
        let probe = there.join(format!(".distillery-{}", std::process::id()));
        File::create_new(&probe).and_then(|_| fs::remove_file(&probe)).map_err(Error::write(path))
    }

    /// `runs/<name>-<n>` with the first free n. Creating it claims it, so two processes cannot take the same.
    pub fn create_numbered(name: &str) -> Result<Self, Error> {
        let runs = Path::new(RUNS);
        fs::create_dir_all(runs).map_err(Error::write(runs))?;
        for n in 1_u32.. {
            let path = runs.join(format!("{name}-{n}"));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::write(&path)(error)),
            }
        }
        Err(Error::input("runs/ is full: choose another --out"))
    }

    /// A directory that holds a run.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let directory = Self { path: path.to_owned() };
        fs::metadata(path).map_err(Error::read(path))?;
        if !directory.holds_run() {
            return Err(Error::input(format!(
                "{} is no run directory: it has no experiment.json; `distillery run` makes one",
                path.display()
            )));
        }
        Ok(directory)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a run was begun here.
    pub fn holds_run(&self) -> bool {
        ["experiment.json", "metrics.jsonl", CHECKPOINTS].iter().any(|name| self.path.join(name).exists())
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where the run of one of several seeds is.
    pub fn seed(&self, seed: u32) -> PathBuf {
        self.file(&format!("seed-{seed}"))
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        write_whole(&self.file(name), bytes)
    }

    /// Writes a folder within the directory, the first file last: with it the folder is whole.
    pub fn write_folder(&self, name: &str, files: &[(&'static str, Vec<u8>)]) -> Result<(), Error> {
        write_folder(&self.path.join(name), files)
    }

    /// Writes what the run is. The experiment comes last: with it the directory holds a run.
    pub fn describe(&self, experiment: &Experiment, settings: &Settings) -> Result<(), Error> {
        self.remember(settings)?;
        self.write("experiment.json", format!("{}\n", experiment.to_json()).as_bytes())
    }

    /// Writes where the run finds its files, and how it is run.
    pub fn remember(&self, settings: &Settings) -> Result<(), Error> {
        let settings = serde_json::to_string_pretty(settings).expect("plain data");
        self.write("run.json", format!("{settings}\n").as_bytes())
    }

    pub fn experiment(&self) -> Result<Experiment, Error> {
        let path = self.file("experiment.json");
        Experiment::from_record(&read_text(&path)?).map_err(|error| Error::input(format!("{}: {error}", path.display())))
    }

    pub fn settings(&self) -> Result<Settings, Error> {
        let path = self.file("run.json");
        serde_json::from_str(&read_text(&path)?).map_err(|error| Error::input(format!("{}: {error}", path.display())))
    }

    /// Saves a checkpoint, then lets the oldest go.
    pub fn save_checkpoint(&self, step: usize, bytes: &[u8]) -> Result<PathBuf, Error> {
        let folder = self.path.join(CHECKPOINTS);
        fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
        let path = folder.join(format!("step-{step:06}.safetensors"));
        write_whole(&path, bytes)?;
        for (_, old) in self.checkpoints()?.into_iter().skip(KEPT) {
            // A checkpoint too many does no harm.
            let _ = fs::remove_file(old);
        }
        Ok(path)
    }

    /// Steps and files of the checkpoints, newest first.
    pub fn checkpoints(&self) -> Result<Vec<(usize, PathBuf)>, Error> {
        let folder = self.path.join(CHECKPOINTS);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::read(&folder)(error)),
        };
        let step = |path: &Path| path.file_name()?.to_str()?.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok();
        let mut found: Vec<(usize, PathBuf)> =
            entries.flatten().map(|entry| entry.path()).filter_map(|path| Some((step(&path)?, path))).collect();
        found.sort_by(|a, b| b.cmp(a));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_checkpoints_and_passes_by_what_a_kill_left() {
        let folder = tempfile::tempdir().unwrap();
        let directory = RunDir::create(folder.path()).unwrap();
        for step in [10, 20, 1_000_000, 30, 2_000_000] {
            directory.save_checkpoint(step, b"bytes").unwrap();
        }
        fs::write(folder.path().join("checkpoints/step-3000000.safetensors.partial"), b"half").unwrap();
        let steps: Vec<usize> = directory.checkpoints().unwrap().into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps, [2_000_000, 1_000_000, 30]);
        assert!(RunDir::create(folder.path()).is_err(), "a directory that holds a run is refused");
    }

    #[test]
    fn where_no_run_can_be_made_is_known_before() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), b"").unwrap();
        fs::create_dir_all(at("my run/checkpoints")).unwrap();
        let refused = |name: &str| RunDir::check(Some(&at(name))).unwrap_err().to_string();
        let resume = format!("`distillery resume '{}'`", at("my run").display());
        assert!(refused("my run").contains(&resume), "{}", refused("my run"));
        for name in ["file", "file/a/b"] {
            assert!(refused(name).contains("is a file") && refused(name).contains("choose another --out"), "{}", refused(name));
        }
        RunDir::check(Some(&at("new/folder"))).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing was left behind");
    }
}
