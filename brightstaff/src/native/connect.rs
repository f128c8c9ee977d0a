//! A bound on how long a connection takes to make.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A connector that gives up after a while, whatever it is waiting for: a name server, TCP, or TLS.
#[derive(Clone, Debug)]
pub(crate) struct Within<C> {
    connector: C,
    time: Duration,
}

impl<C> Within<C> {
    pub(super) fn new(connector: C, time: Duration) -> Within<C> {
        Within { connector, time }
    }
}

impl<C> Service<Uri> for Within<C>
where
    C: Service<Uri>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connection = tokio::time::timeout(self.time, self.connector.call(uri));
        Box::pin(async move { connection.await?.map_err(Into::into) })
    }
}
