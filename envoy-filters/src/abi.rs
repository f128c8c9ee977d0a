//! Calls of Envoy, where what can fail gives nothing.
//!
//! The SDK panics on every status it does not expect, so callers ask only for what is there: a body in a callback for
//! bodies, or after one.

mod maps;

use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, LogLevel, MapType, Status};
use shared::host::{CallError, Timestamp};
use shared::origin::Origin;

use crate::message::{self, Said};

pub(crate) use maps::pairs;

pub(crate) fn now() -> Timestamp {
    let since = hostcalls::get_current_time().ok().and_then(|now| now.duration_since(UNIX_EPOCH).ok());
    Timestamp(since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX)))
}

/// Another number at each call.
pub(crate) fn count() -> u64 {
    thread_local!(static COUNT: Cell<u64> = const { Cell::new(0) });
    COUNT.with(|count| count.replace(count.get().wrapping_add(1)))
}

pub(crate) fn log(level: LogLevel, line: &str) {
    // There is nowhere else to complain to.
    let _ = hostcalls::log(level, line);
}

/// Replaces all of a map. With the headers of a request Envoy chooses the route anew, by what they are now.
pub(crate) fn set_pairs(map: MapType, pairs: &Said<'_>) {
    let pairs = pairs.iter().map(|(name, value)| (*name, &**value)).collect();
    let _ = hostcalls::set_map_bytes(map, pairs);
}

/// Leaves a value with the stream, where Envoy's own formats find it as `wasm.NAME`.
pub(crate) fn leave(name: &str, value: &[u8]) {
    let _ = hostcalls::set_property(vec![name], Some(value));
}

/// What is in a buffer, at most `size` bytes of it.
pub(crate) fn bytes(buffer: BufferType, size: usize) -> Bytes {
    if size == 0 {
        return Bytes::new();
    }
    Bytes::from(hostcalls::get_buffer(buffer, 0, size).ok().flatten().unwrap_or_default())
}

/// Replaces all that is in a buffer.
pub(crate) fn set_bytes(buffer: BufferType, bytes: &[u8]) {
    let _ = hostcalls::set_buffer(buffer, 0, usize::MAX, bytes);
}

/// Envoy's account of how the answer came about.
pub(crate) fn details() -> String {
    let details = hostcalls::get_property(vec!["response", "code_details"]).ok().flatten();
    String::from_utf8_lossy(&details.unwrap_or_default()).into_owned()
}

/// Answers in Envoy's stead. Envoy does so when the callback has returned.
pub(crate) fn answer(response: &Response<Bytes>) {
    let status = u32::from(response.status().as_u16());
    let headers = response.headers().iter();
    let headers: Vec<_> =
        headers.map(|(name, value)| (name.as_str(), message::text(value.as_bytes()))).collect();
    let headers = headers.iter().map(|(name, value)| (*name, &**value)).collect();
    let _ = hostcalls::send_http_response(status, headers, Some(response.body()));
}

/// Starts a side call and gives its number. Its cluster has the name of the address's origin; where Envoy has no such
/// cluster, it never will.
pub(crate) fn dispatch(request: &Request<Bytes>, deadline: Duration) -> Result<u32, CallError> {
    let unfit = || CallError::Forbidden(format!("{} is no address", request.uri()));
    let cluster = Origin::of(request.uri()).ok_or_else(unfit)?.to_string();
    let pairs = message::call(request).ok_or_else(unfit)?;
    let headers: Vec<_> = pairs.iter().map(|(name, value)| (*name, message::text(value))).collect();
    let headers = headers.iter().map(|(name, value)| (*name, &**value)).collect();
    hostcalls::dispatch_http_call(&cluster, headers, Some(request.body()), Vec::new(), deadline).map_err(
        |status| match status {
            Status::BadArgument => CallError::Forbidden(format!("Envoy has no cluster {cluster}")),
            status => CallError::Connect(format!("{cluster}: {status:?}")),
        },
    )
}

/// A side call's answer; Envoy tells of a failure by an answer without headers.
pub(crate) fn call_answer(headers: usize, size: usize) -> Result<Response<Bytes>, CallError> {
    let failed = || CallError::Broken("no answer".to_owned());
    if headers == 0 {
        return Err(failed());
    }
    let head = message::read_response(&pairs(MapType::HttpCallResponseHeaders)).ok_or_else(failed)?;
    Ok(head.map(|()| if size == 0 { Bytes::new() } else { bytes(BufferType::HttpCallResponseBody, size) }))
}
