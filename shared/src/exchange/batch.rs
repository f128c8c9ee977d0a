//! Models that stand inside of a batch: a file's lines, or a list of requests.
//!
//! Clients name them as they do everywhere, so they say whose the batch is, and become the provider's own names before it
//! gets them. A name that is none of this gateway's is the provider's own already, and stays.
//!
//! <https://platform.openai.com/docs/api-reference/batch/request-input>,
//! <https://docs.anthropic.com/en/api/creating-message-batches>

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use http::{Method, Request, header};

use crate::dialect::Task;
use crate::error::Error;
use crate::gateway::{Gateway, Provider, Resolved};
use crate::wire::json::{Json, place_of, quoted};
use crate::wire::multipart::{Form, is_form};

/// The models in a body, in its order.
#[derive(Default)]
pub(super) struct Batch<'r, 'g> {
    named: Vec<Named<'r>>,
    /// Who answers for each of them; none where it is not this gateway's.
    known: BTreeMap<String, Option<Resolved<'g>>>,
}

struct Named<'r> {
    /// What names it, for people: a line or a request.
    at: At,
    /// Where it stands in the body, quotes included.
    place: Range<usize>,
    model: Cow<'r, str>,
}

#[derive(Clone, Copy)]
enum At {
    /// Counted from 1.
    Line(usize),
    /// Counted from 0.
    Request(usize),
}

impl<'r, 'g> Batch<'r, 'g> {
    /// The models that a request for `task` has inside; none in one that makes no batch.
    pub(super) fn scan(gateway: &'g Gateway, task: Task, request: &'r Request<Bytes>) -> Batch<'r, 'g> {
        let named = match task {
            _ if request.method() != Method::POST => Vec::new(),
            Task::Files => in_file(request).unwrap_or_default(),
            Task::Batches => in_list(request.body()).unwrap_or_default(),
            _ => Vec::new(),
        };
        let mut known = BTreeMap::new();
        for Named { model, .. } in &named {
            if !known.contains_key(&**model) {
                known.insert(model.to_string(), gateway.resolve(model).ok());
            }
        }
        Batch { named, known }
    }

    /// Whose the batch is; none where it does not say so. Fails where it is of several.
    pub(super) fn provider(&self) -> Result<Option<&'g Provider>, Error> {
        let mut known = self.named.iter().filter_map(|named| Some((named, self.resolved(named)?)));
        let Some((first, Resolved { provider, .. })) = known.next() else { return Ok(None) };
        match known.find(|(_, other)| !other.provider.shares_account(provider)) {
            Some((other, _)) => Err(torn(first, other)),
            None => Ok(Some(provider)),
        }
    }

    fn resolved(&self, named: &Named<'_>) -> Option<&Resolved<'g>> {
        self.known.get(&*named.model)?.as_ref()
    }

    /// The body with the provider's own names for the models that are its.
    pub(super) fn rename(&self, provider: &Provider, body: &Bytes) -> Bytes {
        let (mut out, mut copied) = (BytesMut::new(), 0);
        for named in &self.named {
            let Named { place, model, .. } = named;
            let own = self.resolved(named).filter(|own| own.provider.shares_account(provider));
            let Some(own) = own.filter(|own| own.model != **model) else { continue };
            out.extend_from_slice(body.get(copied..place.start).unwrap_or_default());
            out.extend_from_slice(quoted(&own.model).as_bytes());
            copied = place.end;
        }
        if copied == 0 {
            return body.clone();
        }
        out.extend_from_slice(body.get(copied..).unwrap_or_default());
        out.freeze()
    }
}

/// The models in an uploaded file's lines, where it is one of requests. A line that is none is for the provider to refuse.
fn in_file(request: &Request<Bytes>) -> Option<Vec<Named<'_>>> {
    let (media_type, body) = (request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?, request.body());
    let form = Form::scan(media_type, body).ok().filter(|_| is_form(media_type))?;
    form.text("purpose").ok()?.filter(|purpose| *purpose == "batch")?;
    let lines = body.get(form.file("file").ok()??)?.split(|byte| *byte == b'\n').enumerate();
    let named = lines.filter_map(|(index, line)| {
        in_request(body, Json::parse(line).ok()?, ["body", "model"], At::Line(index + 1))
    });
    Some(named.collect())
}

/// The models in a list of requests.
fn in_list(body: &Bytes) -> Option<Vec<Named<'_>>> {
    let requests = Json::parse(body).ok()?.get("requests")?.items().enumerate();
    let named = requests
        .filter_map(|(index, request)| in_request(body, request, ["params", "model"], At::Request(index)));
    Some(named.collect())
}

/// The model in a request that is a part of the body.
fn in_request<'r>(body: &[u8], request: Json<'r>, path: [&str; 2], at: At) -> Option<Named<'r>> {
    let value = path.iter().try_fold(request, |outer, name| outer.get(name))?;
    Some(Named { at, place: place_of(body, value.raw())?, model: value.string()? })
}

fn torn(first: &Named<'_>, other: &Named<'_>) -> Error {
    let message = format!(
        "A batch goes to one provider, but {} is for the model `{}`, and {} for `{}` of another.",
        first.at.told(),
        first.model,
        other.at.told(),
        other.model
    );
    Error::invalid_param(other.at.param(), message).with_code("batch_of_several_providers")
}

impl At {
    fn told(self) -> String {
        match self {
            At::Line(number) => format!("line {number}"),
            At::Request(index) => format!("`requests[{index}]`"),
        }
    }

    fn param(self) -> String {
        match self {
            At::Line(_) => "file".to_owned(),
            At::Request(index) => format!("requests[{index}].params.model"),
        }
    }
}
