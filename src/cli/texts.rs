//! `texts.jsonl`: what the finished networks write for the test prompts, and whose texts are better.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::files::read_text;
use super::rundir::RunDir;
use super::table::{percent, thousands};
use crate::eval::statistics::{Interval, Verdict};
use crate::eval::text::win_rate;
use crate::train::{Role, Sample};

pub const FILE: &str = "texts.jsonl";

#[derive(Serialize, Deserialize)]
struct Line {
    role: Role,
    #[serde(flatten)]
    sample: Sample,
}

/// Texts of runs by seed, in their directories.
pub type Places = BTreeMap<u32, PathBuf>;

/// How often the distilled student of one run writes better than that of another.
#[derive(Debug, PartialEq, Serialize)]
pub struct Duel {
    left: String,
    right: String,
    seeds: Vec<u32>,
    /// Of a seed.
    texts: usize,
    /// Ties count half.
    win_rate: Interval,
    /// Against one half.
    verdict: Option<Verdict>,
}

/// Nothing is written where no network writes.
pub fn write(directory: &RunDir, texts: BTreeMap<Role, Vec<Sample>>) -> Result<(), Error> {
    if texts.is_empty() {
        return Ok(());
    }
    let lines = texts.into_iter().flat_map(|(role, texts)| texts.into_iter().map(move |sample| Line { role, sample }));
    let text: String = lines.map(|line| serde_json::to_string(&line).expect("plain data") + "\n").collect();
    directory.write(FILE, text.as_bytes())
}

/// Of the distilled student; none of a run that kept none.
fn read(place: &Path) -> Result<Vec<Sample>, Error> {
    let path = place.join(FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let line = |(index, line)| -> Result<Line, Error> {
        serde_json::from_str(line).map_err(|error| Error::input(format!("{}: line {}: {error}", path.display(), index + 1)))
    };
    let lines: Vec<Line> = read_text(&path)?.lines().enumerate().map(line).collect::<Result<_, _>>()?;
    Ok(lines.into_iter().filter(|line| line.role == Role::Distilled).map(|line| line.sample).collect())
}

/// The texts of two series against each other, prompt by prompt; or why they cannot be.
pub fn duel((left, own): (String, &Places), (right, others): (String, &Places)) -> Result<Result<Duel, &'static str>, Error> {
    let (mut seeds, mut rates, mut texts) = (Vec::new(), Vec::new(), 0);
    for (seed, place) in own {
        let Some(other) = others.get(seed) else { continue };
        let (own, others) = (read(place)?, read(other)?);
        if own.is_empty() || others.is_empty() {
            return Ok(Err("not both have kept what they wrote (texts.jsonl)"));
        }
        if own.len() != others.len() || own.iter().zip(&others).any(|(own, other)| own.prompt != other.prompt) {
            return Ok(Err("they wrote for different prompts (text.samples)"));
        }
        let points: Option<Vec<(f64, f64)>> = own.iter().zip(&others).map(|(own, other)| Some((own.points?, other.points?))).collect();
        let Some(rate) = points.and_then(|points| win_rate(&points)) else { return Ok(Err("no answer is right or wrong here")) };
        seeds.push(*seed);
        rates.push(rate);
        texts = own.len();
    }
    let Some(rate) = Interval::of(&rates) else { return Ok(Err("they share no seed")) };
    let lead = Interval { mean: rate.mean - 0.5, ..rate };
    Ok(Ok(Duel { left, right, seeds, texts, win_rate: rate, verdict: lead.verdict() }))
}

impl Duel {
    pub fn sentence(&self) -> String {
        let Self { left, right, seeds, texts, win_rate, verdict } = self;
        let (rate, texts) = (percent(win_rate.mean), thousands(*texts));
        let link = match verdict {
            Some(Verdict::Beats) => format!("{left} WRITES BETTER than {right}"),
            Some(Verdict::Worse) => format!("{left} WRITES WORSE than {right}"),
            Some(Verdict::NoDifference) => format!("NO DIFFERENCE between texts of {left} and {right}"),
            None => format!("Texts of {left} against {right}"),
        };
        match win_rate.half_width {
            Some(half) => {
                let (low, high) = (percent(win_rate.mean - half), percent(win_rate.mean + half));
                format!(
                    "{link}: wins {rate} of {texts} texts after the same prompts, 95 % interval [{low}, {high}], {} paired seeds",
                    seeds.len()
                )
            }
            None => format!("{link}: wins {rate} of {texts} texts after the same prompts; one seed is no evidence"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(prompt: &str, points: Option<f64>) -> Sample {
        Sample { prompt: prompt.into(), text: "a".into(), ended: true, points }
    }

    #[test]
    fn texts_win_where_they_have_more_points_after_the_same_prompt() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str, points: &[(&str, Option<f64>)]| {
            let path = folder.path().join(name);
            let directory = RunDir::create(&path).unwrap();
            let texts = points.iter().map(|(prompt, points)| sample(prompt, *points)).collect();
            write(&directory, BTreeMap::from([(Role::Teacher, vec![sample("other", None)]), (Role::Distilled, texts)])).unwrap();
            path
        };
        let a = place("a", &[("x", Some(0.5)), ("y", Some(0.0)), ("z", Some(0.2)), ("x", Some(0.1))]);
        let b = place("b", &[("x", Some(0.2)), ("y", Some(0.0)), ("z", Some(0.1)), ("x", Some(0.1))]);
        let places = |all: &[&PathBuf]| -> Places { all.iter().enumerate().map(|(seed, path)| (seed as u32, (*path).clone())).collect() };
        let fight = |own: &Places, others: &Places| duel(("one".into(), own), ("two".into(), others)).unwrap();
        let found = fight(&places(&[&a]), &places(&[&b])).unwrap();
        assert_eq!((found.win_rate.mean, found.verdict, found.texts), (0.75, None, 4), "two wins, two ties");
        assert!(found.sentence().contains("wins 75.00 % of 4 texts"), "{}", found.sentence());
        let found = fight(&places(&[&b, &b]), &places(&[&a, &a])).unwrap();
        assert_eq!((found.win_rate.mean, found.verdict), (0.25, Some(Verdict::Worse)), "both seeds say the same");
        let refused = |points: &[(&str, Option<f64>)]| fight(&places(&[&a]), &places(&[&place("other", points)])).unwrap_err();
        assert!(refused(&[("x", Some(0.2))]).contains("different prompts"));
        assert!(refused(&[("w", Some(0.2)), ("y", None), ("z", None), ("x", None)]).contains("different prompts"));
        assert!(refused(&[("x", Some(0.2)), ("y", None), ("z", None), ("x", None)]).contains("right or wrong"));
        assert!(refused(&[]).contains("kept"));
        assert!(fight(&places(&[]), &places(&[&a])).unwrap_err().contains("no seed"));
        std::fs::write(folder.path().join("a").join(FILE), "{\n").unwrap();
        let error = duel((String::new(), &places(&[&a])), (String::new(), &places(&[&b]))).unwrap_err().to_string();
        assert!(error.contains("texts.jsonl: line 1"), "{error}");
    }
}
