//! A body in a provider's own form of an API.

use std::borrow::Cow;

use http::HeaderMap;

use crate::dialect::{Form, Move, Shape};
use crate::ir::Loss;
use crate::wire::json::{Edit, Json, Outline, quoted};

/// What makes a body of the API one of the provider's form, and what is lost by it: members that the path says are
/// taken out, and headers of the client's become members.
pub(super) fn edits(
    form: &'static Form,
    outline: &Outline<'_>,
    client: &HeaderMap,
    losses: &mut Vec<Loss>,
) -> Vec<Edit<'static>> {
    let mut edits: Vec<_> = form.drops.iter().map(|member| Edit::Remove(member)).collect();
    for moved in form.moves {
        let said = outline.get(moved.member).and_then(Result::ok).and_then(Json::present);
        let values = words(client, moved.header);
        let value = match moved.shape {
            Shape::Word { .. } if said.is_some() => None,
            Shape::Word { usual, own } => {
                Some(quoted(values.into_iter().find(|value| *value != usual).unwrap_or(own)))
            }
            Shape::List { refused } => list(moved, said, &values, refused, losses),
        };
        edits.extend(value.map(|value| Edit::Set(moved.member, Cow::Owned(value))));
    }
    edits
}

/// The words of a header, which may come more than once.
fn words<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|word| !word.is_empty()).collect()
}

/// What the body has and what the header adds to it; nothing where all stays as it is.
fn list(
    moved: &Move,
    said: Option<Json<'_>>,
    words: &[&str],
    refused: &[&str],
    losses: &mut Vec<Loss>,
) -> Option<String> {
    let told = said.map(|said| said.items().filter_map(Json::string).collect::<Vec<_>>()).unwrap_or_default();
    let more = words.iter().filter(|word| !told.iter().any(|told| told == *word));
    let all = told.iter().map(|word| &**word).chain(more.copied());
    let (out, kept): (Vec<&str>, Vec<&str>) = all.partition(|word| refused.contains(word));
    losses.extend(out.iter().map(|word| Loss::dropped(format!("{}.{word}", moved.header))));
    if out.is_empty() && kept.len() == told.len() {
        return None;
    }
    Some(format!("[{}]", kept.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(",")))
}
