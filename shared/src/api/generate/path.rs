//! What an operation's address says besides its model.

/// Whether a query asks for events; without `alt=sse` a stream is one array.
///
/// <https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent>
pub fn wants_events(query: Option<&str>) -> bool {
    query.unwrap_or_default().split('&').any(|pair| pair.eq_ignore_ascii_case("alt=sse"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_alt_sse_asks_for_events() {
        assert!(wants_events(Some("key=k&alt=sse")));
        assert!(!wants_events(Some("alt=json")) && !wants_events(None));
    }
}
