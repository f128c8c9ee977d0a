//! What goes to a provider of the client's own API and comes back as it is: files, pictures, recordings, batches.
//!
//! Of a request nothing is changed but the model's name, or those in a batch; of an answer nothing at all. It is only looked at, for its
//! account.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderValue};
use http::response::Parts;
use http::{Method, Request, Response, StatusCode, Uri};

use super::asked::{Asked, scan_model};
use super::batch::Batch;
use super::operation::Found;
use super::outgoing::Outgoing;
use super::reply::{self, copy_type, is_json, passed};
use super::{Call, Reply, headers, send};
use crate::api::{Aim, Api, tap};
use crate::dialect::{Task, segment};
use crate::error::{Error, Fault, Kind};
use crate::gateway::{Provider, Resolved};
use crate::host::Host;
use crate::relay::{Relay, renamed};
use crate::wire::Framing;
use crate::wire::json::{Edit, Json, Outline, quoted};
use crate::wire::multipart::{Form, Malformed, is_form};

/// Plano's header by which a request that names no model names a provider, or a model of it.
const HINT: &str = "x-arch-llm-provider-hint";

/// What in a query is a credential.
const CREDENTIALS: &[&str] = &["key", "api_key", "api-key", "access_token"];

/// The statuses of answers without a body (RFC 9110, section 15.3).
const BODILESS: &[StatusCode] = &[StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT];

/// What a transcript may be besides JSON: files, which no provider streams.
///
/// <https://platform.openai.com/docs/api-reference/audio/createTranscription>
const FILES: &[&str] = &["text", "srt", "vtt"];

const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// The word by which hosts know that a stream is asked for.
const EVENTS: HeaderValue = HeaderValue::from_static(Framing::Events.media_type());

/// Whom to ask, for what, in which API, and as what model.
pub(super) struct Way<'g> {
    provider: &'g Provider,
    api: Api,
    task: Task,
    /// The provider's name for the model; none where the request names none.
    model: Option<String>,
}

impl<'g> Way<'g> {
    /// The way to a model in an API in which such clients are understood; none where its provider does not have that.
    pub(super) fn to(resolved: &Resolved<'g>, client: Api, task: Task) -> Option<Way<'g>> {
        let Resolved { provider, model } = resolved;
        let api = provider.api_with(family(client, task), task, model)?;
        Some(Way { provider, api, task, model: Some(model.clone()) })
    }

    fn model(&self) -> &str {
        self.model.as_deref().unwrap_or_default()
    }

    fn note<H: Host>(&self, call: &mut Call<'_, H>) {
        call.note_target(Some(self.api), self.provider, self.model());
    }
}

/// Sends the request on and the answer back.
pub(super) async fn answer<H: Host>(
    call: &mut Call<'_, H>,
    found: &Found,
    task: Task,
    names_model: bool,
    request: &Request<Bytes>,
) -> Result<Reply<H::Body>, Error> {
    // Nothing is lost here, but what is wished for has to be understood.
    call.note_wish(request.headers())?;
    let (way, body, streams) = match names_model {
        true => by_model(call, found, task, request)?,
        false => by_hint(call, task, request)?,
    };
    forward(call, found, way, body, request, streams).await
}

/// The same for a request that is scanned already, and whose way is known.
pub(super) async fn answer_scanned<H: Host>(
    call: &mut Call<'_, H>,
    found: &Found,
    way: Way<'_>,
    asked: &Asked<'_>,
    request: &Request<Bytes>,
) -> Result<Reply<H::Body>, Error> {
    way.note(call);
    let body = asked.renamed(way.model());
    forward(call, found, way, body, request, asked.stream).await
}

async fn forward<H: Host>(
    call: &mut Call<'_, H>,
    found: &Found,
    way: Way<'_>,
    body: Bytes,
    request: &Request<Bytes>,
    streams: bool,
) -> Result<Reply<H::Body>, Error> {
    let address = way.provider.task_uri(way.api, way.task, &path(found), way.model())?;
    let outgoing = Outgoing {
        provider: way.provider,
        api: way.api,
        method: request.method().clone(),
        uri: with_query(address, request.uri())?,
        body,
        same: true,
        content_type: request.headers().get(header::CONTENT_TYPE).cloned(),
        accept: if streams { EVENTS } else { accept(request.headers()) },
    };
    // What a provider keeps would be there twice.
    let repeatable = way.model.is_some() || request.method() != Method::POST;
    let response = send(call, way.provider, outgoing.request(request.headers())?, repeatable).await?;
    relay(call, way.task, way.api, response, streams).await
}

/// What the client takes. Who wants nothing but a stream gets what comes all the same, so that is what is asked for; and
/// hosts that see the ends of streams otherwise than those of whole answers know streams by that very word, which would
/// let a whole answer look finished where it was cut.
fn accept(client: &HeaderMap) -> HeaderValue {
    let asked = client.get(header::ACCEPT).cloned().unwrap_or(ANYTHING);
    let only = [Framing::Events, Framing::Binary].into_iter().find(|framing| asked == framing.media_type());
    let all = only.and_then(|framing| format!("{}, */*;q=0.1", framing.media_type()).try_into().ok());
    all.unwrap_or(asked)
}

/// The path behind the root.
fn path(found: &Found) -> String {
    let path = found.operation.path;
    let path = ["/v1/", "/{version}/"].iter().find_map(|root| path.strip_prefix(root)).unwrap_or(path);
    path.replace("{id}", &segment(&found.subject))
}

/// The address with the client's query, without what may be a credential in it.
pub(super) fn with_query(address: Uri, client: &Uri) -> Result<Uri, Error> {
    let is_public = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && !CREDENTIALS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
    };
    let pairs = client.query().unwrap_or_default().split('&').filter(is_public).collect::<Vec<_>>();
    if pairs.is_empty() {
        return Ok(address);
    }
    let mark = if address.query().is_some() { '&' } else { '?' };
    let whole = format!("{address}{mark}{}", pairs.join("&"));
    whole.parse().map_err(|_| Error::invalid("The query cannot be part of an address."))
}

/// The APIs in which a client of `client` is understood: OpenAI's two have everything else in common.
fn family(client: Api, task: Task) -> &'static [Api] {
    match client {
        Api::Completions | Api::Responses if task == Task::Responses => &[Api::Responses],
        Api::Completions | Api::Responses => &[Api::Completions, Api::Responses],
        Api::Messages => &[Api::Messages],
        Api::Generate => &[Api::Generate],
        Api::Converse => &[],
    }
}

/// The way to the model that the request names, the body with the provider's name for it, and whether a stream is asked for.
fn by_model<'g, H: Host>(
    call: &mut Call<'g, H>,
    found: &Found,
    task: Task,
    request: &Request<Bytes>,
) -> Result<(Way<'g>, Bytes, bool), Error> {
    let named = Named::scan(found, request)?;
    call.note_model(&named.model)?;
    let resolved = call.resolve(&named.model)?;
    let way = Way::to(&resolved, call.client, task).ok_or_else(|| unserved(resolved.provider, task))?;
    way.note(call);
    let streams = named.streams();
    Ok((way, named.rename(&resolved.model)?, streams))
}

/// The way to whom the header names; else to whose the models in a batch are; else to the only one, or the default. In
/// the body, models in a batch have that provider's names.
fn by_hint<'g, H: Host>(
    call: &mut Call<'g, H>,
    task: Task,
    request: &Request<Bytes>,
) -> Result<(Way<'g>, Bytes, bool), Error> {
    let batch = Batch::scan(call.gateway, task, request);
    call.note_model("")?;
    let family = family(call.client, task);
    let hint = request.headers().get(HINT).and_then(|value| value.to_str().ok()).map(str::trim);
    let hint = hint.filter(|hint| !hint.is_empty());
    let of_batch = if hint.is_none() { batch.provider()? } else { None };
    let can = |provider: &Provider| provider.api_with(family, task, "").is_some();
    let provider = of_batch.map_or_else(|| call.gateway.keeper(hint, can), Ok)?;
    let api = provider.api_with(family, task, "").ok_or_else(|| unserved(provider, task))?;
    let way = Way { provider, api, task, model: None };
    way.note(call);
    let streams = task == Task::Responses && asks_for_stream(request.uri());
    Ok((way, batch.rename(provider, request.body()), streams))
}

/// Whether what a provider keeps is to come as a stream.
///
/// <https://platform.openai.com/docs/api-reference/responses/get>
fn asks_for_stream(uri: &Uri) -> bool {
    uri.query().unwrap_or_default().split('&').any(|pair| pair == "stream=true")
}

/// A provider that is known not to have it.
pub(super) fn unserved(provider: &Provider, task: Task) -> Error {
    let message =
        format!("The provider `{}` has no {} in the API that was asked in.", provider.name, task.name());
    Error::new(Fault::Configuration, Kind::NotFound, message).with_code("unsupported_operation")
}

/// A body that names a model, or a path that does.
struct Named<'r> {
    body: &'r Bytes,
    model: String,
    place: Place<'r>,
}

/// Where the model is named.
enum Place<'r> {
    Path,
    Json(Outline<'r>),
    Form(Form<'r>),
}

impl<'r> Named<'r> {
    fn scan(found: &Found, request: &'r Request<Bytes>) -> Result<Named<'r>, Error> {
        let body = request.body();
        if !found.subject.is_empty() {
            headers::check_content_type(request.headers())?;
            return Ok(Named { body, model: found.subject.clone(), place: Place::Path });
        }
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if let Some(media_type) = media_type.filter(|media_type| is_form(media_type)) {
            let form = Form::scan(media_type, body).map_err(|error| no_form(&error))?;
            let model = form.text("model").map_err(|error| no_form(&error))?.unwrap_or_default();
            return Ok(Named { body, model: model.to_owned(), place: Place::Form(form) });
        }
        headers::check_content_type(request.headers())?;
        let (outline, model) = scan_model(body)?;
        Ok(Named { body, model, place: Place::Json(outline) })
    }

    /// Whether a stream is asked for.
    fn streams(&self) -> bool {
        match &self.place {
            Place::Path => false,
            Place::Json(outline) => {
                outline.get("stream").and_then(Result::ok).and_then(Json::boolean).unwrap_or(false)
            }
            Place::Form(form) => {
                let text = |name| form.text(name).ok().flatten().unwrap_or_default();
                text("stream") == "true" && !FILES.contains(&text("response_format"))
            }
        }
    }

    /// The body with the provider's name for the model.
    fn rename(self, model: &str) -> Result<Bytes, Error> {
        if self.model == model {
            return Ok(self.body.clone());
        }
        let mut out = BytesMut::new();
        match self.place {
            Place::Path => return Ok(self.body.clone()),
            Place::Json(outline) => outline.edit(&[Edit::Set("model", Cow::Owned(quoted(model)))], &mut out),
            Place::Form(form) => form.set("model", model, &mut out).map_err(|error| no_form(&error))?,
        }
        Ok(out.freeze())
    }
}

/// The provider's answer as it is. Of one that was asked to be a stream (`streams`) not every host sees where it breaks off:
/// so what is JSON has to be all of it, and what neither is JSON nor has a length has to end as streams do.
async fn relay<H: Host>(
    call: &mut Call<'_, H>,
    task: Task,
    api: Api,
    response: Response<H::Body>,
    streams: bool,
) -> Result<Reply<H::Body>, Error> {
    call.report.status = response.status().as_u16();
    if response.status().is_success() && has_events(response.headers(), streams) {
        return Ok(stream(call, task, api, response));
    }
    if passes::<H>(&response) {
        return Ok(pass(call, response));
    }
    let write = |call: &mut Call<'_, H>, head: &Parts, bytes: Bytes| {
        if streams {
            Outline::scan(&bytes).map_err(|error| reply::nonsense(&error))?;
        }
        Ok(whole(call, head, bytes))
    };
    reply::rewrite(call, api, true, response, write).await
}

/// Whether an answer has to end as streams do.
fn has_events(headers: &HeaderMap, streams: bool) -> bool {
    let may_be_cut = streams && !is_json(headers) && !headers.contains_key(header::CONTENT_LENGTH);
    may_be_cut || headers::is_stream(Framing::Events, headers)
}

/// One that is all there.
fn whole<H: Host>(call: &mut Call<'_, H>, head: &Parts, bytes: Bytes) -> Response<Bytes> {
    if let Some(usage) = Json::parse(&bytes).ok().filter(|_| is_json(&head.headers)).and_then(tap::usage) {
        call.report.usage = usage;
    }
    let body = if is_json(&head.headers) { renamed(call.client, &call.echo, bytes) } else { bytes };
    let mut reply = Response::new(body);
    copy_type(&head.headers, reply.headers_mut());
    *reply.status_mut() = head.status;
    reply
}

/// Whether nothing here wants to look at the body of an answer, if it has one, and its client will know when it is whole.
fn passes<H: Host>(response: &Response<H::Body>) -> bool {
    let (status, headers) = (response.status(), response.headers());
    let length = headers.get(header::CONTENT_LENGTH);
    let has_body = !BODILESS.contains(&status) && length.is_none_or(|length| length != "0");
    let is_told = H::BREAKS_OFF || (length.is_some() && !headers.contains_key(header::CONTENT_ENCODING));
    status.is_success() && has_body && is_told && !is_json(headers)
}

/// Lets it pass.
fn pass<H: Host>(call: &mut Call<'_, H>, response: Response<H::Body>) -> Reply<H::Body> {
    let (mut from, body) = response.into_parts();
    // Nobody decodes it on the way.
    let frame = [header::CONTENT_ENCODING, header::CONTENT_LENGTH]
        .into_iter()
        .find_map(|name| from.headers.remove(&name).map(|value| (name, value)));
    let mut head = passed(&call.gateway.keys, from, ());
    frame.into_iter().for_each(|(name, value)| drop(head.headers_mut().insert(name, value)));
    call.sign(head.headers_mut());
    Reply::Bytes { head, body, report: Box::new(std::mem::take(call.report)) }
}

fn stream<H: Host>(
    call: &mut Call<'_, H>,
    task: Task,
    api: Api,
    response: Response<H::Body>,
) -> Reply<H::Body> {
    call.report.stream = true;
    let (from, body) = response.into_parts();
    let mut head = passed(&call.gateway.keys, from, ());
    head.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    call.sign(head.headers_mut());
    let reader = if task == Task::Responses { api.read().stream(Aim::Account) } else { tap::stream() };
    let report = std::mem::take(call.report);
    let relay =
        Relay::verbatim(call.client, reader, call.echo.clone(), call.gateway.limits.event_bytes, report);
    Reply::Stream { head, body, relay: Box::new(relay.hiding(&call.gateway.keys)) }
}

fn no_form(error: &Malformed) -> Error {
    Error::invalid(format!("The body is no form that can be read: {error}.")).with_code("invalid_form")
}
