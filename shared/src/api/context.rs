//! What there is to know and to note while a request is written for a provider.

use std::fmt::Display;

use crate::dialect::Quirks;
use crate::error::Error;
use crate::ir::{Loss, Request, Rest};
use crate::wire::json::{Json, Writer};

/// What the functions of one writer share.
pub(super) struct Context<'c, More = ()> {
    /// Whether the client speaks this API too: its own words go back as they are.
    pub(super) own: bool,
    pub(super) quirks: &'c Quirks,
    /// What only this API's writer needs.
    pub(super) more: More,
    losses: Vec<Loss>,
    /// The first thing that can be neither written nor left out.
    refusal: Option<Error>,
}

impl<'c, More: Default> Context<'c, More> {
    /// With what was lost before writing began.
    pub(super) fn new(own: bool, quirks: &'c Quirks, losses: Vec<Loss>) -> Self {
        Context { own, quirks, more: More::default(), losses, refusal: None }
    }
}

impl<More> Context<'_, More> {
    /// What was lost, or why there is no request.
    pub(super) fn finish(self) -> Result<Vec<Loss>, Error> {
        self.refusal.map_or(Ok(self.losses), Err)
    }

    /// Notes that something is lost.
    pub(super) fn lose(&mut self, loss: Loss) {
        self.losses.push(loss);
    }

    /// Where to note what is lost.
    pub(super) fn losses(&mut self) -> &mut Vec<Loss> {
        &mut self.losses
    }

    /// Notes something that can be neither written nor left out.
    pub(super) fn refuse(&mut self, error: Error) {
        self.refusal.get_or_insert(error);
    }

    /// Whether the provider takes the client's value of a top-level member; it is lost otherwise.
    pub(super) fn may(&mut self, name: &str) -> bool {
        let set = self.quirks.sets.iter().any(|(own, _)| *own == name);
        let may = !set && !self.quirks.drops.contains(&name);
        if !may {
            self.lose(Loss::dropped(name.to_owned()));
        }
        may
    }

    /// The request's members that belong into the object before the dot.
    pub(super) fn inner<'r>(&self, request: &'r Request<'_>, outer: &str) -> Vec<(&'r str, Json<'r>)> {
        let own = request.rest.iter().filter(|_| self.own);
        own.filter_map(|(name, value)| Some((name.strip_prefix(outer)?, *value))).collect()
    }

    /// Writes members that the representation has no place for, or notes them as lost.
    pub(super) fn write_rest(&mut self, rest: &Rest<'_>, path: &dyn Display, o: &mut Writer<'_>) {
        self.write_inner(rest, "", path, o);
    }

    /// The same for members that `rest` names with a prefix.
    pub(super) fn write_inner(
        &mut self,
        rest: &Rest<'_>,
        prefix: &str,
        path: &dyn Display,
        o: &mut Writer<'_>,
    ) {
        if !self.own {
            return self.lose_rest(rest, path);
        }
        for (name, value) in rest {
            o.key(name.strip_prefix(prefix).unwrap_or(name)).json(*value);
        }
    }

    /// Notes members that only another API has.
    pub(super) fn lose_rest(&mut self, rest: &Rest<'_>, path: &dyn Display) {
        let lost = rest.iter().map(|(name, _)| Loss::dropped(format!("{path}.{name}")));
        self.losses.extend(lost);
    }

    /// Notes words about a medium that have no place.
    pub(super) fn lose_words(&mut self, words: &[(&str, Option<&str>)], path: &dyn Display) {
        lose_words(words, path, &mut self.losses);
    }

    /// Notes a mark on what is worth keeping, for an API without a place for it.
    pub(super) fn lose_cache(&mut self, marked: bool, path: &dyn Display) {
        if marked {
            self.lose(Loss::dropped(format!("{path}.cache_control")));
        }
    }
}

/// `auto` says nothing: so a medium is looked at anyway.
fn lose_words(words: &[(&str, Option<&str>)], path: &dyn Display, losses: &mut Vec<Loss>) {
    let said = words.iter().filter(|(_, word)| word.is_some_and(|word| word != "auto"));
    losses.extend(said.map(|(name, _)| Loss::dropped(format!("{path}.{name}"))));
}
