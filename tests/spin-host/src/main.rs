//! A small Spin-compatible host, for machines without a `spin`: the tests play the corpus against the component with it.
//!
//! It is `spin up` as far as the gateway can tell: one instance a request, variables, `allowed_outbound_hosts`, bodies
//! streamed both ways. It serves plain HTTP/1.1, has no triggers but that one, and no key-value store, database or TLS of
//! its own.
//!
//! ```text
//! spin-host --component gateway.wasm --listen 127.0.0.1:3000 \
//!     --variable openai_api_key=sk-… --allow-outbound https://api.openai.com
//! ```

mod arguments;
mod component;
mod guest;
mod outbound;
mod server;
mod variables;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> wasmtime::Result<()> {
    let arguments = arguments::read(std::env::args().skip(1)).map_err(wasmtime::Error::msg)?;
    let application = component::load(&arguments)?;
    server::run(application, arguments.listen).await
}
