//! The ids of calls where a provider is particular about them.
//!
//! An id that the provider would refuse is another one for it, in the call and in its result alike: made from the id
//! alone, so that it is the same in the next request, unless another call of the request has it already.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::api::family::Api;
use crate::dialect::{CallIds, Quirks};
use crate::ir::{Block, Request};
use crate::sorted;

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html>
const CONVERSE: CallIds = CallIds { least: 1, most: 64, marks: Some("_-") };
/// <https://docs.anthropic.com/en/api/messages>: letters, digits, `_` and `-`; no length is given.
const MESSAGES: CallIds = CallIds { least: 1, most: 256, marks: Some("_-") };
/// <https://platform.openai.com/docs/api-reference/responses/create>
const RESPONSES: CallIds = CallIds { least: 1, most: 64, marks: None };

/// Gives the calls of a request ids that a provider of the API `to` takes.
pub(in crate::api) fn fit(request: &mut Request<'_>, to: Api, quirks: &Quirks) {
    let Some(rule) = rule(to, quirks) else { return };
    if ids(request).all(|id| fits(id, rule)) {
        return;
    }
    let ids = sorted::set(ids(request));
    let mut taken = sorted::set(ids.iter().filter(|id| fits(id, rule)).map(|id| (*id).to_owned()));
    let mut others = BTreeMap::new();
    for id in ids.into_iter().filter(|id| !fits(id, rule)) {
        let mut made = (0..).map(|attempt| made(id, attempt, rule)).filter(|made| !taken.contains(made));
        let made = made.next().unwrap_or_default();
        taken.insert(made.clone());
        others.insert(id.to_owned(), made);
    }
    for block in request.turns.iter_mut().flat_map(|turn| &mut turn.blocks) {
        let id = match block {
            Block::ToolUse(call) => &mut call.id,
            Block::ToolResult(result) => &mut result.id,
            _ => continue,
        };
        if let Some(other) = others.get(&**id) {
            *id = Cow::Owned(other.clone());
        }
    }
}

/// Whether a provider that speaks the client's own API takes all ids of a request as they are.
pub(in crate::api) fn fit_as_they_are(request: &Request<'_>, rule: CallIds) -> bool {
    ids(request).all(|id| fits(id, rule))
}

fn rule(to: Api, quirks: &Quirks) -> Option<CallIds> {
    match to {
        Api::Converse => Some(CONVERSE),
        Api::Messages => Some(MESSAGES),
        Api::Responses => Some(RESPONSES),
        Api::Completions => quirks.call_ids,
        Api::Generate => None,
    }
}

fn ids<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'r str> {
    request.turns.iter().flat_map(|turn| &turn.blocks).filter_map(|block| match block {
        Block::ToolUse(call) => Some(&*call.id),
        Block::ToolResult(result) => Some(&*result.id),
        _ => None,
    })
}

fn fits(id: &str, rule: CallIds) -> bool {
    let is_legal = |letter: char| {
        letter.is_ascii_alphanumeric() || rule.marks.is_none_or(|marks| marks.contains(letter))
    };
    (rule.least..=rule.most).contains(&id.len()) && id.chars().all(is_legal)
}

/// Another id, which fits.
fn made(id: &str, attempt: u32, rule: CallIds) -> String {
    const LETTERS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let beginning = if rule.least == rule.most { "" } else { "call_" };
    let mut rest = hash(id, attempt);
    let mut letter = || {
        let letter = LETTERS.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
        char::from(letter)
    };
    let count = rule.most.min(16) - beginning.len();
    beginning.chars().chain((0..count).map(|_| letter())).collect()
}

/// FNV-1a in 64 bits (RFC 9923), of the attempt and the id.
fn hash(id: &str, attempt: u32) -> u64 {
    let bytes = attempt.to_be_bytes().into_iter().chain(id.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::dialect::Dialect;
    use crate::ir::{Role, ToolResult, ToolUse, Turn};
    use proptest::prelude::*;

    fn request<'a>(ids: &'a [String]) -> Request<'a> {
        let call = |id: &'a String| Block::ToolUse(ToolUse { id: id.into(), ..ToolUse::default() });
        let result =
            |id: &'a String| Block::ToolResult(ToolResult { id: id.into(), ..ToolResult::default() });
        let turns = vec![
            Turn::new(Role::Assistant, ids.iter().map(call).collect()),
            Turn::new(Role::User, ids.iter().map(result).collect()),
        ];
        Request { turns, ..Request::default() }
    }

    fn fitted(list: &[String], to: Api, dialect: &str) -> Vec<String> {
        let mut request = request(list);
        fit(&mut request, to, Dialect::named(dialect).unwrap().quirks("m"));
        ids(&request).map(str::to_owned).collect()
    }

    fn targets() -> [(Api, &'static str, CallIds); 5] {
        [
            (Api::Completions, "mistral", Dialect::named("mistral").unwrap().quirks.call_ids.unwrap()),
            (Api::Completions, "openai", Dialect::named("openai").unwrap().quirks.call_ids.unwrap()),
            (Api::Responses, "openai", RESPONSES),
            (Api::Messages, "anthropic", MESSAGES),
            (Api::Converse, "amazon_bedrock", CONVERSE),
        ]
    }

    proptest! {
        /// **Law: calls keep apart, each has its result, and what fits stays.**
        #[test]
        fn ids_fit_and_keep_apart(list in prop::collection::btree_set("[a-zA-Z0-9:._é-]{0,70}|[a-z0-9]{9}", 1..9)) {
            let list: Vec<_> = list.into_iter().collect();
            for (to, dialect, rule) in targets() {
                let got = fitted(&list, to, dialect);
                let (calls, results) = got.split_at(list.len());
                prop_assert_eq!(calls, results);
                prop_assert_eq!(calls.iter().collect::<BTreeSet<_>>().len(), list.len());
                for (id, was) in calls.iter().zip(&list) {
                    prop_assert!(fits(id, rule), "{} for {}", id, dialect);
                    prop_assert!(!fits(was, rule) || id == was);
                }
            }
        }
    }

    /// Mistral wants exactly nine letters and digits, and the same ones each time.
    #[test]
    fn nine_letters_for_mistral() {
        let of = |ids: &[&str]| {
            let list: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
            fitted(&list, Api::Completions, "mistral")
        };
        assert_eq!(of(&["D681PevKs"]), ["D681PevKs"; 2]);
        let alone = of(&["toolu_1"]);
        assert_eq!(alone.first().map(String::len), Some(9));
        assert_eq!(of(&["toolu_1", "x"]).first(), alone.first());
        assert_eq!(of(&["call_1"]), of(&["call_1"]));
    }
}
