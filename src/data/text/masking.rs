//! Masked language modelling: which tokens of a batch are to be foretold, drawn anew at every step ("dynamic masking").

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::Passages;
use crate::data::Marks;

/// Of the tokens to be foretold, this share is masked (Devlin et al. 2019 §3.1).
const MASKED: f64 = 0.8;
/// And this share becomes any token; the rest stays as it is.
const RANDOM: f64 = 0.1;

/// How tokens are chosen.
#[derive(Debug, Clone)]
pub struct Masking {
    /// How likely each token is to be chosen, in proportion.
    weights: Vec<f64>,
    share: f64,
    marks: Marks,
}

/// A batch with tokens to be foretold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The texts as they are shown.
    pub texts: Vec<Vec<u32>>,
    /// Text, place in it and true token of each that is to be foretold, in reading order.
    pub hidden: Vec<(usize, usize, u32)>,
}

impl Masking {
    /// A `share` of tokens is to be foretold; a token that occurs n times is chosen in proportion to n^−`smoothing`, so that rare tokens
    /// are learned too (Conneau & Lample 2019; DistilBERT has 0.7). Control tokens never are.
    pub fn new(passages: &Passages, share: f64, smoothing: f64) -> Self {
        let Marks { start, end, padding, mask } = passages.marks;
        let mut weights: Vec<f64> = passages.counts.iter().map(|count| libm::pow((*count).max(1) as f64, -smoothing)).collect();
        for mark in [start, end, padding, mask] {
            weights[mark as usize] = 0.0;
        }
        Self { weights, share, marks: passages.marks }
    }

    /// Chooses among all tokens of the batch: `⌈share·tokens⌉` of them, start and end counted, as DistilBERT's code has it.
    pub fn mask(&self, texts: &[&[u32]], rng: &mut ChaCha8Rng) -> Masked {
        let mut uniform = || (f64::from(rng.next_u32()) + 0.5) / 4_294_967_296.0;
        let mut shown: Vec<Vec<u32>> = texts.iter().map(|text| text.to_vec()).collect();
        let tokens: usize = texts.iter().map(|text| text.len()).sum();
        let wanted = (self.share * tokens as f64).ceil() as usize;
        // The smallest −ln(u)/w are a sample without replacement in proportion to w (Efraimidis & Spirakis 2006).
        let mut drawn = Vec::with_capacity(tokens);
        for (text, ids) in texts.iter().enumerate() {
            for (place, id) in ids.iter().enumerate() {
                let weight = self.weights[*id as usize];
                if weight > 0.0 {
                    drawn.push((-libm::log(uniform()) / weight, text, place));
                }
            }
        }
        drawn.sort_by(|a, b| a.0.total_cmp(&b.0));
        drawn.truncate(wanted);
        let mut places: Vec<(usize, usize)> = drawn.into_iter().map(|(_, text, place)| (text, place)).collect();
        places.sort_unstable();
        let hidden = places.into_iter().map(|(text, place)| {
            let token = texts[text][place];
            let luck = uniform();
            if luck < MASKED {
                shown[text][place] = self.marks.mask;
            } else if luck < MASKED + RANDOM {
                shown[text][place] = (uniform() * self.weights.len() as f64) as u32;
            }
            (text, place, token)
        });
        let hidden = hidden.collect();
        Masked { texts: shown, hidden }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::rng;
    use crate::data::text::{Cut, NOVEL, passages};
    use crate::device::testing::test;

    #[test]
    fn a_share_is_hidden_mostly_masked_and_every_draw_is_another() {
        let passages = passages(NOVEL, None, 64, Cut::Windows).unwrap();
        let masking = Masking::new(&passages, 0.15, 0.7);
        let kept: Vec<_> = passages.train.iter().take(100).collect();
        let texts: Vec<&[u32]> = kept.iter().map(|text| text.as_slice()).collect();
        let masked = masking.mask(&texts, &mut rng(1, "masks"));
        assert_eq!(masked.hidden.len(), 960, "15 % of 6,400");
        let share = |of: &dyn Fn(u32, u32) -> bool| {
            masked.hidden.iter().filter(|(text, place, token)| of(masked.texts[*text][*place], *token)).count() as f64 / 960.0
        };
        let mask = passages.marks.mask;
        let shares = [share(&|shown, _| shown == mask), share(&|shown, token| shown == token)];
        assert!((shares[0] - 0.8).abs() < 0.04 && (shares[1] - 0.1).abs() < 0.04, "{shares:?}: 80 % masked, 10 % kept");
        assert!(masked.hidden.iter().all(|(text, place, token)| texts[*text][*place] == *token && *place > 0 && *place < 63));
        let changed = texts.iter().zip(&masked.texts).flat_map(|(a, b)| a.iter().zip(b)).filter(|(a, b)| a != b).count();
        assert!(changed <= 960, "nothing else is touched");
        assert_eq!(masked, masking.mask(&texts, &mut rng(1, "masks")));
        assert_ne!(masked, masking.mask(&texts, &mut rng(1, "other masks")));
    }

    #[test]
    fn smoothing_favours_rare_tokens() {
        let passages = passages(NOVEL, None, 64, Cut::Windows).unwrap();
        let kept: Vec<_> = passages.train.iter().take(200).collect();
        let texts: Vec<&[u32]> = kept.iter().map(|text| text.as_slice()).collect();
        let space = passages.tokenizer.encode(" ").unwrap()[0];
        let spaces = |smoothing| {
            let masked = Masking::new(&passages, 0.15, smoothing).mask(&texts, &mut rng(2, "masks"));
            masked.hidden.iter().filter(|(.., token)| *token == space).count()
        };
        let (plain, smoothed) = (spaces(0.0), spaces(0.7));
        assert!(smoothed * 2 < plain, "the commonest letter is asked for {plain} times without smoothing, {smoothed} with it");
    }
}
