//! Images and documents that a request names by their addresses, for a provider that takes only bytes: fetched from where
//! the operator allows it, within bounds, and known by their bytes, not by what is said of them.

mod kind;

use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{self, HeaderValue};
use http::{Request, Uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::api::Api;
use crate::dialect::{Documents, Quirks};
use crate::error::{Error, Kind};
use crate::gateway::{Fetch, Provider};
use crate::host::{CallError, Host, within};
use crate::ir::{self, Block, Media, Source};
use crate::timestamp::in_seconds;

/// What addresses may hold and this gateway's own form of them does not.
const SPELLED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}');

/// The longest address.
const LONGEST: usize = 8 << 10;

/// What a provider takes in bytes only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OnlyBytes {
    pub(super) images: bool,
    pub(super) documents: bool,
}

impl OnlyBytes {
    /// What a provider takes in bytes only, of a client of `client`; none where it takes all addresses.
    pub(super) fn of(
        provider: &Provider,
        api: Api,
        quirks: &Quirks,
        client: Option<Api>,
    ) -> Option<OnlyBytes> {
        let all = provider.dialect.form(api).is_some_and(|form| form.only_bytes) || quirks.only_bytes;
        // What a client of the same API names by an address, the API has a place for.
        let (images, documents) = if client == Some(api) { (true, true) } else { api.takes_addresses() };
        let documents = documents || matches!(quirks.documents, Documents::FileOrAddress | Documents::Value);
        let only = OnlyBytes { images: all || !images, documents: all || !documents };
        (only.images || only.documents).then_some(only)
    }

    /// Whether one of these blocks is at an address.
    pub(super) fn misses(self, request: &ir::Request<'_>) -> bool {
        request.turns.iter().flat_map(|turn| &turn.blocks).any(|block| self.misses_in(block))
    }

    fn misses_in(self, block: &Block<'_>) -> bool {
        match block {
            Block::Image(media) => self.images && is_web(media),
            Block::Document(media) => self.documents && is_web(media),
            Block::ToolResult(result) => result.content.iter().any(|block| self.misses_in(block)),
            _ => false,
        }
    }

    /// All of them.
    fn gather<'r, 'a>(self, blocks: &'r mut [Block<'a>], found: &mut Vec<Addressed<'r, 'a>>) {
        for block in blocks {
            match block {
                Block::Image(media) if self.images && is_web(media) => {
                    found.push(Addressed { media, image: true });
                }
                Block::Document(media) if self.documents && is_web(media) => {
                    found.push(Addressed { media, image: false });
                }
                Block::ToolResult(result) => self.gather(&mut result.content, found),
                _ => {}
            }
        }
    }
}

/// Something at an address.
struct Addressed<'r, 'a> {
    media: &'r mut Media<'a>,
    image: bool,
}

fn is_web(media: &Media<'_>) -> bool {
    let Source::Url(address) = &media.source else { return false };
    let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
}

/// Puts into a request the bytes of what it names by addresses, as far as its provider takes only bytes. Where nothing is
/// fetched it stays as it is, for whoever writes it to refuse.
pub(super) async fn fill<H: Host>(
    host: &H,
    fetch: Option<&Fetch>,
    needs: Option<OnlyBytes>,
    request: &mut ir::Request<'_>,
) -> Result<(), Error> {
    let Some(fetch) = fetch.filter(|_| H::FETCHES) else { return Ok(()) };
    let Some(needs) = needs else { return Ok(()) };
    let mut wanted = Vec::new();
    request.turns.iter_mut().for_each(|turn| needs.gather(&mut turn.blocks, &mut wanted));
    if wanted.is_empty() {
        return Ok(());
    }
    let addresses = addresses(&wanted, fetch)?;
    let left = AtomicUsize::new(fetch.request_bytes);
    let work = addresses.iter().map(|(text, uri)| one(host, fetch, &left, text, uri)).collect();
    let fetched = within(all(work), host.sleep(fetch.timeout)).await.unwrap_or_else(|| Err(late(fetch)))?;
    for Addressed { media, image } in wanted {
        let Source::Url(text) = &media.source else { continue };
        let found =
            addresses.iter().position(|(known, _)| known == text).and_then(|index| fetched.get(index));
        let Some(bytes) = found else { continue };
        media.source = kind::source(bytes, image).ok_or_else(|| no_kind(text, image))?;
    }
    Ok(())
}

/// The addresses, each once, that may all be fetched.
fn addresses(wanted: &[Addressed<'_, '_>], fetch: &Fetch) -> Result<Vec<(String, Uri)>, Error> {
    let mut addresses: Vec<(String, Uri)> = Vec::new();
    for Addressed { media, .. } in wanted {
        let Source::Url(text) = &media.source else { continue };
        if addresses.iter().any(|(known, _)| known == text) {
            continue;
        }
        addresses.push((text.clone().into_owned(), checked(text, fetch)?));
    }
    match addresses.len() > fetch.files {
        true => Err(refused(format!(
            "The request has {} addresses to fetch, and at most {} are fetched.",
            addresses.len(),
            fetch.files
        ))),
        false => Ok(addresses),
    }
}

/// An address that may be fetched.
fn checked(text: &str, fetch: &Fetch) -> Result<Uri, Error> {
    let spelled = utf8_percent_encode(text, SPELLED).to_string();
    let uri = spelled.parse::<Uri>().ok().filter(|_| text.len() <= LONGEST);
    let uri = uri.ok_or_else(|| unfetched(text, "it is no address"))?;
    fetch.egress.check(&uri).map_err(|why| unfetched(text, &why.to_string()))?;
    Ok(uri)
}

/// The bytes at an address.
async fn one<H: Host>(
    host: &H,
    fetch: &Fetch,
    left: &AtomicUsize,
    text: &str,
    uri: &Uri,
) -> Result<Bytes, Error> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = uri.clone();
    // Nothing of the client's goes along, and no credential.
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static("image/*, application/pdf, text/*;q=0.9"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("plano-gateway"));
    let sent = host.fetch(request, fetch.timeout).await;
    let response = sent.map_err(|error| unfetched(text, reason(&error)))?;
    match response.status() {
        status if status.is_redirection() => {
            Err(unfetched(text, "it leads elsewhere, and redirects are not followed"))
        }
        status if !status.is_success() => {
            Err(unfetched(text, &format!("the answer has status {}", status.as_u16())))
        }
        _ => take(response.into_body(), fetch, left, text).await,
    }
}

/// What is said of a failure: no more than whoever reaches this gateway only may know of its network.
fn reason(error: &CallError) -> &'static str {
    match error {
        CallError::Forbidden(_) => "its host has no public address",
        CallError::Connect(_) => "its host cannot be reached",
        CallError::Timeout => "no answer came in time",
        CallError::Broken(_) => "the connection broke",
        CallError::Garbled(_) => "the answer is not HTTP",
    }
}

/// A body, as far as the bounds for it and for all together allow.
async fn take<B>(mut body: B, fetch: &Fetch, left: &AtomicUsize, text: &str) -> Result<Bytes, Error>
where
    B: Stream<Item = Result<Bytes, crate::host::BodyError>> + Unpin,
{
    let mut whole = BytesMut::new();
    while let Some(piece) = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await {
        let piece = piece.map_err(|_| unfetched(text, "the connection broke"))?;
        if whole.len().saturating_add(piece.len()) > fetch.file_bytes {
            return Err(too_large(format!("`{}` is longer than {} bytes.", shown(text), fetch.file_bytes)));
        }
        let taken =
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(piece.len()));
        if taken.is_err() {
            let message =
                format!("What the request names by addresses is longer than {} bytes.", fetch.request_bytes);
            return Err(too_large(message));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// What all of it comes to, or the first failure, for which the others are not waited for.
async fn all<T, E, F: Future<Output = Result<T, E>>>(work: Vec<F>) -> Result<Vec<T>, E> {
    let mut running: Vec<_> = work.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut waits = false;
        for (future, result) in running.iter_mut().filter(|(_, result)| result.is_none()) {
            match future.as_mut().poll(context) {
                Poll::Ready(Ok(value)) => *result = Some(value),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => waits = true,
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(Ok(())) }
    })
    .await?;
    Ok(running.into_iter().filter_map(|(_, result)| result).collect())
}

/// The address as errors show it: without the part that may be a secret.
fn shown(text: &str) -> Cow<'_, str> {
    let plain = text.split(['?', '#']).next().unwrap_or_default();
    let plain = match plain.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?)))
    {
        Some((scheme, (_, rest))) => Cow::Owned(format!("{scheme}://…@{rest}")),
        None => Cow::Borrowed(plain),
    };
    match plain.char_indices().nth(200) {
        Some((end, _)) => Cow::Owned(format!("{}…", plain.get(..end).unwrap_or_default())),
        None => plain,
    }
}

fn unfetched(text: &str, why: &str) -> Error {
    refused(format!("`{}` is not fetched: {why}.", shown(text)))
}

fn no_kind(text: &str, image: bool) -> Error {
    unfetched(
        text,
        match image {
            true => "it is no image of PNG, JPEG, GIF or WebP",
            false => "it is neither a PDF nor plain text",
        },
    )
}

fn late(fetch: &Fetch) -> Error {
    let patience = in_seconds(fetch.timeout);
    refused(format!("What the request names by addresses did not come within {patience}."))
}

fn refused(message: String) -> Error {
    Error::invalid(message).with_code("unfetched_content")
}

fn too_large(message: String) -> Error {
    Error { kind: Kind::TooLarge, status: Kind::TooLarge.status(), ..refused(message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_show_no_secrets_of_addresses() {
        assert_eq!(shown("https://h/a.png?sig=secret#x"), "https://h/a.png");
        assert_eq!(shown("https://user:secret@h/a"), "https://…@h/a");
        assert_eq!(shown(&"ä".repeat(300)), format!("{}…", "ä".repeat(200)));
    }

    #[test]
    fn the_first_failure_is_not_kept_waiting() {
        let one = async |fails: bool| if fails { Err(7) } else { std::future::pending().await };
        let mut all = Box::pin(all::<u8, u8, _>(vec![one(false), one(true)]));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert_eq!(all.as_mut().poll(&mut context), Poll::Ready(Err(7)));
    }
}
