//! What an experiment file holds besides the experiment: the table `run`, with what else is to be typed, so that `distillery run FILE` is all.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Deserializer, de};

use super::args::{MOST_BEST, MOST_SEEDS, RunArgs};
use super::hub;
use crate::device::Choice;
use crate::spec::{Distill, EncoderTerms, Network, Task, Teacher, Text, Train};

/// The table `run`: flags of the command by their names.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Places {
    pub teacher: Option<PathBuf>,
    pub student: Option<PathBuf>,
    pub data: Option<PathBuf>,
    pub test: Option<PathBuf>,
    pub teacher_cache: Option<PathBuf>,
    pub teacher_texts: Option<PathBuf>,
    pub out: Option<PathBuf>,
    #[serde(deserialize_with = "device")]
    pub device: Option<Choice>,
    pub seeds: Option<u32>,
    pub checkpoint_every: Option<usize>,
    pub keep_best: Option<usize>,
}

/// Keys of the table.
pub const KEYS: [&str; 11] =
    ["teacher", "student", "data", "test", "teacher_cache", "teacher_texts", "out", "device", "seeds", "checkpoint_every", "keep_best"];

fn device<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Choice>, D::Error> {
    String::deserialize(value)?.parse().map(Some).map_err(de::Error::custom)
}

impl Places {
    /// What no flag may be either.
    ///
    /// # Errors
    /// The key, and what it must be.
    pub fn check(&self) -> Result<(), String> {
        let within = |key: &str, value: Option<usize>, least: usize, most: usize| match value {
            Some(value) if !(least..=most).contains(&value) => {
                Err(format!("run.{key}: {value} is not allowed; it must be from {least} to {most}"))
            }
            _ => Ok(()),
        };
        within("seeds", self.seeds.map(|seeds| seeds as usize), 1, MOST_SEEDS as usize)?;
        within("keep_best", self.keep_best, 0, MOST_BEST)?;
        match self.checkpoint_every {
            Some(0) => Err("run.checkpoint_every: 0 is not allowed; it must be 1 or more".into()),
            _ => Ok(()),
        }
    }

    /// Paths as seen from here, out of a file in `folder`. An id on the Hub stays one, unless there is such a path.
    pub fn seen_from(self, folder: &Path) -> Self {
        let path = |path: Option<PathBuf>| path.map(|path| joined(folder, &path));
        let model = |model: Option<PathBuf>| {
            model.map(|model| {
                let path = joined(folder, &model);
                if !path.exists() && hub::is_id(&model) { model } else { path }
            })
        };
        Self {
            teacher: model(self.teacher),
            student: model(self.student),
            data: path(self.data),
            test: path(self.test),
            teacher_cache: path(self.teacher_cache),
            teacher_texts: path(self.teacher_texts),
            out: path(self.out),
            ..self
        }
    }

    /// Says what the command line does not.
    pub fn fill(self, args: &mut RunArgs) {
        let Self { teacher, student, data, test, teacher_cache, teacher_texts, out, device, seeds, checkpoint_every, keep_best } = self;
        fn or<T>(said: &mut Option<T>, else_: Option<T>) {
            *said = said.take().or(else_);
        }
        or(&mut args.teacher, teacher);
        or(&mut args.student, student);
        or(&mut args.place.data, data);
        or(&mut args.test, test);
        or(&mut args.teacher_cache, teacher_cache);
        or(&mut args.teacher_texts, teacher_texts);
        or(&mut args.out, out);
        or(&mut args.place.device, device);
        or(&mut args.seeds, seeds);
        or(&mut args.output.checkpoint_every, checkpoint_every);
        or(&mut args.output.keep_best, keep_best);
    }
}

/// A path of a file in `folder`, without the steps into a folder and back; a link leads elsewhere, and back from there.
fn joined(folder: &Path, path: &Path) -> PathBuf {
    let mut whole = folder.to_owned();
    for part in path.components() {
        let back =
            part == Component::ParentDir && matches!(whole.components().next_back(), Some(Component::Normal(_))) && !whole.is_symlink();
        if back {
            whole.pop();
        } else {
            whole.push(part);
        }
    }
    whole
}

/// A file as it is written. It is only read for the place of what is wrong in it, which the experiment, made of a preset and it, has no more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what is wrong comes out in reading")]
pub struct Written {
    version: u32,
    preset: Option<String>,
    seed: Option<u32>,
    task: Option<Task>,
    teacher: Option<Teacher>,
    student: Option<Network>,
    distill: Option<Distill>,
    text: Option<Text>,
    encoder: Option<EncoderTerms>,
    train: Option<Train>,
    run: Option<Places>,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Arguments, Command};
    use super::*;
    use crate::spec::presets;

    #[test]
    fn every_section_of_an_experiment_may_be_written() {
        for preset in presets::TABLE {
            serde_json::from_str::<Written>(&preset.experiment().to_json()).unwrap_or_else(|error| panic!("{}: {error}", preset.id));
        }
        for key in KEYS {
            let error = serde_json::from_str::<Places>(&format!("{{\"{key}\": {{}}}}")).unwrap_err().to_string();
            assert!(error.contains("invalid type"), "{key} is a key: {error}");
        }
    }

    #[test]
    fn flags_go_before_the_file_and_paths_are_relative_to_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("some/model")).unwrap();
        let places: Places = toml::from_str(
            "teacher = \"some/model\"\nstudent = \"on-the/hub\"\ndata = \"../c.txt\"\nout = \"/a\"\ndevice = \"cpu\"\nkeep_best = 3\ncheckpoint_every = 7",
        )
        .unwrap();
        let Command::Run(mut args) = Arguments::parse_from(["distillery", "run", "x", "--keep-best", "0", "--data", "mine.txt"]).command
        else {
            panic!("it is a run")
        };
        places.seen_from(folder.path()).fill(&mut args);
        assert_eq!(args.teacher, Some(folder.path().join("some/model")));
        assert_eq!(args.student, Some("on-the/hub".into()));
        for (folder, path, whole) in
            [("a/b", "../c", "a/c"), ("", "../c", "../c"), ("a", "../../c", "../c"), ("a", "/c", "/c"), ("a", "./c", "a/c")]
        {
            assert_eq!(joined(Path::new(folder), Path::new(path)), Path::new(whole));
        }
        assert_eq!((args.place.data, args.out), (Some("mine.txt".into()), Some("/a".into())));
        assert_eq!((args.place.device, args.output.keep_best, args.output.checkpoint_every), (Some(Choice::Cpu), Some(0), Some(7)));
    }
}
