//! What the measures and the students take for granted of the text tasks.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::device::testing::test;

fn world() -> (TextSet, Grammar) {
    let set = grammar(7, 2000);
    let Judge::Grammar(grammar) = set.judge.clone() else { panic!("the grammar is judged by itself") };
    (set, grammar)
}

#[test]
fn the_grammar_is_of_the_size_that_it_says() {
    let (set, grammar) = world();
    assert_eq!(grammar.prompts().count(), 140);
    assert_eq!(set.vocab(), 89, "a teacher that was trained before fits no other number");
    assert_eq!(set.longest(), (6, 17));
    assert_eq!((set.train.len(), set.test.len()), (2000, 420));
    assert_eq!(set.tokenizer.id("<end>"), Some(set.stop));
    for prompt in grammar.prompts() {
        assert!((3..=6).contains(&prompt.len()));
        assert!((2..=6).contains(&grammar.templates(prompt)));
        let answers = grammar.answers(prompt);
        let lengths: Vec<usize> = answers.iter().map(|(answer, _)| answer.len()).collect();
        assert!(lengths.windows(2).all(|pair| pair[0] + 2 <= pair[1]), "lengths differ clearly: {lengths:?}");
        assert!(lengths.iter().all(|length| (2..=16).contains(length)));
        let sum: f64 = answers.iter().map(|(_, p)| p).sum();
        assert!((sum - 1.0).abs() < 1e-12, "probabilities of {} sum to {sum}", set.text(prompt));
        assert!(answers.iter().all(|(_, p)| *p >= 0.08));
        let distinct: BTreeSet<u64> = answers.iter().map(|(_, p)| p.to_bits()).collect();
        assert_eq!(distinct.len(), answers.len(), "no two templates are equally likely");
    }
}

/// The ids of a trained teacher are those of this order, and its facts those of this world: neither may move.
#[test]
fn the_world_is_the_same_in_every_run() {
    let (set, grammar) = world();
    let prompt = set.tokenizer.encode("where is the cat ?").unwrap();
    let answers: Vec<String> = grammar.answers(&prompt).iter().map(|(answer, p)| format!("{p:.3} {}", set.text(answer))).collect();
    let expected = [
        "0.212 in the kitchen",
        "0.097 you can find it in the kitchen",
        "0.146 the cat is in the kitchen with the lion",
        "0.088 the orange cat is in the kitchen and it eats seeds",
        "0.113 the cat is in the kitchen and it says baa like the frog",
        "0.344 the cat is in the kitchen and it eats seeds like the rabbit and says baa",
    ];
    assert_eq!(answers, expected);
    let expected = "<end> where is the ? you can find it with and eats says like what colour of likes does eat say who yes no not cat dog cow \
        fox owl bear mouse horse duck frog goat sheep wolf crow snail";
    assert_eq!(set.text(&(0..40).collect::<Vec<_>>()), expected);
    let Judge::Grammar(other) = super::grammar(8, 1).judge else { panic!("the grammar is judged by itself") };
    assert_eq!(grammar, other);
}

#[test]
fn right_answers_are_valid_and_all_others_void() {
    let (set, grammar) = world();
    for prompt in grammar.prompts() {
        let answers = grammar.answers(prompt);
        for (template, (answer, _)) in answers.iter().enumerate() {
            assert_eq!(grammar.template(prompt, answer), Some(template));
            assert_eq!(grammar.template(prompt, &answer[1..]), None, "a part is not the whole");
            assert_eq!(grammar.template(prompt, &[answer.as_slice(), &[set.stop]].concat()), None, "nothing follows an answer");
            for (other, _) in &answers[..template] {
                let mixture = [&other[..other.len() / 2], &answer[other.len() / 2..]].concat();
                let valid = answers.iter().any(|(answer, _)| *answer == mixture);
                assert_eq!(grammar.template(prompt, &mixture).is_some(), valid, "{}", set.text(&mixture));
            }
        }
    }
    let ids = |text: &str| set.tokenizer.encode(text).unwrap();
    assert_eq!(grammar.template(&ids("where is the cat ?"), &ids("it is red")), None, "an answer to another question");
    assert_eq!(grammar.template(&ids("cat"), &ids("it is red")), None);
    assert!(grammar.answers(&ids("cat")).is_empty());
}

#[test]
fn a_wrong_fact_is_void() {
    let (set, grammar) = world();
    let prompt = set.tokenizer.encode("what colour is the cat ?").unwrap();
    let valid = |colour: &&str| grammar.template(&prompt, &set.tokenizer.encode(&format!("it is {colour}")).unwrap()).is_some();
    let colours = ["red", "blue", "green", "white", "black", "brown", "grey", "pink", "yellow", "orange"];
    assert_eq!(colours.iter().filter(|colour| valid(colour)).count(), 1);
}

#[test]
fn yes_and_no_are_right_half_the_time_and_come_first() {
    let (set, grammar) = world();
    let [yes, no] = ["yes", "no"].map(|word| set.tokenizer.id(word).unwrap());
    for prompt in grammar.prompts() {
        for (answer, _) in grammar.answers(prompt) {
            match grammar.yes(prompt) {
                Some(right) => assert_eq!(answer[0], if right { yes } else { no }, "{}", set.text(&answer)),
                None => assert!(!answer.contains(&yes) && !answer.contains(&no)),
            }
        }
    }
    let count = |right| grammar.prompts().filter(|prompt| grammar.yes(prompt) == Some(right)).count();
    assert_eq!((count(true), count(false)), (20, 20));
}

#[test]
fn omitted_prompts_are_asked_in_no_example_of_the_students() {
    let (mut set, _) = world();
    let before = set.train.clone();
    let mut held = set.hold_out(200).unwrap();
    let examples = set.omit(20, 7, Some(&mut held)).unwrap();
    let Judge::Grammar(grammar) = &set.judge else { panic!("the grammar is judged by itself") };
    let omitted: Vec<&[u32]> = grammar.prompts().filter(|prompt| grammar.is_omitted(prompt)).collect();
    assert_eq!(omitted.len(), 20);
    let asks = |example: Cow<Example>| omitted.contains(&example.prompt.as_slice());
    assert!((0..examples).all(|row| !asks(set.train.get(row))) && !held.test.iter().any(asks));
    assert!((examples..1800).all(|row| asks(set.train.get(row))), "the teacher has all of them");
    let kept: Vec<Example> =
        before.iter().take(1800).filter(|example| !omitted.contains(&example.prompt.as_slice())).map(Cow::into_owned).collect();
    assert_eq!(set.train.iter().take(examples).map(Cow::into_owned).collect::<Vec<_>>(), kept, "the others stay in their order");
    let of_seed = |seed| {
        let (mut set, _) = world();
        set.omit(20, seed, None).unwrap();
        set.train
    };
    assert_ne!(of_seed(1), of_seed(2), "another run omits others");
    assert_eq!(world().0.omit(0, 1, None).unwrap(), 2000);
    let mut sums = arithmetic(5);
    assert_eq!(sums.omit(20, 1, None).unwrap(), sums.train.len(), "a prompt of another task says nothing of others");
}

#[test]
fn answers_are_drawn_as_often_as_they_are_likely() {
    let set = grammar(1, 140_000);
    let (_, grammar) = world();
    let mut counts: BTreeMap<(Vec<u32>, usize), f64> = BTreeMap::new();
    for example in &set.train {
        let template = grammar.template(&example.prompt, &example.response).expect("every example is valid");
        *counts.entry((example.into_owned().prompt, template)).or_default() += 1.0;
    }
    for prompt in grammar.prompts() {
        let of_template = |template| counts.get(&(prompt.to_vec(), template)).copied().unwrap_or(0.0);
        let total: f64 = (0..grammar.templates(prompt)).map(of_template).sum();
        assert!((800.0..1200.0).contains(&total), "prompts are drawn evenly: {total} of 1,000");
        for (template, (_, p)) in grammar.answers(prompt).iter().enumerate() {
            let share = of_template(template) / total;
            assert!((share - p).abs() < 0.08, "{}: template {template} has {share} of the draws and {p} of the truth", set.text(prompt));
        }
    }
    let asked: BTreeSet<Vec<u32>> = set.test.iter().map(|example| example.into_owned().prompt).collect();
    assert_eq!(asked.len(), 140, "every prompt is tested");
}

#[test]
fn a_seed_draws_the_same_examples_again() {
    let makes: [fn(u32) -> TextSet; 2] = [|seed| grammar(seed, 100), arithmetic];
    for make in makes {
        let sets = [3, 3, 4].map(make);
        assert_eq!(sets[0].train, sets[1].train);
        assert_eq!(sets[0].test, sets[1].test);
        assert_ne!(sets[0].train, sets[2].train);
    }
}

#[test]
fn no_problem_of_arithmetic_is_both_trained_and_tested() {
    let set = arithmetic(5);
    assert_eq!((set.train.len(), set.test.len()), (14_550, 500));
    assert_eq!(set.longest(), (6, 4));
    let all: BTreeSet<Vec<u32>> = set.train.iter().chain(&set.test).map(|example| example.into_owned().prompt).collect();
    assert_eq!(all.len(), 15_050, "no problem comes twice");
    for example in set.train.iter().chain(&set.test) {
        let (problem, answer) = (set.text(&example.prompt), set.text(&example.response));
        let (at, _) = problem.char_indices().find(|(_, character)| "+-".contains(*character)).unwrap();
        let [a, b] = [&problem[..at], &problem[at + 1..problem.len() - 1]].map(|number| number.parse::<i32>().unwrap());
        let right = if problem.contains('+') { a + b } else { a - b };
        assert_eq!(answer, right.to_string(), "{problem}");
        assert!(right >= 0);
    }
}

/// Errors that add up along a text are read at this token: one that differed between seeds, or with what is held out, would make a mean over
/// seeds one of different lengths.
#[test]
fn the_mean_response_is_the_data_s_whatever_the_seed() {
    for seed in 0..10 {
        assert_eq!(grammar(seed, QUESTIONS).mean_response(), 9, "the README and the lessons tell the grammar's errors at token 9");
        assert_eq!(arithmetic(seed).mean_response(), 3);
        assert_eq!(names(NAMES, seed).unwrap().mean_response(), names(NAMES, 0).unwrap().mean_response());
    }
    let (set, _) = world();
    assert_eq!(TextSet { ends: false, ..set }.mean_response(), 8, "a window has no end to be written");
}
