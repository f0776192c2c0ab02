//! One experiment under way: the three-way race of teacher, student alone and student distilled.

use burn::tensor::Tensor;
use web_time::Instant;

use super::contest::{Contest, Materials};
use super::{
    RunError,
    classes::Classes,
    evaluation::Evaluation,
    event::*,
    optimizer::{learning_rate, student_rate},
    origin::Sources,
    patience::Best,
    scale::half,
    summary::Facts,
};
use crate::device::{Place, Reads};
use crate::method::response::Parts;
use crate::spec::{Experiment, SpecError, TeacherSchedule, TeacherSource, Train, knobs};

/// Steps between two readbacks. The read is metric, back-pressure and yield in one: without it a browser's queue grows without bound.
const READ_EVERY: usize = 10;

/// One experiment under way.
pub struct Run {
    pub(super) experiment: Experiment,
    pub(super) place: Place,
    facts: Facts,
    pub(super) contest: Contest,
    pub(super) sources: Sources,
    pub(super) phase: Phase,
    /// Steps made in this phase.
    pub(super) step: usize,
    last_read: Instant,
    last_evaluation: Option<Event>,
    outcome: Option<Outcome>,
    pub(super) best: Option<Best>,
}

impl Run {
    /// Opens a run.
    ///
    /// # Errors
    /// An experiment that contradicts itself or its data, and a device that fails.
    pub async fn new(experiment: Experiment, place: &Place, materials: &Materials) -> Result<Self, RunError> {
        experiment.validate()?;
        let place = placed(&experiment, place)?;
        let contest = Contest::new(&experiment, &place, materials)?;
        let [data, test] = materials.prints.clone();
        let origins = contest.origins();
        let [teacher, student] =
            [&origins.teacher, &origins.student].map(|origin| origin.as_ref().map(|origin| origin.fingerprint.clone()));
        let mut run = Self {
            facts: Facts::of(&contest),
            sources: Sources { data, test, teacher, student, templates: contest.templates() },
            place,
            contest,
            phase: Phase::Students,
            step: 0,
            last_read: Instant::now(),
            last_evaluation: None,
            outcome: None,
            best: None,
            experiment,
        };
        if run.teacher_steps() > 0 {
            run.phase = Phase::Teacher;
        } else {
            run.freeze_teacher();
        }
        Ok(run)
    }

    /// The experiment, with the live knobs as they stand now.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// What it began with.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Where it runs.
    pub fn place(&self) -> &Place {
        &self.place
    }

    pub fn finished(&self) -> bool {
        self.phase == Phase::Finished
    }

    /// Steps between two readbacks; a pump of as many never waits for two.
    pub fn stride(&self) -> usize {
        // A step of a real checkpoint takes seconds: a read costs nothing beside it, and to be stopped must not take minutes.
        if self.experiment.teacher.source == TeacherSource::File { 1 } else { READ_EVERY }
    }

    /// What one should know of data and models, for people.
    pub fn notes(&self) -> &[String] {
        match &self.contest {
            Contest::Texts(texts) => &texts.notes,
            Contest::Encoders(encoders) => &encoders.notes,
            Contest::Classes(_) => &[],
        }
    }

    /// What the run is about.
    pub fn summary(&self) -> Summary {
        self.facts.summary(&self.experiment, self.teacher_steps())
    }

    /// The event that opens the stream.
    pub fn opened(&self) -> Event {
        Event::Opened { summary: self.summary() }
    }

    /// The events that show a resumed run: what it is about and where it stands.
    pub fn restored(&self) -> Vec<Event> {
        let mut events = vec![self.opened()];
        events.extend(self.last_evaluation.clone());
        if self.finished() {
            events.extend(self.ending());
        }
        events
    }

    /// Steps of the teacher's own phase.
    pub(super) fn teacher_steps(&self) -> usize {
        self.experiment.teacher_steps()
    }

    /// The teacher learns beside the students.
    pub(super) fn teacher_moves(&self) -> bool {
        let teacher = &self.experiment.teacher;
        teacher.source == TeacherSource::Live && teacher.schedule == TeacherSchedule::Together
    }

    pub(super) fn freeze_teacher(&mut self) {
        if !self.teacher_moves() {
            self.contest.freeze_teacher();
        }
    }

    /// The networks and rows of a run over classes.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] in a run over text.
    pub(super) fn classes(&self) -> Result<&Classes, RunError> {
        match &self.contest {
            Contest::Classes(classes) => Ok(classes),
            Contest::Texts(_) | Contest::Encoders(_) => Err(RunError::Unavailable("this looks at classes, and the run is about text")),
        }
    }

    /// Makes up to `steps` steps (fewer at the end) and says what happened.
    ///
    /// # Errors
    /// [`RunError::NotFinite`] when a loss is no number any more, [`RunError::Device`] when the device fails.
    pub async fn advance(&mut self, steps: usize) -> Result<Vec<Event>, RunError> {
        self.go(steps, false).await
    }

    /// [`Run::advance`], in which a teacher that learns beside the students may be `held` where it is.
    pub(super) async fn go(&mut self, steps: usize, held: bool) -> Result<Vec<Event>, RunError> {
        let mut events = Vec::new();
        let mut left = steps;
        self.last_read = Instant::now();
        while left > 0 && !self.finished() {
            if self.last_evaluation.is_none() {
                events.push(self.evaluate().await?);
                self.last_read = Instant::now();
            }
            let every = self.experiment.train.eval_every;
            let phase_steps = self.phase_steps();
            let chunk = left.min(self.stride()).min(self.until_evaluation());
            events.push(self.advance_chunk(chunk, held).await?);
            left -= chunk;
            let at_end = self.step == phase_steps;
            if at_end || self.step.is_multiple_of(every) {
                events.push(self.evaluate().await?);
                self.judge();
                self.last_read = Instant::now();
            }
            if at_end || self.out_of_patience() {
                events.extend(self.next_phase().await?);
            }
        }
        Ok(events)
    }

    /// Steps up to the next evaluation, or to the end of the phase.
    pub fn until_evaluation(&self) -> usize {
        let every = self.experiment.train.eval_every;
        (every - self.step % every).min(self.phase_steps().saturating_sub(self.step))
    }

    /// Compares an evaluation of the students that is due, not one that is merely repeated, with the best before.
    fn judge(&mut self) {
        let Some(Event::Evaluated { phase: Phase::Students, networks, .. }) = &self.last_evaluation else { return };
        if let Some(found) = networks.iter().find(|network| network.role == Role::Distilled) {
            self.best = Some(Best::after(self.best, self.step, found));
        }
    }

    pub(super) fn phase_steps(&self) -> usize {
        match self.phase {
            Phase::Teacher => self.teacher_steps(),
            Phase::Students | Phase::Finished => self.experiment.train.steps,
        }
    }

    async fn next_phase(&mut self) -> Result<Option<Event>, RunError> {
        match self.phase {
            Phase::Teacher => {
                self.phase = Phase::Students;
                self.step = 0;
                self.freeze_teacher();
                // What was seen of them before was of weights that they never train from.
                let others = self.contest.begin_students(&self.experiment).await?;
                Ok(if others { Some(self.evaluate().await?) } else { None })
            }
            Phase::Students | Phase::Finished => {
                self.phase = Phase::Finished;
                Ok(self.ending())
            }
        }
    }

    fn ending(&self) -> Option<Event> {
        let flops = self.contest.flops(&self.experiment, [self.teacher_steps(), self.step]);
        self.outcome.clone().map(|outcome| Event::Finished { outcome, early: self.early(), flops })
    }

    async fn advance_chunk(&mut self, chunk: usize, held: bool) -> Result<Event, RunError> {
        let rates = if self.phase == Phase::Teacher { self.teacher_rates(chunk) } else { self.student_rates(chunk) };
        let losses = |hard: Tensor<1>| (Role::Teacher, Parts::labels(hard));
        let mut parts = Vec::new();
        if self.phase == Phase::Teacher {
            parts.push(losses(self.contest.teach(&self.experiment, self.step, &rates).await?));
        } else if self.teacher_moves() && !held {
            // Step by step, so that the students hear the teacher of the same step, whatever the size of the chunk.
            let teacher_rates = self.teacher_rates(chunk);
            for at in 0..chunk {
                let hard = self.contest.teach(&self.experiment, self.step + at, &teacher_rates[at..=at]).await?;
                let students = self.contest.learn(&self.experiment, self.step + at, &rates[at..=at]).await?;
                parts = [losses(hard)].into_iter().chain(students).collect();
            }
        } else {
            parts.extend(self.contest.learn(&self.experiment, self.step, &rates).await?);
        }
        self.step += chunk;
        let losses = self.read_losses(parts).await?;
        let seconds = self.last_read.elapsed().as_secs_f64();
        self.last_read = Instant::now();
        Ok(Event::Progress {
            phase: self.phase,
            step: self.step,
            steps: self.phase_steps(),
            lr: rates.last().copied().expect("a chunk has at least one step"),
            losses,
            steps_per_second: chunk as f64 / seconds.max(1e-9),
        })
    }

    /// Learning rates of the next steps.
    pub(super) fn teacher_rates(&self, chunk: usize) -> Vec<f64> {
        let Experiment { teacher, train, .. } = &self.experiment;
        (self.step..self.step + chunk).map(|step| learning_rate(train, teacher.lr, step, self.phase_steps())).collect()
    }

    /// The same of both students.
    pub(super) fn student_rates(&self, chunk: usize) -> Vec<f64> {
        (self.step..self.step + chunk).map(|step| student_rate(&self.experiment, step)).collect()
    }

    /// Reads the losses in one transaction and stops the run when one is not finite.
    pub(super) async fn read_losses(&self, parts: Vec<(Role, Parts)>) -> Result<Vec<LossParts>, RunError> {
        let mut reads = Reads::default();
        let mut shape = Vec::new();
        for (role, parts) in parts {
            let parts = parts.plain();
            let options = [parts.hard, parts.soft, parts.hint, parts.attention];
            shape.push((role, options.each_ref().map(Option::is_some)));
            for scalar in [parts.total].into_iter().chain(options.into_iter().flatten()) {
                reads.add(scalar);
            }
        }
        let mut values = reads.run().await?.into_iter().map(|value| value.first().copied().unwrap_or(f32::NAN));
        let mut next = || values.next().unwrap_or(f32::NAN);
        let mut losses = Vec::new();
        for (role, [has_hard, has_soft, has_hint, has_attention]) in shape {
            let total = next();
            let losses_of = LossParts {
                role,
                total,
                hard: has_hard.then(&mut next),
                soft: has_soft.then(&mut next),
                hint: has_hint.then(&mut next),
                attention: has_attention.then(&mut next),
            };
            if !total.is_finite() {
                return Err(RunError::diverged(&self.experiment, role, self.step));
            }
            losses.push(losses_of);
        }
        Ok(losses)
    }

    /// Evaluates without an event: a resumed run needs the last answers, its stream has them already. The method does not hear of it: an
    /// evaluation that the run without a stop never made must not change what DistiLLM decides.
    pub(super) async fn look_again(&mut self) -> Result<(), RunError> {
        let fresh = self.step == 0 && (self.phase == Phase::Teacher || self.teacher_steps() == 0);
        if !fresh {
            let memory = self.contest.memory().cloned();
            self.evaluate().await?;
            if let Some(memory) = memory {
                self.contest.remember(memory);
            }
        }
        Ok(())
    }

    pub(super) async fn evaluate(&mut self) -> Result<Event, RunError> {
        let teacher_changes = self.phase == Phase::Teacher || self.teacher_moves();
        let networks = self.contest.examine(&self.experiment, teacher_changes).await?;
        self.outcome = Some(self.outcome_of(&networks));
        let event = Event::Evaluated { phase: self.phase, step: self.step, networks };
        self.last_evaluation = Some(event.clone());
        Ok(event)
    }

    pub(super) fn outcome_of(&self, networks: &[Evaluation]) -> Outcome {
        let accuracy = |role: Role| networks.iter().find(|n| n.role == role).map(|n| n.accuracy);
        let before = self.outcome.as_ref();
        let (alone, distilled) = (accuracy(Role::Alone).unwrap_or(0.0), accuracy(Role::Distilled).unwrap_or(0.0));
        Outcome {
            teacher: accuracy(Role::Teacher).or(before.map(|o| o.teacher)).unwrap_or(0.0),
            alone,
            distilled,
            gap: distilled - alone,
            test_rows: self.facts.tested,
            labelled_rows: self.facts.labelled_rows,
            compression: self.facts.compression(),
        }
    }

    /// Turns a live knob. It acts from the next step on.
    ///
    /// # Errors
    /// A knob that is unknown, not live, or a value out of range; the run is then as it was.
    pub fn set(&mut self, key: &str, value: &str) -> Result<Event, RunError> {
        let knob = knobs::find(key)?;
        if !knob.live {
            let live = knobs::TABLE.iter().filter(|k| k.live).map(|k| k.key).collect::<Vec<_>>().join(", ");
            return Err(RunError::NotLive { key: key.into(), live });
        }
        let mut changed = self.experiment.clone();
        knob.set_text(&mut changed, value)?;
        changed.validate()?;
        self.contest.accept(&changed)?;
        self.experiment = changed;
        Ok(Event::Changed { step: self.step, key: key.into(), value: knob.get_text(&self.experiment), summary: self.summary() })
    }
}

/// A place that computes as an experiment wants it.
///
/// # Errors
/// Numbers that the device does not multiply.
pub fn placed(experiment: &Experiment, place: &Place) -> Result<Place, SpecError> {
    const KEY: &str = "train.precision";
    let Train { gradient_checkpointing, precision, .. } = experiment.train;
    place.recomputing(gradient_checkpointing).multiplying(half(precision)).ok_or_else(|| {
        let wanted = knobs::find(KEY).map(|knob| knob.get_text(experiment)).unwrap_or_default();
        SpecError::conflict(KEY, format!("this device does not multiply in {wanted}: set it to f32, or take another device"))
    })
}
