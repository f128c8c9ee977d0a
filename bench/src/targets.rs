//! What is measured: the gateway's hosts, and the peers that a user would take instead. How each is started and asked.

mod hosts;
mod peers;
mod process;
mod workerd;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bench_core::material;
use bytes::{BufMut, Bytes, BytesMut};
use shared::api::Api;

use crate::load::{Connection, Question, Whole};
use crate::scenario::Scenario;
use crate::watch::{self, Cores};
pub use hosts::brightstaff;
pub use process::Process;

/// How long a target may take until it answers: LiteLLM needs half a minute on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The least that is an answer, in bytes.
const LEAST: usize = 100;

/// Something that stands between clients and a provider.
pub struct Kind {
    /// Its word on the command line and in tables.
    pub name: &'static str,
    /// What it is, for the tables' readers.
    pub about: &'static str,
    /// Whether it is a host of this gateway.
    pub ours: bool,
    /// Whether it puts the provider's name before the model's.
    prefixed: bool,
    /// Whether it reads the body at all, so that it can be asked to translate.
    translates: bool,
    /// Whether it is asked the most telling scenarios only: the gateway without reports, and peers that are many times
    /// slower.
    pub telling: bool,
    /// Whether a second core is of use to it: the others are one thread in one process.
    pub scales: bool,
    /// Request headers that it wants besides.
    headers: fn(&Place<'_>) -> String,
    /// Starts it; an error says what is missing.
    start: fn(&Place<'_>) -> Result<Process, String>,
}

/// Where a target runs.
pub struct Place<'a> {
    /// Its own folder.
    pub folder: &'a Path,
    /// The port to listen on.
    pub port: u16,
    /// The mock provider.
    pub provider: SocketAddr,
    /// Where the gateway's guests report to.
    pub backend: Option<SocketAddr>,
    /// How many cores it is given.
    pub cores: usize,
}

/// What all targets have around them.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    pub cores: Cores,
    /// The mock provider.
    pub provider: SocketAddr,
    /// The brightstaff that the gateway's guests report to.
    pub backend: Option<SocketAddr>,
}

/// All that can be measured: the floor, the gateway's hosts, the peers.
pub const KINDS: [Kind; 15] = [
    scaling(plain("bare-hyper", "hyper on both sides and nothing between: the floor", peers::floor)),
    scaling(host("native", "planoai, each request reported", hosts::native)),
    quiet("native-quiet", "the same, reports switched off", hosts::native_quiet),
    scaling(host("envoy-filter", "the gateway as a filter in Envoy, reporting to brightstaff", hosts::envoy)),
    quiet("envoy-filter-quiet", "the same without a backend", hosts::envoy_quiet),
    Kind {
        telling: true,
        ..plain("bare-worker", "a Worker of ten lines that only forwards: workerd's floor", workerd::bare)
    },
    host("worker", "the gateway as a Worker in workerd, reporting to brightstaff", hosts::worker),
    quiet("worker-quiet", "the same without a backend", hosts::worker_quiet),
    scaling(host(
        "spin",
        "the gateway as a Spin component in the tests' small host, reporting to brightstaff",
        hosts::spin,
    )),
    quiet("spin-quiet", "the same without a backend", hosts::spin_quiet),
    scaling(plain("nginx", "nginx as a plain proxy", peers::nginx)),
    scaling(plain("envoy", "Envoy as a plain proxy", peers::envoy)),
    Kind {
        headers: peers::portkey_headers,
        telling: true,
        ..plain("portkey", "Portkey on Node", peers::portkey)
    },
    Kind {
        headers: peers::portkey_headers,
        telling: true,
        ..plain("portkey-worker", "Portkey as a Worker in workerd", workerd::portkey)
    },
    Kind {
        prefixed: true,
        translates: true,
        telling: true,
        ..plain("litellm", "LiteLLM's proxy, one worker", peers::litellm)
    },
];

type Start = fn(&Place<'_>) -> Result<Process, String>;

const fn plain(name: &'static str, about: &'static str, start: Start) -> Kind {
    let (ours, prefixed, translates) = (false, false, false);
    let (telling, scales) = (false, false);
    Kind { name, about, ours, prefixed, translates, telling, scales, headers: no_headers, start }
}

const fn host(name: &'static str, about: &'static str, start: Start) -> Kind {
    Kind { ours: true, prefixed: true, translates: true, ..plain(name, about, start) }
}

const fn quiet(name: &'static str, about: &'static str, start: Start) -> Kind {
    Kind { telling: true, ..host(name, about, start) }
}

const fn scaling(kind: Kind) -> Kind {
    Kind { scales: true, ..kind }
}

/// What the name of a host without reports ends in.
pub const QUIET: &str = "-quiet";

impl Kind {
    /// Its word on the command line: a host's with and without reports, a peer's on Node and in workerd.
    pub fn word(&self) -> &'static str {
        match self.ours {
            true => self.name.split('-').next().unwrap_or(self.name),
            false => self.name.strip_suffix("-worker").unwrap_or(self.name),
        }
    }

    /// Whether it is asked this at all.
    pub fn plays(&self, scenario: &Scenario) -> bool {
        (scenario.telling || !self.telling) && (self.translates || !scenario.translates())
    }
}

fn no_headers(_: &Place<'_>) -> String {
    String::new()
}

/// A target that runs.
pub struct Target {
    pub kind: &'static Kind,
    pub process: Process,
    /// From its start to its first answer.
    pub cold: Duration,
    /// Bytes of memory once it had answered.
    pub idle: u64,
    address: SocketAddr,
    headers: String,
    _folder: Folder,
}

impl Target {
    /// Starts a target on one core or two, and waits until it answers.
    pub async fn start(kind: &'static Kind, around: Surroundings, cores: usize) -> Result<Target, String> {
        let folder = Folder::new(kind.name).map_err(|error| error.to_string())?;
        let Surroundings { provider, backend, .. } = around;
        let place = Place { folder: folder.path(), port: free_port(), provider, backend, cores };
        watch::pin(around.cores.for_target(cores));
        let began = Instant::now();
        let started = (kind.start)(&place);
        watch::pin([around.cores.load]);
        let process = started?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, place.port));
        let headers = (kind.headers)(&place);
        let zero = Duration::ZERO;
        let mut target = Target { kind, process, cold: zero, idle: 0, address, headers, _folder: folder };
        target.wait(began).await?;
        target.cold = began.elapsed();
        target.idle = watch::memory_of(target.process.id());
        Ok(target)
    }

    /// The question of a scenario; none where the target does not serve it.
    pub async fn question(&self, scenario: &Scenario) -> Option<Question> {
        if !self.kind.plays(scenario) {
            return None;
        }
        let question = self.ask(scenario);
        let whole = Connection::new(self.address).ask_whole(&question.request).await.ok()?;
        // An answer's ids may be shorter the next time, but not by much.
        answers(scenario, &whole).then(|| Question { least: whole.body.len() * 9 / 10, ..question })
    }

    /// The request for a stream that begins and goes no further.
    pub fn idle_stream(&self) -> Question {
        let model = self.model("idle", Api::Completions);
        self.post(Api::Completions, material::request(Api::Completions, material::Size::Small, &model, true))
    }

    fn ask(&self, scenario: &Scenario) -> Question {
        let model = self.model(&scenario.model(), scenario.provider);
        self.post(
            scenario.client,
            material::request(scenario.client, scenario.size, &model, scenario.streams()),
        )
    }

    fn model(&self, model: &str, provider: Api) -> String {
        if self.kind.prefixed { format!("{}/{model}", provider.name()) } else { model.to_owned() }
    }

    fn post(&self, client: Api, body: Bytes) -> Question {
        Question {
            address: self.address,
            request: post(self.address, client, &self.headers, &body),
            least: LEAST,
        }
    }

    async fn wait(&mut self, began: Instant) -> Result<(), String> {
        let model = self.model("whole", Api::Completions);
        let body = material::request(Api::Completions, material::Size::Small, &model, false);
        let question = self.post(Api::Completions, body);
        loop {
            let answer = Connection::new(self.address).ask_whole(&question.request).await;
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            self.process.check()?;
            if began.elapsed() > PATIENCE {
                let said = answer.map_or_else(|error| error.to_string(), |answer| answer.words());
                return Err(format!("no answer in time: {said}\n{}", self.process.output()));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// The mock provider asked without anything between: what all times stand against.
pub fn direct(provider: SocketAddr, scenario: &Scenario) -> Question {
    let body = material::request(scenario.provider, scenario.size, &scenario.model(), scenario.streams());
    Question { address: provider, request: post(provider, scenario.provider, "", &body), least: LEAST }
}

/// Whether a scenario's answer is one: in the client's family, and finished.
fn answers(scenario: &Scenario, whole: &Whole) -> bool {
    let last = match (scenario.client, scenario.streams()) {
        (Api::Messages, true) => "message_stop",
        (Api::Messages, false) => "\"end_turn\"",
        (Api::Responses, true) => "response.completed",
        (Api::Responses, false) => "\"completed\"",
        (_, true) => "[DONE]",
        (_, false) => "chat.completion",
    };
    whole.status == 200 && memchr::memmem::find(&whole.body, last.as_bytes()).is_some()
}

fn post(address: SocketAddr, client: Api, headers: &str, body: &[u8]) -> Bytes {
    let path = match client {
        Api::Messages => "/v1/messages",
        Api::Responses => "/v1/responses",
        _ => "/v1/chat/completions",
    };
    let mut request = BytesMut::new();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\naccept: */*\r\ncontent-type: application/json\r\n\
         user-agent: bench\r\nauthorization: Bearer the-clients-own\r\n{headers}content-length: {length}\r\n\r\n"
    );
    request.put_slice(head.as_bytes());
    request.put_slice(body);
    request.freeze()
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a listener has an address").port()
}

/// A temporary folder, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> std::io::Result<Folder> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("plano-bench-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let output = command.output().map_err(|why| why.to_string())?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// A program or file that `cargo xtask bench` names in the environment.
fn tool(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set"))?;
    if path.exists() { Ok(path) } else { Err(format!("{name} is {}, which is not there", path.display())) }
}
