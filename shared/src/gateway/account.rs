//! Accounts in clouds: what they lend is valid for a while only, so a host gets it, keeps it and renews it.

use serde::Serialize;

use crate::secret::Secret;
use crate::signature::Signer;

/// Whose credentials a provider is called with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// Keys to sign requests with, for a service of a region.
    Aws { source: AwsSource, region: String, service: &'static str },
    /// A token.
    Token(TokenSource),
}

/// Where keys of AWS come from.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AwsSource {
    /// The first of all places where AWS's own tools look.
    Chain,
    /// A profile in the files of AWS's tools, with whatever it leads to.
    Profile(String),
    /// A token of the platform's, for a role: `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`.
    WebIdentity,
    /// The container's role.
    Container,
    /// The machine's role.
    Instance,
    /// A role that whoever has other keys may take.
    Role(Box<AwsRole>),
}

/// A role that is taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AwsRole {
    pub arn: String,
    /// The name that AWS's records have for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_name: Option<String>,
    /// What the role's owner wants to hear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Whose keys may take it.
    pub of: AwsSource,
}

/// Where tokens come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// Google Cloud: this file's account, else the usual one.
    ///
    /// <https://cloud.google.com/docs/authentication/application-default-credentials>
    Google {
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// Microsoft Entra: an application, else the one that the usual variables tell. Its secret is in
    /// `AZURE_CLIENT_SECRET`, or the platform vouches for it.
    ///
    /// <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow>
    Azure {
        #[serde(skip_serializing_if = "Option::is_none")]
        tenant: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    },
}

/// What an account lends.
#[derive(Debug)]
pub enum Lent {
    Signer(Signer),
    /// What `authorization: Bearer` carries.
    Token(Secret),
}
