//! The way of an answer between two families.

use super::aim::Sink;
use super::codec::Echo;
use super::family::Api;
use super::{cite, form, identity, lost, steps};
use crate::ir::{Event, Loss, Stop, StopReason, Why};
use crate::sorted::Numbered;

/// What an answer goes through between the reader of one family and the writer of another.
///
/// It gives [`Event::Lost`] for all that the client will not get.
pub struct Passage {
    to: Api,
    unwrap: form::Unwrap,
    cite: cite::Cite,
    tell: steps::Tell,
    /// None within one API, where seals stay as they are.
    sealer: Option<identity::Sealer>,
    /// Those of the other answers.
    others: Numbered<Passage>,
}

impl Passage {
    /// From a provider of the API `from` to a client of `to`.
    pub fn new(from: Api, to: Api, echo: &Echo) -> Passage {
        Passage::of(to, (from != to).then(|| identity::Sealer::new(to, from, echo)))
    }

    fn of(to: Api, sealer: Option<identity::Sealer>) -> Passage {
        let (unwrap, cite, tell) = (form::Unwrap::default(), cite::Cite::new(to), steps::Tell::new(to));
        Passage { to, unwrap, cite, tell, sealer, others: Numbered::default() }
    }

    /// Takes the next event and gives 0..n on.
    pub fn push(&mut self, event: Event<'_>, sink: &mut Sink<'_>) {
        if let Event::Choice { number, event } = event {
            return self.choose(number, *event, sink);
        }
        let Passage { to, unwrap, cite, tell, sealer, .. } = self;
        let mut seal = |event: Event<'_>| match sealer {
            Some(sealer) => sealer.push(usual(*to, event), sink),
            None => sink(event),
        };
        let mut give = |event: Event<'_>| lost::give(*to, event, &mut seal);
        unwrap.push(event, &mut |event| cite.push(event, &mut |event| tell.push(event, &mut give)));
    }

    fn choose(&mut self, number: u32, event: Event<'_>, sink: &mut Sink<'_>) {
        let to = self.to;
        if !to.write().has_choices() {
            let loss = Loss::of_answer(format_args!("choices[{number}]"), Why::Dropped);
            return sink(Event::Lost(loss));
        }
        let another = || Passage::of(to, self.sealer.as_ref().map(identity::Sealer::another));
        if let Some(other) = self.others.of(number, another) {
            other.push(event, &mut |event| event.of_choice(number, sink));
        }
    }
}

/// An event from another API: a reason to end in that API's own words is an end like others. That it is another is told.
fn usual(to: Api, event: Event<'_>) -> Event<'_> {
    match event {
        Event::Stop(Stop { reason: StopReason::Other(_), sequence }) if !to.write().has_other_ends() => {
            Event::Stop(Stop { reason: StopReason::Done, sequence })
        }
        event => event,
    }
}
