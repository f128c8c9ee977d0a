//! A defect of the gateway's own, which costs the request that met it and nothing else.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

/// What comes of `work`; none where it panics, which the process's hook has told of. What `work` had is dropped then, and
/// that is all it may have touched: whatever outlives it is behind locks that are taken though they are poisoned.
pub(super) async fn survive<T>(mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_learns_of_a_defect() {
        let work = async |fails: bool| {
            tokio::task::yield_now().await;
            assert!(!fails, "a defect, for a test");
            1
        };
        assert_eq!(survive(pin!(work(false))).await, Some(1));
        assert_eq!(survive(pin!(work(true))).await, None);
    }
}
