//! Reading the compiled form, as serde writes it.
//!
//! What serde derives for reading was a twentieth of a guest. Members that are not known are passed over, as newer
//! versions may write some.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use super::{Compiled, CompiledBackend, CompiledKeys, CompiledProvider, CompiledSigning, Template};
use crate::api::Api;
use crate::egress::{Egress, Network, Pattern};
use crate::gateway::{AwsRole, AwsSource, Fetch, Limits, Listener, ListenerKind, Serves, TokenSource};
use crate::wire::json::{Index, Json, Kind};

/// Why a compiled form cannot be read, and where: `providers.base: missing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread(String);

impl Compiled {
    /// Reads what was written as JSON.
    pub fn read(json: &[u8]) -> Result<Compiled, Unread> {
        let mut index = Index::default();
        let json = index.parse(json).map_err(|malformed| Unread(format!(": {malformed}")))?;
        Part::read(json)
    }
}

/// What can be read.
trait Part: Sized {
    fn read(json: Json<'_>) -> Result<Self, Unread>;

    /// What it is where nothing is written.
    fn absent() -> Option<Self> {
        None
    }
}

/// Structures, by their members.
macro_rules! structures {
    ($($name:ident { $($member:ident),* })*) => {$(
        impl Part for $name {
            fn read(json: Json<'_>) -> Result<Self, Unread> {
                let [$($member),*] = json.pick([$(stringify!($member)),*]);
                Ok($name { $($member: member($member, stringify!($member))?),* })
            }
        }
    )*};
}

structures! {
    Compiled { format, listeners, providers, aliases, limits, fetch, connect_timeout, authorities, backend }
    Listener { name, kind, address, port, timeout, max_retries, keep_alive, report_losses, strict }
    CompiledProvider {
        name, prefix, serves, default, dialect, apis, base, access_key, signing, tokens, passthrough, headers, http_host,
        api_version
    }
    CompiledSigning { keys, region }
    CompiledBackend { url, token }
    AwsRole { arn, session_name, external_id, of }
    Limits { body_bytes, header_bytes, answer_bytes, event_bytes }
    Fetch { egress, file_bytes, request_bytes, files, timeout }
    Egress { hosts, http, private }
}

/// What is written as text that it is made from.
macro_rules! texts {
    ($($name:ty),*) => {$(
        impl Part for $name {
            fn read(json: Json<'_>) -> Result<Self, Unread> {
                text(json)
            }
        }
    )*};
}

texts!(IpAddr, Network, Pattern, String);

/// Numbers.
macro_rules! numbers {
    ($($name:ty),*) => {$(
        impl Part for $name {
            fn read(json: Json<'_>) -> Result<Self, Unread> {
                json.number().ok_or_else(Unread::unexpected)
            }
        }
    )*};
}

numbers!(u16, u32, u64, usize);

impl Part for bool {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        json.boolean().ok_or_else(Unread::unexpected)
    }

    fn absent() -> Option<Self> {
        Some(false)
    }
}

impl<T: Part> Part for Option<T> {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        json.present().map(T::read).transpose()
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Part> Part for Vec<T> {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        expect(json, Kind::Array)?.items().map(T::read).collect()
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

impl<T: Part> Part for BTreeMap<String, T> {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        let mut map = BTreeMap::new();
        for (name, value) in expect(json, Kind::Object)?.fields() {
            map.insert(name.into_owned(), T::read(value)?);
        }
        Ok(map)
    }

    fn absent() -> Option<Self> {
        Some(BTreeMap::new())
    }
}

impl<T: Part> Part for Box<T> {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        T::read(json).map(Box::new)
    }
}

impl Part for Duration {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        let [seconds, nanoseconds] = json.pick(["secs", "nanos"]);
        Ok(Duration::new(member(seconds, "secs")?, member(nanoseconds, "nanos")?))
    }
}

impl Part for Template {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        text(json).map(Template)
    }
}

impl Part for Api {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        let (name, _) = variant(json)?;
        Api::ALL.into_iter().find(|api| api.name() == name).ok_or_else(Unread::unexpected)
    }
}

impl Part for ListenerKind {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        match variant(json)?.0 {
            "model" => Ok(ListenerKind::Model),
            "prompt" => Ok(ListenerKind::Prompt),
            "agent" => Ok(ListenerKind::Agent),
            _ => Err(Unread::unexpected()),
        }
    }
}

impl Part for Serves {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        match variant(json)? {
            ("exact", model) => Part::read(model).map(Serves::Exact),
            ("any", _) => Ok(Serves::Any),
            _ => Err(Unread::unexpected()),
        }
    }
}

impl Part for CompiledKeys {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        match variant(json)? {
            ("given", keys) => Ok(CompiledKeys::Given {
                id: member(keys.get("id"), "id")?,
                secret: member(keys.get("secret"), "secret")?,
                session_token: member(keys.get("session_token"), "session_token")?,
            }),
            ("lent", source) => Part::read(source).map(CompiledKeys::Lent),
            _ => Err(Unread::unexpected()),
        }
    }
}

impl Part for AwsSource {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        match variant(json)? {
            ("chain", _) => Ok(AwsSource::Chain),
            ("profile", name) => Part::read(name).map(AwsSource::Profile),
            ("web_identity", _) => Ok(AwsSource::WebIdentity),
            ("container", _) => Ok(AwsSource::Container),
            ("instance", _) => Ok(AwsSource::Instance),
            ("role", role) => Part::read(role).map(AwsSource::Role),
            _ => Err(Unread::unexpected()),
        }
    }
}

impl Part for TokenSource {
    fn read(json: Json<'_>) -> Result<Self, Unread> {
        match variant(json)? {
            ("google", account) => Ok(TokenSource::Google { file: member(account.get("file"), "file")? }),
            ("azure", account) => Ok(TokenSource::Azure {
                tenant: member(account.get("tenant"), "tenant")?,
                client: member(account.get("client"), "client")?,
            }),
            _ => Err(Unread::unexpected()),
        }
    }
}

/// What a member holds, if it is there.
fn member<T: Part>(value: Option<Json<'_>>, name: &str) -> Result<T, Unread> {
    match value {
        Some(value) => T::read(value).map_err(|unread| unread.within(name)),
        None => T::absent().ok_or_else(|| Unread(": missing".to_owned()).within(name)),
    }
}

/// A variant's name, and what it holds: `"any"`, `{"exact": "a-model"}`.
fn variant<'a>(json: Json<'a>) -> Result<(&'a str, Json<'a>), Unread> {
    let inner = |json: Json<'a>| json.raw().strip_prefix('"')?.strip_suffix('"');
    let named = || {
        let (name, value) = json.fields().next()?;
        match name {
            std::borrow::Cow::Borrowed(name) => Some((name, value)),
            std::borrow::Cow::Owned(_) => None,
        }
    };
    inner(json).map(|name| (name, Json::NULL)).or_else(named).ok_or_else(Unread::unexpected)
}

fn text<T: FromStr>(json: Json<'_>) -> Result<T, Unread> {
    json.string().and_then(|text| text.parse().ok()).ok_or_else(Unread::unexpected)
}

fn expect(json: Json<'_>, kind: Kind) -> Result<Json<'_>, Unread> {
    if json.kind() == kind { Ok(json) } else { Err(Unread::unexpected()) }
}

impl Unread {
    /// A value that does not belong where it stands.
    #[cold]
    fn unexpected() -> Unread {
        Unread(": unexpected".to_owned())
    }

    #[cold]
    fn within(self, name: &str) -> Unread {
        let Unread(rest) = self;
        let dot = if rest.starts_with(':') { "" } else { "." };
        Unread([name, dot, &rest].concat())
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_start_matches(": "))
    }
}

impl std::error::Error for Unread {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{DIALECTS, Dialect};

    /// As written, and read again.
    fn again(compiled: &Compiled) -> Result<Compiled, Unread> {
        Compiled::read(&serde_json::to_vec(compiled).unwrap())
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    /// Entries with all that one can have, each with another credential.
    fn providers() -> Vec<CompiledProvider> {
        let usual = CompiledProvider::usual(Dialect::named("openai").unwrap());
        let role = AwsRole {
            arn: "arn:aws:iam::1:role/a".to_owned(),
            session_name: text("s"),
            external_id: text("é\"\\"),
            of: AwsSource::Instance,
        };
        let lent = [
            AwsSource::Chain,
            AwsSource::Profile("p".to_owned()),
            AwsSource::WebIdentity,
            AwsSource::Container,
            AwsSource::Instance,
            AwsSource::Role(Box::new(role)),
        ];
        let keys = lent.map(CompiledKeys::Lent).into_iter().chain([false, true].map(CompiledKeys::usual));
        let signing = keys.map(|keys| CompiledProvider {
            signing: Some(CompiledSigning { keys, region: "eu-west-1".to_owned() }),
            ..usual.clone()
        });
        let tokens = [
            TokenSource::Google { file: None },
            TokenSource::Google { file: text("f") },
            TokenSource::Azure { tenant: None, client: None },
            TokenSource::Azure { tenant: text("t"), client: text("c") },
        ];
        let tokens = tokens.map(|tokens| CompiledProvider { tokens: Some(tokens), ..usual.clone() });
        let full = CompiledProvider {
            serves: Serves::Exact("gpt".to_owned()),
            default: true,
            apis: Api::ALL.to_vec(),
            passthrough: true,
            headers: [("x-a".to_owned(), Template::variable("A"))].into(),
            http_host: text("host"),
            api_version: text("v1"),
            ..usual.clone()
        };
        signing.chain(tokens).chain([usual.clone(), full]).collect()
    }

    fn full() -> Compiled {
        let kinds = [ListenerKind::Model, ListenerKind::Prompt, ListenerKind::Agent];
        let listener = |kind| Listener {
            kind,
            address: "::1".parse().unwrap(),
            keep_alive: Some(Duration::from_millis(1_500)),
            report_losses: true,
            strict: true,
            ..Listener::model()
        };
        let egress = Egress {
            hosts: vec!["*.example.com:8443".parse().unwrap(), "*".parse().unwrap()],
            http: true,
            private: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
        };
        Compiled {
            listeners: kinds.map(listener).into_iter().chain([Listener::model()]).collect(),
            aliases: [("fast".to_owned(), "openai/gpt".to_owned())].into(),
            fetch: Some(Fetch { egress, ..Fetch::default() }),
            authorities: text("ca.pem"),
            backend: Some(CompiledBackend {
                url: "http://b".to_owned(),
                token: Some(Template::literal("$")),
            }),
            ..Compiled::new(providers())
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let dialects = DIALECTS.iter().map(CompiledProvider::usual);
        for compiled in [full(), Compiled::demo(), Compiled::new(dialects.collect())] {
            assert_eq!(again(&compiled).as_ref(), Ok(&compiled));
        }
    }

    #[test]
    fn members_of_a_newer_version_are_passed_over() {
        let mut json = serde_json::to_value(full()).unwrap();
        json["limits"]["moons"] = serde_json::json!([{ "name": 1 }]);
        assert_eq!(Compiled::read(json.to_string().as_bytes()), Ok(full()));
    }

    #[test]
    fn each_value_is_looked_at() {
        let whole = serde_json::to_value(full()).unwrap();
        let mut refused = 0;
        for pointer in pointers(&whole, "") {
            let mut json = whole.clone();
            *json.pointer_mut(&pointer).unwrap() = serde_json::json!([["no", "value"]]);
            let unread = Compiled::read(json.to_string().as_bytes()).unwrap_err().to_string();
            let names = pointer.split('/').filter(|name| !name.is_empty() && name.parse::<usize>().is_err());
            let told = names.filter(|name| unread.contains(name)).count();
            let why = [": unexpected", ": missing"].iter().any(|why| unread.ends_with(why));
            assert!(told > 0 && why, "{pointer}: {unread}");
            refused += 1;
        }
        assert!(refused > 100, "{refused}");
    }

    /// Where the values are that are no objects and no arrays.
    fn pointers(value: &serde_json::Value, at: &str) -> Vec<String> {
        let inside: Vec<(String, &serde_json::Value)> = match value {
            serde_json::Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), value)).collect(),
            serde_json::Value::Array(items) => {
                items.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect()
            }
            _ => return vec![at.to_owned()],
        };
        inside.into_iter().flat_map(|(name, value)| pointers(value, &format!("{at}/{name}"))).collect()
    }

    #[test]
    fn what_is_missing_is_named() {
        let said = |json: &str| Compiled::read(json.as_bytes()).unwrap_err().to_string();
        assert_eq!(said("{}"), "format: missing");
        assert_eq!(said("{\"format\": 1, \"listeners\": [{\"name\": 1}]}"), "listeners.name: unexpected");
        assert!(said("{\"format\": 1").contains("at byte"), "{}", said("{\"format\": 1"));
    }
}
