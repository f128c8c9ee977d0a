//! How the end of a provider's stream is seen even where it is no proper end.
//!
//! Where a provider breaks off in mid-stream, Envoy resets the client's stream without a word to the filters, so
//! the client would never be told. Streams therefore take a second turn inside Envoy: the gateway's filter sends them
//! to a listener that speaks HTTP/1.0, whose answers end where the connection does (RFC 1945, section 7.2.2). The
//! reset of that connection is an ordinary end of the body to the filter, and the relay knows that the answer is not
//! whole. What makes the listener speak HTTP/1.0 is this context: it changes the version in the request's first line.

use proxy_wasm::traits::{Context, StreamContext};
use proxy_wasm::types::{Action, BufferType};

use crate::abi;

const VERSION: &[u8] = b"HTTP/1.1";
const OLD_VERSION: &[u8] = b"HTTP/1.0";

/// One connection of the inner listener, which carries one request.
#[derive(Default)]
pub(crate) struct Connection {
    /// Whether the first line is through.
    begun: bool,
}

impl Context for Connection {}

impl StreamContext for Connection {
    fn on_downstream_data(&mut self, size: usize, _: bool) -> Action {
        if self.begun {
            return Action::Continue;
        }
        let mut head = abi::bytes(BufferType::DownstreamData, size).to_vec();
        if !downgrade(&mut head) {
            return Action::Pause;
        }
        self.begun = true;
        abi::set_bytes(BufferType::DownstreamData, &head);
        Action::Continue
    }
}

/// Changes the version in the first line; false where the line is not whole yet.
fn downgrade(head: &mut [u8]) -> bool {
    let Some(end) = head.iter().position(|&byte| byte == b'\r') else { return false };
    let version = end.checked_sub(VERSION.len()).and_then(|begin| head.get_mut(begin..end));
    if let Some(version) = version.filter(|version| **version == *VERSION) {
        version.copy_from_slice(OLD_VERSION);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, expected: Option<&str>) {
        let mut bytes = head.as_bytes().to_vec();
        let whole = downgrade(&mut bytes);
        assert_eq!(whole.then(|| String::from_utf8(bytes).unwrap()).as_deref(), expected, "{head}");
    }

    #[test]
    fn only_the_first_lines_version_changes() {
        check("POST /v1 HTTP/1.1\r\nx: HTTP/1.1\r\n\r\n", Some("POST /v1 HTTP/1.0\r\nx: HTTP/1.1\r\n\r\n"));
        check("POST /v1 HTTP/1.0\r\n", Some("POST /v1 HTTP/1.0\r\n"));
        check("POST /v1 HTT", None);
        check("\r\n", Some("\r\n"));
    }
}
