//! Steps on several devices at once (data parallelism). The micro-batches of a step are dealt out among the devices, on each of which the networks
//! have a copy; the gradients come home to the first one, where the step is made, and the next step begins with new copies. What travels is
//! burn's own, modules by `fork` and gradients by `to_device`, as in burn-train's `MultiDeviceOptim::OptimMainDevice`, which trains one network
//! from one loss and is no use here.

use std::ops::Range;

use burn::tensor::Tensor;

use super::learner::{Learner, scaled_gradients};
use super::{scale::LossScale, trio::Trio};
use crate::device::Place;
use crate::method::response::Parts;
use crate::model::Trainable;

/// A device in a step, with the networks as they stand there.
pub struct Seat<N> {
    pub place: Place,
    /// Without gradients.
    pub teacher: N,
    pub alone: N,
    pub distilled: N,
    /// Of the losses of both students.
    scales: [Option<LossScale>; 2],
}

/// What a device made of a micro-batch: losses and gradients of both students, still there.
pub struct Share([(Parts, Vec<Tensor<1>>); 2]);

impl<N: Trainable> Seat<N> {
    /// The distilled student without gradients, for a step. One that `writes` passes through it often, so that adapters are merged; otherwise the
    /// room is saved.
    pub fn speaker(&self, writes: bool) -> N {
        let speaker = self.distilled.valid();
        if writes { speaker.materialize() } else { speaker }
    }

    /// The gradients of both losses, whose graphs end here.
    pub fn share(&self, of_alone: Parts, of_distilled: Parts) -> Share {
        let of = |net: &N, parts: Parts, scale| {
            let gradient = scaled_gradients(net, &parts.total, scale);
            (parts.plain(), gradient)
        };
        let [alone, distilled] = self.scales;
        Share([of(&self.alone, of_alone, alone), of(&self.distilled, of_distilled, distilled)])
    }
}

impl<N: Trainable> Trio<N> {
    /// The devices of a step, the first one last: those beside it are told first, and work while it does.
    pub fn seats(&self) -> Vec<Seat<N>> {
        let home = self.home();
        let [alone, distilled] = [&self.alone, &self.distilled].map(|learner| learner.net.clone());
        let scales = [self.alone.scale, self.distilled.scale];
        let there = |place: &Place, learner: &Learner<N>| learner.net.clone().fork(&place.autodiff());
        let beside = home.beside().iter().zip(self.copies()).map(|(place, teacher)| Seat {
            place: place.clone(),
            teacher: teacher.clone(),
            alone: there(place, &self.alone),
            distilled: there(place, &self.distilled),
            scales,
        });
        beside.chain([Seat { place: home.clone(), teacher: self.heard().clone(), alone, distilled, scales }]).collect()
    }

    /// Brings home what the devices made of a round of micro-batches, in the order of these.
    pub fn gather(&mut self, round: Vec<Share>, losses: &mut [Vec<Parts>; 2]) {
        let home = self.home().inner();
        for Share(of_both) in round {
            for ((student, losses), (parts, gradient)) in self.students_mut().into_iter().zip(&mut *losses).zip(of_both) {
                student.take_in(gradient.into_iter().map(|tensor| tensor.to_device(&home)).collect(), parts.weight);
                losses.push(parts.on(&home));
            }
        }
    }
}

/// The micro-batches of a step, as many at a time as there are devices.
pub fn rounds(micro: Range<usize>, devices: usize) -> impl Iterator<Item = Range<usize>> {
    let end = micro.end;
    micro.step_by(devices).map(move |at| at..(at + devices).min(end))
}
