//! A request, written for a provider.

use std::fmt::Display;

use bytes::BytesMut;

use crate::api::completions::{message, thinking, tool};
use crate::api::context::Context;
use crate::api::family::Api;
use crate::api::rest::losses;
use crate::api::{form, openai};
use crate::dialect::{MaxTokens, Quirks};
use crate::error::Error;
use crate::ir::{Cache, Format, Loss, Request, Rest, Why};
use crate::wire::json::{Json, Writer};

/// Writes a request in the provider's dialect.
pub(in crate::api::completions) fn write(
    request: &Request<'_>,
    quirks: &Quirks,
    out: &mut BytesMut,
) -> Result<Vec<Loss>, Error> {
    let own = request.api.is_none_or(|api| api == Api::Completions);
    let mut losses = losses(request, Api::Completions)?;
    let mut held = String::new();
    let request = &*form::adapt(request, Api::Completions, quirks, &mut held, &mut losses)?;
    let mut context = Context::new(own, quirks, losses);
    Writer::new(out).object(|o| {
        o.key("model").string(&request.model);
        o.key("messages").array(|a| message::write(&request.turns, &mut context, a));
        write_tools(request, &mut context, o);
        write_limits(request, &mut context, o);
        write_sampling(request, &mut context, o);
        write_form(request, &mut context, o);
        write_account(request, &mut context, o);
        write_streaming(request, &mut context, o);
        write_rest(request, &mut context, o);
    });
    context.finish()
}

fn write_tools(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let tools = request.tools.iter().enumerate().map(|(index, tool)| (format!("tools[{index}]"), tool));
    let (searches, tools): (Vec<_>, Vec<_>) = tools.partition(|(_, tool)| tool::is_search(tool, context));
    if !tools.is_empty() {
        o.key("tools").array(|a| tools.iter().for_each(|(path, tool)| tool::write(tool, path, context, a)));
    }
    if let Some((path, search)) = searches.first().filter(|_| context.may(tool::SEARCH)) {
        tool::write_search(search, path, context, o.key(tool::SEARCH));
    }
    if let Some(choice) = request.tool_choice.as_ref().filter(|_| context.may("tool_choice")) {
        tool::write_choice(choice, &request.tools, context, o);
    }
    // OpenAI refuses the switch where there is nothing to switch.
    let parallel = request.parallel_tools.filter(|_| context.own || !request.tools.is_empty());
    if let Some(parallel) = parallel.filter(|_| context.may("parallel_tool_calls")) {
        o.key("parallel_tool_calls").boolean(parallel);
    }
}

/// D7: the limit has the name that the provider knows.
fn write_limits(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let name = match context.quirks.max_tokens {
        MaxTokens::Completion => "max_completion_tokens",
        MaxTokens::Legacy => "max_tokens",
    };
    if let Some(limit) = request.max_tokens.filter(|_| context.may(name)) {
        o.key(name).integer(limit);
    }
    if !request.stop.is_empty() && context.may("stop") {
        let most = if context.own { usize::MAX } else { context.quirks.stops };
        if request.stop.len() > most {
            context.lose(Loss::new("stop", Why::Clamped));
        }
        o.key("stop").array(|a| request.stop.iter().take(most).for_each(|text| a.string(text)));
    }
    match request.answers {
        Some(answers) if context.own && context.may("n") => o.key("n").integer(answers),
        Some(answers @ 2..) if takes_several(request, context) && context.may("n") => {
            o.key("n").integer(answers);
        }
        // D19: the others of several answers would be made, paid for, and thrown away.
        Some(2..) if !takes_several(request, context) => context.lose(Loss::dropped("n")),
        _ => {}
    }
}

/// Whether the client's API has answers of several choices.
fn takes_several(request: &Request<'_>, context: &Context<'_>) -> bool {
    context.own || request.api == Some(Api::Generate)
}

fn write_sampling(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    context.write_clamped(request.temperature, o);
    context.write_json("top_p", request.top_p, o);
    if request.top_k.is_some() && context.may_extra("top_k") {
        context.write_json("top_k", request.top_k, o);
    }
    context.write_json("seed", request.seed, o);
    context.write_json("frequency_penalty", request.frequency_penalty, o);
    context.write_json("presence_penalty", request.presence_penalty, o);
    if let Some(alternatives) = request.logprobs.filter(|_| context.may("logprobs")) {
        o.key("logprobs").boolean(true);
        if alternatives > 0 {
            o.key("top_logprobs").integer(alternatives);
        }
    }
}

/// Writes what the answer is to be like.
fn write_form(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if let Some(format) = request.format.as_ref().filter(|_| context.may("response_format")) {
        o.key("response_format").object(|o| write_format(format, request.api, context, o));
    }
    thinking::write(request, context, o);
    if let Some(verbosity) = request.verbosity.as_ref().filter(|_| context.may_extra("verbosity")) {
        o.key("verbosity").string(verbosity);
    }
}

fn write_format(format: &Format<'_>, from: Option<Api>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let (name, description, schema, strict) = match format {
        Format::Text => return o.key("type").string("text"),
        Format::Json => return o.key("type").string("json_object"),
        Format::Schema { name, description, schema, strict } => (name, description, schema, strict),
    };
    o.key("type").string("json_schema");
    o.key("json_schema").object(|o| {
        // The API demands a name.
        o.key("name").string(name.as_deref().unwrap_or("answer"));
        if let Some(description) = description {
            o.key("description").string(description);
        }
        o.key("schema").json(*schema);
        let strict = openai::strict_form(*strict, *schema, from, context.losses());
        strict.iter().for_each(|&strict| o.key("strict").boolean(strict));
    });
}

/// Writes what the provider keeps of the request and whom it counts it to.
fn write_account(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    let tier =
        request.service_tier.as_deref().map(|word| if context.own { word } else { openai::tier(word) });
    for (name, word) in [("service_tier", tier), ("prompt_cache_key", request.cache_key.as_deref())] {
        if let Some(word) = word.filter(|_| context.may_extra(name)) {
            o.key(name).string(word);
        }
    }
    if let Some(user) = request.user.as_ref().filter(|_| context.may("user")) {
        o.key("user").string(user);
    }
    if request.metadata.is_some() && context.may_extra("metadata") {
        context.write_json("metadata", request.metadata, o);
    }
    if let Some(store) = request.store.filter(|_| context.may_extra("store")) {
        o.key("store").boolean(store);
    }
}

/// Usage is asked for whether or not the client can ask for it: most APIs always give it (E4).
fn write_streaming(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if !request.stream || !context.may("stream") {
        return;
    }
    o.key("stream").boolean(true);
    let usage = request.include_usage.or((!context.own).then_some(true));
    let usage = usage.filter(|_| context.quirks.stream_usage && context.may("stream_options"));
    let rest = if context.own { options(&request.rest) } else { Rest::new() };
    if usage.is_none() && rest.is_empty() {
        return;
    }
    o.key("stream_options").object(|o| {
        if let Some(usage) = usage {
            o.key("include_usage").boolean(usage);
        }
        context.write_inner(&rest, STREAM_OPTIONS, &"", o);
    });
}

/// How members of `stream_options` are named in `rest`.
const STREAM_OPTIONS: &str = "stream_options.";

fn options<'a>(rest: &Rest<'a>) -> Rest<'a> {
    rest.iter().filter(|(name, _)| name.starts_with(STREAM_OPTIONS)).cloned().collect()
}

fn write_rest(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if !context.own {
        return write_shared(request, context, o);
    }
    for (name, value) in request.rest.iter().filter(|(name, _)| !name.starts_with(STREAM_OPTIONS)) {
        context.write_json(name, Some(*value), o);
    }
}

/// Writes what clients of Responses say in the same words, to whom knows keys of caches.
fn write_shared(request: &Request<'_>, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if request.api != Some(Api::Responses) {
        return;
    }
    let knows = context.quirks.extras.contains(&"prompt_cache_key");
    for (name, value) in request.rest.iter().filter(|(name, _)| openai::SHARED.contains(&&**name)) {
        match knows {
            true => context.write_json(name, Some(*value), o),
            false => context.lose(Loss::dropped(name.clone().into_owned())),
        }
    }
}

impl Context<'_> {
    /// The provider's word for an effort.
    pub(in crate::api::completions) fn effort<'e>(&mut self, asked: &'e str) -> Option<&'e str> {
        if self.quirks.efforts.is_empty() {
            return Some(asked);
        }
        let pair = self.quirks.efforts.iter().find(|(word, _)| word.eq_ignore_ascii_case(asked));
        match pair {
            Some((_, own)) if own.eq_ignore_ascii_case(asked) => {}
            Some(_) => self.lose(Loss::new("thinking.effort", Why::Approximated)),
            None => self.lose(Loss::dropped("thinking.effort")),
        }
        pair.map(|(_, own)| *own)
    }

    /// The same for a member that not every provider knows. A client of this API is believed to know its provider.
    pub(in crate::api::completions) fn may_extra(&mut self, name: &str) -> bool {
        if self.own || self.quirks.extras.contains(&name) {
            return self.may(name);
        }
        self.lose(Loss::dropped(name.to_owned()));
        false
    }

    fn write_json(&mut self, name: &str, value: Option<Json<'_>>, o: &mut Writer<'_>) {
        if let Some(value) = value.filter(|_| self.may(name)) {
            o.key(self.quirks.name(name)).json(value);
        }
    }

    fn write_clamped(&mut self, temperature: Option<Json<'_>>, o: &mut Writer<'_>) {
        let above = |highest: &f32| temperature.and_then(Json::decimal).is_some_and(|asked| asked > *highest);
        match self.quirks.max_temperature.filter(above) {
            None => self.write_json("temperature", temperature, o),
            Some(highest) if self.may("temperature") => {
                self.lose(Loss::new("temperature", Why::Clamped));
                o.key("temperature").raw(&highest.to_string());
            }
            Some(_) => {}
        }
    }

    /// Whether a part's caching mark is written.
    pub(in crate::api::completions) fn keeps_cache(&self, cache: Option<&Cache<'_>>) -> bool {
        cache.is_some_and(|mark| self.breaks_at(mark)) || self.knows_cache(cache)
    }

    /// Whether a mark is written in OpenAI's own words.
    fn breaks_at(&self, mark: &Cache<'_>) -> bool {
        if self.own { mark.breakpoint } else { self.quirks.extras.contains(&openai::BREAKPOINT) }
    }

    /// Whether a mark is written in Anthropic's words.
    fn knows_cache(&self, cache: Option<&Cache<'_>>) -> bool {
        cache.is_some() && (self.own || self.quirks.extras.contains(&"cache_control"))
    }

    /// Writes a part's caching mark where the provider knows them.
    pub(in crate::api::completions) fn write_mark(
        &mut self,
        cache: Option<&Cache<'_>>,
        path: impl Display,
        o: &mut Writer<'_>,
    ) {
        match cache.filter(|mark| self.breaks_at(mark)) {
            Some(mark) => openai::write_mark(mark, o),
            None => self.write_cache(cache, path, o),
        }
    }

    /// The same of what is no part, which OpenAI has no marks for.
    pub(in crate::api::completions) fn write_cache(
        &mut self,
        cache: Option<&Cache<'_>>,
        path: impl Display,
        o: &mut Writer<'_>,
    ) {
        let Some(mark) = cache else { return };
        if !self.knows_cache(cache) {
            return self.lose(Loss::dropped(format!("{path}.cache_control")));
        }
        o.key("cache_control").object(|o| {
            o.key("type").string("ephemeral");
            if let Some(ttl) = &mark.ttl {
                o.key("ttl").string(ttl);
            }
        });
    }
}
