//! `GET /v1/models`, in OpenAI's, Anthropic's and Gemini's shapes, and what else agents look at before they ask.

use bytes::{Bytes, BytesMut};
use http::Response;
use percent_encoding::percent_decode_str;

use crate::api::Api;
use crate::error::Error;
use crate::gateway::{Gateway, Model};
use crate::wire::json::Writer;

/// What is here at all.
pub(super) fn hello() -> Response<Bytes> {
    reply(|w| {
        w.object(|o| {
            o.key("message").string("hello");
            o.key("service").string("plano");
        });
    })
}

/// The models on offer in the shape of the caller's API, in pages where it has any.
pub(super) fn list(gateway: &Gateway, client: Api, query: Option<&str>) -> Result<Response<Bytes>, Error> {
    let models = gateway.models();
    match client {
        Api::Messages => {
            let page = Page::of_anthropic(&models, query.unwrap_or_default())?;
            Ok(reply(|w| write_page(&page, w)))
        }
        Api::Generate => {
            let page = Page::of_gemini(&models, query.unwrap_or_default())?;
            Ok(reply(|w| write_page_of_gemini(&page, w)))
        }
        _ => Ok(reply(|w| write_list(&models, w))),
    }
}

/// One model: of the list, or one that a wildcard has, which no list knows.
pub(super) fn one(gateway: &Gateway, client: Api, id: &str) -> Result<Response<Bytes>, Error> {
    let resolved = gateway.resolve(id).map_err(|error| Error { param: None, ..error })?;
    let model = Model { id: id.to_owned(), owner: resolved.provider.dialect.name.to_owned() };
    Ok(reply(|w| write(&model, client, w)))
}

fn reply(body: impl FnOnce(&mut Writer<'_>)) -> Response<Bytes> {
    let mut out = BytesMut::new();
    body(&mut Writer::new(&mut out));
    Response::new(out.freeze())
}

/// Some of the models, in their order.
struct Page<'m> {
    models: &'m [Model],
    /// Whether there are more in the direction that was asked for.
    more: bool,
}

impl<'m> Page<'m> {
    /// What `limit`, `after_id` and `before_id` ask for; everything where nothing is asked.
    ///
    /// <https://docs.anthropic.com/en/api/models-list>
    fn of_anthropic(models: &'m [Model], query: &str) -> Result<Page<'m>, Error> {
        let size = size(query, "limit")?;
        if let Some(id) = value(query, "before_id") {
            let (before, _) = split(models, &id, "before_id")?;
            let start = before.len().saturating_sub(size);
            return Ok(Page { models: before.get(start..).unwrap_or_default(), more: start > 0 });
        }
        Page::after(models, value(query, "after_id").map(|id| ("after_id", id)), size)
    }

    /// What `pageSize` and `pageToken` ask for. A token is the last page's last model.
    ///
    /// <https://ai.google.dev/api/models#method:-models.list>
    fn of_gemini(models: &'m [Model], query: &str) -> Result<Page<'m>, Error> {
        let token = value(query, "pageToken").map(|id| ("pageToken", id));
        Page::after(models, token, size(query, "pageSize")?)
    }

    fn after(models: &'m [Model], last: Option<(&str, String)>, size: usize) -> Result<Page<'m>, Error> {
        let rest = match last {
            Some((name, id)) => split(models, &id, name)?.1,
            None => models,
        };
        let (page, more) = rest.split_at_checked(size).unwrap_or((rest, &[]));
        Ok(Page { models: page, more: !more.is_empty() })
    }
}

/// What comes before the model of this id, and what after.
fn split<'m>(models: &'m [Model], id: &str, name: &str) -> Result<(&'m [Model], &'m [Model]), Error> {
    let at = models.iter().position(|model| model.id == id);
    let parts = at.and_then(|at| Some((models.get(..at)?, models.get(at + 1..)?)));
    parts.ok_or_else(|| Error::invalid_param(name, format!("`{name}` names no model of this list.")))
}

/// The size of a page; no bound where none is asked.
fn size(query: &str, name: &str) -> Result<usize, Error> {
    let Some(size) = value(query, name).filter(|size| !size.is_empty()) else { return Ok(usize::MAX) };
    let size = size.parse().ok().filter(|size| *size > 0);
    size.ok_or_else(|| Error::invalid_param(name, format!("`{name}` must be a number above 0.")))
}

/// A parameter of a query.
fn value(query: &str, name: &str) -> Option<String> {
    let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_decode_str(&pair.replace('+', " ")).decode_utf8_lossy().into_owned())
}

fn write_list(models: &[Model], w: &mut Writer<'_>) {
    w.object(|o| {
        o.key("object").string("list");
        o.key("data").array(|a| models.iter().for_each(|model| write(model, Api::Completions, a)));
    });
}

fn write_page(page: &Page<'_>, w: &mut Writer<'_>) {
    w.object(|o| {
        o.key("data").array(|a| page.models.iter().for_each(|model| write(model, Api::Messages, a)));
        o.key("has_more").boolean(page.more);
        for (key, model) in [("first_id", page.models.first()), ("last_id", page.models.last())] {
            match model {
                Some(model) => o.key(key).string(&model.id),
                None => o.key(key).null(),
            }
        }
    });
}

fn write_page_of_gemini(page: &Page<'_>, w: &mut Writer<'_>) {
    w.object(|o| {
        o.key("models").array(|a| page.models.iter().for_each(|model| write(model, Api::Generate, a)));
        if let Some(last) = page.models.last().filter(|_| page.more) {
            o.key("nextPageToken").string(&last.id);
        }
    });
}

/// OpenAI: <https://platform.openai.com/docs/api-reference/models/object>;
/// Anthropic: <https://docs.anthropic.com/en/api/models-list>; Gemini: <https://ai.google.dev/api/models#Model>.
fn write(model: &Model, client: Api, w: &mut Writer<'_>) {
    w.object(|o| match client {
        Api::Messages => {
            o.key("id").string(&model.id);
            o.key("type").string("model");
            o.key("display_name").string(&model.id);
            o.key("created_at").string("1970-01-01T00:00:00Z");
            o.key("lifecycle").string("active");
        }
        Api::Generate => {
            o.key("name").string(&format!("models/{}", model.id));
            o.key("displayName").string(&model.id);
            o.key("supportedGenerationMethods").array(|a| {
                ["generateContent", "streamGenerateContent", "countTokens"]
                    .iter()
                    .for_each(|name| a.string(name));
            });
        }
        _ => {
            o.key("id").string(&model.id);
            o.key("object").string("model");
            o.key("created").integer(0);
            o.key("owned_by").string(&model.owner);
        }
    });
}
