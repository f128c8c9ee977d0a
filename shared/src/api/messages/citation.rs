//! What words rest on: a block's citations are all of the block's.
//!
//! <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/web-search-tool#citations>

use bytes::BytesMut;

use crate::api::Link;
use crate::wire::json::{Json, Writer};

/// The addresses in citations: results of a search, the provider's or the client's own. Places in documents have none.
pub(super) fn links<'a>(citations: Json<'a>) -> Vec<Link<'a>> {
    let link = |citation: Json<'a>| {
        let word = |name| citation.get(name)?.string().filter(|word| !word.is_empty());
        let url = word("url").or_else(|| word("source"))?;
        Some(Link { url, title: word("title"), quote: word("cited_text"), range: None })
    };
    citations.items().filter_map(link).collect()
}

/// Writes addresses as what a search on the web found. The index is for the provider that searched, which was another.
pub(super) fn write(links: &[Link<'_>]) -> String {
    let mut out = BytesMut::new();
    Writer::new(&mut out).array(|a| links.iter().for_each(|link| a.object(|o| write_link(link, o))));
    String::from_utf8_lossy(&out).into_owned()
}

fn write_link(link: &Link<'_>, o: &mut Writer<'_>) {
    o.key("type").string("web_search_result_location");
    o.key("url").string(&link.url);
    match &link.title {
        Some(title) => o.key("title").string(title),
        None => o.key("title").null(),
    }
    o.key("encrypted_index").string("");
    o.key("cited_text").string(link.quote.as_deref().unwrap_or_default());
}
