//! What the backend keeps. Today: the reports, as lines of the log.

mod check;

use bytes::BytesMut;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::backend::Backend;
use shared::error::Error;
use shared::report::Report;
use shared::wire::json::Writer;

/// The most reports in one request.
pub const MOST_REPORTS: usize = 1_000;

/// The room that is made for a report before it is written: few are longer.
const ROOM: usize = 1024;

/// The backend, in process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Staff;

impl Staff {
    /// Takes the account of a request.
    pub fn take(self, report: &Report) {
        let mut line = BytesMut::with_capacity(ROOM);
        report.write(&mut Writer::new(&mut line));
        tracing::info!(target: "report", report = %String::from_utf8_lossy(&line));
    }

    /// Reads the body of `POST /v1/reports`: a JSON array of reports. One that is wrong spoils them all, so that
    /// whoever sent them need not guess which were taken.
    pub fn read(body: &[u8]) -> Result<Vec<Report>, Error> {
        let reports: Vec<&RawValue> = serde_json::from_slice(body)
            .map_err(|error| Error::invalid(format!("The body must be a JSON array of reports: {error}.")))?;
        if reports.len() > MOST_REPORTS {
            let message = format!("At most {MOST_REPORTS} reports are taken at once, not {}.", reports.len());
            return Err(Error::invalid(message));
        }
        reports.iter().enumerate().map(|(index, report)| read(index, report.get())).collect()
    }
}

impl Backend for Staff {
    async fn record(&self, report: Report) {
        self.take(&report);
    }
}

/// What `POST /v1/reports` answers.
#[derive(Debug, Serialize)]
pub struct Taken {
    /// How many reports were taken.
    pub taken: usize,
}

fn read(index: usize, json: &str) -> Result<Report, Error> {
    let report: Report = serde_json::from_str(json).map_err(|error| at(index, &error.to_string()))?;
    check::report(&report).map_err(|why| at(index, &why))?;
    Ok(report)
}

fn at(index: usize, why: &str) -> Error {
    Error::invalid_param(format!("[{index}]"), format!("Report {index} cannot be taken: {why}."))
}
