//! Programs that write keys.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>

use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use super::{Keys, of_json};

/// Runs the program that a profile names, as the shell reads its line, and takes the keys that it writes.
pub(super) async fn keys(line: &str) -> Result<Keys, String> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut command = Command::new(shell);
    command.args([flag, line]).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| format!("`credential_process`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`credential_process` failed: {}", output.status));
    }
    // What it wrote is not shown: it may be a secret in another form.
    let json: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| "`credential_process` wrote what is no JSON".to_owned())?;
    if json.get("Version").and_then(Value::as_u64) != Some(1) {
        return Err("`credential_process` wrote another version than 1".to_owned());
    }
    of_json(&json, "SessionToken")
}
