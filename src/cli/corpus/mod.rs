//! Texts of a file, or of the files of a folder, tokenised once by a model's tokenizer: into a file that is mapped, where the next run finds them. Training reads what a
//! batch needs, so that memory does not grow with the corpus.

mod cache;
mod pieces;
mod shelves;

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use self::cache::{Key, Shape, Stale, Tokens, Writer, fingerprint};
use self::shelves::{Framed, Inner, Pairs, Windows};
use super::clock::Clock;
use super::error::Error;
use super::tables::{self, Columns, Format};
use super::{files, interrupt, table};
use crate::data::text::{
    Corpus, Cut, Instructions, JsonlOptions, Judge, Labelled, Named, Part, Passages, Room, SHORTEST, Sentences, Skipped, TextSet, Texts,
    divide, labelled, plan, stop, tests, typed,
};
use crate::data::{DataError, Fingerprint, Marks, Tokenizer};
use crate::spec::{Experiment, Objective, TaskName};

/// Texts that are tokenised together, each by one thread.
const BATCH: usize = 64;
/// Names the folder of the files.
const FOLDER: &str = "DISTILLERY_CACHE";

/// A file's texts as a run takes them.
#[derive(Debug)]
struct Kept {
    tokens: Tokens,
    shape: Shape,
    tokenizer: Tokenizer,
    /// What they are the tokens of.
    source: PathBuf,
    /// Of labelled texts, those to be tested on, where they have a file of their own.
    tests: Option<Box<Kept>>,
}

/// Fingerprints of the files of a text, as they lie there.
///
/// # Errors
/// A file that cannot be read.
pub fn source(path: &Path, columns: Columns) -> Result<String, Error> {
    let files = tables::files(path, columns)?;
    let prints = files.iter().map(|file| File::open(file).and_then(|mut open| fingerprint(&mut open)).map_err(Error::read(file)));
    Ok(prints.collect::<Result<Vec<_>, _>>()?.join(" "))
}

/// A text by its path, and the [`source`] of it.
pub type Sourced<'a> = (&'a Path, String);

/// The texts of `data` for an experiment, and those of `test`, read by the tokenizer of its teacher. Of that `tokenizer_json` is the file.
///
/// # Errors
/// A file that cannot be read, a line that is no instruction or has no label, a folder that cannot be written, and Ctrl-C.
pub fn open(
    data: Sourced,
    test: Option<Sourced>,
    experiment: &Experiment,
    tokenizer: &Tokenizer,
    tokenizer_json: &str,
) -> Result<Box<dyn Corpus>, Error> {
    let (folder, shape) = (folder()?, Shape::of(experiment));
    let open = |flag, text| keep(&folder, flag, text, shape, tokenizer, tokenizer_json);
    let kept = open("--data", data)?;
    let tests = test.map(|text| open("--test", text).map(Box::new)).transpose()?;
    Ok(Box::new(Kept { tests, ..kept }))
}

/// A text, which the flag named.
fn keep(
    folder: &Path,
    flag: &'static str,
    (path, source): Sourced,
    shape: Shape,
    tokenizer: &Tokenizer,
    tokenizer_json: &str,
) -> Result<Kept, Error> {
    let files = tables::files(path, shape.columns())?;
    let reader = reader(tokenizer, tokenizer_json);
    let key = Key::new(&reader, source, shape, tokenizer.vocab());
    let kept = folder.join(name(path, shape, &reader)?);
    let tokens = match Tokens::open(&kept, &key)? {
        Ok(tokens) => tokens,
        Err(stale) => {
            let why = match stale {
                Stale::Missing => "",
                Stale::Other => " (it has changed)",
                Stale::Damaged => " (what was kept of it is damaged)",
            };
            let name = |file: &Path| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let several = match &files[..] {
                [first, .., last] => format!(" ({} files, {} to {})", files.len(), name(first), name(last)),
                _ => String::new(),
            };
            let note = format!("note: {}{several} is tokenised once{why}, into {}", path.display(), kept.display());
            tokenise(flag, &files, shape, tokenizer, Writer::create(&kept, key.clone())?, note)?;
            Tokens::open(&kept, &key)?.map_err(|_| Error::input(format!("{} was changed while it was made: try again", kept.display())))?
        }
    };
    Ok(Kept { tokens, shape, tokenizer: tokenizer.clone(), source: path.into(), tests: None })
}

/// The user's folder for what can be made again, or the one that is named.
fn folder() -> Result<PathBuf, Error> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = |below: &str| set("HOME").map(|home| home.join(below));
    let usual = if cfg!(target_os = "macos") { home("Library/Caches") } else { set("XDG_CACHE_HOME").or_else(|| home(".cache")) };
    let usual = usual.or_else(|| set("LOCALAPPDATA")).map(|folder| folder.join("distillery"));
    let folder = set(FOLDER).or(usual).ok_or_else(|| Error::input(format!("there is no folder to keep tokens in: set {FOLDER} to one")))?;
    let wrong = |error| Error::input(format!("cannot keep tokens in {}: {error}; set {FOLDER} to another folder", folder.display()));
    fs::create_dir_all(&folder).map_err(wrong)?;
    Ok(folder)
}

/// All that decides how texts are read: the tokenizer's file, and the chat template where that is followed.
fn reader<'a>(tokenizer: &Tokenizer, tokenizer_json: &'a str) -> Cow<'a, str> {
    match tokenizer.template() {
        Some(template) => format!("{tokenizer_json}{}", template.fingerprint()).into(),
        None => tokenizer_json.into(),
    }
}

/// One file for each source, reader and shape.
fn name(path: &Path, shape: Shape, reader: &str) -> Result<String, Error> {
    let absolute = fs::canonicalize(path).map_err(Error::read(path))?;
    let mut name = Fingerprint::of(absolute.as_os_str().as_encoded_bytes());
    name.bytes(format!("{shape:?}").as_bytes());
    name.bytes(reader.as_bytes());
    Ok(format!("{}-{name}.tokens", path.file_stem().unwrap_or_default().to_string_lossy()))
}

/// Texts that wait to be tokenised together, in the order in which they are written.
struct Making<'a> {
    /// Names the files where something is wrong.
    flag: &'static str,
    tokenizer: &'a Tokenizer,
    writer: Writer,
    waiting: Vec<String>,
    /// The labels of those, where texts have labels.
    labels: Vec<String>,
    /// Texts with fewer tokens are left out.
    shortest: usize,
    clock: Clock,
    /// What is being done, to be said once: when it takes long, or at the end. A file that is wrong from the start is not announced.
    note: Option<String>,
    /// Bytes of text that were read, and that there are, where the size of the file says it.
    done: usize,
    all: Option<usize>,
}

impl Making<'_> {
    fn add(&mut self, text: String) -> Result<(), Error> {
        self.waiting.push(text);
        if self.waiting.len() < BATCH { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Error> {
        let read: Result<Vec<Vec<u32>>, _> = self.waiting.par_iter().map(|text| self.tokenizer.encode(text)).collect();
        self.waiting.clear();
        let mut labels = std::mem::take(&mut self.labels).into_iter();
        for ids in read.map_err(|error| Error::input(error.to_string()))? {
            if ids.len() >= self.shortest {
                self.writer.push(&ids)?;
            }
            if let Some(label) = labels.next() {
                self.writer.push(&label.bytes().map(u32::from).collect::<Vec<_>>())?;
            }
        }
        self.say()
    }

    fn announce(&mut self) {
        if let Some(note) = self.note.take() {
            eprintln!("{note}");
        }
    }

    fn say(&mut self) -> Result<(), Error> {
        if interrupt::asked() {
            return Err(Error::Interrupted("stopped while the data were tokenised; the same command begins that anew".into()));
        }
        if self.clock.due() {
            self.announce();
            let all = self.all.map(|all| format!(" of {}", table::bytes(all))).unwrap_or_default();
            eprintln!("tokenised {}{all}", table::bytes(self.done));
        }
        Ok(())
    }
}

/// What is read of the files of an experiment.
pub fn columns(experiment: &Experiment) -> Columns {
    Shape::of(experiment).columns()
}

impl Shape {
    fn of(experiment: &Experiment) -> Self {
        match (experiment.task.name, experiment.is_encoder(), experiment.encoder.objective) {
            (TaskName::Jsonl, ..) => Self::Pairs,
            (TaskName::Labels, ..) => Self::Labelled,
            (_, false, _) => Self::Text,
            (_, true, Objective::Masked) => Self::Words,
            (_, true, Objective::Embeddings | Objective::Classes) => Self::Sentences,
        }
    }

    fn columns(self) -> Columns {
        match self {
            Self::Text | Self::Words | Self::Sentences => Columns::Text,
            Self::Pairs => Columns::Instructions,
            Self::Labelled => Columns::Labelled,
        }
    }
}

fn tokenise(flag: &'static str, files: &[PathBuf], shape: Shape, tokenizer: &Tokenizer, writer: Writer, note: String) -> Result<(), Error> {
    let columns = shape.columns();
    // What tables hold besides, or are packed to, is not known.
    let plain = files.iter().all(|file| Format::of(file).is_read_as_it_is(columns));
    let sizes = || files.iter().map(|file| fs::metadata(file).map(|found| found.len() as usize).map_err(Error::read(file)));
    let all = if plain { Some(sizes().sum::<Result<usize, Error>>()?) } else { None };
    let shortest = if shape == Shape::Sentences { SHORTEST } else { 0 };
    let (waiting, labels) = (Vec::new(), Vec::new());
    let mut making = Making { flag, tokenizer, writer, waiting, labels, shortest, clock: Clock::start(), note: Some(note), done: 0, all };
    let (mut first, mut open_line) = (true, false);
    for path in files {
        let source = tables::open(path, columns).map_err(Error::read(path))?;
        match shape {
            Shape::Text => {
                if std::mem::take(&mut open_line) {
                    making.add("\n".into())?;
                }
                pieces::pieces(source, path, |piece| {
                    making.done += piece.len();
                    open_line = !piece.ends_with('\n');
                    making.add(piece.into())
                })?;
            }
            Shape::Words => {
                let mut begins = true;
                pieces::pieces(source, path, |piece| {
                    making.done += piece.len();
                    let words = typed(piece);
                    if words.is_empty() {
                        return Ok(());
                    }
                    let begun = std::mem::take(&mut begins);
                    let gap = if !first && (begun || piece.starts_with(char::is_whitespace)) { " " } else { "" };
                    first = false;
                    making.add(format!("{gap}{words}"))
                })?;
            }
            Shape::Sentences => {
                let mut sentences = Sentences::default();
                pieces::pieces(source, path, |piece| {
                    making.done += piece.len();
                    sentences.read(piece).into_iter().try_for_each(|sentence| making.add(sentence))
                })?;
                sentences.finish().map_or(Ok(()), |sentence| making.add(sentence))?;
            }
            Shape::Pairs => {
                let instructions = Instructions::of(tokenizer);
                let instructions = instructions.map_err(|error| Error::input(format!("{flag} {}: {error}", path.display())))?;
                lines(source, path, &mut making, |making, line| {
                    let example = instructions.example(line)?;
                    Ok(making.writer.push(&example.prompt).and_then(|()| making.writer.push(&example.response)))
                })?;
            }
            Shape::Labelled => lines(source, path, &mut making, |making, line| {
                let (text, label) = labelled(line)?;
                making.labels.push(label);
                Ok(making.add(text))
            })?,
        }
    }
    making.flush()?;
    making.announce();
    making.writer.finish()
}

/// One text after the other, a line each. `take` says what is wrong with a line, or whether it could be kept.
fn lines(
    source: impl Read,
    path: &Path,
    making: &mut Making,
    take: impl Fn(&mut Making, &str) -> Result<Result<(), Error>, String>,
) -> Result<(), Error> {
    let (mut lines, flag, unit) = (BufReader::new(source), making.flag, Format::of(path).unit());
    let (mut bytes, mut number) = (Vec::new(), 0_usize);
    loop {
        bytes.clear();
        let count = lines.read_until(b'\n', &mut bytes).map_err(Error::read(path))?;
        if count == 0 {
            return Ok(());
        }
        let line = std::str::from_utf8(&bytes).map_err(|error| files::not_utf8(path, number, making.done + error.valid_up_to()))?;
        number += 1;
        making.done += count;
        // Some editors begin a file with a byte order mark.
        let text = line.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
        if !text.trim().is_empty() {
            let wrong = |problem: String| Error::input(format!("{flag} {}: {unit} {number}: {problem}", path.display()));
            take(making, text).map_err(wrong)??;
        }
        if number.is_multiple_of(BATCH) {
            making.say()?;
        }
    }
}

impl Kept {
    /// The lines of the file that some instructions stand in, ascending; none where it cannot be read any more.
    fn lines(&self, pairs: &[u32]) -> Vec<usize> {
        let (Some(last), Ok(source)) = (pairs.last(), tables::open(&self.source, self.shape.columns())) else { return Vec::new() };
        let lines = BufReader::new(source).lines().map_while(Result::ok).zip(1..);
        let filled = lines.filter(|(line, _)| !line.trim_start_matches('\u{feff}').trim().is_empty()).map(|(_, number)| number);
        let numbers: Vec<usize> = filled.take(*last as usize + 1).collect();
        pairs.iter().filter_map(|pair| numbers.get(*pair as usize).copied()).collect()
    }

    /// The labels of labelled texts.
    fn named(&self) -> Named {
        let bytes = |text: usize| self.tokens.ids(self.tokens.pair(text)[1].clone()).into_iter().map(|byte| byte as u8).collect();
        (0..self.tokens.texts / 2).map(|text| String::from_utf8(bytes(text)).expect("the bytes of a label")).collect()
    }
}

impl Corpus for Kept {
    fn texts(&self, experiment: &Experiment) -> Result<Texts, DataError> {
        let (tokens, context) = (&self.tokens, experiment.text.context);
        let stop = if self.shape == Shape::Pairs { Instructions::of(&self.tokenizer)?.stop() } else { stop(&self.tokenizer)? };
        let set = |train, test, ends, judge| TextSet {
            tokenizer: self.tokenizer.clone(),
            stop,
            ends,
            train,
            test,
            judge,
            overlap: 0,
            room: Room::Example,
        };
        if self.shape == Shape::Pairs {
            let fits = |pair: &u32| tokens.pair(*pair as usize).iter().map(|span| span.len()).sum::<usize>() < context;
            let all = (tokens.texts / 2) as u32;
            let kept: Vec<u32> = (0..all).filter(fits).collect();
            let first: Vec<u32> = (0..all).filter(|pair| !fits(pair)).take(Skipped::NAMED).collect();
            let skipped = Skipped { count: all as usize - kept.len(), lines: self.lines(&first) };
            let parts = divide(kept, skipped.count, &JsonlOptions::new(experiment.seed, context))?;
            let [train, test] = parts.map(|order| Part::kept(Pairs { tokens: tokens.clone(), order }));
            return Ok(Texts { set: set(train, test, true, Judge::Exact), teachers: None, skipped });
        }
        let begin = self.tokenizer.begin()?;
        let size = context.saturating_sub(begin.len());
        let (trained, prompt) = plan(tokens.tokens, size)?;
        let windows = |from: usize, length: usize| {
            Part::kept(Windows { tokens: tokens.clone(), begin: begin.clone(), from, count: length / size, size, prompt })
        };
        let (train, test) = (windows(0, trained), windows(trained, tokens.tokens - trained));
        Ok(Texts { set: set(train, test, false, Judge::None), teachers: None, skipped: Skipped::default() })
    }

    fn passages(&self, experiment: &Experiment) -> Result<Passages, DataError> {
        let context = experiment.text.context;
        let marks = Marks::of(&self.tokenizer)?;
        let framed = |kept: &Self, inner| Framed { tokens: kept.tokens.clone(), marks, context, inner };
        if self.shape == Shape::Labelled {
            let tests = self.tests.as_deref();
            let line = |row: u32| tests.and_then(|tests| tests.lines(&[row]).first().copied()).unwrap_or(row as usize + 1);
            let Labelled { labels, train, test } = Labelled::divide(self.named(), tests.map(Self::named), experiment.seed, line)?;
            let (train, test) = (framed(self, Inner::First(train)), framed(tests.unwrap_or(self), Inner::First(test)));
            let cut = train.cut() + test.cut();
            return Ok(Passages { cut, labels, ..Passages::new(self.tokenizer.clone(), marks, Part::kept(train), Part::kept(test)) });
        }
        let (cut, inner) = if self.shape == Shape::Words { (Cut::Windows, Inner::Windows) } else { (Cut::Sentences, Inner::Texts) };
        Cut::check(context)?;
        let shelf = framed(self, inner);
        let shortened = shelf.cut();
        let mut train = Part::kept(shelf);
        let test = train.split_off(train.len() - tests(train.len(), context, cut)?);
        Ok(Passages { cut: shortened, ..Passages::new(self.tokenizer.clone(), marks, train, test) })
    }
}

#[cfg(test)]
mod tests;
