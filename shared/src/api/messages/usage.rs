//! Usage, as this API counts: what was read from or written to a cache stands beside `input_tokens`, not in it.
//!
//! <https://docs.anthropic.com/en/api/messages#response-usage>

use crate::api::lost::Shape;
use crate::ir::Usage;
use crate::wire::json::{Json, Writer};

/// The members of a `usage` that are read.
const KNOWN: [&str; 6] = [
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
    "output_tokens_details",
];

/// The same and the tier, with what is in them. What was kept for five minutes is what was not kept for an hour.
pub(super) const SHAPE: Shape = Shape(&[
    ("input_tokens", None),
    ("output_tokens", None),
    ("cache_read_input_tokens", None),
    ("cache_creation_input_tokens", None),
    (
        "cache_creation",
        Some(&Shape(&[("ephemeral_5m_input_tokens", None), ("ephemeral_1h_input_tokens", None)])),
    ),
    ("output_tokens_details", Some(&Shape(&[("thinking_tokens", None)]))),
    ("service_tier", None),
]);

/// What the provider has said so far, in its own counts. Each event repeats only some of them (E14).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    input: Option<u64>,
    rest: Usage,
}

impl Counts {
    /// Takes over what a `usage` says.
    pub(super) fn update(&mut self, usage: Json<'_>) {
        let [input, output, read, created, creation, details] = usage.pick(KNOWN);
        let count = |value: Option<Json<'_>>| value.and_then(Json::number);
        let inner = |value: Option<Json<'_>>, name| count(value.and_then(|value| value.get(name)));
        self.input = count(input).or(self.input);
        self.rest.update(&Usage {
            output: count(output),
            cache_read: count(read),
            cache_write: count(created),
            cache_write_1h: inner(creation, "ephemeral_1h_input_tokens"),
            reasoning: inner(details, "thinking_tokens"),
            ..Usage::default()
        });
    }

    /// The same in the representation's counts; none where nothing was said.
    pub(super) fn usage(&self) -> Option<Usage> {
        let parts = [self.input, self.rest.cache_read, self.rest.cache_write];
        let input = parts.into_iter().flatten().reduce(u64::saturating_add);
        let usage = Usage { input, ..self.rest };
        (usage != Usage::default()).then_some(usage)
    }
}

/// Writes the `usage` of a whole answer, or of the beginning of one.
pub(super) fn write(usage: &Usage, tier: Option<&str>, value: &mut Writer<'_>) {
    value.object(|o| {
        write_counts(usage, o);
        if let Some(hour) = usage.cache_write_1h {
            o.key("cache_creation").object(|o| {
                let minutes = usage.cache_write.unwrap_or(hour).saturating_sub(hour);
                o.key("ephemeral_5m_input_tokens").integer(minutes);
                o.key("ephemeral_1h_input_tokens").integer(hour);
            });
        }
        tier.and_then(tier_word).iter().for_each(|tier| o.key("service_tier").string(tier));
    });
}

/// Writes the `usage` that a stream ends with, all of it: what came before may have been incomplete.
pub(super) fn write_last(usage: &Usage, value: &mut Writer<'_>) {
    value.object(|o| write_counts(usage, o));
}

/// The two counts that the API always gives are 0 where the provider did not say.
fn write_counts(usage: &Usage, o: &mut Writer<'_>) {
    o.key("input_tokens").integer(usage.uncached_input());
    let cached =
        [("cache_creation_input_tokens", usage.cache_write), ("cache_read_input_tokens", usage.cache_read)];
    for (name, count) in cached {
        count.iter().for_each(|&count| o.key(name).integer(count));
    }
    o.key("output_tokens").integer(usage.output.unwrap_or(0));
    if let Some(reasoning) = usage.reasoning {
        o.key("output_tokens_details").object(|o| o.key("thinking_tokens").integer(reasoning));
    }
}

/// The tier in the API's words; other providers' that it has no word for are left out.
pub(super) fn tier_word(tier: &str) -> Option<&str> {
    match tier {
        "standard" | "priority" | "batch" => Some(tier),
        "default" => Some("standard"),
        _ => None,
    }
}
