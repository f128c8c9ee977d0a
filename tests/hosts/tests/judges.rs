//! The vendors' published types as judges of the corpus: of what providers receive, and of what clients get.

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_vendors_types_accept_what_is_sent_and_got() {
    let Some(python) = std::env::var_os("PLANO_PYTHON") else {
        println!("not judged: PLANO_PYTHON is not set; `cargo xtask test` sets it");
        return;
    };
    let tests: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut judge = Command::new(python);
    judge.arg(tests.join("sdks/python/judge.py")).arg(tests.join("corpus"));
    // The scripts beside it talk to a gateway; this one reads files.
    let output = judge.env("BASE_URL", "").env("API_KEY", "").output().expect("Python can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.lines().count() > 150, "few files were judged:\n{said}");
}
