//! Where something stood, in the words of whoever sent it.
//!
//! Writers name places as the representation has them. A client has to find them in its own request: its API has other
//! names for the members, and counts what is said in its own way.

use std::borrow::Cow;

use super::Api;
use super::identity::Moved;
use crate::error::Error;
use crate::ir::{Loss, Request};

/// Places of the representation and what an API calls them; the first row that begins a path counts. A writer that
/// knows no effort at all says so in its own word.
type Words = &'static [(&'static str, &'static str)];

const COMPLETIONS: Words = &[
    ("thinking.effort", "reasoning_effort"),
    ("thinking.budget", "reasoning.max_tokens"),
    ("thinking.summary", "reasoning"),
    ("thinking", "reasoning_effort"),
];

const MESSAGES: Words = &[
    ("thinking.effort", "output_config.effort"),
    ("reasoning_effort", "thinking"),
    ("thinking.budget", "thinking.budget_tokens"),
    ("thinking.summary", "thinking.display"),
    ("response_format", "output_config.format"),
    ("stop", "stop_sequences"),
    ("user", "metadata.user_id"),
    ("parallel_tool_calls", "tool_choice.disable_parallel_tool_use"),
];

const RESPONSES: Words = &[
    ("thinking", "reasoning"),
    ("reasoning_effort", "reasoning.effort"),
    ("response_format", "text.format"),
    ("verbosity", "text.verbosity"),
    ("max_tokens", "max_output_tokens"),
    ("logprobs", "top_logprobs"),
];

const GENERATE: Words = &[
    ("thinking.effort", "generationConfig.thinkingConfig.thinkingLevel"),
    ("thinking.budget", "generationConfig.thinkingConfig.thinkingBudget"),
    ("thinking.summary", "generationConfig.thinkingConfig.includeThoughts"),
    ("thinking", "generationConfig.thinkingConfig"),
    ("reasoning_effort", "generationConfig.thinkingConfig"),
    ("response_format", "generationConfig.responseSchema"),
    ("stop", "generationConfig.stopSequences"),
    ("max_tokens", "generationConfig.maxOutputTokens"),
    ("temperature", "generationConfig.temperature"),
    ("top_p", "generationConfig.topP"),
    ("top_k", "generationConfig.topK"),
    ("seed", "generationConfig.seed"),
    ("n", "generationConfig.candidateCount"),
    ("logprobs", "generationConfig.responseLogprobs"),
    ("frequency_penalty", "generationConfig.frequencyPenalty"),
    ("presence_penalty", "generationConfig.presencePenalty"),
    ("service_tier", "serviceTier"),
    ("tool_choice", "toolConfig.functionCallingConfig"),
];

/// What OpenAI calls a mark of a cache.
const BREAKPOINT: &str = ".prompt_cache_breakpoint";

/// Losses in the client's words, less what says nothing about the answer: items of Responses have ids and a status that
/// only name them. `moved` says which blocks stand elsewhere than the client had them.
pub(super) fn losses(request: &Request<'_>, moved: &Moved, losses: Vec<Loss>) -> Vec<Loss> {
    let Some(api) = request.api else { return losses };
    let names_only = |path: &str| {
        let inside = path.starts_with("messages[") && api == Api::Responses;
        inside && (path.ends_with("].id") || path.ends_with("].status"))
    };
    let kept = losses.into_iter().filter(|loss| !names_only(&loss.path));
    kept.map(|loss| Loss { path: spell(request, moved, api, loss.path), ..loss }).collect()
}

/// An error that names its place in the client's words.
pub(super) fn error(request: &Request<'_>, moved: &Moved, error: Error) -> Error {
    let (Some(api), Some(param)) = (request.api, &error.param) else { return error };
    let param = spell(request, moved, api, Cow::Owned(param.clone())).into_owned();
    Error { param: Some(param), ..error }
}

fn spell(request: &Request<'_>, moved: &Moved, api: Api, path: Cow<'static, str>) -> Cow<'static, str> {
    if let Some(rest) = path.strip_prefix("messages[") {
        return in_conversation(request, moved, api, rest).map_or(path.clone(), Cow::Owned);
    }
    if request.rest.iter().any(|(name, _)| *name == *path) {
        return path;
    }
    let words = match api {
        Api::Completions => COMPLETIONS,
        Api::Messages => MESSAGES,
        Api::Responses => RESPONSES,
        Api::Generate => GENERATE,
        Api::Converse => &[],
    };
    let renamed = words.iter().find_map(|(ours, theirs)| {
        let rest = path.strip_prefix(ours)?;
        let is_whole = rest.is_empty() || rest.starts_with(['.', '[']);
        is_whole.then(|| format!("{theirs}{rest}"))
    });
    renamed.map_or(path, Cow::Owned)
}

/// `rest` is what follows `messages[`: the number of a turn, and what of it.
fn in_conversation(request: &Request<'_>, moved: &Moved, api: Api, rest: &str) -> Option<String> {
    let (turn, rest) = rest.split_once(']')?;
    let turn: usize = turn.parse().ok()?;
    let inside = rest.strip_prefix(".content[").and_then(|inside| inside.split_once(']'));
    let (block, within) = inside.unwrap_or(("0", rest));
    let block: usize = block.parse().ok()?;
    let block = moved.get(&turn).and_then(|origins| origins.get(block)).copied().unwrap_or(block);
    let behind = request.places.partition_point(|place| (place.turn, place.block) <= (turn, block));
    let Some((number, place)) = behind.checked_sub(1).and_then(|at| Some((at, request.places.get(at)?)))
    else {
        return Some(apart(api, rest));
    };
    let part = inside.filter(|_| place.parts).map(|_| block.saturating_sub(place.block));
    Some(in_message(api, number, part, within))
}

/// A place in instructions that stand apart.
fn apart(api: Api, rest: &str) -> String {
    match api {
        Api::Messages => format!("system{}", rest.strip_prefix(".content").unwrap_or(rest)),
        Api::Generate => format!("systemInstruction{}", rest.replacen(".content", ".parts", 1)),
        _ => "instructions".to_owned(),
    }
}

/// A place in a message, or an item, by their numbers.
fn in_message(api: Api, message: usize, part: Option<usize>, rest: &str) -> String {
    let inside = part.map_or(String::new(), |part| format!(".content[{part}]"));
    let rest = format!("{inside}{rest}");
    match api {
        Api::Generate => format!("contents[{message}]{}", rest.replacen(".content", ".parts", 1)),
        Api::Responses => format!("input[{message}]{}", rest.replace(".cache_control", BREAKPOINT)),
        _ => format!("messages[{message}]{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::Quirks;
    use crate::wire::json::Json;

    use super::*;

    /// Losses of a request on its way to `upstream`, in the words of its client.
    fn lost(client: Api, upstream: Api, body: &str) -> Vec<String> {
        let request = client.read().request(Json::parse(body.as_bytes()).unwrap()).unwrap();
        let mut out = bytes::BytesMut::new();
        let losses = crate::api::write_request(request, upstream, &Quirks::USUAL, &mut out).unwrap();
        losses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn members_have_the_clients_names() {
        let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"top_k":4,
            "thinking":{"type":"enabled","budget_tokens":2000}}"#;
        let approximated = "thinking.budget_tokens(approximated)";
        assert_eq!(self::lost(Api::Messages, Api::Responses, body), ["top_k", approximated]);
        let body = r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"topK":4}}"#;
        assert_eq!(self::lost(Api::Generate, Api::Completions, body), ["generationConfig.topK"]);
    }

    #[test]
    fn what_is_said_is_counted_as_the_client_counts() {
        let body = r#"{"model":"m","max_tokens":9,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
            "messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#;
        let lost = lost(Api::Messages, Api::Completions, body);
        assert_eq!(lost, ["system[0].cache_control", "messages[0].content[0].cache_control"]);
    }

    /// Items that make one turn, items of several blocks, and messages one behind the other.
    #[test]
    fn items_have_the_clients_numbers() {
        let body = r#"{"model":"m","instructions":"Be brief.","input":[
            {"role":"user","content":"Hi"},
            {"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b","x":1}]},
            {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"1"},{"type":"summary_text","text":"2"}],
                "encrypted_content":"e"},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"c","y":1}]},
            {"type":"function_call","call_id":"c","name":"f","arguments":"{}","z":1},
            {"type":"function_call_output","call_id":"c","output":"1"},
            {"type":"function_call_output","call_id":"d","output":"1","w":1}]}"#;
        let lost = lost(Api::Responses, Api::Completions, body);
        let wanted = [
            "input[2]",
            "input[1].content[1].x",
            "input[2].thinking",
            "input[3].content[0].y",
            "input[4].z",
            "input[6].w",
        ];
        assert_eq!(lost, wanted);
    }

    /// What a client packs into one block was several, and has left others behind: later ones count as it counts.
    #[test]
    fn unpacked_blocks_have_the_clients_numbers() {
        let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[
            {"type":"redacted_thinking","data":"of-another"},{"type":"text","text":"a"},
            {"type":"tool_use","id":"c","name":"f","input":{},"cache_control":{"type":"ephemeral"}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"1"}]}]}"#;
        let lost = lost(Api::Messages, Api::Completions, body);
        assert_eq!(lost, ["messages[1].content[0]", "messages[1].content[2].cache_control"]);
    }

    #[test]
    fn results_of_tools_are_messages_of_their_own() {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"Hi"},
            {"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}},
                {"id":"d","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c","content":"1"},{"role":"tool","tool_call_id":"d","content":"2","x":1}]}"#;
        assert_eq!(lost(Api::Completions, Api::Messages, body), ["messages[3].x"]);
    }

    #[test]
    fn ids_of_items_are_no_loss() {
        let body = r#"{"model":"m","instructions":"Be brief.","input":[
            {"type":"message","id":"msg_1","role":"user","content":[{"type":"input_text","text":"Hi"}]},
            {"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}","status":"completed"},
            {"type":"function_call_output","id":"fco_1","call_id":"c","output":"1","unheard_of":true}]}"#;
        assert_eq!(lost(Api::Responses, Api::Completions, body), ["input[2].unheard_of"]);
    }
}
