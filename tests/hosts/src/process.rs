//! A program under test: its output is kept for whoever wonders why it failed, and it never outlives the test.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a host may take until it answers. Every host starts at once on a machine that has two cores.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running program, killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    name: &'static str,
    output: PathBuf,
}

impl Process {
    /// Starts a program whose output goes to a file in `folder`.
    pub(crate) fn start(name: &'static str, command: &mut Command, folder: &Path) -> io::Result<Process> {
        let output = folder.join(format!("{name}.log"));
        let file = File::create(&output)?;
        // A group of its own, for some programs start others that must end with them.
        let child =
            command.process_group(0).stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        Ok(Process { child, name, output })
    }

    /// Waits until `ready` says so.
    ///
    /// # Panics
    /// With the program's output where it ends, or does not get ready in time.
    pub(crate) async fn wait_until<F: Future<Output = bool>>(&mut self, ready: impl Fn() -> F) {
        let begin = Instant::now();
        while !ready().await {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("{} ended with {status} before it answered:\n{}", self.name, self.output());
            }
            assert!(begin.elapsed() < PATIENCE, "{} does not answer:\n{}", self.name, self.output());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the program has said so far.
    pub(crate) fn output(&self) -> String {
        std::fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// The bytes of memory that it has now.
    ///
    /// # Panics
    /// Where the system does not tell.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kilobytes = resident.trim().trim_end_matches(" kB").parse::<u64>();
        1024 * kilobytes.expect("the system tells how much memory a program has")
    }

    /// Asks the program to end, and waits until it has.
    pub(crate) fn terminate(&mut self) {
        self.signal("-TERM");
        let _ = self.child.wait();
    }

    fn signal(&self, signal: &str) {
        // This fails only where the program has ended by itself.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal("-KILL");
        // This fails only where it was waited for already.
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {} said:\n{}", self.name, self.output());
        }
    }
}
