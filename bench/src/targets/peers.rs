//! What a user would take instead, set up as its own documentation says and asked for no more than it is asked here.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{Place, Process, free_port, tool};

/// Options that both Envoys get.
pub(super) fn envoy_options(place: &Place<'_>) -> [String; 5] {
    let cores = place.cores.to_string();
    ["--concurrency", &cores, "--use-dynamic-base-id", "--log-level", "warn"].map(str::to_owned)
}

pub(super) fn floor(place: &Place<'_>) -> Result<Process, String> {
    let program = std::env::current_exe().map_err(|why| why.to_string())?.with_file_name("floor");
    let mut command = Command::new(program);
    command.arg(place.port.to_string()).arg(place.provider.to_string());
    Process::start(&mut command, place.folder)
}

/// <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive>
pub(super) fn nginx(place: &Place<'_>) -> Result<Process, String> {
    let (port, provider, folder, cores) = (place.port, place.provider, place.folder.display(), place.cores);
    let text = format!(
        "worker_processes {cores};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 30000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 32m;
  client_body_buffer_size 4m;
  keepalive_requests 100000000;
  upstream provider {{ server {provider}; keepalive 1024; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_buffering off;
      proxy_read_timeout 300s;
    }}
  }}
}}
"
    );
    let file = write(place, "nginx.conf", &text)?;
    let mut command = Command::new(tool("BENCH_NGINX")?);
    command.arg("-p").arg(place.folder).arg("-c").arg(file).arg("-e").arg(place.folder.join("error.log"));
    Process::start(&mut command, place.folder)
}

/// <https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge>
pub(super) fn envoy(place: &Place<'_>) -> Result<Process, String> {
    let (port, provider) = (place.port, place.provider.port());
    let text = format!(
        "static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          route_config:
            virtual_hosts:
            - name: all
              domains: [\"*\"]
              routes:
              - match: {{ prefix: / }}
                route: {{ cluster: provider, timeout: 300s }}
          http_filters:
          - name: router
            typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters:
  - name: provider
    type: STATIC
    circuit_breakers: {{ thresholds: [{{ max_connections: 30000, max_pending_requests: 30000, max_requests: 30000 }}] }}
    load_assignment:
      cluster_name: provider
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {provider} }} }} }}
"
    );
    let file = write(place, "envoy.yaml", &text)?;
    let mut command = Command::new(tool("PLANO_ENVOY")?);
    command.arg("-c").arg(file).args(envoy_options(place));
    Process::start(&mut command, place.folder)
}

/// <https://portkey.ai/docs/api-reference/inference-api/headers#custom-host>
pub(super) fn portkey(place: &Place<'_>) -> Result<Process, String> {
    let mut command = Command::new(tool("PLANO_NODE")?);
    command.arg(tool("BENCH_PORTKEY")?).arg(format!("--port={}", place.port)).arg("--headless");
    command.env("NODE_ENV", "production").env("TRUSTED_CUSTOM_HOSTS", "127.0.0.1,localhost");
    Process::start(command.current_dir(place.folder), place.folder)
}

pub(super) fn portkey_headers(place: &Place<'_>) -> String {
    format!("x-portkey-provider: openai\r\nx-portkey-custom-host: http://{}/v1\r\n", place.provider)
}

/// <https://docs.litellm.ai/docs/proxy/configs>
pub(super) fn litellm(place: &Place<'_>) -> Result<Process, String> {
    let provider = place.provider;
    let text = format!(
        "model_list:
  - model_name: \"completions/*\"
    litellm_params:
      model: \"hosted_vllm/*\"
      api_base: http://{provider}/v1
      api_key: sk-of-the-bench
  - model_name: \"messages/*\"
    litellm_params:
      model: \"anthropic/*\"
      api_base: http://{provider}
      api_key: sk-of-the-bench
"
    );
    let file = write(place, "litellm.yaml", &text)?;
    let mut command = Command::new(tool("BENCH_LITELLM")?);
    command.arg("--config").arg(file).args(["--host", "127.0.0.1", "--port", &place.port.to_string()]);
    command
        .args(["--num_workers", "1"])
        .env("LITELLM_LOG", "ERROR")
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
    command.env("LITELLM_MODE", "PRODUCTION").env("PROMETHEUS_PORT", free_port().to_string());
    Process::start(command.current_dir(place.folder), place.folder)
}

fn write(place: &Place<'_>, name: &str, text: &str) -> Result<PathBuf, String> {
    let file = place.folder.join(name);
    fs::write(&file, text).map_err(|why| why.to_string())?;
    Ok(file)
}
