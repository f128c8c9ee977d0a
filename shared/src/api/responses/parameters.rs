//! The client's parameters, as the answer repeats them (D11).

use bytes::BytesMut;

use crate::api::openai;
use crate::wire::json::{Json, Kind, Writer};

/// The members of a response that repeat those of its request, written once for all of a stream's events.
pub(super) struct Parameters {
    /// Members of an object, without the braces.
    members: String,
    tier: String,
}

/// What is repeated, and what stands there where the client did not say.
const REPEATED: [(&str, &str); 19] = [
    ("background", "false"),
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("store", "true"),
    ("temperature", "1.0"),
    ("text", r#"{"format":{"type":"text"},"verbosity":"medium"}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "1.0"),
    ("truncation", r#""disabled""#),
    ("user", "null"),
];

/// The room that is made for what is repeated: most requests say little of it.
const ROOM: usize = 1024;

/// What is repeated only where the client said it.
const REPEATED_IF_SAID: [&str; 4] =
    ["conversation", "prompt", "prompt_cache_options", "prompt_cache_retention"];

impl Parameters {
    /// The parameters of a request, or the API's defaults.
    pub(super) fn of(request: Json<'_>) -> Parameters {
        let mut out = BytesMut::with_capacity(ROOM);
        Writer::new(&mut out).object(|o| {
            for ((name, usual), said) in REPEATED.into_iter().zip(request.pick(REPEATED.map(|row| row.0))) {
                match said.and_then(Json::present) {
                    Some(said) => write_over(said, usual, o.key(name)),
                    None => o.key(name).raw(usual),
                }
            }
            for (name, said) in REPEATED_IF_SAID.into_iter().zip(request.pick(REPEATED_IF_SAID)) {
                said.and_then(Json::present).into_iter().for_each(|said| o.key(name).json(said));
            }
        });
        let written = std::str::from_utf8(&out).unwrap_or_default();
        let members = written.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or_default();
        let tier = request.get("service_tier").and_then(Json::string);
        Parameters { members: members.to_owned(), tier: tier.map_or("auto".to_owned(), |it| it.into_owned()) }
    }

    /// The tier that answers, in this API's words; those of others that it does not have are its `default`.
    pub(super) fn set_tier(&mut self, tier: Option<&str>) {
        if let Some(tier) = tier {
            self.tier = openai::tier_word(tier).to_owned();
        }
    }

    /// Writes the members into a response object.
    pub(super) fn write(&self, o: &mut Writer<'_>) {
        o.raw(&self.members);
        o.key("service_tier").string(&self.tier);
    }
}

/// Writes what was said, in an object together with the usual members that were not said.
fn write_over(said: Json<'_>, usual: &str, w: &mut Writer<'_>) {
    let usual = Json::parse(usual.as_bytes()).unwrap_or(Json::NULL);
    if said.kind() != Kind::Object || usual.kind() != Kind::Object {
        return w.json(said);
    }
    w.object(|o| {
        said.fields().for_each(|(name, value)| o.key(&name).json(value));
        let unsaid = usual.fields().filter(|(name, _)| said.get(name).is_none());
        unsaid.for_each(|(name, value)| o.key(&name).json(value));
    });
}
