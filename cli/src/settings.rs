//! What the environment says about the process: `BIND_ADDRESS`, `PLANO_BACKEND_TOKEN`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use brightstaff::Settings;

use crate::failure::Failure;

/// The settings of this process.
pub(crate) fn read(drain: Duration) -> Result<Settings, Failure> {
    let mut settings = Settings { drain, token: variable("PLANO_BACKEND_TOKEN"), ..Settings::default() };
    if let Some(address) = variable("BIND_ADDRESS") {
        settings.backend = resolve(&address)?;
    }
    Ok(settings)
}

/// What is to be logged: `RUST_LOG`, which may be there for others too, else Plano's `LOG_LEVEL`, which must make sense.
pub(crate) fn log_filter() -> Result<Option<String>, Failure> {
    if let Some(filter) = variable("RUST_LOG") {
        return Ok(Some(filter));
    }
    match variable("LOG_LEVEL") {
        Some(level) if !brightstaff::log::is_filter(&level) => Err(Failure::configuration(format!(
            "LOG_LEVEL is `{level}`; it must be like `off`, `error`, `warn`, `info`, `debug`, `trace` or `warn,report=info`"
        ))),
        level => Ok(level),
    }
}

fn resolve(address: &str) -> Result<SocketAddr, Failure> {
    let found = address.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.ok_or_else(|| {
        Failure::configuration(format!("BIND_ADDRESS is `{address}`; it must be like `127.0.0.1:9091`"))
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
