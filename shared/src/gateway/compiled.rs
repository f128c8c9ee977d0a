//! What a configuration comes to, and how its secrets are filled in.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

pub use read::Unread;

use super::{
    Account, AwsSource, BackendAddress, Credential, Fetch, Gateway, Keys, Limits, Listener, Provider, Serves,
    TokenSource,
};
use crate::api::Api;
use crate::config::variables;
use crate::dialect::{Cloud, Dialect};
use crate::origin::Origin;
use crate::secret::Secret;
use crate::signature::Signer;
use crate::sorted;

/// The version of the compiled form; a guest refuses any other.
pub const FORMAT: u32 = 1;

/// The usual variables of keys for signatures.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html>
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";

/// Variables that tell that AWS's own tools would find keys.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
const LENDING: [&str; 4] = [
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// The variable that names the file of an account of Google Cloud.
const GOOGLE_FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// Why a host that renews nothing refuses a provider whose credentials are [lent](CompiledProvider::is_lent).
pub const UNRENEWED: &str = "its credentials have to be renewed, which this host does not do: \
                             give a key or a token by a variable";

/// A checked configuration, ready to be opened: it holds the names of secrets, not the secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compiled {
    /// [`FORMAT`]
    pub format: u32,
    pub listeners: Vec<Listener>,
    pub providers: Vec<CompiledProvider>,
    pub aliases: BTreeMap<String, String>,
    pub limits: Limits,
    /// How images and documents are fetched for providers that take only bytes; none where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetch: Option<Fetch>,
    pub connect_timeout: Duration,
    /// A file of the certificate authorities to trust, and no others, where the host reads files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorities: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<CompiledBackend>,
}

/// A [`Provider`] whose secrets are not filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompiledProvider {
    pub name: String,
    pub prefix: String,
    pub serves: Serves,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
    /// The id of its dialect.
    pub dialect: String,
    /// The APIs that the configuration says it speaks, the first for clients of any other; none: those of its dialect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<Api>,
    /// The complete root of its API, without a slash at its end; empty where nothing is called.
    pub base: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing: Option<CompiledSigning>,
    /// Where its tokens come from, where a host renews them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokenSource>,
    /// Whether the caller's own credential is used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub passthrough: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
}

/// A [`Signer`] whose secrets are not filled in. The service is the dialect's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompiledSigning {
    pub keys: CompiledKeys,
    pub region: String,
}

/// Where the keys of a signature are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CompiledKeys {
    Given {
        id: Template,
        secret: Template,
        session_token: Option<Template>,
    },
    /// Lent, and renewed by a host that can.
    Lent(AwsSource),
}

/// A [`BackendAddress`] whose token is not filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompiledBackend {
    /// Without a slash at its end.
    pub url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Template>,
}

/// A secret's text as it was written, with `$VAR` where the secret comes. `Debug` shows the variables' names only:
/// some people write the secret itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(String);

/// Why a configuration cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is for another version of the gateway.
    Format { found: u32 },
    /// A variable has no value.
    Missing { variable: String, place: String },
    /// A value cannot be what it has to be.
    Invalid { place: String, why: &'static str },
}

impl Compiled {
    /// A configuration of nothing but an entry point for models and these providers.
    pub fn new(providers: Vec<CompiledProvider>) -> Compiled {
        Compiled {
            format: FORMAT,
            listeners: vec![Listener::model()],
            providers,
            aliases: BTreeMap::new(),
            limits: Limits::default(),
            fetch: None,
            connect_timeout: Duration::from_secs(5),
            authorities: None,
            backend: None,
        }
    }

    /// A gateway of `demo/echo` alone, which answers with what it is asked: for trying a gateway without a key.
    pub fn demo() -> Compiled {
        let echo = |dialect| CompiledProvider {
            name: "demo/echo".to_owned(),
            serves: Serves::Exact("echo".to_owned()),
            default: true,
            ..CompiledProvider::usual(dialect)
        };
        Compiled::new(Dialect::named("demo").map(echo).into_iter().collect())
    }

    /// Fills the secrets in. `lookup` knows the variables; one that is blank counts as missing.
    pub fn open(self, lookup: impl Fn(&str) -> Option<String>) -> Result<Gateway, Vec<Flaw>> {
        self.open_on(false, lookup)
    }

    /// The same on a host that gets and renews what [accounts](Account) lend.
    pub fn open_lending(self, lookup: impl Fn(&str) -> Option<String>) -> Result<Gateway, Vec<Flaw>> {
        self.open_on(true, lookup)
    }

    fn open_on(self, lends: bool, lookup: impl Fn(&str) -> Option<String>) -> Result<Gateway, Vec<Flaw>> {
        if self.format != FORMAT {
            return Err(vec![Flaw::Format { found: self.format }]);
        }
        let lent = self.providers.iter().filter(|entry| !lends && entry.is_lent());
        let flaws = lent.map(|entry| Flaw::Invalid { place: entry.place(), why: UNRENEWED }).collect();
        let mut opening = Opening { lookup, flaws };
        let providers: Vec<_> =
            self.providers.into_iter().filter_map(|entry| opening.provider(entry)).collect();
        let backend = self.backend.and_then(|entry| opening.backend(entry));
        if !opening.flaws.is_empty() {
            return Err(opening.flaws);
        }
        Ok(Gateway {
            listeners: self.listeners,
            keys: Keys::of(&providers),
            providers,
            aliases: self.aliases,
            limits: self.limits,
            fetch: self.fetch,
            connect_timeout: self.connect_timeout,
            authorities: self.authorities,
            backend,
        })
    }

    /// The names of the variables that [`open`](Compiled::open) must find.
    pub fn variables(&self) -> BTreeSet<&str> {
        let keys = self.providers.iter().filter_map(|provider| provider.access_key.as_ref());
        let headers = self.providers.iter().flat_map(|provider| provider.headers.values());
        let signing = self.providers.iter().filter_map(|provider| provider.signing.as_ref());
        let signing = signing.flat_map(|signing| signing.keys.templates());
        let token = self.backend.iter().filter_map(|backend| backend.token.as_ref());
        let templates = keys.chain(headers).chain(signing).chain(token);
        sorted::set(templates.flat_map(|template| variables::names(&template.0)))
    }

    /// The names of those that it can do without: headers that some providers want if there is a value.
    pub fn optional_variables(&self) -> BTreeSet<&'static str> {
        let dialects = self.providers.iter().filter_map(|provider| Dialect::named(&provider.dialect));
        sorted::set(dialects.flat_map(|dialect| dialect.variables).map(|(_, variable)| *variable))
    }

    /// The origins that are called: what an egress rule has to allow.
    pub fn origins(&self) -> BTreeSet<Origin> {
        let bases = self.providers.iter().map(|provider| provider.base.as_str());
        let all = bases.chain(self.backend.iter().map(|backend| backend.url.as_str()));
        all.filter_map(|base| Origin::of(&base.parse().ok()?)).collect()
    }
}

impl CompiledProvider {
    /// All models of a provider whose address and credential the usual variables tell; none where they do not.
    pub fn found(dialect: &Dialect, lookup: impl Fn(&str) -> Option<String>) -> Option<CompiledProvider> {
        let known = |name: &&str| lookup(name).is_some_and(|value| !value.trim().is_empty());
        let value =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let key = dialect.key?;
        let region = dialect.usual_place.region.iter().find_map(|name| value(name));
        let project = dialect.usual_place.project.and_then(value);
        let placed = || dialect.place(Some(region.as_deref()?), project.as_deref());
        let base = dialect.base.map(str::to_owned).or_else(placed).filter(|base| !base.contains('{'))?;
        let usual = CompiledProvider { base, ..CompiledProvider::usual(dialect) };
        if known(&key) {
            return Some(usual);
        }
        let unkeyed = CompiledProvider { access_key: None, ..usual };
        if dialect.tokens == Some(Cloud::Google) && known(&GOOGLE_FILE) {
            return Some(CompiledProvider { tokens: Some(TokenSource::Google { file: None }), ..unkeyed });
        }
        dialect.signs?;
        let keys = if [KEY_ID, SECRET_KEY].iter().all(known) {
            CompiledKeys::usual(known(&SESSION_TOKEN))
        } else {
            LENDING.iter().any(known).then_some(CompiledKeys::Lent(AwsSource::Chain))?
        };
        let signing = Some(CompiledSigning { keys, region: region? });
        Some(CompiledProvider { signing, ..unkeyed })
    }

    /// All models of a provider, as its row has it, with a key from the row's variable.
    pub fn usual(dialect: &Dialect) -> CompiledProvider {
        CompiledProvider {
            name: format!("{}/*", dialect.id),
            prefix: dialect.id.to_owned(),
            serves: Serves::Any,
            default: false,
            dialect: dialect.id.to_owned(),
            apis: Vec::new(),
            base: dialect.base.unwrap_or_default().to_owned(),
            access_key: dialect.key.map(Template::variable),
            signing: None,
            tokens: None,
            passthrough: dialect.passthrough && dialect.key.is_none(),
            headers: BTreeMap::new(),
            http_host: None,
            api_version: None,
        }
    }

    /// Whether an account lends its credentials, so that only a host that renews them can call it.
    pub fn is_lent(&self) -> bool {
        let lends = |signing: &CompiledSigning| matches!(signing.keys, CompiledKeys::Lent(_));
        !self.passthrough && (self.tokens.is_some() || self.signing.as_ref().is_some_and(lends))
    }

    /// Where a flaw of it is.
    fn place(&self) -> String {
        format!("provider `{}`", self.name)
    }
}

impl CompiledKeys {
    /// The keys in the usual variables; `for_a_while` is whether a session token goes with them.
    pub fn usual(for_a_while: bool) -> CompiledKeys {
        CompiledKeys::Given {
            id: Template::variable(KEY_ID),
            secret: Template::variable(SECRET_KEY),
            session_token: for_a_while.then(|| Template::variable(SESSION_TOKEN)),
        }
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        let all = match self {
            CompiledKeys::Given { id, secret, session_token } => {
                [Some(id), Some(secret), session_token.as_ref()]
            }
            CompiledKeys::Lent(_) => [None; 3],
        };
        all.into_iter().flatten()
    }
}

impl Template {
    /// What a variable holds.
    pub fn variable(name: &str) -> Template {
        Template(format!("${name}"))
    }

    /// This very text.
    pub fn literal(text: &str) -> Template {
        Template(text.replace('$', "$$"))
    }

    /// Text in which `$VAR` and `${VAR}` stand for the variables' values.
    pub fn new(text: String) -> Template {
        Template(text)
    }

    /// Whether the secret itself was written, and not where it is.
    pub fn is_literal(&self) -> bool {
        variables::names(&self.0).next().is_none()
    }

    /// Whether what was written is a variable's name rather than a secret: `OPENAI_API_KEY`.
    pub fn is_name(&self) -> bool {
        let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        self.0.contains('_') && self.0.bytes().all(fits)
    }

    /// Whether it begins with the word that goes in front of tokens in `authorization`.
    pub fn has_scheme(&self) -> bool {
        has_scheme(&self.0)
    }
}

fn has_scheme(key: &str) -> bool {
    key.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer "))
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = variables::names(&self.0).map(|name| format!("${name}")).collect::<Vec<_>>();
        if names.is_empty() { f.write_str("[redacted]") } else { f.write_str(&names.join(" ")) }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Format { found } => {
                write!(
                    f,
                    "this configuration was compiled to format {found}, this gateway reads format {FORMAT}"
                )
            }
            Flaw::Missing { variable, place } => write!(f, "{place}: the variable `{variable}` is not set"),
            Flaw::Invalid { place, why } => write!(f, "{place}: {why}"),
        }
    }
}

impl std::error::Error for Flaw {}

/// An opening under way: all flaws are told at once.
struct Opening<L> {
    lookup: L,
    flaws: Vec<Flaw>,
}

impl<L: Fn(&str) -> Option<String>> Opening<L> {
    fn provider(&mut self, entry: CompiledProvider) -> Option<Provider> {
        let place = entry.place();
        let Some(dialect) = Dialect::named(&entry.dialect) else {
            self.flaws.push(Flaw::Invalid { place, why: "its dialect is not known to this gateway" });
            return None;
        };
        let credential = self.credential(&entry, dialect, &place);
        let mut headers = self.variable_headers(dialect);
        for (name, template) in &entry.headers {
            headers.extend(self.header(name, template, &place));
        }
        let http_host = entry.http_host.and_then(|host| self.value(&host, &place));
        Some(Provider {
            name: entry.name,
            prefix: entry.prefix,
            serves: entry.serves,
            default: entry.default,
            dialect,
            apis: entry.apis,
            base: entry.base,
            credential,
            headers,
            http_host,
            api_version: entry.api_version,
            addresses: Default::default(),
        })
    }

    fn credential(&mut self, entry: &CompiledProvider, dialect: &Dialect, place: &str) -> Credential {
        if entry.passthrough {
            return Credential::Passthrough;
        }
        if let Some(signing) = &entry.signing {
            return self.signature(signing, dialect, place).unwrap_or(Credential::None);
        }
        if let Some(tokens) = &entry.tokens {
            return Credential::Account(Account::Token(tokens.clone()));
        }
        let key = entry.access_key.as_ref().and_then(|template| self.key(template, place));
        key.map_or(Credential::None, |key| Credential::Key(Secret::new(key)))
    }

    /// A key goes out in a header. Of two lines that were taken for one, or of quotes that a shell would have taken off and
    /// a file of variables keeps, each request would learn anew.
    fn key(&mut self, template: &Template, place: &str) -> Option<String> {
        let key = self.fill(template, place)?;
        let quoted = |mark| key.len() > 1 && key.starts_with(mark) && key.ends_with(mark);
        let flaw = match HeaderValue::from_str(&key) {
            Err(_) => "its key has characters that no header may have",
            Ok(_) if quoted('"') || quoted('\'') => "its key is in quotes: leave them out",
            Ok(_) if has_scheme(&key) => {
                "its key begins with `Bearer `, which is put in front of it: leave it out"
            }
            Ok(_) => return Some(key),
        };
        self.flaw(place, flaw)
    }

    fn signature(&mut self, signing: &CompiledSigning, dialect: &Dialect, place: &str) -> Option<Credential> {
        let Some(service) = dialect.signs else {
            return self.flaw(place, "its provider takes no signatures");
        };
        let region = signing.region.clone();
        let (id, secret, session_token) = match &signing.keys {
            CompiledKeys::Given { id, secret, session_token } => (id, secret, session_token),
            CompiledKeys::Lent(source) => {
                let source = source.clone();
                return Some(Credential::Account(Account::Aws { source, region, service }));
            }
        };
        let (id, secret) = (self.fill(id, place), self.fill(secret, place));
        let session_token = match session_token {
            Some(token) => Some(Secret::new(self.fill(token, place)?)),
            None => None,
        };
        let secret = Secret::new(secret?);
        Some(Credential::Signature(Signer { id: id?, secret, session_token, region, service }))
    }

    /// Notes what is wrong.
    fn flaw<T>(&mut self, place: &str, why: &'static str) -> Option<T> {
        self.flaws.push(Flaw::Invalid { place: place.to_owned(), why });
        None
    }

    /// Headers that a provider wants if there is a value.
    fn variable_headers(&self, dialect: &'static Dialect) -> Vec<(HeaderName, HeaderValue)> {
        let found = dialect.variables.iter().filter_map(|(name, variable)| {
            let value = (self.lookup)(variable).filter(|value| !value.trim().is_empty())?;
            Some((HeaderName::from_static(name), HeaderValue::from_str(value.trim()).ok()?))
        });
        found.collect()
    }

    fn header(&mut self, name: &str, template: &Template, place: &str) -> Option<(HeaderName, HeaderValue)> {
        let place = format!("{place}, header `{name}`");
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            self.flaws.push(Flaw::Invalid { place, why: "no header can have this name" });
            return None;
        };
        let value = self.fill(template, &place)?;
        Some((name, self.value(&value, &place)?))
    }

    fn backend(&mut self, entry: CompiledBackend) -> Option<BackendAddress> {
        let token = match &entry.token {
            None => None,
            Some(template) => {
                let token = self.fill(template, "backend")?;
                Some(self.value(&format!("Bearer {token}"), "backend")?)
            }
        };
        Some(BackendAddress { url: entry.url, token })
    }

    fn fill(&mut self, template: &Template, place: &str) -> Option<String> {
        let known = |name: &str| (self.lookup)(name).filter(|value| !value.trim().is_empty());
        match variables::expand(&template.0, known) {
            Ok(text) => Some(text.trim().to_owned()),
            Err(names) => {
                let missing =
                    |name: &str| Flaw::Missing { variable: name.to_owned(), place: place.to_owned() };
                self.flaws.extend(names.into_iter().map(missing));
                None
            }
        }
    }

    fn value(&mut self, value: &str, place: &str) -> Option<HeaderValue> {
        let Ok(mut value) = HeaderValue::from_str(value) else {
            let why = "its value has characters that no header may have";
            self.flaws.push(Flaw::Invalid { place: place.to_owned(), why });
            return None;
        };
        value.set_sensitive(true);
        Some(value)
    }
}
