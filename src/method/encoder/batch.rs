//! Texts as an encoder is trained on them.

use burn::tensor::{Int, Tensor, TensorData};

use crate::data::text::Masked;
use crate::device::Place;
use crate::model::encoder::Padding;

/// Texts on the device, padded on the right.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[batch, seq]`, without gradients.
    pub ids: Tensor<2, Int>,
    pub padding: Padding,
    /// All real tokens, and of which the true token is to be foretold.
    pub real: Rows,
    /// Those that are to be foretold alone.
    pub hidden: Rows,
}

/// Batches are filled up to a multiple of so many rows: a GPU compiles its kernels for shapes.
const ROWS: usize = 64;

/// Tokens that count, as rows of `[batch·seq]`; all tensors are `[n]`, without gradients. n is filled up with rows that weigh nothing.
#[derive(Debug, Clone)]
pub struct Rows {
    pub rows: Tensor<1, Int>,
    /// The true token.
    pub tokens: Tensor<1, Int>,
    /// 1 where it is to be foretold, else 0.
    pub asked: Tensor<1>,
    /// 1 for a token that counts, 0 for what is filled up.
    pub weights: Tensor<1>,
    /// How many count, and how many are asked.
    pub counts: [usize; 2],
}

impl Rows {
    fn new(rows: &[(i32, u32, bool)], multiple: usize, place: &Place) -> Self {
        let count = rows.len();
        let filled = count.next_multiple_of(multiple);
        // The first row of all is there in every batch, and a text's.
        let rows = || rows.iter().copied().chain(std::iter::repeat_n((0, 0, false), filled - count));
        let ints = |of: fn((i32, u32, bool)) -> i32| {
            Tensor::from_data(TensorData::new(rows().map(of).collect::<Vec<_>>(), [filled]), &place.inner())
        };
        let floats = |ones: &mut dyn Iterator<Item = bool>| {
            let values: Vec<f32> = ones.map(|one| if one { 1.0 } else { 0.0 }).collect();
            Tensor::from_data(TensorData::new(values, [filled]), &place.inner())
        };
        Self {
            rows: ints(|row| row.0),
            tokens: ints(|row| row.1 as i32),
            asked: floats(&mut rows().map(|row| row.2)),
            weights: floats(&mut (0..filled).map(|row| row < count)),
            counts: [count, rows().filter(|row| row.2).count()],
        }
    }

    /// Rows, those counted that weigh nothing.
    pub fn filled(&self) -> usize {
        self.rows.dims()[0]
    }

    /// The mean of one number per row over those that count. `values` is `[n]`, with or without gradients.
    pub fn mean(&self, values: Tensor<1>) -> Tensor<1> {
        (values * self.weights.clone()).sum() / self.counts[0].max(1) as f64
    }
}

impl Batch {
    /// Texts as they are, of at most `seq` tokens.
    pub fn plain(texts: &[&[u32]], seq: usize, pad: u32, place: &Place) -> Self {
        Self::new(texts.iter().map(|text| text.to_vec()).collect(), &[], seq, pad, ROWS, place)
    }

    /// The same, padded to a multiple of `step` that all fit in, at most `longest`: a GPU compiles its kernels for shapes.
    pub fn level(texts: &[&[u32]], step: usize, longest: usize, pad: u32, place: &Place) -> Self {
        let seq = texts.iter().map(|text| text.len()).max().unwrap_or(1).next_multiple_of(step).min(longest);
        Self::plain(texts, seq, pad, place)
    }

    /// Texts with tokens to be foretold.
    pub fn masked(masked: Masked, seq: usize, pad: u32, place: &Place) -> Self {
        Self::new(masked.texts, &masked.hidden, seq, pad, ROWS, place)
    }

    /// The same, filled up to another multiple of rows.
    #[cfg(test)]
    pub fn masked_by(masked: Masked, seq: usize, pad: u32, multiple: usize, place: &Place) -> Self {
        Self::new(masked.texts, &masked.hidden, seq, pad, multiple, place)
    }

    /// The texts of `tests/reference/encoder.py`.
    #[cfg(test)]
    pub fn of_reference(place: &Place) -> Self {
        use crate::model::encoder::testing::{LENGTHS, SHOWN};
        let text = |(length, text): (&usize, [i32; 6])| text[..*length].iter().map(|id| *id as u32).collect::<Vec<_>>();
        let texts: Vec<_> = LENGTHS.iter().zip(SHOWN).map(text).collect();
        Self::plain(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>(), 6, 0, place)
    }

    fn new(texts: Vec<Vec<u32>>, hidden: &[(usize, usize, u32)], seq: usize, pad: u32, multiple: usize, place: &Place) -> Self {
        let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
        let padding = Padding::new(&lengths, seq, &place.inner());
        let ids: Vec<i32> = texts
            .iter()
            .flat_map(|text| text.iter().copied().chain(std::iter::repeat_n(pad, seq - text.len())))
            .map(|id| id as i32)
            .collect();
        let asked: Vec<(i32, u32, bool)> = hidden.iter().map(|(text, at, token)| ((text * seq + at) as i32, *token, true)).collect();
        let mut rest = asked.iter().peekable();
        let real: Vec<_> = padding
            .rows()
            .into_iter()
            .map(|row| rest.next_if(|asked| asked.0 == row).copied().unwrap_or((row, ids[row as usize] as u32, false)))
            .collect();
        Self {
            ids: Tensor::from_data(TensorData::new(ids, [texts.len(), seq]), &place.inner()),
            real: Rows::new(&real, multiple, place),
            hidden: Rows::new(&asked, multiple, place),
            padding,
        }
    }
}
