//! One instance of the component: made for one request, gone with it.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Frame, Incoming};
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Accessor, ResourceTable};
use wasmtime::{Engine, Result, Store, format_err};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p3::bindings::{Service, ServicePre};
use wasmtime_wasi_http::{Error, WasiHttpCtx, WasiHttpCtxView, WasiHttpView, p3};

use crate::outbound::{Allowed, Outbound};
use crate::variables::Variables;

/// How long a guest may go on after the last byte, say for a report.
const AFTERWARDS: Duration = Duration::from_secs(30);

/// How long a guest may go on for a client that has left: enough to notice, and to say so.
const FAREWELL: Duration = Duration::from_secs(1);

/// Frames of a body that may wait for a slow client.
const FRAMES_WAITING: usize = 4;

/// The component, ready to be instantiated.
pub(crate) struct Application {
    pub(crate) engine: Engine,
    pub(crate) service: ServicePre<Guest>,
    pub(crate) variables: Variables,
    pub(crate) outbound: Allowed,
}

/// What an instance has of the host.
pub(crate) struct Guest {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    pub(crate) variables: Variables,
}

/// The frames of a body and then `None`. Frames that end without it were cut off.
pub(crate) type Frames = mpsc::Receiver<Option<Frame<Bytes>>>;

impl Application {
    /// Asks a new instance. It goes on after the head of its response, in a task of its own; there is no response where it
    /// fails before.
    pub(crate) async fn call(self: Arc<Self>, request: Request<Incoming>) -> Option<Response<Frames>> {
        let (head, response) = oneshot::channel();
        tokio::spawn(async move {
            if let Err(why) = self.run(request, head).await {
                eprintln!("the component failed: {why:#}");
            }
        });
        response.await.ok()
    }

    async fn run(&self, request: Request<Incoming>, head: oneshot::Sender<Response<Frames>>) -> Result<()> {
        let mut store = Store::new(&self.engine, self.guest());
        let service = self.service.instantiate_async(&mut store).await?;
        let (request, sent) = p3::Request::from_http(&mut store.data_mut().outbound, request);
        let answered = async |accessor: &Accessor<Guest>| {
            tokio::select! {
                result = answer(accessor, &service, request, head) => result,
                never = async { let _ = sent.await; pending().await } => never,
            }
        };
        store.run_concurrent(answered).await?
    }

    fn guest(&self) -> Guest {
        Guest {
            table: ResourceTable::new(),
            wasi: WasiCtx::builder().inherit_stdout().inherit_stderr().build(),
            http: WasiHttpCtx::new(),
            outbound: Outbound::new(self.outbound.clone()),
            variables: self.variables.clone(),
        }
    }
}

/// Passes one response on: its head, its frames as they come. Then lets the guest finish what it does afterwards.
///
/// It has to run inside the store's event loop, which drives the body as well as the guest.
async fn answer(
    accessor: &Accessor<Guest>,
    service: &Service,
    request: p3::Request,
    mut head: oneshot::Sender<Response<Frames>>,
) -> Result<()> {
    let response = tokio::select! {
        response = service.handle(accessor, request) => response?,
        () = head.closed() => return Ok(()),
    };
    let response = response.map_err(|code| format_err!("it answered with the error {code:?}"))?;
    let (parts, body) = accessor.with(|store| response.into_http(store, async { Ok(()) }))?.into_parts();
    let (frames, receiver) = mpsc::channel(FRAMES_WAITING);
    let _ = head.send(Response::from_parts(parts, receiver));
    let patience = if pump(body, frames).await { AFTERWARDS } else { FAREWELL };
    let finished = poll_fn(|context| accessor.poll_no_interesting_tasks(context));
    let _ = tokio::time::timeout(patience, finished).await;
    Ok(())
}

/// Moves the body's frames until its end, and says whether it came to it: the client may leave before.
async fn pump(mut body: UnsyncBoxBody<Bytes, Error>, frames: mpsc::Sender<Option<Frame<Bytes>>>) -> bool {
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame.transpose(),
            () = frames.closed() => return false,
        };
        let Ok(frame) = frame.inspect_err(|why| eprintln!("the component's body was cut off: {why}")) else {
            return false;
        };
        let last = frame.is_none();
        if frames.send(frame).await.is_err() || last {
            return last;
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outbound }
    }
}
