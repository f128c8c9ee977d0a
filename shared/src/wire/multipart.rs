//! Bodies of `multipart/form-data`: which fields there are and where, for surgical edits.
//!
//! <https://www.rfc-editor.org/rfc/rfc7578>, and <https://www.rfc-editor.org/rfc/rfc2046#section-5.1> for the framing.
//! Where readers could differ on where a part ends or what it is called, the body is refused: a provider must not see
//! another model than the gateway did.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::BytesMut;
use memchr::memmem::find;

/// The most parts that a body may have.
pub const PARTS: usize = 1024;

/// The most bytes of the headers of one part.
const HEAD: usize = 8 << 10;

/// The longest boundary (RFC 2046, section 5.1.1).
const BOUNDARY: usize = 70;

/// The parts of a form, in their order.
#[derive(Clone, Debug)]
pub struct Form<'a> {
    bytes: &'a [u8],
    /// Two hyphens and the boundary.
    delimiter: String,
    /// Where the first delimiter is.
    open: usize,
    parts: Vec<Part<'a>>,
}

#[derive(Clone, Debug)]
struct Part<'a> {
    name: Cow<'a, str>,
    /// Whether it has a file's name.
    file: bool,
    content: Range<usize>,
}

/// A body that is no form, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

/// Whether a media type is that of a form.
pub fn is_form(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("multipart/form-data")
}

impl<'a> Form<'a> {
    /// Finds the parts of a body. `media_type` is the `content-type` it came with, which has the boundary.
    pub fn scan(media_type: &str, bytes: &'a [u8]) -> Result<Form<'a>, Malformed> {
        let boundary = parameter(media_type, "boundary")?.filter(|boundary| is_boundary(boundary));
        let boundary = boundary.ok_or(Malformed("its media type has no usable boundary"))?;
        let delimiter = format!("--{boundary}");
        let mut form = Form { bytes, delimiter, open: 0, parts: Vec::new() };
        if !bytes.starts_with(form.delimiter.as_bytes()) {
            form.open = form.content(0, "its boundary never comes")?.end + 2;
        }
        let mut at = form.open + form.delimiter.len();
        while !form.rest(at).starts_with(b"--") {
            at = form.part(at)?;
        }
        Ok(form)
    }

    /// How many parts there are.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The text of the field of this name. Fails where it comes twice, is a file or no text.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Malformed> {
        let Some(part) = self.field(name)? else { return Ok(None) };
        let content = self.bytes.get(part.content.clone()).unwrap_or_default();
        let text = std::str::from_utf8(content).map_err(|_| Malformed("a field is not UTF-8"))?;
        Ok(Some(text))
    }

    /// Where the content of the file of this name is. Fails where that name comes twice.
    pub fn file(&self, name: &str) -> Result<Option<Range<usize>>, Malformed> {
        let file = self.named(name)?.filter(|part| part.file);
        Ok(file.map(|part| part.content.clone()))
    }

    /// Appends the body to `out` with this text as the field of this name, and every other byte as it is. A field that is
    /// not there comes first.
    pub fn set(&self, name: &str, text: &str, out: &mut BytesMut) -> Result<(), Malformed> {
        if text.contains(['\r', '\n']) {
            return Err(Malformed("a field's new text has a line break"));
        }
        let field = self.field(name)?.map(|part| part.content.clone());
        let place = field.clone().unwrap_or(self.open..self.open);
        out.reserve(self.bytes.len() + text.len() + 160);
        out.extend_from_slice(self.bytes.get(..place.start).unwrap_or_default());
        match field {
            Some(_) => out.extend_from_slice(text.as_bytes()),
            None => out.extend_from_slice(self.new_part(name, text).as_bytes()),
        }
        out.extend_from_slice(self.rest(place.end));
        Ok(())
    }

    fn new_part(&self, name: &str, text: &str) -> String {
        format!("{}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n", self.delimiter)
    }

    fn field(&self, name: &str) -> Result<Option<&Part<'a>>, Malformed> {
        match self.named(name)? {
            Some(Part { file: true, .. }) => Err(Malformed("a field is a file")),
            field => Ok(field),
        }
    }

    fn named(&self, name: &str) -> Result<Option<&Part<'a>>, Malformed> {
        let mut named = self.parts.iter().filter(|part| part.name == name);
        let part = named.next();
        if named.next().is_some() { Err(Malformed("a field comes twice")) } else { Ok(part) }
    }

    /// Takes in the part behind the delimiter that ends at `at`, and gives the end of the next delimiter.
    fn part(&mut self, at: usize) -> Result<usize, Malformed> {
        if self.parts.len() == PARTS {
            return Err(Malformed("it has too many parts"));
        }
        let padding = self.rest(at).iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let head = at + padding;
        if !self.rest(head).starts_with(b"\r\n") {
            return Err(Malformed("a boundary is not on a line of its own"));
        }
        let block = self.rest(head).get(..HEAD).unwrap_or(self.rest(head));
        let length = find(block, b"\r\n\r\n").ok_or(Malformed("a part's headers have no end"))?;
        let (name, file) = disposition(block.get(2..length).unwrap_or_default())?;
        let content = self.content(head + length + 4, "its last boundary is missing")?;
        let end = content.end + 2 + self.delimiter.len();
        self.parts.push(Part { name, file, content });
        Ok(end)
    }

    /// What is between `start` and the line break before the next delimiter; without one the body is malformed in the
    /// way of `missing`.
    fn content(&self, start: usize, missing: &'static str) -> Result<Range<usize>, Malformed> {
        let line = format!("\n{}", self.delimiter);
        let length = find(self.rest(start), line.as_bytes()).ok_or(Malformed(missing))?;
        match self.rest(start).get(..length).is_some_and(|content| content.ends_with(b"\r")) {
            true => Ok(start..start + length - 1),
            false => Err(Malformed("a boundary is not on a line of its own")),
        }
    }

    fn rest(&self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }
}

/// The name in a part's headers, and whether it is a file's.
fn disposition(head: &[u8]) -> Result<(Cow<'_, str>, bool), Malformed> {
    let head = std::str::from_utf8(head).map_err(|_| Malformed("a part's headers are not UTF-8"))?;
    let mut found = None;
    for line in head.split("\r\n") {
        let header = line.split_once(':').filter(|_| !line.starts_with([' ', '\t']));
        let (header, value) = header.ok_or(Malformed("a part has a line that is no header"))?;
        if header.eq_ignore_ascii_case("content-disposition") && found.replace(value).is_some() {
            return Err(Malformed("a part has two content-dispositions"));
        }
    }
    let value = found.ok_or(Malformed("a part has no content-disposition"))?;
    let name = parameter(value, "name")?.ok_or(Malformed("a part has no name"))?;
    let file = parameter(value, "filename")?.is_some() || parameter(value, "filename*")?.is_some();
    Ok((name, file))
}

/// A parameter of a header's value. Fails where it is there twice or its quotes do not end.
fn parameter<'v>(value: &'v str, wanted: &str) -> Result<Option<Cow<'v, str>>, Malformed> {
    let mut found = None;
    let mut rest = value.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let (text, after) = parameter_value(after)?;
        if name.trim().eq_ignore_ascii_case(wanted) && found.replace(text).is_some() {
            return Err(Malformed("a header has a parameter twice"));
        }
        rest = after;
    }
    Ok(found)
}

/// A parameter's value and what comes behind it: a token, or a string in quotes with backslashes before its quotes.
fn parameter_value(text: &str) -> Result<(Cow<'_, str>, &str), Malformed> {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, rest) = text.split_once(';').unwrap_or((text, ""));
        return Ok((Cow::Borrowed(token.trim_end()), rest));
    };
    let mut escaped = false;
    let end = quoted.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    let (inner, rest) =
        end.and_then(|end| quoted.split_at_checked(end)).ok_or(Malformed("a quote is not ended"))?;
    let rest = rest.strip_prefix('"').unwrap_or(rest).trim_start();
    let rest = rest.strip_prefix(';').unwrap_or(rest);
    Ok((unescape(inner), rest))
}

fn unescape(inner: &str) -> Cow<'_, str> {
    match inner.contains("\\\"") {
        true => Cow::Owned(inner.replace("\\\"", "\"")),
        false => Cow::Borrowed(inner),
    }
}

fn is_boundary(boundary: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=BOUNDARY).contains(&boundary.len()) && boundary.bytes().all(plain) && !boundary.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"x y\"";
    const BODY: &str = "--x y\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\"; name=.wav\"\r\n\
         Content-Type: audio/wav\r\n\r\nRIFF\r\n--x\r\n\0\r\n--x y \t\r\ncontent-disposition:form-data;name=model\r\n\r\n\
         openai/whisper-1\r\n--x y--\r\nepilogue";

    fn set(text: &str) -> String {
        let mut out = BytesMut::new();
        Form::scan(TYPE, BODY.as_bytes()).unwrap().set("model", text, &mut out).unwrap();
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn a_field_is_found_and_replaced_and_every_other_byte_stays() {
        let form = Form::scan(TYPE, BODY.as_bytes()).unwrap();
        assert_eq!(form.text("model"), Ok(Some("openai/whisper-1")));
        assert_eq!(form.text("file"), Err(Malformed("a field is a file")));
        assert_eq!(form.text("stream"), Ok(None));
        let content = |name| form.file(name).unwrap().map(|place| BODY.get(place).unwrap());
        assert_eq!((content("file"), content("model")), (Some("RIFF\r\n--x\r\n\0"), None));
        assert_eq!(set("openai/whisper-1"), BODY);
        assert_eq!(set("w"), BODY.replace("openai/whisper-1", "w"));
    }

    #[test]
    fn a_field_that_is_not_there_comes_first() {
        let body = format!("preamble\r\n{}", BODY.replace("name=model", "name=prompt"));
        let mut out = BytesMut::new();
        Form::scan(TYPE, body.as_bytes()).unwrap().set("model", "m", &mut out).unwrap();
        let form = Form::scan(TYPE, &out).unwrap();
        assert_eq!((form.text("model"), form.text("prompt")), (Ok(Some("m")), Ok(Some("openai/whisper-1"))));
        assert!(out.starts_with(
            b"preamble\r\n--x y\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nm\r\n--x y"
        ));
    }

    #[track_caller]
    fn refused(media_type: &str, body: &str, why: &'static str) {
        let error = Form::scan(media_type, body.as_bytes()).and_then(|form| form.text("model").map(|_| ()));
        assert_eq!(error, Err(Malformed(why)), "{body:?}");
    }

    #[test]
    fn what_two_readers_could_read_in_two_ways_is_refused() {
        refused("multipart/form-data", BODY, "its media type has no usable boundary");
        refused("multipart/form-data; boundary=a; boundary=b", BODY, "a header has a parameter twice");
        refused("multipart/form-data; boundary=\"a", BODY, "a quote is not ended");
        refused("multipart/form-data; boundary=z", BODY, "its boundary never comes");
        refused(TYPE, &BODY.replace("--x y--", "--x z--"), "its last boundary is missing");
        refused(TYPE, &BODY.replace("--x y--", "--x yz\r\n"), "a boundary is not on a line of its own");
        refused(TYPE, &BODY.replace("name=model", "name=model;name=other"), "a header has a parameter twice");
        refused(TYPE, &BODY.replace("name=model", "filename=m"), "a part has no name");
        refused(TYPE, &BODY.replace("content-disposition:", "content:"), "a part has no content-disposition");
        refused(TYPE, &BODY.replace("\r\n--x y--", "\n--x y--"), "a boundary is not on a line of its own");
        let hidden = "content-disposition: form-data; name=a\r\n--x y\r\n";
        refused(TYPE, &format!("--x y\r\n{hidden}{BODY}"), "a part has a line that is no header");
        let twice = "--x y\r\ncontent-disposition: form-data; name=model\r\n\r\na\r\n";
        refused(TYPE, &format!("{twice}{BODY}"), "a field comes twice");
        refused(
            TYPE,
            &format!("{}--x y--", twice.replace("name=model", "name=a").repeat(PARTS + 1)),
            "it has too many parts",
        );
    }

    #[test]
    fn new_text_cannot_end_its_part() {
        let form = Form::scan(TYPE, BODY.as_bytes()).unwrap();
        assert!(form.set("model", "a\r\n--x y--", &mut BytesMut::new()).is_err());
    }
}
