//! The three wasm hosts: how each is built. This is the one place that builds them, for tests and for deployment alike.

use std::fs;
use std::path::{Path, PathBuf};

use crate::plan::Plan;
use crate::process::{cargo, command, openly, quietly};
use crate::setup::{self, wasm};
use crate::{Done, callbacks, tree, worlds};

/// A host that is a wasm module.
pub(crate) struct Guest {
    /// What `cargo xtask build` calls it.
    pub(crate) host: &'static str,
    /// Its crate's folder.
    folder: &'static str,
    target: &'static str,
    /// The profile of the workspace's manifest that it is built with.
    profile: &'static str,
    /// Where the module lies once it is finished.
    module: &'static str,
    /// Whether the configuration is put into what is deployed; otherwise the host hands it over.
    configured: bool,
    /// Makes the finished module of what cargo built.
    finish: fn(built: &Path, module: &Path) -> Done,
}

pub(crate) const GUESTS: [Guest; 3] = [
    Guest {
        host: "envoy",
        folder: "envoy-filters",
        target: "wasm32-wasip1",
        profile: "filter",
        module: "target/guests/envoy.wasm",
        configured: false,
        finish: quicken,
    },
    Guest {
        host: "worker",
        folder: "edge/worker",
        target: "wasm32-unknown-unknown",
        profile: "worker",
        module: "edge/worker/build/index_bg.wasm",
        configured: true,
        finish: bind,
    },
    Guest {
        host: "spin",
        folder: "edge/spin",
        target: "wasm32-wasip1",
        profile: "guest",
        module: "target/guests/spin.wasm",
        configured: true,
        finish: shrink,
    },
];

/// Guests are built apart from the native crates: the environment may name another compiler, and neither should throw
/// away what the other built.
const TARGET_FOLDER: &str = "target/guests";

/// Where a configuration is looked for in the repository's root where `PLANO_CONFIG` names none.
const CONFIGURATION: &str = "plano_config.yaml";

/// `cargo xtask build [HOST]`.
pub(crate) fn run(host: Option<&str>) -> Done {
    let wanted = |name: &str| host.is_none_or(|host| host == name);
    if !wanted("native") && !GUESTS.iter().any(|guest| wanted(guest.host)) {
        return Err("the hosts are native, envoy, worker and spin".to_owned());
    }
    let mut plan = Plan::default();
    if host != Some("native") {
        setup::plan_for_guests(&mut plan);
    }
    for guest in GUESTS.iter().filter(|guest| wanted(guest.host)) {
        plan.then(guest.step(), || guest.build());
        if guest.configured {
            plan.then(format!("the configuration of the {} guest", guest.host), || guest.configure());
        }
    }
    if wanted("native") {
        plan.then_show("planoai, the native host", || {
            openly(&mut cargo("build --release")).map(|()| String::new())
        });
    }
    plan.run().map(drop)
}

impl Guest {
    /// The step's name in a plan.
    pub(crate) fn step(&self) -> String {
        format!("the {} guest", self.host)
    }

    /// Builds the module and says how large it became.
    pub(crate) fn build(&self) -> Done<String> {
        (self.finish)(&self.compile()?, &self.module())?;
        self.size()
    }

    /// Puts the configuration in: the file that `PLANO_CONFIG` names, else [`CONFIGURATION`], else `demo/echo` alone.
    fn configure(&self) -> Done<String> {
        quietly(&mut cargo("build --quiet --package planoai"))?;
        let mut build = command(tree::built("planoai"), ["build", self.host]);
        let Some(file) = configuration()? else {
            // Whoever has keys in the environment should not find their providers in what they deploy.
            return quietly(build.env_clear()).map(|_| "demo/echo alone".to_owned());
        };
        quietly(build.arg(&file)).map(|_| file.display().to_string())
    }

    /// The module as it is deployed.
    pub(crate) fn module(&self) -> PathBuf {
        tree::path(self.module)
    }

    /// The module's size for people.
    pub(crate) fn size(&self) -> Done<String> {
        let [raw, gzip] = self.bytes()?;
        Ok(format!("{} KB, {} KB gzip", raw.div_ceil(1000), gzip.div_ceil(1000)))
    }

    /// The module's size in bytes as it is, and as a network or a store compresses it.
    pub(crate) fn bytes(&self) -> Done<[u64; 2]> {
        let module = self.module();
        let raw = fs::metadata(&module).map_err(|why| format!("{}: {why}", module.display()))?.len();
        let gzip =
            command("gzip", ["-9", "--stdout"]).arg(&module).output().map_err(|why| why.to_string())?;
        Ok([raw, gzip.stdout.len() as u64])
    }

    fn compile(&self) -> Done<PathBuf> {
        let Guest { profile, target, .. } = self;
        let line = format!("build --profile {profile} --target {target} --target-dir {TARGET_FOLDER}");
        let manifest = tree::path(self.folder).join("Cargo.toml");
        let messages = quietly(
            cargo(&line)
                .arg("--manifest-path")
                .arg(manifest)
                .arg("--message-format=json-render-diagnostics")
                .envs(wasm::guest_environment()?),
        )?;
        let built = messages.lines().rev().find_map(module_of);
        built.ok_or_else(|| format!("{} builds no wasm module: its crate-type should be cdylib", self.folder))
    }
}

/// The configuration to build with; one that is named is taken, there or not, so that a wrong name is told.
fn configuration() -> Done<Option<PathBuf>> {
    let Some(named) = std::env::var_os("PLANO_CONFIG") else {
        return Ok(Some(tree::path(CONFIGURATION)).filter(|path| path.is_file()));
    };
    std::path::absolute(named).map(Some).map_err(|why| format!("PLANO_CONFIG: {why}"))
}

/// The wasm file that a line of cargo's messages reports.
fn module_of(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let files = message.get("filenames")?.as_array()?.iter();
    files.filter_map(|file| file.as_str()).find(|file| file.ends_with(".wasm")).map(PathBuf::from)
}

/// Writes the smaller equal of `built`, the Spin component: long numbers that are used often are written once, and the
/// functions that are called most have the shortest numbers.
fn shrink(built: &Path, module: &Path) -> Done {
    optimise(&["-Oz", "--const-hoisting", "--reorder-functions"], built, module)?;
    worlds::prune(module)
}

/// Writes the faster equal of `built`, the filter.
fn quicken(built: &Path, module: &Path) -> Done {
    callbacks::prune(built, module)?;
    optimise(&["-O3"], module, module)
}

/// Writes the equal of `built` that is better by these passes. Names and producers go: nothing reads them where the module runs.
/// The first kilobyte of memory is the stack's farthest end, so no pointer is there and offsets can be folded.
fn optimise(passes: &[&str], built: &Path, module: &Path) -> Done {
    let line = ["--low-memory-unused", "--strip-debug", "--strip-producers", "--output"];
    quietly(command(tree::node("wasm-opt"), passes).args(line).arg(module).arg(built)).map(drop)
}

/// Writes the Worker's two halves: the JavaScript that calls the wasm, and the wasm that calls the JavaScript.
fn bind(built: &Path, module: &Path) -> Done {
    let folder = module.parent().unwrap_or(module);
    quietly(cargo("run --quiet --package bindgen --").arg(built).arg(folder))?;
    optimise(&["-O3"], module, module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_read_from_the_messages() {
        let message = r#"{"reason":"compiler-artifact","filenames":["/t/libx.rlib","/t/x.wasm"]}"#;
        assert_eq!(module_of(message), Some(PathBuf::from("/t/x.wasm")));
        assert_eq!(module_of(r#"{"reason":"build-finished"}"#), None);
    }
}
