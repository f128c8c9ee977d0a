//! The gateway's four hosts, with one configuration.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Place, Process, free_port};

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
    serve(place, &modules, KEY)
}

/// The least that a Worker on the way to a provider can do.
pub(super) fn bare_worker(place: &Place<'_>) -> Result<Process, String> {
    let module = "bare.mjs";
    fs::write(place.folder.join(module), include_str!("bare.mjs")).map_err(|why| why.to_string())?;
    serve(place, &[module.to_owned()], ("PROVIDER", &format!("http://{}", place.provider)))
}

/// Starts workerd with a Worker of these modules, the first of which is its main one.
fn serve(place: &Place<'_>, modules: &[String], binding: (&str, &str)) -> Result<Process, String> {
    let manifest = place.folder.join("workerd.capnp");
    fs::write(&manifest, workerd_configuration(place.port, modules, binding))
        .map_err(|why| why.to_string())?;
    let mut command = Command::new(workerd(&tool("PLANO_NODE_MODULES")?)?);
    command.arg("serve").arg(manifest).current_dir(place.folder);
    Process::start(&mut command, place.folder)
}

/// The program of this machine's kind that the package `workerd` brought.
fn workerd(node_modules: &Path) -> Result<PathBuf, String> {
    let folders = fs::read_dir(node_modules.join("@cloudflare")).map_err(|why| why.to_string())?.flatten();
    let programs = folders.map(|folder| folder.path().join("bin/workerd"));
    programs.into_iter().find(|program| program.is_file()).ok_or("there is no workerd".to_owned())
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

/// The date and the flags are those of `wrangler.toml`.
fn workerd_configuration(port: u16, modules: &[String], (key, value): (&str, &str)) -> String {
    let module = |name: &String| {
        let kind = match name.rsplit_once('.') {
            Some((_, "wasm")) => "wasm",
            Some((_, "txt")) => "text",
            _ => "esModule",
        };
        format!("        (name = \"{name}\", {kind} = embed \"{name}\"),\n")
    };
    let modules: String = modules.iter().map(module).collect();
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [
{modules}      ],
      compatibilityDate = "2026-01-01",
      compatibilityFlags = ["enable_request_signal"],
      bindings = [(name = "{key}", text = "{value}")],
      globalOutbound = "network")),
    (name = "network", network = (allow = ["public", "private", "local"]))],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "worker")]
);
"#
    )
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

fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let output = command.output().map_err(|why| why.to_string())?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|why| format!("{}: {why}", from.display()))
}

/// A program or file that `cargo xtask bench` names in the environment.
pub(super) fn tool(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set"))?;
    if path.exists() { Ok(path) } else { Err(format!("{name} is {}, which is not there", path.display())) }
}
