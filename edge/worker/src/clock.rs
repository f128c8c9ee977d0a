//! The time as Workers tell it, and alarms.
//!
//! Workers stop the clock between two I/O operations. So it is told once, when a task is polled, and nobody asks.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

thread_local! {
    static NOW: Cell<f64> = const { Cell::new(0.0) };
    static NEXT: Cell<f64> = const { Cell::new(f64::INFINITY) };
}

/// Sets the clock, in milliseconds since 1970, and forgets all alarms: whoever still waits for one is polled again.
pub(crate) fn set(now: f64) {
    NOW.set(now);
    NEXT.set(f64::INFINITY);
}

/// The time, in milliseconds since 1970.
pub(crate) fn now() -> f64 {
    NOW.get()
}

/// When the first of the alarms rings that were waited for since the clock was set; infinity where there is none.
pub(crate) fn next() -> f64 {
    NEXT.get()
}

/// A timer. It costs nothing until the task waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alarm {
    rings: f64,
}

impl Alarm {
    /// An alarm that rings in a while.
    pub(crate) fn after(time: Duration) -> Alarm {
        Alarm { rings: now() + (time.as_secs_f64() * 1_000.0).ceil() }
    }
}

impl Future for Alarm {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if now() >= self.rings {
            return Poll::Ready(());
        }
        NEXT.set(next().min(self.rings));
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn rings(alarm: &mut Alarm) -> bool {
        Pin::new(alarm).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn the_first_alarm_is_the_next() {
        set(1_000.0);
        let [mut late, mut early] = [5_000, 20].map(|time| Alarm::after(Duration::from_millis(time)));
        assert!(!rings(&mut late) && !rings(&mut early));
        assert_eq!(next(), 1_020.0);
        set(1_020.0);
        assert!(rings(&mut early) && !rings(&mut late));
        assert_eq!(next(), 6_000.0);
    }

    #[test]
    fn an_alarm_that_nobody_waits_for_wakes_nobody() {
        set(1_000.0);
        let _alarm = Alarm::after(Duration::ZERO);
        assert_eq!(next(), f64::INFINITY);
    }
}
