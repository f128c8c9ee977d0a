//! How the APIs count the tokens of a request: where, what they take, and what they say.
//!
//! A request is written as one for an answer, and what the counter does not take is left out.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

use super::family::Api;
use crate::wire::json::{Edit, Json, Malformed, Outline, quoted};

/// A counter of tokens.
pub(crate) struct Counter {
    api: Api,
    /// Where it is behind the root.
    pub(crate) path: &'static str,
    /// The members of a request for an answer that it takes; none: all of them.
    takes: &'static [&'static str],
    /// The members that the request is in, from the outside in.
    within: &'static [&'static str],
    /// What stands before the name in the member `model` that a request within others has; none where it has no such
    /// member.
    named: Option<&'static str>,
    /// The member that has the count.
    count: &'static str,
    /// What an answer has besides.
    besides: &'static str,
    /// What a request for a count may leave out and one for an answer may not.
    lacks: &'static [(&'static str, &'static str)],
}

static COUNTERS: &[Counter] = &[
    // https://docs.anthropic.com/en/api/messages-count-tokens
    Counter {
        api: Api::Messages,
        path: "messages/count_tokens",
        takes: &[
            "cache_control",
            "context_management",
            "mcp_servers",
            "messages",
            "model",
            "output_config",
            "output_format",
            "speed",
            "system",
            "thinking",
            "tool_choice",
            "tools",
        ],
        within: &[],
        named: None,
        count: "input_tokens",
        besides: "",
        lacks: &[("max_tokens", "1")],
    },
    // https://platform.openai.com/docs/api-reference/responses/input-tokens
    Counter {
        api: Api::Responses,
        path: "responses/input_tokens",
        takes: &[
            "conversation",
            "input",
            "instructions",
            "model",
            "parallel_tool_calls",
            "previous_response_id",
            "reasoning",
            "text",
            "tool_choice",
            "tools",
            "truncation",
        ],
        within: &[],
        named: None,
        count: "input_tokens",
        besides: "\"object\":\"response.input_tokens\",",
        lacks: &[],
    },
    // https://ai.google.dev/api/tokens#method:-models.counttokens
    Counter {
        api: Api::Generate,
        path: "models/{model}:countTokens",
        takes: &[],
        within: &["generateContentRequest"],
        named: Some("models/"),
        count: "totalTokens",
        besides: "",
        lacks: &[],
    },
    // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
    Counter {
        api: Api::Converse,
        path: "model/{model}/count-tokens",
        takes: &["additionalModelRequestFields", "messages", "system", "toolConfig"],
        within: &["input", "converse"],
        named: None,
        count: "inputTokens",
        besides: "",
        lacks: &[],
    },
];

/// The APIs that count.
pub(crate) const APIS: &[Api] = &[Api::Messages, Api::Responses, Api::Generate, Api::Converse];

impl Counter {
    /// How `api` counts; none where it does not.
    pub(crate) fn of(api: Api) -> Option<&'static Counter> {
        COUNTERS.iter().find(|counter| counter.api == api)
    }

    /// The request for an answer that a client's request for a count is about.
    pub(crate) fn complete(&self, body: &Bytes) -> Result<Bytes, Malformed> {
        let inner = self.inner(body)?;
        let outline = Outline::scan(&inner)?;
        let lacking = self.lacks.iter().filter(|(name, _)| outline.get(name).is_none());
        let edits = lacking.map(|&(name, value)| Edit::Set(name, Cow::Borrowed(value))).collect::<Vec<_>>();
        Ok(edited(&outline, &edits))
    }

    /// What the counter gets for a request for an answer.
    pub(crate) fn request(&self, answer: &[u8], model: &str) -> Result<Bytes, Malformed> {
        let outline = Outline::scan(answer)?;
        let mut edits = Vec::new();
        let json = Json::parse(answer)?;
        let names = json.fields().map(|(name, _)| name).collect::<Vec<_>>();
        let left_out = names.iter().filter(|name| !self.takes.is_empty() && !self.takes.contains(&&***name));
        edits.extend(left_out.map(|name| Edit::Remove(name)));
        if let Some(before) = self.named {
            edits.push(Edit::Set("model", Cow::Owned(quoted(&format!("{before}{model}")))));
        }
        let mut body = edited(&outline, &edits);
        for outer in self.within.iter().rev() {
            body = [b"{", quoted(outer).as_bytes(), b":", &body, b"}"].concat().into();
        }
        Ok(body)
    }

    /// A client's own request with the provider's name for the model, where the body has it within.
    pub(crate) fn rename(&self, body: &Bytes, model: &str) -> Result<Bytes, Malformed> {
        let (Some(before), [outer]) = (self.named, self.within) else { return Ok(body.clone()) };
        let outline = Outline::scan(body)?;
        let Some(inner) = outline.get(outer).transpose()?.and_then(Json::present) else {
            return Ok(body.clone());
        };
        let name = Edit::Set("model", Cow::Owned(quoted(&format!("{before}{model}"))));
        let inner = edited(&Outline::scan(inner.raw().as_bytes())?, &[name]);
        let inner = Cow::Owned(String::from_utf8_lossy(&inner).into_owned());
        Ok(edited(&outline, &[Edit::Set(outer, inner)]))
    }

    /// The count that the provider tells.
    pub(crate) fn read(&self, answer: &[u8]) -> Result<u64, Malformed> {
        let count = Json::parse(answer)?.get(self.count).and_then(Json::number);
        count.ok_or(Malformed { offset: 0, what: "there is no count of tokens" })
    }

    /// The answer that a client gets.
    pub(crate) fn write(&self, count: u64) -> Bytes {
        format!("{{{}\"{}\":{count}}}", self.besides, self.count).into()
    }

    /// What stands within the outer members, where they are there.
    fn inner(&self, body: &Bytes) -> Result<Bytes, Malformed> {
        let mut inner = body.clone();
        for outer in self.within {
            let Some(json) = Outline::scan(&inner)?.get(outer).transpose()?.and_then(Json::present) else {
                return Ok(inner);
            };
            inner = Bytes::copy_from_slice(json.raw().as_bytes());
        }
        Ok(inner)
    }
}

fn edited(outline: &Outline<'_>, edits: &[Edit<'_>]) -> Bytes {
    let mut out = BytesMut::new();
    outline.edit(edits, &mut out);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(api: Api, answer: &str, expected: &str) {
        let request = Counter::of(api).unwrap().request(answer.as_bytes(), "m").unwrap();
        assert_eq!(request, expected);
    }

    #[test]
    fn a_counter_gets_what_it_takes() {
        check(
            Api::Messages,
            r#"{"model":"m","max_tokens":1,"messages":[],"stream":true}"#,
            r#"{"model":"m","messages":[]}"#,
        );
        check(Api::Responses, r#"{"model":"m","input":"a","store":false}"#, r#"{"model":"m","input":"a"}"#);
        check(
            Api::Generate,
            r#"{"contents":[],"generationConfig":{}}"#,
            r#"{"generateContentRequest":{"model":"models/m","contents":[],"generationConfig":{}}}"#,
        );
        check(
            Api::Converse,
            r#"{"messages":[],"inferenceConfig":{}}"#,
            r#"{"input":{"converse":{"messages":[]}}}"#,
        );
    }

    #[test]
    fn clients_leave_out_what_only_an_answer_needs() {
        let complete =
            |api, body: &'static str| Counter::of(api).unwrap().complete(&Bytes::from(body)).unwrap();
        assert_eq!(complete(Api::Messages, r#"{"messages":[]}"#), r#"{"max_tokens":1,"messages":[]}"#);
        assert_eq!(
            complete(Api::Generate, r#"{"generateContentRequest":{"contents":[1]}}"#),
            r#"{"contents":[1]}"#
        );
        assert_eq!(complete(Api::Generate, r#"{"contents":[]}"#), r#"{"contents":[]}"#);
        let gemini = Counter::of(Api::Generate).unwrap();
        let body = Bytes::from_static(br#"{"generateContentRequest":{"model":"models/g/x", "contents":[]}}"#);
        assert_eq!(
            gemini.rename(&body, "x").unwrap(),
            r#"{"generateContentRequest":{"model":"models/x", "contents":[]}}"#
        );
    }

    #[test]
    fn every_api_tells_the_count_in_its_own_words() {
        for (api, expected) in [
            (Api::Messages, r#"{"input_tokens":7}"#),
            (Api::Responses, r#"{"object":"response.input_tokens","input_tokens":7}"#),
            (Api::Generate, r#"{"totalTokens":7}"#),
            (Api::Converse, r#"{"inputTokens":7}"#),
        ] {
            let counter = Counter::of(api).unwrap();
            assert_eq!(counter.write(7), expected);
            assert_eq!(counter.read(expected.as_bytes()), Ok(7));
            assert!(counter.read(b"{}").is_err());
        }
    }
}
