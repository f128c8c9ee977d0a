//! A request, written for a provider.

use std::borrow::Cow;

use bytes::BytesMut;

use crate::api::family::Api;
use crate::api::responses::{history, tools};
use crate::api::rest::losses;
use crate::api::{effort, form, openai};
use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Format, Loss, Request, Thinking, ThinkingMode, Why};
use crate::wire::json::{Json, Writer};

/// Writes a request for a provider.
pub(in crate::api::responses) fn write(
    request: &Request<'_>,
    quirks: &Quirks,
    out: &mut BytesMut,
) -> Result<Vec<Loss>, Error> {
    let own = request.api == Some(Api::Responses);
    let mut losses = losses(request, Api::Responses)?;
    let mut held = String::new();
    let request = &*form::adapt(request, Api::Responses, quirks, &mut held, &mut losses)?;
    tools::refuse_foreign(&request.tools, request.tool_choice.as_ref())?;
    if !own {
        history::refuse_foreign(&request.turns)?;
    }
    lose(request, &mut losses);
    Writer::new(out).object(|w| Members { request, quirks, own, losses: &mut losses }.write(w));
    Ok(losses)
}

/// What this API has no place for at the top level.
fn lose(request: &Request<'_>, losses: &mut Vec<Loss>) {
    let mut lost = |name: &'static str, is_there: bool| {
        if is_there {
            losses.push(Loss::dropped(name));
        }
    };
    lost("top_k", request.top_k.is_some());
    lost("seed", request.seed.is_some());
    lost("frequency_penalty", request.frequency_penalty.is_some());
    lost("presence_penalty", request.presence_penalty.is_some());
    lost("stop", !request.stop.is_empty());
    lost("n", request.answers.is_some_and(|answers| answers != 1));
}

/// The word by which `include` asks for log probabilities.
pub(super) const LOGPROBS: &str = "message.output_text.logprobs";

/// The members of a request in writing.
struct Members<'q, 'a> {
    request: &'q Request<'a>,
    quirks: &'q Quirks,
    own: bool,
    losses: &'q mut Vec<Loss>,
}

impl<'q> Members<'q, '_> {
    fn write(mut self, w: &mut Writer<'_>) {
        w.key("model").string(&self.request.model);
        let marks = self.quirks.extras.contains(&openai::BREAKPOINT);
        history::write(&self.request.turns, self.own, marks, self.losses, w);
        self.write_tools(w);
        self.write_sampling(w);
        self.write_thinking(w);
        self.write_text(w);
        self.write_bookkeeping(w);
        self.write_rest(w);
    }

    /// Whether the provider takes the member; a loss where not.
    fn takes(&mut self, name: &'static str) -> bool {
        let refused = self.quirks.drops.contains(&name);
        if refused {
            self.losses.push(Loss::dropped(name));
        }
        !refused
    }

    fn string(&mut self, name: &'static str, value: Option<&str>, w: &mut Writer<'_>) {
        if let Some(value) = value.filter(|_| self.takes(name)) {
            w.key(name).string(value);
        }
    }

    fn json(&mut self, name: &'static str, value: Option<Json<'_>>, w: &mut Writer<'_>) {
        if let Some(value) = value.filter(|_| self.takes(name)) {
            w.key(name).json(value);
        }
    }

    fn boolean(&mut self, name: &'static str, value: Option<bool>, w: &mut Writer<'_>) {
        if let Some(value) = value.filter(|_| self.takes(name)) {
            w.key(name).boolean(value);
        }
    }

    fn integer(&mut self, name: &'static str, value: Option<u64>, w: &mut Writer<'_>) {
        if let Some(value) = value.filter(|_| self.takes(name)) {
            w.key(name).integer(value);
        }
    }

    fn write_tools(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        if !request.tools.is_empty() {
            w.key("tools").array(|a| tools::write(&request.tools, self.own, self.losses, a));
        }
        if let Some(choice) = &request.tool_choice {
            tools::write_choice(choice, &request.tools, w.key("tool_choice"));
        }
        self.boolean("parallel_tool_calls", request.parallel_tools, w);
    }

    fn write_sampling(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        self.integer("max_output_tokens", request.max_tokens, w);
        self.write_temperature(w);
        self.json("top_p", request.top_p, w);
        self.integer("top_logprobs", request.logprobs.filter(|&count| count > 0), w);
    }

    fn write_temperature(&mut self, w: &mut Writer<'_>) {
        let Some(asked) = self.request.temperature.filter(|_| self.takes("temperature")) else { return };
        let over = |highest: &f32| asked.decimal().is_some_and(|asked| asked > *highest);
        let Some(highest) = self.quirks.max_temperature.filter(over) else {
            return w.key("temperature").json(asked);
        };
        self.losses.push(Loss::new("temperature", Why::Clamped));
        w.key("temperature").raw(&highest.to_string());
    }

    fn write_thinking(&mut self, w: &mut Writer<'_>) {
        let (effort, summary) = self.thinking();
        let others = self.inside("reasoning.");
        if effort.is_none() && summary.is_none() && others.is_empty() || !self.takes("reasoning") {
            return;
        }
        w.key("reasoning").object(|o| {
            effort.iter().for_each(|effort| o.key("effort").string(effort));
            summary.iter().for_each(|summary| o.key("summary").string(summary));
            others.iter().for_each(|(name, value)| o.key(name).json(*value));
        });
    }

    /// Effort and summary as this API words them.
    fn thinking(&mut self) -> (Option<Cow<'static, str>>, Option<Cow<'static, str>>) {
        let Some(thinking) = &self.request.thinking else { return (None, None) };
        let effort = thinking.effort.as_deref().map(|effort| Cow::Owned(effort.to_owned()));
        let summary = thinking.summary.as_deref().filter(|summary| *summary != "omitted");
        let summary = summary.map(|summary| Cow::Owned(summary.to_owned()));
        if self.own {
            return (effort, summary);
        }
        let visible = matches!(thinking.mode, ThinkingMode::Enabled | ThinkingMode::Adaptive)
            && thinking.summary.as_deref() != Some("omitted");
        let summary = summary.or(visible.then_some(Cow::Borrowed("auto")));
        (effort.or_else(|| self.effort_of_budget(thinking)), summary)
    }

    /// The effort nearest to a budget of tokens, where only that is given.
    fn effort_of_budget(&mut self, thinking: &Thinking<'_>) -> Option<Cow<'static, str>> {
        if thinking.mode == ThinkingMode::Disabled {
            // Not every model can think nothing, and those that can do so by themselves or on `none`.
            self.losses.push(Loss::dropped("thinking"));
            return None;
        }
        let budget = thinking.budget?;
        self.losses.push(Loss::new("thinking.budget", Why::Approximated));
        Some(Cow::Borrowed(effort::nearest(budget)))
    }

    fn write_text(&mut self, w: &mut Writer<'_>) {
        let (format, verbosity) = (&self.request.format, &self.request.verbosity);
        let others = self.inside("text.");
        if format.is_none() && verbosity.is_none() && others.is_empty() {
            return;
        }
        w.key("text").object(|o| {
            if let Some(format) = format {
                self.write_format(format, o.key("format"));
            }
            verbosity.iter().for_each(|verbosity| o.key("verbosity").string(verbosity));
            others.iter().for_each(|(name, value)| o.key(name).json(*value));
        });
    }

    fn write_format(&mut self, format: &Format<'_>, w: &mut Writer<'_>) {
        w.object(|o| match format {
            Format::Text => o.key("type").string("text"),
            Format::Json => o.key("type").string("json_object"),
            Format::Schema { name, description, schema, strict } => {
                o.key("type").string("json_schema");
                o.key("name").string(name.as_deref().unwrap_or("answer"));
                description.iter().for_each(|description| o.key("description").string(description));
                o.key("schema").json(*schema);
                let strict = openai::strict_form(*strict, *schema, self.request.api, self.losses);
                strict.iter().for_each(|&strict| o.key("strict").boolean(strict));
            }
        });
    }

    /// A client of another API did not ask for its answer to be kept.
    fn write_bookkeeping(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        self.boolean("store", request.store.or((!self.own).then_some(false)), w);
        self.boolean("stream", request.stream.then_some(true), w);
        self.string("user", request.user.as_deref(), w);
        self.json("metadata", request.metadata, w);
        self.string("service_tier", request.service_tier.as_deref().map(openai::tier), w);
        self.string("prompt_cache_key", request.cache_key.as_deref(), w);
        let tokens = !self.own && request.logprobs.is_some();
        let wanted = [("reasoning.encrypted_content", self.wants_seals()), (LOGPROBS, tokens)];
        if wanted.iter().any(|(_, wanted)| *wanted) {
            let words = wanted.into_iter().filter(|(_, wanted)| *wanted);
            w.key("include").array(|a| words.for_each(|(word, _)| a.string(word)));
        }
    }

    /// Reasoning that nobody keeps can only come back sealed.
    fn wants_seals(&self) -> bool {
        let thinks = self.request.thinking.as_ref().is_some_and(|it| it.mode != ThinkingMode::Disabled);
        !self.own && thinks && self.request.store != Some(true)
    }

    /// The members of `rest` that stand inside of the member that `prefix` names.
    fn inside(&self, prefix: &str) -> Vec<(&'q str, Json<'q>)> {
        let (rest, own) = (self.request.rest.iter(), self.own);
        rest.filter(|_| own).filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, *value))).collect()
    }

    fn write_rest(&mut self, w: &mut Writer<'_>) {
        let is_inside = |name: &str| name.starts_with("reasoning.") || name.starts_with("text.");
        let from = self.request.api.unwrap_or(Api::Responses);
        let is_known = |name: &str| self.own || openai::is_shared(from, Api::Responses, name);
        for (name, value) in self.request.rest.iter().filter(|(name, _)| is_known(name) && !is_inside(name)) {
            match self.quirks.drops.iter().find(|dropped| *dropped == name) {
                Some(dropped) => self.losses.push(Loss::dropped(*dropped)),
                None => w.key(name).json(*value),
            }
        }
    }
}
