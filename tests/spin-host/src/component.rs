//! The component: encoded if it is still a core module, compiled once, linked with what a host offers.

use std::path::Path;
use std::sync::Arc;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmtime::component::{Component, Linker};
use wasmtime::error::Context;
use wasmtime::{Config, Engine, Result};
use wasmtime_wasi_http::p3::bindings::ServicePre;
use wit_component::ComponentEncoder;

use crate::arguments::Arguments;
use crate::guest::{Application, Guest};
use crate::variables;

/// What follows the magic number of a component; a core module has its version there.
const COMPONENT: [u8; 4] = [0x0d, 0x00, 0x01, 0x00];

/// Makes the component ready: all that need not be done again for each request.
pub(crate) fn load(arguments: &Arguments) -> Result<Application> {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    let engine = Engine::new(&config)?;
    let component = Component::new(&engine, bytes(&arguments.component)?)?;
    let service = ServicePre::new(linker(&engine)?.instantiate_pre(&component)?)?;
    let (variables, outbound) = (Arc::new(arguments.variables.clone()), arguments.outbound.clone());
    Ok(Application { engine, service, variables, outbound })
}

fn linker(engine: &Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    // The adapter of a core module asks for WASI 0.2, the Spin SDK for 0.3.
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    variables::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// The component's bytes; Spin, too, encodes a core module by itself.
fn bytes(file: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    if bytes.get(4..8) == Some(&COMPONENT) {
        return Ok(bytes);
    }
    let adapter = (WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER);
    let encoder = ComponentEncoder::default().validate(true).module(&bytes);
    let encoded = encoder
        .and_then(|encoder| encoder.adapter(adapter.0, adapter.1))
        .and_then(|mut encoder| encoder.encode());
    encoded.map_err(|why| wasmtime::format_err!("{} cannot be made a component: {why:#}", file.display()))
}
