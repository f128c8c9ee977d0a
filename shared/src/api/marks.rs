//! Marks of prompts that are worth keeping, for as long as whom they go to can say.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching#1-hour-cache-duration>,
//! <https://platform.openai.com/docs/guides/prompt-caching>

use std::borrow::Cow;

use super::family::Api;
use super::openai;
use crate::dialect::Quirks;
use crate::ir::{Block, Cache, Loss, Request, Why};

/// Gives the marks of another family's client their time in the provider's words, where it takes any.
pub(super) fn fit(request: &mut Request<'_>, to: Api, quirks: &Quirks) -> Vec<Loss> {
    let breaks = quirks.extras.contains(&openai::BREAKPOINT);
    let takes =
        breaks || matches!(to, Api::Messages | Api::Converse) || quirks.extras.contains(&"cache_control");
    let mut losses = Vec::new();
    if !takes || request.api.is_none_or(|own| own == to) {
        return losses;
    }
    for (turn, said) in request.turns.iter_mut().enumerate() {
        for (at, block) in said.blocks.iter_mut().enumerate() {
            if mark(block).is_some_and(|mark| !fits(mark, breaks)) {
                let path = format!("messages[{turn}].content[{at}].cache_control");
                losses.push(Loss::new(path, Why::Approximated));
            }
        }
    }
    losses
}

fn mark<'b, 'a>(block: &'b mut Block<'a>) -> Option<&'b mut Cache<'a>> {
    match block {
        Block::Text(text) => text.cache.as_mut(),
        Block::Image(media) | Block::Document(media) | Block::Audio(media) | Block::Video(media) => {
            media.cache.as_mut()
        }
        // OpenAI has no marks on calls and results.
        _ => None,
    }
}

/// Puts the time in the other words; whether it is as long as was asked for, or longer.
fn fits(mark: &mut Cache<'_>, breaks: bool) -> bool {
    if breaks == mark.breakpoint {
        return true;
    }
    let fits = match mark.ttl.as_deref() {
        None => return true,
        // A breakpoint is kept for half an hour at least.
        Some(ttl) if breaks => ttl == "5m",
        Some(ttl) => ttl == "30m",
    };
    mark.ttl = (!breaks).then_some(Cow::Borrowed("1h"));
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_long_or_a_loss() {
        let said = |ttl: Option<&'static str>, breakpoint, breaks| {
            let mut mark = Cache { ttl: ttl.map(Cow::Borrowed), breakpoint };
            let fits = fits(&mut mark, breaks);
            (mark.ttl.map(Cow::into_owned), fits)
        };
        let hour = Some("1h".to_owned());
        assert_eq!(said(None, true, false), (None, true));
        assert_eq!(said(Some("30m"), true, false), (hour.clone(), true));
        assert_eq!(said(Some("12h"), true, false), (hour.clone(), false));
        assert_eq!(said(Some("5m"), false, true), (None, true));
        assert_eq!(said(Some("1h"), false, true), (None, false));
        assert_eq!(said(Some("1h"), false, false), (hour, true));
        assert_eq!(said(Some("12h"), true, true), (Some("12h".to_owned()), true));
    }
}
