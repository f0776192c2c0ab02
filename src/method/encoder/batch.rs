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

/// Tokens that count, as rows of `[batch·seq]`; all tensors are `[n]`, without gradients.
#[derive(Debug, Clone)]
pub struct Rows {
    pub rows: Tensor<1, Int>,
    /// The true token.
    pub tokens: Tensor<1, Int>,
    /// 1 where it is to be foretold, else 0.
    pub asked: Tensor<1>,
    /// How many there are, and how many are asked.
    pub counts: [usize; 2],
}

impl Rows {
    fn new(rows: &[(i32, u32, bool)], place: &Place) -> Self {
        let count = rows.len();
        let ints = |of: fn(&(i32, u32, bool)) -> i32| {
            Tensor::from_data(TensorData::new(rows.iter().map(of).collect::<Vec<_>>(), [count]), &place.inner())
        };
        let asked: Vec<f32> = rows.iter().map(|row| if row.2 { 1.0 } else { 0.0 }).collect();
        let hidden = rows.iter().filter(|row| row.2).count();
        Self {
            rows: ints(|row| row.0),
            tokens: ints(|row| row.1 as i32),
            asked: Tensor::from_data(TensorData::new(asked, [count]), &place.inner()),
            counts: [count, hidden],
        }
    }
}

impl Batch {
    /// Texts as they are, of at most `seq` tokens.
    pub fn plain(texts: &[&[u32]], seq: usize, pad: u32, place: &Place) -> Self {
        Self::new(texts.iter().map(|text| text.to_vec()).collect(), &[], seq, pad, place)
    }

    /// Texts with tokens to be foretold.
    pub fn masked(masked: Masked, seq: usize, pad: u32, place: &Place) -> Self {
        Self::new(masked.texts, &masked.hidden, seq, pad, place)
    }

    fn new(texts: Vec<Vec<u32>>, hidden: &[(usize, usize, u32)], seq: usize, pad: u32, place: &Place) -> Self {
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
            real: Rows::new(&real, place),
            hidden: Rows::new(&asked, place),
            padding,
        }
    }
}
