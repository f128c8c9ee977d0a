//! What Envoy says when it answers in a provider's stead.

use shared::host::CallError;
use shared::relay::Ending;

/// What Envoy calls an answer that is the provider's own.
const GENUINE: &str = "via_upstream";

/// A beginning of Envoy's response code details, and what that is to the gateway.
/// <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details>
type Detail = (&'static str, fn(String) -> CallError);

/// The first that fits counts.
const DETAILS: &[Detail] = &[
    ("no_healthy_upstream", CallError::Connect),
    ("upstream_reset_before_response_started{connection_timeout", CallError::Connect),
    ("upstream_reset_before_response_started{local_connection_failure", CallError::Connect),
    ("upstream_reset_before_response_started{remote_connection_failure", CallError::Connect),
    ("upstream_reset_before_response_started{connection_failure", CallError::Connect),
    ("upstream_reset_before_response_started{protocol_error", CallError::Garbled),
    ("upstream_response_timeout", timeout),
    ("response_timeout", timeout),
    ("upstream_per_try_timeout", timeout),
    ("upstream_per_try_idle_timeout", timeout),
    ("upstream_max_stream_duration_reached", timeout),
    ("stream_idle_timeout", timeout),
    ("cluster_not_found", CallError::Forbidden),
    ("route_not_found", CallError::Forbidden),
];

/// Why there is no answer of the provider; none where the answer is its own.
pub(crate) fn of_answer(details: &str) -> Option<CallError> {
    if details == GENUINE {
        return None;
    }
    let known = DETAILS.iter().find(|(beginning, _)| details.starts_with(beginning));
    let error = known.map_or(CallError::Broken as fn(String) -> CallError, |(_, error)| *error);
    Some(error(details.to_owned()))
}

/// Who ended a stream that Envoy does not carry on.
pub(crate) fn of_stream(details: &str) -> Ending {
    match details.starts_with("downstream") {
        true => Ending::Abandoned,
        false => Ending::Broken(details.to_owned()),
    }
}

fn timeout(_: String) -> CallError {
    CallError::Timeout
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envoys_words_are_understood() {
        assert_eq!(of_answer("via_upstream"), None);
        assert_eq!(of_answer("response_timeout"), Some(CallError::Timeout));
        let refused =
            "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111}";
        assert_eq!(of_answer(refused), Some(CallError::Connect(refused.to_owned())));
        let cut = "upstream_reset_before_response_started{connection_termination}";
        assert_eq!(of_answer(cut), Some(CallError::Broken(cut.to_owned())));
        let garbled = "upstream_reset_before_response_started{protocol_error}";
        assert_eq!(of_answer(garbled), Some(CallError::Garbled(garbled.to_owned())));
        assert_eq!(of_stream("downstream_remote_disconnect"), Ending::Abandoned);
    }
}
