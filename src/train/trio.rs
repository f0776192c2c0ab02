//! The three networks of a race of transformers.

use super::{Learner, checkpoint::Saved, event::*};
use crate::device::{DeviceError, Place};
use crate::model::Trainable;
use crate::model::lora::Lora;
use crate::spec::Train;

/// A teacher and two students that start alike.
pub struct Trio<N: Trainable> {
    pub teacher: Learner<N>,
    pub alone: Learner<N>,
    pub distilled: Learner<N>,
    /// The teacher as it stands, without gradients, once it is frozen; behind it its copies on the devices beside the first.
    frozen: Option<(N, Vec<N>)>,
    home: Place,
}

impl<N: Trainable> Trio<N> {
    /// Networks of these shapes and values: the teacher's, and both students', of whom only adapters learn if there are any. A student that is
    /// distilled may have more than the one alone, to be `guided` by.
    pub fn new(
        teacher: (N::Layout, &[Vec<f32>]),
        student: (N::Layout, &[Vec<f32>]),
        guided: Option<(N::Layout, &[Vec<f32>])>,
        lora: Option<Lora>,
        train: &Train,
        place: &Place,
    ) -> Self {
        let [alone, twin] = Learner::twins(student.0, student.1, lora, train, place);
        let distilled = guided.map_or(twin, |(layout, values)| Learner::new(layout, values, train, place));
        Self { teacher: Learner::new(teacher.0, teacher.1, train, place), alone, distilled, frozen: None, home: place.clone() }
    }

    /// The teacher stands still from now on.
    pub fn freeze_teacher(&mut self) {
        if self.frozen.is_none() {
            let teacher = self.teacher.net.valid();
            let copies = self.home.beside().iter().map(|place| teacher.clone().fork(&place.inner())).collect();
            self.frozen = Some((teacher, copies));
        }
    }

    /// The teacher that students hear: without gradients once it is frozen.
    pub fn heard(&self) -> &N {
        self.frozen.as_ref().map_or(&self.teacher.net, |(teacher, _)| teacher)
    }

    /// The frozen teacher on the devices beside the first one.
    pub fn copies(&self) -> &[N] {
        self.frozen.as_ref().map_or(&[], |(_, copies)| copies)
    }

    /// Where they are, and what is beside it.
    pub fn home(&self) -> &Place {
        &self.home
    }

    /// Both students make a step down the gradients that were gathered.
    ///
    /// # Errors
    /// [`DeviceError::Lost`] when the device fails.
    pub async fn step(&mut self, lr: f64) -> Result<(), DeviceError> {
        for student in self.students_mut() {
            student.step_if_finite(lr).await?;
        }
        Ok(())
    }

    pub fn students_mut(&mut self) -> [&mut Learner<N>; 2] {
        [&mut self.alone, &mut self.distilled]
    }

    /// A network as it stands, without gradients.
    pub fn speaker(&self, role: Role) -> N {
        match (role, &self.frozen) {
            (Role::Teacher, Some((frozen, _))) => frozen.clone(),
            _ => self.network(role).merged(),
        }
    }

    /// All of them as they stand, with the steps that they have made.
    pub fn speakers(&self) -> [(Role, usize, N); 3] {
        ROLES.map(|role| (role, self.network(role).steps, self.speaker(role)))
    }

    pub fn network(&self, role: Role) -> &Learner<N> {
        match role {
            Role::Teacher => &self.teacher,
            Role::Alone => &self.alone,
            Role::Distilled => &self.distilled,
        }
    }

    pub fn network_mut(&mut self, role: Role) -> &mut dyn Saved {
        match role {
            Role::Teacher => &mut self.teacher,
            Role::Alone => &mut self.alone,
            Role::Distilled => &mut self.distilled,
        }
    }
}
