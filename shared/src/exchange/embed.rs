//! Vectors for texts, of any provider that gives some.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::header::HeaderValue;
use http::response::Parts;
use http::{HeaderMap, Method, Request, Response};

use super::asked::Asked;
use super::carry::unserved;
use super::count::ESTIMATED;
use super::operation::Found;
use super::outgoing::Outgoing;
use super::reply::{self, is_json, nonsense};
use super::{Call, Reply, headers, send};
use crate::api::embeddings::{self, Encoding, Form, Wanted};
use crate::api::{Api, tap};
use crate::dialect::Task;
use crate::error::Error;
use crate::estimate;
use crate::gateway::{Provider, Resolved};
use crate::host::Host;
use crate::ir::Usage;
use crate::relay::renamed;
use crate::wire::json::{Edit, Json, quoted};

/// The APIs of providers that give vectors.
const APIS: &[Api] = &[Api::Completions, Api::Responses, Api::Generate, Api::Converse];

/// Where it is behind the root of a provider that follows OpenAI.
const PATH: &str = "embeddings";

/// The header in which Bedrock says how many tokens a model read.
const TOKENS: &str = "x-amzn-bedrock-input-token-count";

/// Asks the provider, and gives its vectors in the encoding that was asked for.
pub(super) async fn answer<H: Host>(
    call: &mut Call<'_, H>,
    found: &Found,
    request: &Request<Bytes>,
) -> Result<Reply<H::Body>, Error> {
    call.check_head(request.headers())?;
    let asked = call.scan(found, request)?;
    let Resolved { provider, model } = call.resolve(&asked.model)?;
    let api = provider.api_with(APIS, Task::Embeddings, &model);
    let api = api.ok_or_else(|| unserved(provider, Task::Embeddings))?;
    call.note_target(Some(api), provider, &model);
    if matches!(api, Api::Completions | Api::Responses) {
        let body = edit(&asked, provider, &model);
        let response = ask(call, (provider, api, &model), PATH, body, request.headers()).await?;
        let encoding = Encoding::of(&asked.outline);
        return reply::rewrite(call, api, true, response, |call, head, bytes| {
            relay(call, encoding, head, bytes)
        })
        .await;
    }
    let form = Form::of(api, &model).ok_or_else(|| unserved(provider, Task::Embeddings))?;
    let wanted = embeddings::read(asked.json()?)?;
    let (body, losses) = form.write(&wanted, &model)?;
    call.note_losses(&losses)?;
    let response = ask(call, (provider, api, &model), form.path, body, request.headers()).await?;
    let encoding = Encoding::of(&asked.outline).unwrap_or(Encoding::Float);
    reply::rewrite(call, api, false, response, |call, head, bytes| {
        translate(call, form, &wanted, encoding, head, &bytes)
    })
    .await
}

async fn ask<H: Host>(
    call: &mut Call<'_, H>,
    (provider, api, model): (&Provider, Api, &str),
    path: &str,
    body: Bytes,
    client: &HeaderMap,
) -> Result<Response<H::Body>, Error> {
    let outgoing = Outgoing {
        provider,
        api,
        method: Method::POST,
        uri: provider.task_uri(api, Task::Embeddings, path, model)?,
        body,
        same: path == PATH,
        content_type: Some(headers::JSON),
        accept: headers::JSON,
    };
    send(call, provider, outgoing.request(client)?, true).await
}

/// The client's own request, but for the model's name and for an encoding that the provider does not know: the answer is
/// in it all the same.
fn edit(asked: &Asked<'_>, provider: &Provider, model: &str) -> Bytes {
    let mut edits = Vec::new();
    if asked.model != model {
        edits.push(Edit::Set("model", Cow::Owned(quoted(model))));
    }
    if !provider.quirks(model).encoding_format {
        edits.push(Edit::Remove("encoding_format"));
    }
    let mut body = BytesMut::new();
    asked.outline.edit(&edits, &mut body);
    body.freeze()
}

/// The answer of a provider that follows OpenAI, which is changed where its encoding is another.
fn relay<H: Host>(
    call: &mut Call<'_, H>,
    encoding: Option<Encoding>,
    head: &Parts,
    bytes: Bytes,
) -> Result<Response<Bytes>, Error> {
    if !is_json(&head.headers) {
        return Err(Error::upstream("The provider's answer is no JSON.").with_code("upstream_malformed"));
    }
    call.report.usage = Json::parse(&bytes).ok().and_then(tap::usage).unwrap_or_default();
    let bytes = match encoding {
        Some(encoding) => encoding.convert(bytes).map_err(|error| nonsense(&error))?,
        None => bytes,
    };
    Ok(Response::new(renamed(Api::Completions, &call.echo, bytes)))
}

/// The answer of a provider of another API. Where it does not say how many tokens it read, that is estimated, since the
/// client's API always says.
fn translate<H: Host>(
    call: &mut Call<'_, H>,
    form: &Form,
    wanted: &Wanted<'_>,
    encoding: Encoding,
    head: &Parts,
    bytes: &[u8],
) -> Result<Response<Bytes>, Error> {
    let answer = Json::parse(bytes).map_err(|error| nonsense(&error))?;
    let vectors = form.read(answer, wanted.texts.len()).map_err(|error| nonsense(&error))?;
    let told = head.headers.get(TOKENS).and_then(|value| value.to_str().ok()?.parse().ok());
    let told = vectors.tokens.or(told);
    call.report.usage = Usage { input: told, ..Usage::default() };
    let estimate = || wanted.texts.iter().map(|text| estimate::text(text)).sum();
    let body = embeddings::write(&vectors, encoding, &call.echo.model, told.unwrap_or_else(estimate));
    let mut reply = Response::new(body.map_err(|error| nonsense(&error))?);
    if told.is_none() {
        reply.headers_mut().insert(ESTIMATED, HeaderValue::from_static("true"));
    }
    Ok(reply)
}
