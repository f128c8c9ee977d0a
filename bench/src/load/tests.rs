//! The load against small servers of its own: one that answers, one that is slow, one that never does.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// A server that takes `time` for each answer, or for ever.
async fn server(time: Option<Duration>) -> Question {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, time));
        }
    });
    Question { address, request: Bytes::from_static(b"GET / HTTP/1.1\r\n\r\n"), least: 5 }
}

async fn answer(mut stream: TcpStream, time: Option<Duration>) {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
        match time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
        if stream.write_all(ANSWER).await.is_err() {
            return;
        }
    }
}

async fn asked(time: Option<Duration>, load: Load) -> Sample {
    let question = server(time).await;
    run(&question, load, Duration::from_millis(50), Duration::from_millis(400), |_| {}).await
}

#[tokio::test]
async fn connections_ask_again_once_they_are_answered() {
    let sample = asked(Some(Duration::from_millis(20)), Load::Closed(4)).await;
    assert!((20..=84).contains(&sample.answered), "{} answers", sample.answered);
    assert!(sample.first.min() >= 20_000_000, "no answer is quicker than its server");
    assert_eq!((sample.failed, sample.late), (0, 0));
}

#[tokio::test]
async fn a_fixed_rate_is_kept() {
    let sample = asked(Some(Duration::from_millis(1)), Load::Rate(200)).await;
    assert!((78..=82).contains(&sample.answered), "{} answers", sample.answered);
    assert_eq!(sample.late, 0);
}

#[tokio::test]
async fn who_never_answers_at_a_fixed_rate_cannot_hide_it() {
    let sample = asked(None, Load::Rate(200)).await;
    assert_eq!(sample.answered, 0);
    assert!((78..=82).contains(&sample.late), "{} late", sample.late);
    assert!(sample.first.min() >= 900_000_000, "they count as long as they were waited for");
}

#[tokio::test]
async fn who_never_answers_holds_nobody_up() {
    let began = Instant::now();
    let sample = asked(None, Load::Closed(4)).await;
    assert_eq!(sample.answered, 0);
    assert!(began.elapsed() < Duration::from_secs(2));
}
