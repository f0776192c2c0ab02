//! What the answers on all test rows show beyond accuracy: which classes a network finds alike, what it confuses, how far it can be trusted.

use serde::Serialize;

use super::metrics::{argmax, entropy, log_softmax};

/// Bins of the calibration error and of the reliability diagram.
pub const BINS: usize = 15;

/// Pairs that [`confusions`] returns at most.
const PAIRS: usize = 8;

/// A wrong answer that a network gives, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Confusion {
    /// The true class.
    pub label: usize,
    /// What the network says.
    pub said: usize,
    pub rows: usize,
}

/// The answers of which a network is about as sure: one bar of a reliability diagram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Bin {
    /// Mean probability of the answers.
    pub confidence: f64,
    /// Share of them that are right.
    pub accuracy: f64,
    /// How many they are: test rows, masks, or tokens of the test texts, each counted by the weight of its text.
    pub rows: f64,
}

/// An answer in a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Graded {
    /// Its probability.
    pub confidence: f64,
    /// 1 where it is right, 0 where it is not.
    pub correct: f64,
    pub weight: f64,
}

/// `[classes, classes]`, row by row: the mean of softmax(z/T) over the rows of each true class. It is what soft labels say about a class on
/// average (Hinton et al. 2015, section 1: which wrong answers are less wrong). A class without rows has zeros.
pub fn similarity(logits: &[f32], labels: &[usize], classes: usize, temperature: f64) -> Vec<f32> {
    let mut sums = vec![0.0; classes * classes];
    let mut rows = vec![0.0_f64; classes];
    for (row, &label) in logits.chunks_exact(classes).zip(labels) {
        rows[label] += 1.0;
        for (sum, log_p) in sums[label * classes..][..classes].iter_mut().zip(log_softmax(row, temperature)) {
            *sum += log_p.exp();
        }
    }
    sums.iter().enumerate().map(|(at, sum)| (sum / rows[at / classes].max(1.0)) as f32).collect()
}

/// What students see of a teacher's answers where only the `known` likeliest classes of a row are told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Seen {
    /// `[classes, classes]`, row by row: its mean soft label for each true class as the students have to take it.
    pub similarity: Vec<f32>,
    /// `[classes, classes]`, row by row: share of the rows of each true class in which the class of the column is told.
    pub told: Vec<f32>,
}

/// `logits` `[rows, classes]` through a door that tells the `known` likeliest classes of each row; the others share evenly what is left, as
/// in [`crate::loss::access`], or get nothing where `bare`.
pub fn seen(logits: &[f32], labels: &[usize], classes: usize, known: usize, bare: bool, temperature: f64) -> Seen {
    let mut shown = logits.to_vec();
    let mut told = vec![0.0_f32; classes * classes];
    let mut rows = vec![0.0_f32; classes];
    for (row, &label) in shown.chunks_exact_mut(classes).zip(labels) {
        let mut order: Vec<usize> = (0..classes).collect();
        order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
        let (open, hidden) = order.split_at(known.min(classes));
        // The logit whose exponential is the mean of the hidden ones'.
        let largest = hidden.first().map_or(0.0, |class| row[*class]);
        let mean = hidden.iter().map(|class| (row[*class] - largest).exp()).sum::<f32>() / hidden.len().max(1) as f32;
        let even = if bare { f32::NEG_INFINITY } else { largest + mean.ln() };
        for class in hidden {
            row[*class] = even;
        }
        rows[label] += 1.0;
        for class in open {
            told[label * classes + class] += 1.0;
        }
    }
    for (at, count) in told.iter_mut().enumerate() {
        *count /= rows[at / classes].max(1.0);
    }
    Seen { similarity: similarity(&shown, labels, classes, temperature), told }
}

/// How alike two similarity matrices are off their diagonals: the mean over the classes of the cosine between their shares of the wrong
/// classes, 0 to 1.
pub fn likeness(a: &[f32], b: &[f32], classes: usize) -> f64 {
    let mut total = 0.0;
    for class in 0..classes {
        let (mut dot, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for other in (0..classes).filter(|other| *other != class) {
            let (x, y) = (f64::from(a[class * classes + other]), f64::from(b[class * classes + other]));
            dot += x * y;
            aa += x * x;
            bb += y * y;
        }
        total += dot / (aa * bb).sqrt().max(f64::MIN_POSITIVE);
    }
    total / classes.max(1) as f64
}

/// Mean entropy of softmax(z/T) over the rows, nats.
pub fn mean_entropy(logits: &[f32], classes: usize, temperature: f64) -> f64 {
    let rows = logits.len() / classes.max(1);
    logits.chunks_exact(classes).map(|row| entropy(&log_softmax(row, temperature))).sum::<f64>() / rows.max(1) as f64
}

/// The most frequent wrong answers, most frequent first.
pub fn confusions(logits: &[f32], labels: &[usize], classes: usize) -> Vec<Confusion> {
    let mut counts = vec![0; classes * classes];
    for (row, &label) in logits.chunks_exact(classes).zip(labels) {
        counts[label * classes + argmax(row)] += 1;
    }
    let mut pairs: Vec<Confusion> = counts
        .into_iter()
        .enumerate()
        .map(|(at, rows)| Confusion { label: at / classes, said: at % classes, rows })
        .filter(|pair| pair.label != pair.said && pair.rows > 0)
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.rows));
    pairs.truncate(PAIRS);
    pairs
}

/// The reliability diagram of answers: equal bins of confidence from 0 to 1, of which only the last ones can be reached with few classes.
pub fn bins(graded: impl IntoIterator<Item = Graded>, count: usize) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); count];
    for Graded { confidence, correct, weight } in graded {
        let bin = &mut bins[bin_of(confidence, count)];
        bin.confidence += weight * confidence;
        bin.accuracy += weight * correct;
        bin.rows += weight;
    }
    for bin in bins.iter_mut().filter(|bin| bin.rows > 0.0) {
        bin.confidence /= bin.rows;
        bin.accuracy /= bin.rows;
    }
    bins
}

/// [`bins`] of the likeliest class of each row.
pub fn reliability(logits: &[f32], labels: &[usize], classes: usize) -> Vec<Bin> {
    let graded = logits.chunks_exact(classes).zip(labels).map(|(row, label)| {
        let best = argmax(row);
        Graded { confidence: log_softmax(row, 1.0)[best].exp(), correct: f64::from(u8::from(best == *label)), weight: 1.0 }
    });
    bins(graded, BINS)
}

/// Expected calibration error (Guo et al. 2017): mean gap between confidence and accuracy over the bins, weighted by rows.
pub fn calibration_error(bins: &[Bin]) -> f64 {
    let rows: f64 = bins.iter().map(|bin| bin.rows).sum();
    if rows > 0.0 { bins.iter().map(|bin| (bin.confidence - bin.accuracy).abs() * bin.rows).sum::<f64>() / rows } else { 0.0 }
}

fn bin_of(confidence: f64, bins: usize) -> usize {
    ((confidence * bins as f64).ceil() as usize).clamp(1, bins) - 1
}

/// Total variation `½ Σ|p−q|` of two rows of logits at T = 1.
pub fn distance(a: &[f32], b: &[f32]) -> f64 {
    let (p, q) = (log_softmax(a, 1.0), log_softmax(b, 1.0));
    p.iter().zip(&q).map(|(p, q)| (p.exp() - q.exp()).abs()).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    /// Three rows of two classes: sure and right, sure and wrong, undecided and right.
    const LOGITS: [f32; 6] = [4.0, 0.0, 4.0, 0.0, 0.0, 0.1];
    const LABELS: [usize; 3] = [0, 1, 1];

    #[test]
    fn similarity_is_the_mean_soft_label_of_each_class() {
        let matrix = similarity(&LOGITS, &LABELS, 2, 2.0);
        let p = |z: f64| 1.0 / (1.0 + (-z / 2.0).exp());
        let expected = [p(4.0), 1.0 - p(4.0), (p(4.0) + p(-0.1)) / 2.0, (2.0 - p(4.0) - p(-0.1)) / 2.0];
        for (found, expected) in matrix.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{matrix:?} is not {expected:?}");
        }
    }

    #[test]
    fn what_a_door_tells_is_known_and_the_rest_is_shared_evenly() {
        let logits = [2.0, 1.0, 0.0, -1.0];
        let whole = similarity(&logits, &[0], 4, 1.0);
        let open = seen(&logits, &[0], 4, 2, false, 1.0);
        assert_eq!(open.told[..4], [1.0, 1.0, 0.0, 0.0]);
        let rest = (whole[2] + whole[3]) / 2.0;
        for (found, expected) in open.similarity.iter().zip([whole[0], whole[1], rest, rest]) {
            assert!((found - expected).abs() < 1e-6, "{open:?}");
        }
        assert_eq!(seen(&logits, &[0], 4, 1, true, 4.0).similarity[..4], [1.0, 0.0, 0.0, 0.0], "a bare answer has no second guess");
    }

    #[test]
    fn likeness_looks_at_wrong_classes_only_and_not_at_their_sum() {
        let a = [0.9, 0.08, 0.02, 0.1, 0.8, 0.1, 0.0, 0.2, 0.8];
        let louder = [0.1, 0.72, 0.18, 0.45, 0.1, 0.45, 0.0, 0.9, 0.1];
        assert!((likeness(&a, &louder, 3) - 1.0).abs() < 1e-6, "the same shares of the wrong classes are alike");
        let other = [0.9, 0.02, 0.08, 0.1, 0.8, 0.1, 0.2, 0.0, 0.8];
        assert!(likeness(&a, &other, 3) < 0.7, "other shares are not");
    }

    #[test]
    fn confusions_count_wrong_answers() {
        assert_eq!(confusions(&LOGITS, &LABELS, 2), [Confusion { label: 1, said: 0, rows: 1 }]);
    }

    #[test]
    fn reliability_and_calibration_error_agree_with_a_count_by_hand() {
        let bins = reliability(&LOGITS, &LABELS, 2);
        let sure = 1.0 / (1.0 + (-4.0_f64).exp());
        let undecided = 1.0 / (1.0 + (-0.1_f64).exp());
        assert_eq!(bins.iter().filter(|bin| bin.rows > 0.0).count(), 2);
        assert!((bins[14].confidence - sure).abs() < 1e-6 && bins[14].accuracy == 0.5 && bins[14].rows == 2.0);
        let expected = (2.0 * (sure - 0.5) + (1.0 - undecided)) / 3.0;
        assert!((calibration_error(&bins) - expected).abs() < 1e-6);
    }

    #[test]
    fn an_answer_counts_by_its_weight() {
        let graded = |confidence, correct, weight| Graded { confidence, correct, weight };
        let found = bins([graded(0.9, 1.0, 3.0), graded(0.95, 0.0, 1.0), graded(0.2, 0.0, 0.0)], 10);
        assert!(
            (found[8].confidence - 0.9).abs() < 1e-12 && found[8].accuracy == 1.0 && found[8].rows == 3.0,
            "0.9 ends its bin: {found:?}"
        );
        assert!((calibration_error(&found) - (3.0 * 0.1 + 0.95) / 4.0).abs() < 1e-12);
        assert_eq!(calibration_error(&bins([], 10)), 0.0, "no answers, no error");
    }
}
