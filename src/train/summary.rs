//! What a run is about, in numbers that never change during it (but for live knobs).

use super::event::{BitsPerExample, Layers, NetworkSize, ROLES, Role, Summary};
use super::{Learner, checkpoint::is_projection, classes::Classes, contest::Contest, encoders::Encoders, texts::Texts};
use crate::method::text::large;
use crate::model::{Layout, Parameter, Trainable, TransformerConfig};
use crate::spec::{Distill, Experiment, knobs};

/// Facts of an open run.
pub struct Facts {
    pub networks: Vec<NetworkSize>,
    /// Classes or tokens by name; none where they are too many to list.
    pub classes: Vec<String>,
    /// How many there are.
    outcomes: usize,
    pub input: Vec<usize>,
    pub train_rows: usize,
    pub labelled_rows: usize,
    pub test_rows: usize,
    /// Of those, as many as accuracy is counted on.
    pub tested: usize,
    pub validation_rows: usize,
    /// Values of the teacher's last hidden layer, and of its attention maps.
    hidden: usize,
    maps: usize,
}

impl Facts {
    pub fn of(contest: &Contest) -> Self {
        match contest {
            Contest::Classes(classes) => Self::of_classes(classes),
            Contest::Texts(texts) => Self::of_texts(texts),
            Contest::Encoders(encoders) => Self::of_encoders(encoders),
        }
    }

    fn of_encoders(encoders: &Encoders) -> Self {
        let size = |role| {
            let learner = encoders.nets.network(role);
            transformer(role, learner, [learner.layout.layers, learner.layout.width, learner.layout.heads])
        };
        let teacher = &encoders.nets.teacher.layout;
        let labels = &encoders.passages.labels.names;
        Self {
            networks: ROLES.map(size).to_vec(),
            outcomes: if labels.is_empty() { teacher.vocab } else { labels.len() },
            classes: labels.clone(),
            input: vec![encoders.longest],
            train_rows: encoders.passages.train.len(),
            labelled_rows: encoders.passages.train.len(),
            test_rows: encoders.tests(),
            tested: encoders.tests(),
            validation_rows: encoders.validation(),
            hidden: teacher.width,
            maps: 0,
        }
    }

    fn of_texts(texts: &Texts) -> Self {
        let size = |role| {
            let learner = texts.nets.network(role);
            transformer(role, learner, [learner.layout.layers, learner.layout.width, learner.layout.heads])
        };
        let TransformerConfig { vocab, width, context, .. } = texts.nets.teacher.layout;
        Self {
            networks: ROLES.map(size).to_vec(),
            outcomes: vocab,
            classes: if vocab > large::VOCABULARY {
                Vec::new()
            } else {
                (0..texts.own.set.vocab() as u32).map(|id| texts.own.set.text(&[id])).collect()
            },
            input: vec![context],
            train_rows: texts.own.set.train.len(),
            labelled_rows: texts.examples,
            test_rows: texts.own.set.test.len(),
            tested: texts.tested(),
            validation_rows: texts.validation(),
            hidden: width,
            maps: 0,
        }
    }

    fn of_classes(Classes { dataset, view, teachers, alone, validation, .. }: &Classes) -> Self {
        let (teachers, teacher, student) = (teachers.learners.len(), &teachers.learners[0].layout, &alone.layout);
        let size = |role: Role, layout: &Layout, count: usize| {
            let parameters = layout.parameter_count() * count;
            let prefix = if count > 1 { format!("{count} × ") } else { String::new() };
            NetworkSize {
                role,
                parameters,
                bytes: parameters * 4,
                adapters: None,
                layers: Layers::Path(format!("{prefix}{}", layout.describe())),
            }
        };
        Self {
            networks: vec![size(Role::Teacher, teacher, teachers), size(Role::Alone, student, 1), size(Role::Distilled, student, 1)],
            outcomes: dataset.classes.len(),
            classes: dataset.classes.clone(),
            input: dataset.input.clone(),
            train_rows: dataset.train.len(),
            labelled_rows: view.labels.iter().flatten().count(),
            test_rows: dataset.test.len(),
            tested: dataset.test.len(),
            validation_rows: validation.as_ref().map_or(0, |exam| exam.sheet.rows()),
            hidden: teacher.hidden().unwrap_or(0),
            maps: teacher.map_values(),
        }
    }

    /// What the teacher tells about one example at each level of access, in bits: a class costs log2(classes), a number 32. What is open
    /// counts, used or not: hidden values as well without the weight of a hint.
    fn bits_per_example(&self, distill: &Distill) -> BitsPerExample {
        const NUMBER: f64 = 32.0;
        let classes = self.outcomes as f64;
        BitsPerExample {
            labels: classes.log2(),
            top_k: (distill.top_k as f64).min(classes) * (NUMBER + classes.log2()),
            logits: classes * NUMBER,
            hidden: (classes + (self.hidden + self.maps) as f64) * NUMBER,
        }
    }

    /// Teacher's parameters / student's.
    pub fn compression(&self) -> f64 {
        self.networks[0].parameters as f64 / self.networks[1].parameters.max(1) as f64
    }

    pub fn summary(&self, experiment: &Experiment, teacher_steps: usize) -> Summary {
        Summary {
            preset: experiment.preset.clone(),
            values: knobs::TABLE.iter().map(|knob| (knob.key.to_owned(), knob.get_text(experiment))).collect(),
            differs: experiment.differences().into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            json: experiment.to_json(),
            command: experiment.command(),
            networks: self.networks.clone(),
            classes: self.classes.clone(),
            input: self.input.clone(),
            train_rows: self.train_rows,
            labelled_rows: self.labelled_rows,
            test_rows: self.test_rows,
            validation_rows: self.validation_rows,
            teacher_steps,
            student_steps: experiment.train.steps,
            bits_per_example: self.bits_per_example(&experiment.distill),
        }
    }
}

fn transformer<N: Trainable>(role: Role, learner: &Learner<N>, [blocks, width, heads]: [usize; 3]) -> NetworkSize {
    // A projection is no part of the student that remains.
    let stays = |parameter: &&Parameter| !is_projection(&parameter.name);
    let count = |list: Vec<Parameter>| list.iter().filter(stays).map(|parameter| parameter.shape.iter().product::<usize>()).sum::<usize>();
    let parameters = count(N::shapes(&learner.layout));
    let adapters = learner.lora().map(|_| count(learner.learning()));
    NetworkSize { role, parameters, bytes: parameters * 4, adapters, layers: Layers::Blocks { blocks, width, heads } }
}
