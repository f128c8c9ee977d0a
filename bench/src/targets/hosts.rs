//! The gateway's four hosts, with one configuration.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::workerd::{self, Bound};
use super::{Place, Process, free_port, output, tool};

/// The key that the configuration names.
const KEY: (&str, &str) = ("BENCH_KEY", "sk-of-the-bench");

pub(super) fn native(place: &Place<'_>) -> Result<Process, String> {
    up(place, "info")
}

pub(super) fn native_quiet(place: &Place<'_>) -> Result<Process, String> {
    up(place, "warn")
}

fn up(place: &Place<'_>, log: &str) -> Result<Process, String> {
    let mut command = planoai(["up", "--foreground"])?;
    command.arg(configuration(&Place { backend: None, ..*place })?).env("RUST_LOG", log);
    command.env("BIND_ADDRESS", format!("127.0.0.1:{}", free_port()));
    Process::start(command.current_dir(place.folder), place.folder)
}

/// The backend that the guests report to: a brightstaff that logs nothing.
pub fn brightstaff(folder: &Path, address: SocketAddr, provider: SocketAddr) -> Result<Process, String> {
    let place = Place { folder, port: free_port(), provider, backend: None, cores: 1 };
    let mut command = planoai(["up", "--foreground"])?;
    command.arg(configuration(&place)?).env("RUST_LOG", "off").env("BIND_ADDRESS", address.to_string());
    Process::start(&mut command, folder)
}

pub(super) fn envoy_quiet(place: &Place<'_>) -> Result<Process, String> {
    envoy(&Place { backend: None, ..*place })
}

pub(super) fn worker_quiet(place: &Place<'_>) -> Result<Process, String> {
    worker(&Place { backend: None, ..*place })
}

pub(super) fn spin_quiet(place: &Place<'_>) -> Result<Process, String> {
    spin(&Place { backend: None, ..*place })
}

pub(super) fn envoy(place: &Place<'_>) -> Result<Process, String> {
    let envoy = tool("PLANO_ENVOY")?;
    let mut render = planoai(["render", "envoy"])?;
    render.arg(configuration(place)?).arg("--filter").arg(tool("PLANO_FILTER_WASM")?);
    let bootstrap = place.folder.join("envoy.yaml");
    fs::write(&bootstrap, output(&mut render)?).map_err(|why| why.to_string())?;
    let mut command = Command::new(envoy);
    command.arg("-c").arg(bootstrap).args(super::peers::envoy_options(place)).env(KEY.0, KEY.1);
    Process::start(command.current_dir(place.folder), place.folder)
}

pub(super) fn spin(place: &Place<'_>) -> Result<Process, String> {
    let component = place.folder.join("gateway.wasm");
    let mut build = planoai(["build", "spin"])?;
    build.arg(configuration(place)?).arg("--output").arg(&component);
    output(build.arg("--module").arg(tool("PLANO_SPIN_WASM")?))?;
    let mut command = Command::new(tool("PLANO_SPIN_HOST")?);
    command.arg("--component").arg(component).args(["--listen", &format!("127.0.0.1:{}", place.port)]);
    command.args(["--variable", &format!("{}={}", KEY.0.to_lowercase(), KEY.1)]);
    for address in place.backend.into_iter().chain([place.provider]) {
        command.args(["--allow-outbound", &format!("http://{address}")]);
    }
    Process::start(command.current_dir(place.folder), place.folder)
}

/// workerd itself: `wrangler dev` puts two more Workers before the one that is measured.
pub(super) fn worker(place: &Place<'_>) -> Result<Process, String> {
    let worker = tool("PLANO_WORKER_DIR")?;
    let mut modules = ["shim.mjs", "platform.mjs"].map(str::to_owned).to_vec();
    for module in &modules {
        copy(&worker.join("..").join(module), &place.folder.join(module))?;
    }
    copy_all(&worker, &place.folder.join("build"), "build", &mut modules)?;
    let mut compile = planoai(["build", "worker"])?;
    output(compile.arg(configuration(place)?).arg("--output").arg(place.folder.join("build/gateway.txt")))?;
    modules.push("build/gateway.txt".to_owned());
    workerd::serve(place, &modules, Bound { name: KEY.0, value: KEY.1 }, &["enable_request_signal"])
}

/// Copies a folder; its modules, by their names in the Worker, are added to `modules`.
fn copy_all(from: &Path, to: &Path, name: &str, modules: &mut Vec<String>) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|why| why.to_string())?;
    for entry in fs::read_dir(from).map_err(|why| why.to_string())?.flatten() {
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_all(&from, &to, &name, modules)?;
            continue;
        }
        copy(&from, &to)?;
        if name != "build/index.js" && (name.ends_with(".js") || name.ends_with(".wasm")) {
            modules.push(name);
        }
    }
    Ok(())
}

/// One provider of each family, all of them the mock.
fn configuration(place: &Place<'_>) -> Result<PathBuf, String> {
    let file = place.folder.join("gateway.yaml");
    let (port, provider, key) = (place.port, place.provider, KEY.0);
    let text = format!(
        "version: v0.4.0
listeners:
  - name: models
    type: model
    address: 127.0.0.1
    port: {port}
model_providers:
  - model: completions/*
    base_url: http://{provider}/v1
    provider_interface: openai
    apis: [completions]
    access_key: ${key}
  - model: messages/*
    base_url: http://{provider}/v1
    provider_interface: anthropic
    access_key: ${key}
{}",
        place.backend.map(|backend| format!("backend:\n  url: http://{backend}\n")).unwrap_or_default()
    );
    fs::write(&file, text).map_err(|why| why.to_string())?;
    Ok(file)
}

fn planoai<const N: usize>(arguments: [&str; N]) -> Result<Command, String> {
    let mut command = Command::new(tool("PLANO_PLANOAI")?);
    command.args(arguments).env(KEY.0, KEY.1);
    Ok(command)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|why| format!("{}: {why}", from.display()))
}
