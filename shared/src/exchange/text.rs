//! Words that go on from a text: as they are where the provider has the API of that, by way of a chat elsewhere.

use bytes::Bytes;
use http::Request;

use super::operation::Found;
use super::{Call, Reply, carry, headers};
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
    headers::check_content_type(request.headers())?;
    let asked = call.scan(found, request)?;
    let resolved = call.resolve(&asked.model)?;
    if carry::serves(&resolved, call.client, Task::Texts) && !resolved.provider.is_demo() {
        return carry::answer(call, found, Task::Texts, true, request).await;
    }
    let (body, losses) = completions::chat(&asked.outline)?;
    let mut chat = asked.over(&body)?;
    (chat.is_text, call.echo.is_text) = (true, true);
    super::ask(call, &chat, resolved, losses, request).await
}
