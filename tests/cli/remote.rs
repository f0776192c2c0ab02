//! A device of another machine, which here is another process. Compiled with the feature:
//! `cargo test --release --features remote --test cli remote`.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::Child;

use super::*;

/// A process that serves the CPU backend.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path, listen: &str) -> Self {
        let mut command = command(folder, &["serve-device", "--listen", listen, "--device", "cpu"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let (_, address) = line.trim().split_once("--device remote:").unwrap_or_else(|| panic!("it says where it is: {line:?}"));
        let address = address.to_owned();
        // What burn logs must go somewhere, or the process would stop.
        std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
        Self { process, address }
    }

    fn device(&self) -> String {
        format!("remote:{}", self.address)
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already, which is what was wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Every number of two runs, the second within `tolerance` of the first.
fn assert_near(a: &Value, b: &Value, tolerance: f64, path: &str) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{path}");
            a.iter().for_each(|(key, value)| assert_near(value, &b[key], tolerance, &format!("{path}.{key}")));
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{path}");
            a.iter().zip(b).for_each(|(a, b)| assert_near(a, b, tolerance, path));
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            // In percent: a hundred times a ratio less one.
            let least = if path.ends_with(".excess") { 100.0 } else { 1.0 };
            assert!((a - b).abs() <= tolerance * a.abs().max(least), "{path}: {a} and {b}");
        }
        (a, b) => assert_eq!(a, b, "{path}"),
    }
}

fn assert_near_runs(folder: &Path, [local, remote]: [&str; 2], tolerance: f64) {
    let [local, remote] = [local, remote].map(|run| metrics(&folder.join(run)));
    assert!(local.len() == remote.len() && local.len() > 4, "{} and {} events", local.len(), remote.len());
    local.iter().zip(&remote).for_each(|(a, b)| assert_near(a, b, tolerance, a["type"].as_str().unwrap()));
}

#[test]
fn a_race_on_a_served_device_has_the_numbers_of_the_same_device_here() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start(folder, "127.0.0.1:0");
    let device = server.device();
    succeeded(run(folder, "first-light", &["--out", "here"]));
    succeeded(cli(folder, &[&["run", "first-light", "--device", &device], &TINY[..], &["--out", "there"]].concat()));
    assert_near_runs(folder, ["here", "there"], 1e-4);
    // Convolutions, and GELU, which here is an operation of our own and there burn's.
    let test = stdout(&succeeded(cli(folder, &["self-test", "--device", &device])));
    assert!(test.contains("remote") && test.contains("passed"), "{test}");
    let text = ["--set", "train.steps=6", "--set", "train.eval_every=6", "--set", "text.sft_steps=0", "--set", "text.samples=2"];
    succeeded(cli(folder, &[&["run", "grammar", "--device", "cpu", "--out", "text-here"], &text[..]].concat()));
    succeeded(cli(folder, &[&["run", "grammar", "--device", &device, "--out", "text-there"], &text[..]].concat()));
    // Another GELU rounds otherwise.
    assert_near_runs(folder, ["text-here", "text-there"], 1e-3);
}

/// The micro-batches of a step are dealt out to this machine and two served devices.
#[test]
fn served_devices_share_the_steps_of_a_run_here() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let servers = [Server::start(folder, "127.0.0.1:0"), Server::start(folder, "127.0.0.1:0")];
    let devices = format!("cpu,{},{}", servers[0].device(), servers[1].device());
    let set = ["--set", "train.steps=6", "--set", "train.eval_every=6", "--set", "train.batch_size=4", "--set", "train.accumulate=3"];
    let cases: [(&str, &[&str]); 2] =
        [("gkd", &["--set", "text.sft_steps=0", "--set", "text.samples=2"]), ("distilbert", &["--set", "teacher.steps=10"])];
    for (preset, more) in cases {
        let run = |device: &str, out: &str| {
            stderr(&succeeded(cli(folder, &[&["run", preset, "--device", device, "--out", out][..], &set, more].concat())))
        };
        let [here, shared] = ["here", "shared"].map(|out| format!("{preset}-{out}"));
        run("cpu", &here);
        let said = run(&devices, &shared);
        assert!(servers.iter().all(|server| said.contains(&server.address)), "{said}");
        assert_near_runs(folder, [&here, &shared], 1e-3);
    }
}

#[test]
fn a_run_whose_server_is_killed_goes_on_from_its_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut server = Server::start(folder, "127.0.0.1:0");
    let device = server.device();
    let long = ["--set", "train.steps=600", "--checkpoint-every", "20"];
    let args = |device: &'static str| [&["run", "first-light", "--device", device], &TINY[..], &long].concat();
    succeeded(cli(folder, &[&args("cpu")[..], &["--out", "here"]].concat()));
    let mut args = [args("remote"), vec!["--out", "there", "--json"]].concat();
    args[3] = &device;
    let mut client = command(folder, &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut events = BufReader::new(client.stdout.take().unwrap()).lines().map(Result::unwrap);
    let saved = |event: &String| event.contains("\"type\":\"checkpoint\"") && !event.contains("\"total_step\":20");
    events.by_ref().find(saved).expect("a checkpoint");
    server.kill();
    events.for_each(drop);
    let output = client.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let parts = [server.address.as_str(), "went away", "the checkpoint of step", "distillery resume there"];
    assert!(parts.iter().all(|part| said.contains(part)) && !said.contains("panicked"), "{said}");
    let refused = cli(folder, &["resume", "there"]);
    assert!(refused.status.code() == Some(2) && stderr(&refused).contains("distillery serve-device"), "{}", stderr(&refused));
    let _again = Server::start(folder, &server.address);
    succeeded(cli(folder, &["resume", "there"]));
    assert_near_runs(folder, ["here", "there"], 1e-4);
}

#[test]
fn what_is_no_server_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let taken = cli(folder, &["serve-device", "--listen", &address, "--device", "cpu"]);
    assert!(taken.status.code() == Some(2) && stderr(&taken).contains("free port"), "{}", stderr(&taken));
    let answering = std::thread::spawn(move || {
        let (mut caller, _) = other.accept().unwrap();
        std::io::Write::write_all(&mut caller, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    for args in [["self-test", "--device"], ["bench", "W1"]] {
        let device = format!("remote:{address}");
        let args = if args[0] == "bench" { vec!["bench", "W1", "--device", &device] } else { vec![args[0], args[1], &device] };
        let output = cli(folder, &args);
        let said = stderr(&output);
        assert!(output.status.code() == Some(2) && said.contains(&address) && said.contains("distillery serve-device"), "{said}");
    }
    answering.join().unwrap();
}
