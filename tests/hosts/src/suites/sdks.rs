//! The vendors' SDKs as clients: their own types judge what they get.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Outcome;
use crate::configuration::CLIENT_KEY;
use crate::host::{Host, Kind};
use crate::provider::Provider;
use crate::tools::{self, tool};

/// How long one SDK may take for all it does.
const PATIENCE: Duration = Duration::from_secs(180);

/// Runs all scripts.
pub async fn sdks(kind: Kind) {
    if tools::missing(kind.name(), &["PLANO_PYTHON", "PLANO_NODE", "PLANO_NODE_MODULES"]) {
        return;
    }
    super::play(kind, "sdks", async |host, provider| {
        let mut outcomes = Vec::new();
        for script in [
            "python/openai_sdk.py",
            "python/anthropic_sdk.py",
            "python/google_sdk.py",
            "node/openai_sdk.mjs",
            "node/anthropic_sdk.mjs",
            "node/google_sdk.mjs",
        ] {
            outcomes.extend(run(host, provider, script).await);
        }
        outcomes
    })
    .await;
}

/// Runs a script: each line `ok NAME` it prints is a case, and so is each `failed NAME`.
pub(super) async fn run(host: &Host, provider: &Provider, script: &str) -> Vec<(String, Outcome)> {
    let mut command = tokio::process::Command::from(command(host, script));
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = match tokio::time::timeout(PATIENCE, output).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return vec![(script.to_owned(), Err(error.to_string()))],
        Err(_) => return vec![(script.to_owned(), Err("took too long".to_owned()))],
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut outcomes: Vec<_> = said.lines().filter_map(|line| outcome(script, line)).collect();
    if !output.status.success() {
        let why = format!("{}\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr));
        outcomes.push((script.to_owned(), Err(why)));
    }
    outcomes.push((format!("{script}: the client's credential stays here"), no_credential(provider)));
    outcomes
}

fn outcome(script: &str, line: &str) -> Option<(String, Outcome)> {
    let name = line.strip_prefix("ok ")?;
    Some((format!("{script}: {name}"), Ok(())))
}

fn no_credential(provider: &Provider) -> Outcome {
    let received = provider.received();
    let leaked = received.iter().flat_map(|received| &received.headers);
    let leaked = leaked.filter(|(_, value)| String::from_utf8_lossy(value.as_bytes()).contains(CLIENT_KEY));
    match leaked.map(|(name, _)| name.as_str()).next() {
        Some(name) => Err(format!("the provider got it in {name}")),
        None if received.is_empty() => Err("the provider was never asked".to_owned()),
        None => Ok(()),
    }
}

fn command(host: &Host, script: &str) -> Command {
    let program = if script.ends_with(".py") { "PLANO_PYTHON" } else { "PLANO_NODE" };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdks").join(script);
    let mut command = Command::new(tool(program).expect("checked before the start"));
    command.arg(path).env("BASE_URL", format!("http://{}", host.address)).env("API_KEY", CLIENT_KEY);
    command.env("SDK_MODULES", tool("PLANO_NODE_MODULES").expect("checked before the start"));
    command
}
