//! `GET /v1/models`, in OpenAI's and Anthropic's shapes.

use bytes::{Bytes, BytesMut};
use http::Response;

use crate::api::Api;
use crate::error::{Error, Fault, Kind};
use crate::gateway::{Gateway, Model};
use crate::wire::json::Writer;

/// All models on offer, in the shape of the caller's API.
pub(super) fn list(gateway: &Gateway, client: Api) -> Response<Bytes> {
    let models = gateway.models();
    reply(|w| {
        w.object(|o| {
            if client != Api::Messages {
                o.key("object").string("list");
            }
            o.key("data").array(|a| models.iter().for_each(|model| write(model, client, a)));
            if client == Api::Messages {
                page(&models, o);
            }
        });
    })
}

/// One model.
pub(super) fn one(gateway: &Gateway, client: Api, id: &str) -> Result<Response<Bytes>, Error> {
    let models = gateway.models();
    let model = models.iter().find(|model| model.id == id).ok_or_else(|| {
        Error::new(Fault::Client, Kind::NotFound, format!("There is no model `{id}` here."))
            .with_code("model_not_found")
    })?;
    Ok(reply(|w| write(model, client, w)))
}

fn reply(body: impl FnOnce(&mut Writer<'_>)) -> Response<Bytes> {
    let mut out = BytesMut::new();
    body(&mut Writer::new(&mut out));
    Response::new(out.freeze())
}

/// OpenAI: <https://platform.openai.com/docs/api-reference/models/object>;
/// Anthropic: <https://docs.anthropic.com/en/api/models-list>.
fn write(model: &Model, client: Api, w: &mut Writer<'_>) {
    w.object(|o| {
        o.key("id").string(&model.id);
        if client == Api::Messages {
            o.key("type").string("model");
            o.key("display_name").string(&model.id);
            o.key("created_at").string("1970-01-01T00:00:00Z");
            o.key("lifecycle").string("active");
        } else {
            o.key("object").string("model");
            o.key("created").integer(0);
            o.key("owned_by").string(&model.owner);
        }
    });
}

/// Anthropic's lists say which page they are; this is the only one.
fn page(models: &[Model], o: &mut Writer<'_>) {
    o.key("has_more").boolean(false);
    for (key, model) in [("first_id", models.first()), ("last_id", models.last())] {
        match model {
            Some(model) => o.key(key).string(&model.id),
            None => o.key(key).null(),
        }
    }
}
