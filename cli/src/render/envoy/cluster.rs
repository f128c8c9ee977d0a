//! Clusters: whom Envoy calls, and how.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};
use shared::origin::Origin;

use super::{BUFFER, Options, duration};

/// What a provider's connection may idle; they close theirs after one to six minutes.
const IDLE: Duration = Duration::from_secs(50);

/// A provider's or the backend's. The filter asks for it by its origin's name.
pub(super) fn of(origin: &Origin, connect: Duration, options: &Options) -> Value {
    let host = origin.host.parse::<IpAddr>();
    let mut cluster = json!({
        "name": origin.to_string(),
        "type": if host.is_ok() { "STATIC" } else { "LOGICAL_DNS" },
        "dns_lookup_family": "ALL",
        "connect_timeout": duration(connect),
        "per_connection_buffer_limit_bytes": BUFFER,
        "upstream_connection_options": { "tcp_keepalive": {} },
        "circuit_breakers": { "thresholds": [bounds()] },
        "load_assignment": {
            "cluster_name": origin.to_string(),
            "endpoints": [{ "lb_endpoints": [{ "endpoint": {
                "address": { "socket_address": { "address": origin.host, "port_value": origin.port } },
            } }] }],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol(origin),
        },
    });
    if origin.tls {
        cluster["transport_socket"] = tls(&origin.host, host.is_ok(), &options.ca);
    }
    cluster
}

/// How much may be under way with one cluster at once.
pub(super) fn bounds() -> Value {
    json!({
        "max_connections": 16_384,
        "max_pending_requests": 16_384,
        "max_requests": 16_384,
        "max_retries": 64,
    })
}

/// HTTP/2 where the provider agrees to it, which takes TLS.
fn protocol(origin: &Origin) -> Value {
    let mut options = json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": { "idle_timeout": duration(IDLE) },
    });
    match origin.tls {
        true => options["auto_config"] = json!({}),
        false => options["explicit_http_config"] = json!({ "http_protocol_options": {} }),
    }
    options
}

fn tls(host: &str, is_address: bool, ca: &str) -> Value {
    let kind = if is_address { "IP_ADDRESS" } else { "DNS" };
    let mut context = json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {
            "tls_params": { "tls_minimum_protocol_version": "TLSv1_2" },
            "validation_context": {
                "trusted_ca": { "filename": ca },
                "match_typed_subject_alt_names": [{ "san_type": kind, "matcher": { "exact": host } }],
            },
        },
    });
    // RFC 6066, section 3: an address is no server name.
    if !is_address {
        context["sni"] = json!(host);
    }
    json!({ "name": "envoy.transport_sockets.tls", "typed_config": context })
}
