//! `fetch`: data sets from their public sources, with their size and licence said before, their sha256 checked after.

mod make;
mod sets;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use ureq::tls::{RootCerts, TlsConfig};

pub use self::sets::Set;
use self::sets::{Part, SETS};
use super::error::Error;
use super::files::write_whole;
use super::suggest;
use super::table::{Table, bytes};
use super::{args::FetchArgs, output};

/// Waiting longer than this for a connection, or for an answer to begin, is in vain.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes a second below which a download is given up.
const SLOWEST: usize = 16 << 10;

/// `distillery fetch [NAME]`.
pub fn fetch(args: &FetchArgs) -> Result<(), Error> {
    let Some(name) = &args.name else { return list() };
    let set = SETS.iter().find(|set| set.name == name).ok_or_else(|| unknown(name))?;
    let folder = args.output.join(set.name);
    let before = there(set, &folder);
    let how = if before.is_some() { "Was there already" } else { "Fetched" };
    let path = before.map_or_else(|| bring(set, &folder, args.from.as_deref()), Ok)?;
    let uses: Vec<String> = set.usage.iter().map(|usage| format!("distillery {usage} {}", output::quoted(&path))).collect();
    output::line(&format!("{how}: {}\nUse it: {}", path.display(), uses.join("\n    or: ")))
}

/// The set that a path is of, if it was fetched.
pub fn set_of(path: &Path) -> Option<&'static Set> {
    let folder = if path.is_dir() { path } else { path.parent()? };
    let set = SETS.iter().find(|set| folder.file_name().is_some_and(|name| name == set.name))?;
    there(set, folder).map(|_| set)
}

/// Gets a set into a folder; what `--data` is to name.
fn bring(set: &Set, folder: &Path, from: Option<&str>) -> Result<PathBuf, Error> {
    let size = set.parts.iter().map(|part| part.bytes).sum();
    eprintln!("{}: {}\n  size: {}\n  licence: {}", set.name, set.help, bytes(size), set.licence);
    let parts = set.parts.iter().map(|part| get(set, part, from)).collect::<Result<Vec<_>, _>>()?;
    let files = (set.make)(&parts).map_err(|problem| Error::input(format!("{}: {problem}", set.name)))?;
    fs::create_dir_all(folder).map_err(Error::write(folder))?;
    for (name, content) in &files {
        write_whole(&folder.join(name), content)?;
    }
    // With its last file the set is whole.
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    write_whole(&folder.join(DONE), names.join("\n").as_bytes())?;
    Ok(there(set, folder).unwrap_or_else(|| folder.to_owned()))
}

/// Names the files of a set that is whole.
const DONE: &str = ".fetched";

/// What `--data` is to name, where a set was fetched before: its first file, or the folder of IDX files.
fn there(set: &Set, folder: &Path) -> Option<PathBuf> {
    let names = fs::read_to_string(folder.join(DONE)).ok()?;
    let mut names = names.lines();
    names.clone().all(|name| folder.join(name).is_file()).then_some(())?;
    let first = names.next()?;
    Some(if set.parts[0].url.ends_with(".gz") { folder.into() } else { folder.join(first) })
}

fn list() -> Result<(), Error> {
    let mut table = Table::new(["data set", "download", "", "licence"]).left();
    for set in SETS {
        let size = set.parts.iter().map(|part| part.bytes).sum();
        table.row([set.name.to_owned(), bytes(size), set.help.into(), set.licence.into()]);
    }
    output::line(&format!("{table}\n\nGet one: distillery fetch {}", SETS[0].name))
}

fn unknown(name: &str) -> Error {
    let near = suggest::nearest(name, SETS.iter().map(|set| set.name)).map(|near| format!(" Did you mean `{near}`?")).unwrap_or_default();
    Error::input(format!("there is no data set `{name}`.{near} `distillery fetch` lists them"))
}

/// A file of the source, unpacked if it is a .gz, once its checksum is right.
fn get(set: &Set, part: &Part, from: Option<&str>) -> Result<Vec<u8>, Error> {
    let name = part.file_name();
    let place = match from {
        Some(from) => format!("{}/{name}", from.trim_end_matches('/')),
        None => part.url.to_owned(),
    };
    let content = if place.starts_with("http://") || place.starts_with("https://") {
        eprintln!("  {place}");
        let patience = PATIENCE + Duration::from_secs((part.bytes / SLOWEST) as u64);
        download(&place, part.bytes, from.is_none(), patience).map_err(|problem| unreachable(set, part, &place, &problem))?
    } else {
        let path = Path::new(&place);
        fs::read(path).map_err(Error::read(path))?
    };
    let wrong = |problem: &str| {
        Error::input(format!(
            "{place}: {problem}; it is not the file that was checked (from {}): get it again, and if that does not help, do not use it",
            part.url
        ))
    };
    let content = if name.ends_with(".gz") {
        let mut plain = Vec::new();
        GzDecoder::new(content.as_slice()).read_to_end(&mut plain).map_err(|error| wrong(&format!("damaged or cut off ({error})")))?;
        plain
    } else {
        content
    };
    let found: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    if found == part.sha256 { Ok(content) } else { Err(wrong(&format!("its sha256 is {found}, not {}", part.sha256))) }
}

/// The content of an address, which has to be here within `patience`, through the proxy that the environment names; a mirror of one's own is
/// near. Whom this machine trusts is trusted.
fn download(url: &str, size: usize, by_proxy: bool, patience: Duration) -> Result<Vec<u8>, String> {
    let mut config = ureq::Agent::config_builder()
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_recv_body(Some(patience))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build());
    if !by_proxy {
        config = config.proxy(None);
    }
    let response = ureq::Agent::new_with_config(config.build()).get(url).call().map_err(|error| error.to_string())?;
    let mut content = Vec::with_capacity(size);
    // A byte too many is enough to know that it is another file.
    let mut body = response.into_body().into_reader().take(size as u64 + 1);
    body.read_to_end(&mut content).map_err(|error| format!("the connection broke after {} bytes ({error})", content.len()))?;
    Ok(content)
}

fn unreachable(set: &Set, part: &Part, place: &str, problem: &str) -> Error {
    let names: Vec<&str> = set.parts.iter().map(Part::file_name).collect();
    let how = match part.url.strip_prefix("https://registry.npmjs.org/") {
        Some(path) => {
            let package = path.split("/-/").next().unwrap_or(path);
            let version = part.file_name().trim_end_matches(".tgz").rsplit('-').next().unwrap_or_default();
            format!(" (or `npm pack {package}@{version}`, whose file is then to be named {})", part.file_name())
        }
        None => String::new(),
    };
    Error::Unreachable(format!(
        "cannot get {place}: {problem}\nA machine behind a proxy needs HTTPS_PROXY. Or get {} by other means{how}, put {} into a folder, and hand that in: distillery fetch {} --from FOLDER",
        part.url,
        names.join(", "),
        set.name
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A set of one file, `abc`, whose checksum is the example of FIPS 180-4.
    const SMALL: Set = Set {
        name: "small",
        help: "three letters",
        licence: "none",
        parts: &[Part {
            url: "https://registry.npmjs.org/@who/small/-/small-1.0.0.tgz",
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            bytes: 3,
        }],
        make: |parts| Ok(vec![("small.txt".into(), parts[0].clone())]),
        usage: &["run --data"],
        hub: None,
    };

    /// A server that answers one request on this machine, and its address.
    fn serve(status: &'static str, content: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            assert!(request.starts_with(b"GET /small-1.0.0.tgz "), "{}", String::from_utf8_lossy(&request));
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(content.as_bytes())).unwrap();
        });
        address
    }

    #[test]
    fn a_set_is_fetched_once_and_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("small");
        assert!(there(&SMALL, &folder).is_none());
        let path = bring(&SMALL, &folder, Some(&serve("200 OK", "abc"))).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abc");
        assert_eq!(there(&SMALL, &folder), Some(path.clone()));
        fs::remove_file(path).unwrap();
        assert!(there(&SMALL, &folder).is_none(), "what lacks a file is not there");
    }

    #[test]
    fn files_of_a_folder_do_as_well() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small-1.0.0.tgz"), "abc").unwrap();
        let from = folder.path().to_str().unwrap();
        bring(&SMALL, &folder.path().join("small"), Some(from)).unwrap();
    }

    #[test]
    fn what_cannot_be_had_or_is_another_file_is_said_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("small");
        let refused = |from: &str, parts: &[&str]| {
            let error = bring(&SMALL, &folder, Some(from)).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
            assert!(!folder.exists());
        };
        refused(&serve("200 OK", "abd"), &["sha256", "ba7816bf", "get it again"]);
        refused(&serve("200 OK", "abcd"), &["sha256"]);
        refused(&serve("404 Not Found", "abc"), &["404", "npm pack @who/small@1.0.0", "fetch small --from FOLDER", "HTTPS_PROXY"]);
        // A port that nobody listens to any more.
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        refused(&format!("http://{closed}"), &["cannot get", "--from FOLDER"]);
        refused("nowhere", &["nowhere/small-1.0.0.tgz"]);
    }

    /// A server that sends a part and then nothing.
    #[test]
    fn a_download_that_stalls_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na").unwrap();
            // Until the client hangs up.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let problem = download(&url, 3, false, Duration::from_millis(300)).unwrap_err();
        assert!(problem.contains("the connection broke after 1 bytes") && problem.contains("timeout"), "{problem}");
        server.join().unwrap();
    }

    #[test]
    fn every_set_has_a_source_and_a_checksum_of_its_own() {
        for set in SETS {
            assert!(!set.parts.is_empty() && !set.licence.is_empty() && !set.usage.is_empty(), "{}", set.name);
            for part in set.parts {
                assert!(part.url.starts_with("https://"), "{}", part.url);
                assert!(part.sha256.len() == 64 && part.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", part.url);
            }
        }
    }
}
