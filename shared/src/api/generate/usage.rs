//! Usage, as this API counts: thoughts stand beside `candidatesTokenCount`, what came from a cache is in
//! `promptTokenCount`.
//!
//! <https://ai.google.dev/api/generate-content#UsageMetadata>

use crate::api::aim::{Aim, Sink};
use crate::api::lost::{self, Shape};
use crate::ir::{Event, Loss, Usage, Why};
use crate::wire::json::{Json, Writer};

/// The members of `usageMetadata` that are read, and those that follow from them or are read elsewhere.
const COUNTS: [&str; 9] = [
    "promptTokenCount",
    "toolUsePromptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "cachedContentTokenCount",
    "promptTokensDetails",
    "candidatesTokensDetails",
    "totalTokenCount",
    "serviceTier",
];

/// What the tokens of a kind are told by.
const DETAIL: Shape = Shape(&[("modality", None), ("tokenCount", None)]);

/// Reads `usageMetadata`.
pub(super) fn read(usage: Json<'_>) -> Usage {
    let [prompt, of_tools, candidates, thoughts, cached, of_prompt, of_candidates, ..] = usage.pick(COUNTS);
    let count = |value: Option<Json<'_>>| value.and_then(Json::number::<u64>);
    let sum =
        |one: Option<u64>, other: Option<u64>| [one, other].into_iter().flatten().reduce(u64::saturating_add);
    let audio = |details: Option<Json<'_>>| {
        let of_audio =
            |detail: &Json<'_>| detail.get("modality").and_then(Json::string).as_deref() == Some("AUDIO");
        details?.items().find(of_audio)?.get("tokenCount")?.number()
    };
    Usage {
        input: sum(count(prompt), count(of_tools)),
        output: sum(count(candidates), count(thoughts)),
        cache_read: count(cached),
        reasoning: count(thoughts),
        audio_input: audio(of_prompt),
        audio_output: audio(of_candidates),
        ..Usage::default()
    }
}

/// Names the counts that have no place elsewhere: what an answer's parts of other kinds than words and recordings used.
pub(super) fn name_others(usage: Json<'_>, aim: Aim, sink: &mut Sink<'_>) {
    if !aim.tells_losses() {
        return;
    }
    lost::name_others(usage, &COUNTS, "usageMetadata.", aim, sink);
    for detail in ["promptTokensDetails", "candidatesTokensDetails"].iter().filter_map(|name| usage.get(name))
    {
        lost::name_unknown(detail, &DETAIL, "usageMetadata.", aim, sink);
    }
    for name in ["promptTokensDetails", "candidatesTokensDetails"] {
        let kinds = usage.get(name).into_iter().flat_map(Json::items);
        let mut kinds = kinds.filter_map(|detail| detail.get("modality")?.string());
        if kinds.any(|kind| kind != "TEXT" && kind != "AUDIO") {
            sink(Event::Lost(Loss::of_answer(format_args!("usageMetadata.{name}"), Why::Dropped)));
        }
    }
}

/// Writes `usageMetadata`.
pub(super) fn write(usage: &Usage, value: &mut Writer<'_>) {
    let words = usage.output.unwrap_or(0).saturating_sub(usage.reasoning.unwrap_or(0));
    value.object(|o| {
        o.key("promptTokenCount").integer(usage.input.unwrap_or(0));
        o.key("candidatesTokenCount").integer(words);
        o.key("totalTokenCount").integer(usage.total());
        usage.cache_read.iter().for_each(|&count| o.key("cachedContentTokenCount").integer(count));
        usage.reasoning.iter().for_each(|&count| o.key("thoughtsTokenCount").integer(count));
        write_audio("promptTokensDetails", usage.audio_input, o);
        write_audio("candidatesTokensDetails", usage.audio_output, o);
    });
}

fn write_audio(name: &str, count: Option<u64>, o: &mut Writer<'_>) {
    let Some(count) = count else { return };
    o.key(name).array(|a| {
        a.object(|o| {
            o.key("modality").string("AUDIO");
            o.key("tokenCount").integer(count);
        });
    });
}
