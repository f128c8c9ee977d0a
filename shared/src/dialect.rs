//! Providers as rows of data: where each is, what it speaks, how it wants its key, what it refuses.
//!
//! A base is the complete root of an API. What is called follows from the provider and the API spoken with it, never
//! from the path that a client came by.
//!
//! - `rows`: the providers; `quirks`: what they and their models do otherwise than an API's maker; `form`: APIs in another
//!   form than their makers'; `task`: what they have besides answers; `encoding`: how models take texts apart.
//! - `address`: where everything is.

mod address;
mod encoding;
mod form;
mod quirks;
mod rows;
mod task;

pub use address::{Elsewhere, Route, UsualPlace, segment, settle};
pub use encoding::Encoding;
pub use form::{Form, Move, Shape};
pub use quirks::{CallIds, Counted, Documents, MaxTokens, ModelQuirks, Quirks, Recordings, Switch};
pub use rows::{ANYTHING, DIALECTS};
pub use task::Task;

use crate::api::family::Api;

/// A provider.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// Its id in configurations: the part of a model's name before the slash, or `provider_interface`.
    pub id: &'static str,
    /// Other spellings of the id.
    pub aliases: &'static [&'static str],
    /// Its name for people, `owned_by` in lists of models.
    pub name: &'static str,
    /// The environment variable that usually holds its key.
    pub key: Option<&'static str>,
    /// The complete root of its API; none where the configuration must say.
    pub base: Option<&'static str>,
    /// The root where it follows from `region` and `project`, for the regions that begin so; the first that fits counts.
    pub places: &'static [(Name, &'static str)],
    /// The variables that usually hold these two; of the region's, the first that is set counts.
    pub usual_place: UsualPlace,
    /// The service that requests are signed for (SigV4), where they can be signed instead of carrying a key.
    pub signs: Option<&'static str>,
    /// The cloud whose accounts lend tokens for it.
    pub tokens: Option<Cloud>,
    /// A `base_url` to show where the configuration must say.
    pub example: &'static str,
    /// The path that a `base_url` without one gets.
    pub root: &'static str,
    /// Endings of a `base_url` that mean another root: what other gateways have people write.
    pub endings: &'static [(&'static str, &'static str)],
    /// The APIs it speaks; the first is for clients of any other. None: it is not served yet.
    pub apis: &'static [Api],
    /// Models that speak other APIs than the rest; the first that fits counts.
    pub speaks: &'static [(Name, &'static [Api])],
    /// The APIs that it has in a form of its own.
    pub forms: &'static [Form],
    /// Where operations are that are not in the usual place behind the root.
    pub routes: &'static [Route],
    /// What it has besides answers, and in which of its APIs.
    pub tasks: &'static [(Api, &'static [Task])],
    /// What it is asked for besides where it is reached at an address of somebody's own: anything, where others have the
    /// provider's API too and nobody can know what they made of it.
    pub tasks_of_others: &'static [(Api, &'static [Task])],
    /// Where that is, where it is not at the client's own path behind the root.
    pub elsewhere: &'static [Elsewhere],
    /// The version of the API where routes have one in them and the configuration says nothing.
    pub api_version: &'static str,
    /// How its key is sent, by API, where that is not the usual way of the API.
    pub auth: &'static [(Api, Auth)],
    /// Headers it wants besides.
    pub headers: &'static [(&'static str, &'static str)],
    /// Headers whose values are in these variables, left out where they are not set.
    pub variables: &'static [(&'static str, &'static str)],
    /// Whether it is called with the caller's own credential where the configuration has none.
    pub passthrough: bool,
    /// How the names of its own models begin: what a name without a provider is taken for.
    pub makes: &'static [&'static str],
    pub quirks: Quirks,
    /// Models that differ from the provider's quirks; the first that fits counts.
    pub models: &'static [&'static [ModelQuirks]],
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`
    Bearer,
    /// The key alone, in this header.
    Header(&'static str),
}

/// A cloud whose accounts lend tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    Google,
    Azure,
}

/// Which models a row is for.
#[derive(Clone, Copy, Debug)]
pub enum Name {
    Exact(&'static str),
    Prefix(&'static str),
    /// This part anywhere: names may begin with a region, or be ARNs.
    Part(&'static str),
}

impl Name {
    pub(crate) fn fits(self, model: &str) -> bool {
        match self {
            Name::Exact(name) => model == name,
            Name::Prefix(prefix) => model.starts_with(prefix),
            Name::Part(part) => model.contains(part),
        }
    }
}

impl Dialect {
    /// The provider of this id or other spelling, in any case.
    pub fn named(id: &str) -> Option<&'static Dialect> {
        DIALECTS.iter().find(|row| row.spellings().any(|spelling| spelling.eq_ignore_ascii_case(id)))
    }

    /// The id and its other spellings.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.id).chain(self.aliases.iter().copied())
    }

    /// The APIs that a model speaks; the first is for clients of any other.
    pub fn apis_of(&self, model: &str) -> &'static [Api] {
        let own = self.speaks.iter().find(|(name, _)| name.fits(model));
        own.map_or(self.apis, |(_, apis)| apis)
    }

    /// The provider's own form of an API, where it has one.
    pub fn form(&self, api: Api) -> Option<&'static Form> {
        self.forms.iter().find(|form| form.api == api)
    }

    /// Whether it has this at this address.
    pub fn has(&self, base: &str, api: Api, task: Task) -> bool {
        let in_list =
            |list: &[(Api, &[Task])]| list.iter().any(|(of, tasks)| *of == api && tasks.contains(&task));
        let own_address = self.base.is_some_and(|usual| usual != base);
        in_list(self.tasks) || (own_address && in_list(self.tasks_of_others))
    }

    /// How the key is sent in this API.
    pub fn auth(&self, api: Api) -> Auth {
        let own = self.auth.iter().find(|(of, _)| *of == api).map(|(_, auth)| *auth);
        own.unwrap_or(match api {
            Api::Messages => Auth::Header("x-api-key"),
            Api::Generate => Auth::Header("x-goog-api-key"),
            Api::Completions | Api::Responses | Api::Converse => Auth::Bearer,
        })
    }

    /// The headers that go with this API besides the key.
    pub fn headers(&self, api: Api) -> impl Iterator<Item = (&'static str, &'static str)> {
        // https://docs.anthropic.com/en/api/versioning: a version goes with every request.
        let version =
            (api == Api::Messages && self.form(api).is_none()).then_some(("anthropic-version", "2023-06-01"));
        self.headers.iter().copied().chain(version)
    }

    /// What to know of this model.
    pub fn quirks(&self, model: &str) -> &Quirks {
        let row = self.models.iter().copied().flatten().find(|row| row.model.fits(model));
        row.map_or(&self.quirks, |row| &row.quirks)
    }

    /// Whether the name is one that the provider gives its own models.
    pub fn makes(&self, model: &str) -> bool {
        self.makes.iter().any(|beginning| model.starts_with(beginning))
    }
}

#[cfg(test)]
mod tests;
