//! Steps, taken one after the other, each with a line of progress: `[3/9] Envoy and the Python SDKs … 12 s`.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::Done;

/// The steps of a command. The first that fails ends it.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    steps: Vec<Step<'a>>,
}

struct Step<'a> {
    name: String,
    /// Whether the step writes output of its own, so that its time belongs on a line of its own.
    shows: bool,
    work: Work<'a>,
}

/// What a step does; the text it gives back is put after its time.
type Work<'a> = Box<dyn FnOnce() -> Done<String> + 'a>;

/// A step that was taken, and how long it took.
pub(crate) struct Taken {
    pub(crate) name: String,
    pub(crate) time: Duration,
}

impl<'a> Plan<'a> {
    /// Adds a step that keeps quiet.
    pub(crate) fn then(&mut self, name: impl Into<String>, work: impl FnOnce() -> Done<String> + 'a) {
        self.steps.push(Step { name: name.into(), shows: false, work: Box::new(work) });
    }

    /// Adds a step whose own output is shown.
    pub(crate) fn then_show(&mut self, name: impl Into<String>, work: impl FnOnce() -> Done<String> + 'a) {
        self.steps.push(Step { name: name.into(), shows: true, work: Box::new(work) });
    }

    /// Takes the steps in order.
    pub(crate) fn run(self) -> Done<Vec<Taken>> {
        let total = self.steps.len();
        self.steps.into_iter().enumerate().map(|(index, step)| step.take(index + 1, total)).collect()
    }
}

impl Step<'_> {
    fn take(self, number: usize, total: usize) -> Done<Taken> {
        let title = format!("[{number}/{total}] {}", self.name);
        print!("{title} …{}", if self.shows { "\n" } else { "" });
        // Only progress: a closed output is no reason to stop.
        let _ = std::io::stdout().flush();
        let start = Instant::now();
        let note = (self.work)().inspect_err(|_| println!(" failed"))?;
        let time = start.elapsed();
        let lead = if self.shows { format!("{title}:") } else { String::new() };
        println!("{lead} {} {note}", seconds(time));
        Ok(Taken { name: self.name, time })
    }
}

/// A time as people read it: `0.4 s`, `12 s`, `3 m 05 s`.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..=9 => format!("{:.1} s", time.as_secs_f64()),
        whole @ 10..=119 => format!("{whole} s"),
        whole => format!("{} m {:02} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_ends_the_plan() {
        let mut plan = Plan::default();
        plan.then("works", || Ok(String::new()));
        plan.then("fails", || Err("no".to_owned()));
        plan.then("is not reached", || panic!("taken after a failure"));
        assert_eq!(plan.run().err().as_deref(), Some("no"));
    }

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(12)), "12 s");
        assert_eq!(seconds(Duration::from_secs(185)), "3 m 05 s");
    }
}
