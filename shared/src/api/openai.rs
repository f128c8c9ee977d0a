//! What OpenAI's two APIs have in common: errors, `data:` URLs, the names of recordings' formats.

use std::borrow::Cow;

use bytes::BytesMut;

use super::cite;
use super::cite::{Link, Place, Unit};
use super::family::Api;
use super::lost::{self, Shape};
use super::member::rest;
use crate::error::{Error, Fault, Kind};
use crate::ir::{Cache, Loss, Rest, Source, Why};
use crate::wire::json::{self, Json, Writer};

/// A list of tokens.
pub(super) const TOKENS: Shape = Shape(&[
    ("token", None),
    ("logprob", None),
    ("bytes", None),
    ("top_logprobs", Some(&Shape(&[("token", None), ("logprob", None), ("bytes", None)]))),
]);

/// The `logprobs` of a choice.
pub(super) const LOGPROBS: Shape = Shape(&[("content", Some(&TOKENS))]);

/// An annotation of a kind that is known.
const ANNOTATION: Shape = Shape(&[
    ("type", None),
    ("url_citation", Some(&ADDRESS)),
    ("url", None),
    ("title", None),
    ("start_index", None),
    ("end_index", None),
    ("file_id", None),
    ("filename", None),
    ("index", None),
]);

const ADDRESS: Shape = Shape(&[("url", None), ("title", None), ("start_index", None), ("end_index", None)]);

/// The source that an `image_url`, a `file_url` or a `file_data` names: a `data:` URL in Base64 (RFC 2397) is the
/// bytes themselves.
pub(super) fn source_of_url(url: Cow<'_, str>) -> Source<'_> {
    match url {
        Cow::Borrowed(text) => match split_data_url(text) {
            Some((media_type, data)) => {
                Source::Base64 { media_type: Cow::Borrowed(media_type), data: Cow::Borrowed(data) }
            }
            None => Source::Url(Cow::Borrowed(text)),
        },
        Cow::Owned(text) => match split_data_url(&text) {
            Some((media_type, data)) => Source::Base64 {
                media_type: Cow::Owned(media_type.to_owned()),
                data: Cow::Owned(data.to_owned()),
            },
            None => Source::Url(Cow::Owned(text)),
        },
    }
}

fn split_data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    Some((media_type, data))
}

/// The bytes as a `data:` URL.
pub(super) fn data_url(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

/// The media type of a recording's `format`: `wav`, `mp3`.
pub(super) fn audio_type(format: &str) -> Cow<'static, str> {
    match format {
        "mp3" => Cow::Borrowed("audio/mpeg"),
        other => Cow::Owned(format!("audio/{other}")),
    }
}

/// The `format` of a recording's media type.
pub(super) fn audio_format(media_type: &str) -> &str {
    match media_type.strip_prefix("audio/").unwrap_or(media_type) {
        "mpeg" => "mp3",
        "x-wav" | "wave" => "wav",
        other => other,
    }
}

/// Whether an answer is strictly kept to its schema. Clients of APIs that always do so get it where the schema is one
/// that these APIs can be strict about; elsewhere it is approximated.
pub(super) fn strict_form(
    said: Option<bool>,
    schema: Json<'_>,
    from: Option<Api>,
    losses: &mut Vec<Loss>,
) -> Option<bool> {
    if said.is_some() || !matches!(from, Some(Api::Messages | Api::Generate)) {
        return said;
    }
    if fits_strict(schema) {
        return Some(true);
    }
    losses.push(Loss::new("response_format.strict", Why::Approximated));
    None
}

/// Whether a schema is one of those that answers and arguments can be strictly kept to: its objects are closed, and
/// nothing in them is optional.
///
/// <https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>
pub(super) fn fits_strict(schema: Json<'_>) -> bool {
    schema.get("anyOf").is_none() && is_object(schema) && is_closed(schema)
}

fn is_object(schema: Json<'_>) -> bool {
    schema.get("type").and_then(Json::string).as_deref() == Some("object")
}

fn is_closed(schema: Json<'_>) -> bool {
    const NOT_TAKEN: [&str; 8] =
        ["allOf", "dependentRequired", "dependentSchemas", "else", "if", "not", "oneOf", "then"];
    let properties = schema.get("properties");
    let is_object = is_object(schema) || properties.is_some();
    if is_object && schema.get("additionalProperties").and_then(Json::boolean) != Some(false) {
        return false;
    }
    let required = |name: &str| {
        let all = schema.get("required").into_iter().flat_map(Json::items);
        all.into_iter().any(|own| own.string().as_deref() == Some(name))
    };
    let members = || properties.into_iter().flat_map(Json::fields);
    members().all(|(name, inner)| required(&name) && is_closed(inner))
        && NOT_TAKEN.iter().all(|name| schema.get(name).is_none())
        && inner_schemas(schema).all(is_closed)
}

/// The schemas inside of one, but for its properties'.
fn inner_schemas(schema: Json<'_>) -> impl Iterator<Item = Json<'_>> {
    let definitions = ["$defs", "definitions"].into_iter().filter_map(move |name| schema.get(name));
    let definitions = definitions.flat_map(Json::fields).map(|(_, inner)| inner);
    let items = schema.get("items").into_iter();
    let alternatives = schema.get("anyOf").into_iter().flat_map(Json::items);
    definitions.chain(items).chain(alternatives)
}

/// The member by which a part is marked as the end of a prompt that is worth keeping.
///
/// <https://platform.openai.com/docs/guides/prompt-caching>
pub(super) const BREAKPOINT: &str = "prompt_cache_breakpoint";

/// Takes the mark out of a part's members; one of a form that is not known stays.
pub(super) fn take_mark<'a>(members: &mut Rest<'a>) -> Option<Cache<'a>> {
    let at = members.iter().position(|(name, _)| name == BREAKPOINT)?;
    let (_, mark) = members.get(at)?;
    let word = |name| mark.get(name).and_then(Json::string);
    let is_plain = rest(*mark, &["mode", "ttl"]).is_empty() && word("mode").as_deref() == Some("explicit");
    let ttl = word("ttl");
    is_plain.then(|| {
        members.remove(at);
        Cache { ttl, breakpoint: true }
    })
}

/// Writes such a mark.
pub(super) fn write_mark(mark: &Cache<'_>, o: &mut Writer<'_>) {
    o.key(BREAKPOINT).object(|o| {
        o.key("mode").string("explicit");
        mark.ttl.iter().for_each(|ttl| o.key("ttl").string(ttl));
    });
}

/// Whether a member that the representation has no place for is the same in both of OpenAI's APIs.
pub(super) fn is_shared(from: Api, to: Api, name: &str) -> bool {
    let is_own = |api| matches!(api, Api::Completions | Api::Responses);
    is_own(from) && is_own(to) && SHARED.contains(&name)
}

/// The members of which that is so.
pub(super) const SHARED: [&str; 2] = ["prompt_cache_options", "prompt_cache_retention"];

/// The tier to ask for, in OpenAI's words: what others call standard is its `default`.
pub(super) fn tier(asked: &str) -> &str {
    if matches!(asked, "standard" | "standard_only") { "default" } else { asked }
}

/// The sources in annotations of `text`, whose members stand in an object of their own (Completions) or not.
pub(super) fn links<'a>(annotations: Json<'a>, text: &str, losses: &mut Vec<Loss>) -> Vec<Link<'a>> {
    let mut links = Vec::new();
    for annotation in annotations.items() {
        match address(annotation, text).or_else(|| file(annotation)) {
            Some(link) => {
                lost::unknown(annotation, &ANNOTATION, "annotations.", &mut |loss| losses.push(loss));
                links.push(link);
            }
            None => {
                let kind = annotation.get("type").and_then(Json::string).unwrap_or_default();
                losses.push(cite::dropped(&kind));
            }
        }
    }
    links
}

fn address<'a>(annotation: Json<'a>, text: &str) -> Option<Link<'a>> {
    let inner = annotation.get("url_citation").unwrap_or(annotation);
    let word = |name| inner.get(name).and_then(Json::string);
    let at = |name| inner.get(name).and_then(Json::number);
    let range = at("start_index").zip(at("end_index"));
    Some(Link {
        url: Some(word("url")?),
        title: word("title").filter(|title| !title.is_empty()),
        range: range.and_then(|(start, end)| cite::bytes_of(text, start..end)),
        ..Link::default()
    })
}

/// <https://platform.openai.com/docs/guides/tools-file-search>
fn file(annotation: Json<'_>) -> Option<Link<'_>> {
    let word = |name| annotation.get(name).and_then(Json::string).filter(|word| !word.is_empty());
    if word("type")? != "file_citation" {
        return None;
    }
    let place = Place {
        index: annotation.get("index").and_then(Json::number).unwrap_or(0),
        file: word("file_id"),
        unit: Unit::Whole,
        span: 0..0,
    };
    Some(Link { title: word("filename"), place: Some(place), ..Link::default() })
}

/// Writes an address as an annotation's members; `before` is how many characters stand before the text.
pub(super) fn write_link(link: &Link<'_>, url: &str, text: &str, before: usize, o: &mut Writer<'_>) {
    let range = cite::characters_of(text, link.range.as_ref());
    o.key("start_index").integer((before + range.start) as u64);
    o.key("end_index").integer((before + range.end) as u64);
    o.key("title").string(link.title.as_deref().unwrap_or_default());
    o.key("url").string(url);
}

/// The tier that served an answer, in OpenAI's words: others' are its `default`.
pub(super) fn tier_word(tier: &str) -> &str {
    const WORDS: [&str; 5] = ["default", "flex", "scale", "priority", "fast"];
    if WORDS.contains(&tier) { tier } else { "default" }
}

/// That a tier has no word of its own; that nothing was special about an answer is `default` in any words.
pub(super) fn lost_tier(tier: &str) -> Vec<Loss> {
    let usual = matches!(tier, "standard" | "on_demand" | "on-demand");
    if usual || tier_word(tier) == tier { Vec::new() } else { lost::approximated("service_tier") }
}

/// An error body, for a whole answer.
///
/// <https://platform.openai.com/docs/guides/error-codes>
pub(super) fn write_error(error: &Error, out: &mut BytesMut) {
    Writer::new(out).object(|o| {
        o.key("error").object(|o| {
            o.key("message").string(&error.message);
            o.key("type").string(kind_word(error.kind));
            optional(o.key("param"), error.param.as_deref());
            optional(o.key("code"), error.code.as_deref());
        });
    });
}

/// A string, or `null`.
pub(super) fn optional(value: &mut Writer<'_>, text: Option<&str>) {
    match text {
        Some(text) => value.string(text),
        None => value.null(),
    }
}

/// The `type` of an error.
pub(super) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::InvalidRequest | Kind::MethodNotAllowed | Kind::UnsupportedMediaType | Kind::TooLarge => {
            "invalid_request_error"
        }
        Kind::Authentication => "authentication_error",
        Kind::Billing => "insufficient_quota",
        Kind::Permission => "permission_error",
        Kind::NotFound => "not_found_error",
        Kind::RateLimit => "rate_limit_error",
        Kind::Timeout => "timeout_error",
        Kind::Overloaded | Kind::Api => "server_error",
    }
}

/// An answer with an error status in OpenAI's form, or in one of those that the servers following it use: a bare
/// string, `message` or `detail` at the top, an array around it, or no JSON at all.
pub(super) fn read_error(status: u16, body: &[u8]) -> Error {
    let Ok(json) = Json::parse(body) else { return plain_error(status, body) };
    let json = json.items().next().unwrap_or(json);
    let inner = json.get("error").and_then(Json::present).unwrap_or(json);
    Error { status, fault: fault_of(status), ..error_of(inner, Kind::of_status(status)) }
}

/// The error that an `error` object describes; `usual` is its kind where none of its words tells.
pub(super) fn error_of(inner: Json<'_>, usual: Kind) -> Error {
    let word = |key| inner.get(key).and_then(text_of).filter(|word| !word.is_empty());
    let (code, kind) = (word("code"), word("type"));
    let told = [&code, &kind].into_iter().flatten().find_map(|word| kind_of(word));
    // The word for everything that is not the server's fault: a status says more.
    let is_invalid = usual == Kind::Api && kind.as_deref() == Some("invalid_request_error");
    let usual = if is_invalid { Kind::InvalidRequest } else { usual };
    let message = inner.string().or_else(|| ["message", "detail", "error"].into_iter().find_map(word));
    Error {
        code: code.map(Cow::into_owned),
        param: word("param").map(Cow::into_owned),
        ..Error::new(
            Fault::Upstream,
            told.unwrap_or(usual),
            message.map_or_else(|| inner.raw().to_owned(), Cow::into_owned),
        )
    }
}

/// A string's value, or the text of what is not one.
fn text_of(value: Json<'_>) -> Option<Cow<'_, str>> {
    match value.kind() {
        json::Kind::Null => None,
        json::Kind::String => value.string(),
        _ => Some(Cow::Borrowed(value.raw())),
    }
}

/// The kind that a `type` or `code` names; `server_error` says no more than a status does.
fn kind_of(word: &str) -> Option<Kind> {
    Some(match word {
        "insufficient_quota" | "billing_hard_limit_reached" | "billing_error" => Kind::Billing,
        "rate_limit_exceeded" | "rate_limit_error" | "rate_limited" | "requests" | "tokens" => {
            Kind::RateLimit
        }
        "invalid_api_key" | "authentication_error" => Kind::Authentication,
        "permission_error" | "unsupported_country_region_territory" => Kind::Permission,
        "model_not_found" | "not_found_error" => Kind::NotFound,
        "server_overloaded" | "overloaded_error" | "engine_overloaded" => Kind::Overloaded,
        "context_length_exceeded" | "invalid_prompt" => Kind::InvalidRequest,
        "content_filter" | "content_policy_violation" => Kind::InvalidRequest,
        "request_too_large" => Kind::TooLarge,
        "timeout" | "timeout_error" => Kind::Timeout,
        _ => return None,
    })
}

/// Whose fault an answer's status makes it.
fn fault_of(status: u16) -> Fault {
    match status {
        401..=403 => Fault::Configuration,
        408 | 429 => Fault::Upstream,
        400..=499 => Fault::Client,
        _ => Fault::Upstream,
    }
}

/// An error without JSON: short text is the provider's message, a page of HTML is not.
fn plain_error(status: u16, body: &[u8]) -> Error {
    let text = std::str::from_utf8(body).unwrap_or_default().trim();
    let message = match text.len() {
        1..=500 if !text.starts_with('<') => text.to_owned(),
        _ => format!("The provider answered with status {status} and no message."),
    };
    Error { status, ..Error::new(fault_of(status), Kind::of_status(status), message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, kind: Kind, message: &str, code: Option<&str>) {
        let error = read_error(status, body.as_bytes());
        let got = (error.status, error.kind, &*error.message, error.code.as_deref());
        assert_eq!(got, (status, kind, message, code), "{body}");
    }

    /// G6: each server's form keeps its own words.
    #[test]
    fn g6_errors_in_every_form_seen() {
        let openai = r#"{"error":{"message":"m","type":"invalid_request_error","param":"p","code":"model_not_found"}}"#;
        check(400, openai, Kind::NotFound, "m", Some("model_not_found"));
        check(
            429,
            r#"{"error":{"message":"m","code":"insufficient_quota"}}"#,
            Kind::Billing,
            "m",
            Some("insufficient_quota"),
        );
        check(
            400,
            r#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#,
            Kind::InvalidRequest,
            "m",
            Some("400"),
        );
        check(422, r#"{"error":"m"}"#, Kind::InvalidRequest, "m", None);
        check(500, r#"{"object":"error","message":"m","code":null}"#, Kind::Api, "m", None);
        check(
            422,
            r#"{"detail":[{"loc":["body"],"msg":"m"}]}"#,
            Kind::InvalidRequest,
            r#"[{"loc":["body"],"msg":"m"}]"#,
            None,
        );
        check(429, "slow down", Kind::RateLimit, "slow down", None);
        check(502, "<html>", Kind::Api, "The provider answered with status 502 and no message.", None);
        check(503, "", Kind::Overloaded, "The provider answered with status 503 and no message.", None);
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let error = Error::invalid_param("input[0]", "a \"quote\"").with_code("c");
        let mut out = BytesMut::new();
        write_error(&error, &mut out);
        assert_eq!(read_error(400, &out), error);
    }

    #[test]
    fn data_urls_are_bytes() {
        let bytes = Source::Base64 { media_type: "image/png".into(), data: "AA==".into() };
        assert_eq!(source_of_url(data_url("image/png", "AA==").into()), bytes);
        assert_eq!(source_of_url("https://x/y,z".into()), Source::Url("https://x/y,z".into()));
        assert_eq!(source_of_url("data:text/plain,hi".into()), Source::Url("data:text/plain,hi".into()));
    }
}
