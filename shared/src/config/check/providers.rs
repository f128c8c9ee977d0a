//! Providers and aliases.

use std::collections::BTreeMap;

use http::header::{HeaderName, HeaderValue};

use super::{Checks, suggestion, top, values};
use crate::config::{Config, Path, Provider, Version};
use crate::dialect::{DIALECTS, Dialect, settle};
use crate::gateway::{CompiledProvider, Serves, Template};

impl<'c> Checks<'c> {
    pub(super) fn providers(&mut self) -> Vec<CompiledProvider> {
        let config: &'c _ = self.config;
        if config.model_providers.is_some() && config.llm_providers.is_some() {
            let message = "is the old name of `model_providers`, and both are there: move its entries over";
            self.error(top("llm_providers"), message);
        }
        let (key, providers) = config.providers();
        let entries = || (0..).map(|index| top(key).index(index)).zip(providers);
        let models = entries().filter(|(_, entry)| !entry.is_wildcard());
        self.unique("the model", models.map(|(path, entry)| (path.key("model"), entry.model.as_str())));
        let names = entries().filter(|(_, entry)| entry.is_wildcard() || entry.name.is_some());
        self.unique("the name", names.map(|(path, entry)| (path.key(name_key(entry)), entry.known_as())));
        self.one_default(entries());
        entries().filter_map(|(path, entry)| self.provider(&path, entry)).collect()
    }

    fn one_default<'p>(&mut self, entries: impl Iterator<Item = (Path, &'p Provider)>) {
        let mut defaults = entries.filter(|(_, entry)| entry.default);
        let Some((_, first)) = defaults.next() else { return };
        for (path, _) in defaults {
            self.error(
                path.key("default"),
                format!("only one provider can be the default, and `{}` is", first.known_as()),
            );
        }
    }

    fn provider(&mut self, path: &Path, entry: &Provider) -> Option<CompiledProvider> {
        let parts = entry.parts().ok_or_else(|| {
            format!(
                "`{}` must be `provider/model`, or `provider/*` for all of a provider's models{}",
                entry.model,
                made_by(&entry.model)
            )
        });
        let (prefix, model) = self.value(path.key("model"), parts)?;
        self.wildcard_rules(path, entry, model);
        self.credential_rules(path, entry);
        self.header_rules(path, entry);
        let home = Dialect::named(prefix);
        let dialect = self.dialect(path, entry, prefix, home)?;
        let base = self.base(path, entry, dialect, home)?;
        let signing = self.signing(path, entry, dialect, &base);
        let tokens = self.tokens(path, entry, dialect);
        Some(CompiledProvider {
            name: entry.known_as().to_owned(),
            prefix: prefix.to_owned(),
            serves: if model == "*" { Serves::Any } else { Serves::Exact(model.to_owned()) },
            default: entry.default,
            dialect: dialect.id.to_owned(),
            apis: entry.apis.clone().unwrap_or_default(),
            base,
            passthrough: entry.passthrough_auth || (dialect.passthrough && entry.access_key.is_none()),
            access_key: entry.access_key.clone().filter(|_| !entry.passthrough_auth),
            signing,
            tokens,
            headers: entry.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect(),
            http_host: entry.http_host.clone(),
            api_version: entry.api_version.clone(),
        })
    }

    fn wildcard_rules(&mut self, path: &Path, entry: &Provider, model: &str) {
        if model != "*" {
            if model.contains('*') {
                self.error(
                    path.key("model"),
                    "a `*` stands for all models of a provider: write `provider/*`",
                );
            }
            return;
        }
        if entry.default {
            self.error(path.key("default"), "a wildcard cannot be the default: it names no model");
        }
        if !entry.routing_preferences.is_empty() {
            self.error(
                path.key("routing_preferences"),
                "a wildcard cannot have preferences: they need a model",
            );
        }
    }

    fn credential_rules(&mut self, path: &Path, entry: &Provider) {
        if entry.passthrough_auth && entry.access_key.is_some() {
            let message = "is not used: `passthrough_auth` sends the caller's own credential";
            return self.warn(path.key("access_key"), message);
        }
        if let Some(doubt) = entry.access_key.as_ref().and_then(doubt) {
            self.warn(path.key("access_key"), doubt);
        }
        if !entry.routing_preferences.is_empty() && self.config.version >= Version::Fourth {
            let message =
                "is read up to version v0.3.0 only: list its models under `routing_preferences` at the top";
            self.warn(path.key("routing_preferences"), message);
        }
    }

    fn header_rules(&mut self, path: &Path, entry: &Provider) {
        for name in entry.headers.keys() {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                self.error(path.key("headers").key(name), "no header can have this name");
            }
        }
        if entry
            .http_host
            .as_ref()
            .is_some_and(|host| host.is_empty() || HeaderValue::from_str(host).is_err())
        {
            self.error(path.key("http_host"), "no host can be called that");
        }
    }

    /// The row to follow: of the interface where one is given, else of the prefix.
    fn dialect(
        &mut self,
        path: &Path,
        entry: &Provider,
        prefix: &str,
        home: Option<&'static Dialect>,
    ) -> Option<&'static Dialect> {
        let interface = entry.provider_interface.as_deref().and_then(Dialect::named);
        match (home, interface) {
            (Some(home), Some(other)) if other.id != home.id && entry.base_url.is_none() => {
                let message = format!(
                    "`{prefix}` is a provider of its own: leave this out, or say where with `base_url`"
                );
                self.error(path.key("provider_interface"), message);
                None
            }
            (_, Some(interface)) => Some(interface),
            (Some(home), None) => Some(home),
            (None, None) => {
                self.error(path.clone(), unknown_prefix(prefix));
                None
            }
        }
    }

    /// The complete root. `home`, the prefix's own row, says what a `base_url` without a path means.
    fn base(
        &mut self,
        path: &Path,
        entry: &Provider,
        dialect: &Dialect,
        home: Option<&Dialect>,
    ) -> Option<String> {
        let (region, project) = self.place(path, entry, dialect);
        if let Some(url) = &entry.base_url {
            let url = self.value(path.key("base_url"), values::base_url(url))?;
            self.warn_of_open_key(path, entry, &url);
            self.warn_of_operation(path, &url);
            let root = settle(&home.unwrap_or(dialect).root_of(&url), region, project);
            return self.value(path.clone(), settled(root));
        }
        self.warn_of_no_key(path, entry, dialect);
        if let (Some(region), false) = (region, dialect.places.is_empty()) {
            let root = dialect.place(Some(region), project).unwrap_or_default();
            return self.value(path.clone(), settled(root));
        }
        let own = home.and_then(|home| home.base);
        self.value(path.clone(), own.map(str::to_owned).ok_or_else(|| needs_address(dialect)))
    }

    /// The region and the project, as far as they can be parts of an address.
    fn place<'e>(
        &mut self,
        path: &Path,
        entry: &'e Provider,
        dialect: &Dialect,
    ) -> (Option<&'e str>, Option<&'e str>) {
        if entry.region.is_some() && dialect.places.is_empty() {
            self.warn(path.key("region"), "has no effect: this provider's address does not follow from it");
        }
        let mut part = |key: &str, value: &'e Option<String>| {
            self.value(path.key(key), values::part_of_address(value.as_deref()?))
        };
        (part("region", &entry.region), part("project", &entry.project))
    }

    fn warn_of_no_key(&mut self, path: &Path, entry: &Provider, dialect: &Dialect) {
        let called = entry.access_key.is_some() || entry.passthrough_auth || !entry.headers.is_empty();
        if called || entry.aws.is_some() || entry.google.is_some() || entry.azure.is_some() {
            return;
        }
        let Some(key) = dialect.key else { return };
        let or = if dialect.signs.is_some() { " and no `aws` to sign with" } else { "" };
        self.warn(
            path.clone(),
            format!("has no `access_key`, such as `${key}`{or}: the provider will refuse"),
        );
    }

    fn warn_of_open_key(&mut self, path: &Path, entry: &Provider, url: &str) {
        let secret = entry.access_key.as_ref().is_some_and(|key| !key.is_literal());
        if secret && url.starts_with("http://") && !values::is_loopback(url) {
            self.warn(path.key("base_url"), "the key crosses the network in the open: use https");
        }
    }

    /// Requests go to a path behind the root, which many copy together with it.
    fn warn_of_operation(&mut self, path: &Path, url: &str) {
        if let Some(operation) = OPERATIONS.into_iter().find(|operation| url.ends_with(operation)) {
            let message = format!(
                "is the root of the API, and requests go to paths behind it: leave `{operation}` out"
            );
            self.warn(path.key("base_url"), message);
        }
    }

    pub(super) fn aliases(&mut self, providers: &[CompiledProvider]) -> BTreeMap<String, String> {
        let config: &'c _ = self.config;
        for (name, alias) in &config.model_aliases {
            if !providers.iter().any(|provider| serves(provider, &alias.target)) {
                self.error(top("model_aliases").key(name).key("target"), no_model(config, &alias.target));
            }
        }
        config.model_aliases.iter().map(|(name, alias)| (name.clone(), alias.target.clone())).collect()
    }
}

/// Why an alias can stand for nothing that is called `target`.
fn no_model(config: &Config, target: &str) -> String {
    if let Some(other) = config.model_aliases.get(target) {
        return format!("`{target}` is an alias itself: name the model, `{}`", other.target);
    }
    let known = config.providers().1.iter().flat_map(|entry| {
        [Some(entry.model.as_str()), entry.parts().map(|(_, model)| model)].into_iter().flatten()
    });
    format!("there is no model `{target}`{}", suggestion(target, known))
}

/// Which provider may be meant where a model is named alone, or behind a provider and a colon.
fn made_by(model: &str) -> String {
    let named = model.split_once(':').filter(|(prefix, _)| Dialect::named(prefix).is_some());
    let maker = || DIALECTS.iter().find(|dialect| dialect.makes(model)).map(|maker| (maker.id, model));
    let meant = named.or_else(maker);
    meant.map_or(String::new(), |(prefix, model)| format!("; did you mean `{prefix}/{model}`?"))
}

/// What is probably wrong with how a key is written. Never the key.
pub(super) fn doubt(key: &Template) -> Option<&'static str> {
    match () {
        () if key.has_scheme() => Some("goes out with `Bearer` in front wherever that belongs: leave it out"),
        () if !key.is_literal() => None,
        () if key.is_name() => {
            Some("looks like a variable's name, and the key is what it holds: put a `$` in front")
        }
        () => Some(
            "the key itself is in the file, and in everything that is made from it: `$NAME` keeps it out",
        ),
    }
}

/// Where requests for answers go behind a root.
const OPERATIONS: [&str; 5] = ["/chat/completions", "/completions", "/messages", "/responses", "/embeddings"];

/// A root in which nothing is left open.
fn settled(root: String) -> Result<String, String> {
    match ["region", "project"].into_iter().find(|name| root.contains(&format!("{{{name}}}"))) {
        Some(open) => Err(format!("needs `{open}`: the address follows from it")),
        None => Ok(root),
    }
}

fn needs_address(dialect: &Dialect) -> String {
    let example = if dialect.example.is_empty() { "https://api.example.com/v1" } else { dialect.example };
    let or = if dialect.places.is_empty() { "" } else { "`region`, or " };
    format!("needs {or}`base_url`: where it is, like `{example}`")
}

/// The key that a provider's name is under.
fn name_key(entry: &Provider) -> &'static str {
    if entry.name.is_some() { "name" } else { "model" }
}

fn unknown_prefix(prefix: &str) -> String {
    let known = crate::dialect::DIALECTS.iter().map(|dialect| dialect.id);
    let near = suggestion(prefix, known);
    format!(
        "`{prefix}` is no known provider: an address of your own needs `base_url` and `provider_interface`{near}"
    )
}

/// Whether `target` can mean a model of `provider`.
fn serves(provider: &CompiledProvider, target: &str) -> bool {
    let behind = target.strip_prefix(provider.prefix.as_str()).and_then(|rest| rest.strip_prefix('/'));
    match &provider.serves {
        Serves::Exact(model) => behind == Some(model.as_str()) || target == model || target == provider.name,
        Serves::Any => {
            let makes = || Dialect::named(&provider.dialect).is_some_and(|dialect| dialect.makes(target));
            behind.is_some_and(|model| !model.is_empty()) || makes()
        }
    }
}
