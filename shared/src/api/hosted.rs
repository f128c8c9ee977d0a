//! Tools that providers run themselves, as far as more than one of them has the like.
//!
//! A hosted tool is kept in the words of its own API, and goes back to it as it is. For another API it becomes [`Work`],
//! where it is a kind of work that others do too; otherwise it is refused by its name.

use super::family::Api;
use super::lost;
use crate::error::Error;
use crate::ir::{Loss, Tool};
use crate::wire::json::Json;

/// Work that more than one provider does.
#[derive(Clone, Debug)]
pub enum Work<'a> {
    /// Searches the web.
    Search(Search<'a>),
    /// Runs code in a sandbox of its own.
    Code,
}

/// How to search the web. Values are those of the client, which all APIs that have them spell alike.
#[derive(Clone, Debug, Default)]
pub struct Search<'a> {
    /// The only domains to search.
    pub allowed: Option<Json<'a>>,
    /// Domains not to search.
    pub blocked: Option<Json<'a>>,
    /// How often to search at most.
    pub most: Option<Json<'a>>,
    /// How much of what is found is told to the model: `low`, `medium`, `high`.
    pub context: Option<Json<'a>>,
    /// Where the user is: an object with `city`, `country`, `region`, `timezone`.
    pub place: Option<Json<'a>>,
}

/// The work that a tool of another API than `to` is for.
pub(super) fn work<'a>(tool: &Tool<'a>, to: Api) -> Option<Work<'a>> {
    match tool {
        Tool::Hosted { api, kind, raw } if *api != to => api.read().work(kind, *raw),
        _ => None,
    }
}

/// What is said of the tools that became a provider's own work, and is said in their API alone.
pub(super) fn losses(tools: &[Tool<'_>], to: Api) -> Vec<Loss> {
    let mut losses = Vec::new();
    for (index, tool) in tools.iter().enumerate() {
        let Tool::Hosted { api, raw, .. } = tool else { continue };
        let members = api.read().work_members().filter(|_| work(tool, to).is_some());
        let others = members.map(|members| raw.others(members)).into_iter().flatten();
        let others = others.filter(|(name, value)| is_news(name, *value));
        losses.extend(others.map(|(name, _)| Loss::dropped(format!("tools[{index}].{name}"))));
    }
    losses
}

/// What is so unless a tool says that it is not: a search is of the web itself, and not of what is kept of it.
///
/// <https://platform.openai.com/docs/guides/tools-web-search>
const USUAL: &str = "external_web_access";

/// Whether a member says more than what is so without it: callers are the model alone where none are named.
fn is_news(name: &str, value: Json<'_>) -> bool {
    match name {
        USUAL => value.raw() == "false",
        _ => lost::says_something(value) && value.raw() != r#"["direct"]"#,
    }
}

/// The error for a tool that the provider does not have.
pub(super) fn unknown(kind: &str, path: &str) -> Error {
    let message =
        format!("The tool `{kind}` is of another provider's own kinds; this model's has none like it.");
    Error::invalid_param(path, message).with_code("unsupported_tool")
}

impl Search<'_> {
    /// What is said beyond what an API `takes`: `allowed`, `blocked`, `most`, `context`, `place`.
    pub(super) fn losses(&self, takes: &[&str], path: &str) -> impl Iterator<Item = Loss> {
        let said = [
            ("allowed", "allowed_domains", self.allowed),
            ("blocked", "blocked_domains", self.blocked),
            ("most", "max_uses", self.most),
            ("context", "search_context_size", self.context),
            ("place", "user_location", self.place),
        ];
        let lost = said.into_iter().filter(|(name, _, value)| value.is_some() && !takes.contains(name));
        lost.map(|(_, word, _)| Loss::dropped(format!("{path}.{word}"))).collect::<Vec<_>>().into_iter()
    }
}
