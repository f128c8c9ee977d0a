//! The gateway on Cloudflare Workers: takes a request in, lets the core answer it, streams the answer out.
//!
//! What it does not do: decide anything. The configuration was checked and compiled at build time and is bundled beside
//! the module; its secrets are bindings. An isolate reads it once.
//!
//! What is public here is called by `platform.mjs`, which says what has happened and then polls the task it concerns.

mod body;
mod call;
mod clock;
mod head;
mod host;
mod platform;
mod reports;
mod task;

use std::future::ready;
use std::sync::OnceLock;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use shared::error::Error;
use shared::exchange;
use shared::gateway::{Compiled, Gateway};
use shared::host::CallError;
use wasm_bindgen::prelude::wasm_bindgen;

use body::Streamed;
use host::Worker;
use task::{Body, Task};

/// What `planoai compile` wrote, as the shim imported it.
static COMPILED: OnceLock<Result<Compiled, String>> = OnceLock::new();

/// The same with its secrets.
static GATEWAY: OnceLock<Gateway> = OnceLock::new();

/// Takes the compiled configuration; the shim calls it once, when the isolate starts.
#[wasm_bindgen]
pub fn configure(compiled: &str) {
    let compiled = Compiled::read(compiled.as_bytes())
        .map_err(|error| format!("The compiled configuration is not of this version: {error}."));
    // A second call is a second isolate's module, which has statics of its own.
    let _ = COMPILED.set(compiled);
}

/// The longest body of a request that is taken in, in bytes.
#[wasm_bindgen]
pub fn limit() -> f64 {
    gateway().map_or(0.0, |gateway| gateway.limits.body_bytes as f64)
}

/// Takes up a client's request.
#[wasm_bindgen]
pub fn begin(head: &str, body: Vec<u8>, now: f64) -> u32 {
    clock::set(now);
    let Some(request) = head::to_request(head, Bytes::from(body)) else {
        return refuse_with(head, &Error::invalid("The request makes no sense to HTTP."));
    };
    match gateway() {
        Ok(gateway) => task::add(Task::Answer(Box::pin(answer(gateway, request)))),
        Err(why) => respond(unconfigured(&why)),
    }
}

/// Refuses a client's request whose body could not be taken in: it is too large, or broke off.
#[wasm_bindgen]
pub fn refuse(head: &str, is_too_large: bool, now: f64) -> u32 {
    clock::set(now);
    let error = if is_too_large { Error::too_large(limit() as usize) } else { Error::incomplete() };
    refuse_with(head, &error)
}

/// Answers a client's request that the gateway failed with.
#[wasm_bindgen]
pub fn apologize(head: &str, now: f64) -> u32 {
    clock::set(now);
    refuse_with(head, &Error::defect())
}

/// Works on a task until it has to wait; says until when, in milliseconds since 1970, if nothing happens.
#[wasm_bindgen]
pub fn poll(task: u32, now: f64) -> f64 {
    clock::set(now);
    task::poll(task);
    clock::next()
}

/// Gives a task up whose client left.
#[wasm_bindgen]
pub fn leave(task: u32, now: f64) {
    clock::set(now);
    task::abandon(task);
}

/// The head of an answer has come.
#[wasm_bindgen]
pub fn head(call: u32, status: u16, head: &str) {
    let response = head::to_response(status, head);
    call::head(call, response.ok_or_else(|| CallError::Garbled(format!("{status} is no status"))));
}

/// A call got no answer, or is one that Workers do not allow.
#[wasm_bindgen]
pub fn unreachable(call: u32, why: String, is_forbidden: bool) {
    call::head(call, Err(if is_forbidden { CallError::Forbidden(why) } else { CallError::Connect(why) }));
}

/// A piece of an answer's body has come.
#[wasm_bindgen]
pub fn piece(call: u32, piece: Vec<u8>, is_last: bool) {
    call::piece(call, Bytes::from(piece), is_last);
}

/// An answer's body broke off.
#[wasm_bindgen]
pub fn broken(call: u32, why: String) {
    call::broken(call, why);
}

fn gateway() -> Result<&'static Gateway, String> {
    if let Some(gateway) = GATEWAY.get() {
        return Ok(gateway);
    }
    let compiled = COMPILED.get().ok_or("There is no compiled configuration beside the module.")?;
    let compiled = compiled.clone()?;
    let gateway = compiled.open(platform::secret).map_err(|flaws| {
        let flaws: Vec<String> = flaws.iter().map(ToString::to_string).collect();
        format!(
            "The configuration cannot be used: {}. Secrets: `wrangler secret put NAME`.",
            flaws.join("; ")
        )
    })?;
    Ok(GATEWAY.get_or_init(|| gateway))
}

async fn answer(gateway: &'static Gateway, request: Request<Bytes>) -> Response<Body> {
    let done = move |report| reports::record(gateway, report);
    exchange::serve(gateway, Worker, request, done).await.map(|body| match body {
        exchange::Body::Whole(bytes) => Body::Whole(bytes),
        exchange::Body::Events(pieces) => Body::Streamed(Streamed::of_events(pieces)),
        exchange::Body::Bytes(pieces) => Body::Streamed(Streamed::of_bytes(pieces)),
    })
}

fn refuse_with(head: &str, error: &Error) -> u32 {
    let head = head::to_request(head, Bytes::new()).unwrap_or_default();
    let gateway = match gateway() {
        Ok(gateway) => gateway,
        Err(why) => return respond(unconfigured(&why)),
    };
    let (response, report) = exchange::refuse(gateway, &Worker, &head, error);
    reports::record(gateway, report);
    respond(response)
}

fn respond(response: Response<Bytes>) -> u32 {
    task::add(Task::Answer(Box::pin(ready(response.map(Body::Whole)))))
}

/// No configuration, no dialect to say so in: plain words, and a status that a monitor understands.
fn unconfigured(why: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{why}\n")));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
