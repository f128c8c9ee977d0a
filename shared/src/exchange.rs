//! The one path of every request.

mod asked;
mod batch;
mod caller;
mod carry;
mod count;
mod demo;
mod embed;
mod fetch;
mod form;
mod headers;
mod losses;
mod models;
mod operation;
mod outgoing;
mod reply;
mod retry;
mod serve;
mod target;
mod text;

pub use caller::Caller;
pub use reply::Reply;
pub use serve::{Body, serve};

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};

use crate::api::{Api, Echo};
use crate::error::Error;
use crate::gateway::{Gateway, Provider, Resolved};
use crate::host::Host;
use crate::ir::Loss;
use crate::report::Report;
use crate::wire;
use asked::Asked;
use losses::Wish;
use operation::{Found, Work};
use retry::{Retries, Verdict};
use serve::Progress;
use target::Target;

/// The longest name of a model, in bytes: Bedrock's, which may be an address in AWS, are the longest there are.
///
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>
const LONGEST_NAME: usize = 2048;

/// Answers `caller`'s request. Every error is in the words of the API that was asked in, and in the report.
pub async fn run<H: Host>(
    gateway: &Gateway,
    host: &H,
    caller: Caller,
    request: Request<Bytes>,
) -> Reply<H::Body> {
    run_noting(gateway, host, caller, request, &mut Report::default(), None).await
}

/// The same, seen from outside: where the client leaves before the answer begins, the future is dropped and `report` says
/// how far it came. It goes along with the reply, and `report` is empty again.
async fn run_noting<H: Host>(
    gateway: &Gateway,
    host: &H,
    caller: Caller,
    mut request: Request<Bytes>,
    report: &mut Report,
    progress: Option<&Progress>,
) -> Reply<H::Body> {
    let body = std::mem::take(request.body_mut());
    *request.body_mut() = wire::unmarked(body);
    let mut call = Call::begin(gateway, host, caller, &request, report);
    call.progress = progress;
    match answer(&mut call, &request).await {
        Ok(reply) => reply,
        Err(error) => call.refuse(&error),
    }
}

/// Answers a request that its host could not take in whole (a body over the limit, headers that make no sense).
pub fn refuse<H: Host>(
    gateway: &Gateway,
    host: &H,
    head: &Request<Bytes>,
    error: &Error,
) -> (Response<Bytes>, Report) {
    Call::begin(gateway, host, Caller::of(host, head), head, &mut Report::default()).decline(error)
}

async fn answer<H: Host>(call: &mut Call<'_, H>, request: &Request<Bytes>) -> Result<Reply<H::Body>, Error> {
    // What is asked, and in whose API; what is in no row does not exist.
    let found =
        call.found.clone().ok_or_else(|| operation::unknown(request.method(), request.uri().path()))?;
    found.operation.check_method(request.method(), request.uri().path())?;
    match found.operation.work {
        Work::Health => Ok(call.whole(Response::new(Bytes::from_static(b"{\"status\":\"ok\"}")))),
        Work::Hello => Ok(call.whole(models::hello())),
        Work::Models => Ok(call.whole(models::list(call.gateway, call.client, request.uri().query())?)),
        Work::Model => Ok(call.whole(models::one(call.gateway, call.client, &found.subject)?)),
        Work::Generate { .. } => generate(call, &found, request).await,
        Work::Count => count::answer(call, &found, request).await,
        Work::Embed => embed::answer(call, &found, request).await,
        Work::Continue => text::answer(call, &found, request).await,
        Work::Carry { task, names_model } => carry::answer(call, &found, task, names_model, request).await,
    }
}

/// Answers with what a model says.
async fn generate<H: Host>(
    call: &mut Call<'_, H>,
    found: &Found,
    request: &Request<Bytes>,
) -> Result<Reply<H::Body>, Error> {
    let (asked, resolved) = call.receive(found, request)?;
    ask(call, &asked, resolved, Vec::new(), request).await
}

/// Asks a model. `lost` is what of the client's request is not in `asked`.
async fn ask<H: Host>(
    call: &mut Call<'_, H>,
    asked: &Asked<'_>,
    resolved: Resolved<'_>,
    mut lost: Vec<Loss>,
    request: &Request<Bytes>,
) -> Result<Reply<H::Body>, Error> {
    if resolved.provider.is_demo() {
        return demo::answer(call, asked);
    }
    let target = Target::new(resolved, asked)?;
    call.note_target(Some(target.api), target.provider, &target.model);
    // The request's own bytes with a few edits where both sides speak one API, written anew otherwise.
    let written = target.write(call, asked, request).await?;
    lost.extend(written.losses);
    call.note_losses(&lost)?;
    call.note_waiting(asked);
    let response = send(call, target.provider, written.request, true).await?;
    reply::relay(call, asked, &target, response).await
}

/// Sends a request as often as is needed and allowed, each time signed anew where its provider wants that; once where a
/// second time would do it twice.
async fn send<H: Host>(
    call: &mut Call<'_, H>,
    provider: &Provider,
    mut request: Request<Bytes>,
    repeatable: bool,
) -> Result<Response<H::Body>, Error> {
    let mut retries = Retries::new(call.gateway, H::RESENDS && repeatable);
    loop {
        call.report.attempts += 1;
        outgoing::authorize(call.host, provider, &mut request).await?;
        // Only what may have to be sent again is kept.
        let attempt = if retries.are_over() { std::mem::take(&mut request) } else { request.clone() };
        let sent = call.host.send(attempt, call.gateway.timeout()).await;
        call.note_head();
        if let Err(error) = &sent {
            // The client is only told that; why is for whoever reads the report.
            call.report.trouble = Some(error.to_string());
        }
        match retries.judge(sent, call.host) {
            Verdict::Relay(response) => return Ok(response),
            Verdict::Again(pause) => call.host.sleep(pause).await,
            Verdict::Stop(error) => return Err(error),
        }
    }
}

/// One request under way.
struct Call<'c, H> {
    gateway: &'c Gateway,
    host: &'c H,
    /// The API in whose words the caller wants its errors.
    client: Api,
    /// What there is at the path.
    found: Option<Found>,
    report: &'c mut Report,
    echo: Echo,
    /// What is to become of losses.
    wish: Wish,
    /// What was lost.
    losses: Vec<Loss>,
    /// Where the host looks how far this is.
    progress: Option<&'c Progress>,
}

impl<'c, H: Host> Call<'c, H> {
    fn begin(
        gateway: &'c Gateway,
        host: &'c H,
        caller: Caller,
        request: &Request<Bytes>,
        report: &'c mut Report,
    ) -> Call<'c, H> {
        let began = host.now();
        let Caller { api: client, found, id } = caller;
        *report = Report {
            id: id.clone(),
            host: Cow::Borrowed(H::NAME),
            operation: Cow::Borrowed(found.as_ref().map_or("", |found| found.operation.name)),
            began,
            bytes_in: request.body().len() as u64,
            status: 200,
            ..Report::default()
        };
        let echo = Echo { id, created: began.seconds(), request: request.body().clone(), ..Echo::default() };
        Call {
            gateway,
            host,
            client,
            found,
            report,
            echo,
            wish: Wish::default(),
            losses: Vec::new(),
            progress: None,
        }
    }

    /// What is asked, and who answers.
    fn receive<'r>(
        &mut self,
        found: &Found,
        request: &'r Request<Bytes>,
    ) -> Result<(Asked<'r>, Resolved<'c>), Error> {
        self.check_head(request.headers())?;
        // A scan of the top level, not a parse: the model, and whether to stream.
        let asked = self.scan(found, request)?;
        // Aliases, exact names, wildcards, the default.
        let resolved = self.resolve(&asked.model)?;
        Ok((asked, resolved))
    }

    /// What the request says at its top level.
    fn scan<'r>(&mut self, found: &Found, request: &'r Request<Bytes>) -> Result<Asked<'r>, Error> {
        let asked = Asked::scan(self.client, request, found)?;
        self.note_model(&asked.model)?;
        self.echo.include_usage = asked.include_usage;
        self.echo.array = asked.array;
        self.report.stream = asked.stream;
        Ok(asked)
    }

    /// Fails for what is wrong with the head of a request whose body is JSON.
    fn check_head(&mut self, headers: &HeaderMap) -> Result<(), Error> {
        headers::check_content_type(headers)?;
        self.note_wish(headers)
    }

    /// What the caller wants of losses. It is looked at before the body, for it costs least to refuse.
    fn note_wish(&mut self, headers: &HeaderMap) -> Result<(), Error> {
        self.wish = Wish::of(self.gateway, headers)?;
        Ok(())
    }

    /// Notes what model is asked for. A name goes into headers and the log, so an endless one goes no further than here.
    fn note_model(&mut self, model: &str) -> Result<(), Error> {
        self.report.client = Some(self.client);
        if model.len() > LONGEST_NAME {
            let message = format!("The name of a model has at most {LONGEST_NAME} bytes.");
            return Err(Error::invalid_param("model", message).with_code("model_name_too_long"));
        }
        self.echo.model = model.to_owned();
        self.report.model = model.to_owned();
        Ok(())
    }

    /// Who answers. Who names no model learns the name by which it can be asked for.
    fn resolve(&mut self, model: &str) -> Result<Resolved<'c>, Error> {
        let resolved = self.gateway.resolve(model)?;
        if self.echo.model.is_empty() {
            self.echo.model = format!("{}/{}", resolved.provider.prefix, resolved.model);
        }
        Ok(resolved)
    }

    /// `api` is none where the provider is not asked.
    fn note_target(&mut self, api: Option<Api>, provider: &Provider, model: &str) {
        self.report.upstream = api;
        self.report.provider = provider.name.clone();
        self.report.provider_model = model.to_owned();
    }

    /// Fails where the loss is more than the caller puts up with.
    fn note_losses(&mut self, losses: &[Loss]) -> Result<(), Error> {
        self.report.losses = losses.iter().map(ToString::to_string).collect();
        self.losses = losses.to_vec();
        self.wish.judge(losses)
    }

    /// Notes what of a whole answer is lost. It is no reason to refuse: the answer has been paid for.
    fn note_lost(&mut self, losses: Vec<Loss>) {
        losses.iter().for_each(|loss| self.report.lose(loss));
        self.losses.extend(losses);
    }

    /// A stream may begin before the provider does.
    fn note_waiting(&self, asked: &Asked<'_>) {
        if let Some(progress) = self.progress.filter(|_| asked.stream && !asked.array) {
            progress.promise(self.stream_head(asked), self.client, self.echo.clone());
        }
    }

    fn note_head(&mut self) {
        self.report.times.head = Some(self.host.now().since(self.report.began));
    }
}
