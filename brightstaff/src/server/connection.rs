//! One connection: HTTP/1.1, or HTTP/2 without TLS to clients that begin with it.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::shows::Shows;
use super::sips::Sips;

/// The smallest buffer that hyper takes.
const SMALLEST_BUFFER: usize = 8 * 1024;

/// The most requests at a time on one HTTP/2 connection.
const MOST_STREAMS: u32 = 256;

/// What HTTP/2 without TLS begins with and no request of HTTP/1.1 may.
///
/// <https://www.rfc-editor.org/rfc/rfc9113#section-3.4>
const PREFACE: &[u8] = b"PRI";

/// How long a client that was hung up on may take until it hears of it.
const LINGER: Duration = Duration::from_secs(1);

/// How often an open HTTP/2 connection is asked whether it is alive.
const PING: Duration = Duration::from_secs(30);

/// Answers a connection's requests until it ends, and keeps its place for so long; once `closing`, the ones that are open and no more.
pub(super) async fn serve(
    stream: TcpStream,
    _place: Option<OwnedSemaphorePermit>,
    shows: Arc<Shows>,
    mut closing: watch::Receiver<bool>,
    head: Duration,
) {
    let late = Instant::now() + head;
    let begun = tokio::select! {
        biased;
        _ = closing.wait_for(|closing| *closing) => return,
        begun = timeout_at(late, begins_http2(&stream)) => begun,
    };
    let Ok(Ok(is_http2)) = begun else { return };
    // Events of a stream are small and must not wait for one another. A socket that refuses this is closed already.
    let _ = stream.set_nodelay(true);
    let asked = AtomicBool::new(false);
    let service = service_fn(|request| {
        asked.store(true, Ordering::Relaxed);
        let surface = shows.surface();
        // Apart: hyper has room for this future as long as the connection is open.
        async move { Ok::<_, Infallible>(Box::pin(surface.answer(request)).await) }
    });
    let head_bytes = shows.surface().gateway.limits.header_bytes;
    let io = TokioIo::new(Sips::new(stream));
    if is_http2 {
        // Apart, so that connections of HTTP/1.1 have no room for it.
        let mut connection = Box::pin(http2(head_bytes).serve_connection(io, service));
        // How a connection ended concerns its client only; each request has its own report.
        let _ = drive(connection.as_mut(), closing, late, &asked).await;
        return;
    }
    let mut connection = http1(head, head_bytes).serve_connection(io, service);
    if drive(Pin::new(&mut connection), closing, late, &asked).await.is_some_and(|ended| ended.is_err()) {
        let stream = connection.into_parts().io.into_inner().into_inner();
        let _ = timeout(LINGER, Box::pin(linger(stream))).await;
    }
}

/// Whether a client begins with HTTP/2. Its bytes stay where they are: hyper, when it finds that out by itself, reads the
/// few into a buffer of their own, and has twice the room for all that follows as long as the connection is open.
async fn begins_http2(stream: &TcpStream) -> io::Result<bool> {
    loop {
        let is_ending = stream.ready(Interest::READABLE).await?.is_read_closed();
        match stream.try_io(Interest::READABLE, || peek(stream)) {
            // Nothing more will tell.
            Err(error) if error.kind() == ErrorKind::WouldBlock && is_ending => return Ok(false),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            told => return told,
        }
    }
}

/// Whether what has come is HTTP/2. So few bytes that they could be either's are as good as none: the next that come will
/// tell.
fn peek(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    let (count, _) = recv(stream, &mut first, RecvFlags::PEEK)?;
    match (1..PREFACE.len()).contains(&count) && PREFACE.starts_with(&first[..count]) {
        true => Err(ErrorKind::WouldBlock.into()),
        false => Ok(first == PREFACE),
    }
}

/// Reads what a client still sends after it was refused. A socket that is closed with something unread in it resets the
/// connection, and the client may never see why (RFC 9112, section 9.6).
async fn linger(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut unwanted = [0; 4096];
    while stream.read(&mut unwanted).await? > 0 {}
    Ok(())
}

/// Polls a connection to its end, tells it when to end, and gives it up where nothing is asked by `late`: of a client that
/// begins with HTTP/2 hyper watches no clock. Gives how it ended by itself.
async fn drive<C: GracefulConnection>(
    mut connection: Pin<&mut C>,
    mut closing: watch::Receiver<bool>,
    late: Instant,
    asked: &AtomicBool,
) -> Option<Result<(), C::Error>> {
    let mut closed = pin!(closing.wait_for(|closing| *closing));
    let mut late = pin!(sleep_until(late));
    let (mut told, mut waiting) = (false, true);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return Some(ended),
            _ = closed.as_mut(), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            () = late.as_mut(), if waiting => match asked.load(Ordering::Relaxed) {
                true => waiting = false,
                false => return None,
            }
        }
    }
}

fn http1(head: Duration, head_bytes: usize) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        // At most 100 fields: where hyper is told another number it makes room for them on the heap, twice a request.
        .max_buf_size(head_bytes.max(SMALLEST_BUFFER));
    builder
}

fn http2(head_bytes: usize) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(MOST_STREAMS)
        .keep_alive_interval(PING)
        .adaptive_window(true);
    builder
}
