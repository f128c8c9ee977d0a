//! `cargo xtask setup`: everything the other commands need and a fresh machine lacks. Quick when it is there already.
//!
//! What was fetched is remembered by a stamp that holds the pins it was fetched for, so a changed pin fetches again.

pub(crate) mod peers;
pub(crate) mod wasm;

use std::fs;
use std::path::{Path, PathBuf};

use crate::plan::Plan;
use crate::process::{cargo, command, on_path, quietly};
use crate::{Done, tree};

const PYTHON_PINS: &str = include_str!("../tools/requirements.txt");
const NODE_PINS: &str = include_str!("../tools/package.json");
const NODE_LOCK: &str = include_str!("../tools/package-lock.json");
const AGENTS_PINS: &str = include_str!("../tools/agents/package.json");
const AGENTS_LOCK: &str = include_str!("../tools/agents/package-lock.json");
const CARGO_DENY: &str = "0.20.2";

/// What a step says when there was nothing to do.
const THERE: &str = "already there";

/// Fetches everything.
pub(crate) fn run() -> Done {
    let mut plan = Plan::default();
    plan_for_tests(&mut plan);
    plan_for_check(&mut plan);
    plan_for_counting(&mut plan);
    plan.run().map(drop)
}

/// Adds what `cargo xtask test` needs.
pub(crate) fn plan_for_tests(plan: &mut Plan) {
    plan_for_hosts(plan);
    plan.then("Claude Code and Codex, from npm", || npm("agents", AGENTS_PINS, AGENTS_LOCK));
}

/// Adds what building and running all hosts needs.
pub(crate) fn plan_for_hosts(plan: &mut Plan) {
    plan_for_guests(plan);
    plan.then("Envoy and the Python SDKs, from PyPI", python);
}

/// Adds what building guests needs.
pub(crate) fn plan_for_guests(plan: &mut Plan) {
    plan.then("Rust's wasm targets", wasm::install);
    plan.then("wrangler, workerd, wasm-opt and the Node SDKs, from npm", || {
        npm("node", NODE_PINS, NODE_LOCK)
    });
}

/// Adds what `cargo xtask check` needs.
pub(crate) fn plan_for_check(plan: &mut Plan) {
    plan.then(format!("cargo-deny {CARGO_DENY}, from crates.io"), cargo_deny);
}

/// Adds what counting instructions needs.
pub(crate) fn plan_for_counting(plan: &mut Plan) {
    plan.then("valgrind", || {
        if on_path("valgrind").is_some() {
            return Ok(THERE.to_owned());
        }
        let installed = wasm::apt_get(&["install", "-y", "valgrind"]);
        installed.map(|()| String::new()).map_err(|why| format!("install valgrind ({why})"))
    });
}

/// The folder of a cargo-deny that was installed here, or nothing where the path has one.
pub(crate) fn cargo_deny_folder() -> Option<PathBuf> {
    on_path("cargo-deny").is_none().then(|| tree::tool("bin"))
}

fn python() -> Done<String> {
    once("python", PYTHON_PINS, || {
        need("python3", "Python 3 (with venv)")?;
        let folder = tree::tool("venv");
        quietly(command("python3", ["-m", "venv", "--clear"]).arg(&folder)).or_else(|why| {
            wasm::apt_get(&["install", "-y", "python3-venv"]).map_err(|_| why)?;
            quietly(command("python3", ["-m", "venv", "--clear"]).arg(&folder))
        })?;
        let pins = tree::path("xtask/tools/requirements.txt");
        quietly(command(tree::python("pip"), ["install", "--quiet", "--requirement"]).arg(pins))
    })
}

/// Packages for Node, into a folder of that name.
fn npm(name: &str, pins: &str, lock: &str) -> Done<String> {
    once(name, &format!("{pins}{lock}"), || {
        need("npm", "Node 20 or newer (with npm)")?;
        let folder = tree::tool(name);
        fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        write(&folder.join("package.json"), pins)?;
        write(&folder.join("package-lock.json"), lock)?;
        quietly(command("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder))
    })
}

fn cargo_deny() -> Done<String> {
    if on_path("cargo-deny").is_some() {
        return Ok(THERE.to_owned());
    }
    once("cargo-deny", CARGO_DENY, || {
        // It reads one manifest and a few hundred licences: the time goes into building it, so build it plainly.
        let line = format!("install cargo-deny --version {CARGO_DENY} --locked --no-default-features");
        let plain = [("OPT_LEVEL", "0"), ("LTO", "off"), ("DEBUG", "0"), ("CODEGEN_UNITS", "16")];
        let plain = plain.map(|(key, value)| (format!("CARGO_PROFILE_RELEASE_{key}"), value));
        let target = tree::path("target/tools/cargo-deny-build");
        let installed = quietly(
            cargo(&line).arg("--root").arg(tree::tool("")).arg("--target-dir").arg(&target).envs(plain),
        );
        let _ = fs::remove_dir_all(target);
        installed
    })
}

/// Runs `work` unless it was run for the same `pins` before.
fn once(name: &str, pins: &str, work: impl FnOnce() -> Done<String>) -> Done<String> {
    let stamp = tree::tool(&format!("{name}.stamp"));
    if fs::read_to_string(&stamp).is_ok_and(|done| done == pins) {
        return Ok(THERE.to_owned());
    }
    fs::create_dir_all(tree::tool("")).map_err(|why| why.to_string())?;
    work()?;
    write(&stamp, pins)?;
    Ok(String::new())
}

fn need(program: &str, what: &str) -> Done {
    on_path(program).map(drop).ok_or_else(|| format!("{what} is missing: `{program}` is not on the path"))
}

fn write(path: &Path, text: &str) -> Done {
    fs::write(path, text).map_err(|why| format!("cannot write {}: {why}", path.display()))
}
