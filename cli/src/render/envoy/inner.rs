//! The turn that streams take inside Envoy, so that a provider that breaks off is noticed.
//!
//! Envoy resets the client's stream when it loses the provider's, and tells no filter. On the inner listener answers
//! end where their connection does, as in HTTP/1.0, so that its reset is an ordinary end to the gateway's filter, which
//! knows whether the answer is whole.

use std::time::Duration;

use serde_json::{Value, json};
use shared::gateway::{Compiled, Limits, Listener};
use shared::wire::Framing;

use super::{BUFFER, Options, duration, machine, route, router, routes};

/// How much sooner the inner listener gives a silent provider up, so that the client can be told.
const HEAD_START: Duration = Duration::from_secs(5);

/// What makes listeners possible that nothing outside can reach.
pub(super) fn extension() -> Value {
    json!({
        "name": "envoy.bootstrap.internal_listener",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
            "buffer_size_kb": BUFFER >> 10,
        },
    })
}

/// The ways of requests that ask for a stream: of events of the web's, and of frames of AWS's. The gateway asks for one in
/// exactly these words.
pub(super) fn ways(entry: &Listener) -> [Value; 2] {
    [Framing::Events, Framing::Binary].map(|framing| way(entry, framing.media_type()))
}

fn way(entry: &Listener, media_type: &str) -> Value {
    let asked = json!({ "name": "accept", "string_match": { "exact": media_type } });
    json!({
        "match": { "prefix": "/", "headers": [asked] },
        "route": {
            "cluster": name(entry),
            "timeout": "0s",
            "idle_timeout": duration(entry.timeout + HEAD_START),
        },
    })
}

/// The cluster that is the inner listener.
pub(super) fn cluster(entry: &Listener) -> Value {
    let address = json!({ "envoy_internal_address": { "server_listener_name": name(entry) } });
    json!({
        "name": name(entry),
        "type": "STATIC",
        "per_connection_buffer_limit_bytes": BUFFER,
        "circuit_breakers": { "thresholds": [super::cluster::bounds()] },
        "load_assignment": {
            "cluster_name": name(entry),
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": address } }] }],
        },
    })
}

/// The inner listener.
pub(super) fn listener(entry: &Listener, compiled: &Compiled, options: &Options) -> Value {
    json!({
        "name": name(entry),
        "internal_listener": {},
        "per_connection_buffer_limit_bytes": BUFFER,
        "filter_chains": [{ "filters": [downgrade(compiled, options), connections(entry, &compiled.limits)] }],
    })
}

fn name(entry: &Listener) -> String {
    format!("streams of {}", entry.name)
}

/// Makes requests ones of HTTP/1.0; the same module as the gateway's filter, without a configuration.
fn downgrade(compiled: &Compiled, options: &Options) -> Value {
    json!({
        "name": "plano.streams",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm",
            "config": {
                "name": "streams",
                "root_id": "streams",
                "failure_policy": "FAIL_RELOAD",
                "vm_config": machine(compiled, options),
            },
        },
    })
}

fn connections(entry: &Listener, limits: &Limits) -> Value {
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": name(entry),
            "codec_type": "HTTP1",
            "http_protocol_options": { "accept_http_10": true },
            "generate_request_id": false,
            "skip_xff_append": true,
            "server_header_transformation": "PASS_THROUGH",
            // The outer listener has looked already; the provider's credential came to it since.
            "max_request_headers_kb": 8192,
            "stream_idle_timeout": duration(entry.timeout),
            "local_reply_config": details(),
            "route_config": {
                "response_headers_to_remove": ["x-plano-details"],
                "virtual_hosts": routes(&[route(entry)], limits),
            },
            "http_filters": [router()],
        },
    })
}

/// Tells the gateway's filter why Envoy answers in a provider's stead.
fn details() -> Value {
    let details = json!({ "key": "x-plano-details", "value": "%RESPONSE_CODE_DETAILS%" });
    json!({ "mappers": [{
        "filter": { "response_flag_filter": {} },
        "headers_to_add": [{ "header": details }],
    }] })
}
