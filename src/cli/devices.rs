//! `devices`, `self-test` and `serve-device`.

use std::net::TcpListener;

use pollster::block_on;
use serde_json::json;

use super::error::Error;
use super::output;
use super::table::Table;
use crate::device::{self, Choice, Place};

pub fn list(json: bool) -> Result<(), Error> {
    let adapters = device::list();
    let auto = adapters.iter().any(|adapter| adapter.kind != "software");
    let chosen = if auto { adapters.first().map_or("cpu", |adapter| adapter.backend) } else { "cpu" };
    if json {
        let gpus = adapters.iter().map(|adapter| json!({ "backend": adapter.backend, "name": adapter.name, "kind": adapter.kind }));
        let all: Vec<_> = gpus.chain([json!({ "backend": "cpu", "name": Place::cpu().adapter(), "kind": "cpu" })]).collect();
        return output::line(&json!({ "type": "devices", "devices": all, "auto": chosen }).to_string());
    }
    let mut table = Table::new(["--device", "kind", "name"]).left();
    for adapter in &adapters {
        table.row([adapter.backend, adapter.kind, &adapter.name]);
    }
    table.row(["cpu", "CPU", Place::cpu().adapter()]);
    output::line(&table.to_string())?;
    let why = if auto { "" } else { ": no hardware GPU was found, and a software one is slower than the CPU backend" };
    output::line(&format!("--device auto takes {chosen}{why}"))
}

/// Serves a device until Ctrl-C.
pub fn serve(listen: &str, choice: Choice) -> Result<(), Error> {
    let place = device::open(choice)?;
    if let Some(note) = place.note() {
        eprintln!("note: {note}");
    }
    let wrong = |error: std::io::Error| {
        Error::input(format!("--listen {listen}: {error}; it must be an address of this machine and a free port, such as 127.0.0.1:3000"))
    };
    let listener = TcpListener::bind(listen).map_err(wrong)?;
    let address = listener.local_addr().map_err(wrong)?;
    output::line(&format!("{} ({}) is served; elsewhere: --device remote:{address}", place.backend(), place.adapter()))?;
    Ok(device::serve(&place, listener)?)
}

pub fn self_test(choice: Choice, json: bool) -> Result<(), Error> {
    let place = device::open(choice)?;
    if let Some(note) = place.note() {
        eprintln!("note: {note}");
    }
    let test = block_on(device::self_test(&place))?;
    if json {
        let (backend, adapter) = (place.backend(), place.adapter());
        output::line(
            &json!({
                "type": "self_tested", "backend": backend, "adapter": adapter, "worst": test.worst, "limit": test.limit,
                "passed": test.passed, "milliseconds": test.milliseconds,
            })
            .to_string(),
        )?;
    } else if test.passed {
        output::line(&format!(
            "{} ({}): passed; worst difference from the CPU backend {:.1e}, limit {:.1e}, {:.0} ms",
            place.backend(),
            place.adapter(),
            test.worst,
            test.limit,
            test.milliseconds
        ))?;
    }
    if test.passed {
        return Ok(());
    }
    Err(Error::SelfTest { device: format!("{} ({})", place.backend(), place.adapter()), worst: test.worst, limit: test.limit })
}
