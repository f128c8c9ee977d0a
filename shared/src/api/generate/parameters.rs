//! What is said about the answer: `generationConfig`.
//!
//! <https://ai.google.dev/api/generate-content#generationconfig>

mod thinking;

use std::borrow::Cow;

use super::schema;
use crate::api::context::Context;
use crate::api::family::Api;
use crate::api::member::keep_inner;
use crate::api::member::{boolean, integer, of_kind, optional, present, string, within};
use crate::error::Error;
use crate::ir::{Format, Loss, Request, Why};
use crate::wire::json::{Json, Kind, Writer};

/// The most texts that may end an answer.
const STOPS: usize = 5;

/// The highest temperature.
const HOTTEST: f32 = 2.0;

/// The members that have a place in the representation.
const NAMED: [&str; 16] = [
    "candidateCount",
    "frequencyPenalty",
    "logprobs",
    "maxOutputTokens",
    "presencePenalty",
    "responseJsonSchema",
    "responseLogprobs",
    "responseMimeType",
    "responseSchema",
    "seed",
    "stopSequences",
    "temperature",
    "thinkingConfig",
    "topK",
    "topP",
    "_responseJsonSchema",
];

/// Reads `generationConfig`.
pub(super) fn read<'a>(config: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let config = of_kind(config, "generationConfig", Kind::Object)?;
    keep_inner("generationConfig", config, &NAMED, &mut request.rest);
    read_members(config, request).map_err(within("generationConfig"))
}

fn read_members<'a>(config: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let number =
        |name: &str| present(config, name).map(|value| of_kind(value, name, Kind::Number)).transpose();
    let count = |name: &str| present(config, name).map(|value| integer(value, name)).transpose();
    request.temperature = number("temperature")?;
    request.top_p = number("topP")?;
    request.top_k = number("topK")?;
    request.seed = number("seed")?;
    request.frequency_penalty = number("frequencyPenalty")?;
    request.presence_penalty = number("presencePenalty")?;
    request.max_tokens = count("maxOutputTokens")?;
    request.answers = count("candidateCount")?;
    request.logprobs = read_logprobs(config)?;
    request.stop = read_stop(config)?;
    read_format(config, request)?;
    match present(config, "thinkingConfig") {
        Some(said) => thinking::read(said, request),
        None => Ok(()),
    }
}

fn read_logprobs(config: Json<'_>) -> Result<Option<u64>, Error> {
    let wanted =
        present(config, "responseLogprobs").map(|wanted| boolean(wanted, "responseLogprobs")).transpose()?;
    let count = present(config, "logprobs").map(|count| integer(count, "logprobs")).transpose()?;
    Ok(wanted.filter(|&wanted| wanted).map(|_| count.unwrap_or(0)))
}

fn read_stop<'a>(config: Json<'a>) -> Result<Vec<Cow<'a, str>>, Error> {
    let Some(stop) = present(config, "stopSequences") else { return Ok(Vec::new()) };
    let items = of_kind(stop, "stopSequences", Kind::Array)?.items().enumerate();
    items.map(|(index, text)| string(text, &format!("stopSequences[{index}]"))).collect()
}

fn read_format<'a>(config: Json<'a>, request: &mut Request<'a>) -> Result<(), Error> {
    let schemas = ["responseJsonSchema", "_responseJsonSchema", "responseSchema"];
    let schema = schemas.into_iter().find_map(|name| present(config, name));
    let media_type = optional(config, "responseMimeType")?;
    request.format = match (media_type.as_deref(), schema) {
        (Some("application/json"), Some(schema)) | (None, Some(schema)) => {
            Some(Format::Schema { name: None, description: None, schema, strict: None })
        }
        (Some("application/json"), None) => Some(Format::Json),
        (Some("text/plain"), _) => Some(Format::Text),
        (None, None) => None,
        // One word of a list, which is no JSON.
        (Some(_), _) => {
            keep_inner("generationConfig", config, &without_format(), &mut request.rest);
            None
        }
    };
    Ok(())
}

/// All members but those of the answer's form, which were passed over before.
fn without_format() -> Vec<&'static str> {
    Vec::from(NAMED)
        .into_iter()
        .filter(|name| !name.starts_with("response") || *name == "responseLogprobs")
        .collect()
}

/// Writes `generationConfig`, where there is anything to say.
pub(super) fn write(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    lose_the_homeless(request, context);
    let mut config = bytes::BytesMut::new();
    Writer::new(&mut config).object(|o| write_members(request, context, o));
    if let Some(config) = std::str::from_utf8(&config).ok().filter(|config| *config != "{}") {
        o.key("generationConfig").raw(config);
    }
}

fn write_members(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    request.max_tokens.iter().for_each(|&most| o.key("maxOutputTokens").integer(most));
    write_temperature(request.temperature, context, o);
    let numbers = [
        ("topP", request.top_p),
        ("topK", request.top_k),
        ("seed", request.seed),
        ("frequencyPenalty", request.frequency_penalty),
        ("presencePenalty", request.presence_penalty),
    ];
    for (name, value) in numbers {
        if let Some(value) = value.filter(|_| context.may(name)) {
            o.key(name).json(value);
        }
    }
    write_stop(request, context, o);
    write_answers(request, context, o);
    if let Some(format) = &request.format {
        write_format(format, context, o);
    }
    thinking::write(request, context, o);
    let inner = context.inner(request, "generationConfig.");
    inner.iter().filter(|(name, _)| !name.contains('.')).for_each(|(name, value)| o.key(name).json(*value));
}

fn write_temperature(temperature: Option<Json<'_>>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let Some(wanted) = temperature.filter(|_| context.may("temperature")) else { return };
    let most = context.quirks.max_temperature.unwrap_or(HOTTEST);
    if context.own || wanted.decimal().unwrap_or_default() <= most {
        return o.key("temperature").json(wanted);
    }
    context.lose(Loss::new("temperature", Why::Clamped));
    o.key("temperature").raw(&most.to_string());
}

fn write_stop(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let most = if context.own { usize::MAX } else { STOPS };
    if request.stop.is_empty() || !context.may("stopSequences") {
        return;
    }
    if request.stop.len() > most {
        context.lose(Loss::new("stop", Why::Clamped));
    }
    o.key("stopSequences").array(|a| request.stop.iter().take(most).for_each(|text| a.string(text)));
}

/// A single answer is what is given anyway; of several, clients of most other APIs would get but the first.
fn write_answers(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    match request.answers {
        Some(count) if context.own || request.api == Some(Api::Completions) => {
            o.key("candidateCount").integer(count);
        }
        Some(2..) => context.lose(Loss::dropped("n")),
        _ => {}
    }
    match request.logprobs {
        Some(count) if context.may("responseLogprobs") => {
            o.key("responseLogprobs").boolean(true);
            if context.own || count > 0 {
                o.key("logprobs").integer(count);
            }
        }
        _ => {}
    }
}

fn write_format(format: &Format<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    match format {
        Format::Text if context.own => o.key("responseMimeType").string("text/plain"),
        Format::Text => {}
        Format::Json => o.key("responseMimeType").string("application/json"),
        Format::Schema { description, schema, .. } => {
            o.key("responseMimeType").string("application/json");
            let value = o.key("responseJsonSchema");
            match context.own {
                true => value.json(*schema),
                false => schema::write(*schema, &"response_format.schema", context.losses(), value),
            }
            if description.is_some() {
                context.lose(Loss::dropped("response_format.description"));
            }
        }
    }
}

/// Writes which servers are to answer, where they are not the usual ones, and whether the provider may keep the answer.
pub(super) fn write_tier(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let word = match request.service_tier.as_deref() {
        Some(tier) if context.own => Some(tier),
        None | Some("auto") => None,
        Some("default" | "standard" | "standard_only") => Some("standard"),
        Some(tier @ ("flex" | "priority")) => Some(tier),
        Some(_) => {
            context.lose(Loss::dropped("service_tier"));
            None
        }
    };
    if let Some(word) = word.filter(|_| context.may("serviceTier")) {
        o.key("serviceTier").string(word);
    }
    match request.store {
        Some(store) if context.own => o.key("store").boolean(store),
        Some(true) => context.lose(Loss::dropped("store")),
        _ => {}
    }
}

/// Notes the parameters that the API has no place for.
fn lose_the_homeless(request: &Request<'_>, context: &mut Context<'_>) {
    let homeless = [
        ("parallel_tool_calls", request.parallel_tools == Some(false)),
        ("verbosity", request.verbosity.is_some()),
        ("user", request.user.is_some()),
        ("metadata", request.metadata.is_some()),
        ("prompt_cache_key", request.cache_key.is_some()),
    ];
    for (name, _) in homeless.into_iter().filter(|(_, said)| *said) {
        context.lose(Loss::dropped(name));
    }
}
