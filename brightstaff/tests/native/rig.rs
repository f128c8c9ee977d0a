//! A gateway with its doors on free ports, and a client that writes bytes.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use brightstaff::{Drained, Reloading, Server, Settings, StartError};
use serde_json::Value;
use shared::api::Api;
use shared::dialect::Dialect;
use shared::gateway::{Compiled, CompiledProvider, Listener, Template};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The provider's key; no client and no log may ever see it.
pub(crate) const KEY: &str = "sk-providers-own-key";

/// Nothing here takes longer unless it is broken.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    pub(crate) backend: SocketAddr,
    reloading: Reloading,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Drained>,
}

/// Settings with free ports and short times.
pub(crate) fn settings() -> Settings {
    Settings {
        backend: "127.0.0.1:0".parse().unwrap(),
        head: Duration::from_millis(300),
        pause: Duration::from_millis(300),
        drain: Duration::from_secs(5),
        ..Settings::default()
    }
}

/// A configuration of one provider, that speaks Chat Completions at `base`.
pub(crate) fn compiled(base: &str) -> Compiled {
    let provider = CompiledProvider {
        base: base.to_owned(),
        apis: vec![Api::Completions],
        access_key: Some(Template::new("$KEY".to_owned())),
        ..CompiledProvider::usual(Dialect::named("openai").unwrap())
    };
    let listener = Listener { port: 0, ..Listener::model() };
    Compiled { listeners: vec![listener], ..Compiled::new(vec![provider]) }
}

impl Rig {
    pub(crate) async fn start(base: &str) -> Rig {
        Rig::start_with(compiled(base), settings()).await
    }

    pub(crate) async fn start_with(compiled: Compiled, settings: Settings) -> Rig {
        log();
        let gateway = compiled.open_lending(|_| Some(KEY.to_owned())).unwrap();
        let server = Server::bind(gateway, &settings).await.unwrap();
        let (doors, reloading) = (server.addresses(), server.reloading());
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Rig { address: doors[0].1, backend: doors[1].1, reloading, stop: Some(stop), served }
    }

    /// Gives the gateway another configuration; gives where its doors are then.
    pub(crate) async fn reload(&self, compiled: Compiled) -> Result<Vec<(String, SocketAddr)>, StartError> {
        let gateway = compiled.open_lending(|_| Some(KEY.to_owned())).unwrap();
        tokio::time::timeout(PATIENCE, self.reloading.load(gateway)).await.expect("no answer to a reload")
    }

    /// Tells the gateway to end.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until it has.
    pub(crate) async fn drained(self) -> Drained {
        tokio::time::timeout(PATIENCE, self.served).await.expect("the gateway does not end").unwrap()
    }
}

/// A connection that writes what a test gives it.
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> Wire {
        Wire(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Says that nothing more will be written.
    pub(crate) async fn finish(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Reads until `end` was read.
    pub(crate) async fn until(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).contains(end) {
            let read = tokio::time::timeout(PATIENCE, self.0.read_buf(&mut bytes)).await;
            let so_far = String::from_utf8_lossy(&bytes);
            assert_ne!(read.expect("nothing more comes").unwrap(), 0, "ended without {end:?}: {so_far}");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads until the other side closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        // A reset is an end too.
        let _ = read.expect("the connection stays open");
        String::from_utf8(bytes).unwrap()
    }
}

/// A request for Chat Completions that ends its connection, with these headers besides.
pub(crate) fn request(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a request and gives the whole answer.
pub(crate) async fn ask(address: SocketAddr, request: &str) -> String {
    let mut wire = Wire::open(address).await;
    wire.write(request).await;
    wire.rest().await
}

/// The body of an answer that was not chunked.
pub(crate) fn json_of(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Everything that was logged by all tests of this process.
pub(crate) fn logged() -> String {
    String::from_utf8(log().0.lock().unwrap().clone()).unwrap()
}

/// The report of a request, by the id that it was sent with.
pub(crate) async fn report(id: &str) -> Value {
    let wanted = format!("\"id\":\"{id}\"");
    let begun = std::time::Instant::now();
    loop {
        if let Some(line) = logged().lines().find(|line| line.contains(&wanted)) {
            return serde_json::from_str::<Value>(line).unwrap()["report"].clone();
        }
        assert!(begun.elapsed() < PATIENCE, "no report of {id}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn log() -> &'static Memory {
    static LOG: OnceLock<Memory> = OnceLock::new();
    LOG.get_or_init(|| {
        let memory = Memory::default();
        brightstaff::log::start(Some("trace"), memory.clone()).unwrap();
        memory
    })
}
