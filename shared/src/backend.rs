//! What brightstaff does for the gateway: today it takes the reports.
//!
//! In process natively, [`Remote`] over HTTP elsewhere.

use std::future::Future;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, Request, header};

use crate::gateway::BackendAddress;
use crate::host::Host;
use crate::report::Report;
use crate::wire::json::Writer;

/// How long a report may take. It is sent behind the answer, so nobody waits for it.
const DEADLINE: Duration = Duration::from_secs(5);

/// What an array ends with.
const END: &[u8] = b"]";

/// What brightstaff knows and keeps.
pub trait Backend {
    /// Takes the account of a request, after its last byte. A report that cannot be kept is lost: the answer was
    /// given already.
    fn record(&self, report: Report) -> impl Future<Output = ()>;
}

/// A brightstaff reached over a host's side calls.
#[derive(Clone, Copy, Debug)]
pub struct Remote<'a, H> {
    host: &'a H,
    address: &'a BackendAddress,
}

impl<'a, H: Host> Remote<'a, H> {
    /// The backend at `address`.
    pub fn new(host: &'a H, address: &'a BackendAddress) -> Remote<'a, H> {
        Remote { host, address }
    }

    /// Takes the accounts of several requests at once. Where they are lost it says so, in a line for the host's log.
    pub async fn record_all(&self, reports: &[Report]) -> Result<(), String> {
        let mut batch = Batch::default();
        reports.iter().for_each(|report| batch.push(report));
        let Some(request) = batch.request(self.address) else { return Ok(()) };
        let why = match self.host.call(request, DEADLINE).await {
            Ok(response) if response.status().is_success() => return Ok(()),
            Ok(response) => format!("the backend answered with status {}", response.status().as_u16()),
            Err(error) => error.to_string(),
        };
        Err(format!("reports of {} requests are lost: {why}", reports.len()))
    }
}

/// Reports that go in one request. Each is written when it is put in, for to keep it as it is would take several times the
/// memory.
#[derive(Debug, Default)]
pub struct Batch {
    /// An array in JSON once there is a report.
    body: BytesMut,
    count: usize,
}

impl Batch {
    /// One with this report in it.
    pub fn of(report: &Report) -> Batch {
        let mut batch = Batch::default();
        batch.push(report);
        batch
    }

    /// Puts a report behind the others.
    pub fn push(&mut self, report: &Report) {
        let begin = if self.body.is_empty() { "[" } else { "," };
        self.body.truncate(self.body.len().saturating_sub(END.len()));
        self.body.extend_from_slice(begin.as_bytes());
        report.write(&mut Writer::new(&mut self.body));
        self.body.extend_from_slice(END);
        self.count += 1;
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// `POST /v1/reports` with all of them; `None` where the address makes no request.
    pub fn request(&self, address: &BackendAddress) -> Option<Request<Bytes>> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/v1/reports", address.url))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = &address.token {
            request = request.header(header::AUTHORIZATION, token.clone());
        }
        request.body(self.body.clone().freeze()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_the_array_of_what_was_put_in() {
        let address = BackendAddress { url: "http://b".to_owned(), token: None };
        let mut batch = Batch::default();
        assert!(batch.is_empty());
        for count in 1..4 {
            batch.push(&Report { id: format!("r-{count}"), ..Report::default() });
            let request = batch.request(&address).unwrap();
            assert_eq!(request.uri(), "http://b/v1/reports");
            let reports: Vec<serde_json::Value> = serde_json::from_slice(request.body()).unwrap();
            let ids: Vec<_> = reports.iter().map(|report| report["id"].clone()).collect();
            assert_eq!(ids, (1..=count).map(|id| format!("r-{id}")).collect::<Vec<_>>());
            assert_eq!(batch.len(), count);
        }
    }
}
