//! From the model that a client names to the provider that has it.

use super::{Credential, Gateway, Provider, Serves};
use crate::error::{Error, Fault, Kind};

/// A provider, and its own name for the model.
#[derive(Debug)]
pub struct Resolved<'g> {
    pub provider: &'g Provider,
    pub model: String,
}

/// A model on offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The name that clients use.
    pub id: String,
    /// Whose it is, for people.
    pub owner: String,
}

impl Gateway {
    /// Finds the provider of `model`: by alias, by full name, by the provider entry's name, by the model's bare name
    /// where one provider has it, by wildcard. No name at all means the default.
    ///
    /// A name that is not known is an error, never another model.
    pub fn resolve(&self, model: &str) -> Result<Resolved<'_>, Error> {
        if model.is_empty() {
            return self.default_model();
        }
        let name = self.aliases.get(model).map_or(model, String::as_str);
        let halves = name.split_once('/');
        halves
            .and_then(|halves| self.full(halves))
            .or_else(|| self.named(name))
            .or_else(|| self.bare(name))
            .or_else(|| self.wildcard(halves?))
            .unwrap_or_else(|| Err(self.unknown(model)))
    }

    /// The provider for a request that names no model: the one that `hint` names, by its entry's name, its prefix or a
    /// model of it; without a hint the default one, or else the only one, of those who `can`.
    pub fn keeper(&self, hint: Option<&str>, can: impl Fn(&Provider) -> bool) -> Result<&Provider, Error> {
        if let Some(hint) = hint {
            return self.hinted(hint);
        }
        let able = self.providers.iter().filter(|provider| can(provider)).collect::<Vec<_>>();
        let first = able.iter().find(|provider| provider.default).or(able.first());
        match first {
            Some(first) if first.default || able.iter().all(|other| first.is_account_of(other)) => Ok(first),
            Some(_) => Err(undecided(&able)),
            None => Err(Error::new(
                Fault::Configuration,
                Kind::NotFound,
                "No provider of this gateway has this in the API that was asked in.",
            )
            .with_code("unsupported_operation")),
        }
    }

    fn hinted(&self, hint: &str) -> Result<&Provider, Error> {
        let named = |provider: &&Provider| provider.name == hint || provider.prefix == hint;
        match self.providers.iter().find(named) {
            Some(provider) => Ok(provider),
            None => self.resolve(hint).map(|resolved| resolved.provider),
        }
    }

    /// All models that can be listed: a wildcard's are not known.
    pub fn models(&self) -> Vec<Model> {
        let own = self.providers.iter().filter_map(|provider| {
            let Serves::Exact(model) = &provider.serves else { return None };
            Some(Model { id: full_name(provider, model), owner: provider.dialect.name.to_owned() })
        });
        let aliases = self.aliases.keys().filter_map(|alias| {
            let owner = self.resolve(alias).ok()?.provider.dialect.name.to_owned();
            Some(Model { id: alias.clone(), owner })
        });
        own.chain(aliases).collect()
    }

    fn default_model(&self) -> Result<Resolved<'_>, Error> {
        let provider = self.providers.iter().find(|provider| provider.default);
        provider.and_then(Provider::exact).ok_or_else(|| {
            let message = "Name a model: the request names none, and this gateway has no default.";
            Error::invalid_param("model", message)
        })
    }

    /// `prefix/model`, which is one entry at most.
    fn full(&self, (prefix, model): (&str, &str)) -> Option<Result<Resolved<'_>, Error>> {
        let provider =
            self.providers.iter().find(|provider| provider.prefix == prefix && provider.is(model))?;
        Some(Ok(provider.resolved(model)))
    }

    fn named(&self, name: &str) -> Option<Result<Resolved<'_>, Error>> {
        self.providers.iter().find(|provider| provider.name == name)?.exact().map(Ok)
    }

    /// A model without its provider, where that leaves no doubt.
    fn bare(&self, name: &str) -> Option<Result<Resolved<'_>, Error>> {
        let mut having = self.providers.iter().filter(|provider| provider.is(name));
        let mut making = self
            .providers
            .iter()
            .filter(|provider| provider.serves == Serves::Any && provider.dialect.makes(name));
        let provider = having.next().or_else(|| making.next())?;
        match having.next().or_else(|| making.next().filter(|_| !provider.is(name))) {
            Some(other) => Some(Err(ambiguous(name, provider, other))),
            None => Some(Ok(provider.resolved(name))),
        }
    }

    /// Any name behind a wildcard's prefix, but for those that would lead to another place where they are a segment of the
    /// provider's path (RFC 3986, section 5.2.4): nothing encodes them.
    fn wildcard(&self, (prefix, model): (&str, &str)) -> Option<Result<Resolved<'_>, Error>> {
        let mut wildcards = self.providers.iter().filter(|provider| provider.serves == Serves::Any);
        let provider = wildcards.find(|provider| provider.prefix == prefix)?;
        (!matches!(model, "" | "." | "..")).then(|| Ok(provider.resolved(model)))
    }

    fn unknown(&self, model: &str) -> Error {
        let mut message = format!("There is no model `{model}` here.");
        if let Some(near) = self.nearest(model) {
            message.push_str(&format!(" Did you mean `{near}`?"));
        }
        let error = Error::new(Fault::Client, Kind::NotFound, message).with_code("model_not_found");
        Error { param: Some("model".to_owned()), ..error }
    }

    /// The known model whose name begins most alike.
    fn nearest(&self, model: &str) -> Option<String> {
        let alike = |id: &str| common(bare_name(id), bare_name(model));
        let best = self.models().into_iter().max_by_key(|known| alike(&known.id))?;
        let length = alike(&best.id);
        (length >= 3 && length * 2 >= bare_name(model).len()).then_some(best.id)
    }
}

impl Provider {
    fn is(&self, model: &str) -> bool {
        matches!(&self.serves, Serves::Exact(own) if own == model)
    }

    /// Whether it is the same entry, or one of the same account.
    pub(crate) fn shares_account(&self, other: &Provider) -> bool {
        std::ptr::eq(self, other) || self.is_account_of(other)
    }

    /// Whether what this one keeps, the other one finds.
    fn is_account_of(&self, other: &Provider) -> bool {
        let same_key = match (&self.credential, &other.credential) {
            (Credential::Key(one), Credential::Key(other)) => one.expose() == other.expose(),
            (Credential::Account(one), Credential::Account(other)) => one == other,
            (Credential::None, Credential::None) | (Credential::Passthrough, Credential::Passthrough) => true,
            _ => false,
        };
        same_key && self.base == other.base
    }

    fn exact(&self) -> Option<Resolved<'_>> {
        match &self.serves {
            Serves::Exact(model) => Some(self.resolved(model)),
            Serves::Any => None,
        }
    }

    fn resolved(&self, model: &str) -> Resolved<'_> {
        Resolved { provider: self, model: model.to_owned() }
    }
}

fn full_name(provider: &Provider, model: &str) -> String {
    format!("{}/{model}", provider.prefix)
}

fn bare_name(id: &str) -> &str {
    id.split_once('/').map_or(id, |(_, model)| model)
}

/// How many bytes two names have in common at their beginning.
fn common(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}

fn undecided(able: &[&Provider]) -> Error {
    let names = able.iter().map(|provider| format!("`{}`", provider.name)).collect::<Vec<_>>().join(", ");
    let message = format!(
        "The request names no model, and more than one provider could be meant: name one of {names} in the header \
         `x-arch-llm-provider-hint`."
    );
    Error::invalid(message).with_code("provider_ambiguous")
}

fn ambiguous(name: &str, one: &Provider, other: &Provider) -> Error {
    let (one, other) = (full_name(one, name), full_name(other, name));
    let message = format!("More than one provider has a model `{name}`: say `{one}` or `{other}`.");
    Error::invalid_param("model", message).with_code("model_ambiguous")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::gateway::{Compiled, CompiledProvider};

    fn entry(model: &str) -> CompiledProvider {
        let (prefix, rest) = model.split_once('/').unwrap();
        let serves = if rest == "*" { Serves::Any } else { Serves::Exact(rest.to_owned()) };
        let usual = CompiledProvider::usual(Dialect::named(prefix).unwrap());
        CompiledProvider { name: model.to_owned(), serves, ..usual }
    }

    fn gateway(models: &[&str], aliases: &[(&str, &str)]) -> Gateway {
        let mut compiled = Compiled::new(models.iter().map(|model| entry(model)).collect());
        compiled.aliases = aliases.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        if let Some(first) = compiled.providers.first_mut() {
            first.default = first.serves != Serves::Any;
        }
        compiled.open(|_| Some("key".to_owned())).unwrap()
    }

    fn check(gateway: &Gateway, name: &str, expected: Result<(&str, &str), &str>) {
        let found = gateway.resolve(name);
        let found = found.as_ref().map(|found| (found.provider.name.as_str(), found.model.as_str()));
        assert_eq!(found.map_err(|error| error.message.as_str()), expected, "{name}");
    }

    #[test]
    fn models_are_found_by_any_of_their_names() {
        let mut gateway = gateway(
            &["openai/gpt-4o", "together_ai/openai/gpt-oss-20b", "anthropic/*"],
            &[("fast", "gpt-4o"), ("smart", "anthropic/claude-x")],
        );
        gateway.providers[0].name = "mine".to_owned();
        check(&gateway, "openai/gpt-4o", Ok(("mine", "gpt-4o")));
        check(&gateway, "mine", Ok(("mine", "gpt-4o")));
        check(&gateway, "gpt-4o", Ok(("mine", "gpt-4o")));
        check(&gateway, "fast", Ok(("mine", "gpt-4o")));
        check(&gateway, "smart", Ok(("anthropic/*", "claude-x")));
        check(&gateway, "", Ok(("mine", "gpt-4o")));
        check(&gateway, "openai/gpt-oss-20b", Ok(("together_ai/openai/gpt-oss-20b", "openai/gpt-oss-20b")));
        check(&gateway, "anthropic/some/model:1", Ok(("anthropic/*", "some/model:1")));
        check(&gateway, "claude-sonnet-4-5", Ok(("anthropic/*", "claude-sonnet-4-5")));
    }

    /// An unknown name is an error: neither the default nor another provider's model answers for it (A8).
    #[test]
    fn a8_lookup_is_strict() {
        let gateway = gateway(&["openai/gpt-4o", "anthropic/claude-sonnet-4-5"], &[]);
        let absent =
            "There is no model `openai/claude-sonnet-4-5` here. Did you mean `anthropic/claude-sonnet-4-5`?";
        check(&gateway, "openai/claude-sonnet-4-5", Err(absent));
        check(&gateway, "xyz", Err("There is no model `xyz` here."));
        check(&gateway, "anthropic/", Err("There is no model `anthropic/` here."));
        let error = gateway.resolve("gpt-4").unwrap_err();
        assert_eq!((error.status, error.code.as_deref()), (404, Some("model_not_found")));
        assert!(error.message.ends_with("Did you mean `openai/gpt-4o`?"), "{}", error.message);
    }

    /// The same model of two providers stays two models (A9).
    #[test]
    fn a9_models_belong_to_their_providers() {
        let gateway = gateway(&["openai/gpt-4o", "openrouter/gpt-4o"], &[]);
        check(&gateway, "openai/gpt-4o", Ok(("openai/gpt-4o", "gpt-4o")));
        check(&gateway, "openrouter/gpt-4o", Ok(("openrouter/gpt-4o", "gpt-4o")));
        let doubt =
            "More than one provider has a model `gpt-4o`: say `openai/gpt-4o` or `openrouter/gpt-4o`.";
        check(&gateway, "gpt-4o", Err(doubt));
    }

    /// A declared model comes before a wildcard, with a prefix and without.
    #[test]
    fn declared_models_come_before_wildcards() {
        let gateway = gateway(&["openai/*", "openai/gpt-4o"], &[]);
        check(&gateway, "openai/gpt-4o", Ok(("openai/gpt-4o", "gpt-4o")));
        check(&gateway, "gpt-4o", Ok(("openai/gpt-4o", "gpt-4o")));
        check(&gateway, "gpt-5", Ok(("openai/*", "gpt-5")));
    }

    #[test]
    fn without_a_default_a_model_must_be_named() {
        let gateway = gateway(&["openai/*"], &[]);
        check(&gateway, "", Err("Name a model: the request names none, and this gateway has no default."));
        assert_eq!(gateway.resolve("").unwrap_err().status, 400);
    }

    #[track_caller]
    fn keeps(gateway: &Gateway, hint: Option<&str>, expected: Result<&str, &str>) {
        let able = |provider: &Provider| provider.dialect.id != "anthropic";
        let found = gateway.keeper(hint, able);
        let found = found.as_ref().map(|provider| provider.name.as_str());
        assert_eq!(found.map_err(|error| error.code.as_deref().unwrap_or_default()), expected);
    }

    /// What names no model goes to whom the header names, to the default, or to the only one there is (J3).
    #[test]
    fn j3_without_a_model_a_header_or_the_configuration_tells_the_provider() {
        let one = gateway(&["anthropic/*", "openai/a", "openai/b"], &[("fast", "openai/b")]);
        keeps(&one, None, Ok("openai/a"));
        keeps(&one, Some("openai"), Ok("openai/a"));
        keeps(&one, Some("fast"), Ok("openai/b"));
        keeps(&one, Some("anthropic/*"), Ok("anthropic/*"));
        keeps(&one, Some("nobody"), Err("model_not_found"));
        let two = gateway(&["openai/*", "groq/*"], &[]);
        keeps(&two, None, Err("provider_ambiguous"));
        keeps(&two, Some("groq"), Ok("groq/*"));
        let default = gateway(&["openai/a", "groq/*"], &[]);
        keeps(&default, None, Ok("openai/a"));
        keeps(&gateway(&["anthropic/*"], &[]), None, Err("unsupported_operation"));
    }

    #[test]
    fn lists_have_models_and_aliases_but_no_patterns() {
        let gateway =
            gateway(&["openai/gpt-4o", "anthropic/*"], &[("fast", "gpt-4o"), ("c", "anthropic/claude-x")]);
        let list = gateway.models().into_iter().map(|model| (model.id, model.owner)).collect::<Vec<_>>();
        let expected = [("openai/gpt-4o", "OpenAI"), ("c", "Anthropic"), ("fast", "OpenAI")];
        assert_eq!(list, expected.map(|(id, owner)| (id.to_owned(), owner.to_owned())));
    }
}
