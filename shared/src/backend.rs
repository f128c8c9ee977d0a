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
        let Some(request) = reports_request(self.address, reports) else { return Ok(()) };
        let why = match self.host.call(request, DEADLINE).await {
            Ok(response) if response.status().is_success() => return Ok(()),
            Ok(response) => format!("the backend answered with status {}", response.status().as_u16()),
            Err(error) => error.to_string(),
        };
        Err(format!("reports of {} requests are lost: {why}", reports.len()))
    }
}

/// `POST /v1/reports` with an array of reports; `None` where the address makes no request.
pub fn reports_request(address: &BackendAddress, reports: &[Report]) -> Option<Request<Bytes>> {
    let mut body = BytesMut::new();
    Writer::new(&mut body).array(|a| reports.iter().for_each(|report| report.write(a)));
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("{}/v1/reports", address.url))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = &address.token {
        request = request.header(header::AUTHORIZATION, token.clone());
    }
    request.body(body.freeze()).ok()
}
