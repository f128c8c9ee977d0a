//! Writes what came of a case as what is expected of it.

use std::fs;

use serde_json::{Map, Value, json};

use crate::{Body, Case, MADE_AT, MADE_ID, compare};

/// What came of a case.
pub struct Expected<'p> {
    /// What the provider received, where it was asked.
    pub sent: Option<&'p [u8]>,
    pub got: Body,
    pub status: u16,
    pub losses: &'p [String],
}

impl Case {
    /// Writes what came as expected, but for what already follows from the rules.
    pub fn expect(&self, came: &Expected<'_>) {
        let sent = came.sent.filter(|sent| **sent != self.with_plain_model()[..]);
        self.write("sent.json", sent.map(pretty));
        let got = Some(&came.got).filter(|got| got.bytes != self.with_asked_model()).map(masked);
        for extension in ["json", "sse"] {
            let text = got.clone().filter(|_| came.got.extension == extension);
            self.write(&format!("got.{extension}"), text);
        }
        let own = self.own_with(came);
        if own != self.own {
            self.write("case.json", Some(pretty(Value::Object(own).to_string().as_bytes())));
        }
    }

    /// The case's own outline with this status and these losses.
    fn own_with(&self, came: &Expected<'_>) -> Map<String, Value> {
        let mut own = self.own.clone();
        ["losses", "expect_status", "refused"].into_iter().for_each(|member| drop(own.remove(member)));
        if !came.losses.is_empty() {
            own.insert("losses".to_owned(), json!(came.losses));
        }
        if came.sent.is_none() {
            own.insert("refused".to_owned(), json!(true));
        }
        if came.status != self.outline.status {
            own.insert("expect_status".to_owned(), json!(came.status));
        }
        own
    }

    fn write(&self, file: &str, bytes: Option<Vec<u8>>) {
        let file = self.folder.join(file);
        match bytes {
            Some(bytes) => fs::write(file, bytes).expect("an expectation can be written"),
            None if file.exists() => fs::remove_file(file).expect("an expectation can be removed"),
            None => {}
        }
    }
}

/// Puts masks where the gateway's own and the host's own words are.
fn masked(got: &Body) -> Vec<u8> {
    let text = String::from_utf8_lossy(&got.bytes);
    let text = text.replace(MADE_ID, "<id>").replace(&MADE_AT.to_string(), "\"<time>\"");
    let text = text.replace("broke off: reset.", "<words>.").into_bytes();
    if got.extension == "json" { pretty(&text) } else { text }
}

/// JSON for people, members in their order; whatever else as it is.
fn pretty(json: &[u8]) -> Vec<u8> {
    compare::pretty(json).unwrap_or_else(|| json.to_vec())
}
