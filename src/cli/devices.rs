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
    let best = adapters.iter().find(|adapter| adapter.is_hardware());
    let chosen = best.map_or("cpu", |adapter| adapter.backend);
    if json {
        let gpus = adapters
            .iter()
            .map(|adapter| json!({ "backend": adapter.backend, "name": adapter.name, "kind": adapter.kind, "wgsl": adapter.wgsl }));
        let all: Vec<_> = gpus.chain([json!({ "backend": "cpu", "name": Place::cpu().adapter(), "kind": "cpu" })]).collect();
        return output::line(&json!({ "type": "devices", "devices": all, "auto": chosen }).to_string());
    }
    let mut table = Table::new(["--device", "kind", "name"]).left();
    for adapter in &adapters {
        let through = if adapter.wgsl { ", through WGSL" } else { "" };
        table.row([adapter.backend, adapter.kind, &format!("{}{through}", adapter.name)]);
    }
    table.row(["cpu", "CPU", Place::cpu().adapter()]);
    output::line(&table.to_string())?;
    let why = if best.is_some() { "" } else { ": no hardware GPU was found, and a software one is slower than the CPU backend" };
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
    device::remote_built()?;
    let address = listener.local_addr().map_err(wrong)?;
    let whose = match address.ip() {
        ip if ip.is_loopback() => "on this machine, or through a tunnel to it",
        ip if ip.is_unspecified() => "with this machine's name in place of the address",
        _ => "elsewhere",
    };
    output::line(&format!("{} ({}) is served; {whose}: --device remote:{address}", place.backend(), place.adapter()))?;
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
