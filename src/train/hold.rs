//! One side of a race alone: the teacher learns while the students wait, or the students while the teacher waits.

use super::{Run, RunError, event::*};

impl Run {
    /// One step of one side only. `Role::Teacher` moves a teacher that learns beside the students; any other role moves both students, which
    /// stay in step with one another. The next ordinary step moves both sides again.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] where no such step comes next; otherwise as [`Run::advance`].
    pub async fn step_only(&mut self, role: Role) -> Result<Vec<Event>, RunError> {
        if self.phase != Phase::Students {
            return Err(RunError::Unavailable("no step of teacher and students together comes next"));
        }
        if role != Role::Teacher {
            return self.go(1, true).await;
        }
        if !self.teacher_moves() {
            return Err(RunError::Unavailable("the teacher is frozen: set teacher.source=live and teacher.schedule=together"));
        }
        let rates = self.teacher_rates(1);
        // Its own count: it may be ahead of the students.
        let next = self.classes()?.teachers.learners[0].steps;
        self.contest.teach(&self.experiment, next, &rates).await?;
        Ok(vec![self.evaluate().await?])
    }
}
