//! What a caller is told of what a translation cannot carry: nothing, a header, or a refusal.

use std::collections::BTreeSet;
use std::fmt::Write;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::error::Error;
use crate::gateway::Gateway;
use crate::ir::{Loss, Why};

/// The request header in which a caller says what it wants: `report`, `strict` or both, with a comma between.
const WISH: HeaderName = HeaderName::from_static("x-plano-loss");

/// The answer's header with the losses.
pub(super) const LOST: HeaderName = HeaderName::from_static("x-plano-lost");

/// The most bytes of a list of losses: proxies take heads of a few thousand bytes.
const LONGEST: usize = 1000;

/// What every answer of some provider loses, and no caller can do anything about: which of its machines answered
/// (<https://platform.openai.com/docs/api-reference/chat/object#chat-object-system_fingerprint>). A word that is always
/// there says nothing, so heads are without it. Reports have it.
const EVER: &[&str] = &["answer.system_fingerprint"];

/// What stands encoded in a list: what no header may have, and what a list is made with.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b',').add(b'%');

/// What is to become of losses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wish {
    /// They are named in the answer's head.
    report: bool,
    /// A request that would lose something is refused.
    strict: bool,
}

impl Wish {
    /// What the configuration says for all callers, and this one's headers for itself.
    pub(super) fn of(gateway: &Gateway, headers: &HeaderMap) -> Result<Wish, Error> {
        let (report, strict) = gateway.losses();
        let mut wish = Wish { report, strict };
        if !headers.contains_key(WISH) {
            return Ok(wish);
        }
        let values = headers.get_all(WISH).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let words = values.collect::<Vec<_>>().join(",").to_ascii_lowercase();
        let mut unknown = BTreeSet::new();
        for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "report" => wish.report = true,
                "strict" => wish.strict = true,
                _ => drop(unknown.insert(word)),
            }
        }
        if unknown.is_empty() { Ok(wish) } else { Err(not_known(unknown)) }
    }

    /// The header that names the losses, where one is wanted and there are any.
    pub(super) fn header(self, losses: &[Loss]) -> Option<HeaderValue> {
        let is_wanted =
            |loss: &&Loss| (self.report || self.strict) && !EVER.iter().any(|ever| *ever == loss.path);
        HeaderValue::from_str(&list(losses.iter().filter(is_wanted))?).ok()
    }

    /// Refuses what would lose something, where nothing may be lost. What only stands in another place is not lost.
    pub(super) fn judge(self, losses: &[Loss]) -> Result<(), Error> {
        let lost = || losses.iter().filter(|loss| self.strict && loss.why != Why::Moved);
        let (Some(first), Some(list)) = (lost().next(), list(lost())) else { return Ok(()) };
        let message = format!("The model's provider cannot be asked for this as it is: {list}.");
        Err(Error::invalid_param(first.path.clone(), message).with_code("translation_loss"))
    }
}

fn not_known(words: BTreeSet<&str>) -> Error {
    let words = list(words).unwrap_or_default();
    let message = format!("`{}` can be `report` and `strict`, and not: {words}.", WISH.as_str());
    Error::invalid_param(WISH.as_str(), message).with_code("invalid_header")
}

/// All of them, each once, in their order, as far as there is room; then how many more there are. None of none.
fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> Option<String> {
    let (mut list, mut seen, mut more) = (String::new(), BTreeSet::new(), 0);
    for item in items {
        let item = utf8_percent_encode(&item.to_string(), ENCODED).to_string();
        if !seen.insert(item.clone()) {
            continue;
        }
        match more == 0 && list.len() + item.len() <= LONGEST {
            true => list.extend([if list.is_empty() { "" } else { ", " }, &item]),
            false => more += 1,
        }
    }
    if more > 0 {
        let comma = if list.is_empty() { "" } else { ", " };
        let _ = write!(list, "{comma}+{more} more");
    }
    Some(list).filter(|list| !list.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(values: &[&'static str]) -> Result<(bool, bool), String> {
        let gateway = crate::gateway::Compiled::demo().open(|_| None).unwrap();
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WISH, HeaderValue::from_static(value));
        }
        Wish::of(&gateway, &headers).map(|wish| (wish.report, wish.strict)).map_err(|error| error.message)
    }

    #[test]
    fn words_may_be_in_one_header_or_several() {
        assert_eq!(wish(&[]), Ok((false, false)));
        assert_eq!(wish(&["Report"]), Ok((true, false)));
        assert_eq!(wish(&["report ,strict,"]), Ok((true, true)));
        assert_eq!(wish(&["strict", "report"]), Ok((true, true)));
    }

    #[test]
    fn unknown_words_are_named() {
        let message = wish(&["reprot, strict, x y"]).unwrap_err();
        assert_eq!(message, "`x-plano-loss` can be `report` and `strict`, and not: reprot, x%20y.");
    }

    #[test]
    fn a_list_has_each_loss_once_and_an_end() {
        let losses = [Loss::dropped("top_k"), Loss::new("temperature", Why::Clamped), Loss::dropped("top_k")];
        assert_eq!(list(&losses).as_deref(), Some("top_k, temperature(clamped)"));
        assert_eq!(list(&[Loss::dropped("a, b\r\nä%")]).as_deref(), Some("a%2C%20b%0D%0A%C3%A4%25"));
        assert_eq!(list::<&Loss>([]), None);
        let many = list((0..1000).map(|index| Loss::dropped(format!("tools[{index}].strict")))).unwrap();
        assert!(many.len() < LONGEST + 30 && many.ends_with("strict, +944 more"), "{many}");
        assert_eq!(list([Loss::dropped("x".repeat(2000))]).as_deref(), Some("+1 more"));
    }

    #[test]
    fn what_every_answer_loses_is_in_no_head() {
        let wish = Wish { report: true, strict: false };
        let ever = Loss::dropped("answer.system_fingerprint");
        assert_eq!(wish.header(std::slice::from_ref(&ever)), None);
        let header = wish.header(&[ever, Loss::dropped("answer.system_fingerprints")]);
        assert_eq!(header.unwrap(), "answer.system_fingerprints");
    }

    #[test]
    fn what_was_moved_is_no_reason_to_refuse() {
        let strict = Wish { report: false, strict: true };
        assert_eq!(strict.judge(&[Loss::new("system", Why::Moved)]), Ok(()));
        let error = strict.judge(&[Loss::new("system", Why::Moved), Loss::dropped("top_k")]).unwrap_err();
        assert_eq!((error.status, error.param.as_deref()), (400, Some("top_k")));
        assert!(error.message.ends_with(": top_k."), "{}", error.message);
        assert_eq!(Wish::default().judge(&[Loss::dropped("top_k")]), Ok(()));
    }
}
