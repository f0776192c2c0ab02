//! `export-tensorboard`: `metrics.jsonl` as event files, a folder for each network, so that TensorBoard lays their curves over one another.
//!
//! The files are written anew out of the metrics each time, so a run that was resumed has no gap and nothing twice. Own code, because it is
//! short and the crates that write the format are not kept up: TFRecord framing
//! (<https://www.tensorflow.org/tutorials/load_data/tfrecord>) around the `Event` of tensorflow/core/util/event.proto.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde_json::{Map, Value};

use super::error::Error;
use super::files::{read_text, write_whole};
use super::output;
use super::rundir::RunDir;

/// Its name says nothing new from one export to the next, so that TensorBoard goes on reading where it was.
const FILE: &str = "events.out.tfevents.0.distillery";

/// `distillery export-tensorboard DIR`.
pub fn export(path: &Path, out: Option<&Path>) -> Result<(), Error> {
    let directory = RunDir::open(path)?;
    let out = out.map_or_else(|| directory.file("tensorboard"), Path::to_owned);
    let mut runs = vec![(directory.clone(), out.clone())];
    if directory.settings()?.seeds.is_some() {
        runs = seeds(&directory)?.into_iter().map(|(name, seed)| (seed, out.join(name))).collect();
    }
    for (run, folder) in runs {
        for (who, events) in curves(&run)? {
            let folder = folder.join(who);
            std::fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
            write_whole(&folder.join(FILE), &events.0)?;
        }
    }
    output::line(&format!("Look at it: tensorboard --logdir {}", output::quoted(&out)))
}

/// The runs of a directory of `--seeds` that were begun, by the name of their folder.
fn seeds(directory: &RunDir) -> Result<Vec<(String, RunDir)>, Error> {
    let entries = std::fs::read_dir(directory.path()).map_err(Error::read(directory.path()))?;
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.join("metrics.jsonl").exists()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.push((name, RunDir::open(&path)?));
    }
    Ok(found)
}

/// The events of every network, and of the run itself, by folder.
fn curves(directory: &RunDir) -> Result<BTreeMap<String, Events>, Error> {
    let path = directory.file("metrics.jsonl");
    let began = std::fs::metadata(directory.file("experiment.json")).and_then(|found| found.modified()).ok();
    let began = began.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0.0, |time| time.as_secs_f64());
    let mut found: BTreeMap<String, Events> = BTreeMap::new();
    let (mut step, mut time) = (0, began);
    // A kill may have torn the last line; `resume` mends it.
    for line in read_text(&path)?.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let at = line["total_step"].as_u64().unwrap_or(step);
        let mut add = |who: &str, tag: &str, value: &Value, time: f64| {
            found.entry(who.to_owned()).or_insert_with(|| Events::new(began)).add(time, at, tag, value);
        };
        match line["type"].as_str() {
            Some("progress") => {
                // The metrics hold no clock; the time that training took is in the rates.
                let rate = line["steps_per_second"].as_f64().unwrap_or(0.0);
                if rate > 0.0 {
                    time += at.saturating_sub(step) as f64 / rate;
                }
                step = at;
                add("run", "lr", &line["lr"], time);
                add("run", "steps_per_second", &line["steps_per_second"], time);
                for (who, losses) in networks(&line["losses"]) {
                    add(who, "train", &Value::Object(losses.clone()), time);
                }
            }
            Some("evaluated") => {
                for (who, measures) in networks(&line["networks"]) {
                    // Students that have not begun are a flat line.
                    if who == "teacher" || line["phase"] != "teacher" {
                        add(who, "test", &Value::Object(measures.clone()), time);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn networks(list: &Value) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    list.as_array().into_iter().flatten().filter_map(|network| Some((network["role"].as_str()?, network.as_object()?)))
}

/// The content of an event file.
struct Events(Vec<u8>);

impl Events {
    fn new(began: f64) -> Self {
        let mut events = Self(Vec::new());
        events.record(&[double(1, began), bytes(3, b"brain.Event:2")].concat());
        events
    }

    /// A scalar, or every number of an object, each under the tag and its own name.
    fn add(&mut self, time: f64, step: u64, tag: &str, value: &Value) {
        match value {
            Value::Object(map) => {
                for (name, value) in map.iter().filter(|(name, _)| *name != "step") {
                    self.add(time, step, &format!("{tag}/{name}"), value);
                }
            }
            Value::Number(number) => {
                let scalar = [bytes(1, tag.as_bytes()), float(2, number.as_f64().unwrap_or(f64::NAN) as f32)].concat();
                self.record(&[double(1, time), varint(2, step), bytes(5, &bytes(1, &scalar))].concat());
            }
            _ => {}
        }
    }

    /// Length, its checksum, the data, their checksum.
    fn record(&mut self, data: &[u8]) {
        let length = (data.len() as u64).to_le_bytes();
        self.0.extend(length);
        self.0.extend(masked(&length).to_le_bytes());
        self.0.extend(data);
        self.0.extend(masked(data).to_le_bytes());
    }
}

// Fields of protocol buffers (<https://protobuf.dev/programming-guides/encoding/>): number and wire type, then the value.

fn key(number: u64, wire_type: u64) -> Vec<u8> {
    plain((number << 3) | wire_type)
}

fn plain(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn varint(number: u64, value: u64) -> Vec<u8> {
    [key(number, 0), plain(value)].concat()
}

fn double(number: u64, value: f64) -> Vec<u8> {
    [key(number, 1), value.to_le_bytes().to_vec()].concat()
}

fn bytes(number: u64, value: &[u8]) -> Vec<u8> {
    [key(number, 2), plain(value.len() as u64), value.to_vec()].concat()
}

fn float(number: u64, value: f32) -> Vec<u8> {
    [key(number, 5), value.to_le_bytes().to_vec()].concat()
}

/// CRC-32C (Castagnoli, reflected), as the format masks it.
fn masked(data: &[u8]) -> u32 {
    let crc = crc32c(data);
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

fn crc32c(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, B.4, and the catalogue's check value.
    #[test]
    fn the_checksum_is_castagnoli_s() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
    }

    #[test]
    fn numbers_take_as_many_bytes_as_they_need() {
        assert_eq!(varint(1, 150), [0x08, 0x96, 0x01], "the example of the specification");
        assert_eq!(bytes(2, b"testing"), [0x12, 7, b't', b'e', b's', b't', b'i', b'n', b'g']);
    }
}
