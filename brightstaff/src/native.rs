//! The world as the core sees it from a process: sockets, the clock, the dice.

mod body;
pub(crate) mod client;
mod connect;
mod guard;
pub mod tokens;

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use shared::dialect::Encoding;
use shared::gateway::{Account, Gateway, Lent};
use shared::host::{CallError, Host, Timestamp};

use crate::accounts::{Accounts, Environment, World};

pub use body::Incoming;
pub use client::TrustError;

/// The most that a side call may answer: it is small by its nature.
const CALL_BYTES: usize = 8 * 1024 * 1024;

/// A process with a pool of connections. Clones share the pool.
#[derive(Clone, Debug)]
pub struct Native {
    client: Arc<client::Client>,
    /// For addresses that clients name; none where they are not fetched.
    fetcher: Option<Arc<client::Fetcher>>,
    accounts: Arc<Accounts>,
}

impl Native {
    /// A world whose connections are made as `gateway` says, and whose accounts are where `environment` says.
    pub fn new(gateway: &Gateway, environment: &Environment) -> Result<Native, TrustError> {
        let fetch = gateway.fetch.as_ref();
        let fetcher = fetch.map(|fetch| client::fetcher(gateway, &fetch.egress)).transpose()?.map(Arc::new);
        let client = Arc::new(client::new(gateway)?);
        let world = World::new(Arc::clone(&client), environment.clone());
        Ok(Native { client, fetcher, accounts: Arc::new(Accounts::new(gateway, world)) })
    }
}

impl Host for Native {
    type Body = Incoming;
    type Sleep = Pin<Box<tokio::time::Sleep>>;

    const RESENDS: bool = true;
    const FETCHES: bool = true;
    const NAME: &'static str = "native";

    async fn call(&self, request: Request<Bytes>, deadline: Duration) -> Result<Response<Bytes>, CallError> {
        let whole = async {
            let (head, body) = client::send(&self.client, request).await?.into_parts();
            let body = Limited::new(body, CALL_BYTES).collect().await.map_err(|error| broken(&*error))?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        tokio::time::timeout(deadline, whole).await.unwrap_or(Err(CallError::Timeout))
    }

    async fn send(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Result<Response<Incoming>, CallError> {
        let head = client::send(&self.client, request);
        let response = tokio::time::timeout(deadline, head).await.unwrap_or(Err(CallError::Timeout))?;
        // A provider that had begun may pause as long as one that had not.
        Ok(response.map(|body| Incoming::new(body, deadline)))
    }

    async fn fetch(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Result<Response<Incoming>, CallError> {
        let Some(fetcher) = &self.fetcher else {
            return Err(CallError::Forbidden("nothing is fetched".to_owned()));
        };
        let head = client::fetch(fetcher, request);
        let response = tokio::time::timeout(deadline, head).await.unwrap_or(Err(CallError::Timeout))?;
        Ok(response.map(|body| Incoming::new(body, deadline)))
    }

    async fn lend(&self, account: &Account) -> Result<Arc<Lent>, CallError> {
        self.accounts.lend(account).await
    }

    fn sleep(&self, time: Duration) -> Self::Sleep {
        Box::pin(tokio::time::sleep(time))
    }

    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }

    fn random(&self) -> u64 {
        rand::random()
    }

    fn tokens(&self, encoding: Encoding, text: &str) -> Option<u64> {
        tokens::count(encoding, text)
    }
}

fn broken(error: &(dyn std::error::Error + 'static)) -> CallError {
    if error.is::<LengthLimitError>() {
        return CallError::Broken(format!("the answer is longer than {CALL_BYTES} bytes"));
    }
    CallError::Broken(body::why(error))
}
