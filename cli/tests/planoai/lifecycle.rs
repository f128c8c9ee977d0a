//! up, status, logs, down.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::rig::{Home, Said, post};

const UP: [&str; 3] = ["up", "--listener-port", "0"];
const CLIENTS: [(&str, &str); 3] = [
    ("/v1/chat/completions", r#""messages":[{"role":"user","content":"Good morning"}]"#),
    ("/v1/messages", r#""max_tokens":50,"messages":[{"role":"user","content":"Good morning"}]"#),
    ("/v1/responses", r#""input":"Good morning""#),
];

/// From nothing to an answer and back, as the README has it.
#[test]
fn a_gateway_starts_answers_and_stops() {
    let home = Home::new("lifecycle");
    let up = home.run(&UP);
    assert_eq!(up.code, 0, "{}", up.err);
    for expected in
        ["demo/echo", "No key of a provider was found", "OPENAI_API_KEY", "down", "logs -f", "curl http://"]
    {
        assert!(up.out.contains(expected), "{expected} is not in {}", up.out);
    }
    assert!(up.out.matches("_API_KEY").count() < 5, "nobody reads a list of forty: {}", up.out);
    for entry in std::fs::read_dir(home.path().join("state")).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the state is its user's only");
    }
    let again = home.run(&UP);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("already running (pid "), "{}", again.err);
    let status = home.run(&["status"]);
    assert_eq!(status.code, 0, "{}", status.err);
    assert!(status.out.contains(&up.address("model")), "{}", status.out);
    let status: serde_json::Value = serde_json::from_str(&home.run(&["status", "--json"]).out).unwrap();
    assert_eq!(status["doors"][0]["address"], up.address("model"));

    let body = r#"{"model":"demo/echo","messages":[{"role":"user","content":"Good morning"}]}"#;
    let answer = post(&up.address("model"), "/v1/chat/completions", body);
    assert!(answer.contains("You said: Good morning"), "{answer}");
    let begun = Instant::now();
    while !home.run(&["logs"]).out.contains("\"target\":\"report\"") {
        assert!(begun.elapsed() < Duration::from_secs(10), "no report is logged");
    }
    let last = home.run(&["logs", "-n", "1"]);
    assert_eq!(last.out.lines().count(), 1);

    let down = home.run(&["down"]);
    assert_eq!(down.code, 0, "{}", down.err);
    assert!(down.out.contains("is stopped"), "{}", down.out);
    assert_eq!(home.run(&["down"]).code, 0);
    assert_eq!(home.run(&["status"]).code, 1);
    assert!(home.run(&["logs", "-n", "1"]).out.contains("stopped"));
}

/// A wrong configuration changes nothing and is told; a right one is there at once, and the process is the same.
#[test]
fn a_configuration_is_read_again() {
    let home = Home::new("reload");
    assert_eq!(home.run(&["reload"]).code, 1, "nothing runs");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = |model: &str| {
        format!(
            "version: v0.4.0\nlisteners:\n  - {{type: model, name: model, port: {port}}}\nmodel_providers:\n  \
             - {{model: {model}, base_url: 'http://127.0.0.1:1'}}\n"
        )
    };
    let file = home.write("gateway.yaml", &text("vllm/old"));
    let up = home.run(&["up", &file]);
    let address = up.address("model");
    let held = TcpStream::connect(&address).unwrap();
    let process = || {
        serde_json::from_str::<serde_json::Value>(&home.run(&["status", "--json"]).out).unwrap()["pid"]
            .clone()
    };
    let pid = process();
    let asked = |model: &str| {
        post(&address, "/v1/chat/completions", &format!(r#"{{"model":"{model}","messages":[]}}"#))
    };

    home.write("gateway.yaml", &text("vllm/new").replace("model_providers", "model_provider"));
    let refused = home.run(&["reload"]);
    assert_eq!(refused.code, 78, "{}", refused.err);
    assert!(refused.err.starts_with(&format!("{file}:4:1: model_provider: ")), "{}", refused.err);
    assert!(home.run(&["status"]).out.contains("not reloaded"), "{}", home.run(&["status"]).out);
    assert!(
        !asked("vllm/old").starts_with("HTTP/1.1 404 ") && asked("vllm/new").starts_with("HTTP/1.1 404 ")
    );

    home.write("gateway.yaml", &text("vllm/new"));
    let done = home.run(&["reload"]);
    assert!(done.code == 0 && done.out.contains("goes on with "), "{}{}", done.out, done.err);
    assert!(!home.run(&["status"]).out.contains("not reloaded"));
    assert!(
        asked("vllm/old").starts_with("HTTP/1.1 404 ") && !asked("vllm/new").starts_with("HTTP/1.1 404 ")
    );
    assert_eq!(process(), pid);
    drop(held);
}

/// Shells let a process have few open files; a gateway takes as many as it may have.
#[test]
fn a_gateway_may_have_as_many_connections_as_the_system_allows() {
    let home = Home::new("files");
    let planoai = env!("CARGO_BIN_EXE_planoai");
    let line = format!("ulimit -Sn 64; exec {planoai} up --listener-port 0");
    let path = [("PLANO_HOME", home.path().join("state")), ("BIND_ADDRESS", "127.0.0.1:0".into())];
    let up = Command::new("sh").args(["-c", &line]).env_clear().envs(path).current_dir(home.path()).output();
    let up = Said::of(up.unwrap());
    assert_eq!(up.code, 0, "{}", up.err);
    let address = up.address("model");
    let held: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let body = r#"{"model":"demo/echo","messages":[{"role":"user","content":"Good morning"}]}"#;
    let answer = post(&address, "/v1/chat/completions", body);
    assert!(answer.contains("You said: Good morning"), "{answer}");
    drop(held);
}

/// Where clients come in greater number than there may be files, those that have a place are answered, the others wait and
/// are answered when their turn comes, and brightstaff's door is open all the while.
#[test]
fn more_clients_than_files_wait_for_their_turn() {
    let home = Home::new("few-files");
    let planoai = env!("CARGO_BIN_EXE_planoai");
    let line = format!("ulimit -n 128; exec {planoai} up --listener-port 0");
    let path = [("PLANO_HOME", home.path().join("state")), ("BIND_ADDRESS", "127.0.0.1:0".into())];
    let up = Command::new("sh").args(["-c", &line]).env_clear().envs(path).current_dir(home.path()).output();
    let up = Said::of(up.unwrap());
    assert_eq!(up.code, 0, "{}", up.err);
    let address = up.address("model");
    let asked: Vec<TcpStream> = (0..120).map(|_| ask_health(&address)).collect();
    let (first, rest) = asked.split_at(40);
    assert!(first.iter().all(|stream| is_answered(stream, Duration::from_secs(10))));
    let early = rest.iter().filter(|stream| is_answered(stream, Duration::from_millis(5))).count();
    assert_eq!(early, 0, "half of the files that are left are for providers");
    assert!(is_answered(&ask_health(&up.address("brightstaff")), Duration::from_secs(10)));
    first.iter().for_each(|stream| stream.shutdown(std::net::Shutdown::Both).unwrap());
    assert!(rest[..40].iter().all(|stream| is_answered(stream, Duration::from_secs(10))));
    drop(asked);
    let body = r#"{"model":"demo/echo","messages":[{"role":"user","content":"Good morning"}]}"#;
    assert!(post(&address, "/v1/chat/completions", body).contains("You said: Good morning"));
    let log = home.run(&["logs", "-n", "1000"]).out;
    let told = log.matches("more wait").count();
    assert!((1..5).contains(&told), "it is told, and not for each of them: {told}");
}

fn ask_health(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: g\r\n\r\n").unwrap();
    stream
}

fn is_answered(mut stream: &TcpStream, patience: Duration) -> bool {
    stream.set_read_timeout(Some(patience)).unwrap();
    stream.read(&mut [0; 1]).is_ok_and(|count| count == 1)
}

/// The curl that is printed is the curl that works: whole and streamed, in each of the clients' APIs.
#[test]
fn without_a_configuration_every_client_gets_an_answer() {
    let home = Home::new("zero");
    let up = home.run(&UP);
    for (path, rest) in CLIENTS {
        for stream in [false, true] {
            let answer = post(
                &up.address("model"),
                path,
                &format!(r#"{{"model":"demo/echo","stream":{stream},{rest}}}"#),
            );
            let words = if stream { "morning" } else { "You said: Good morning" };
            assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(words), "{path}: {answer}");
            assert_eq!(answer.contains("text/event-stream"), stream, "{path}");
        }
    }
}

#[test]
fn a_key_in_the_environment_is_served_and_not_shown() {
    let home = Home::new("key");
    let up = Said::of(home.command(&UP).env("OPENAI_API_KEY", "sk-secret").output().unwrap());
    assert!(up.out.contains("openai/*") && !up.out.contains("demo/echo"), "{}", up.out);
    assert!(!up.out.contains("sk-secret") && !home.run(&["logs"]).out.contains("sk-secret"));
}

#[test]
fn one_that_does_not_start_says_why() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let home = Home::new("taken");
    let up = home.run(&["up", "--listener-port", &port]);
    assert_eq!(up.code, 1);
    assert!(up.err.contains("`model`") && up.err.contains(&format!("127.0.0.1:{port}")), "{}", up.err);
    assert_eq!(home.run(&["status"]).code, 1);
    let up = Said::of(home.command(&UP).env("BIND_ADDRESS", format!("127.0.0.1:{port}")).output().unwrap());
    assert!(
        up.err.contains("`brightstaff`") && up.err.contains("BIND_ADDRESS says another place"),
        "{}",
        up.err
    );
}

/// Authorities that are not there are the configuration's fault: a service manager need not try again.
#[test]
fn authorities_that_are_not_there_are_a_wrong_configuration() {
    let home = Home::new("authorities");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!(
        "version: v0.4.0\nlisteners:\n  - {{type: model, name: model, port: {port}}}\nmodel_providers:\n  \
         - {{model: demo/echo}}\noverrides:\n  upstream_tls_ca_path: absent.pem\n"
    );
    let up = home.run(&["up", &home.write("gateway.yaml", &text)]);
    assert_eq!(up.code, 78, "{}", up.err);
    assert!(up.err.contains("cannot use the certificate authorities in absent.pem"), "{}", up.err);
}

/// The client hears that the provider cannot be reached, and the log why.
#[test]
fn the_log_says_why_a_provider_cannot_be_reached() {
    let home = Home::new("unreached");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = home.write(
        "gateway.yaml",
        &format!(
            "version: v0.4.0\nlisteners:\n  - {{type: model, name: model, port: {}, max_retries: 0}}\nmodel_providers:\n  \
             - {{model: vllm/m, base_url: 'http://{closed}'}}\n",
            std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
        ),
    );
    let up = home.run(&["up", &file]);
    let body = r#"{"model":"vllm/m","messages":[{"role":"user","content":"Good morning"}]}"#;
    let answer = post(&up.address("model"), "/v1/chat/completions", body);
    assert!(answer.contains("upstream_unreachable") && !answer.contains("refused"), "{answer}");
    home.run(&["down"]);
    let log = home.run(&["logs"]).out;
    assert!(log.contains("\"trouble\":\"could not connect: ") && log.contains("refused"), "{log}");
}

#[test]
fn off_loopback_it_wants_a_token() {
    let home = Home::new("exposed");
    let up = Said::of(home.command(&UP).env("BIND_ADDRESS", "0.0.0.0:0").output().unwrap());
    assert_eq!(up.code, 1);
    assert!(up.err.contains("PLANO_BACKEND_TOKEN"), "{}", up.err);
}

/// `logs -f | head` comes to its end though nothing more is logged.
#[test]
fn the_log_is_followed_as_long_as_somebody_reads() {
    let home = Home::new("follow");
    home.run(&UP);
    let mut follow = home.command(&["logs", "-f"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut reader = follow.stdout.take().unwrap();
    assert_eq!(reader.read(&mut [0; 1]).unwrap(), 1);
    assert!(follow.try_wait().unwrap().is_none(), "it goes on while it is read");
    // As `logrotate` does with `copytruncate`.
    let log = home.path().join("state/planoai.log");
    std::fs::write(&log, "anew\n").unwrap();
    let mut said = String::new();
    while !said.ends_with("anew\n") {
        let mut bytes = [0; 1024];
        let read = reader.read(&mut bytes).unwrap();
        assert_ne!(read, 0, "{said}");
        said.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    drop(reader);
    assert!(follow.wait().unwrap().success());
}

/// Whoever pipes what a command says into one that reads nothing still gets it done.
#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let home = Home::new("gone");
    home.run(&UP);
    for command in ["status", "logs", "down", "down", "schema", "check"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = home.command(&[command]).stdout(writer).output().unwrap();
        assert_eq!((done.status.code(), done.stderr.is_empty()), (Some(0), true), "{command}: {done:?}");
    }
    assert_eq!(home.run(&["status"]).code, 1);
}

/// A process that was killed leaves its files, but nothing that says it runs.
#[test]
fn one_that_was_killed_is_not_taken_for_running() {
    let home = Home::new("killed");
    let up = home.run(&UP);
    let pid = up.out.split("(pid ").nth(1).unwrap().split(')').next().unwrap();
    assert!(std::process::Command::new("kill").args(["-9", pid]).status().unwrap().success());
    let begun = Instant::now();
    while home.run(&["status"]).code == 0 {
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(home.run(&UP).code, 0);
}

#[test]
fn in_the_foreground_a_signal_ends_it_well() {
    let home = Home::new("foreground");
    let mut command = home.command(&["up", "--foreground", "--listener-port", "0"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    while !said.contains("\"listener\":\"brightstaff\"") {
        let mut bytes = [0; 1024];
        let read = stderr.read(&mut bytes).unwrap();
        assert_ne!(read, 0, "{said}");
        said.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    assert_eq!(home.run(&["status"]).code, 1, "a service manager's gateway is not in the background");
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    stderr.read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert!(said.contains("\"message\":\"stopped\""), "{said}");
    let is_line =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok_and(|line| line.is_object());
    assert!(said.lines().all(is_line), "whoever collects logs gets nothing else: {said}");
}
