//! The circumstances of a run, without which no figure means anything.

use std::fs;
use std::process::Command;

use crate::rounds::Effort;
use crate::watch::Cores;

/// What a reader must know to judge the figures.
pub struct Conditions {
    lines: Vec<String>,
}

impl Conditions {
    /// Those of this machine, now.
    pub fn now(cores: Cores, effort: Effort) -> Conditions {
        let placing = match cores.count {
            0..=2 => {
                "the target alone on one of them, load generator and mock provider together on the other"
            }
            _ => "the target, the load generator and the mock provider on one each",
        };
        let lines = vec![
            format!("{}; {} cores: {placing}", processor(), cores.count),
            format!("Linux {}", kernel()),
            format!(
                "commit {}, {}",
                first_line("git", &["rev-parse", "--short", "HEAD"]),
                first_line("rustc", &["--version"])
            ),
            format!(
                "up to {} rounds of {} s each, targets in turns, fewer where three agree; the median of the rounds, in brackets the least and the most; who is slow is asked for longer",
                effort.rounds,
                effort.time.as_secs_f64()
            ),
            "HTTP/1.1 over loopback, no TLS on either side; connections are kept".to_owned(),
            "every answer is checked for its status and its length".to_owned(),
        ];
        Conditions { lines }
    }

    /// One more that came up on the way.
    pub fn add(&mut self, line: Option<String>) {
        self.lines.extend(line);
    }

    /// A line each.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// The kernel's version, without what its builder put behind it.
fn kernel() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release.trim().split('-').next().unwrap_or_default().to_owned()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or("a processor without a name".to_owned(), |(_, name)| name.trim().to_owned())
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
