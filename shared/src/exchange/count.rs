//! How many tokens a request has: by the provider's own counter, else by an estimate that says it is one.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, Response};

use super::asked::{Asked, Page};
use super::carry::with_query;
use super::fetch::{self, OnlyBytes};
use super::operation::Found;
use super::outgoing::Outgoing;
use super::reply::{self, nonsense};
use super::{Call, Reply, asked, headers, send};
use crate::api::count::{self, Counter};
use crate::api::{self, Api};
use crate::dialect::{Counted, Encoding, Task};
use crate::error::Error;
use crate::estimate;
use crate::gateway::{Provider, Resolved};
use crate::host::Host;
use crate::ir::Loss;

/// The header that says that a number of tokens was not counted.
pub(super) const ESTIMATED: HeaderName = HeaderName::from_static("x-plano-estimated");

/// A counter of a provider's.
struct Way<'g> {
    provider: &'g Provider,
    api: Api,
    counter: &'static Counter,
    /// The name under which the model's tokens are counted.
    model: String,
}

/// Counts, and answers in the words of the caller's API.
pub(super) async fn answer<H: Host>(
    call: &mut Call<'_, H>,
    found: &Found,
    request: &Request<Bytes>,
) -> Result<Reply<H::Body>, Error> {
    call.check_head(request.headers())?;
    let own = Counter::of(call.client).ok_or_else(|| Error::invalid("This API counts no tokens."))?;
    let asked = call.scan(found, request)?;
    let resolved = call.resolve(&asked.model)?;
    let way = Way::to(&resolved, asked.api);
    call.note_target(way.as_ref().map(|way| way.api), resolved.provider, &resolved.model);
    let Some(way) = way else { return estimate(call, own, &asked, &resolved.model) };
    let same = way.api == asked.api;
    // What this gateway packed for the client is counted as the provider would get it.
    let (body, losses) = match same && !api::has_packed(asked.body) {
        true => (way.rename(&asked)?, Vec::new()),
        false => way.translate(call, own, &asked).await?,
    };
    call.note_losses(&losses)?;
    let mut outgoing = way.outgoing(same, body)?;
    if same {
        outgoing.uri = with_query(outgoing.uri, request.uri())?;
    }
    let outgoing = outgoing.request(request.headers())?;
    let response = send(call, way.provider, outgoing, true).await?;
    // What the provider counted. Its errors are the client's, too.
    reply::rewrite(call, way.api, same, response, |_, _, bytes| {
        let count = way.counter.read(&bytes).map_err(|error| nonsense(&error))?;
        Ok(Response::new(if same { bytes } else { own.write(count) }))
    })
    .await
}

impl<'g> Way<'g> {
    /// The provider's counter in the client's own API, else in the first that has one; none where nobody counts.
    fn to(resolved: &Resolved<'g>, client: Api) -> Option<Way<'g>> {
        let Resolved { provider, model } = resolved;
        let api = provider
            .api_with(&[client], Task::Count, model)
            .or_else(|| provider.api_with(count::APIS, Task::Count, model))?;
        let name = match provider.quirks(model).counted {
            Counted::Named => model.as_str(),
            Counted::From(beginning) => model.split_at_checked(model.find(beginning)?)?.1,
            Counted::Never => return None,
        };
        Some(Way { provider, api, counter: Counter::of(api)?, model: name.to_owned() })
    }

    /// The client's own request with the counter's name for the model.
    fn rename(&self, asked: &Asked<'_>) -> Result<Bytes, Error> {
        let body = asked.renamed(&self.model);
        self.counter.rename(&body, &self.model).map_err(|error| asked::not_json(&error))
    }

    /// The request in the words of the counter's API; `own` is how the client's counts. What the model will get in bytes is
    /// counted in bytes.
    async fn translate<H: Host>(
        &self,
        call: &Call<'_, H>,
        own: &Counter,
        asked: &Asked<'_>,
    ) -> Result<(Bytes, Vec<Loss>), Error> {
        let body = own.complete(asked.body).map_err(|error| asked::not_json(&error))?;
        let asked = asked.over(&body)?;
        let mut page = Page::default();
        let mut request = asked.read(&mut page)?;
        request.model = Cow::Borrowed(&self.model);
        let mut written = BytesMut::new();
        let quirks = self.provider.quirks(&self.model);
        let needs = OnlyBytes::of(self.provider, self.api, quirks, request.api);
        fetch::fill(call.host, call.gateway.fetch.as_ref(), needs, &mut request).await?;
        let losses = api::write_request(request, self.api, quirks, &mut written);
        let losses = asked.told(losses.map_err(|error| asked.blame(error))?);
        let body = self.counter.request(&written, &self.model);
        Ok((body.map_err(|error| asked::not_json(&error))?, losses))
    }

    fn outgoing(&self, same: bool, body: Bytes) -> Result<Outgoing<'g>, Error> {
        Ok(Outgoing {
            provider: self.provider,
            api: self.api,
            method: Method::POST,
            uri: self.provider.task_uri(self.api, Task::Count, self.counter.path, &self.model)?,
            body,
            same,
            content_type: Some(headers::JSON),
            accept: headers::JSON,
        })
    }
}

/// What the request has as far as it can be told by who is not the model. Its texts are counted where the host has the
/// model's encoding; what stands around them nobody publishes.
fn estimate<H: Host>(
    call: &mut Call<'_, H>,
    own: &Counter,
    asked: &Asked<'_>,
    model: &str,
) -> Result<Reply<H::Body>, Error> {
    let body = own.complete(asked.body).map_err(|error| asked::not_json(&error))?;
    let asked = asked.over(&body)?;
    let mut page = Page::default();
    let request = asked.read(&mut page)?;
    // What only another provider has cannot be seen from here.
    asked.api.read().portable(&request)?;
    let encoding = Encoding::of(model);
    let host = call.host;
    let counted = |words: &str| encoding.and_then(|encoding| host.tokens(encoding, words));
    let count = estimate::input(&request, &|words| counted(words).unwrap_or_else(|| estimate::text(words)));
    let mut reply = Response::new(own.write(count));
    reply.headers_mut().insert(ESTIMATED, HeaderValue::from_static("true"));
    Ok(call.whole(reply))
}
