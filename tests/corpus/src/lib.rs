//! The corpus: what a client asks, what the provider must receive, what it answers, and what the client must get.
//!
//! One folder a case, next to this crate's manifest:
//!
//! | file | is |
//! |---|---|
//! | `case.json` | the [`Outline`]: which APIs, which statuses, which losses |
//! | `request.json` | the client's body, bytes as sent; its model is `<upstream>/m` unless the outline says otherwise |
//! | `sent.json` | what the provider must receive; absent where that is the client's bytes with `m` for the model |
//! | `answer.*` | what the provider answers, bytes; the extension tells its media type |
//! | `got.*` | what the client must get; absent where that is the answer's very bytes, with the client's name for the model |
//!
//! Files named `sent` and `got` are compared as JSON values, streams event by event. In their strings `<id>` stands
//! for the gateway's own id of the request, the string `<time>` for a number of seconds that it had to make itself, and
//! `<words>` for a host's own words on why a connection broke.
//! `UPDATE_EXPECT=1 cargo test -p shared --test corpus` writes them anew, to be reviewed by hand against the
//! documentation of the providers: a wrong expectation is worse than none.

mod compare;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use compare::{Message, messages};

/// What the gateway's own id of a request is in process, and what [`MADE_AT`] is: what `got` files have as masks.
pub const MADE_ID: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// How providers' answers name the model `m`.
pub const DATED: &str = "m-2026-01-01";
/// Seconds since 1970 at which every case is played in process.
pub const MADE_AT: u64 = 1_765_432_109;

/// One exchange between a client, the gateway and a provider.
#[derive(Clone, Debug)]
pub struct Case {
    /// The folder's name, as in `messages-to-completions--parallel-tools-streamed`.
    pub name: String,
    pub outline: Outline,
    /// The client's body.
    pub request: Vec<u8>,
    /// What the provider says.
    pub answer: Body,
    sent: Option<Vec<u8>>,
    got: Option<Body>,
    folder: PathBuf,
}

/// What `case.json` holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outline {
    /// What the case is about, and which known defects it would find.
    pub about: String,
    /// The client's API: `completions`, `messages` or `responses`.
    pub client: String,
    /// The provider's API.
    pub upstream: String,
    /// What the client asks for where it is not its API's usual path.
    pub path: Option<String>,
    /// The client's headers besides its content type and credential.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The model as the client names it, where it is not `<upstream>/m`.
    pub model: Option<String>,
    /// The provider's status.
    #[serde(default = "ok")]
    pub status: u16,
    /// The provider's headers besides its content type.
    #[serde(default)]
    pub answer_headers: BTreeMap<String, String>,
    /// The status the client gets, where it is not the provider's.
    pub expect_status: Option<u16>,
    /// Headers the client must get.
    #[serde(default)]
    pub expect_headers: BTreeMap<String, String>,
    /// What the translation cannot carry, as the report says it.
    #[serde(default)]
    pub losses: Vec<String>,
    /// The gateway refuses the request itself; no provider is asked.
    #[serde(default)]
    pub refused: bool,
    /// The provider's stream ends before its answer does.
    #[serde(default)]
    pub cut: bool,
}

/// Bytes and what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// `json`, `sse`, `html`, `txt`.
    pub extension: String,
    pub bytes: Vec<u8>,
}

fn ok() -> u16 {
    200
}

/// All cases, by name.
///
/// # Panics
/// Where a case cannot be read: a corpus with holes tests nothing.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(folder).expect("the corpus is a folder");
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    folders.retain(|folder| folder.join("case.json").is_file());
    folders.sort();
    folders.into_iter().map(Case::load).collect()
}

impl Case {
    fn load(folder: PathBuf) -> Case {
        let read = |file: &str| fs::read(folder.join(file));
        let outline = read("case.json").expect("case.json can be read");
        let outline =
            serde_json::from_slice(&outline).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Case {
            name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            outline,
            request: read("request.json").unwrap_or_else(|error| panic!("{}: {error}", folder.display())),
            answer: body(&folder, "answer").unwrap_or_default(),
            sent: read("sent.json").ok(),
            got: body(&folder, "got"),
            folder,
        }
    }

    /// The path that the client asks for.
    pub fn path(&self) -> &str {
        self.outline.path.as_deref().unwrap_or_else(|| operation(&self.outline.client))
    }

    /// The model as the client names it.
    pub fn model(&self) -> String {
        self.outline.model.clone().unwrap_or_else(|| format!("{}/m", self.outline.upstream))
    }

    /// Whether client and provider speak the same API.
    pub fn same_family(&self) -> bool {
        self.outline.client == self.outline.upstream
    }

    /// The status that the client must get.
    pub fn expect_status(&self) -> u16 {
        self.outline.expect_status.unwrap_or(self.outline.status)
    }

    /// Whether the provider answers in events.
    pub fn streams(&self) -> bool {
        self.answer.extension == "sse"
    }

    /// Says how what the provider received differs from what it should have.
    pub fn check_sent(&self, body: &[u8]) -> Result<(), String> {
        match &self.sent {
            Some(expected) => compare::json(expected, body),
            None => compare::bytes(&self.with_plain_model(), body),
        }
    }

    /// Says how what the client got differs from what it should have.
    pub fn check_got(&self, body: &[u8]) -> Result<(), String> {
        match &self.got {
            Some(expected) if expected.extension == "sse" => compare::stream(&expected.bytes, body),
            Some(expected) => compare::json(&expected.bytes, body),
            None => compare::bytes(&self.with_asked_model(), body),
        }
    }

    /// Writes what was sent and what was got as expected, unless it is what the rule for the same family says.
    pub fn expect(&self, sent: Option<&[u8]>, got: &Body) {
        if let Some(sent) = sent.filter(|sent| **sent != self.with_plain_model()[..]) {
            self.write("sent.json", &pretty(sent));
        }
        if got.bytes != self.with_asked_model() {
            let masked = mask(&String::from_utf8_lossy(&got.bytes));
            let text = if got.extension == "json" { pretty(masked.as_bytes()) } else { masked.into_bytes() };
            self.write(&format!("got.{}", got.extension), &text);
        }
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        fs::write(self.folder.join(file), bytes).expect("an expectation can be written");
    }

    /// The provider's bytes with the client's name for the model.
    fn with_asked_model(&self) -> Vec<u8> {
        match std::str::from_utf8(&self.answer.bytes) {
            Ok(text) => text.replace(&format!("\"{DATED}\""), &format!("\"{}\"", self.model())).into_bytes(),
            Err(_) => self.answer.bytes.clone(),
        }
    }

    /// The client's bytes with the provider's name for the model.
    fn with_plain_model(&self) -> Vec<u8> {
        let text = String::from_utf8_lossy(&self.request);
        text.replacen(&format!("\"{}\"", self.model()), "\"m\"", 1).into_bytes()
    }
}

impl Body {
    /// The media type that the extension stands for.
    pub fn media_type(&self) -> &'static str {
        match self.extension.as_str() {
            "sse" => "text/event-stream",
            "html" => "text/html",
            "txt" => "text/plain",
            _ => "application/json",
        }
    }
}

/// The path of an API's operation, as its documentation has it.
pub fn operation(api: &str) -> &'static str {
    match api {
        "messages" => "/v1/messages",
        "responses" => "/v1/responses",
        _ => "/v1/chat/completions",
    }
}

fn body(folder: &Path, stem: &str) -> Option<Body> {
    ["json", "sse", "html", "txt"].into_iter().find_map(|extension| {
        let bytes = fs::read(folder.join(format!("{stem}.{extension}"))).ok()?;
        Some(Body { extension: extension.to_owned(), bytes })
    })
}

/// Puts masks where the gateway's own and the host's own words are.
fn mask(text: &str) -> String {
    let text = text.replace(MADE_ID, "<id>").replace(&MADE_AT.to_string(), "\"<time>\"");
    text.replace("broke off: reset.", "<words>.")
}

/// JSON for people, members in their order; whatever else as it is.
fn pretty(json: &[u8]) -> Vec<u8> {
    compare::pretty(json).unwrap_or_else(|| json.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const APIS: [&str; 3] = ["completions", "messages", "responses"];
    /// Rows of known defects of such gateways that cases here would find; see `about`.
    const DEFECTS: [&str; 44] = [
        "A8", "A13", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "C1", "C2", "C3", "C4", "C5",
        "C6", "C7", "D2", "D3", "D4", "D5", "D6", "D8", "D9", "D10", "D11", "D18", "E1", "E2", "E3", "E4",
        "E5", "E6", "E7", "E8", "E9", "E10", "E11", "E13", "E14", "E16", "G1", "G6",
    ];

    #[test]
    fn every_pair_of_families_has_cases() {
        let cases = cases();
        for client in APIS {
            for upstream in APIS {
                let pair = format!("{client}-to-{upstream}--");
                let count = cases.iter().filter(|case| case.name.starts_with(&pair)).count();
                assert!(count >= 8, "{pair} has {count} cases");
            }
        }
    }

    #[test]
    fn folders_are_named_after_what_they_hold() {
        for case in cases() {
            let pair = format!("{}-to-{}--", case.outline.client, case.outline.upstream);
            assert!(case.name.starts_with(&pair), "{} is of {pair}", case.name);
            assert!(
                case.outline.refused || case.outline.status >= 400 || !case.answer.bytes.is_empty(),
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn every_known_defect_has_a_case() {
        let cases = cases();
        let words = |case: &Case| -> Vec<String> {
            let about = case.outline.about.split(|letter: char| !letter.is_ascii_alphanumeric());
            about.map(str::to_owned).collect()
        };
        let named: BTreeSet<String> = cases.iter().flat_map(words).collect();
        let missing: Vec<&str> = DEFECTS.into_iter().filter(|defect| !named.contains(*defect)).collect();
        assert!(missing.is_empty(), "no case names {missing:?}");
    }
}
