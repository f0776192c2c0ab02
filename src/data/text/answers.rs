//! What a teacher wrote for the prompts of a training set, kept in a file of lines of JSON: a header, then a text to a line in the order in which
//! they were written, as the student reads it and as people do. Not all need be there: what is missing is asked for when it is needed. A line
//! that a kill has torn is cut off, and the file goes on from there.

use serde::{Deserialize, Serialize};

use super::TextSet;
use super::top_k::{OTHER_DATA, OTHER_TEACHER};
use crate::data::{DataError, Fingerprint};

const VERSION: u32 = 1;

/// Whose texts a file holds, written for what and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswersHeader {
    pub version: u32,
    /// Fingerprint of the teacher.
    pub teacher: String,
    /// Fingerprint of the prompts, as all who read them do, and of the room that texts have.
    pub data: String,
    pub temperature: f64,
    /// By which they were drawn.
    pub seed: u32,
}

/// One text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Number of the example whose prompt it answers.
    pub example: usize,
    /// How many texts for this prompt come before it.
    pub turn: usize,
    /// As the student reads it, its stop token too if it came to one.
    pub tokens: Vec<u32>,
    /// As people do.
    #[serde(default)]
    pub text: String,
}

impl AnswersHeader {
    /// `readings` are the set as each reads it, with the numbers that limit its texts.
    pub fn new(teacher: String, readings: &[(&TextSet, [usize; 2])], temperature: f64, seed: u32) -> Self {
        let mut data = Fingerprint::default();
        for (set, limits) in readings {
            data.words(limits.map(|limit| limit as u32).into_iter().chain([set.stop, set.train.len() as u32]));
            for example in &set.train {
                data.words([example.prompt.len() as u32].into_iter().chain(example.prompt.iter().copied()));
            }
        }
        Self { version: VERSION, teacher, data: data.to_string(), temperature, seed }
    }

    /// The first line of a file.
    pub fn line(&self) -> String {
        line(self)
    }

    /// The texts of a file as far as it is whole, and how many of its bytes that is: none of an empty one.
    ///
    /// # Errors
    /// [`DataError::BadAnswers`] for a file of another kind, teacher or data, of texts drawn otherwise, and for a line that is no text or of which
    /// `wrong` says what is wrong: with its number.
    pub fn read(&self, file: &[u8], wrong: impl Fn(&Answer) -> Option<String>) -> Result<(Vec<Answer>, usize), DataError> {
        let bad = |problem: String| Err(DataError::BadAnswers(problem));
        let whole = file.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole == 0 && self.line().as_bytes().starts_with(file) {
            return Ok((Vec::new(), 0));
        }
        let mut lines = file[..whole].split_inclusive(|byte| *byte == b'\n').zip(1..);
        let Some(header) = lines.next().and_then(|(first, _)| serde_json::from_slice::<Self>(first).ok()) else {
            return bad("line 1: it is no header of such a file".into());
        };
        if header.version != VERSION {
            return bad(format!("they are of version {}, this build reads {VERSION}", header.version));
        }
        if header.teacher != self.teacher {
            return bad(OTHER_TEACHER.into());
        }
        if header.data != self.data {
            return bad(OTHER_DATA.into());
        }
        if header.temperature != self.temperature {
            let (then, now) = (header.temperature, self.temperature);
            return bad(format!("they were written at text.sampling_temperature={then}, which is {now} here"));
        }
        if header.seed != self.seed {
            return bad(format!("they were drawn by seed={}, which is {} here", header.seed, self.seed));
        }
        let mut answers = Vec::new();
        for (line, number) in lines {
            let answer: Answer = match serde_json::from_slice(line) {
                Ok(answer) => answer,
                Err(error) => return bad(format!("line {number}: it is no text: {error}")),
            };
            if let Some(problem) = wrong(&answer) {
                return bad(format!("line {number}: {problem}"));
            }
            answers.push(answer);
        }
        Ok((answers, whole))
    }
}

impl Answer {
    /// A line of a file.
    pub fn line(&self) -> String {
        line(self)
    }
}

fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data") + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;
    use crate::device::testing::test;

    fn header() -> AnswersHeader {
        let set = names("Ann\nBo\nCyrus\nDee", 0).unwrap();
        AnswersHeader::new("t".into(), &[(&set, [8, 7])], 0.7, 3)
    }

    fn answer(example: usize) -> Answer {
        Answer { example, turn: 1, tokens: vec![3, 1, 0], text: "ab\n\"ç\"".into() }
    }

    #[test]
    fn what_is_written_is_read_and_a_torn_line_is_cut_off() {
        let header = header();
        let lines = [header.line(), answer(0).line(), answer(2).line()];
        let file = lines.concat();
        let whole = |count: usize| lines[..count].concat().len();
        for cut in 0..=file.len() {
            let (read, length) = header.read(&file.as_bytes()[..cut], |_| None).unwrap();
            let lines = (0..=3).rfind(|count| whole(*count) <= cut).unwrap();
            assert_eq!((read, length), ([answer(0), answer(2)][..lines.saturating_sub(1)].to_vec(), whole(lines)), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_another_s_or_no_text_is_refused_by_name_and_line() {
        let own = header();
        let refused = |other: AnswersHeader| own.read(other.line().as_bytes(), |_| None).unwrap_err().to_string();
        assert!(refused(AnswersHeader { teacher: "x".into(), ..own.clone() }).contains("another teacher"));
        assert!(refused(AnswersHeader { data: "x".into(), ..own.clone() }).contains("other data"));
        assert!(refused(AnswersHeader { temperature: 0.5, ..own.clone() }).contains("text.sampling_temperature=0.5, which is 0.7"));
        assert!(refused(AnswersHeader { seed: 4, ..own.clone() }).contains("seed=4, which is 3"));
        assert!(refused(AnswersHeader { version: 9, ..own.clone() }).contains("version 9"));
        let said =
            |file: String| own.read(file.as_bytes(), |answer| (answer.example > 1).then(|| "it is odd".into())).unwrap_err().to_string();
        assert!(said("{}\n".into()).contains("line 1") && said("no newline".into()).contains("line 1"));
        let torn = answer(0).line();
        assert!(said([&own.line(), &torn[..9], &torn].concat()).contains("line 2: it is no text"), "torn in the middle of the file");
        assert!(said([own.line(), answer(1).line(), answer(2).line()].concat()).contains("line 3: it is odd"));
    }

    #[test]
    fn other_prompts_and_other_limits_are_other_data() {
        let of = |names_: &str, limits| AnswersHeader::new("t".into(), &[(&names(names_, 0).unwrap(), limits)], 1.0, 0).data;
        let own = of("Ann\nBo\nCyrus\nDee", [8, 7]);
        assert_ne!(own, of("Ann\nBo\nCyrus\nDee", [9, 7]));
        assert_ne!(own, of("Ann\nBo\nCyrus\nDee\nEve", [8, 7]));
    }
}
