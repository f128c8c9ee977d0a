//! The backend's API: `POST /v1/reports`.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use shared::error::{Error, Fault, Kind};

use super::body::Body;
use super::surface::{Surface, head_of, json};
use super::upload::Upload;
use crate::staff::{Staff, Taken};

/// The most bytes in the body of `POST /v1/reports`.
const REPORTS_BYTES: usize = 1024 * 1024;

impl Surface {
    /// `POST /v1/reports`: a JSON array of reports; all are taken, or none.
    pub(super) async fn reports(&self, request: Request<Incoming>) -> Response<Body> {
        let head = head_of(&request);
        match self.read_reports(request).await {
            Ok(taken) => json(StatusCode::ACCEPTED, Bytes::from(taken)),
            Err(error) => self.refuse(&head, &error),
        }
    }

    async fn read_reports(&self, request: Request<Incoming>) -> Result<Vec<u8>, Error> {
        if request.method() != Method::POST {
            let message = "Reports are sent with POST.";
            return Err(
                Error::new(Fault::Client, Kind::MethodNotAllowed, message).with_code("method_not_allowed")
            );
        }
        let (head, body) = request.into_parts();
        let upload = Upload { limit: REPORTS_BYTES, ..self.upload(&head.headers) };
        let reports = Staff::read(&upload.read(body).await?)?;
        reports.iter().for_each(|report| self.staff.take(report));
        Ok(serde_json::to_vec(&Taken { taken: reports.len() }).unwrap_or_default())
    }
}
