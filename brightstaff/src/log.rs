//! The process's log: one JSON object a line.
//!
//! Written behind the requests' backs, in batches: at full speed a line costs its formatting, not a system call.

mod lines;

use std::fmt;
use std::io::Write;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

pub use lines::Lines;

/// The name of a field whose value is JSON already.
const RAW: &str = "report";

/// Whether a filter has levels only, alone or behind the target that they are for: any other word alone would be a target,
/// and nothing else would be logged.
pub fn is_filter(filter: &str) -> bool {
    let level =
        |part: &str| part.rsplit('=').next().is_some_and(|word| word.trim().parse::<LevelFilter>().is_ok());
    filter.split(',').all(level)
}

/// Makes `sink` the process's log. `filter` is as in `info` or `warn,report=info`; what makes no sense is `info`.
///
/// Whoever ends the process calls [`Lines::flush`] before.
pub fn start(filter: Option<&str>, sink: impl Write + Send + 'static) -> Result<Lines, TryInitError> {
    let targets = filter.and_then(|filter| filter.parse::<Targets>().ok());
    let targets = targets.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = Lines::start(sink);
    let layer = tracing_subscriber::fmt::layer().event_format(Format).with_writer(lines.clone());
    tracing_subscriber::registry().with(targets).with(layer).try_init()?;
    Ok(lines)
}

/// A value that shows itself as JSON.
struct Json<'a, T>(&'a T);

impl<T: Serialize> fmt::Display for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self.0).map_err(|_| fmt::Error)?)
    }
}

/// An event as `{"time", "level", "target", …its fields}`.
struct Format;

impl<S, N> FormatEvent<S, N> for Format
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        out.write_str("{\"time\":\"")?;
        SystemTime.format_time(&mut out)?;
        write!(out, "\",\"level\":\"{}\",\"target\":\"{}\"", metadata.level(), metadata.target())?;
        let mut members = Members { out: out.by_ref(), result: Ok(()) };
        event.record(&mut members);
        members.result?;
        out.write_str("}\n")
    }
}

/// Writes an event's fields as members of an object.
struct Members<'a> {
    out: Writer<'a>,
    result: fmt::Result,
}

impl Members<'_> {
    fn push(&mut self, field: &Field, value: impl fmt::Display) {
        if self.result.is_ok() {
            // A field's name is Rust's: nothing in it needs escaping.
            self.result = write!(self.out, ",\"{}\":{value}", field.name());
        }
    }
}

impl Visit for Members<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            RAW => self.push(field, format_args!("{value:?}")),
            _ => self.push(field, Json(&format!("{value:?}"))),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, Json(&value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> serde_json::Value {
        let memory = Memory::default();
        let writer = memory.clone();
        let layer = tracing_subscriber::fmt::layer().event_format(Format).with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = memory.0.lock().unwrap().clone();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn an_event_is_one_object_whatever_is_in_it() {
        let line =
            logged(|| tracing::warn!(target: "door", port = 12000, open = true, name = "a\"b\n", "c\\d"));
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["target"], "door");
        assert_eq!(line["port"], 12000);
        assert_eq!(line["open"], true);
        assert_eq!(line["name"], "a\"b\n");
        assert_eq!(line["message"], "c\\d");
        assert!(line["time"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn a_report_is_an_object_in_its_line() {
        let report = shared::report::Report { id: "r\"1".to_owned(), status: 200, ..Default::default() };
        let line = logged(|| crate::staff::Staff.take(&report));
        assert_eq!(line["target"], "report");
        assert_eq!(serde_json::from_value::<shared::report::Report>(line["report"].clone()).unwrap(), report);
    }
}
