//! An encoder as `transformers` keeps it: `config.json` and `model.safetensors` of BERT, DistilBERT or ELECTRA.

use serde_json::{Map, json};

pub use super::bert_config::describes;
use super::bert_config::{CLASSIFIES, Description};
pub use super::bert_names::Family;
use super::bert_names::pieces;
use super::names::{gather, scatter};
use super::sentences::{self, Sentences};
use super::unread::{CONFIG, Stack};
use super::{File, FormatError};
use crate::data::Marks;
use crate::model::encoder::{Classifier, EncoderConfig};
use crate::model::{Decoded, WeightsError, weights};

/// An encoder on the host: its shape, and its values in the order of [`EncoderConfig::parameters`].
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedEncoder {
    pub config: EncoderConfig,
    pub values: Vec<Vec<f32>>,
    /// Names of the classes, where it has a head for them.
    pub labels: Vec<String>,
}

/// The encoder of a folder, from its description and its tensors. It has a pooler and a head for masked tokens if the weights do, and a head for
/// classes if it is described as a model for that.
///
/// # Errors
/// Another model than `bert`, `distilbert` and `electra`, variants that this encoder has not, and weights that are missing, of another
/// shape or not finite.
pub fn load(config_json: &str, mut file: Decoded) -> Result<LoadedEncoder, FormatError> {
    let description = Description::parse(config_json)?;
    let (family, mut config) = description.shape()?;
    let distilled = family == Family::DistilBert;
    let layer = if distilled { "transformer.layer." } else { "encoder.layer." };
    let stack = Stack {
        prefixes: &[layer, &format!("{}.{layer}", family.name())],
        description: CONFIG,
        layers: config.layers,
        key: if distilled { "n_layers" } else { "num_hidden_layers" },
        besides: &[],
        optional: &[("crossattention.self.query.weight", "add_cross_attention"), ("distance_embedding.weight", "position_embedding_type")],
    };
    stack.bound(file.names())?;
    let has = |file: &Decoded, config: &EncoderConfig, part: &str| {
        let first = config.parameters().into_iter().find(|parameter| parameter.name.starts_with(part));
        first.is_some_and(|parameter| pieces(family, config, &parameter).tensors.iter().all(|(name, _)| find(file, family, name).is_some()))
    };
    config.pooler = has(&file, &EncoderConfig { pooler: true, ..config.clone() }, "pooler");
    config.masked = has(&file, &EncoderConfig { masked: true, ..config.clone() }, "masked");
    let labels = description.labels()?;
    if !labels.is_empty() {
        // BERT's pooler is the first layer of that head.
        config = EncoderConfig { pooler: false, classifier: Some(Classifier { classes: labels.len(), squash: family.squash() }), ..config };
    }
    config.validate()?;
    let take = |name: &str, shape: &[usize]| match find(&file, family, name) {
        Some(found) => file.take(&found, shape),
        None => Err(WeightsError::Missing(plain(name).into())),
    };
    let values = gather(&config.parameters(), |parameter| pieces(family, &config, parameter), take)?;
    stack.check(file.names())?;
    if config.masked {
        check_output(&description, family, &file, &values[0])?;
    }
    Ok(LoadedEncoder { config, values, labels })
}

/// The same shape with a head for classes as its family has it, in place of all other heads.
pub fn classifying(config: &EncoderConfig, classes: usize) -> EncoderConfig {
    let squash = Family::of(config).squash();
    EncoderConfig { masked: false, pooler: false, classifier: Some(Classifier { classes, squash }), ..config.clone() }
}

/// The output matrix of the head for masked words, which is the token embedding, must be that in the file too, where it is there.
fn check_output(description: &Description, family: Family, file: &Decoded, tokens: &[f32]) -> Result<(), FormatError> {
    let name = family.output();
    match (file.values(name), description.tied()?) {
        (Some(output), true) if output != tokens => Err(FormatError::Unread {
            description: CONFIG,
            name: name.into(),
            found: "`tie_word_embeddings` says that it is the embeddings, and it is not".into(),
        }),
        (Some(output), false) if output != tokens => Err(FormatError::Unsupported {
            key: "tie_word_embeddings".into(),
            found: "false, and the weights of its output for masked words are not the embeddings".into(),
            expected: "encoders are read whose output are the embeddings: take such a model",
        }),
        (None, false) => Err(WeightsError::Missing(name.into()).into()),
        _ => Ok(()),
    }
}

/// A name without the mark of a head.
fn plain(name: &str) -> &str {
    name.strip_prefix("head:").unwrap_or(name)
}

/// Under which name a file holds a tensor: with the model's name before it or not, and by TensorFlow's words for a norm.
fn find(file: &Decoded, family: Family, name: &str) -> Option<String> {
    let short = plain(name).to_owned();
    let full = format!("{}.{short}", family.name());
    let old = |name: &str| name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
    let old = [old(&short), old(&full)];
    [short, full].into_iter().chain(old).find(|name| file.has(name))
}

/// The two files of an encoder: `config.json` and `model.safetensors` in F32, as `AutoModel` loads them, and `AutoModelForMaskedLM` where it
/// or `AutoModelForSequenceClassification` where it has that head. `pad` is the id of the padding token, `labels` are the names of the classes.
pub fn save(config: &EncoderConfig, values: &[Vec<f32>], pad: u32, labels: &[String]) -> (String, Vec<u8>) {
    let family = Family::of(config);
    let head = match (config.masked, config.classifier) {
        (true, _) => "ForMaskedLM",
        (false, Some(_)) => CLASSIFIES,
        (false, None) => "Model",
    };
    let activation = if config.gelu_tanh { "gelu_new" } else { "gelu" };
    let mut description = match family {
        Family::DistilBert => json!({
            "architectures": [format!("DistilBert{head}")], "model_type": "distilbert", "activation": activation,
            "vocab_size": config.vocab, "max_position_embeddings": config.context, "dim": config.width, "n_layers": config.layers,
            "n_heads": config.heads, "hidden_dim": config.hidden, "sinusoidal_pos_embds": false, "pad_token_id": pad,
            "torch_dtype": "float32",
        }),
        _ => json!({
            "architectures": [format!("{}{head}", if family == Family::Bert { "Bert" } else { "Electra" })],
            "model_type": family.name(), "hidden_act": activation, "vocab_size": config.vocab,
            "max_position_embeddings": config.context, "hidden_size": config.width, "num_hidden_layers": config.layers,
            "num_attention_heads": config.heads, "intermediate_size": config.hidden, "embedding_size": config.embedding,
            "type_vocab_size": config.types.max(1), "layer_norm_eps": config.epsilon, "pad_token_id": pad,
            "torch_dtype": "float32",
        }),
    };
    if config.classifier.is_some() {
        let classes = || labels.iter().enumerate();
        description["id2label"] = classes().map(|(class, label)| (class.to_string(), label.as_str().into())).collect::<Map<_, _>>().into();
        description["label2id"] = classes().map(|(class, label)| (label.clone(), class.into())).collect::<Map<_, _>>().into();
        description["problem_type"] = "single_label_classification".into();
    }
    let mut tensors = scatter(&config.parameters(), |parameter| pieces(family, config, parameter), values);
    if family != Family::DistilBert && config.types == 0 {
        // They always have a kind of token; a vector of zeros changes nothing.
        tensors.push(("embeddings.token_type_embeddings.weight".into(), vec![1, config.embedding], vec![0.0; config.embedding]));
    }
    for (name, ..) in &mut tensors {
        *name = match name.strip_prefix("head:") {
            Some(head) => head.to_owned(),
            // Behind a head the encoder has a name.
            None if config.masked || config.classifier.is_some() => format!("{}.{name}", family.name()),
            None => continue,
        };
    }
    (serde_json::to_string_pretty(&description).expect("plain data"), weights::encode(&tensors, super::metadata(), false))
}

/// An encoder and its tokenizer as the files of a folder that `AutoModel`, `AutoTokenizer` and, but for a classifier, `SentenceTransformer` load.
pub fn folder(
    config: &EncoderConfig,
    values: &[Vec<f32>],
    tokenizer_json: &str,
    marks: Marks,
    labels: &[String],
    sentences: Sentences,
) -> Vec<File> {
    let (description, weights) = save(config, values, marks.padding, labels);
    let tokenizer = json!({
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": sentences.longest, "clean_up_tokenization_spaces": false,
        "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "mask_token": "[MASK]", "unk_token": "[UNK]",
        "model_input_names": ["input_ids", "attention_mask"],
    });
    let mut files = vec![
        ("config.json", description.into_bytes()),
        ("model.safetensors", weights),
        ("tokenizer.json", tokenizer_json.into()),
        ("tokenizer_config.json", serde_json::to_vec_pretty(&tokenizer).expect("plain data")),
    ];
    if config.classifier.is_none() {
        files.extend(sentences::files(config, sentences));
    }
    files
}
