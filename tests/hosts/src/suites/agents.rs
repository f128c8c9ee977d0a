//! Real coding agents do a task of several tools through the gateway, on an upstream of each family.
//!
//! The models are scripted, the agents are not: they ask as they ask, run what they are told to run, and send back what
//! they send back.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use super::{Outcome, equal, holds};
use crate::configuration::{CLIENT_KEY, FAMILIES};
use crate::host::{Folder, Host, Kind};
use crate::model::{self, Call, Task};
use crate::provider::Provider;
use crate::tools::{self, tool};

/// How long an agent may take for its task: seconds alone, more where everything is tested at once.
const PATIENCE: Duration = Duration::from_secs(120);

/// The providers of the configuration that are of a family of their own.
const UPSTREAMS: [&str; 5] = ["completions", "messages", "responses", "generate", "converse"];

const WORDS: &str = "The file has three lines.";

/// An agent: how it is started, and the tool with which it runs commands.
struct Agent {
    name: &'static str,
    start: fn(&Host, &Path, &str) -> Command,
    tool: &'static str,
    /// The argument that holds the command.
    argument: &'static str,
}

const AGENTS: [Agent; 2] = [
    Agent { name: "Claude Code", start: claude_code, tool: "Bash", argument: "command" },
    Agent { name: "Codex", start: codex, tool: "exec_command", argument: "cmd" },
];

/// Has each agent do the task on each family.
pub async fn agents(kind: Kind) {
    if tools::missing(kind.name(), &["PLANO_NODE", "PLANO_AGENTS"]) {
        return;
    }
    super::play(kind, "agents", async |host, provider| {
        let mut outcomes = Vec::new();
        for agent in &AGENTS {
            for family in FAMILIES.iter().filter(|family| UPSTREAMS.contains(&family.name)) {
                let outcome = work(agent, host, provider, family.name).await;
                outcomes.push((format!("{} on {}", agent.name, family.name), outcome));
            }
        }
        outcomes
    })
    .await;
}

async fn work(agent: &Agent, host: &Host, provider: &Provider, api: &str) -> Outcome {
    let home = Folder::new("agent");
    let task = agent.task();
    provider.follow(task.clone());
    let output = run(&mut (agent.start)(host, home.path(), &format!("{api}/m"))).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    holds(format!("{}\n{said}\n{errors}", output.status), output.status.success() && said.contains(WORDS))?;
    let written = std::fs::read_to_string(home.path().join("notes.txt")).unwrap_or_default();
    equal("notes.txt", &"one\ntwo\nthree\n", &written.as_str())?;
    let asked: Vec<_> =
        provider.received().into_iter().filter(|received| task.is_asked(&received.body)).collect();
    let thinks = asked.iter().map(|received| model::thinks(api, &received.body)).collect::<BTreeSet<bool>>();
    holds("thinking was switched on or off within the task", thinks.len() == 1)?;
    let last = asked.last();
    let last = last.map(|received| String::from_utf8_lossy(&received.body).into_owned()).unwrap_or_default();
    holds(
        format!("the results did not reach the model: {last}"),
        last.contains("from-the-shell") && last.contains("3 lines"),
    )?;
    holds("the model got the client's credential", !last.contains(CLIENT_KEY))
}

async fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await.map_err(|_| "took too long".to_owned())?;
    output.map_err(|error| error.to_string())
}

impl Agent {
    /// Two calls at once, and one that needs their result.
    fn task(&self) -> Task {
        let call = |command: &str| Call { name: self.tool, arguments: json!({self.argument: command}) };
        let first =
            vec![call("printf 'one\\ntwo\\nthree\\n' > notes.txt"), call("printf 'from-%s' the-shell")];
        let second = vec![call("echo $(wc -l < notes.txt) lines")];
        Task { turns: vec![first, second], words: WORDS }
    }
}

/// <https://docs.anthropic.com/en/docs/claude-code/settings>
fn claude_code(host: &Host, home: &Path, model: &str) -> Command {
    let mut command = node("@anthropic-ai/claude-code/cli-wrapper.cjs", home);
    command.args([
        "-p",
        "Write three lines to notes.txt and count them.",
        "--allowedTools",
        "Bash",
        "--model",
        model,
    ]);
    command
        .env("ANTHROPIC_BASE_URL", format!("http://{}", host.address))
        .env("ANTHROPIC_API_KEY", CLIENT_KEY);
    command.env("ANTHROPIC_DEFAULT_HAIKU_MODEL", model).env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    command.env("CLAUDE_CODE_MAX_RETRIES", "0");
    command
}

/// <https://developers.openai.com/codex/config-reference>
fn codex(host: &Host, home: &Path, model: &str) -> Command {
    let mut command = node("@openai/codex/bin/codex.js", home);
    let provider = json_as_toml(&json!({
        "name": "gateway",
        "base_url": format!("http://{}/v1", host.address),
        "env_key": "GATEWAY_KEY",
        "wire_api": "responses",
        "request_max_retries": 0,
        "stream_max_retries": 0,
    }));
    for setting in [
        format!("model_providers.gateway={provider}"),
        "model_provider=\"gateway\"".to_owned(),
        // Thinking is asked for, and its seals must come back.
        "model_reasoning_effort=\"high\"".to_owned(),
        format!("web_search=\"{}\"", if searches(model) { "live" } else { "disabled" }),
    ] {
        command.arg("-c").arg(setting);
    }
    // The test's own folder is the fence.
    command.args(["exec", "--skip-git-repo-check", "--sandbox", "danger-full-access", "--model", model]);
    command.arg("Write three lines to notes.txt and count them.").env("GATEWAY_KEY", CLIENT_KEY);
    command
}

/// Whether a provider runs a search that Codex offers its models.
fn searches(model: &str) -> bool {
    ["messages/", "responses/", "generate/"].iter().any(|family| model.starts_with(family))
}

/// An inline table of TOML.
fn json_as_toml(object: &Value) -> String {
    let members = object.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// A program of a Node package that finds nothing of its user's, and nobody but the gateway to talk to.
fn node(program: &str, home: &Path) -> Command {
    let mut command = Command::new(tool("PLANO_NODE").expect("checked before the start"));
    command.arg(tool("PLANO_AGENTS").expect("checked before the start").join(program)).current_dir(home);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home);
    command.env("CODEX_HOME", home).env("HTTPS_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1");
    command
}
