//! The gateway on Cloudflare Workers: takes a request in, lets the core answer it, streams the answer out.
//!
//! What it does not do: decide anything. The configuration was checked and compiled at build time and is bundled beside
//! the module; its secrets are bindings. An isolate reads it once.

mod body;
mod host;

use std::sync::OnceLock;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{Either, Full};
use shared::backend::{Backend, Remote};
use shared::exchange;
use shared::gateway::{Compiled, Gateway};
use shared::report::Report;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Context, Env, HttpRequest, event};

use body::{Streamed, whole};
use host::Worker;

type Body = Either<Full<Bytes>, Streamed>;

/// What `planoai compile` wrote, as the shim imported it.
static COMPILED: OnceLock<String> = OnceLock::new();

/// The same with its secrets.
static GATEWAY: OnceLock<Gateway> = OnceLock::new();

/// Takes the compiled configuration; the shim calls it once, before the first request.
#[wasm_bindgen]
pub fn configure(compiled: String) {
    // A second call is a second isolate's module, which has statics of its own.
    let _ = COMPILED.set(compiled);
}

#[event(fetch)]
async fn fetch(request: HttpRequest, env: Env, context: Context) -> worker::Result<Response<Body>> {
    Ok(match gateway(&env) {
        Ok(gateway) => answer(gateway, request, context).await,
        Err(why) => unconfigured(&why),
    })
}

fn gateway(env: &Env) -> Result<&'static Gateway, String> {
    if let Some(gateway) = GATEWAY.get() {
        return Ok(gateway);
    }
    let text = COMPILED.get().ok_or("There is no compiled configuration beside the module.")?;
    let compiled: Compiled = serde_json::from_str(text)
        .map_err(|error| format!("The compiled configuration is not of this version: {error}."))?;
    let binding = |name: &str| env.secret(name).ok().map(|secret| secret.to_string());
    let gateway = compiled.open(binding).map_err(|flaws| {
        let flaws: Vec<String> = flaws.iter().map(ToString::to_string).collect();
        format!(
            "The configuration cannot be used: {}. Secrets: `wrangler secret put NAME`.",
            flaws.join("; ")
        )
    })?;
    Ok(GATEWAY.get_or_init(|| gateway))
}

async fn answer(gateway: &'static Gateway, request: HttpRequest, context: Context) -> Response<Body> {
    let done = move |report| record(gateway, &context, report);
    match whole(request, gateway.limits.body_bytes).await {
        Ok(request) => exchange::serve(gateway, Worker, request, done).await.map(|body| match body {
            exchange::Body::Whole(bytes) => Either::Left(Full::new(bytes)),
            exchange::Body::Stream(pieces) => Either::Right(Streamed::new(pieces)),
        }),
        Err((head, error)) => {
            let (response, report) = exchange::refuse(gateway, &Worker, &head, &error);
            done(report);
            response.map(|body| Either::Left(Full::new(body)))
        }
    }
}

/// Sends a report behind the answer, where a backend is configured.
fn record(gateway: &'static Gateway, context: &Context, report: Report) {
    let Some(backend) = &gateway.backend else { return };
    context.wait_until(async move { Remote::new(&Worker, backend).record(report).await });
}

/// No configuration, no dialect to say so in: plain words, and a status that a monitor understands.
fn unconfigured(why: &str) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from(format!("{why}\n")))));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
