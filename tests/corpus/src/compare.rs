//! How what came differs from what should have come.

use serde_json::Value;

/// What a stream says: the event's name, and its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Empty where the event has no name.
    pub name: String,
    pub data: String,
}

/// The events of a whole stream. It is read plainly on purpose, and not with the gateway's own scanner.
pub fn messages(stream: &[u8]) -> Vec<Message> {
    let text = String::from_utf8_lossy(stream).replace("\r\n", "\n").replace('\r', "\n");
    text.split("\n\n").filter_map(message).collect()
}

fn message(block: &str) -> Option<Message> {
    let field = |name: &str| {
        let values = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let values: Vec<&str> = values.map(|value| value.strip_prefix(' ').unwrap_or(value)).collect();
        (!values.is_empty()).then(|| values.join("\n"))
    };
    Some(Message { name: field("event").unwrap_or_default(), data: field("data")? })
}

pub(crate) fn bytes(expected: &[u8], actual: &[u8]) -> Result<(), String> {
    if expected == actual {
        return Ok(());
    }
    let at = expected.iter().zip(actual).take_while(|(wanted, came)| wanted == came).count();
    let around = |bytes: &[u8]| {
        let window = &bytes[at.saturating_sub(40).min(bytes.len())..(at + 40).min(bytes.len())];
        String::from_utf8_lossy(window).into_owned()
    };
    Err(format!("byte {at} differs\n  expected …{}…\n  but got  …{}…", around(expected), around(actual)))
}

pub(crate) fn json(expected: &[u8], actual: &[u8]) -> Result<(), String> {
    let expected: Value =
        serde_json::from_slice(expected).map_err(|error| format!("the expectation: {error}"))?;
    let parsed = serde_json::from_slice(actual);
    let actual: Value = parsed.map_err(|error| format!("{error} in {}", String::from_utf8_lossy(actual)))?;
    value("$", &expected, &actual)
}

pub(crate) fn stream(expected: &[u8], actual: &[u8]) -> Result<(), String> {
    well_formed(actual)?;
    let (expected, actual) = (messages(expected), messages(actual));
    for (index, wanted) in expected.iter().enumerate() {
        let Some(came) = actual.get(index) else {
            return Err(format!("event {index} is missing: {wanted:?}"));
        };
        event(wanted, came).map_err(|why| format!("event {index} ({}): {why}", wanted.name))?;
    }
    match actual.get(expected.len()) {
        Some(extra) => Err(format!("an event too many: {extra:?}")),
        None => Ok(()),
    }
}

/// A line that is no field, or data that is no JSON, is read past by clients: whatever it was, it is lost on them.
fn well_formed(stream: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(stream);
    let field = |line: &&str| {
        ["", "data", "event", "id", "retry"].contains(&line.split(':').next().unwrap_or_default())
    };
    if let Some(line) = text.lines().find(|line| !field(line)) {
        return Err(format!("this line is no field: {line}"));
    }
    let is_json = |data: &str| serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok();
    match messages(stream).into_iter().find(|message| message.data != "[DONE]" && !is_json(&message.data)) {
        Some(message) => Err(format!("this data is no JSON: {message:?}")),
        None => Ok(()),
    }
}

fn event(expected: &Message, actual: &Message) -> Result<(), String> {
    if expected.name != actual.name {
        return Err(format!("expected the event {:?}, but got {actual:?}", expected.name));
    }
    if expected.data == actual.data {
        return Ok(());
    }
    json(expected.data.as_bytes(), actual.data.as_bytes())
}

fn value(path: &str, expected: &Value, actual: &Value) -> Result<(), String> {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(came)) => {
            for (key, wanted) in wanted {
                let came = came.get(key).ok_or_else(|| format!("{path}.{key} is missing: {wanted}"))?;
                value(&format!("{path}.{key}"), wanted, came)?;
            }
            let extra = came.iter().find(|(key, _)| !wanted.contains_key(*key));
            extra.map_or(Ok(()), |(key, came)| Err(format!("{path}.{key} is too many: {came}")))
        }
        (Value::Array(wanted), Value::Array(came)) if wanted.len() == came.len() => {
            let mut pairs = wanted.iter().zip(came).enumerate();
            pairs.try_for_each(|(index, (wanted, came))| value(&format!("{path}[{index}]"), wanted, came))
        }
        (Value::String(mask), Value::Number(_)) if mask == "<time>" => Ok(()),
        (Value::String(mask), Value::String(came)) if matches(mask, came) => Ok(()),
        _ if expected == actual => Ok(()),
        _ => Err(format!("{path}\n  expected {expected}\n  but got  {actual}")),
    }
}

/// Whether `text` is `mask` with an id in the place of `<id>`, or any words in that of `<words>`.
fn matches(mask: &str, text: &str) -> bool {
    if let Some((before, after)) = mask.split_once("<words>") {
        return text.starts_with(before) && text.ends_with(after);
    }
    let Some((before, after)) = mask.split_once("<id>") else { return mask == text };
    let made = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    made.is_some_and(|id| {
        id.len() >= 8 && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    })
}

/// JSON a member a line, every other character as it was; none where it is not JSON.
pub(crate) fn pretty(json: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice::<serde::de::IgnoredAny>(json).ok()?;
    let mut page = Page::default();
    json.iter().for_each(|byte| page.push(*byte));
    page.out.push(b'\n');
    Some(page.out)
}

#[derive(Default)]
struct Page {
    out: Vec<u8>,
    depth: usize,
    in_string: bool,
    after_backslash: bool,
}

impl Page {
    fn push(&mut self, byte: u8) {
        if self.in_string || byte == b'"' {
            return self.push_in_string(byte);
        }
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => {}
            b':' => self.out.extend(b": "),
            b',' => self.new_line(b',', 0),
            b'{' | b'[' => self.new_line(byte, 1),
            b'}' | b']' => self.close(byte),
            _ => self.out.push(byte),
        }
    }

    fn push_in_string(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == b'"' && !self.after_backslash {
            self.in_string = !self.in_string;
        }
        self.after_backslash = byte == b'\\' && !self.after_backslash;
    }

    fn new_line(&mut self, last: u8, deeper: usize) {
        self.out.push(last);
        self.depth += deeper;
        self.indent();
    }

    fn close(&mut self, byte: u8) {
        self.depth -= 1;
        let text = self.out.trim_ascii_end().len();
        self.out.truncate(text);
        if !matches!(self.out.last(), Some(b'{' | b'[')) {
            self.indent();
        }
        self.out.push(byte);
    }

    fn indent(&mut self) {
        self.out.push(b'\n');
        self.out.resize(self.out.len() + 2 * self.depth, b' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_found_and_named() {
        let differs =
            |expected: &str, actual: &str| json(expected.as_bytes(), actual.as_bytes()).unwrap_err();
        assert!(differs(r#"{"a":[1,2]}"#, r#"{"a":[1,3]}"#).starts_with("$.a[1]"));
        assert!(differs(r#"{"a":1}"#, r#"{"a":1,"b":2}"#).starts_with("$.b is too many"));
        assert!(differs(r#"{"a":1,"b":2}"#, r#"{"a":1}"#).starts_with("$.b is missing"));
        assert!(differs("[1]", "[1,2]").starts_with('$'));
        assert!(differs("1", "nonsense").contains("nonsense"));
    }

    #[test]
    fn masks_stand_for_what_the_gateway_makes() {
        let same = |expected: &str, actual: &str| json(expected.as_bytes(), actual.as_bytes()).is_ok();
        assert!(same(r#"{"created":"<time>","id":"msg_<id>"}"#, r#"{"created":17,"id":"msg_0123456789ab"}"#));
        assert!(!same(r#""<time>""#, r#""17""#));
        assert!(!same(r#""msg_<id>""#, r#""msg_""#));
        assert!(!same(r#""msg_<id>""#, r#""resp_0123456789ab""#));
        assert!(same(r#""It broke: <words>.""#, r#""It broke: reset by peer.""#));
    }

    #[test]
    fn streams_differ_by_event() {
        let wanted = b"event: a\ndata: {\"x\": 1}\n\n: comment\n\ndata: [DONE]\n\n";
        assert_eq!(stream(wanted, b"event:a\rdata:{\"x\":1}\r\rdata:[DONE]\r\r"), Ok(()));
        assert!(
            stream(wanted, b"event: a\ndata: {\"x\":1}\n\n").unwrap_err().starts_with("event 1 is missing")
        );
        let lines = b"event: a\ndata: {\"x\":\n1}\n\ndata: [DONE]\n\n";
        assert!(stream(wanted, lines).unwrap_err().starts_with("this line is no field"));
        assert!(stream(wanted, b"event: b\ndata: {\"x\":1}\n\n").unwrap_err().starts_with("event 0 (a)"));
    }

    #[test]
    fn pretty_json_is_the_same_json() {
        let json = br#"{"a":[1.0,{}],"b":"\"{,\\","c":[]}"#;
        let wanted = "{\n  \"a\": [\n    1.0,\n    {}\n  ],\n  \"b\": \"\\\"{,\\\\\",\n  \"c\": []\n}\n";
        assert_eq!(String::from_utf8(pretty(json).unwrap()).unwrap(), wanted);
        assert_eq!(pretty(b"not json"), None);
    }
}
