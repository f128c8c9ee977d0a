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
    let kind = match target {
        "request" | "edit" => "requests",
        "response" | "error" => "answers",
        _ => return files(&corpus().join(target)),
    };
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let shared = files(&cases.join(kind)).into_iter().flat_map(|family| files(&family));
    // A case's own bodies are `request.json` and `answer.json`.
    let own = files(&cases).into_iter().map(|case| case.join(format!("{}.json", kind.trim_end_matches('s'))));
    let bodies =
        shared.chain(own).filter(|path| path.is_file() && path.extension().is_some_and(|it| it == "json"));
    files(&corpus().join(target)).into_iter().chain(bodies).collect()
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
