//! Whether two language models mean the same by a token's id, and what is done where one of them has ids to spare.

use super::TransformerConfig;
use crate::data::Tokenizer;

/// Of the larger vocabulary, the tenth that may be one model's own: control tokens that were added. What lacks more is another tokenizer.
const OWN: usize = 10;

/// What ids mean to two models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vocabularies {
    /// Ids below this name the same tokens. Above it a model has rows that no text uses, or control tokens of its own.
    Common(usize),
    /// The first id that names two things, and its token to each.
    Apart { id: usize, tokens: [String; 2] },
}

/// Compares two models by their tokenizers and the rows of their embeddings, which are often rounded up (Qwen2: 151,936 and 152,064 for
/// the same tokenizer).
pub fn compare(tokenizers: [&Tokenizer; 2], rows: [usize; 2]) -> Vocabularies {
    let apart = |id: usize, tokens: [Option<String>; 2]| {
        let name = |token: Option<String>| token.map_or_else(|| "no token".into(), |token| format!("{token:?}"));
        Vocabularies::Apart { id, tokens: tokens.map(name) }
    };
    let tokens = |id: usize| tokenizers.map(|tokenizer| tokenizer.token(id as u32));
    let mut common = 0;
    // The first id since the last common one that is a token to one model alone.
    let mut single = None;
    for id in 0..rows[0].min(rows[1]) {
        match tokens(id) {
            [Some(a), Some(b)] if a == b => match single {
                Some(id) => return apart(id, tokens(id)),
                None => common = id + 1,
            },
            [None, None] => {}
            [Some(_), Some(_)] => return apart(id, tokens(id)),
            _ => single = single.or(Some(id)),
        }
    }
    let known = tokenizers.map(Tokenizer::vocab);
    let most = known[0].max(known[1]);
    if common + most / OWN < most { apart(common, tokens(common)) } else { Vocabularies::Common(common) }
}

/// What was cut off a decoder: of each parameter that has a row or column for every id, those from some id on.
#[derive(Debug, Clone, PartialEq)]
pub struct Spare {
    /// Ids of the whole decoder.
    vocab: usize,
    parts: Vec<Vec<f32>>,
}

/// Shape and values of a decoder for ids below `vocab` alone, fewer than it has, and what was cut off.
pub fn cut(config: &TransformerConfig, values: &[Vec<f32>], vocab: usize) -> (TransformerConfig, Vec<Vec<f32>>, Spare) {
    let mut parts = Vec::new();
    let short = TransformerConfig { vocab, ..config.clone() };
    let cut_one = |(name, values): (String, &Vec<f32>)| {
        let Some(line) = line(&name, config) else { return values.clone() };
        let (mut kept, mut spare) = (Vec::new(), Vec::new());
        for values in values.chunks_exact(line * config.vocab) {
            let (left, right) = values.split_at(line * vocab);
            kept.extend_from_slice(left);
            spare.extend_from_slice(right);
        }
        parts.push(spare);
        kept
    };
    let values = config.parameters().into_iter().map(|parameter| parameter.name).zip(values).map(cut_one).collect();
    (short, values, Spare { vocab: config.vocab, parts })
}

impl Spare {
    /// The whole decoder again: values of a cut one, and behind them what was cut off, as it was.
    pub fn mend(&self, config: &TransformerConfig, values: &[Vec<f32>]) -> (TransformerConfig, Vec<Vec<f32>>) {
        let mut parts = self.parts.iter();
        let mend_one = |(name, values): (String, &Vec<f32>)| {
            let Some(line) = line(&name, config) else { return values.clone() };
            let spare = parts.next().expect("one for every parameter that was cut");
            let (own, rest) = (line * config.vocab, line * (self.vocab - config.vocab));
            values.chunks_exact(own).zip(spare.chunks_exact(rest)).flat_map(|(own, rest)| [own, rest].concat()).collect()
        };
        let values = config.parameters().into_iter().map(|parameter| parameter.name).zip(values).map(mend_one).collect();
        (TransformerConfig { vocab: self.vocab, ..config.clone() }, values)
    }
}

/// Values that an id takes side by side in a parameter that has some for every id: a row of the embedding, one number in each row of the
/// output matrix.
fn line(name: &str, config: &TransformerConfig) -> Option<usize> {
    match name {
        "tokens.weight" => Some(config.width),
        "head.weight" => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    fn words(text: &str) -> Tokenizer {
        Tokenizer::words(text)
    }

    #[test]
    fn rounded_rows_and_added_tokens_are_no_difference_and_another_order_is() {
        let base: String = (0..20).map(|word| format!("w{word} ")).collect();
        let (own, more) = (words(&base), words(&format!("{base} <control>")));
        assert_eq!(compare([&own, &own], [20, 64]), Vocabularies::Common(20));
        assert_eq!(compare([&own, &more], [64, 21]), Vocabularies::Common(20));
        let other = words(&base.replace("w7", "x"));
        assert_eq!(compare([&own, &other], [20, 20]), Vocabularies::Apart { id: 7, tokens: ["\"w7\"".into(), "\"x\"".into()] });
        let few = words("w0 w1 w2");
        assert_eq!(compare([&few, &own], [20, 20]), Vocabularies::Apart { id: 3, tokens: ["no token".into(), "\"w3\"".into()] });
    }

    #[test]
    fn what_is_cut_off_is_put_back() {
        for tied in [false, true] {
            let config = TransformerConfig { tied, ..TransformerConfig::gpt2(7, 4, 6, 1, 2) };
            let values = config.initial(&mut crate::data::rng(1, "cut"));
            let (short, kept, spare) = cut(&config, &values, 5);
            for (parameter, values) in short.parameters().iter().zip(&kept) {
                assert_eq!(values.len(), parameter.shape.iter().product::<usize>(), "{}", parameter.name);
            }
            assert_eq!(kept[0], values[0][..5 * 6]);
            assert_eq!(spare.mend(&short, &kept), (config, values));
        }
    }
}
