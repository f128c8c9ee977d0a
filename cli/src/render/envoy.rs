//! Envoy's bootstrap: <https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/bootstrap/v3/bootstrap.proto>.
//!
//! It is JSON, which is YAML too. The same configuration gives the same bytes.

mod cluster;
mod inner;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};
use shared::gateway::{Compiled, Limits, Listener, ListenerKind};

/// What a bootstrap needs besides the configuration.
pub(super) struct Options {
    /// The filter's file.
    pub(super) filter: String,
    /// The file with the authorities' certificates.
    pub(super) ca: String,
    /// The port on loopback for Envoy's administration.
    pub(super) admin: Option<u16>,
}

/// Statuses after which a request is worth sending again, as in the gateway's own retries.
const WORTH_RETRYING: [u16; 6] = [429, 500, 502, 503, 504, 529];

/// How many bytes of one connection Envoy keeps before it stops reading at the connection's other side, in each direction.
const BUFFER: u32 = 1 << 16;

/// How long a client may take to send a request.
const REQUEST: Duration = Duration::from_secs(300);

/// How long a client may take to send a request's head.
const REQUEST_HEAD: Duration = Duration::from_secs(10);

/// The bootstrap. Fails where a secret would have to be written into it, or where nothing would listen.
pub(super) fn bootstrap(compiled: &Compiled, options: &Options) -> Result<Value, String> {
    refuse_literal_secrets(compiled)?;
    let mut entries = compiled.listeners.iter().filter(|entry| entry.kind == ListenerKind::Model).peekable();
    if entries.peek().is_none() {
        return Err("there is no listener of type `model`, and Envoy serves no other yet".to_owned());
    }
    let origins = compiled.origins();
    let connect = compiled.connect_timeout;
    let mut clusters: Vec<_> = origins.iter().map(|origin| cluster::of(origin, connect, options)).collect();
    let filter = filter(compiled, options)?;
    let mut listeners = Vec::new();
    for entry in entries {
        listeners
            .extend([listener(entry, &compiled.limits, &filter), inner::listener(entry, compiled, options)]);
        clusters.push(inner::cluster(entry));
    }
    let mut bootstrap = json!({
        "bootstrap_extensions": [inner::extension()],
        "static_resources": { "listeners": listeners, "clusters": clusters },
        "overload_manager": overload(),
    });
    if let Some(port) = options.admin {
        bootstrap["admin"] = json!({ "address": address(IpAddr::from([127, 0, 0, 1]), port) });
    }
    Ok(bootstrap)
}

fn refuse_literal_secrets(compiled: &Compiled) -> Result<(), String> {
    let keys = compiled
        .providers
        .iter()
        .filter(|entry| entry.access_key.as_ref().is_some_and(|key| key.is_literal()));
    let mut places: Vec<_> = keys.map(|entry| format!("the access_key of `{}`", entry.name)).collect();
    let token = compiled.backend.iter().filter_map(|backend| backend.token.as_ref());
    places.extend(token.filter(|token| token.is_literal()).map(|_| "the backend's token".to_owned()));
    if places.is_empty() {
        return Ok(());
    }
    let places = places.join(" and ");
    Err(format!(
        "{places} would be in Envoy's file for all to read: put it in a variable and write `$VARIABLE`"
    ))
}

/// The gateway, which every listener has in it.
fn filter(compiled: &Compiled, options: &Options) -> Result<Value, String> {
    let configuration = serde_json::to_string(compiled).map_err(|error| error.to_string())?;
    Ok(json!({
        "name": "plano",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "plano",
                "root_id": "gateway",
                // A request that the filter cannot take is refused; a virtual machine that failed is started again.
                "failure_policy": "FAIL_RELOAD",
                // Without it a request whose head waits for its body waits for ever.
                "allow_on_headers_stop_iteration": true,
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": configuration,
                },
                "vm_config": machine(compiled, options),
            },
        },
    }))
}

/// The virtual machine that all filters of a thread share.
fn machine(compiled: &Compiled, options: &Options) -> Value {
    json!({
        "vm_id": "plano",
        "runtime": "envoy.wasm.runtime.v8",
        "code": { "local": { "filename": options.filter } },
        "environment_variables": { "host_env_keys": variables(compiled) },
    })
}

/// The variables that the configuration and its providers' rows name.
fn variables(compiled: &Compiled) -> BTreeSet<&str> {
    compiled.variables().into_iter().chain(compiled.optional_variables()).collect()
}

fn listener(entry: &Listener, limits: &Limits, filter: &Value) -> Value {
    json!({
        "name": entry.name,
        "address": address(entry.address, entry.port),
        "per_connection_buffer_limit_bytes": BUFFER,
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": connections(entry, limits, filter),
        }] }],
    })
}

/// The routes of a listener, each for all hosts.
///
/// What the filter holds back, a request or an answer, may be longer than [`BUFFER`]. It answers 413 itself; Envoy's own
/// bound only has to be wide enough for it, and for what a translation adds.
fn routes(routes: &[Value], limits: &Limits) -> Value {
    let held_back = limits.body_bytes.max(limits.answer_bytes).saturating_mul(2).saturating_add(1 << 20);
    json!([{ "name": "all", "domains": ["*"], "request_body_buffer_limit": held_back, "routes": routes }])
}

/// The filter sees paths as the client sent them, for it answers only those that it knows letter by letter, and every
/// host has to give the same answer.
fn connections(entry: &Listener, limits: &Limits, filter: &Value) -> Value {
    let ways: Vec<_> = inner::ways(entry).into_iter().chain([route(entry)]).collect();
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": entry.name,
        "use_remote_address": true,
        "skip_xff_append": true,
        // The gateway takes the client's id over, or the one that Envoy makes where there is none.
        "preserve_external_request_id": true,
        "server_header_transformation": "PASS_THROUGH",
        "max_request_headers_kb": limits.header_bytes.div_ceil(1024).clamp(1, 8192),
        "request_headers_timeout": duration(REQUEST_HEAD),
        "request_timeout": duration(REQUEST),
        "stream_idle_timeout": duration(entry.timeout),
        "common_http_protocol_options": { "max_headers_count": 100 },
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
        "local_reply_config": words(),
        "route_config": { "virtual_hosts": routes(&ways, limits) },
        "http_filters": [
            filter,
            router(),
        ],
    })
}

/// What Envoy says itself: where a provider breaks off while the filter holds the answer back, the words that the filter
/// left for that. All other replies of Envoy pass the filter.
fn words() -> Value {
    let body = "%FILTER_STATE(wasm.plano_words:PLAIN)%";
    let id = json!({ "key": "x-request-id", "value": "%FILTER_STATE(wasm.plano_id:PLAIN)%" });
    json!({ "mappers": [{
        "filter": { "response_flag_filter": { "flags": ["UC", "UR", "UPE", "SI"] } },
        "status_code": 502,
        "body_format_override": {
            "text_format_source": { "inline_string": body },
            "content_type": "application/json",
        },
        "headers_to_add": [{ "header": id }],
    }] })
}

/// The filter names the cluster. An answer may take as long as it likes, but not be silent longer than the listener's
/// timeout.
fn route(entry: &Listener) -> Value {
    let mut action = json!({
        "cluster_header": "x-plano-cluster",
        "timeout": "0s",
        "idle_timeout": duration(entry.timeout),
    });
    if entry.max_retries > 0 {
        action["retry_policy"] = retries(entry.max_retries);
    }
    json!({
        "match": { "prefix": "/" },
        "route": action,
        "request_headers_to_remove": ["x-plano-cluster", "x-forwarded-proto"],
    })
}

fn router() -> Value {
    json!({
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            "suppress_envoy_headers": true,
        },
    })
}

fn retries(count: u32) -> Value {
    json!({
        "num_retries": count,
        "retry_on": "connect-failure,refused-stream,reset,retriable-status-codes",
        "retriable_status_codes": WORTH_RETRYING,
        "retry_back_off": { "base_interval": "0.5s", "max_interval": "5s" },
        "rate_limited_retry_back_off": {
            "reset_headers": [{ "name": "retry-after", "format": "SECONDS" }],
            "max_interval": "5s",
        },
    })
}

fn overload() -> Value {
    json!({
        "resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                "max_active_downstream_connections": 50_000,
            },
        }],
    })
}

fn address(ip: IpAddr, port: u16) -> Value {
    json!({ "socket_address": { "address": ip.to_string(), "port_value": port } })
}

fn duration(time: Duration) -> String {
    format!("{}s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::dialect::Dialect;
    use shared::gateway::{CompiledBackend, CompiledProvider, Template};

    fn options() -> Options {
        Options { filter: "/f.wasm".to_owned(), ca: "/ca.pem".to_owned(), admin: None }
    }

    fn provider(dialect: &str, base: &str) -> CompiledProvider {
        let usual = CompiledProvider::usual(Dialect::named(dialect).unwrap());
        CompiledProvider { name: base.to_owned(), base: base.to_owned(), ..usual }
    }

    fn rendered(compiled: &Compiled) -> Value {
        bootstrap(compiled, &options()).unwrap()
    }

    fn clusters(bootstrap: &Value) -> Vec<&str> {
        let clusters = bootstrap["static_resources"]["clusters"].as_array().unwrap();
        clusters.iter().map(|cluster| cluster["name"].as_str().unwrap()).collect()
    }

    /// A12: providers on one host share a cluster only where scheme and port are the same.
    #[test]
    fn a12_a_cluster_for_each_origin() {
        let bases = [
            "https://a.example/v1",
            "https://a.example/v2",
            "https://a.example:8443/v1",
            "http://a.example/v1",
        ];
        let compiled = Compiled::new(bases.map(|base| provider("openai", base)).to_vec());
        let expected =
            ["http://a.example", "https://a.example", "https://a.example:8443", "streams of model"];
        assert_eq!(clusters(&rendered(&compiled)), expected);
    }

    #[test]
    fn tls_checks_the_name() {
        let bootstrap = rendered(&Compiled::new(vec![provider("openai", "https://a.example/v1")]));
        let context = &bootstrap["static_resources"]["clusters"][0]["transport_socket"]["typed_config"];
        assert_eq!(context["sni"], "a.example");
        let validation = &context["common_tls_context"]["validation_context"];
        assert_eq!(validation["trusted_ca"]["filename"], "/ca.pem");
        assert_eq!(validation["match_typed_subject_alt_names"][0]["matcher"]["exact"], "a.example");
    }

    /// A client that does not read is no reason to keep much; a request that the filter holds back is.
    #[test]
    fn only_what_the_filter_holds_back_may_be_long() {
        let compiled = Compiled::new(vec![provider("openai", "http://127.0.0.1:9/v1")]);
        let bootstrap = rendered(&compiled);
        for kind in ["listeners", "clusters"] {
            for entry in bootstrap["static_resources"][kind].as_array().unwrap() {
                assert_eq!(entry["per_connection_buffer_limit_bytes"], BUFFER, "{entry}");
            }
        }
        let manager = &bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0];
        let hosts = &manager["typed_config"]["route_config"]["virtual_hosts"][0];
        let held_back = hosts["request_body_buffer_limit"].as_u64().unwrap();
        let longest = compiled.limits.body_bytes.max(compiled.limits.answer_bytes);
        assert!(held_back > u64::try_from(longest).unwrap(), "{hosts}");
    }

    #[test]
    fn secrets_are_only_named() {
        let mut compiled = Compiled::new(vec![provider("openai", "https://a.example/v1")]);
        let bootstrap = rendered(&compiled).to_string();
        assert!(bootstrap.contains("OPENAI_API_KEY"), "{bootstrap}");
        compiled.providers[0].access_key = Some(Template::new("sk-written-out".to_owned()));
        compiled.backend = Some(CompiledBackend {
            url: "http://b".to_owned(),
            token: Some(Template::new("written-out-too".to_owned())),
        });
        let problem = super::bootstrap(&compiled, &options()).unwrap_err();
        assert!(problem.contains("access_key of `https://a.example/v1`"), "{problem}");
        assert!(problem.contains("token") && !problem.contains("written-out"), "{problem}");
    }

    #[test]
    fn only_as_much_as_is_configured() {
        let mut compiled = Compiled::new(vec![provider("openai", "http://127.0.0.1:9/v1")]);
        let bootstrap = rendered(&compiled);
        assert!(bootstrap.get("admin").is_none());
        assert!(!bootstrap.to_string().contains("retry_policy"));
        let address = &bootstrap["static_resources"]["listeners"][0]["address"]["socket_address"]["address"];
        assert_eq!(address, "127.0.0.1");
        assert_eq!(bootstrap["static_resources"]["clusters"][0]["type"], "STATIC");
        compiled.listeners.clear();
        assert!(super::bootstrap(&compiled, &options()).is_err());
    }
}
