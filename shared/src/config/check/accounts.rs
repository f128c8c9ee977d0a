//! Credentials that are more than a key: signatures, and what accounts in clouds lend.

use super::Checks;
use super::providers::doubt;
use crate::config::{Aws, AwsOrigin, Path, Provider};
use crate::dialect::{Cloud, Dialect};
use crate::gateway::{AwsRole, AwsSource, CompiledKeys, CompiledSigning, TokenSource};
use crate::signature;

impl Checks<'_> {
    /// What requests are signed with, where they are.
    pub(super) fn signing(
        &mut self,
        path: &Path,
        entry: &Provider,
        dialect: &Dialect,
        base: &str,
    ) -> Option<CompiledSigning> {
        let aws = entry.aws.as_ref()?;
        let here = path.key("aws");
        if dialect.signs.is_none() {
            self.error(here, "is for providers of AWS: this one takes an `access_key`");
            return None;
        }
        self.one_way(&here, entry);
        let keys = self.signing_keys(&here, aws);
        let uri = base.parse::<http::Uri>().ok();
        let host = uri.as_ref().and_then(|uri| uri.host()).unwrap_or_default();
        let region = entry.region.as_deref().or(signature::region_of(host));
        let region = region
            .map(str::to_owned)
            .ok_or_else(|| "needs `region`: the address does not tell it".to_owned());
        Some(CompiledSigning { keys, region: self.value(path.clone(), region)? })
    }

    fn one_way(&mut self, here: &Path, entry: &Provider) {
        if entry.access_key.is_some() || entry.passthrough_auth {
            self.error(here.clone(), "is one way to say who calls: leave the other one out");
        }
    }

    fn signing_keys(&mut self, here: &Path, aws: &Aws) -> CompiledKeys {
        let given = [
            ("access_key_id", &aws.access_key_id),
            ("secret_access_key", &aws.secret_access_key),
            ("session_token", &aws.session_token),
        ];
        let given = given.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        if let Some((source, which)) = self.source(here, aws) {
            for (key, _) in given {
                self.error(here.key(key), format!("is not used: `{which}` has the keys"));
            }
            return CompiledKeys::Lent(source);
        }
        for (key, value) in given.filter(|(key, _)| *key != "access_key_id") {
            if let Some(doubt) = doubt(value) {
                self.warn(here.key(key), doubt);
            }
        }
        let CompiledKeys::Given { id, secret, .. } = CompiledKeys::usual(false) else {
            return CompiledKeys::usual(false);
        };
        CompiledKeys::Given {
            id: aws.access_key_id.clone().unwrap_or(id),
            secret: aws.secret_access_key.clone().unwrap_or(secret),
            session_token: aws.session_token.clone(),
        }
    }

    /// Where keys come from that are not given, and the key that says so.
    fn source(&mut self, here: &Path, aws: &Aws) -> Option<(AwsSource, &'static str)> {
        if aws.profile.is_some() && aws.source.is_some() {
            self.error(here.key("source"), "is not used: `profile` has the keys");
        }
        let origin = aws.source.map(|origin| match origin {
            AwsOrigin::Chain => AwsSource::Chain,
            AwsOrigin::WebIdentity => AwsSource::WebIdentity,
            AwsOrigin::Container => AwsSource::Container,
            AwsOrigin::Instance => AwsSource::Instance,
        });
        let profile = aws.profile.clone().map(|name| (AwsSource::Profile(name), "profile"));
        let plain = profile.or(origin.map(|origin| (origin, "source")));
        let Some(arn) = aws.role_arn.clone() else {
            let about = [("role_session_name", &aws.role_session_name), ("external_id", &aws.external_id)];
            for (key, _) in about.into_iter().filter(|(_, value)| value.is_some()) {
                self.error(here.key(key), "is of a role: it needs `role_arn`");
            }
            return plain;
        };
        if !arn.starts_with("arn:") {
            self.error(here.key("role_arn"), "must be like `arn:aws:iam::123456789012:role/NAME`");
        }
        let (of, which) = plain.unwrap_or((AwsSource::Chain, "role_arn"));
        let (session_name, external_id) = (aws.role_session_name.clone(), aws.external_id.clone());
        Some((AwsSource::Role(Box::new(AwsRole { arn, session_name, external_id, of })), which))
    }

    /// Where tokens come from, where an account lends them.
    pub(super) fn tokens(&mut self, path: &Path, entry: &Provider, dialect: &Dialect) -> Option<TokenSource> {
        let google = entry.google.as_ref().map(|google| {
            ("google", Cloud::Google, TokenSource::Google { file: google.credentials_file.clone() })
        });
        let azure = entry.azure.as_ref().map(|azure| {
            let (tenant, client) = (azure.tenant_id.clone(), azure.client_id.clone());
            ("azure", Cloud::Azure, TokenSource::Azure { tenant, client })
        });
        let given: Vec<_> = google.into_iter().chain(azure).collect();
        for (key, cloud, _) in &given {
            match dialect.tokens == Some(*cloud) {
                true => self.one_way(&path.key(key), entry),
                false => self.error(path.key(key), "is not this provider's: it takes an `access_key`"),
            }
        }
        given.into_iter().map(|(_, _, source)| source).next()
    }
}
