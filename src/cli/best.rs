//! `best/`: the distilled students of the best evaluations, each in a folder of its own. They are for use; a run is resumed from `checkpoints/`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::files::read_text;
use super::rundir::RunDir;
use super::table::percent;
use crate::train::{Evaluation, Merit, Validation};

const FOLDER: &str = "best";
const SCORES: &str = "best/scores.json";

/// A student that is kept, and how it did on the test rows, and on the validation part where there is one, which then decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub step: usize,
    #[serde(flatten)]
    pub tested: Validation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
    /// As [`Merit::open`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// Within the run directory.
    pub folder: PathBuf,
}

impl Score {
    fn of(found: &Evaluation) -> Self {
        let folder = Path::new(FOLDER).join(format!("step-{:06}", found.step));
        Self { step: found.step, tested: found.measures(), validation: found.validation, open: found.is_open(), folder }
    }

    fn merit(&self) -> Merit {
        Merit::new(self.validation.unwrap_or(self.tested), self.open)
    }

    /// How it does on the test rows, by the measure that decides.
    pub fn shown(&self) -> String {
        match self.tested.rouge_l.filter(|_| self.open) {
            Some(rouge_l) => format!("ROUGE-L {}", percent(rouge_l)),
            None => percent(self.tested.accuracy),
        }
    }
}

/// The best students so far, the best first.
pub fn scores(directory: &RunDir) -> Result<Vec<Score>, Error> {
    let path = directory.file(SCORES);
    if !path.exists() {
        return Ok(Vec::new());
    }
    serde_json::from_str(&read_text(&path)?).map_err(|error| Error::input(format!("{}: {error}", path.display())))
}

/// Keeps the student of an evaluation if it is among the `most` best; `files` is asked for what it consists of. After a kill the same
/// evaluation comes again, and takes its old place.
pub fn offer(
    directory: &RunDir,
    most: usize,
    found: &Evaluation,
    files: impl FnOnce() -> Result<Vec<(&'static str, Vec<u8>)>, Error>,
) -> Result<(), Error> {
    let new = Score::of(found);
    let mut list = scores(directory)?;
    list.retain(|score| score.step != new.step);
    let place = list.iter().position(|score| new.merit().better(&score.merit())).unwrap_or(list.len());
    if place >= most {
        return Ok(());
    }
    list.insert(place, new.clone());
    list.truncate(most);
    directory.write_folder(&new.folder.to_string_lossy(), &files()?)?;
    let text = serde_json::to_string_pretty(&list).expect("plain data");
    directory.write(SCORES, format!("{text}\n").as_bytes())?;
    for entry in fs::read_dir(directory.file(FOLDER)).map_err(Error::read(&directory.file(FOLDER)))?.flatten() {
        let path = entry.path();
        if path.is_dir() && !list.iter().any(|score| directory.path().join(&score.folder) == path) {
            // A student too many does no harm.
            let _ = fs::remove_dir_all(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Role;

    fn found(step: usize, accuracy: f64) -> Evaluation {
        Evaluation {
            role: Role::Distilled,
            step,
            accuracy,
            loss: 1.0,
            ece: None,
            agreement: None,
            omitted: None,
            text: None,
            encoder: None,
            validation: None,
        }
    }

    #[test]
    fn the_best_stay_and_the_same_step_comes_once() {
        let folder = tempfile::tempdir().unwrap();
        let directory = RunDir::create(folder.path()).unwrap();
        for (step, accuracy) in [(10, 0.5), (20, 0.7), (30, 0.6), (40, 0.7), (30, 0.6)] {
            offer(&directory, 2, &found(step, accuracy), || Ok(vec![("student.safetensors", vec![step as u8])])).unwrap();
        }
        let steps: Vec<usize> = scores(&directory).unwrap().iter().map(|score| score.step).collect();
        assert_eq!(steps, [20, 40], "of equals the earlier one leads");
        assert_eq!(fs::read(folder.path().join("best/step-000040/student.safetensors")).unwrap(), [40]);
        assert_eq!(fs::read_dir(folder.path().join("best")).unwrap().count(), 3, "what fell out is gone");
        offer(&directory, 2, &found(50, 0.1), || panic!("a student that is not kept need not be read")).unwrap();
    }
}
