//! A program that is measured. It never outlives the measuring.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

/// A running program, ended when it is dropped.
pub struct Process {
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts a program whose output goes to a file in `folder`.
    pub fn start(command: &mut Command, folder: &Path) -> Result<Process, String> {
        let output = folder.join("output.log");
        let mut spawn = || {
            let file = File::create(&output)?;
            // A group of its own, for some programs start others that must end with them.
            command.process_group(0).stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()
        };
        let child = spawn();
        let child = child.map_err(|why| format!("{}: {why}", command.get_program().to_string_lossy()))?;
        Ok(Process { child, output })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// An error where it has ended.
    pub(super) fn check(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(Some(status)) => Err(format!("ended with {status}\n{}", self.output())),
            _ => Ok(()),
        }
    }

    /// The end of what it said.
    pub(super) fn output(&self) -> String {
        let text = std::fs::read(&self.output).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // This fails only where the program has ended by itself.
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        let _ = self.child.wait();
    }
}
