//! The whole path of a request, at every operation and through every family's provider.

use std::borrow::Cow;
use std::cell::Cell;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{Request, Response};
use shared::dialect::Dialect;
use shared::exchange::{self, Caller, Reply};
use shared::gateway::{Compiled, CompiledProvider, Gateway};
use shared::host::{BodyError, CallError, Host, Timestamp};
use shared::relay::Ending;
use shared::wire::json::{Edit, Json, Outline};

use crate::choose;

/// Where requests go, with the model in the path where the API has it there.
const PATHS: [&str; 14] = [
    "/v1/chat/completions",
    "/v1/messages",
    "/v1/responses",
    "/v1beta/models/PROVIDER/m:generateContent",
    "/v1beta/models/PROVIDER/m:streamGenerateContent",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/messages/count_tokens",
    "/v1/responses/input_tokens",
    "/v1beta/models/PROVIDER/m:countTokens",
    "/v1beta/models/PROVIDER/m:embedContent",
    "/v1/images/edits",
    "/v1/audio/transcriptions",
    "/v1/rerank",
];

/// One of each family, of each form, and of those that are picky.
const PROVIDERS: [&str; 7] =
    ["openai", "anthropic", "gemini", "amazon_bedrock", "mistral", "groq", "openrouter"];

static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let provider = |id: &&str| CompiledProvider {
        base: "https://provider.test/v1".to_owned(),
        access_key: None,
        ..CompiledProvider::usual(Dialect::named(id).expect("a row"))
    };
    Compiled::new(PROVIDERS.iter().map(provider).collect()).open(|_| None).expect("there are no secrets")
});

/// Whatever a client asks and a provider says, the client gets an answer, and an error of the gateway's is JSON. The
/// first two bytes choose what is asked of whom; a zero ends what the client says and begins what the provider does.
pub(crate) fn exchange(data: &[u8]) {
    let (path, data) = choose(data);
    let (provider, data) = choose(data);
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (asked, said) = data.split_at(end);
    let provider = PROVIDERS[provider % PROVIDERS.len()];
    let request = request(PATHS[path % PATHS.len()], provider, asked);
    let (status, body) = answer(request, said.get(1..).unwrap_or_default());
    if status >= 400 && status != 502 {
        Json::parse(&body).expect("what is refused is refused in JSON");
    }
}

/// A body that is JSON asks for a model of the provider's; any other is taken for a form.
fn request(path: &str, provider: &str, body: &[u8]) -> Request<Bytes> {
    let path = path.replace("PROVIDER", provider);
    let mut named = BytesMut::new();
    let model = Cow::Owned(format!("\"{provider}/m\""));
    let media_type = match Outline::scan(body) {
        Ok(outline) => {
            outline.edit(&[Edit::Set("model", model)], &mut named);
            "application/json"
        }
        Err(_) => {
            named.extend_from_slice(body);
            "multipart/form-data; boundary=b"
        }
    };
    let request = Request::post(path).header("content-type", media_type).header("x-request-id", "1");
    request.body(named.freeze()).expect("a request")
}

/// The answer's status and body, where the provider says this.
fn answer(request: Request<Bytes>, said: &[u8]) -> (u16, Vec<u8>) {
    let well_formed = Json::parse(request.body()).is_ok();
    let world = World { said: Bytes::copy_from_slice(said), well_formed, asked: Cell::default() };
    let caller = Caller::of(&world, &request);
    let mut exchange = pin!(exchange::run(&GATEWAY, &world, caller, request));
    let Poll::Ready(reply) = exchange.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing in this world makes anybody wait");
    };
    match reply {
        Reply::Whole { response, .. } => {
            let (head, body) = response.into_parts();
            (head.status.as_u16(), body.to_vec())
        }
        Reply::Stream { body, mut relay, .. } => {
            let mut out = BytesMut::new();
            relay.push(body.0.as_deref().unwrap_or_default(), Timestamp(0), &mut out);
            relay.finish(Ending::Complete, Timestamp(0), &mut out);
            (200, out.to_vec())
        }
        Reply::Bytes { body, .. } => (200, body.0.unwrap_or_default().to_vec()),
    }
}

/// A world in which one provider says one thing.
struct World {
    said: Bytes,
    /// Whether what the client asks is JSON all through: the gateway looks no deeper than it must, and leaves the rest
    /// to the provider.
    well_formed: bool,
    asked: Cell<bool>,
}

struct Once(Option<Bytes>);

impl Stream for Once {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

impl Host for World {
    type Body = Once;
    type Sleep = Ready<()>;
    const RESENDS: bool = false;
    const NAME: &'static str = "fuzz";

    async fn call(&self, _: Request<Bytes>, _: Duration) -> Result<Response<Bytes>, CallError> {
        Err(CallError::Timeout)
    }

    async fn send(&self, request: Request<Bytes>, _: Duration) -> Result<Response<Once>, CallError> {
        assert!(!self.asked.replace(true), "nothing is sent again here");
        let is_json = request.headers().get("content-type").is_some_and(|value| value == "application/json");
        assert!(!is_json || Outline::scan(request.body()).is_ok(), "what is sent as JSON has members");
        let broken = is_json && self.well_formed && Json::parse(request.body()).is_err();
        assert!(!broken, "what was JSON is sent as JSON");
        let media_type = match self.said.starts_with(b"data:") || self.said.starts_with(b"event:") {
            true => "text/event-stream",
            false => "application/json",
        };
        let response = Response::builder().header("content-type", media_type);
        Ok(response.body(Once(Some(self.said.clone()))).expect("a response"))
    }

    fn sleep(&self, _: Duration) -> Ready<()> {
        ready(())
    }

    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn random(&self) -> u64 {
        4
    }
}
