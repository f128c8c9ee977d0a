//! The host starts only with what it needs, and says what that is.

use std::process::Command;

fn refusal(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_spin-host")).args(arguments).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_component_that_is_not_there_is_named() {
    let said = refusal(&["--component", "no-such.wasm", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("no-such.wasm"), "{said}");
}

#[test]
fn a_file_that_is_no_wasm_is_refused() {
    let said = refusal(&["--component", env!("CARGO_MANIFEST_PATH"), "--listen", "127.0.0.1:0"]);
    assert!(said.contains("cannot be made a component"), "{said}");
}
