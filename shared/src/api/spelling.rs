//! Where something stood, in the words of whoever sent it.
//!
//! Writers name places as the representation has them. A client has to find them in its own request: its API has other
//! names for the members, and counts what is said in its own way.

use std::borrow::Cow;

use super::family::Api;
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
    ("messages", "input"),
    ("thinking", "reasoning"),
    ("reasoning_effort", "reasoning.effort"),
    ("response_format", "text.format"),
    ("verbosity", "text.verbosity"),
    ("max_tokens", "max_output_tokens"),
    ("logprobs", "top_logprobs"),
];

const GENERATE: Words = &[
    ("messages", "contents"),
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

/// What Responses calls what is said about a part.
const RESPONSES_INSIDE: &[(&str, &str)] = &[
    (".cache_control", ".prompt_cache_breakpoint"),
    (".citations", ".annotations"),
    (".title", ".filename"),
];

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
    let (list, words): (_, &[(&str, &str)]) = match api {
        Api::Generate => ("contents", &[(".content", ".parts"), (".title", ".displayName")]),
        Api::Responses => ("input", RESPONSES_INSIDE),
        _ => ("messages", &[]),
    };
    let rest = format!("{inside}{rest}");
    let spelled = words.iter().fold(rest, |rest, (ours, theirs)| rest.replacen(ours, theirs, 1));
    format!("{list}[{message}]{spelled}")
}
