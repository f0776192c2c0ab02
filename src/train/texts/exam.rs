//! What the networks are asked at an evaluation.
//!
//! Where every right answer is known with its true probability (the grammar), the references are all of them, weighed by it: what a network
//! gives to right answers, and to which, is then computed, not sampled. Elsewhere they are the test examples.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::super::RunError;
use super::super::evaluation::{Evaluation, TextMeasures};
use super::super::event::Role;
use super::desk::{Desk, Writings};
use super::judged::{compare, preferred, response, responses, truth, two_words};
use super::told::{self, Apart, Told};
use crate::data::text::{Grammar, Judge, TextSet};
use crate::device::Place;
use crate::eval::{
    statistics::mean,
    study::{self, Bin, Graded},
    text as measures,
};
use crate::loss::preference;
use crate::method::text::{Padding, Reading, Sequences, Written, large};
use crate::model::Transformer;
use crate::model::transformer::Context;
use crate::spec::{Experiment, Method};

/// Texts per forward pass, of a small vocabulary and of a large one, whose networks are large.
const CHUNK: usize = 64;
const LARGE_CHUNK: usize = 4;
/// Samples in which a template has to show up for it to count as covered.
const TRIES: i32 = 8;
/// Bins of the calibration error on questions of yes or no, as in MiniLLM's evaluation of labels.
const YES_NO_BINS: usize = 10;

/// A text, and how much it counts.
struct Reference {
    written: Written,
    weight: f64,
    /// The prompt that it answers, by number.
    prompt: usize,
}

/// How a network answers where all right answers are known.
struct Known {
    /// The probability of all right answers, mean over prompts.
    validity: f64,
    /// The same over the prompts that the students were not asked, if there are any.
    unseen: Option<f64>,
    /// The share of templates that `TRIES` samples of a prompt are expected to show.
    coverage: f64,
    /// The answers to the prompts where yes or no is right.
    yes_no: Vec<Graded>,
}

/// How much an exam asks.
pub struct Sizes {
    /// Test examples where the right answers are not all known.
    pub tests: usize,
    /// Texts that are written at most.
    pub samples: usize,
    /// Whether exposure is measured: it needs as many texts again where the written ones are not drawn at temperature 1.
    pub exposure: bool,
    /// Tokens of the data's responses on the mean, before anything of the data is held out.
    pub mean_response: usize,
}

/// The questions, and what a frozen teacher answered.
pub struct Exam {
    references: Vec<Reference>,
    /// On the device, `chunk` texts each: the references, then the wrong words.
    chunks: Vec<Sequences>,
    chunk: usize,
    vocab: usize,
    /// A frozen teacher's state of each chunk, `[rows, width]`.
    heard: Vec<Tensor<2>>,
    prompts: Vec<Vec<u32>>,
    /// Prompts to which only yes or only no is right, each with a text that is the other word. All right answers begin with the right one.
    wrong_words: Vec<Reference>,
    /// Where texts are written for test prompts.
    pub desk: Desk,
    /// Whether a good answer may have other words than its reference.
    open: bool,
    padding: Padding,
    /// Tokens of the data's responses on the mean: up to there errors that add up are read as one number.
    mean_response: usize,
    /// A frozen teacher's, and the temperature at which it wrote them.
    teacher_texts: Option<(f64, Writings)>,
    /// How sure each network was of the next tokens when it was last asked, and how often it was right.
    reliability: BTreeMap<Role, Vec<Bin>>,
}

impl Exam {
    pub fn new(reading: &Reading, vocab: usize, sizes: &Sizes, place: &Place) -> Self {
        let (set, padding) = (&reading.set, reading.padding());
        let (mut references, mut prompts, mut wrong_words) = (Vec::new(), Vec::new(), Vec::new());
        if let Judge::Grammar(grammar) = &set.judge {
            for prompt in grammar.prompts() {
                for (response, weight) in grammar.answers(prompt) {
                    let response = response.iter().copied().chain([set.stop]).collect();
                    references.push(Reference { written: Written { prompt: prompt.into(), response }, weight, prompt: prompts.len() });
                }
                if let Some(other) = grammar.wrong_word(prompt) {
                    let written = Written { prompt: prompt.into(), response: vec![other] };
                    wrong_words.push(Reference { written, weight: 0.0, prompt: prompts.len() });
                }
                prompts.push(prompt.to_vec());
            }
        } else {
            for example in set.test.iter().take(sizes.tests) {
                references.push(Reference { written: Written::example(&example, set.end()), weight: 1.0, prompt: prompts.len() });
                prompts.push(example.into_owned().prompt);
            }
        }
        let desk = Desk::new(reading, sizes);
        let checkable = |text: &Written| measures::is_checkable(&set.text(response(text, set.stop)));
        let open =
            matches!(set.judge, Judge::Exact) && !references.iter().map(|reference| &reference.written).chain(&desk.asked).all(checkable);
        let chunk = references.len().clamp(1, if vocab > large::VOCABULARY { LARGE_CHUNK } else { CHUNK });
        let texts: Vec<Written> = references.iter().chain(&wrong_words).map(|reference| reference.written.clone()).collect();
        let chunks = texts.chunks(chunk).map(|part| filled(part, chunk, padding, vocab, place)).collect();
        Self {
            references,
            chunks,
            chunk,
            vocab,
            heard: Vec::new(),
            prompts,
            wrong_words,
            desk,
            open,
            padding,
            mean_response: sizes.mean_response,
            teacher_texts: None,
            reliability: BTreeMap::new(),
        }
    }

    /// What can be asked: every prompt of the grammar, otherwise those of the first test examples.
    pub fn prompts(&self) -> &[Vec<u32>] {
        &self.prompts
    }

    /// The reference of a prompt that has one, with its stop token.
    pub fn key(&self, prompt: usize) -> Option<&[u32]> {
        self.references.iter().find(|reference| reference.prompt == prompt).map(|reference| reference.written.response.as_slice())
    }

    /// The reliability diagram of a network's next tokens, once it was asked.
    pub fn reliability(&self, role: Role) -> Option<Vec<Bin>> {
        self.reliability.get(&role).cloned()
    }

    /// Asks every network. A teacher that does not change writes once at each temperature.
    ///
    /// # Errors
    /// [`RunError::Device`] when the device fails, [`RunError::NotFinite`] when a network writes what is no number.
    pub async fn examine(
        &mut self,
        experiment: &Experiment,
        set: &TextSet,
        contexts: &[Context; 2],
        networks: &[(Role, usize, Transformer); 3],
        teacher_changes: bool,
        place: &Place,
    ) -> Result<Vec<Evaluation>, RunError> {
        let teacher = &networks[0].2;
        if teacher_changes || self.heard.is_empty() {
            self.heard = self.chunks.iter().map(|chunk| state(teacher, chunk, &contexts[0])).collect();
        }
        let temperature = experiment.text.sampling_temperature;
        let kept = self.teacher_texts.take().filter(|(at, _)| !teacher_changes && *at == temperature);
        let of_teacher = match kept {
            Some((_, texts)) => texts,
            None => self.desk.writings(experiment, set, &networks[0], place).await?,
        };
        self.teacher_texts = Some((temperature, of_teacher.clone()));
        let mut found = Vec::new();
        let mut points = Vec::new();
        for who in networks {
            let (role, steps, network) = who;
            let is_teacher = *role == Role::Teacher;
            let told = self.told(contexts, teacher, (!is_teacher).then_some(network)).await?;
            let texts = if is_teacher { of_teacher.clone() } else { self.desk.writings(experiment, set, who, place).await? };
            let apart = if is_teacher {
                None
            } else {
                let preference = experiment.text.method == Method::Dpkd;
                let own = self.apart(contexts, teacher, network, texts.drawn(), preference, place).await?;
                Some([own, self.apart(contexts, teacher, network, of_teacher.drawn(), preference, place).await?])
            };
            let excess = apart.as_ref().map(|[own, guided]| measures::excess(&own.forward_kl, &guided.forward_kl));
            let mut evaluation = self.evaluation(set, *role, *steps, &told, &texts, excess);
            if let (Some(text), Some([own, of_teacher]), Method::Dpkd) = (&mut evaluation.text, &apart, experiment.text.method) {
                text.preferred = preferred(of_teacher, own, preference::counts_lengths(&experiment.text));
            }
            found.push(evaluation);
            points.push(truth(set, &texts.texts));
        }
        compare(&mut found, &points);
        Ok(found)
    }

    /// Asks one network that nobody can be compared with: the teacher has another vocabulary.
    ///
    /// # Errors
    /// As [`Exam::examine`].
    pub async fn examine_one(
        &mut self,
        experiment: &Experiment,
        set: &TextSet,
        context: &Context,
        who: &(Role, usize, Transformer),
        place: &Place,
    ) -> Result<Evaluation, RunError> {
        let (role, steps, network) = who;
        let mut told = Vec::new();
        for chunk in &self.chunks {
            let state = state(network, chunk, context);
            told.extend(told::all(chunk, (network, &state), None).await?);
        }
        told.truncate(self.references.len() + self.wrong_words.len());
        let texts = self.desk.writings(experiment, set, who, place).await?;
        Ok(self.evaluation(set, *role, *steps, &told, &texts, None))
    }

    /// What a network says of every token of every reference, and then of every wrong word; the teacher itself for `None`.
    async fn told(
        &self,
        contexts: &[Context; 2],
        teacher: &Transformer,
        student: Option<&Transformer>,
    ) -> Result<Vec<Vec<Told>>, RunError> {
        let mut told = Vec::new();
        for (chunk, heard) in self.chunks.iter().zip(&self.heard) {
            let student = student.map(|net| (net, state(net, chunk, &contexts[1])));
            told.extend(told::all(chunk, (teacher, heard), student.as_ref().map(|(net, state)| (*net, state))).await?);
        }
        // The last chunk was filled up.
        told.truncate(self.references.len() + self.wrong_words.len());
        Ok(told)
    }

    async fn apart(
        &self,
        contexts: &[Context; 2],
        teacher: &Transformer,
        student: &Transformer,
        texts: &[Written],
        preference: bool,
        place: &Place,
    ) -> Result<Apart, RunError> {
        let mut found = Apart { forward_kl: Vec::new(), likelier: Vec::new() };
        for part in texts.chunks(self.chunk) {
            let chunk = filled(part, self.chunk, self.padding, self.vocab, place);
            let states = [(teacher, 0), (student, 1)].map(|(net, at)| state(net, &chunk, &contexts[at]));
            let told = told::apart(&chunk, (teacher, &states[0]), (student, &states[1]), preference).await?;
            found.forward_kl.extend(told.forward_kl.into_iter().take(part.len()));
            found.likelier.extend(told.likelier.into_iter().take(part.len()));
        }
        Ok(found)
    }

    /// `excess` is that of a network that is compared with the teacher.
    fn evaluation(
        &mut self,
        set: &TextSet,
        role: Role,
        step: usize,
        told: &[Vec<Told>],
        writings: &Writings,
        excess: Option<Vec<f64>>,
    ) -> Evaluation {
        let texts = &writings.texts;
        let weighed = || self.references.iter().zip(told).flat_map(|(reference, text)| text.iter().map(|told| (reference.weight, told)));
        let total: f64 = weighed().map(|(weight, _)| weight).sum();
        let mean = |of: fn(&Told) -> f64| weighed().map(|(weight, told)| weight * of(told)).sum::<f64>() / total;
        let graded = weighed().map(|(weight, told)| Graded { confidence: told.confidence, correct: told.correct, weight });
        let reliability = study::bins(graded, study::BINS);
        let compared = excess.is_some();
        let said = responses(texts, set.stop);
        // The likeliest answers tell little of what else there might be.
        let varied = if matches!(set.judge, Judge::Exact) { responses(writings.drawn(), set.stop) } else { said.clone() };
        let mut measures = TextMeasures {
            validity: None,
            unseen: None,
            coverage: None,
            yes_no_ece: None,
            forward_kl: compared.then(|| mean(|told| told.forward_kl)),
            reverse_kl: compared.then(|| mean(|told| told.reverse_kl)),
            length: measures::mean_length(&said),
            distinct_2: measures::distinct(&varied, 2),
            rouge_l: None,
            open: self.open,
            win_rate: None,
            preferred: None,
            own_share: None,
            excess: excess.unwrap_or_default(),
            excess_at: self.mean_response,
        };
        let mut accuracy = mean(|told| told.correct);
        match &set.judge {
            Judge::Grammar(grammar) => {
                let known = self.grammar(grammar, told);
                accuracy = known.validity;
                measures.validity = Some(known.validity);
                measures.unseen = known.unseen;
                measures.coverage = Some(known.coverage);
                measures.yes_no_ece = Some(study::calibration_error(&study::bins(known.yes_no, YES_NO_BINS)));
            }
            Judge::Exact => {
                let wanted = responses(&self.desk.asked, set.stop);
                let pairs = || said.iter().zip(&wanted).map(|(said, wanted)| (set.text(said), set.text(wanted)));
                let count = texts.len().max(1) as f64;
                let ended = texts.iter().zip(&said).map(|(text, said)| text.response.len() > said.len());
                let right = pairs().zip(ended).filter(|((said, wanted), ended)| measures::exact_match(said, wanted, *ended)).count();
                accuracy = right as f64 / count;
                measures.validity = Some(accuracy);
                measures.rouge_l = Some(pairs().map(|(said, wanted)| measures::rouge_l(&said, &wanted)).sum::<f64>() / count);
            }
            Judge::None => {}
        }
        let loss = mean(|told| told.nll);
        let ece = study::calibration_error(&reliability);
        self.reliability.insert(role, reliability);
        Evaluation {
            role,
            step,
            accuracy,
            loss,
            ece: Some(ece),
            agreement: compared.then(|| mean(|told| told.agrees)),
            omitted: None,
            text: Some(measures),
            encoder: None,
            validation: None,
        }
    }

    /// Where yes or no is right the network is taken as a classifier of two labels: what it gives to other words belongs to neither, and is
    /// counted as void elsewhere.
    fn grammar(&self, grammar: &Grammar, told: &[Vec<Told>]) -> Known {
        let count = self.prompts.len();
        let (mut mass, mut shown, mut templates, mut right) = (vec![0.0; count], vec![0.0; count], vec![0.0; count], vec![0.0; count]);
        for (reference, text) in self.references.iter().zip(told) {
            let probability = libm::exp(-text.iter().map(|told| told.nll).sum::<f64>());
            mass[reference.prompt] += probability;
            shown[reference.prompt] += 1.0 - (1.0 - probability.min(1.0)).powi(TRIES);
            templates[reference.prompt] += 1.0;
            // All right answers begin with the same word.
            right[reference.prompt] = libm::exp(-text[0].nll);
        }
        let valid = |asked: &dyn Fn(&[u32]) -> bool| {
            let of = self.prompts.iter().zip(&mass).filter(|(prompt, _)| asked(prompt));
            mean(&of.map(|(_, mass): (_, &f64)| mass.min(1.0)).collect::<Vec<_>>())
        };
        let wrong = self.wrong_words.iter().zip(&told[self.references.len()..]);
        Known {
            validity: valid(&|_| true).expect("the grammar has prompts"),
            unseen: valid(&|prompt| grammar.is_omitted(prompt)),
            coverage: mean(&shown.iter().zip(&templates).map(|(shown, all)| shown / all).collect::<Vec<_>>())
                .expect("the grammar has prompts"),
            yes_no: wrong.map(|(reference, text)| two_words(right[reference.prompt], libm::exp(-text[0].nll))).collect(),
        }
    }
}

/// Texts as a batch of `chunk`: always as many, because a GPU compiles its kernels for shapes.
fn filled(texts: &[Written], chunk: usize, padding: Padding, vocab: usize, place: &Place) -> Sequences {
    let mut texts = texts.to_vec();
    texts.resize(chunk, texts[0].clone());
    Sequences::new(&texts, padding.of(&texts), vocab, place)
}

/// A network's last states of all tokens, `[rows, width]`. `context` is of the longest batch.
fn state(network: &Transformer, chunk: &Sequences, context: &Context) -> Tensor<2> {
    network.state(chunk.ids.clone(), &context.first(chunk.seq))
}
