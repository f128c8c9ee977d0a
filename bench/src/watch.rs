//! What the system knows of a process and all it started: time on the processors, memory. And where it may run.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

/// The processors that measuring is split over.
#[derive(Clone, Copy, Debug)]
pub struct Cores {
    /// The one that targets run on.
    pub target: usize,
    /// The second one for targets that are given two. On a machine with two it is also that of load and provider.
    pub second: usize,
    /// The one that the load generator runs on.
    pub load: usize,
    /// The one that the mock provider runs on.
    pub provider: usize,
    /// How many there are.
    pub count: usize,
}

impl Cores {
    /// One core for targets and as many of the others as there are for load and provider.
    pub fn of_this_machine() -> Cores {
        let count = fs::read_to_string("/proc/cpuinfo")
            .map_or(1, |text| text.lines().filter(|line| line.starts_with("processor")).count().max(1));
        let (load, provider) = (1 % count, if count > 2 { 2 } else { 1 % count });
        Cores { target: 0, second: if count > 3 { 3 } else { load }, load, provider, count }
    }

    /// So many cores for a target: one or two.
    pub fn for_target(&self, count: usize) -> Vec<usize> {
        [self.target, self.second].into_iter().take(count).collect()
    }
}

/// Lets this thread, and what it starts from now on, run on these processors only.
pub fn pin(cores: impl IntoIterator<Item = usize>) {
    let mut set = CpuSet::new();
    cores.into_iter().for_each(|core| set.set(core));
    // A container that forbids it measures without.
    let _ = sched_setaffinity(None, &set);
}

/// Lets this process have as many open files as it may; gives how many those are.
pub fn raise_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(1 << 20);
    let wanted = most.max(1 << 16);
    let raised = Rlimit { current: Some(wanted), maximum: Some(wanted) };
    let granted = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(_) => {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum });
            most
        }
    };
    usize::try_from(granted).unwrap_or(usize::MAX)
}

/// How long these processes have run so far.
pub fn time_of(processes: &[u32]) -> Duration {
    Duration::from_nanos(processes.iter().copied().map(nanoseconds).sum())
}

/// How many bytes of memory a process and its descendants hold.
pub fn memory_of(root: u32) -> u64 {
    family(root).into_iter().filter_map(resident).sum()
}

/// The time of all threads, in the scheduler's own precision.
///
/// <https://docs.kernel.org/scheduler/sched-stats.html>
fn nanoseconds(process: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let time = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    threads.filter_map(time).sum()
}

fn resident(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// A process and its descendants.
pub fn family(root: u32) -> Vec<u32> {
    let children = children();
    let mut found = vec![root];
    let mut at = 0;
    while let Some(process) = found.get(at) {
        found.extend(children.get(process).into_iter().flatten());
        at += 1;
    }
    found
}

fn children() -> BTreeMap<u32, Vec<u32>> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(parent) = parent(process) {
            children.entry(parent).or_default().push(process);
        }
    }
    children
}

fn parent(process: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name stands in brackets, and may have any character in it.
    text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_time() {
        assert!(memory_of(std::process::id()) > 100_000);
        assert!(time_of(&[std::process::id()]) > Duration::ZERO);
    }
}
