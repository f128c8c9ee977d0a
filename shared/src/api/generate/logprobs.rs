//! Tokens with their log probabilities: in two lists here, in one in the representation.
//!
//! <https://ai.google.dev/api/generate-content#LogprobsResult>

use bytes::BytesMut;

use crate::api::lost::Shape;
use crate::wire::json::{Json, Writer};

const TOKEN: Shape = Shape(&[("token", None), ("logProbability", None)]);

/// The members of a `logprobsResult` that are read.
pub(super) const RESULT: Shape = Shape(&[
    ("chosenCandidates", Some(&TOKEN)),
    ("topCandidates", Some(&Shape(&[("candidates", Some(&TOKEN))]))),
]);

/// Reads a `logprobsResult` as a list in the representation's form; none where there are no tokens in it.
pub(super) fn read(result: Json<'_>) -> Option<String> {
    let mut chosen = result.get("chosenCandidates")?.items().peekable();
    chosen.peek()?;
    let mut others = result.get("topCandidates").into_iter().flat_map(Json::items);
    let mut out = BytesMut::new();
    Writer::new(&mut out).array(|a| {
        for token in chosen {
            let top = others.next().and_then(|top| top.get("candidates"));
            a.object(|o| {
                read_token(token, o);
                o.key("top_logprobs").array(|a| {
                    let top = top.into_iter().flat_map(Json::items);
                    top.for_each(|other| a.object(|o| read_token(other, o)));
                });
            });
        }
    });
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn read_token(token: Json<'_>, o: &mut Writer<'_>) {
    let text = token.get("token").and_then(Json::string).unwrap_or_default();
    o.key("token").string(&text);
    // Protobuf's JSON form leaves zeros out.
    o.key("logprob").json(token.get("logProbability").and_then(Json::present).unwrap_or(Json::ZERO));
    o.key("bytes").array(|a| text.bytes().for_each(|byte| a.integer(byte)));
}

/// Writes the lists of texts as one `logprobsResult`.
pub(super) fn write<'l>(lists: impl Iterator<Item = &'l str> + Clone, value: &mut Writer<'_>) {
    let tokens = || lists.clone().filter_map(|list| Json::parse(list.as_bytes()).ok()).flat_map(Json::items);
    value.object(|o| {
        o.key("chosenCandidates").array(|a| tokens().for_each(|token| write_token(token, a)));
        o.key("topCandidates").array(|a| {
            for token in tokens() {
                let top = token.get("top_logprobs").into_iter().flat_map(Json::items);
                a.object(|o| o.key("candidates").array(|a| top.for_each(|other| write_token(other, a))));
            }
        });
    });
}

fn write_token(token: Json<'_>, a: &mut Writer<'_>) {
    let names = [("token", "token"), ("logprob", "logProbability")];
    a.object(|o| {
        for (name, own) in names {
            token.get(name).into_iter().for_each(|value| o.key(own).json(value));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_back_as_they_were() {
        let own = r#"{"chosenCandidates":[{"token":"H\u00e9","logProbability":-0.50}],"topCandidates":[{"candidates":[{"token":"a","logProbability":-1}]}]}"#;
        let list = read(Json::parse(own.as_bytes()).unwrap()).unwrap();
        assert_eq!(
            list,
            r#"[{"token":"Hé","logprob":-0.50,"bytes":[72,195,169],"top_logprobs":[{"token":"a","logprob":-1,"bytes":[97]}]}]"#
        );
        let mut out = BytesMut::new();
        write([&*list].into_iter(), &mut Writer::new(&mut out));
        assert_eq!(std::str::from_utf8(&out).unwrap(), own.replace(r"\u00e9", "é"));
        assert_eq!(read(Json::EMPTY), None);
    }
}
