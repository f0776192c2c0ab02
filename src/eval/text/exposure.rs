//! Exposure bias: a student that goes on from its own text leaves what it was trained on, and its errors add up.

/// Excess accumulated error by length, percent (Arora et al. 2022; MiniLLM section 3.3): `(R(l) − l·ε(l)) / (l·ε(l)) · 100`, where R(l) is
/// the sum over the first l positions of the mean KL(teacher‖student) after prefixes that the student wrote, and l·ε(l) the same after
/// prefixes that the teacher wrote. 0: the student errs no more on its own text than on the teacher's. A flat curve: errors stop adding up.
///
/// Both tables hold a row for each text, one KL in nats for each position that is predicted, the stop included; rows may differ in length.
/// The mean at a position is that of the texts that reach it, as in MiniLLM's code when it samples several texts for a prompt (it then
/// averages over prompts, and leaves out the first position of every text; here all count alike). The result, by position, ends where no
/// text of one of the tables goes on. An error on top of none at all is infinite, and none on top of none is 0.
pub fn excess(student_prefix: &[Vec<f64>], teacher_prefix: &[Vec<f64>]) -> Vec<f64> {
    let sums = accumulated(student_prefix).into_iter().zip(accumulated(teacher_prefix));
    sums.map(|(student, teacher)| if student == teacher { 0.0 } else { (student - teacher) / teacher * 100.0 }).collect()
}

/// The sum, up to each position, of the means over the texts that reach it; R(l) by l − 1.
pub fn accumulated(rows: &[Vec<f64>]) -> Vec<f64> {
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut sum = 0.0;
    (0..longest)
        .map(|at| {
            let (total, count) = rows.iter().filter_map(|row| row.get(at)).fold((0.0, 0.0), |(total, count), kl| (total + kl, count + 1.0));
            sum += total / count;
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    #[test]
    fn errors_add_up_over_the_texts_that_go_on() {
        let student = [vec![0.1, 0.5, 0.9], vec![0.3, 0.5]];
        let teacher = [vec![0.2, 0.3], vec![0.2, 0.1, 0.2, 0.7]];
        // Means 0.2 0.5 0.9 and 0.2 0.2 0.2 0.7.
        let close = |found: &[f64], expected: &[f64]| {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}, expected {expected:?}");
        };
        close(&accumulated(&student), &[0.2, 0.7, 1.6]);
        close(&accumulated(&teacher), &[0.2, 0.4, 0.6, 1.3]);
        close(&excess(&student, &teacher), &[0.0, 75.0, 500.0 / 3.0]);
        close(&excess(&teacher, &teacher), &[0.0; 4]);
        assert!(excess(&[], &teacher).is_empty());
        assert_eq!(excess(&[vec![0.0, 0.1]], &[vec![0.0, 0.0]]), [0.0, f64::INFINITY]);
    }
}
