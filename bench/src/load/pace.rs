//! When questions are due, to the microsecond: a timer of the system in a thread of its own, for tokio counts in
//! milliseconds.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::fd::OwnedFd;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::sync::{Mutex, mpsc};

/// Questions that are due, in order; whoever has time takes the next.
pub(super) struct Tickets {
    put: Mutex<mpsc::UnboundedReceiver<Instant>>,
    /// Those that were taken and are not done.
    open: RefCell<BTreeSet<Instant>>,
}

impl Tickets {
    /// So many tickets a second until `end`. One that is put late is due when it should have been put.
    pub(super) fn issue(rate: u32, end: Instant) -> Rc<Tickets> {
        let (sender, tickets) = mpsc::unbounded_channel();
        let interval = Duration::from_secs(1) / rate.max(1);
        std::thread::spawn(move || {
            let timer = timer(interval);
            let mut due = Instant::now() + interval;
            while due < end {
                let _ = rustix::io::read(&timer, &mut [0; 8]);
                while due <= Instant::now() {
                    let _ = sender.send(due);
                    due += interval;
                }
            }
        });
        Rc::new(Tickets { put: Mutex::new(tickets), open: RefCell::default() })
    }

    /// The next question's time; none where there will be no more.
    pub(super) async fn take(&self) -> Option<Instant> {
        let due = self.put.lock().await.recv().await?;
        self.open.borrow_mut().insert(due);
        Some(due)
    }

    /// The question that was due then has its answer.
    pub(super) fn done(&self, due: Instant) {
        self.open.borrow_mut().remove(&due);
    }

    /// Those that were not taken or are not done, once nobody takes any more.
    pub(super) fn left(&self) -> Vec<Instant> {
        let mut left: Vec<Instant> = self.open.take().into_iter().collect();
        if let Ok(mut put) = self.put.try_lock() {
            left.extend(std::iter::from_fn(|| put.try_recv().ok()));
        }
        left
    }
}

/// A timer that rings at this interval: reading it waits, without the slack that sleeping has.
fn timer(interval: Duration) -> OwnedFd {
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::empty())
        .expect("Linux has timers of this kind");
    let interval = Timespec { tv_sec: 0, tv_nsec: i64::from(interval.subsec_nanos()) };
    let rhythm = Itimerspec { it_interval: interval, it_value: interval };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &rhythm).expect("an interval below a second");
    timer
}
