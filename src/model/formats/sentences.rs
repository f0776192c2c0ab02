//! What sentence-transformers keeps beside an encoder: what an embedding is made of, and where texts are cut. Unread, BGE's kind, which takes the
//! first token's state, would be embedded by means without a word.

use serde_json::{Value, json};

use super::{File, FormatError, unsupported};
use crate::data::Tokenizer;
use crate::model::encoder::{EncoderConfig, Pooling};

/// The parts that a folder consists of: only with it the other files of sentence-transformers count.
pub const MODULES: &str = "modules.json";
/// Where texts are cut; the second is what it was called of old.
const LIMITS: [&str; 2] = ["sentence_bert_config.json", "sentence_distilbert_config.json"];
/// transformers' own, where nothing else says it.
const TOKENIZER: &str = "tokenizer_config.json";
/// A text's start, its end, and something between.
const LEAST: f64 = 3.0;

const CLS: &str = "pooling_mode_cls_token";
const MEAN: &str = "pooling_mode_mean_tokens";
/// Ways of pooling that there are besides.
const OTHERS: [&str; 4] =
    ["pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens", "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"];

const POOLED: &str = "embeddings are read that are the mean of all tokens (`pooling_mode_mean_tokens`) or the first token's state \
                      (`pooling_mode_cls_token`), one of the two: take such a model, or remove modules.json to have the mean";
const BUILT: &str = "a Transformer, a Pooling and perhaps a Normalize are read, one after the other, and nothing behind them (such as Dense): take such a \
                     model, or remove modules.json to have the mean of the tokens' states";
const BESIDE: &str = "the model's own files are read beside modules.json, and the pooling's in a folder of its own there: get the folder again as \
                      sentence-transformers of today saves it";
const WHOLE: &str = "it must be true or false: get the file again";
const LENGTH: &str = "it must be a number of tokens, at least 3: start, end and one between";
const AGAIN: &str = "get the file again";

/// The texts of these files, where a folder has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentenceFiles {
    modules: Option<String>,
    pooling: Option<String>,
    limits: Option<String>,
    tokenizer: Option<String>,
}

/// How sentence-transformers treats texts and embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentences {
    /// Texts are cut to so many tokens, start and end among them.
    pub longest: usize,
    /// Whether it brings embeddings to length 1. Ours always are; cosines do not care.
    pub normalised: bool,
}

impl SentenceFiles {
    /// Asks for the files by name, one after the other: the first says which the next are. `get` answers `None` for one that is not there.
    ///
    /// # Errors
    /// Those of `get`.
    pub fn gather<E>(mut get: impl FnMut(&str) -> Result<Option<String>, E>) -> Result<Self, E> {
        let mut files = Self { modules: get(MODULES)?, ..Self::default() };
        if let Some(modules) = &files.modules {
            if let Some(path) = pooling_folder(modules) {
                files.pooling = get(&format!("{path}/config.json"))?;
            }
            for name in LIMITS {
                if files.limits.is_none() {
                    files.limits = get(name)?;
                }
            }
        }
        files.tokenizer = get(TOKENIZER)?;
        Ok(files)
    }

    /// What they say of an encoder that can look at `context` tokens. Without `modules.json` an embedding is the mean, as sentence-transformers
    /// has it for a plain model.
    ///
    /// # Errors
    /// Another pooling, modules behind it, numbers that are none, and texts in lower case for a tokenizer that minds, each by its key.
    pub fn read(&self, context: usize, tokenizer: &Tokenizer) -> Result<(Pooling, Sentences), FormatError> {
        let most = |longest: Option<usize>| longest.map_or(context, |longest| longest.min(context));
        let its_own = match &self.tokenizer {
            Some(text) => length(&parse(TOKENIZER, text)?, "model_max_length")?,
            None => None,
        };
        let (pooling, normalised) = self.pooled()?;
        let limits = self.limits.as_deref().map_or(Ok(Value::Null), |text| parse(LIMITS[0], text))?;
        if flag(&limits, "do_lower_case", false)? && tokenizer.encode("A")? != tokenizer.encode("a")? {
            return Err(unsupported(
                &limits,
                "do_lower_case",
                "texts are read as the tokenizer has them: take a model whose tokenizer does that",
            ));
        }
        Ok((pooling, Sentences { longest: most(length(&limits, "max_seq_length")?.or(its_own)), normalised }))
    }

    /// What an embedding is made of, and whether sentence-transformers brings it to length 1.
    ///
    /// # Errors
    /// As [`SentenceFiles::read`].
    pub fn pooled(&self) -> Result<(Pooling, bool), FormatError> {
        let Some(modules) = &self.modules else { return Ok((Pooling::Mean, true)) };
        let normalised = modules_of(modules)?;
        let Some(pooling) = &self.pooling else {
            return Err(FormatError::Unsupported {
                key: format!("{}/config.json", pooling_folder(modules).unwrap_or_default()),
                found: "missing".into(),
                expected: "modules.json names it, and it says what an embedding is made of: get this file too",
            });
        };
        Ok((pooling_of(&parse("the pooling's config.json", pooling)?)?, normalised))
    }
}

/// The files that say it of ours.
pub fn files(config: &EncoderConfig, sentences: Sentences) -> Vec<File> {
    let module = |(at, (path, kind)): (usize, &(&str, &str))| json!({ "idx": at, "name": at.to_string(), "path": path, "type": format!("sentence_transformers.models.{kind}") });
    let modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")];
    let modules = &modules[..if sentences.normalised { 3 } else { 2 }];
    let mut pooling = json!({
        "word_embedding_dimension": config.width, CLS: config.pooling == Pooling::Cls, MEAN: config.pooling == Pooling::Mean,
    });
    OTHERS.iter().for_each(|key| pooling[key] = false.into());
    let text = |value: Value| serde_json::to_vec_pretty(&value).expect("plain data");
    vec![
        (MODULES, text(modules.iter().enumerate().map(module).collect())),
        ("1_Pooling/config.json", text(pooling)),
        (LIMITS[0], text(json!({ "max_seq_length": sentences.longest, "do_lower_case": false }))),
    ]
}

/// Whether modules are those that are read, and a Normalize among them.
fn modules_of(text: &str) -> Result<bool, FormatError> {
    let modules = parse(MODULES, text)?;
    let wrong = |module: &Value, key: &str, expected| FormatError::Unsupported {
        key: format!("{MODULES}: {key}"),
        found: module[key].to_string(),
        expected,
    };
    let list = modules.as_array().map_or(&[][..], Vec::as_slice);
    for (at, module) in list.iter().enumerate() {
        let path = module["path"].as_str().unwrap_or_default();
        match (at, kind(module)) {
            (0, Some("Transformer")) if path.is_empty() => {}
            (1, Some("Pooling")) if is_beside(path) => {}
            (0, Some("Transformer")) | (1, Some("Pooling")) => return Err(wrong(module, "path", BESIDE)),
            (2, Some("Normalize")) => {}
            _ => return Err(wrong(module, "type", BUILT)),
        }
    }
    if list.len() < 2 {
        return Err(FormatError::Unsupported { key: MODULES.into(), found: "without a Pooling".into(), expected: BUILT });
    }
    Ok(list.len() > 2)
}

/// What sentence-transformers calls a module, wherever in it the class stands; modules of others may be anything.
fn kind(module: &Value) -> Option<&str> {
    module["type"].as_str()?.strip_prefix("sentence_transformers.")?.rsplit('.').next()
}

fn is_beside(path: &str) -> bool {
    !path.is_empty() && !path.contains(['/', '\\']) && !path.starts_with('.')
}

/// The folder with the description of the pooling, as far as it can be told.
fn pooling_folder(modules: &str) -> Option<String> {
    let modules: Value = serde_json::from_str(modules).ok()?;
    let pooling = modules.as_array()?.iter().find(|module| kind(module) == Some("Pooling"))?;
    pooling["path"].as_str().filter(|path| is_beside(path)).map(String::from)
}

/// Keys that are missing have the defaults of sentence-transformers.
fn pooling_of(json: &Value) -> Result<Pooling, FormatError> {
    // Newer versions may name it in one word instead.
    let word = match &json["pooling_mode"] {
        Value::Array(words) if words.len() == 1 => &words[0],
        word => word,
    };
    match word.as_str() {
        Some("cls") => return Ok(Pooling::Cls),
        Some("mean") => return Ok(Pooling::Mean),
        None if word.is_null() => {}
        _ => return Err(unsupported(json, "pooling_mode", POOLED)),
    }
    for key in OTHERS {
        if flag(json, key, false)? {
            return Err(unsupported(json, key, POOLED));
        }
    }
    match (flag(json, CLS, false)?, flag(json, MEAN, true)?) {
        (true, false) => Ok(Pooling::Cls),
        (false, true) => Ok(Pooling::Mean),
        (true, true) => {
            let found = if json[MEAN].is_null() {
                "true, and without a word to it so is `pooling_mode_mean_tokens`"
            } else {
                "true, and so is `pooling_mode_mean_tokens`"
            };
            Err(FormatError::Unsupported { key: CLS.into(), found: found.into(), expected: POOLED })
        }
        (false, false) => Err(unsupported(json, MEAN, POOLED)),
    }
}

fn flag(json: &Value, key: &str, default: bool) -> Result<bool, FormatError> {
    match &json[key] {
        Value::Null => Ok(default),
        Value::Bool(value) => Ok(*value),
        _ => Err(unsupported(json, key, WHOLE)),
    }
}

/// transformers writes 1e30 for as many as one likes.
fn length(json: &Value, key: &str) -> Result<Option<usize>, FormatError> {
    match &json[key] {
        Value::Null => Ok(None),
        value => match value.as_f64().filter(|length| *length >= LEAST) {
            Some(length) => Ok(Some(length as usize)),
            None => Err(unsupported(json, key, LENGTH)),
        },
    }
}

fn parse(name: &str, text: &str) -> Result<Value, FormatError> {
    serde_json::from_str(text).map_err(|error| FormatError::Unsupported {
        key: name.into(),
        found: format!("not JSON ({error})"),
        expected: AGAIN,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::testing::test;

    const MODELS: &str = r#"[{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]"#;
    const OF_CLS: &str = r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#;

    /// Of a vocabulary that minds the case, or not.
    fn tokenizer(lower: bool) -> Tokenizer {
        let normalizer = if lower { json!({ "type": "Lowercase" }) } else { Value::Null };
        let json = json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": normalizer, "pre_tokenizer": null,
            "post_processor": null, "decoder": null,
            "model": { "type": "WordLevel", "vocab": { "a": 0, "A": 1 }, "unk_token": "a" },
        });
        Tokenizer::from_json(json.to_string().as_bytes()).unwrap()
    }

    fn read(files: &[(&str, &str)]) -> Result<(Pooling, Sentences), String> {
        let get = |name: &str| Ok::<_, ()>(files.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned()));
        SentenceFiles::gather(get).unwrap().read(512, &tokenizer(true)).map_err(|error| error.to_string())
    }

    fn pooled(config: &str) -> Result<Pooling, String> {
        read(&[(MODULES, MODELS), ("1_Pooling/config.json", config)]).map(|(pooling, _)| pooling)
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (pooling, normalised) in [(Pooling::Mean, true), (Pooling::Cls, true), (Pooling::Cls, false)] {
            let config = EncoderConfig { pooling, ..EncoderConfig::bert(11, 512, 8, 2, 2) };
            let sentences = Sentences { longest: 100, normalised };
            let written = files(&config, sentences);
            let written: Vec<(&str, &str)> = written.iter().map(|(name, bytes)| (*name, std::str::from_utf8(bytes).unwrap())).collect();
            assert_eq!(read(&written).unwrap(), (pooling, sentences));
        }
    }

    #[test]
    fn pooling_is_read_as_sentence_transformers_reads_it() {
        assert_eq!(pooled(OF_CLS).unwrap(), Pooling::Cls);
        assert_eq!(pooled(r#"{"word_embedding_dimension": 8}"#).unwrap(), Pooling::Mean);
        assert_eq!(pooled(r#"{"pooling_mode": "cls"}"#).unwrap(), Pooling::Cls);
        assert_eq!(pooled(r#"{"pooling_mode": ["mean"]}"#).unwrap(), Pooling::Mean);
        let refused = |config: &str, parts: &[&str]| {
            let error = pooled(config).unwrap_err();
            assert!(parts.iter().chain(&["remove modules.json"]).all(|part| error.contains(part)), "{config}: {parts:?} in {error}");
        };
        for key in OTHERS {
            refused(&format!(r#"{{"{key}": true, "pooling_mode_mean_tokens": false}}"#), &[key, "is true"]);
        }
        refused(r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}"#, &[CLS, MEAN]);
        refused(r#"{"pooling_mode_cls_token": true}"#, &[CLS, "without a word"]);
        refused(r#"{"pooling_mode_mean_tokens": false}"#, &[MEAN, "is false"]);
        refused(r#"{"pooling_mode": "max"}"#, &["pooling_mode", "max"]);
        refused(r#"{"pooling_mode": ["cls", "mean"]}"#, &["pooling_mode", "cls"]);
        assert!(pooled(r#"{"pooling_mode_cls_token": "yes"}"#).unwrap_err().contains("true or false"));
        assert!(read(&[(MODULES, MODELS)]).unwrap_err().contains("`1_Pooling/config.json` is missing"));
    }

    #[test]
    fn modules_that_would_be_left_out_are_refused() {
        let with = |more: &str| {
            let modules = MODELS.replace("}]", &format!("}}, {more}]"));
            read(&[(MODULES, &modules), ("1_Pooling/config.json", OF_CLS)])
        };
        let normalize = r#"{"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}"#;
        assert!(with(normalize).unwrap().1.normalised);
        assert!(!read(&[(MODULES, MODELS), ("1_Pooling/config.json", OF_CLS)]).unwrap().1.normalised);
        for kind in ["sentence_transformers.models.Dense", "others.Normalize"] {
            let error = with(&format!(r#"{{"path": "2", "type": "{kind}"}}"#)).unwrap_err();
            assert!(error.contains(kind) && error.contains("remove modules.json"), "{error}");
        }
        let elsewhere = MODELS.replacen("\"path\": \"\"", "\"path\": \"0_Transformer\"", 1);
        assert!(read(&[(MODULES, &elsewhere)]).unwrap_err().contains("0_Transformer"));
        let outside = MODELS.replace("1_Pooling", "../1_Pooling");
        assert!(read(&[(MODULES, &outside)]).unwrap_err().contains("../1_Pooling"));
        assert!(read(&[(MODULES, "[]")]).unwrap_err().contains("without a Pooling"));
        assert!(read(&[(MODULES, "[")]).unwrap_err().contains("not JSON"));
    }

    #[test]
    fn texts_are_cut_where_sentence_transformers_cuts_them() {
        let longest = |limits: Option<&str>, tokenizer: Option<&str>| {
            let mut files = vec![(MODULES, MODELS), ("1_Pooling/config.json", OF_CLS)];
            files.extend(limits.map(|text| (LIMITS[0], text)));
            files.extend(tokenizer.map(|text| (TOKENIZER, text)));
            read(&files).map(|(_, sentences)| sentences.longest)
        };
        let of_tokenizer = r#"{"model_max_length": 128}"#;
        assert_eq!(longest(Some(r#"{"max_seq_length": 256}"#), None), Ok(256));
        assert_eq!(longest(Some(r#"{"max_seq_length": 256}"#), Some(of_tokenizer)), Ok(256), "its own word counts more");
        assert_eq!(longest(Some(r#"{"max_seq_length": null}"#), Some(of_tokenizer)), Ok(128));
        assert_eq!(longest(Some(r#"{"max_seq_length": 1000}"#), None), Ok(512), "no more than it has positions for");
        assert_eq!(longest(None, Some(r#"{"model_max_length": 1e30}"#)), Ok(512));
        assert!(longest(Some(r#"{"max_seq_length": 2}"#), None).unwrap_err().contains("`max_seq_length` is 2"));
        assert!(longest(Some(r#"{"max_seq_length": "x"}"#), None).unwrap_err().contains("max_seq_length"));
        assert_eq!(read(&[(TOKENIZER, of_tokenizer)]), Ok((Pooling::Mean, Sentences { longest: 128, normalised: true })), "a plain model");
        assert_eq!(read(&[]).unwrap().1.longest, 512);
    }

    #[test]
    fn lower_case_is_the_tokenizers_business() {
        let files = [(MODULES, MODELS), ("1_Pooling/config.json", OF_CLS), (LIMITS[0], r#"{"do_lower_case": true}"#)];
        read(&files).unwrap();
        let get = |name: &str| Ok::<_, ()>(files.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned()));
        let error = SentenceFiles::gather(get).unwrap().read(512, &tokenizer(false)).unwrap_err().to_string();
        assert!(error.contains("do_lower_case"), "{error}");
    }
}
