//! A small world in plain English. Everything about it is known: every right answer to every question, and how likely it is to be given.
//! So it can be measured exactly which answers a student keeps, which it drops, and how much of its probability falls on none of them.
//!
//! The world has 20 things with a place, a colour, a food, a sound and a friend each. The things are paired anew for each of the first
//! four: every value is that of exactly two things, so that one can be said to be red "like" the other. Nothing follows from anything
//! else (a cat may say moo): facts cannot be guessed, only known. Seven forms of question make 140 prompts, and each form has 2 to 6
//! templates of answers, the longer ones of more facts. The shorter a template, the fewer facts a student must hold to fill it rightly.
//!
//! The world and the probabilities are the same in every run, so that a trained teacher fits every run.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use crate::data::{Tokenizer, rng};

use super::{Example, Judge, Room, TextSet};

/// Of the world, not of a run.
const WORLD: u32 = 1;
/// Examples for testing, for each prompt.
const TESTS_PER_PROMPT: usize = 3;
/// No template of a prompt is less likely.
const RAREST: f64 = 0.08;

pub(super) const THINGS: [&str; 20] = [
    "cat", "dog", "cow", "fox", "owl", "bear", "mouse", "horse", "duck", "frog", "goat", "sheep", "wolf", "crow", "snail", "bee", "hen",
    "pig", "rabbit", "lion",
];
const PLACES: [&str; 10] = [
    "on the mat",
    "in the barn",
    "under the tree",
    "by the pond",
    "on the hill",
    "in the garden",
    "on the roof",
    "in the kitchen",
    "under the bridge",
    "by the river",
];
const COLOURS: [&str; 10] = ["red", "blue", "green", "white", "black", "brown", "grey", "pink", "yellow", "orange"];
const FOODS: [&str; 10] = ["fish", "grass", "seeds", "bread", "honey", "apples", "worms", "cheese", "nuts", "corn"];
const SOUNDS: [&str; 10] = ["moo", "woof", "meow", "quack", "hoot", "buzz", "hiss", "squeak", "baa", "oink"];

/// A question and its answers from the shortest to the longest; [`World::fill`] says what the capitals stand for.
const FORMS: [(&str, &[&str]); 7] = [
    (
        "where is the THING ?",
        &[
            "PLACE",
            "you can find it PLACE",
            "the THING is PLACE with the NEIGHBOUR",
            "the COLOUR THING is PLACE and it eats FOOD",
            "the THING is PLACE and it says SOUND like the ECHO",
            "the THING is PLACE and it eats FOOD like the GUEST and says SOUND",
        ],
    ),
    (
        "what colour is the THING ?",
        &[
            "it is COLOUR",
            "the colour of the THING is COLOUR",
            "the THING is COLOUR like the MATCH and it says SOUND",
            "the THING is COLOUR and it eats FOOD and likes the FRIEND HOME",
        ],
    ),
    ("what does the THING eat ?", &["it eats FOOD", "the THING eats FOOD PLACE", "the THING eats FOOD like the GUEST and it is COLOUR"]),
    (
        "what does the THING say ?",
        &["it says SOUND", "the COLOUR THING says SOUND like the ECHO", "the THING says SOUND PLACE and it likes the FRIEND"],
    ),
    (
        "who does the THING like ?",
        &["the FRIEND", "it likes the FRIEND HOME", "the THING likes the FRIEND and the FRIEND likes the SECOND"],
    ),
    ("is the THING COLOUR ?", &["yes it is", "yes the THING is COLOUR like the MATCH"]),
    ("is the THING OTHER ?", &["no it is not", "no the THING is COLOUR and not OTHER", "no it is not OTHER and it says SOUND PLACE"]),
];

/// Every right answer to every prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Grammar {
    /// By prompt, ascending.
    questions: Vec<Question>,
}

#[derive(Debug, Clone, PartialEq)]
struct Question {
    prompt: Vec<u32>,
    /// By template, the shortest first, each with its true probability.
    answers: Vec<(Vec<u32>, f64)>,
    /// What is right where only yes or no is.
    yes: Option<bool>,
    /// Whether no example of the students asks it.
    omitted: bool,
}

impl Grammar {
    /// Every prompt, ascending by ids.
    pub fn prompts(&self) -> impl Iterator<Item = &[u32]> {
        self.questions.iter().map(|question| question.prompt.as_slice())
    }

    /// The right answers of a prompt, without stop tokens, with their true probabilities: by template, the shortest first. Empty for what is
    /// no prompt.
    pub fn answers(&self, prompt: &[u32]) -> Vec<(Vec<u32>, f64)> {
        self.question(prompt).map(|question| question.answers.clone()).unwrap_or_default()
    }

    /// Tokens of a right answer without its stop token, mean over the prompts.
    pub fn mean_answer(&self) -> f64 {
        let of = |question: &Question| question.answers.iter().map(|(answer, p)| p * answer.len() as f64).sum::<f64>();
        self.questions.iter().map(of).sum::<f64>() / self.questions.len() as f64
    }

    /// How many templates a prompt has, 2 to 6; 0 for what is no prompt.
    pub fn templates(&self, prompt: &[u32]) -> usize {
        self.question(prompt).map_or(0, |question| question.answers.len())
    }

    /// The template that a response fills with the right facts, without its stop token; `None` for any other response, which is void.
    pub fn template(&self, prompt: &[u32], response: &[u32]) -> Option<usize> {
        self.question(prompt)?.answers.iter().position(|(answer, _)| answer == response)
    }

    /// Whether yes (the first token of each right answer then) or no is right; `None` where the question is another.
    pub fn yes(&self, prompt: &[u32]) -> Option<bool> {
        self.question(prompt)?.yes
    }

    /// The first token of answers to questions of the other kind, where yes or no is right.
    pub fn wrong_word(&self, prompt: &[u32]) -> Option<u32> {
        let right = self.yes(prompt)?;
        let other = self.questions.iter().find(|question| question.yes == Some(!right))?;
        other.answers.first().and_then(|(answer, _)| answer.first().copied())
    }

    /// Omits `count` prompts, drawn by `seed`, from the students.
    pub fn omit(&mut self, count: usize, seed: u32) {
        let mut order: Vec<u32> = (0..self.questions.len() as u32).collect();
        order.shuffle(&mut rng(seed, "omitted prompts"));
        for at in order.into_iter().take(count) {
            self.questions[at as usize].omitted = true;
        }
    }

    /// Whether a prompt is one that the students are not asked while they learn.
    pub fn is_omitted(&self, prompt: &[u32]) -> bool {
        self.question(prompt).is_some_and(|question| question.omitted)
    }

    fn question(&self, prompt: &[u32]) -> Option<&Question> {
        let at = self.questions.binary_search_by(|question| question.prompt.as_slice().cmp(prompt)).ok()?;
        Some(&self.questions[at])
    }
}

/// Questions about the world, `examples` of them for training: prompts drawn evenly, the template of the answer by its true probability.
///
/// There are 420 for testing, three for each prompt, answered by fresh draws. The same prompts are in both parts on purpose: what has not
/// been told about a thing cannot be guessed. What is tested is whether the student gives the answers in their true proportions.
///
/// Ids: `<end>`, the word that stops, is 0; then the words of the forms, the things, places, colours, foods and sounds, in the order in which
/// they stand in this file.
pub fn grammar(seed: u32, examples: usize) -> TextSet {
    let mut vocabulary = Vocabulary::new();
    let grammar = build(&mut vocabulary);
    let questions = &grammar.questions;
    let mut random = rng(seed, "grammar for training");
    let train = (0..examples)
        .map(|_| {
            let question = random.random_range(0..questions.len() as u32);
            example(&questions[question as usize], &mut random)
        })
        .collect();
    let mut random = rng(seed, "grammar for testing");
    let test = (0..TESTS_PER_PROMPT).flat_map(|_| questions).map(|question| example(question, &mut random)).collect();
    TextSet {
        tokenizer: Tokenizer::words(&vocabulary.0.join(" ")),
        stop: 0,
        ends: true,
        train,
        test,
        judge: Judge::Grammar(grammar),
        overlap: 0,
        room: Room::Apart,
    }
}

fn example(question: &Question, random: &mut impl Rng) -> Example {
    let (mut left, mut template): (f64, usize) = (random.random(), 0);
    while template + 1 < question.answers.len() && left >= question.answers[template].1 {
        left -= question.answers[template].1;
        template += 1;
    }
    Example { prompt: question.prompt.clone(), response: question.answers[template].0.clone() }
}

/// The ids of words, given out as they come.
struct Vocabulary(Vec<String>);

impl Vocabulary {
    fn new() -> Self {
        let mut vocabulary = Self(vec!["<end>".into()]);
        let forms = FORMS.iter().flat_map(|(question, answers)| [question].into_iter().chain(*answers));
        let own = forms.flat_map(|form| form.split(' ')).filter(|word| !word.contains(char::is_uppercase));
        let facts = [&THINGS[..], &PLACES, &COLOURS, &FOODS, &SOUNDS].into_iter().flatten();
        for words in own.chain(facts.copied()) {
            vocabulary.ids(words);
        }
        vocabulary
    }

    fn ids(&mut self, sentence: &str) -> Vec<u32> {
        sentence.split(' ').map(|word| self.id(word)).collect()
    }

    fn id(&mut self, word: &str) -> u32 {
        let at = self.0.iter().position(|known| known == word).unwrap_or_else(|| {
            self.0.push(word.into());
            self.0.len() - 1
        });
        at as u32
    }
}

/// A property that every thing has, and that it shares with one other thing.
struct Shared {
    /// By thing: an index into the values.
    value: [usize; THINGS.len()],
    /// By thing: the other thing of this value.
    twin: [usize; THINGS.len()],
}

impl Shared {
    fn draw(random: &mut impl Rng) -> Self {
        let order = shuffled(random);
        let mut shared = Self { value: [0; THINGS.len()], twin: [0; THINGS.len()] };
        for (value, pair) in order.chunks_exact(2).enumerate() {
            for (one, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
                shared.value[one] = value;
                shared.twin[one] = other;
            }
        }
        shared
    }
}

struct World {
    place: Shared,
    colour: Shared,
    food: Shared,
    sound: Shared,
    /// All things like each other in one ring.
    friend: [usize; THINGS.len()],
    /// A colour that a thing is not.
    other_colour: [usize; THINGS.len()],
}

impl World {
    fn draw() -> Self {
        let mut random = rng(WORLD, "world of the grammar");
        let [place, colour, food, sound] = std::array::from_fn(|_| Shared::draw(&mut random));
        let ring = shuffled(&mut random);
        let mut friend = [0; THINGS.len()];
        for (at, &thing) in ring.iter().enumerate() {
            friend[thing] = ring[(at + 1) % ring.len()];
        }
        let other_colour = colour.value.map(|colour| (colour + random.random_range(1..COLOURS.len() as u32) as usize) % COLOURS.len());
        Self { place, colour, food, sound, friend, other_colour }
    }

    /// A form with the facts of a thing in place of its capitals.
    fn fill(&self, form: &str, thing: usize) -> String {
        let friend = self.friend[thing];
        let word = |word| match word {
            "THING" => THINGS[thing],
            "PLACE" => PLACES[self.place.value[thing]],
            "COLOUR" => COLOURS[self.colour.value[thing]],
            "FOOD" => FOODS[self.food.value[thing]],
            "SOUND" => SOUNDS[self.sound.value[thing]],
            // The other thing of this place, colour, food, sound.
            "NEIGHBOUR" => THINGS[self.place.twin[thing]],
            "MATCH" => THINGS[self.colour.twin[thing]],
            "GUEST" => THINGS[self.food.twin[thing]],
            "ECHO" => THINGS[self.sound.twin[thing]],
            "FRIEND" => THINGS[friend],
            // Where the friend is, and whom it likes in turn.
            "HOME" => PLACES[self.place.value[friend]],
            "SECOND" => THINGS[self.friend[friend]],
            "OTHER" => COLOURS[self.other_colour[thing]],
            word => word,
        };
        form.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }
}

fn build(vocabulary: &mut Vocabulary) -> Grammar {
    let world = World::draw();
    let mut random = rng(WORLD, "answers of the grammar");
    let mut questions = Vec::with_capacity(FORMS.len() * THINGS.len());
    for (form, templates) in FORMS {
        for thing in 0..THINGS.len() {
            let answers = templates.iter().map(|template| vocabulary.ids(&world.fill(template, thing)));
            let answers = answers.zip(probabilities(templates.len(), &mut random)).collect();
            let yes = match form {
                "is the THING COLOUR ?" => Some(true),
                "is the THING OTHER ?" => Some(false),
                _ => None,
            };
            questions.push(Question { prompt: vocabulary.ids(&world.fill(form, thing)), answers, yes, omitted: false });
        }
    }
    questions.sort_by(|a, b| a.prompt.cmp(&b.prompt));
    Grammar { questions }
}

/// Every template has the smallest share; of the rest the first in a random order has half, the next a quarter, and so on.
fn probabilities(templates: usize, random: &mut impl Rng) -> Vec<f64> {
    let rest = 1.0 - RAREST * templates as f64;
    let all = f64::from((1_u32 << templates) - 1);
    let mut shares: Vec<f64> = (0..templates).map(|at| RAREST + rest * f64::from(1_u32 << at) / all).collect();
    shares.shuffle(random);
    shares
}

fn shuffled(random: &mut impl Rng) -> [usize; THINGS.len()] {
    let mut order = std::array::from_fn(|thing| thing);
    order.shuffle(random);
    order
}
