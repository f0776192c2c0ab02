//! What training took, in words.

use super::table::flops;
use crate::eval::statistics;
use crate::spec::Experiment;
use crate::train::Flops;

/// What the columns and sentences count.
pub const LEGEND: &str = "Cost: floating-point operations (FLOP) of training counted on paper, two for each multiply-add of matrices, attention and \
                          convolutions, a backward pass as two forward ones, padding counted and evaluations not; texts that are sampled count as \
                          long as there is room for them.";

/// `Training cost: alone 1.20 GFLOP, distilled 30.3 GFLOP (25.2 times), of which the teacher 29.1 GFLOP ...`
pub fn sentence(found: &Flops, experiment: &Experiment) -> String {
    let Flops { teacher, alone, distilled, asked, once, pass: [large, small] } = *found;
    let kept = if asked > 0.0 && asked != once {
        format!(" (it reads all examples of the students once for {})", flops(once))
    } else {
        String::new()
    };
    let part = if asked > 0.0 { format!(", of which the teacher {}{kept}", flops(asked)) } else { ", without the teacher".into() };
    let own = if teacher > 0.0 { format!("; the teacher's own training {}", flops(teacher)) } else { String::new() };
    let what = if experiment.is_encoder() || !experiment.task.name.is_text() { "example" } else { "token" };
    format!(
        "Training cost: alone {}, distilled {} ({}){part}{own}. Use: {} for one {what} of a student, {} of the teacher.",
        flops(alone),
        flops(distilled),
        times(found),
        flops(small),
        flops(large)
    )
}

/// `25.2 times`: distilled against alone.
pub fn times(found: &Flops) -> String {
    let ratio = found.ratio();
    if ratio < 9.995 { format!("{ratio:.2} times") } else { format!("{ratio:.1} times") }
}

/// Of several seeds.
pub fn mean(all: &[Flops]) -> Option<Flops> {
    let over = |of: fn(&Flops) -> f64| statistics::mean(&all.iter().map(of).collect::<Vec<_>>());
    Some(Flops {
        teacher: over(|found| found.teacher)?,
        alone: over(|found| found.alone)?,
        distilled: over(|found| found.distilled)?,
        asked: over(|found| found.asked)?,
        once: over(|found| found.once)?,
        pass: [over(|found| found.pass[0])?, over(|found| found.pass[1])?],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_says_what_it_took_and_who_took_it() {
        let found = Flops { teacher: 2e9, alone: 1.2e9, distilled: 30.24e9, asked: 29.04e9, once: 4.5e9, pass: [704_000.0, 9000.0] };
        let text = Experiment::from_preset("grammar", []).unwrap();
        assert_eq!(
            sentence(&found, &text),
            "Training cost: alone 1.20 GFLOP, distilled 30.2 GFLOP (25.2 times), of which the teacher 29.0 GFLOP (it reads all examples of the \
             students once for 4.50 GFLOP); the teacher's own training 2.00 GFLOP. Use: 9.00 kFLOP for one token of a student, 704 kFLOP of the teacher."
        );
        let alike = Flops { teacher: 0.0, distilled: 1.2e9, asked: 0.0, ..found };
        let said = sentence(&alike, &Experiment::default());
        assert!(said.contains("1.20 GFLOP (1.00 times), without the teacher. Use: 9.00 kFLOP for one example"), "{said}");
        let kept = sentence(&Flops { asked: 4.5e9, ..found }, &text);
        assert!(kept.contains("of which the teacher 4.50 GFLOP; the"), "what is asked once is said once: {kept}");
    }

    #[test]
    fn seeds_have_a_mean() {
        let one = Flops { teacher: 0.0, alone: 1.0, distilled: 2.0, asked: 1.0, once: 1.0, pass: [4.0, 1.0] };
        let two = Flops { distilled: 4.0, asked: 3.0, ..one };
        assert_eq!(mean(&[one, two]), Some(Flops { distilled: 3.0, asked: 2.0, ..one }));
        assert_eq!(mean(&[]), None);
    }
}
