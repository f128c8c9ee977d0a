//! The provider that was chosen, and the request it gets.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::header::{HeaderMap, HeaderValue};
use http::{Method, Request};

use super::asked::{Asked, Page};
use super::fetch::{self, OnlyBytes};
use super::outgoing::Outgoing;
use super::{Call, form, headers};
use crate::api::{self, Api};
use crate::dialect::{Documents, Form, Quirks, Recordings};
use crate::error::{Error, Fault, Kind};
use crate::gateway::{Provider, Resolved};
use crate::host::Host;
use crate::ir::{self, Loss, Why};
use crate::wire::Framing;
use crate::wire::json::{Edit, Json, Outline, quoted};

/// What a provider that only streams insists on.
const STREAMS: (&str, &str) = ("stream", "true");

/// A provider, the API to speak with it, and its name for the model.
pub(super) struct Target<'g> {
    pub(super) provider: &'g Provider,
    pub(super) model: String,
    pub(super) api: Api,
    /// What to know of the model.
    quirks: &'g Quirks,
    /// Whether the answer is to be streamed: some providers do nothing else.
    streams: bool,
    /// The operation's address.
    uri: http::Uri,
}

/// A request for a provider, and what of the client's is not in it.
pub(super) struct Written {
    pub(super) request: Request<Bytes>,
    pub(super) losses: Vec<Loss>,
}

impl<'g> Target<'g> {
    /// Speaks the client's own API where the provider does, else the provider's first.
    pub(super) fn new(resolved: Resolved<'g>, asked: &Asked<'_>) -> Result<Target<'g>, Error> {
        let Resolved { provider, model } = resolved;
        let api = provider.api_for(asked.api, &model).ok_or_else(|| unserved(provider))?;
        let quirks = provider.quirks(&model);
        let streams = asked.stream || quirks.sets.contains(&STREAMS);
        let uri = provider.uri(api, &model, streams)?;
        Ok(Target { provider, model, api, quirks, streams, uri })
    }

    /// Writes the request. What it names by addresses is fetched where that must be.
    pub(super) async fn write<H: Host>(
        &self,
        call: &Call<'_, H>,
        asked: &Asked<'_>,
        request: &Request<Bytes>,
    ) -> Result<Written, Error> {
        let client = request.headers();
        let (body, mut losses) = match self.is_verbatim(asked) {
            true => self.edit(asked, client),
            false => self.translate(call, asked, client).await?,
        };
        let body = self.insist(body, &mut losses);
        let outgoing = Outgoing {
            provider: self.provider,
            api: self.api,
            method: Method::POST,
            uri: self.uri_with_query(request, self.api == asked.api),
            body,
            same: self.api == asked.api,
            content_type: Some(headers::JSON),
            accept: match self.streams {
                true => HeaderValue::from_static(self.framing().media_type()),
                false => headers::JSON,
            },
        };
        Ok(Written { request: outgoing.request(request.headers())?, losses })
    }

    /// Whether the client's own bytes will do: the provider speaks its API, and no turn of the conversation was answered
    /// by one who speaks another.
    fn is_verbatim(&self, asked: &Asked<'_>) -> bool {
        asked.is_own(self.api)
            && !api::has_packed(asked.body)
            && self.takes_ids(asked)
            && self.takes_attachments(asked)
            && !self.misses_bytes(asked)
    }

    /// What the provider takes in bytes only, of a client of `client`; none where it takes all addresses.
    fn only_bytes(&self, client: Option<Api>) -> Option<OnlyBytes> {
        OnlyBytes::of(self.provider, self.api, self.quirks, client)
    }

    /// Whether something is at an address that the provider would have to fetch, and does not.
    fn misses_bytes(&self, asked: &Asked<'_>) -> bool {
        let Some(needs) = self.only_bytes(Some(asked.api)) else { return false };
        if memchr::memmem::find(asked.body, b"http").is_none() {
            return false;
        }
        let mut page = Page::default();
        // What cannot be read is the provider's to refuse.
        asked.read(&mut page).is_ok_and(|request| needs.misses(&request))
    }

    /// Whether the provider takes the ids of calls as they are. Only one that wants them of a certain length is asked
    /// about: ids that its API gives are never too long for it.
    fn takes_ids(&self, asked: &Asked<'_>) -> bool {
        let rule = self.quirks.call_ids.filter(|rule| rule.least == rule.most);
        let Some(rule) = rule.filter(|_| memchr::memmem::find(asked.body, b"tool_call_id").is_some()) else {
            return true;
        };
        let mut page = Page::default();
        // What cannot be read is the provider's to refuse.
        asked.read(&mut page).map_or(true, |request| api::fits(&request, rule))
    }

    /// Whether documents and recordings are in the provider's own form, as far as the body's words tell.
    fn takes_attachments(&self, asked: &Asked<'_>) -> bool {
        let lacks = |word: &[u8]| memchr::memmem::find(asked.body, word).is_none();
        (self.quirks.documents != Documents::Value || lacks(b"\"file_data\""))
            && (self.quirks.recordings != Recordings::Value || lacks(b"\"input_audio\""))
    }

    /// The client's bytes, the model's name and what the provider refuses excepted.
    fn edit(&self, asked: &Asked<'_>, client: &HeaderMap) -> (Bytes, Vec<Loss>) {
        let mut losses = Vec::new();
        let mut edits = Vec::new();
        if let Some(form) = self.form() {
            edits.extend(form::edits(form, &asked.outline, client, &mut losses));
        } else if self.api.names_model() && asked.model != self.model {
            edits.push(Edit::Set("model", Cow::Owned(quoted(&self.model))));
        }
        for &key in self.quirks.drops {
            if asked.outline.get(key).is_some() {
                edits.push(Edit::Remove(key));
                losses.push(Loss::dropped(key));
            }
        }
        edits.extend(self.effort(asked, &mut losses));
        if self.api == Api::Completions {
            self.rename(asked, &mut edits);
        }
        if edits.is_empty() {
            return (asked.body.clone(), losses);
        }
        let mut body = BytesMut::new();
        asked.outline.edit(&edits, &mut body);
        (body.freeze(), losses)
    }

    /// Members under the provider's names, unless they are there already. Usage that comes unasked is not asked for.
    fn rename<'a>(&self, asked: &Asked<'a>, edits: &mut Vec<Edit<'a>>) {
        let quirks = self.quirks;
        for &(from, to) in quirks.renames {
            let Some(Ok(value)) = asked.outline.get(from) else { continue };
            edits.push(Edit::Remove(from));
            if asked.outline.get(to).is_none() {
                edits.push(Edit::Set(to, Cow::Borrowed(value.raw())));
            }
        }
        if !quirks.stream_usage && !quirks.drops.contains(&"stream_options") {
            edits.push(Edit::Remove("stream_options"));
        }
    }

    /// The provider's word for the effort that is asked for, where it has words of its own.
    fn effort(&self, asked: &Asked<'_>, losses: &mut Vec<Loss>) -> Option<Edit<'static>> {
        const MEMBER: &str = "reasoning_effort";
        let words = self.quirks.efforts;
        let asked = asked.outline.get(MEMBER).filter(|_| !words.is_empty())?.ok()?.string()?;
        match words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&asked)) {
            Some((_, own)) if *own == asked => None,
            Some((_, own)) => {
                losses.push(Loss::new(MEMBER, Why::Approximated));
                Some(Edit::Set(MEMBER, Cow::Owned(quoted(own))))
            }
            None => {
                losses.push(Loss::dropped(MEMBER));
                Some(Edit::Remove(MEMBER))
            }
        }
    }

    /// The body with what the provider insists on. Whether the answer is streamed is between the two of us, so it is no
    /// loss.
    fn insist(&self, body: Bytes, losses: &mut Vec<Loss>) -> Bytes {
        let sets = self.quirks.sets;
        if sets.is_empty() {
            return body;
        }
        let Ok(outline) = Outline::scan(&body) else { return body };
        for &(name, value) in sets.iter().filter(|(name, _)| *name != "stream") {
            let other = outline.get(name).and_then(Result::ok).is_some_and(|asked| asked.raw() != value);
            losses.extend(other.then_some(Loss::new(name, Why::Approximated)));
        }
        let edits =
            sets.iter().map(|&(name, value)| Edit::Set(name, Cow::Borrowed(value))).collect::<Vec<_>>();
        let mut insisted = BytesMut::with_capacity(body.len() + 64);
        outline.edit(&edits, &mut insisted);
        insisted.freeze()
    }

    /// The same request in the provider's words.
    async fn translate<H: Host>(
        &self,
        call: &Call<'_, H>,
        asked: &Asked<'_>,
        client: &HeaderMap,
    ) -> Result<(Bytes, Vec<Loss>), Error> {
        let mut page = Page::default();
        let mut request = asked.read(&mut page)?;
        request.model = Cow::Borrowed(&self.model);
        let needs = self.only_bytes(request.api);
        fetch::fill(call.host, call.gateway.fetch.as_ref(), needs, &mut request).await?;
        self.check_addresses(&request)?;
        let mut body = BytesMut::with_capacity(asked.body.len() + 256);
        let written = api::write_request(request, self.api, self.quirks, &mut body);
        let mut losses = asked.told(written.map_err(|error| asked.blame(error))?);
        let body = body.freeze();
        let nobody = HeaderMap::new();
        // Headers of another API's client are not this API's.
        let client = if self.api == asked.api { client } else { &nobody };
        Ok((self.reform(body, client, &mut losses), losses))
    }

    /// Refuses what is still at an address where only bytes will do, if it is the provider that wants them: of what an API
    /// has no place for, its writer knows.
    fn check_addresses(&self, request: &ir::Request<'_>) -> Result<(), Error> {
        let Some(needs) = self.only_bytes(Some(self.api)).filter(|needs| needs.misses(request)) else {
            return Ok(());
        };
        debug_assert!(needs.images && needs.documents);
        let message = "This model's provider fetches nothing: send images and documents themselves, not their \
                       addresses. (`fetch` in this gateway's configuration has it fetch them.)";
        Err(Error::invalid(message).with_code("unsupported_content"))
    }

    /// A body of the API in the provider's own form.
    fn reform(&self, body: Bytes, client: &HeaderMap, losses: &mut Vec<Loss>) -> Bytes {
        let Some(form) = self.form() else { return body };
        let Ok(outline) = Outline::scan(&body) else { return body };
        let edits = form::edits(form, &outline, client, losses);
        let mut reformed = BytesMut::with_capacity(body.len() + 64);
        outline.edit(&edits, &mut reformed);
        reformed.freeze()
    }

    /// The provider's own form of the API, where it has one.
    fn form(&self) -> Option<&'static Form> {
        self.provider.dialect.form(self.api)
    }

    /// How the answer is framed where it is streamed.
    pub(super) fn framing(&self) -> Framing {
        self.form().map_or(self.api.framing(), |form| form.framing)
    }

    /// The API in whose words an error is: a provider that has an API of another's tells of some in words of its own.
    pub(super) fn words_of_errors(&self, body: &[u8]) -> Api {
        let Some(form) = self.form() else { return self.api };
        let own = Json::parse(body).is_ok_and(|body| self.api.read().is_error(body));
        if own { self.api } else { form.errors }
    }

    /// The operation's address with what of the client's query the same API understands.
    fn uri_with_query(&self, request: &Request<Bytes>, same: bool) -> http::Uri {
        let query = request.uri().query();
        let beta = query.and_then(|query| query.split('&').find(|pair| pair.starts_with("beta=")));
        match beta {
            Some(beta) if same && self.uri.query().is_none() && self.form().is_none() => {
                format!("{}?{beta}", self.uri).parse().unwrap_or_else(|_| self.uri.clone())
            }
            _ => self.uri.clone(),
        }
    }
}

fn unserved(provider: &Provider) -> Error {
    let message = format!("The provider `{}` speaks no API that this gateway serves yet.", provider.name);
    Error { status: 501, ..Error::new(Fault::Configuration, Kind::Api, message) }
}
