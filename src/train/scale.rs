//! Dynamic loss scaling for gradients in f16, whose smallest numbers would be lost (Micikevicius et al. 2018, section 3.2): the loss is multiplied
//! by a factor, gradients in f32 are divided by it, and a step is left out where one overflowed. The numbers are those of PyTorch's `GradScaler`.

use burn::tensor::{FloatDType, Tensor};

use crate::device::{DeviceError, Place, read};
use crate::spec::Precision;

const FIRST: f64 = 65_536.0;
/// Steps without an overflow after which the factor doubles.
const GROWTH: usize = 2000;

/// The numbers of half of f32's bits that a precision is of; `None` for f32 itself.
pub fn half(precision: Precision) -> Option<FloatDType> {
    match precision {
        Precision::F32 => None,
        Precision::Bf16 => Some(FloatDType::BF16),
        Precision::F16 => Some(FloatDType::F16),
    }
}

/// The factor as it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossScale {
    factor: f64,
    /// Steps since the last overflow or growth.
    clean: usize,
    /// Steps that were left out.
    skipped: usize,
}

impl LossScale {
    /// That of a fresh network where matrices are multiplied in f16; other numbers have the range of f32.
    pub fn of(place: &Place) -> Option<Self> {
        (place.half() == Some(FloatDType::F16)).then_some(Self { factor: FIRST, clean: 0, skipped: 0 })
    }

    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// What is to be differentiated instead of a loss.
    pub fn enlarge(&self, loss: &Tensor<1>) -> Tensor<1> {
        loss.clone() * self.factor
    }

    /// The gradients of the loss out of those of what was differentiated, or none where one overflowed and the step is to be left out. Knowing
    /// that takes a readback, as it does in PyTorch.
    ///
    /// # Errors
    /// [`DeviceError::Lost`] when the device fails.
    pub async fn settle(&mut self, gradients: Vec<Tensor<1>>) -> Result<Option<Vec<Tensor<1>>>, DeviceError> {
        // Nothing times zero is nothing, unless it is not finite.
        let nothing = gradients.iter().map(|gradient| (gradient.clone() * 0.0).sum()).reduce(|sum, term| sum + term);
        let overflowed = match nothing {
            Some(nothing) => read(nothing).await?.iter().any(|sum| !sum.is_finite()),
            None => false,
        };
        let before = self.factor;
        self.count(overflowed);
        Ok((!overflowed).then(|| gradients.into_iter().map(|gradient| gradient * before.recip()).collect()))
    }

    fn count(&mut self, overflowed: bool) {
        if overflowed {
            (self.factor, self.clean, self.skipped) = (self.factor / 2.0, 0, self.skipped + 1);
        } else if self.clean + 1 == GROWTH {
            (self.factor, self.clean) = (self.factor * 2.0, 0);
        } else {
            self.clean += 1;
        }
    }

    /// As numbers, for a checkpoint: each is a whole number, or a power of two, that f32 has.
    pub fn numbers(&self) -> [f32; 3] {
        [self.factor as f32, self.clean as f32, self.skipped as f32]
    }

    /// Out of [`LossScale::numbers`].
    pub fn from_numbers(numbers: &[f32]) -> Option<Self> {
        let [factor, clean, skipped] = *numbers else { return None };
        Some(Self { factor: f64::from(factor), clean: clean as usize, skipped: skipped as usize })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test_async;

    #[test]
    fn the_factor_halves_at_an_overflow_and_doubles_after_two_thousand_steps_without_one() {
        let mut scale = LossScale { factor: FIRST, clean: 0, skipped: 0 };
        scale.count(true);
        assert_eq!(scale.numbers(), [32_768.0, 0.0, 1.0]);
        (1..GROWTH).for_each(|_| scale.count(false));
        assert_eq!(scale.numbers(), [32_768.0, 1999.0, 1.0]);
        scale.count(false);
        assert_eq!(scale.numbers(), [65_536.0, 0.0, 1.0]);
        assert_eq!(LossScale::from_numbers(&scale.numbers()), Some(scale), "what a checkpoint holds");
    }

    #[test_async]
    async fn gradients_come_back_in_their_size_and_one_that_is_not_finite_leaves_out_the_step() {
        let device = Place::cpu().inner();
        let one = |values: [f32; 2]| Tensor::<1>::from_floats(values, &device);
        for (bad, skipped) in [(1.0, 0), (f32::INFINITY, 1), (f32::NEG_INFINITY, 1), (f32::NAN, 1)] {
            let mut scale = LossScale { factor: 4.0, clean: 0, skipped: 0 };
            let settled = scale.settle(vec![one([2.0, -8.0]), one([0.0, bad])]).await.unwrap();
            assert_eq!(scale.skipped(), skipped, "{bad}");
            let Some(settled) = settled else { continue };
            assert_eq!(read(Tensor::cat(settled, 0)).await.unwrap(), [0.5, -2.0, 0.0, 0.25]);
        }
    }
}
