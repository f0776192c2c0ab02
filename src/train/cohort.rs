//! A race of many students that differ in what they are taught alone. They start from the same weights, see the same batches and hear the
//! same teacher as in races of their own, and one computation trains all of them.

use burn::module::Module;
use burn::tensor::Tensor;

use super::contest::Contest;
use super::optimizer::{Optimizer, gradients};
use super::{CohortStudent, Evaluation, Event, Materials, Phase, Role, Run, RunError};
use crate::data;
use crate::device::{Place, Reads, read};
use crate::method::cohort;
use crate::model::Stack;
use crate::spec::{Experiment, NetworkKind};

/// Rows per forward pass outside training: many students take many times the memory of one.
const ROWS: usize = 500;

/// Students under way that learn together.
pub struct Cohort {
    /// Trains the teacher and has the rows; its own students stand still.
    run: Run,
    losses: cohort::Cohort,
    net: Stack,
    optimizer: Optimizer,
    /// On the test rows.
    teacher: Option<Evaluation>,
}

impl Cohort {
    /// One student for each experiment, and the student alone that all of them are compared with.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] for experiments that cannot be one computation; otherwise as [`Run::new`].
    pub async fn new(experiments: &[Experiment], place: &Place, materials: &Materials) -> Result<Self, RunError> {
        let first = experiments.first().ok_or(RunError::Unavailable("no students: name one at least"))?;
        for experiment in experiments {
            experiment.validate()?;
            if let Some(why) = apart(first, experiment) {
                return Err(RunError::Unavailable(why));
            }
        }
        let run = Run::new(first.clone(), place, materials).await?;
        let layout = &run.classes()?.alone.layout;
        let distills: Vec<_> = experiments.iter().map(|experiment| experiment.distill.clone()).collect();
        let losses = cohort::Cohort::new(&distills, first.train.label_smoothing, first.train.batch_size, &run.place);
        let values = layout.initial(&mut data::rng(first.seed, "student"));
        let net = Stack::new(layout, &values, losses.students(), &run.place.autodiff());
        Ok(Self { losses, net, optimizer: Optimizer::new(&first.train), teacher: None, run })
    }

    /// The event that opens the stream: what the first of the races is about.
    pub fn opened(&self) -> Event {
        self.run.opened()
    }

    pub fn finished(&self) -> bool {
        self.run.finished()
    }

    /// Makes up to `steps` steps (fewer at the end of a phase). The students are tested every `train.eval_every` steps and at the end.
    ///
    /// # Errors
    /// [`RunError::NotFinite`] when the teacher or the student alone diverges, [`RunError::Device`] when the device fails.
    pub async fn advance(&mut self, steps: usize) -> Result<Event, RunError> {
        let mut students = Vec::new();
        let mut left = steps;
        if self.run.phase == Phase::Teacher {
            // To the end of its phase at most: what follows are no steps of a race.
            left = 0;
            self.run.advance(steps.min(self.run.phase_steps() - self.run.step)).await?;
        }
        while left > 0 && !self.finished() {
            let chunk = left.min(self.run.stride()).min(self.run.until_evaluation());
            self.learn(chunk).await?;
            left -= chunk;
            let at_end = self.run.step == self.run.phase_steps();
            if at_end || self.run.step.is_multiple_of(self.run.experiment.train.eval_every) {
                students = self.examine().await?;
            }
            if at_end {
                self.run.phase = Phase::Finished;
            }
        }
        Ok(Event::Cohort { phase: self.run.phase, step: self.run.step, steps: self.run.phase_steps(), students })
    }

    async fn learn(&mut self, chunk: usize) -> Result<(), RunError> {
        let from = self.run.step;
        let rates = self.run.student_rates(chunk);
        let teacher_rates = self.run.teacher_moves().then(|| self.run.teacher_rates(chunk));
        let mut last = None;
        for (at, batch) in self.run.classes()?.table.chunk(from, chunk, 1).into_iter().enumerate() {
            if let Some(rates) = &teacher_rates {
                self.run.contest.teach(&self.run.experiment, from + at, &rates[at..=at]).await?;
            }
            let guide = self.run.classes()?.teachers.guide(&batch.inputs, batch.teacher, false);
            let losses = self.losses.losses(&self.net.forward(batch.inputs), &batch.targets, &guide.logits);
            let gradients = gradients(&self.net, &losses.clone().sum());
            self.net = self.optimizer.step(self.net.clone(), gradients, rates[at]);
            last = Some(losses.inner());
        }
        self.run.step += chunk;
        let losses = match last {
            Some(losses) => read(losses).await?,
            None => Vec::new(),
        };
        match losses.first() {
            Some(alone) if !alone.is_finite() => Err(RunError::diverged(&self.run.experiment, Role::Alone, self.run.step)),
            _ => Ok(()),
        }
    }

    /// The networks on the test rows, student by student.
    async fn examine(&mut self) -> Result<Vec<CohortStudent>, RunError> {
        let step = self.run.step;
        let teacher_changes = self.run.teacher_moves();
        let Contest::Classes(classes) = &mut self.run.contest else { return Err(RunError::Unavailable(NOT_CLASSES)) };
        let mut reads = Reads::default();
        let asks_teacher = teacher_changes || self.teacher.is_none();
        if asks_teacher {
            reads.add(classes.teachers.logits(&classes.exam.inputs));
        }
        reads.add(logits(&self.net.valid(), &classes.exam.inputs));
        let mut read = reads.run().await?;
        let all = read.pop().unwrap_or_default();
        if let Some(said) = read.pop() {
            let steps = classes.teachers.learners[0].steps;
            self.teacher = classes.exam.sheet.mark(vec![(Role::Teacher, steps, said)]).pop();
        }
        let of = |place: usize| {
            let size = all.len() / self.losses.students();
            all[place * size..][..size].to_vec()
        };
        let mut found = Vec::new();
        for place in self.losses.places() {
            let students = classes.exam.sheet.mark(vec![(Role::Alone, step, of(0)), (Role::Distilled, step, of(*place))]);
            found.push(self.teacher.iter().cloned().chain(students).collect::<Vec<_>>());
        }
        let student = |networks: Vec<Evaluation>| CohortStudent {
            outcome: self.run.outcome_of(&networks),
            finite: networks.iter().all(|network| network.loss.is_finite()),
            networks,
        };
        Ok(found.into_iter().map(student).collect())
    }
}

const NOT_CLASSES: &str = "students learn together over classes alone: the run is about text";

/// Why two students cannot learn in one computation.
fn apart(first: &Experiment, other: &Experiment) -> Option<&'static str> {
    let Experiment { student, distill, train, .. } = other;
    let reasons = [
        (
            *first != Experiment { distill: first.distill.clone(), ..other.clone() },
            "students that learn together may differ in distill.* alone",
        ),
        (student.kind != NetworkKind::Mlp, "students learn together as MLPs alone: set student.kind=mlp"),
        (
            distill.hint_weight > 0.0 || distill.attention_weight > 0.0,
            "students that learn together see no hidden layers: set distill.hint_weight=0 and distill.attention_weight=0",
        ),
        (train.clip > 0.0, "students that learn together are not clipped: set train.clip=0"),
        (train.accumulate > 1, "students that learn together take a batch at once: set train.accumulate=1"),
        (
            train.patience > 0 || train.validation > 0.0,
            "students that learn together all make the same steps: set train.patience=0 and train.validation=0",
        ),
    ];
    reasons.into_iter().find_map(|(is, why)| is.then_some(why))
}

/// Logits `[students, rows, classes]`, a part of the rows at a time.
fn logits(net: &Stack, inputs: &Tensor<2>) -> Tensor<3> {
    let parts = inputs.clone().split(ROWS, 0).into_iter().map(|part| net.forward(part));
    Tensor::cat(parts.collect(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test_async;

    #[test_async]
    async fn a_student_whose_numbers_fail_leaves_the_others_as_they_were() {
        let set = [("task.points", "200"), ("teacher.steps", "10"), ("train.steps", "10"), ("train.batch_size", "16")];
        let of = |temperature| Experiment::from_preset("plane", set.into_iter().chain([("distill.temperature", temperature)])).unwrap();
        let mut found = Vec::new();
        for spoiled in [false, true] {
            let experiments = ["1", "2", "4"].map(of);
            let mut cohort = Cohort::new(&experiments, &Place::cpu(), &Materials::default()).await.unwrap();
            if spoiled {
                cohort.net.spoil(cohort.losses.places()[1]);
            }
            cohort.advance(10).await.unwrap();
            let Event::Cohort { students, .. } = cohort.advance(10).await.unwrap() else { panic!("another event") };
            assert_eq!(students.iter().map(|student| student.finite).collect::<Vec<_>>(), [true, !spoiled, true]);
            found.push([0, 2].map(|index| students[index].networks.clone()));
        }
        assert_eq!(found[0], found[1]);
    }
}
