//! A body whose silences end, for hosts whose runtime sees to no such thing.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use super::BodyError;

/// A host's timer.
pub type Timer = Pin<Box<dyn Future<Output = ()>>>;

/// A provider's answer that breaks off where nothing comes for long.
pub struct Patient<B> {
    body: B,
    patience: Duration,
    timer: fn(Duration) -> Timer,
    /// Runs since the last piece; none until there is a silence.
    silence: Option<Timer>,
}

impl<B> Patient<B> {
    /// `body`, waited for with `patience` for each piece; `timer` makes a timer.
    pub fn new(body: B, patience: Duration, timer: fn(Duration) -> Timer) -> Patient<B> {
        Patient { body, patience, timer, silence: None }
    }
}

impl<B: Stream<Item = Result<Bytes, BodyError>> + Unpin> Stream for Patient<B> {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let patient = &mut *self;
        let piece = Pin::new(&mut patient.body).poll_next(context);
        if piece.is_ready() {
            patient.silence = None;
            return piece;
        }
        let silence = patient.silence.get_or_insert_with(|| (patient.timer)(patient.patience));
        silence.as_mut().poll(context).map(|()| Some(Err(BodyError::silence(patient.patience))))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::future::{pending, ready};
    use std::task::Waker;

    use super::*;

    /// Gives what it has, then nothing.
    struct Falling(VecDeque<Bytes>);

    impl Stream for Falling {
        type Item = Result<Bytes, BodyError>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.0.pop_front().map_or(Poll::Pending, |piece| Poll::Ready(Some(Ok(piece))))
        }
    }

    fn poll(timer: fn(Duration) -> Timer) -> [Poll<Option<Result<Bytes, BodyError>>>; 2] {
        let body = Falling(VecDeque::from([Bytes::from_static(b"piece")]));
        let mut patient = Patient::new(body, Duration::from_secs(300), timer);
        let mut context = Context::from_waker(Waker::noop());
        [(); 2].map(|()| Pin::new(&mut patient).poll_next(&mut context))
    }

    #[test]
    fn a_piece_comes_before_the_timer_is_asked() {
        let piece = Poll::Ready(Some(Ok(Bytes::from_static(b"piece"))));
        assert_eq!(poll(|_| Box::pin(pending())), [piece, Poll::Pending]);
    }

    #[test]
    fn a_long_silence_breaks_the_answer_off() {
        let [_, silence] = poll(|_| Box::pin(ready(())));
        assert_eq!(silence, Poll::Ready(Some(Err(BodyError("nothing came for 300 seconds".to_owned())))));
    }
}
