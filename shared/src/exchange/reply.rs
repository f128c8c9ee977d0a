//! What goes back to the client.

use std::ops::Range;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

use super::asked::Asked;
use super::losses::LOST;
use super::target::Target;
use super::{Call, headers};
use crate::api::{Aim, Api, Passage, exception_kind, unpaired};
use crate::error::{Error, Fault, Kind};
use crate::gateway::Keys;
use crate::host::{BodyError, Host};
use crate::ir::{self, Event, Loss};
use crate::relay::{Relay, renamed_at};
use crate::report::Report;
use crate::wire::json::{self, Index, Json, Outline, place_of};
use crate::wire::{self, Frame, Framing};

const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// The room that is made for an answer before it is written: few are longer.
const ROOM: usize = 2048;

/// How much of a provider's content type is told, in characters.
const LABEL: usize = 64;

/// An answer for the client.
pub enum Reply<B> {
    /// All of it, and its account.
    Whole { response: Response<Bytes>, report: Box<Report> },
    /// A stream: the host sends `head` and pumps `body` through `relay`, which closes the account.
    Stream { head: Response<()>, body: B, relay: Box<Relay> },
    /// A body that passes as it is: the host sends `head`, and where `body` breaks off it breaks the client's off. It counts
    /// the bytes and closes the account.
    Bytes { head: Response<()>, body: B, report: Box<Report> },
}

/// Turns a provider's answer into the client's.
pub(super) async fn relay<H: Host>(
    call: &mut Call<'_, H>,
    asked: &Asked<'_>,
    target: &Target<'_>,
    response: Response<H::Body>,
) -> Result<Reply<H::Body>, Error> {
    let (head, body) = response.into_parts();
    call.report.status = head.status.as_u16();
    check_coding(&head)?;
    let streams = head.status.is_success() && headers::is_stream(target.framing(), &head.headers);
    if streams && asked.stream {
        return Ok(stream(call, asked, target, head, body));
    }
    let limit = call.gateway.limits.answer_bytes;
    let bytes = collect(body, limit).await?;
    if !head.status.is_success() {
        let words = target.words_of_errors(&bytes);
        return failure(call, words, words == asked.api, head, bytes);
    }
    let streams = streams || (target.framing() == Framing::Events && looks_streamed(&bytes));
    // A whole answer is verbatim only to a client that wants one: a provider may have overlooked `stream`.
    if asked.is_own(target.api) && !streams && !asked.stream {
        return own(call, target.api, head, bytes);
    }
    let mut reply = Response::new(match streams {
        true => gather(call, asked, target, &bytes)?,
        false => translate(call, asked, target, &bytes).map_err(|error| labelled(error, &head.headers))?,
    });
    underlay(&call.gateway.keys, head.headers, reply.headers_mut());
    set_type(asked, reply.headers_mut());
    *reply.status_mut() = head.status;
    Ok(call.whole(reply))
}

/// Whether a body is events whatever its media type says: servers without one, or with `text/plain`, stream too.
///
/// <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>
fn looks_streamed(body: &[u8]) -> bool {
    let body = body.strip_prefix(wire::MARK).unwrap_or(body).trim_ascii_start();
    [&b"data:"[..], b"event:", b"id:", b"retry:", b":"].iter().any(|field| body.starts_with(field))
}

/// Fails for an answer in a coding, of which the request said that it wants none: it would have to be undone to be read.
fn check_coding(head: &http::response::Parts) -> Result<(), Error> {
    let Some(coding) = headers::coding(&head.headers).filter(|_| head.status.is_success()) else {
        return Ok(());
    };
    let coding: String = coding.chars().take(LABEL).collect();
    let message =
        format!("The provider's answer came in the coding `{coding}`, though it was asked for as it is.");
    Err(Error::upstream(message).with_code("upstream_encoded"))
}

/// The error for an answer that is no JSON, with what it calls itself where that is something else.
fn labelled(error: Error, from: &HeaderMap) -> Error {
    let Some(label) = from.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return error;
    };
    if is_json(from) || error.code.as_deref() != Some("upstream_malformed") {
        return error;
    }
    let label: String = label.chars().take(LABEL).collect();
    Error { message: format!("{} Its content type is `{label}`.", error.message), ..error }
}

/// A provider's answer as it is, but for the model's name. Where it is an error with a status of success (E8), it gets the
/// status of one.
fn own<H: Host>(
    call: &mut Call<'_, H>,
    api: Api,
    from: http::response::Parts,
    body: Bytes,
) -> Result<Reply<H::Body>, Error> {
    let (body, failure) = account(call, api, body).map_err(|error| labelled(error, &from.headers))?;
    let keys = &call.gateway.keys;
    let Some(error) = failure else { return Ok(call.whole(passed(keys, from, body))) };
    let mut reply = passed(keys, from, keys.redact(body));
    call.report.fail(&error);
    *reply.status_mut() = status_of(&error);
    Ok(call.whole(reply))
}

fn stream<H: Host>(
    call: &mut Call<'_, H>,
    asked: &Asked<'_>,
    target: &Target<'_>,
    from: http::response::Parts,
    body: H::Body,
) -> Reply<H::Body> {
    let mut head = passed(&call.gateway.keys, from, ());
    if target.framing() != asked.api.framing() || asked.array {
        set_type(asked, head.headers_mut());
    }
    head.headers_mut().insert(header::CACHE_CONTROL, NO_CACHE);
    call.sign(head.headers_mut());
    let limit = call.gateway.limits.event_bytes;
    let report = std::mem::take(call.report);
    let relay = Relay::framed(asked.api, target.api, target.framing(), call.echo.clone(), limit, report);
    Reply::Stream { head, body, relay: Box::new(relay.hiding(&call.gateway.keys)) }
}

/// A provider's error in words of `api`: its own bytes to a client of the same API, the client's words otherwise.
pub(super) fn failure<H: Host>(
    call: &mut Call<'_, H>,
    api: Api,
    same: bool,
    from: http::response::Parts,
    body: Bytes,
) -> Result<Reply<H::Body>, Error> {
    if matches!(from.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Err(redirected(from.status));
    }
    let is_packed = headers::coding(&from.headers).is_some();
    let body = if is_packed { Bytes::new() } else { call.gateway.keys.redact(body) };
    let mut error = api.read().error(from.status.as_u16(), &body);
    let retry_after = from.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    error.retry_after = retry_after.map(str::to_owned).or(error.retry_after);
    if let (None, Some(word)) = (&error.code, headers::error_type(&from.headers)) {
        error.kind = exception_kind(&word).unwrap_or(error.kind);
        error.code = Some(word);
    }
    if !same || is_packed || !is_json(&from.headers) {
        return Err(error);
    }
    call.report.fail(&error);
    Ok(call.whole(passed(&call.gateway.keys, from, body)))
}

/// A provider's own status and headers, as far as a client may see them, and a body or none.
pub(super) fn passed<B>(keys: &Keys, from: http::response::Parts, body: B) -> Response<B> {
    let mut reply = Response::new(body);
    *reply.headers_mut() = headers::backward(keys, from.headers);
    *reply.status_mut() = from.status;
    reply
}

/// Puts what a client may see of a provider's headers below those that an answer has of its own: its body is another.
fn underlay(keys: &Keys, mut from: HeaderMap, of: &mut HeaderMap) {
    from.remove(header::CONTENT_TYPE);
    let own = std::mem::replace(of, headers::backward(keys, from));
    own.iter().for_each(|(name, value)| drop(of.insert(name.clone(), value.clone())));
}

/// Where it leads to would be of no use to a client, which calls this gateway and not the provider.
fn redirected(status: StatusCode) -> Error {
    let message = format!(
        "The provider's address leads elsewhere (status {}), which is not followed.",
        status.as_u16()
    );
    Error::upstream(message).with_code("upstream_redirect")
}

/// Gives the client what `write` makes of a provider's whole answer. A provider's error goes back as in [`failure`], and
/// is not for `write`.
pub(super) async fn rewrite<H: Host>(
    call: &mut Call<'_, H>,
    api: Api,
    same: bool,
    response: Response<H::Body>,
    write: impl FnOnce(&mut Call<'_, H>, &http::response::Parts, Bytes) -> Result<Response<Bytes>, Error>,
) -> Result<Reply<H::Body>, Error> {
    let (head, body) = response.into_parts();
    check_coding(&head)?;
    let bytes = collect(body, call.gateway.limits.answer_bytes).await?;
    if !head.status.is_success() {
        return failure(call, api, same, head, bytes);
    }
    let mut reply = write(call, &head, bytes)?;
    underlay(&call.gateway.keys, head.headers, reply.headers_mut());
    Ok(call.whole(reply))
}

/// Reads a whole answer and writes it for the client.
fn translate<H: Host>(
    call: &mut Call<'_, H>,
    asked: &Asked<'_>,
    target: &Target<'_>,
    body: &[u8],
) -> Result<Bytes, Error> {
    let mut index = Index::default();
    let json = index.parse(body).map_err(|error| nonsense(&error))?;
    let mut response = ir::Response::default();
    let mut passage = Passage::new(target.api, asked.api, &call.echo);
    let mut losses = unpaired::in_answer(json);
    let mut take = |event: Event<'_>| {
        passage.push(event, &mut |event| keep(event, &mut response, &mut losses));
    };
    target.api.read().response(json, Aim::Translation, &mut take).map_err(|error| nonsense(&error))?;
    call.note_lost(losses);
    write(call, asked, response)
}

/// Writes a whole answer for a client that wants one, of a provider that only streams.
fn gather<H: Host>(
    call: &mut Call<'_, H>,
    asked: &Asked<'_>,
    target: &Target<'_>,
    body: &[u8],
) -> Result<Bytes, Error> {
    let mut response = ir::Response::default();
    let (mut over, mut losses, mut passage) =
        (false, Vec::new(), Passage::new(target.api, asked.api, &call.echo));
    let mut reader = target.api.read_stream(target.framing(), Aim::Translation);
    let mut take = |event: Event<'_>| {
        over |= matches!(event, Event::End | Event::Fail(_));
        passage.push(event, &mut |event| keep(event, &mut response, &mut losses));
    };
    let mut halves = Vec::new();
    let mut read = |frame: Frame<'_>| {
        reader.push(frame, &mut |event| {
            // Once, in however many events they are.
            halves.extend(unpaired::in_event(&event, frame.data).filter(|loss| !halves.contains(loss)));
            take(event);
        });
    };
    let mut scanner = target.framing().scanner(call.gateway.limits.event_bytes);
    scanner.push(body, &mut read).map_err(|error| Error::upstream(error.to_string()))?;
    scanner.finish(&mut read);
    reader.finish(&mut take);
    if !over {
        let message = "The provider's stream ended before the answer did.";
        return Err(Error::upstream(message).with_code("upstream_cut"));
    }
    losses.extend(halves);
    call.note_lost(losses);
    write(call, asked, response)
}

/// Puts an answer's next event with the others, or with what is lost.
fn keep(event: Event<'_>, response: &mut ir::Response, losses: &mut Vec<Loss>) {
    match event {
        Event::Lost(loss) => losses.push(loss),
        event => response.push(&event),
    }
}

fn write<H: Host>(
    call: &mut Call<'_, H>,
    asked: &Asked<'_>,
    mut response: ir::Response,
) -> Result<Bytes, Error> {
    note(call.report, &response);
    if let Some(error) = response.error.take() {
        return Err(error);
    }
    call.echo.completed = Some(call.host.now().seconds());
    let mut out = BytesMut::with_capacity(ROOM);
    if asked.stream {
        let mut writer = asked.api.write().stream(call.echo.clone());
        response.replay(&mut |event| writer.push(&event, &mut out));
    } else {
        asked.api.write().response(&response, &call.echo, &mut out);
    }
    Ok(out.freeze())
}

/// Looks at an answer for its account, and puts the client's name for the model into it. The second is the error that it is
/// instead of an answer.
fn account<H: Host>(call: &mut Call<'_, H>, api: Api, body: Bytes) -> Result<(Bytes, Option<Error>), Error> {
    let mut index = Index::default();
    let json = match index.parse(&body) {
        Ok(json) if json.kind() == json::Kind::Object => json,
        // Names and brackets in order are a provider's way of writing JSON, like `NaN`: the client may know it.
        _ => return Outline::scan(&body).map(|_| (body.clone(), None)).map_err(|error| nonsense(&error)),
    };
    let report = &mut *call.report;
    let (mut begun, mut failure, mut named) = (false, None, None);
    // An answer that the reader cannot make sense of is still the provider's answer.
    let _ = api.read().response(json, Aim::Account, &mut |event| {
        report.note(&event);
        match event {
            Event::Fail(error) if !begun => failure = Some(error),
            Event::Start(start) => {
                begun = true;
                named = place_of(&body, &start.model);
            }
            _ => begun = true,
        }
    });
    let place = named.and_then(|name| with_quotes(&body, name)).or_else(|| place_of_model(api, json));
    Ok((renamed_at(place, &call.echo, body), failure))
}

/// Where a whole string is whose inside this is.
fn with_quotes(body: &[u8], inside: Range<usize>) -> Option<Range<usize>> {
    let whole = inside.start.checked_sub(1)?..inside.end + 1;
    matches!(body.get(whole.clone())?, [b'"', .., b'"']).then_some(whole)
}

/// Where the provider's name for the model is in an answer, with its quotes.
fn place_of_model(api: Api, answer: Json<'_>) -> Option<Range<usize>> {
    let (path, _) = api.model_places();
    let name = path.iter().try_fold(answer, |json, key| json.get(key))?;
    name.place().filter(|_| name.kind() == json::Kind::String)
}

fn note(report: &mut Report, response: &ir::Response) {
    report.note_model(&response.start.model);
    report.usage = response.usage;
    report.stop = response.stop.as_ref().map(|stop| stop.reason.word());
}

/// Takes in a text of at most `limit` bytes.
pub(super) async fn collect<B>(mut body: B, limit: usize) -> Result<Bytes, Error>
where
    B: Stream<Item = Result<Bytes, BodyError>> + Unpin,
{
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(piece) = std::future::poll_fn(|context| Pin::new(&mut body).poll_next(context)).await {
        let piece = piece.map_err(Error::cut)?;
        if first.len() + whole.len() + piece.len() > limit {
            return Err(Error::upstream(format!("The provider's answer is longer than {limit} bytes.")));
        }
        // A piece that stays the only one is the answer, and is not copied.
        if first.is_empty() && whole.is_empty() {
            first = piece;
            continue;
        }
        whole.extend_from_slice(&std::mem::take(&mut first));
        whole.extend_from_slice(&piece);
    }
    Ok(wire::unmarked(if whole.is_empty() { first } else { whole.freeze() }))
}

impl<H: Host> Call<'_, H> {
    /// A reply that is all there.
    pub(super) fn whole(&mut self, response: Response<Bytes>) -> Reply<H::Body> {
        let (response, report) = self.close(response);
        Reply::Whole { response, report: Box::new(report) }
    }

    /// The head of a stream that is written here.
    pub(super) fn stream_head(&self, asked: &Asked<'_>) -> Response<()> {
        let mut head = Response::new(());
        set_type(asked, head.headers_mut());
        head.headers_mut().insert(header::CACHE_CONTROL, NO_CACHE);
        self.sign(head.headers_mut());
        head
    }

    /// An answer with its last headers, and the account.
    fn close(&mut self, mut response: Response<Bytes>) -> (Response<Bytes>, Report) {
        let to = response.headers_mut();
        // An entry would make room for one more header where there already is one.
        if !to.contains_key(header::CONTENT_TYPE) {
            to.insert(header::CONTENT_TYPE, headers::JSON);
        }
        self.sign(to);
        let mut report = std::mem::take(self.report);
        report.status = response.status().as_u16();
        report.bytes_out = response.body().len() as u64;
        report.times.total = self.host.now().since(report.began);
        (response, report)
    }

    /// An error in the caller's words, as a reply.
    pub(super) fn refuse(self, error: &Error) -> Reply<H::Body> {
        let (response, report) = self.decline(error);
        Reply::Whole { response, report: Box::new(report) }
    }

    /// An error in the caller's words.
    pub(super) fn decline(mut self, error: &Error) -> (Response<Bytes>, Report) {
        self.report.fail(error);
        let mut body = BytesMut::new();
        self.client.write().error(error, &self.echo, &mut body);
        let mut response = Response::new(self.gateway.keys.redact(body.freeze()));
        *response.status_mut() = status_of(error);
        if let Some(value) = error.retry_after.as_deref().and_then(|value| HeaderValue::from_str(value).ok())
        {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        if error.kind == Kind::MethodNotAllowed && error.fault == Fault::Client {
            let methods = self.found.as_ref().map_or("", |found| found.operation.methods);
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
        }
        self.close(response)
    }

    /// Adds what the gateway itself says of an answer.
    pub(super) fn sign(&self, headers: &mut HeaderMap) {
        let report = &self.report;
        let own = [
            (headers::REQUEST_ID, &self.echo.id),
            (headers::PROVIDER, &report.provider),
            (headers::MODEL, &report.provider_model),
        ];
        for (name, text) in own.into_iter().filter(|(_, text)| !text.is_empty()) {
            headers::plain(text).into_iter().for_each(|value| drop(headers.insert(&name, value)));
        }
        let lost = self.wish.header(&self.losses);
        lost.into_iter().for_each(|lost| drop(headers.insert(LOST, lost)));
    }
}

fn status_of(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

pub(super) fn is_json(from: &HeaderMap) -> bool {
    let value = from.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(headers::is_json)
}

pub(super) fn copy_type(from: &HeaderMap, to: &mut HeaderMap) {
    if let Some(value) = from.get(header::CONTENT_TYPE) {
        to.insert(header::CONTENT_TYPE, value.clone());
    }
}

/// The type of a body that was written here.
pub(super) fn set_type(asked: &Asked<'_>, to: &mut HeaderMap) {
    to.insert(header::CONTENT_TYPE, HeaderValue::from_static(asked.media_type()));
}

pub(super) fn nonsense(error: &crate::wire::json::Malformed) -> Error {
    Error::upstream(format!("The provider's answer makes no sense: {error}.")).with_code("upstream_malformed")
}
