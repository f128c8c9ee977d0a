//! What is measured: a row for each kind of request.

use std::time::Duration;

use bench_core::material::Size;
use shared::api::Api;

use crate::load::Load;

/// A kind of request, and how it is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scenario {
    /// The client's family.
    pub client: Api,
    /// The provider's.
    pub provider: Api,
    pub size: Size,
    pub answer: Answer,
    pub load: Load,
    /// Whether it is measured where there is little time, and of targets that are there for a comparison only.
    pub telling: bool,
}

/// How the provider answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Whole,
    Stream { words: usize, pace: Pace },
}

/// How the events of a stream follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Twenty a write, as fast as they are taken.
    Bursts,
    /// A write for each.
    Each,
    /// One every 20 ms.
    Slow,
}

impl Scenario {
    /// Its name in tables.
    pub fn name(&self) -> String {
        let pair = match self.client == self.provider {
            true => format!("{}, same API", self.size.word()),
            false => format!("{}, {} → {}", self.size.word(), self.client.name(), self.provider.name()),
        };
        let answer = match self.answer {
            Answer::Whole => String::new(),
            Answer::Stream { words, pace } => format!(", {words} events {}", pace.word()),
        };
        let load = match self.load {
            Load::Closed(1) => ", 1 connection".to_owned(),
            Load::Closed(connections) => format!(", {connections} connections"),
            Load::Rate(rate) => format!(", {rate} a second"),
        };
        format!("{pair}{answer}{load}")
    }

    /// The model that makes the mock provider answer so.
    pub fn model(&self) -> String {
        match self.answer {
            Answer::Whole => "whole".to_owned(),
            Answer::Stream { words, pace: Pace::Bursts } => format!("stream-{words}-burst"),
            Answer::Stream { words, pace: Pace::Each } => format!("stream-{words}-each"),
            Answer::Stream { words, pace: Pace::Slow } => format!("stream-{words}-20ms"),
        }
    }

    /// Whether a stream is asked for.
    pub fn streams(&self) -> bool {
        self.answer != Answer::Whole
    }

    /// Events in an answer.
    pub fn events(&self) -> Option<usize> {
        match self.answer {
            Answer::Whole => None,
            Answer::Stream { words, .. } => Some(words),
        }
    }

    /// How long it has to be asked at least: twice as long as an answer takes by itself.
    pub fn least_time(&self) -> Duration {
        match self.answer {
            Answer::Stream { words, pace: Pace::Slow } => SLOW * u32::try_from(words).unwrap_or(u32::MAX) * 2,
            _ => Duration::ZERO,
        }
    }

    /// How often it is asked at a time where it is asked again once it is answered.
    pub fn connections(&self) -> Option<usize> {
        match self.load {
            Load::Closed(connections) => Some(connections),
            Load::Rate(_) => None,
        }
    }

    /// Whether client and provider speak different APIs.
    pub fn translates(&self) -> bool {
        self.client != self.provider
    }
}

/// The pause before each event of a slow stream.
const SLOW: Duration = Duration::from_millis(20);

impl Pace {
    fn word(self) -> &'static str {
        match self {
            Pace::Bursts => "in bursts",
            Pace::Each => "one by one",
            Pace::Slow => "every 20 ms",
        }
    }
}

const SAME: (Api, Api) = (Api::Completions, Api::Completions);
const FROM_MESSAGES: (Api, Api) = (Api::Messages, Api::Completions);
const TO_MESSAGES: (Api, Api) = (Api::Completions, Api::Messages);
const FROM_RESPONSES: (Api, Api) = (Api::Responses, Api::Completions);

/// Those that budgets and comparisons stand on.
pub const SMALL: Scenario = telling(whole(SAME, Size::Small, Load::Closed(64)));
pub const LARGE: Scenario = telling(whole(SAME, Size::Large, Load::Closed(64)));
pub const TRANSLATED: Scenario = telling(whole(FROM_MESSAGES, Size::Small, Load::Closed(64)));
pub const STREAM: Scenario = telling(stream(SAME, 100, Pace::Bursts, Load::Closed(64)));
pub const LONG_STREAM: Scenario = stream(SAME, 2000, Pace::Bursts, Load::Closed(8));
pub const TRANSLATED_STREAM: Scenario = telling(stream(FROM_MESSAGES, 100, Pace::Bursts, Load::Closed(64)));
pub const STEADY: Scenario = telling(whole(SAME, Size::Small, Load::Rate(500)));

/// What is asked beside open streams.
pub const BESIDE: Scenario = telling(whole(SAME, Size::Small, Load::Closed(8)));

/// All of them, in the order of the tables.
pub const ALL: [Scenario; 23] = [
    SMALL,
    whole(SAME, Size::Small, Load::Closed(1)),
    whole(SAME, Size::Small, Load::Closed(512)),
    whole(SAME, Size::Medium, Load::Closed(64)),
    LARGE,
    whole(SAME, Size::Huge, Load::Closed(8)),
    TRANSLATED,
    whole(TO_MESSAGES, Size::Small, Load::Closed(64)),
    whole(FROM_RESPONSES, Size::Small, Load::Closed(64)),
    whole(FROM_MESSAGES, Size::Medium, Load::Closed(64)),
    whole(FROM_MESSAGES, Size::Large, Load::Closed(64)),
    whole(FROM_MESSAGES, Size::Huge, Load::Closed(8)),
    STREAM,
    stream(SAME, 100, Pace::Each, Load::Closed(64)),
    LONG_STREAM,
    TRANSLATED_STREAM,
    stream(FROM_MESSAGES, 100, Pace::Each, Load::Closed(64)),
    stream(FROM_MESSAGES, 2000, Pace::Bursts, Load::Closed(8)),
    stream(TO_MESSAGES, 100, Pace::Bursts, Load::Closed(64)),
    stream(FROM_RESPONSES, 100, Pace::Bursts, Load::Closed(64)),
    stream(FROM_MESSAGES, 100, Pace::Slow, Load::Closed(512)),
    STEADY,
    telling(stream(FROM_MESSAGES, 100, Pace::Bursts, Load::Rate(500))),
];

const fn whole(pair: (Api, Api), size: Size, load: Load) -> Scenario {
    Scenario { client: pair.0, provider: pair.1, size, answer: Answer::Whole, load, telling: false }
}

const fn stream(pair: (Api, Api), words: usize, pace: Pace, load: Load) -> Scenario {
    let answer = Answer::Stream { words, pace };
    Scenario { client: pair.0, provider: pair.1, size: Size::Small, answer, load, telling: false }
}

const fn telling(scenario: Scenario) -> Scenario {
    Scenario { telling: true, ..scenario }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_scenarios_have_one_name() {
        let names: std::collections::BTreeSet<String> = ALL.iter().map(Scenario::name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn what_budgets_stand_on_is_measured() {
        let named = [SMALL, LARGE, TRANSLATED, STREAM, LONG_STREAM, TRANSLATED_STREAM, STEADY];
        assert!(named.iter().all(|scenario| ALL.contains(scenario)));
    }
}
