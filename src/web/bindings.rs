//! The engine under JavaScript's eyes.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::engine::{self, error_event};
use super::protocol::{Command, EngineEvent, Reply};
use crate::device::{DeviceError, Place, open_webgpu};
use crate::train::RunError;

/// Training engine; one per Worker.
#[wasm_bindgen]
pub struct Engine {
    inner: engine::Engine,
}

fn to_js<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsValue> {
    // Plain objects, as JSON would give; bytes as Uint8Array.
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible().serialize_bytes_as_arrays(false)).map_err(JsValue::from)
}

/// Opens a backend by its name in the page.
pub(super) async fn open(backend: &str) -> Result<Place, JsValue> {
    let opened = match backend {
        "webgpu" => open_webgpu().await,
        "cpu" => Ok(Place::cpu()),
        _ => Err(DeviceError::NotBuilt { backend: "such", instead: "`webgpu` or `cpu`" }),
    };
    opened.map_err(|error| to_js(&error_event(&RunError::Device(error))).unwrap_or_else(|error| error))
}

unsafe extern "C" {
    /// Runs the static constructors of the module, by which cubecl registers its operations (crate `inventory`).
    ///
    /// wasm-ld runs them again at every call from JavaScript unless the module calls this itself once: a value that crosses the border is
    /// such a call, and the constructors then take most of the time of a large reply.
    fn __wasm_call_ctors();
}

#[wasm_bindgen(start)]
fn start() {
    // SAFETY: the linker defines it, and this is the first code that runs in the module.
    unsafe { __wasm_call_ctors() };
    console_error_panic_hook::set_once();
}

#[wasm_bindgen]
impl Engine {
    /// Opens `"webgpu"` or `"cpu"`. Rejects with an error event.
    pub async fn create(backend: &str) -> Result<Engine, JsValue> {
        Ok(Engine { inner: engine::Engine::new(open(backend).await?) })
    }

    /// The `ready` event: backend and adapter.
    pub fn ready(&self) -> Result<JsValue, JsValue> {
        to_js(&self.inner.ready())
    }

    /// Carries out one command and resolves to its replies. Commands must be sent one after another.
    pub async fn send(&mut self, command: JsValue) -> Result<JsValue, JsValue> {
        let replies = match serde_wasm_bindgen::from_value::<Command>(command) {
            Ok(command) => self.inner.send(command).await,
            Err(error) => vec![Reply::Engine(EngineEvent::Error {
                code: "bad_command".into(),
                message: error.to_string(),
                key: None,
                value: None,
                allowed: None,
                fatal: false,
            })],
        };
        to_js(&replies)
    }
}
