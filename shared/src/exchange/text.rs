//! Words that go on from a text: as they are where the provider has the API of that, by way of a chat elsewhere.

use bytes::Bytes;
use http::Request;

use super::carry::{self, Way};
use super::operation::Found;
use super::{Call, Reply};
use crate::api::completions;
use crate::dialect::Task;
use crate::error::Error;
use crate::host::Host;

/// Answers with words that go on from a text.
pub(super) async fn answer<H: Host>(
    call: &mut Call<'_, H>,
    found: &Found,
    request: &Request<Bytes>,
) -> Result<Reply<H::Body>, Error> {
    let (asked, resolved) = call.receive(found, request)?;
    let way = Way::to(&resolved, call.client, Task::Texts);
    if let Some(way) = way.filter(|_| !resolved.provider.is_demo()) {
        return carry::answer_scanned(call, found, way, &asked, request).await;
    }
    let (body, losses) = completions::chat(&asked.outline)?;
    let mut chat = asked.over(&body)?;
    (chat.is_text, call.echo.is_text) = (true, true);
    let told = super::ask(call, &chat, resolved, losses, request).await;
    // The chat says nothing but the prompt.
    let prompt = |param: String| if param == "messages" { "prompt".to_owned() } else { param };
    told.map_err(|error| Error { param: error.param.map(prompt), ..error })
}
