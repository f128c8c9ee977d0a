//! Finds the files of a case, its own and shared ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::{Body, Case, Outline, frames};

/// What a body's file may end in.
const EXTENSIONS: [&str; 5] = ["json", "sse", "frames", "html", "txt"];

static FEATURES: LazyLock<Map<String, Value>> = LazyLock::new(|| object(&root().join("features.json")));

/// All cases, by name.
///
/// # Panics
/// Where a case cannot be read: a corpus with holes tests nothing.
pub fn cases() -> Vec<Case> {
    let entries = fs::read_dir(root()).expect("the corpus is a folder");
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    folders.retain(|folder| folder.join("case.json").is_file());
    folders.sort();
    folders.into_iter().map(load).collect()
}

fn load(folder: PathBuf) -> Case {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (client, upstream, what) = parts(&name).unwrap_or_else(|| panic!("{name} is of no pair"));
    let (requests, answers) = (root().join("requests").join(client), root().join("answers").join(upstream));
    let own = object(&folder.join("case.json"));
    let mut case = Case {
        client: client.to_owned(),
        upstream: upstream.to_owned(),
        outline: outline(&name, what, &answers, &own),
        request: Vec::new(),
        answer: body(&folder, "answer").or_else(|| shared_body(&answers, what)).unwrap_or_default(),
        sent: fs::read(folder.join("sent.json")).ok(),
        got: body(&folder, "got"),
        own,
        name: name.clone(),
        folder,
    };
    let request = body(&case.folder, "request").or_else(|| shared_body(&requests, what));
    let request = request.unwrap_or_else(|| panic!("{name} has no request")).bytes;
    case.request = String::from_utf8_lossy(&request).replace("<model>", &case.model()).into_bytes();
    case
}

/// Client, upstream and what it is about.
fn parts(name: &str) -> Option<(&str, &str, &str)> {
    let (pair, what) = name.split_once("--")?;
    let (client, upstream) = pair.split_once("-to-")?;
    Some((client, upstream, what))
}

/// What all of that name share, what all answers of it share, and what is the case's own, the later before the earlier.
fn outline(name: &str, what: &str, answers: &Path, own: &Map<String, Value>) -> Outline {
    let head = |what: &str| answers.join(format!("{what}.head.json"));
    let feature =
        longest(what, |what| FEATURES.contains_key(what)).and_then(|what| FEATURES[what].as_object());
    let head = longest(what, |what| head(what).is_file()).map(|what| object(&head(what)));
    let mut all = feature.cloned().unwrap_or_default();
    all.extend(head.into_iter().flatten());
    all.extend(own.clone());
    serde_json::from_value(all.into()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn shared_body(folder: &Path, what: &str) -> Option<Body> {
    let is_there = |what: &str| EXTENSIONS.iter().any(|end| folder.join(format!("{what}.{end}")).is_file());
    body(folder, longest(what, is_there)?)
}

/// The longest beginning of `what`, in whole words, that `is_there`.
fn longest(what: &str, is_there: impl Fn(&str) -> bool) -> Option<&str> {
    let shorter = std::iter::successors(Some(what), |what| Some(what.rsplit_once('-')?.0));
    shorter.into_iter().find(|what| is_there(what))
}

fn body(folder: &Path, stem: &str) -> Option<Body> {
    EXTENSIONS.into_iter().find_map(|extension| {
        let bytes = fs::read(folder.join(format!("{stem}.{extension}"))).ok()?;
        let bytes =
            if extension == "frames" { frames::encode(&String::from_utf8_lossy(&bytes)) } else { bytes };
        Some(Body { extension: extension.to_owned(), bytes })
    })
}

fn object(file: &Path) -> Map<String, Value> {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
