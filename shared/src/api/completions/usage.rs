//! Usage, as this API and its followers count.

use crate::api::aim::{Aim, Sink};
use crate::api::lost;
use crate::ir::Usage;
use crate::wire::json::{Json, Writer};

/// The members of `usage` that are read.
const COUNTS: [&str; 9] = [
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "completion_tokens_details",
    "prompt_cache_hit_tokens",
    "cached_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
];

/// Those of `prompt_tokens_details`.
const OF_INPUT: [&str; 3] = ["cached_tokens", "cache_write_tokens", "audio_tokens"];

/// Those of `completion_tokens_details`.
const OF_OUTPUT: [&str; 2] = ["reasoning_tokens", "audio_tokens"];

/// Reads `usage`, vendors' own names for the same counts included.
pub(super) fn read(usage: Json<'_>) -> Usage {
    let [input, output, total, of_input, of_output, hit, cached, read, created] = usage.pick(COUNTS);
    let count = |value: Option<Json<'_>>| value.and_then(Json::number::<u64>);
    let of_input = of_input.unwrap_or(Json::NULL);
    let [input_cached, written, input_audio] = of_input.pick(OF_INPUT);
    let [reasoning, output_audio] = of_output.unwrap_or(Json::NULL).pick(OF_OUTPUT);
    let (input, reasoning) = (count(input), count(reasoning));
    Usage {
        input,
        output: whole_output(input, count(output), reasoning, count(total)),
        // OpenAI; DeepSeek; Moonshot; gateways that kept Anthropic's name.
        cache_read: count(input_cached).or(count(hit)).or(count(cached)).or(count(read)),
        // OpenRouter; gateways that kept Anthropic's name.
        cache_write: count(written).or(count(created)),
        cache_write_1h: None,
        reasoning,
        audio_input: count(input_audio),
        audio_output: count(output_audio),
    }
}

/// Names the counts that have no place elsewhere.
pub(super) fn name_others(usage: Json<'_>, aim: Aim, sink: &mut Sink<'_>) {
    if !aim.tells_losses() {
        return;
    }
    let [of_input, of_output] = usage.pick(["prompt_tokens_details", "completion_tokens_details"]);
    let (of_input, of_output) = (of_input.unwrap_or(Json::NULL), of_output.unwrap_or(Json::NULL));
    lost::name_others(usage, &COUNTS, "usage.", aim, sink);
    lost::name_others(of_input, &OF_INPUT, "usage.prompt_tokens_details.", aim, sink);
    lost::name_others(of_output, &OF_OUTPUT, "usage.completion_tokens_details.", aim, sink);
}

/// The output, reasoning included. Some servers (xAI) count that beside the output: their total tells.
fn whole_output(
    input: Option<u64>,
    output: Option<u64>,
    reasoning: Option<u64>,
    total: Option<u64>,
) -> Option<u64> {
    let output = output?;
    let both = output.saturating_add(reasoning.unwrap_or(0));
    let beside = total == input.map(|input| input.saturating_add(both));
    Some(if beside { both } else { output })
}

/// Writes the value of `usage`.
pub(super) fn write(usage: &Usage, value: &mut Writer<'_>) {
    value.object(|o| {
        o.key("prompt_tokens").integer(usage.input.unwrap_or(0));
        o.key("completion_tokens").integer(usage.output.unwrap_or(0));
        o.key("total_tokens").integer(usage.total());
        let input = [
            ("cached_tokens", usage.cache_read),
            ("cache_write_tokens", usage.cache_write),
            ("audio_tokens", usage.audio_input),
        ];
        write_details("prompt_tokens_details", &input, o);
        let output = [("reasoning_tokens", usage.reasoning), ("audio_tokens", usage.audio_output)];
        write_details("completion_tokens_details", &output, o);
    });
}

fn write_details(name: &str, counts: &[(&str, Option<u64>)], o: &mut Writer<'_>) {
    if counts.iter().all(|(_, count)| count.is_none()) {
        return;
    }
    o.key(name).object(|o| {
        for (name, count) in counts {
            if let Some(count) = count {
                o.key(name).integer(*count);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    #[track_caller]
    fn check(text: &str, usage: Usage) {
        assert_eq!(read(Json::parse(text.as_bytes()).unwrap()), usage, "{text}");
    }

    const BASE: Usage = Usage {
        input: Some(10),
        output: Some(5),
        cache_read: None,
        cache_write: None,
        cache_write_1h: None,
        reasoning: None,
        audio_input: None,
        audio_output: None,
    };

    /// D10
    #[test]
    fn d10_counts_by_every_vendors_name() {
        check(r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#, BASE);
        let cached = Usage { cache_read: Some(4), ..BASE };
        for name in ["prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"] {
            check(&format!(r#"{{"prompt_tokens":10,"completion_tokens":5,"{name}":4}}"#), cached);
        }
        let openrouter = r#"{"prompt_tokens":10,"completion_tokens":5,
            "prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":2,"audio_tokens":null}}"#;
        check(openrouter, Usage { cache_write: Some(2), ..cached });
    }

    #[test]
    fn output_includes_reasoning() {
        let usage = |output: u64| {
            format!(
                r#"{{"prompt_tokens":10,"completion_tokens":{output},"total_tokens":15,
                "completion_tokens_details":{{"reasoning_tokens":3}}}}"#
            )
        };
        let wanted = Usage { reasoning: Some(3), ..BASE };
        check(&usage(5), wanted);
        check(&usage(2), wanted);
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let usage = Usage {
            cache_read: Some(4),
            cache_write: Some(3),
            reasoning: Some(2),
            audio_input: Some(1),
            audio_output: Some(0),
            ..BASE
        };
        let mut out = BytesMut::new();
        write(&usage, &mut Writer::new(&mut out));
        assert_eq!(read(Json::parse(&out).unwrap()), usage);
    }
}
