//! What a request says at its top level: a scan, not a parse.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::Request;

use super::operation::{Found, Work};
use crate::api::{self, Api, Written, generate};
use crate::error::Error;
use crate::ir::{self, Loss};
use crate::wire::json::{Edit, Index, Json, Malformed, Outline, quoted};

/// The most losses of a request whose places are looked up in it.
const MOST_TOLD: usize = 64;

/// A request for an answer, looked at from above.
pub(super) struct Asked<'a> {
    pub(super) api: Api,
    pub(super) body: &'a Bytes,
    pub(super) outline: Outline<'a>,
    /// The model as the client names it; empty where it names none.
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    /// Whether the stream is to be one array.
    pub(super) array: bool,
    /// Whether the client did not ask for a chat, and is to be answered as it asked.
    pub(super) is_text: bool,
}

/// What reading a request needs besides its bytes.
#[derive(Default)]
pub(super) struct Page {
    /// Where the body's parts are.
    index: Index,
    /// The body in its one spelling, where its API has several, and where the parts of that are.
    plain: Bytes,
    plain_index: Index,
}

impl<'a> Asked<'a> {
    /// Scans a body's top level.
    pub(super) fn scan(api: Api, request: &'a Request<Bytes>, found: &Found) -> Result<Asked<'a>, Error> {
        let body = request.body();
        let outline = Outline::scan(body).map_err(|error| not_json(&error))?;
        if !api.names_model() {
            return Ok(Asked::by_path(api, request, outline, found));
        }
        let model = model_of(&outline)?;
        let stream = member(&outline, "stream")?.map_or(Ok(false), |value| flag("stream", value))?;
        let include_usage = member(&outline, "stream_options")?
            .and_then(|options| options.get("include_usage")?.boolean())
            .unwrap_or(false);
        Ok(Asked { api, body, outline, model, stream, include_usage, array: false, is_text: false })
    }

    /// A request whose path names the model and says whether to stream.
    fn by_path(api: Api, request: &'a Request<Bytes>, outline: Outline<'a>, found: &Found) -> Asked<'a> {
        let stream = found.operation.work == Work::Generate { stream: true };
        let array = stream && !generate::wants_events(request.uri().query());
        let model = found.subject.clone();
        let body = request.body();
        Asked { api, body, outline, model, stream, include_usage: false, array, is_text: false }
    }

    /// The same request with another body.
    pub(super) fn over<'b>(&self, body: &'b Bytes) -> Result<Asked<'b>, Error> {
        let outline = Outline::scan(body).map_err(|error| not_json(&error))?;
        let Asked { api, stream, include_usage, array, is_text, .. } = *self;
        Ok(Asked { api, body, outline, model: self.model.clone(), stream, include_usage, array, is_text })
    }

    /// The body with this name for the model, where bodies have one.
    pub(super) fn renamed(&self, model: &str) -> Bytes {
        if !self.api.names_model() || self.model == model {
            return self.body.clone();
        }
        let mut body = BytesMut::new();
        self.outline.edit(&[Edit::Set("model", Cow::Owned(quoted(model)))], &mut body);
        body.freeze()
    }

    /// Whether what a provider of this API says can go to the client as it is.
    pub(super) fn is_own(&self, api: Api) -> bool {
        self.api == api && !self.is_text
    }

    /// The type of the answer's body, where it is written here.
    pub(super) fn media_type(&self) -> &'static str {
        if self.stream && !self.array { "text/event-stream; charset=utf-8" } else { "application/json" }
    }

    /// The request as it is read. What it borrows besides the client's bytes lies on `page`.
    pub(super) fn read<'p>(&'p self, page: &'p mut Page) -> Result<ir::Request<'p>, Error> {
        let json = page.index.parse(self.body).map_err(|error| not_json(&error))?;
        let json = match self.api.read().straighten(json) {
            Some(plain) => {
                page.plain = plain;
                page.plain_index.parse(&page.plain).map_err(|error| not_json(&error))?
            }
            None => json,
        };
        let mut request = api::read_request(json, self.api).map_err(|error| self.blame(error))?;
        request.api = Some(self.api);
        request.stream = self.stream;
        Ok(request)
    }

    /// Losses whose places are named as the client wrote them, as many as anybody reads.
    pub(super) fn told(&self, mut losses: Vec<Loss>) -> Vec<Loss> {
        let differs = |written: &&Written| losses.iter().any(|loss| written.differs(&loss.path));
        let Some(written) = self.api.read().written().filter(differs) else { return losses };
        let mut index = Index::default();
        let body = index.parse(self.body).unwrap_or(Json::NULL);
        let told = losses.iter_mut().take(MOST_TOLD);
        told.for_each(|loss| loss.path = Cow::Owned(written.place(body, &loss.path)));
        losses
    }

    /// The same of an error.
    pub(super) fn blame(&self, error: Error) -> Error {
        let (Some(written), Some(place)) = (self.api.read().written(), &error.param) else { return error };
        let body = Json::parse(self.body).unwrap_or(Json::NULL);
        Error { param: Some(written.place(body, place)), ..error }
    }

    /// The whole body, its grammar checked.
    pub(super) fn json(&self) -> Result<Json<'a>, Error> {
        Json::parse(self.body).map_err(|error| not_json(&error))
    }
}

/// A body's top level, and the model that it names; empty where it names none.
pub(super) fn scan_model(body: &[u8]) -> Result<(Outline<'_>, String), Error> {
    let outline = Outline::scan(body).map_err(|error| not_json(&error))?;
    let model = model_of(&outline)?;
    Ok((outline, model))
}

fn model_of(outline: &Outline<'_>) -> Result<String, Error> {
    let model = member(outline, "model")?.map(|model| text("model", model)).transpose()?;
    Ok(model.map(Cow::into_owned).unwrap_or_default())
}

/// A member that something hangs on here: the provider must not be able to read another in its place.
fn member<'a>(outline: &Outline<'a>, key: &str) -> Result<Option<Json<'a>>, Error> {
    if outline.is_doubtful(key) {
        let message = format!("`{key}` must be there once, in just these letters.");
        return Err(Error::invalid_param(key, message).with_code("duplicate_member"));
    }
    let value = outline.get(key).transpose().map_err(|error| not_json(&error))?;
    Ok(value.and_then(Json::present))
}

fn text<'a>(key: &str, value: Json<'a>) -> Result<Cow<'a, str>, Error> {
    value.string().ok_or_else(|| Error::invalid_param(key, format!("`{key}` must be a string.")))
}

fn flag(key: &str, value: Json<'_>) -> Result<bool, Error> {
    value.boolean().ok_or_else(|| Error::invalid_param(key, format!("`{key}` must be true or false.")))
}

pub(super) fn not_json(error: &Malformed) -> Error {
    Error::invalid(format!("The body is not valid JSON: {error}.")).with_code("invalid_json")
}
