//! Measures of a classifier on test rows, from logits on the host.

/// log softmax(logits / temperature), stable.
pub fn log_softmax(logits: &[f32], temperature: f64) -> Vec<f64> {
    let scaled: Vec<f64> = logits.iter().map(|z| f64::from(*z) / temperature).collect();
    let largest = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = scaled.iter().map(|z| (z - largest).exp()).sum::<f64>().ln() + largest;
    scaled.iter().map(|z| z - log_sum).collect()
}

/// Entropy of a distribution given by its log-probabilities, nats.
pub fn entropy(log_p: &[f64]) -> f64 {
    -log_p.iter().map(|log_p| log_p.exp() * log_p).sum::<f64>()
}

/// KL(p‖q) of two distributions given by their log-probabilities, nats.
pub fn kl(log_p: &[f64], log_q: &[f64]) -> f64 {
    log_p.iter().zip(log_q).map(|(log_p, log_q)| log_p.exp() * (log_p - log_q)).sum()
}

/// Index of the largest value; the first of equals.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// Predicted class of each row of `[rows, classes]`.
pub fn predictions(logits: &[f32], classes: usize) -> Vec<usize> {
    logits.chunks_exact(classes).map(argmax).collect()
}

/// Share of equal entries.
pub fn agreement(a: &[usize], b: &[usize]) -> f64 {
    let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
    equal as f64 / a.len().max(1) as f64
}

/// Mean cross-entropy, nats.
pub fn cross_entropy(logits: &[f32], labels: &[usize], classes: usize) -> f64 {
    let total: f64 = logits.chunks_exact(classes).zip(labels).map(|(row, label)| -log_softmax(row, 1.0)[*label]).sum();
    total / labels.len().max(1) as f64
}

/// Mean over the classes of F1, the harmonic mean of precision and recall (scikit-learn's `f1_score(average="macro")`). A class that neither
/// occurs nor is said counts for nothing, one that is never hit 0.
pub fn macro_f1(said: &[usize], labels: &[usize], classes: usize) -> f64 {
    let (mut hits, mut met) = (vec![0_usize; classes], vec![0_usize; classes]);
    for (said, label) in said.iter().zip(labels) {
        met[*said] += 1;
        met[*label] += 1;
        hits[*label] += usize::from(said == label);
    }
    // 2·hits / (said + labelled)
    let scores: Vec<f64> = hits.iter().zip(&met).filter(|(_, met)| **met > 0).map(|(hits, met)| 2.0 * *hits as f64 / *met as f64).collect();
    scores.iter().sum::<f64>() / scores.len().max(1) as f64
}

/// Recall of a class and what raising its bias does to it (Hinton et al. 2015, section 3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BiasShift {
    pub recall: f64,
    pub shift: f64,
    pub shifted_recall: f64,
    pub shifted_accuracy: f64,
}

/// Looks for the bias shift of `class`, 0 to 20 in steps of 0.1, that gives the best accuracy; the smallest of equals.
pub fn best_bias_shift(logits: &[f32], labels: &[usize], classes: usize, class: usize) -> BiasShift {
    // A row turns to `class` once the shift passes the margin of its best other class.
    let rows: Vec<(f64, bool, usize)> = logits
        .chunks_exact(classes)
        .zip(labels)
        .map(|(row, label)| {
            let other =
                (0..classes).filter(|c| *c != class).fold(usize::from(class == 0), |best, c| if row[c] > row[best] { c } else { best });
            (f64::from(row[other]) - f64::from(row[class]), other == *label, *label)
        })
        .collect();
    let members = labels.iter().filter(|label| **label == class).count().max(1) as f64;
    let measure = |shift: f64| {
        let mut hits = 0;
        let mut found = 0;
        for (margin, other_is_right, label) in &rows {
            if shift > *margin {
                found += usize::from(*label == class);
                hits += usize::from(*label == class);
            } else {
                hits += usize::from(*other_is_right);
            }
        }
        (hits as f64 / rows.len().max(1) as f64, found as f64 / members)
    };
    let (mut shifted_accuracy, recall) = measure(0.0);
    let (mut shift, mut shifted_recall) = (0.0, recall);
    for tenth in 1..=200 {
        let candidate = f64::from(tenth) / 10.0;
        let (accuracy, found) = measure(candidate);
        if accuracy > shifted_accuracy {
            (shift, shifted_accuracy, shifted_recall) = (candidate, accuracy, found);
        }
    }
    BiasShift { recall, shift, shifted_recall, shifted_accuracy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    /// scikit-learn 1.9: `f1_score([0, 0, 0, 1, 1, 2, 4], [0, 0, 1, 1, 2, 1, 0], average="macro")`.
    #[test]
    fn macro_f1_is_that_of_scikit_learn() {
        let found = macro_f1(&[0, 0, 1, 1, 2, 1, 0], &[0, 0, 0, 1, 1, 2, 4], 5);
        assert!((found - 0.266_666_666_666_666_66).abs() < 1e-12, "{found}");
        assert_eq!(macro_f1(&[1, 1], &[1, 1], 3), 1.0, "classes that are not there count for nothing");
    }
}
