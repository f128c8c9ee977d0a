//! Marks on what is worth keeping.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>

use crate::api::member::{present, rest};
use crate::ir::{Cache, Rest};
use crate::wire::json::{Json, Writer};

/// The mark in `cache_control`, unless it says more than the representation can hold.
pub(in crate::api::messages) fn cache<'a>(block: Json<'a>) -> Option<Cache<'a>> {
    let mark = present(block, "cache_control")?;
    let word = |name| mark.get(name).and_then(Json::string);
    let plain = rest(mark, &["type", "ttl"]).is_empty() && word("type").as_deref() == Some("ephemeral");
    plain.then(|| Cache { ttl: word("ttl"), breakpoint: false })
}

/// The members that are not among `named`, a mark that could not be read included.
pub(in crate::api::messages) fn others<'a>(
    block: Json<'a>,
    named: &[&str],
    cache: &Option<Cache<'a>>,
) -> Rest<'a> {
    let mut rest = rest(block, named);
    if cache.is_some() {
        rest.retain(|(name, _)| name != "cache_control");
    }
    rest
}

/// Writes `cache_control`.
pub(in crate::api::messages) fn write_cache(cache: Option<&Cache<'_>>, o: &mut Writer<'_>) {
    let Some(cache) = cache else { return };
    o.key("cache_control").object(|o| {
        o.key("type").string("ephemeral");
        cache.ttl.iter().for_each(|ttl| o.key("ttl").string(ttl));
    });
}
