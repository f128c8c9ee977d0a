//! Where the programs are: `cargo xtask test` says so in the environment.

use std::env;
use std::path::{Path, PathBuf};

/// The file that counts what was played; `cargo xtask test` names it.
const ACCOUNT: &str = "PLANO_CASES";

/// A program or file that `cargo xtask test` names in the environment variable `name`.
///
/// Where it is named but not there, that is an error; where it is not named, a test of it has nothing to do.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os(name)?);
    assert!(path.exists(), "{name} is {}, which is not there", path.display());
    Some(path)
}

/// Whether something that a test needs is not named; says what.
///
/// # Panics
/// Under `cargo xtask test`, which names everything: there a host that is not played is a failure.
pub(crate) fn missing(host: &str, names: &[&str]) -> bool {
    let absent: Vec<&str> = names.iter().copied().filter(|name| env::var_os(name).is_none()).collect();
    if absent.is_empty() {
        return false;
    }
    let message = format!("{host}: not played, {} not set; `cargo xtask test` sets it", absent.join(", "));
    assert!(env::var_os(ACCOUNT).is_none(), "{message}");
    println!("{message}");
    true
}

/// The `planoai` program: the one named, else the one that cargo built beside this test.
pub(crate) fn planoai() -> PathBuf {
    tool("PLANO_PLANOAI").unwrap_or_else(|| {
        let test = env::current_exe().expect("a test knows its own path");
        let built = test.ancestors().nth(2).unwrap_or(Path::new(".")).join("planoai");
        assert!(built.exists(), "{} is not there: run `cargo build -p planoai` first", built.display());
        built
    })
}

/// Adds a line to the account that `cargo xtask test` prints.
pub(crate) fn count(host: &str, suite: &str, cases: usize) {
    println!("{host}: {cases} cases of {suite}");
    let Some(path) = env::var_os(ACCOUNT) else { return };
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    let line = format!("{host}\t{suite}\t{cases}\n");
    // One write a line, since several processes write.
    file.and_then(|mut file| std::io::Write::write_all(&mut file, line.as_bytes()))
        .expect("the account can be written");
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
