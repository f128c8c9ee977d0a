//! What a report from elsewhere must be like. It ends in a log, so nothing in it may be long or out of range.

use shared::report::Report;

/// The longest word in a report, in bytes.
const LONGEST: usize = 512;

/// The most losses in a report.
const MOST_LOSSES: usize = 256;

/// Says what is wrong with a report.
pub(super) fn report(report: &Report) -> Result<(), String> {
    if report.id.is_empty() {
        return Err("`id` is missing".to_owned());
    }
    if report.host.is_empty() {
        return Err("`host` is missing".to_owned());
    }
    if !(100..=599).contains(&report.status) {
        return Err(format!("`status` is {}, which is not an HTTP status", report.status));
    }
    if report.losses.len() > MOST_LOSSES {
        return Err(format!("`losses` has more than {MOST_LOSSES} entries"));
    }
    words(report).try_for_each(|(name, word)| short(name, word))
}

fn words(report: &Report) -> impl Iterator<Item = (&'static str, &str)> {
    let failure = report.error.iter();
    [
        ("id", report.id.as_str()),
        ("host", &report.host),
        ("model", &report.model),
        ("provider", &report.provider),
        ("provider_model", &report.provider_model),
    ]
    .into_iter()
    .chain(report.stop.iter().map(|stop| ("stop", &**stop)))
    .chain(failure.clone().map(|failure| ("error.kind", failure.kind.as_str())))
    .chain(failure.map(|failure| ("error.fault", failure.fault.as_str())))
    .chain(report.losses.iter().map(|loss| ("losses", loss.as_str())))
}

fn short(name: &str, word: &str) -> Result<(), String> {
    match word.len() > LONGEST {
        true => Err(format!("`{name}` is longer than {LONGEST} bytes")),
        false => Ok(()),
    }
}
