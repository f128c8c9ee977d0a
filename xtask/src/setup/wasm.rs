//! Rust's two wasm targets: from rustup where it may fetch, else from a Debian-like distribution's own compiler.
//!
//! Both ways run the same `cargo build --target …`; they differ only in the environment that [`guest_environment`] gives.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Done;
use crate::process::{command, folders_on_path, on_path, quietly};

use super::THERE;

const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32-wasip1"];

/// What every host's runtime has beyond the targets' least: scanning looks at 16 bytes at once.
/// <https://webassembly.org/features/>
const FEATURES: &str = "+simd128";

/// The Worker's JavaScript sets the stack back behind a defect, which no code of wasm does.
const OWN: &str = "-Clink-arg=--export=__stack_pointer";

/// Where a distribution puts its compiler, its C library for WASI, and the source of the standard library.
const DISTRIBUTION_RUSTC: &str = "/usr/bin/rustc";
const DISTRIBUTION_WASI: &str = "/usr/lib/wasm32-wasi";
const STANDARD_SOURCE: &str = "lib/rustlib/src/rust/library";

/// Sees to it that guests can be built.
pub(crate) fn install() -> Done<String> {
    if guest_environment().is_ok() {
        return Ok(THERE.to_owned());
    }
    if may_fetch_by_rustup() && quietly(command("rustup", ["target", "add"]).args(TARGETS)).is_ok() {
        return Ok("from rustup".to_owned());
    }
    install_distribution().map_err(|why| {
        format!("Rust's wasm targets are missing: run `rustup target add {}` ({why})", TARGETS.join(" "))
    })?;
    guest_environment().map(|_| "from the distribution".to_owned())
}

/// The environment in which cargo builds guests: little where the toolchain has the targets itself.
pub(crate) fn guest_environment() -> Done<Vec<(String, String)>> {
    if TARGETS.iter().all(|target| toolchain_has(target)) {
        let places = own_places(None);
        return Ok([flags(TARGETS[0], &format!("{OWN} {places}")), flags(TARGETS[1], &places)].to_vec());
    }
    let sysroot = quietly(&mut command(DISTRIBUTION_RUSTC, ["--print", "sysroot"]))?;
    let complete = Path::new(sysroot.trim()).join(STANDARD_SOURCE).join("Cargo.lock").is_file()
        && Path::new(DISTRIBUTION_WASI).is_dir();
    let linker = linker().filter(|_| complete).ok_or("the distribution's wasm toolchain is not installed")?;
    let linker = linker.to_string_lossy();
    let places = own_places(Some(&Path::new(sysroot.trim()).join(STANDARD_SOURCE)));
    let own_library = format!("-Clink-self-contained=no -L{DISTRIBUTION_WASI} {places}");
    Ok([
        ("RUSTC", DISTRIBUTION_RUSTC),
        // The distribution has the standard library as source only; building it is still an unstable option.
        ("RUSTC_BOOTSTRAP", "1"),
        ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &linker),
        ("CARGO_TARGET_WASM32_WASIP1_LINKER", &linker),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into_iter()
    .chain([flags(TARGETS[0], &format!("{OWN} {places}")), flags(TARGETS[1], &own_library)])
    .collect())
}

/// Tells the compiler to leave out where crates lie on this machine: their code names its files where it may panic. Nobody
/// who has a guest needs to know, it is some KB, and without it all machines build the same.
fn own_places(standard: Option<&Path>) -> String {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let sources = home.map(|home| home.join("registry/src")).into_iter().flat_map(|folder| {
        names_in(&folder).into_iter().map(move |name| folder.join(name)).collect::<Vec<_>>()
    });
    let places = sources.chain(standard.map(Path::to_path_buf));
    let places = places.map(|place| place.display().to_string());
    // Flags are told apart by blanks.
    let places = places.filter(|place| !place.contains(' '));
    places.map(|place| format!("--remap-path-prefix={place}=")).collect::<Vec<_>>().join(" ")
}

/// What the compiler is told for a target.
fn flags(target: &str, more: &str) -> (String, String) {
    let name = target.to_uppercase().replace('-', "_");
    (
        format!("CARGO_TARGET_{name}_RUSTFLAGS"),
        format!("-Ctarget-feature={FEATURES} {more}").trim_end().to_owned(),
    )
}

/// Runs apt-get where there is one and this process may.
pub(crate) fn apt_get(arguments: &[&str]) -> Done {
    on_path("apt-get").ok_or("there is no apt-get here")?;
    if quietly(&mut command("id", ["-u"]))?.trim() != "0" {
        return Err(format!("`apt-get {}` needs root", arguments.join(" ")));
    }
    quietly(command("apt-get", arguments).env("DEBIAN_FRONTEND", "noninteractive")).map(drop)
}

fn toolchain_has(target: &str) -> bool {
    let folder = quietly(&mut command("rustc", ["--print", "target-libdir", "--target", target]));
    folder
        .ok()
        .and_then(|folder| fs::read_dir(folder.trim()).ok())
        .is_some_and(|mut files| files.next().is_some())
}

fn may_fetch_by_rustup() -> bool {
    on_path("rustup").is_some() && std::env::var("RUSTUP_AUTO_INSTALL").as_deref() != Ok("0")
}

fn install_distribution() -> Done {
    apt_get(&["update"])?;
    let linker = newest(&quietly(&mut command("apt-cache", ["pkgnames", "lld-"]))?, "lld-");
    let linker = linker.ok_or("the distribution has no lld")?;
    apt_get(&["install", "-y", "rustc-web", "rust-web-src", "wasi-libc", &linker])
}

/// `wasm-ld`, or the newest `wasm-ld-NN` of the path.
fn linker() -> Option<PathBuf> {
    on_path("wasm-ld").or_else(|| {
        let names: Vec<String> = folders_on_path().iter().flat_map(|folder| names_in(folder)).collect();
        on_path(&newest(&names.join("\n"), "wasm-ld-")?)
    })
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The line with the highest number after `prefix`.
fn newest(lines: &str, prefix: &str) -> Option<String> {
    let versions = lines.lines().filter_map(|line| line.trim().strip_prefix(prefix)?.parse::<u32>().ok());
    versions.max().map(|version| format!("{prefix}{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_the_highest_number() {
        assert_eq!(newest("lld-9\nlld-22\nlld-22-dev\nlld\n", "lld-").as_deref(), Some("lld-22"));
        assert_eq!(newest("ld.lld", "wasm-ld-"), None);
    }
}
