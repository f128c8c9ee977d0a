//! What a provider did itself while it answered, as far as more than one API can tell of it: searches and runs of code.
//!
//! Each API tells it in blocks of its own, some in two (what was asked, what came of it), some in one; so steps wait
//! until something else comes.

use std::borrow::Cow;

use super::family::Api;
use super::lost;
use crate::ir::{Event, Loss, Open, Why};
use crate::wire::json::Json;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The provider's id of what was done, which what came of it has too; empty where there is none.
    pub id: Cow<'a, str>,
    pub what: What<'a>,
}

/// What was done, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// The web was searched for this.
    Searched(Cow<'a, str>),
    /// Addresses were found, some with titles.
    Found(Vec<(Cow<'a, str>, Cow<'a, str>)>),
    /// This code was run.
    Ran(Cow<'a, str>),
    /// It wrote this.
    Printed { text: Cow<'a, str>, failed: bool },
}

/// Tells clients of `to` of steps in the words of other APIs, in an answer on its way from a reader to a writer.
#[derive(Debug)]
pub(super) struct Tell {
    to: Api,
    waiting: Vec<Step<'static>>,
    /// Whether a block is open that is told of in another way.
    hidden: bool,
    /// How many blocks have been given on.
    count: u32,
}

impl Tell {
    pub(super) fn new(to: Api) -> Tell {
        Tell { to, waiting: Vec::new(), hidden: false, count: 0 }
    }

    /// Takes the next event and gives 0..n on, blocks counted anew.
    pub(super) fn push(&mut self, event: Event<'_>, sink: &mut dyn FnMut(Event<'_>)) {
        match event {
            Event::Open { block: Open::Opaque { api, ref raw }, .. }
                if api != self.to && self.note(api, raw, sink) =>
            {
                self.hidden = true;
            }
            Event::Open { block, .. } => {
                self.tell(sink);
                sink(Event::Open { index: self.count, block });
            }
            Event::Delta { delta, .. } => sink(Event::Delta { index: self.count, delta }),
            Event::Close { .. } if std::mem::take(&mut self.hidden) => {}
            Event::Close { .. } => {
                sink(Event::Close { index: self.count });
                self.count += 1;
            }
            Event::Stop(_) | Event::Fail(_) => {
                self.tell(sink);
                sink(event);
            }
            event => sink(event),
        }
    }

    /// Whether a block tells of steps.
    fn note(&mut self, api: Api, raw: &str, sink: &mut dyn FnMut(Event<'_>)) -> bool {
        let block = Json::parse(raw.as_bytes()).unwrap_or(Json::NULL);
        let mut losses = Vec::new();
        let steps = api.read().steps(block, &mut losses);
        let any = !steps.is_empty();
        if steps.iter().any(|step| self.to.write().tells(&step.what)) {
            let kind = block.get("type").and_then(Json::string).map(|kind| [&*kind, "."].concat());
            let shape = api.read().step_shape();
            lost::unknown(block, shape, &kind.unwrap_or_default(), &mut |loss| losses.push(loss));
            losses.into_iter().for_each(|loss| sink(Event::Lost(loss)));
        }
        self.waiting.extend(steps.into_iter().map(Step::into_static));
        any
    }

    fn tell(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        if self.waiting.is_empty() {
            return;
        }
        let steps = std::mem::take(&mut self.waiting);
        for step in steps.iter().filter(|step| !self.to.write().tells(&step.what)) {
            sink(Event::Lost(Loss::of_answer(step.what.name(), Why::Dropped)));
        }
        let mut losses = Vec::new();
        for raw in self.to.write().steps(&steps, self.count, &mut losses) {
            let block = Open::Opaque { api: self.to, raw: Cow::Owned(raw) };
            sink(Event::Open { index: self.count, block });
            sink(Event::Close { index: self.count });
            self.count += 1;
        }
        losses.into_iter().for_each(|loss| sink(Event::Lost(loss)));
    }
}

impl What<'_> {
    /// The work's name, for losses.
    pub(super) fn name(&self) -> &'static str {
        match self {
            What::Searched(_) | What::Found(_) => "web_search",
            What::Ran(_) | What::Printed { .. } => "code_execution",
        }
    }
}

impl Step<'_> {
    /// Whether this is what came of an earlier step: some providers give neither an id.
    pub(super) fn came_of(&self, earlier: &Step<'_>) -> bool {
        let is_its = earlier.id.is_empty() || self.id.is_empty() || earlier.id == self.id;
        let is_outcome = matches!(
            (&earlier.what, &self.what),
            (What::Searched(_), What::Found(_)) | (What::Ran(_), What::Printed { .. })
        );
        is_its && is_outcome
    }

    fn into_static(self) -> Step<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let what = match self.what {
            What::Searched(query) => What::Searched(owned(query)),
            What::Found(pages) => {
                What::Found(pages.into_iter().map(|(url, title)| (owned(url), owned(title))).collect())
            }
            What::Ran(code) => What::Ran(owned(code)),
            What::Printed { text, failed } => What::Printed { text: owned(text), failed },
        };
        Step { id: owned(self.id), what }
    }
}
