//! What becomes of the files of a source: what `--data` reads.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};
use tar::Archive;

/// Files by name, or what is wrong with the source.
pub type Made = Result<Vec<(String, Vec<u8>)>, String>;

pub fn moby_dick(parts: &[Vec<u8>]) -> Made {
    one("moby-dick.txt", chapters(&parts[0])?)
}

pub fn king_james(parts: &[Vec<u8>]) -> Made {
    one("king-james.txt", verses(&parts[0])?)
}

pub fn union(parts: &[Vec<u8>]) -> Made {
    one("state-of-the-union.txt", addresses(&parts[0])?)
}

pub fn corpus(parts: &[Vec<u8>]) -> Made {
    one("corpus.txt", [chapters(&parts[0])?, verses(&parts[1])?, addresses(&parts[2])?].concat())
}

pub fn fashion_mnist(parts: &[Vec<u8>]) -> Made {
    let names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
    Ok(names.iter().zip(parts).map(|(name, bytes)| (format!("{name}-ubyte"), bytes.clone())).collect())
}

pub fn gsm8k(parts: &[Vec<u8>]) -> Made {
    Ok(["train.jsonl", "test.jsonl"].iter().zip(parts).map(|(name, bytes)| ((*name).into(), bytes.clone())).collect())
}

/// Every synset as the definition of its first word.
pub fn wordnet(parts: &[Vec<u8>]) -> Made {
    of_wordnet(&parts[0], "wordnet.jsonl", |class, data, definition| {
        let word = data.get(4)?;
        // (a) and the like say where in a phrase an adjective stands.
        let word = word.split('(').next().unwrap_or(word).replace('_', " ");
        Some(json!({ "prompt": format!("Define \"{word}\" ({class})."), "completion": definition }))
    })
}

/// Every definition with the file of WordNet's lexicographers that it is from, its supersense (Ciaramita & Johnson 2003).
pub fn supersenses(parts: &[Vec<u8>]) -> Made {
    of_wordnet(&parts[0], "supersenses.jsonl", |_, data, definition| {
        let label = SUPERSENSES.get(data.get(1)?.parse::<usize>().ok()?)?;
        Some(json!({ "text": definition, "label": label }))
    })
}

/// Names of the lexicographers' files by number (`lexnames(5WN)`).
const SUPERSENSES: [&str; 45] = [
    "adj.all",
    "adj.pert",
    "adv.all",
    "noun.Tops",
    "noun.act",
    "noun.animal",
    "noun.artifact",
    "noun.attribute",
    "noun.body",
    "noun.cognition",
    "noun.communication",
    "noun.event",
    "noun.feeling",
    "noun.food",
    "noun.group",
    "noun.location",
    "noun.motive",
    "noun.object",
    "noun.person",
    "noun.phenomenon",
    "noun.plant",
    "noun.possession",
    "noun.process",
    "noun.quantity",
    "noun.relation",
    "noun.shape",
    "noun.state",
    "noun.substance",
    "noun.time",
    "verb.body",
    "verb.change",
    "verb.cognition",
    "verb.communication",
    "verb.competition",
    "verb.consumption",
    "verb.contact",
    "verb.creation",
    "verb.emotion",
    "verb.motion",
    "verb.perception",
    "verb.possession",
    "verb.social",
    "verb.stative",
    "verb.weather",
    "adj.ppl",
];

/// A line for every synset, out of its word class, the fields of its data and its definition, and the notice. The examples after a definition
/// are left out.
fn of_wordnet(package: &[u8], name: &str, line: impl Fn(&str, &[&str], &str) -> Option<Value>) -> Made {
    let files = unpack(package, |name| name.starts_with("package/dict/data.") || name == "package/LICENSE")?;
    let mut lines = String::new();
    for part in ["noun", "verb", "adj", "adv"] {
        let word_class = match part {
            "adj" => "adjective",
            "adv" => "adverb",
            other => other,
        };
        for synset in text(&files, &format!("package/dict/data.{part}"))?.lines().filter(|line| !line.starts_with("  ")) {
            let made = synset.split_once(" | ").and_then(|(data, gloss)| {
                let definition = gloss.split("; \"").next().unwrap_or(gloss).trim();
                line(word_class, &data.split(' ').collect::<Vec<_>>(), definition)
            });
            lines += &made.ok_or_else(|| format!("a line of WordNet is not as expected: {synset}"))?.to_string();
            lines.push('\n');
        }
    }
    Ok(vec![(name.into(), lines.into_bytes()), ("LICENSE".into(), text(&files, "package/LICENSE")?.into())])
}

fn one(name: &str, text: String) -> Made {
    Ok(vec![(name.into(), text.into_bytes())])
}

/// Moby Dick, of a package that holds it twice, once by chapters.
fn chapters(package: &[u8]) -> Result<String, String> {
    let number = |name: &str| name.strip_prefix("package/data/chapter_")?.strip_suffix(".txt")?.parse::<usize>().ok();
    let files = unpack(package, |name| number(name).is_some())?;
    let mut names: Vec<&String> = files.keys().collect();
    names.sort_by_key(|name| number(name));
    names.into_iter().map(|name| text(&files, name)).collect()
}

/// The Bible, a verse to a line, without the marks of paragraphs (#) and of words that the translators added ([ ]).
fn verses(package: &[u8]) -> Result<String, String> {
    const NAME: &str = "package/json/verses-1769.json";
    let files = unpack(package, |name| name == NAME)?;
    let mut out = String::new();
    // Verse by verse, in the order of the file.
    for line in text(&files, NAME)?.lines().filter(|line| line.starts_with('"')) {
        let verse: Map<String, Value> =
            serde_json::from_str(&format!("{{{}}}", line.trim_end().trim_end_matches(','))).map_err(|e| e.to_string())?;
        for verse in verse.values().filter_map(Value::as_str) {
            out += verse.trim_start_matches("# ").replace(['[', ']'], "").trim();
            out.push('\n');
        }
    }
    Ok(out)
}

/// All addresses, by year.
fn addresses(package: &[u8]) -> Result<String, String> {
    let files = unpack(package, |name| name.starts_with("package/data/") && name.ends_with(".txt"))?;
    let mut out = String::new();
    for name in files.keys() {
        out += text(&files, name)?.trim();
        out.push('\n');
    }
    Ok(out)
}

/// Some files of a .tgz, by name.
fn unpack(package: &[u8], wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut found = BTreeMap::new();
    let mut archive = Archive::new(GzDecoder::new(package));
    for entry in archive.entries().map_err(|error| error.to_string())? {
        let mut entry = entry.map_err(|error| error.to_string())?;
        let name = entry.path().map_err(|error| error.to_string())?.to_string_lossy().into_owned();
        if wanted(&name) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            found.insert(name, bytes);
        }
    }
    if found.is_empty() { Err("the package does not hold what is expected".into()) } else { Ok(found) }
}

fn text<'a>(files: &'a BTreeMap<String, Vec<u8>>, name: &str) -> Result<&'a str, String> {
    let bytes = files.get(name).ok_or_else(|| format!("the package has no {name}"))?;
    std::str::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn package(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn chapters_stand_in_the_order_of_the_book() {
        let book = package(&[
            ("package/data/chapter_10.txt", "ten\n"),
            ("package/data/chapter_2.txt", "two\n"),
            ("package/data/data.txt", "all of it"),
        ]);
        assert_eq!(moby_dick(&[book]).unwrap(), [("moby-dick.txt".into(), b"two\nten\n".to_vec())]);
    }

    #[test]
    fn verses_keep_their_order_and_lose_their_marks() {
        let json = "{\n\"Genesis 1:2\":\"# And the earth [was] void.\",\n\"Genesis 1:10\":\"And it was \\\"so\\\".\"\n}\n";
        let made = king_james(&[package(&[("package/json/verses-1769.json", json)])]).unwrap();
        assert_eq!(String::from_utf8(made[0].1.clone()).unwrap(), "And the earth was void.\nAnd it was \"so\".\n");
    }

    #[test]
    fn definitions_become_instructions() {
        let noun = "  1 a licence\n00002452 03 n 01 physical_thing 0 001 @ 00001930 n 0000 | a separate entity; \"a thing\"  \n";
        let adjective = "00001740 00 a 01 galore(ip) 0 000 | in great numbers  \n";
        let dict = |part| format!("package/dict/data.{part}");
        let (n, v, a, r) = (dict("noun"), dict("verb"), dict("adj"), dict("adv"));
        let source = [package(&[(&n, noun), (&v, ""), (&a, adjective), (&r, ""), ("package/LICENSE", "WordNet")])];
        let made = wordnet(&source).unwrap();
        let lines: Vec<Value> = std::str::from_utf8(&made[0].1).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0], json!({ "prompt": "Define \"physical thing\" (noun).", "completion": "a separate entity" }));
        assert_eq!(lines[1]["prompt"], "Define \"galore\" (adjective).");
        let made = supersenses(&source).unwrap();
        let lines: Vec<Value> = std::str::from_utf8(&made[0].1).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            lines,
            [json!({ "text": "a separate entity", "label": "noun.Tops" }), json!({ "text": "in great numbers", "label": "adj.all" })]
        );
        assert!(wordnet(&[package(&[("package/LICENSE", "WordNet")])]).unwrap_err().contains("data.noun"));
    }
}
