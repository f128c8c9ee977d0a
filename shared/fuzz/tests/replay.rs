//! Every target over its committed inputs: those that once failed, and those that reach the most code.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_committed_input_holds() {
    for target in fuzz::TARGETS {
        let inputs = inputs(target.name);
        assert!(!inputs.is_empty(), "`{}` has no inputs: cargo xtask fuzz grow {}", target.name, target.name);
        for file in inputs {
            // Shown only when the target panics.
            println!("{}", file.display());
            (target.run)(&fs::read(file).unwrap());
        }
    }
}

#[test]
fn every_folder_of_inputs_has_a_target() {
    for folder in files(&corpus()) {
        assert!(fuzz::TARGETS.iter().any(|target| folder.ends_with(target.name)), "{}", folder.display());
    }
}

/// The committed inputs of a target, and what the project's test cases have for it.
fn inputs(target: &str) -> Vec<PathBuf> {
    let mut inputs = files(&corpus().join(target));
    let body = match target {
        "request" | "edit" => "request.json",
        "response" => "answer.json",
        "error" => "answer.html",
        _ => return inputs,
    };
    let cases = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus"));
    inputs.extend(cases.into_iter().map(|case| case.join(body)).filter(|path| path.is_file()));
    inputs
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// What lies in a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
