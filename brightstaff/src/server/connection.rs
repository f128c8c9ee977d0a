//! One connection: HTTP/1.1, or HTTP/2 without TLS to clients that begin with it.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::surface::Surface;

/// The smallest buffer that hyper takes.
const SMALLEST_BUFFER: usize = 8 * 1024;

/// The most requests at a time on one HTTP/2 connection.
const MOST_STREAMS: u32 = 256;

/// How often an open HTTP/2 connection is asked whether it is alive.
const PING: Duration = Duration::from_secs(30);

/// Answers a connection's requests until it ends; once `closing`, the ones that are open and no more.
pub(super) async fn serve(
    stream: TcpStream,
    surface: Arc<Surface>,
    closing: watch::Receiver<bool>,
    head: Duration,
) {
    // Events of a stream are small and must not wait for one another. A socket that refuses this is closed already.
    let _ = stream.set_nodelay(true);
    let asked = AtomicBool::new(false);
    let service = service_fn(|request| {
        asked.store(true, Ordering::Relaxed);
        let surface = Arc::clone(&surface);
        // Apart: hyper has room for this future as long as the connection is open.
        async move { Ok::<_, Infallible>(Box::pin(surface.answer(request)).await) }
    });
    let builder = builder(head, surface.gateway.limits.header_bytes);
    let connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    drive(connection, closing, head, &asked).await;
}

/// Polls a connection to its end, tells it when to end, and gives it up where nothing is asked within `head`: until the
/// protocol is known hyper watches no clock.
async fn drive<C: GracefulConnection>(
    mut connection: Pin<&mut C>,
    mut closing: watch::Receiver<bool>,
    head: Duration,
    asked: &AtomicBool,
) {
    let mut closed = pin!(closing.wait_for(|closing| *closing));
    let mut late = pin!(tokio::time::sleep(head));
    let (mut told, mut waiting) = (false, true);
    loop {
        tokio::select! {
            biased;
            // How a connection ended concerns its client only; each request has its own report.
            _ = connection.as_mut() => return,
            _ = closed.as_mut(), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            () = late.as_mut(), if waiting => match asked.load(Ordering::Relaxed) {
                true => waiting = false,
                false => return,
            }
        }
    }
}

fn builder(head: Duration, head_bytes: usize) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        // At most 100 fields: where hyper is told another number it makes room for them on the heap, twice a request.
        .max_buf_size(head_bytes.max(SMALLEST_BUFFER));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(MOST_STREAMS)
        .keep_alive_interval(PING)
        .adaptive_window(true);
    builder
}
