//! Another configuration while the process runs: nothing that is open notices.

use std::time::Duration;

use shared::gateway::{Compiled, Listener};
use tokio::net::TcpListener;

use crate::provider::{Provider, Script};
use crate::rig::{Rig, Wire, ask, compiled, json_of, request, settings};

const STREAMED: &str = r#"{"model":"openai/gpt","stream":true,"messages":[]}"#;
const WHOLE: &str = r#"{"model":"openai/gpt","messages":[]}"#;
const EVENT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"first\"}}]}\n\n";
const LAST: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
const MODELS: &str = "GET /v1/models HTTP/1.1\r\nhost: g\r\n\r\n";

fn answer(id: &str) -> Script {
    let body = format!(r#"{{"id":"{id}","choices":[]}}"#);
    Script::Answer { status: 200, media_type: "application/json", body }
}

/// A configuration with these listeners, by name and port.
fn with_listeners(base: &str, listeners: &[(&str, u16)]) -> Compiled {
    let listener =
        |&(name, port): &(&str, u16)| Listener { name: name.to_owned(), port, ..Listener::model() };
    Compiled { listeners: listeners.iter().map(listener).collect(), ..compiled(base) }
}

/// A request that is open finishes with the provider it began with, one that comes behind it on an open connection has
/// the new one, and no connection is closed.
#[tokio::test]
async fn what_is_open_finishes_and_what_comes_is_new() {
    let slow = Script::Slow { event: EVENT, times: 1, pause: Duration::from_millis(500), last: LAST };
    let (old, new) = (Provider::start(slow).await, Provider::start(answer("new")).await);
    let rig = Rig::start(&old.base).await;
    let mut stream = Wire::open(rig.address).await;
    stream.write(request("/v1/chat/completions", "", STREAMED)).await;
    stream.until("first").await;
    let mut kept = Wire::open(rig.address).await;
    kept.write(MODELS).await;
    kept.until("\"list\"").await;

    let doors = rig.reload(compiled(&new.base)).await.unwrap();
    assert_eq!(doors.iter().map(|door| door.1).collect::<Vec<_>>(), [rig.address, rig.backend]);
    kept.write(request("/v1/chat/completions", "", WHOLE)).await;
    kept.until("\"new\"").await;
    assert!(ask(rig.backend, &request("/v1/chat/completions", "", WHOLE)).await.contains("\"new\""));
    assert!(stream.rest().await.contains("[DONE]"));
    assert_eq!(old.requests().len(), 1);
}

/// Listeners come and go: a new one has its door at once, what is open behind one that goes finishes.
#[tokio::test]
async fn doors_are_opened_and_closed() {
    let slow = Script::Slow { event: EVENT, times: 1, pause: Duration::from_millis(500), last: LAST };
    let provider = Provider::start(slow).await;
    let mut rig =
        Rig::start_with(with_listeners(&provider.base, &[("one", 0), ("two", 0)]), settings()).await;
    let mut stream = Wire::open(rig.address).await;
    stream.write(request("/v1/chat/completions", "", STREAMED)).await;
    stream.until("first").await;
    let doors = rig.reload(with_listeners(&provider.base, &[("two", 0), ("three", 0)])).await.unwrap();
    let names = doors.iter().map(|door| door.0.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["two", "three", "brightstaff"]);
    assert_eq!(doors[0].1, rig.backend, "the second door of the rig stays where it was");
    let healthy = "GET /healthz HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n";
    for (name, address) in &doors {
        assert!(ask(*address, healthy).await.starts_with("HTTP/1.1 200 "), "{name}");
    }
    while tokio::net::TcpStream::connect(rig.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(stream.rest().await.contains("[DONE]"));
    rig.stop();
    assert_eq!(rig.drained().await.cut, 0);
}

/// What cannot be had changes nothing: neither the doors that would have opened nor those that would have closed.
#[tokio::test]
async fn a_door_that_does_not_open_leaves_everything_as_it_was() {
    let old = Provider::start(answer("old")).await;
    let rig = Rig::start(&old.base).await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let port = taken.local_addr().unwrap().port();
    let listeners = [("free", free.port()), ("taken", port)];
    let refused = rig.reload(with_listeners("http://127.0.0.1:1/v1", &listeners)).await.unwrap_err();
    assert!(refused.to_string().contains(&format!("`taken` cannot listen on 127.0.0.1:{port}")), "{refused}");
    assert!(TcpListener::bind(free).await.is_ok(), "the door that opened is closed again");
    let answer = ask(rig.address, &request("/v1/chat/completions", "", WHOLE)).await;
    assert_eq!(json_of(&answer)["id"], "old");
}
