//! How hard to think: the one table by which efforts become budgets of tokens, and budgets efforts.
//!
//! Of the vendors only Google says which effort is how many tokens, and its numbers fit everywhere: the least is what
//! Anthropic's API takes at least, and the most leaves its models room for an answer.
//!
//! <https://ai.google.dev/gemini-api/docs/openai#thinking>

use crate::ir::{Thinking, ThinkingMode};

/// The words in their order. Google gives the first four; the others are as much as its smaller models can think.
const BUDGETS: [(&str, u64); 6] = [
    ("minimal", 1024),
    ("low", 1024),
    ("medium", USUAL),
    ("high", 24_576),
    ("xhigh", 24_576),
    ("max", 24_576),
];

/// The tokens of the effort in the middle, for thinking of which only is said that there is to be some.
pub(in crate::api) const USUAL: u64 = 8192;

/// The efforts that every model with efforts knows.
const COMMON: [&str; 3] = ["low", "medium", "high"];

/// The tokens that an effort stands for; none for a word that is not known.
pub(in crate::api) fn budget(effort: &str) -> Option<u64> {
    BUDGETS.iter().find(|(word, _)| *word == effort).map(|(_, budget)| *budget)
}

/// The common effort whose budget comes nearest to this one, the lower of two that are as near.
pub(in crate::api) fn nearest(tokens: u64) -> &'static str {
    let distance = |effort: &&str| budget(effort).unwrap_or_default().abs_diff(tokens);
    COMMON.into_iter().min_by_key(distance).unwrap_or("medium")
}

/// The effort that was asked for, or comes nearest to it, and whether it says the same; none where the model is to
/// decide, or not to think.
pub(in crate::api) fn of<'t>(thinking: &'t Thinking<'_>) -> Option<(&'t str, bool)> {
    match (&thinking.effort, thinking.mode, thinking.budget) {
        (Some(effort), _, budget) => Some((effort, budget.is_none())),
        (None, ThinkingMode::Disabled, _) | (None, _, None) => None,
        (None, _, Some(budget)) => Some((nearest(budget), false)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn higher_efforts_are_never_fewer_tokens() {
        assert!(BUDGETS.is_sorted_by_key(|(_, budget)| *budget));
    }

    #[test]
    fn common_efforts_come_back_from_their_budgets() {
        for effort in COMMON {
            assert_eq!(budget(effort).map(nearest), Some(effort));
        }
    }

    #[test]
    fn words_are_known_or_not() {
        assert_eq!((budget("minimal"), budget("max"), budget("deeper")), (Some(1024), Some(24_576), None));
        assert_eq!((nearest(0), nearest(2048), nearest(u64::MAX)), ("low", "low", "high"));
        assert_eq!((nearest(4608), nearest(4609), nearest(16_384)), ("low", "medium", "medium"));
    }

    proptest! {
        /// More tokens are never less effort.
        #[test]
        fn efforts_grow_with_budgets(one in any::<u64>(), other in any::<u64>()) {
            let (less, more) = (one.min(other), one.max(other));
            prop_assert!(budget(nearest(less)) <= budget(nearest(more)));
        }

        /// To another family and back again there and back once more: the effort stays.
        #[test]
        fn an_effort_that_was_a_budget_is_stable(tokens in 0_u64..100_000) {
            let effort = nearest(tokens);
            prop_assert_eq!(budget(effort).map(nearest), Some(effort));
        }
    }
}
