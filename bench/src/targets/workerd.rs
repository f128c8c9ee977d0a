//! workerd itself, which runs a Worker without the two that `wrangler dev` puts before it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Place, Process, output, tool};

/// What a Worker finds in its environment.
pub(super) struct Bound<'a> {
    pub name: &'a str,
    pub value: &'a str,
}

/// The least that a Worker on the way to a provider can do.
pub(super) fn bare(place: &Place<'_>) -> Result<Process, String> {
    let module = "bare.mjs";
    write(place, module, include_str!("bare.mjs"))?;
    let provider = format!("http://{}", place.provider);
    serve(place, &[module.to_owned()], Bound { name: "PROVIDER", value: &provider }, &[])
}

/// What Portkey's package for Node serves. Its package for Workers is its source, which no registry has.
pub(super) fn portkey(place: &Place<'_>) -> Result<Process, String> {
    const SOURCES: [(&str, &str); 4] = [
        ("bundle.mjs", include_str!("portkey/bundle.mjs")),
        ("node.mjs", include_str!("portkey/node.mjs")),
        ("process.mjs", include_str!("portkey/process.mjs")),
        ("worker.mjs", include_str!("portkey/worker.mjs")),
    ];
    SOURCES.iter().try_for_each(|(name, text)| write(place, name, text))?;
    let esbuild = tool("PLANO_NODE_MODULES")?.join("esbuild/lib/main.js");
    let module = "portkey.mjs";
    let mut bundle = Command::new(tool("PLANO_NODE")?);
    bundle.current_dir(place.folder).arg("bundle.mjs").arg(esbuild).arg(tool("BENCH_PORTKEY")?).arg(module);
    output(&mut bundle)?;
    serve(place, &[module.to_owned()], Bound { name: "ENVIRONMENT", value: "production" }, &["nodejs_compat"])
}

fn write(place: &Place<'_>, name: &str, text: &str) -> Result<(), String> {
    fs::write(place.folder.join(name), text).map_err(|why| why.to_string())
}

/// Starts a Worker of these modules, the first of which is its main one.
pub(super) fn serve(
    place: &Place<'_>,
    modules: &[String],
    bound: Bound<'_>,
    flags: &[&str],
) -> Result<Process, String> {
    let manifest = place.folder.join("workerd.capnp");
    fs::write(&manifest, configuration(place.port, modules, &bound, flags)).map_err(|why| why.to_string())?;
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

/// The date is that of `wrangler.toml`.
fn configuration(port: u16, modules: &[String], bound: &Bound<'_>, flags: &[&str]) -> String {
    let Bound { name: key, value } = bound;
    let module = |name: &String| {
        let kind = match name.rsplit_once('.') {
            Some((_, "wasm")) => "wasm",
            Some((_, "txt")) => "text",
            _ => "esModule",
        };
        format!("        (name = \"{name}\", {kind} = embed \"{name}\"),\n")
    };
    let flags = flags.iter().map(|flag| format!("{flag:?}")).collect::<Vec<_>>().join(", ");
    let modules: String = modules.iter().map(module).collect();
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [
{modules}      ],
      compatibilityDate = "2026-01-01",
      compatibilityFlags = [{flags}],
      bindings = [(name = "{key}", text = "{value}")],
      globalOutbound = "network")),
    (name = "network", network = (allow = ["public", "private", "local"]))],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "worker")]
);
"#
    )
}
