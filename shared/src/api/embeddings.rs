//! Vectors for texts: OpenAI's operation, and the forms in which providers of other APIs have it.
//!
//! <https://platform.openai.com/docs/api-reference/embeddings/create>

mod form;

pub(crate) use form::Form;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

use super::member::{integer, missing, present, wrong};
use crate::error::Error;
use crate::ir::Loss;
use crate::wire::json::{Edit, Json, Kind, Malformed, Outline, Writer, quoted};

/// What a client asks for.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) texts: Vec<Cow<'a, str>>,
    pub(crate) dimensions: Option<u64>,
    /// What only OpenAI's API has.
    pub(crate) losses: Vec<Loss>,
}

/// What a provider gave, and for how many tokens, where it says.
#[derive(Debug, PartialEq)]
pub(crate) struct Vectors<'a> {
    /// Arrays of numbers.
    pub(crate) vectors: Vec<Json<'a>>,
    pub(crate) tokens: Option<u64>,
}

/// How the numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As an array.
    Float,
    /// As the bytes of 32-bit numbers, the least significant first, in Base64.
    Base64,
}

impl Encoding {
    /// What a request asks for; none where it is nothing of this kind.
    pub(crate) fn of(request: &Outline<'_>) -> Option<Encoding> {
        let Some(format) = request.get("encoding_format").and_then(Result::ok).and_then(Json::present) else {
            return Some(Encoding::Float);
        };
        match &*format.string()? {
            "float" => Some(Encoding::Float),
            "base64" => Some(Encoding::Base64),
            _ => None,
        }
    }

    /// A vector in this encoding, whichever it came in.
    fn write(self, vector: Json<'_>) -> Result<Cow<'_, str>, Malformed> {
        match (self, vector.kind()) {
            (Encoding::Base64, Kind::Array) => to_base64(vector).map(Cow::Owned),
            (Encoding::Float, Kind::String) => to_array(vector).map(Cow::Owned),
            _ => Ok(Cow::Borrowed(vector.raw())),
        }
    }

    /// An answer of OpenAI's API with its vectors in this encoding; as it is where they are.
    pub(crate) fn convert(self, answer: Bytes) -> Result<Bytes, Malformed> {
        let data = Json::parse(&answer)?.get("data").unwrap_or(Json::NULL);
        let other = if self == Encoding::Base64 { Kind::Array } else { Kind::String };
        if !data.items().any(|item| item.get("embedding").is_some_and(|vector| vector.kind() == other)) {
            return Ok(answer);
        }
        let items = data.items().map(|item| self.convert_item(item)).collect::<Result<Vec<_>, _>>()?;
        let data = format!("[{}]", items.join(","));
        Ok(edited(&Outline::scan(&answer)?, &[Edit::Set("data", Cow::Owned(data))]).freeze())
    }

    fn convert_item(self, item: Json<'_>) -> Result<String, Malformed> {
        let Some(vector) = item.get("embedding") else { return Ok(item.raw().to_owned()) };
        let vector = Edit::Set("embedding", self.write(vector)?);
        let item = edited(&Outline::scan(item.raw().as_bytes())?, &[vector]);
        Ok(String::from_utf8_lossy(&item).into_owned())
    }
}

fn edited(outline: &Outline<'_>, edits: &[Edit<'_>]) -> BytesMut {
    let mut out = BytesMut::new();
    outline.edit(edits, &mut out);
    out
}

fn to_base64(vector: Json<'_>) -> Result<String, Malformed> {
    let bytes = vector.items().map(|number| number.decimal().map(f32::to_le_bytes));
    let bytes = bytes.collect::<Option<Vec<_>>>().ok_or(NO_NUMBERS)?;
    Ok(quoted(&STANDARD.encode(bytes.concat())))
}

fn to_array(vector: Json<'_>) -> Result<String, Malformed> {
    let bytes = STANDARD.decode(&*vector.string().unwrap_or_default()).map_err(|_| NO_NUMBERS)?;
    let (numbers, []) = bytes.as_chunks::<4>() else { return Err(NO_NUMBERS) };
    let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let numbers = numbers.map(|number| number.is_finite().then(|| number.to_string()));
    let numbers = numbers.collect::<Option<Vec<_>>>().ok_or(NO_NUMBERS)?;
    Ok(format!("[{}]", numbers.join(",")))
}

const NO_NUMBERS: Malformed = Malformed { offset: 0, what: "a vector is not made of numbers" };

/// Reads a request that is to be written for a provider of another API.
pub(crate) fn read(body: Json<'_>) -> Result<Wanted<'_>, Error> {
    let input = present(body, "input").ok_or_else(|| missing("input"))?;
    let texts = match input.kind() {
        Kind::Array => input.items().map(Json::string).collect::<Option<Vec<_>>>(),
        _ => input.string().map(|text| vec![text]),
    };
    let texts = texts.ok_or_else(|| {
        let message =
            "`input` must be text: token ids are those of OpenAI's models, and this one is another's.";
        Error::invalid_param("input", message)
    })?;
    if texts.is_empty() {
        return Err(wrong("input", "a text or more"));
    }
    let dimensions = present(body, "dimensions").map(|value| integer(value, "dimensions")).transpose()?;
    let known = ["model", "input", "dimensions", "encoding_format"];
    let others = body.fields().filter(|(name, value)| !value.is_null() && !known.contains(&&**name));
    Ok(Wanted {
        texts,
        dimensions,
        losses: others.map(|(name, _)| Loss::dropped(name.into_owned())).collect(),
    })
}

/// Writes an answer of OpenAI's API.
pub(crate) fn write(
    vectors: &Vectors<'_>,
    encoding: Encoding,
    model: &str,
    tokens: u64,
) -> Result<Bytes, Malformed> {
    let written = vectors.vectors.iter().map(|vector| encoding.write(*vector));
    let written = written.collect::<Result<Vec<_>, _>>()?;
    let mut out = BytesMut::new();
    Writer::new(&mut out).object(|o| {
        o.key("object").string("list");
        o.key("data").array(|a| (0..).zip(&written).for_each(|(index, vector)| write_item(index, vector, a)));
        o.key("model").string(model);
        o.key("usage").object(|o| {
            o.key("prompt_tokens").integer(tokens);
            o.key("total_tokens").integer(tokens);
        });
    });
    Ok(out.freeze())
}

fn write_item(index: u64, vector: &str, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("object").string("embedding");
        o.key("index").integer(index);
        o.key("embedding").raw(vector);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOATS: &str = r#"{"data":[{"embedding":[0.5,-1,1e-3], "index":0}],"x":1.0}"#;
    const BASE64: &str = r#"{"data":[{"embedding":"AAAAPwAAgL9vEoM6", "index":0}],"x":1.0}"#;

    #[track_caller]
    fn check(encoding: Encoding, answer: &'static str, expected: &str) {
        assert_eq!(encoding.convert(Bytes::from_static(answer.as_bytes())).unwrap(), expected);
    }

    /// Whoever gives the numbers in the other way, the client has them in the way it asked for (P24).
    #[test]
    fn p24_numbers_come_as_they_were_asked_for() {
        check(Encoding::Float, FLOATS, FLOATS);
        check(Encoding::Base64, BASE64, BASE64);
        check(Encoding::Base64, FLOATS, BASE64);
        check(Encoding::Float, BASE64, &FLOATS.replace("1e-3", "0.001"));
        for wrong in [r#"{"data":[{"embedding":"AAA="}]}"#, r#"{"data":[{"embedding":"AADAfw=="}]}"#] {
            assert!(Encoding::Float.convert(Bytes::from_static(wrong.as_bytes())).is_err(), "{wrong}");
        }
        let wrong = Bytes::from_static(br#"{"data":[{"embedding":["a"]}]}"#);
        assert!(Encoding::Base64.convert(wrong).is_err());
    }

    #[test]
    fn requests_are_texts() {
        let wanted = |body: &'static str| read(Json::parse(body.as_bytes()).unwrap());
        let one = wanted(r#"{"input":"a","dimensions":8,"user":"u","encoding_format":"base64"}"#).unwrap();
        assert_eq!((one.texts, one.dimensions), (vec![Cow::Borrowed("a")], Some(8)));
        assert_eq!(one.losses, [Loss::dropped("user")]);
        assert_eq!(wanted(r#"{"input":["a","b"]}"#).unwrap().texts.len(), 2);
        for wrong in [r"{}", r#"{"input":[]}"#, r#"{"input":[1,2]}"#, r#"{"input":{}}"#] {
            assert_eq!(wanted(wrong).unwrap_err().param.as_deref(), Some("input"), "{wrong}");
        }
    }
}
