//! Where things are: the repository's folders, and what setting up puts under `target/tools`.

use std::path::{Path, PathBuf};

/// A path from the repository's root.
pub(crate) fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

/// The repository's root: the folder above this crate's.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository's root")
}

/// A program of this repository as `cargo build` leaves it.
pub(crate) fn built(program: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root().join(target).join("debug").join(program)
}

/// A path among the fetched tools.
pub(crate) fn tool(relative: &str) -> PathBuf {
    path("target/tools").join(relative)
}

/// A program of the tests' Python environment.
pub(crate) fn python(program: &str) -> PathBuf {
    tool("venv/bin").join(program)
}

/// The tests' Node packages.
pub(crate) fn node_modules() -> PathBuf {
    tool("node/node_modules")
}

/// A program that a Node package brought.
pub(crate) fn node(program: &str) -> PathBuf {
    node_modules().join(".bin").join(program)
}
