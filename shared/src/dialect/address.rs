//! Where a provider is, and where each operation is behind its root.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Dialect, Task};
use crate::api::family::Api;

/// Where an operation is, behind the root.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub api: Api,
    /// How the root ends that the route is for.
    pub under: &'static str,
    /// `{model}` stands for the percent-encoded model, `{version}` for the version of the API.
    pub path: &'static str,
    /// The path for answers that are to be streamed, where it is another.
    pub stream: Option<&'static str>,
}

/// The variables that usually hold where an account is.
#[derive(Clone, Copy, Debug)]
pub struct UsualPlace {
    pub region: &'static [&'static str],
    pub project: Option<&'static str>,
}

/// Where what is asked besides an answer is, behind the root.
#[derive(Clone, Copy, Debug)]
pub struct Elsewhere {
    pub api: Api,
    pub tasks: &'static [Task],
    /// How the root ends that the place is for.
    pub under: &'static str,
    /// `{path}` stands for the usual path, `{model}` and `{version}` as in a [`Route`].
    pub path: &'static str,
}

impl Dialect {
    /// The complete root that a configured `base_url` means, without a slash at its end.
    pub fn root_of(&self, base_url: &str) -> String {
        let base = base_url.trim_end_matches('/');
        let host_only = base.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
        if host_only {
            return format!("{base}{}", self.root);
        }
        let other =
            self.endings.iter().find_map(|(from, to)| Some(format!("{}{to}", base.strip_suffix(from)?)));
        other.unwrap_or_else(|| base.to_owned())
    }

    /// The root for a region and a project, with what is not given left open (`{region}`).
    pub fn place(&self, region: Option<&str>, project: Option<&str>) -> Option<String> {
        let (_, root) = self.places.iter().find(|(name, _)| name.fits(region.unwrap_or_default()))?;
        Some(settle(root, region, project))
    }

    /// Where an operation of `api` is, which some APIs have in another place for answers that are to be streamed. `base`
    /// is a complete root, `version` the configured one.
    pub fn address(&self, base: &str, api: Api, model: &str, version: Option<&str>, stream: bool) -> String {
        self.fill(base, self.path(base, api, stream), model, version)
    }

    /// Whether that is the same for every model.
    pub fn is_fixed(&self, base: &str, api: Api, stream: bool) -> bool {
        !self.path(base, api, stream).contains("{model}")
    }

    fn path(&self, base: &str, api: Api, stream: bool) -> &'static str {
        let route = self.routes.iter().find(|route| route.api == api && base.ends_with(route.under));
        let own = route.map(|route| route.stream.filter(|_| stream).unwrap_or(route.path));
        own.unwrap_or(usual_path(api, stream))
    }

    /// Where `task` of `api` is. `path` is where it usually is behind the root.
    pub fn task_address(
        &self,
        base: &str,
        (api, task): (Api, Task),
        path: &str,
        model: &str,
        version: Option<&str>,
    ) -> String {
        let fits =
            |row: &&Elsewhere| row.api == api && row.tasks.contains(&task) && base.ends_with(row.under);
        let elsewhere = self.elsewhere.iter().find(fits);
        let path = elsewhere.map_or(path.to_owned(), |row| row.path.replace("{path}", path));
        self.fill(base, &path, model, version)
    }

    fn fill(&self, base: &str, path: &str, model: &str, version: Option<&str>) -> String {
        if !path.contains('{') {
            return [base, "/", path].concat();
        }
        let path = path.replace("{version}", version.unwrap_or(self.api_version));
        [base, "/", &path.replace("{model}", &segment(model))].concat()
    }
}

/// A root with `{region}` and `{project}` filled in as far as they are given.
pub fn settle(root: &str, region: Option<&str>, project: Option<&str>) -> String {
    let mut settled = root.to_owned();
    for (name, value) in [("{region}", region), ("{project}", project)] {
        if let Some(value) = value {
            settled = settled.replace(name, value);
        }
    }
    settled
}

/// One segment of a path, whatever is in it.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Where an operation usually is behind the root.
fn usual_path(api: Api, stream: bool) -> &'static str {
    match api {
        Api::Generate if stream => "models/{model}:streamGenerateContent?alt=sse",
        Api::Generate => "models/{model}:generateContent",
        Api::Completions => "chat/completions",
        Api::Messages => "messages",
        Api::Responses => "responses",
        Api::Converse if stream => "model/{model}/converse-stream",
        Api::Converse => "model/{model}/converse",
    }
}

/// What RFC 3986 leaves alone in a segment of a path; a model's `/` and `:` are part of its name (ARNs).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
