//! Halves of characters: `\ud83d` without the other half of its pair is JSON, but no text.
//!
//! RFC 8259, section 8.2. What is read of such a text has U+FFFD in its place; that it had something else is told.

use super::lost::{At, Part};
use crate::ir::{Delta, Event, Loss, Why};
use crate::wire::json::{Json, Kind, has_unpaired, place_of};

/// The texts in a client's request that have halves.
pub(super) fn in_request(body: Json<'_>) -> Vec<Loss> {
    in_body(body, None)
}

/// The same of a provider's answer.
pub(crate) fn in_answer(body: Json<'_>) -> Vec<Loss> {
    in_body(body, Some(&At { within: None, part: Part::Member("answer") }))
}

fn in_body(body: Json<'_>, within: Option<&At<'_>>) -> Vec<Loss> {
    let mut losses = Vec::new();
    if has_unpaired(body.raw()) {
        look(body, within, &mut losses);
    }
    losses
}

fn look(value: Json<'_>, at: Option<&At<'_>>, losses: &mut Vec<Loss>) {
    match value.kind() {
        Kind::String if has_unpaired(value.raw()) => {
            losses.extend(at.map(|at| Loss::new(at.to_string(), Why::Approximated)));
        }
        Kind::Array => value.items().enumerate().for_each(|(index, item)| {
            look(item, Some(&At { within: at, part: Part::Element(index) }), losses);
        }),
        Kind::Object => value.fields().for_each(|(name, member)| {
            look(member, Some(&At { within: at, part: Part::Member(&name) }), losses);
        }),
        _ => {}
    }
}

/// That words of a stream have halves in the data that they are from. Words that stand in there as they are have none.
pub(crate) fn in_event(event: &Event<'_>, data: &[u8]) -> Option<Loss> {
    let Event::Delta { delta, .. } = event else { return None };
    let (name, words) = match delta {
        Delta::Text(words) => ("text", words),
        Delta::Thinking(words) => ("thinking", words),
        Delta::Arguments(words) => ("arguments", words),
        _ => return None,
    };
    let is_cut = place_of(data, words).is_none()
        && words.contains(char::REPLACEMENT_CHARACTER)
        && std::str::from_utf8(data).is_ok_and(has_unpaired);
    is_cut.then(|| Loss::of_answer(name, Why::Approximated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, losses: &[&str]) {
        let found = in_request(Json::parse(body.as_bytes()).unwrap());
        assert_eq!(found.iter().map(Loss::to_string).collect::<Vec<_>>(), losses);
    }

    #[test]
    fn halves_are_told_by_their_place() {
        let body = r#"{"a": [{"b": "x\ud83d"}, "\uDE00"], "c": "\ud83dx\ude00", "d": "\ud83d\ud83d\ude00"}"#;
        check(body, &["a[0].b(approximated)", "a[1](approximated)", "c(approximated)", "d(approximated)"]);
    }

    #[test]
    fn whole_characters_are_none() {
        check(r#"{"a": "\ud83d\uDE00\u00e9 \\ud83d \\\\ude00 \ufffd", "b": "\u0064\ue000\ud7ff"}"#, &[]);
    }

    #[test]
    fn in_streams_only_what_was_escaped_is_looked_at() {
        let delta = Event::Delta { index: 0, delta: Delta::Text("\u{fffd}".into()) };
        let told = in_event(&delta, br#"{"text":"\ud83d"}"#).map(|loss| loss.to_string());
        assert_eq!(told.as_deref(), Some("answer.text(approximated)"));
        // The provider's own U+FFFD is as it was.
        assert_eq!(in_event(&delta, br#"{"text":"\ufffd"}"#), None);
    }
}
