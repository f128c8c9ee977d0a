//! The provider's own tools.
//!
//! <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/web-search-tool>,
//! <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/code-execution-tool>

use std::borrow::Cow;

use bytes::BytesMut;

use crate::api::hosted::{Search, Work};
use crate::api::lost::Shape;
use crate::api::member::present;
use crate::api::steps::{Step, What};
use crate::ir::{Loss, Why};
use crate::wire::json::{Json, Writer};

/// The kinds that are written; of others with another date only the version differs.
const SEARCH: &str = "web_search_20250305";
const CODE: &str = "code_execution_20250825";

/// The members of a tool that are read, or that say which it is.
pub(super) const MEMBERS: [&str; 6] =
    ["type", "name", "allowed_domains", "blocked_domains", "max_uses", "user_location"];

/// The work that a tool is for.
pub(super) fn work<'a>(kind: &str, tool: Json<'a>) -> Option<Work<'a>> {
    if kind.starts_with("code_execution_2") {
        return Some(Work::Code);
    }
    let member = |name| present(tool, name);
    kind.starts_with("web_search_2").then(|| {
        Work::Search(Search {
            allowed: member("allowed_domains"),
            blocked: member("blocked_domains"),
            most: member("max_uses"),
            context: None,
            place: member("user_location"),
        })
    })
}

/// What can be said of a search.
pub(super) const TAKEN: [&str; 4] = ["allowed", "blocked", "most", "place"];

/// Writes a tool for the work.
pub(super) fn write(work: &Work<'_>, a: &mut Writer<'_>) {
    a.object(|o| match work {
        Work::Code => write_head(CODE, "code_execution", o),
        Work::Search(search) => {
            write_head(SEARCH, "web_search", o);
            let members = [
                ("allowed_domains", search.allowed),
                ("blocked_domains", search.blocked),
                ("max_uses", search.most),
            ];
            for (name, value) in members {
                value.iter().for_each(|value| o.key(name).json(*value));
            }
            search.place.iter().for_each(|place| write_place(*place, o.key("user_location")));
        }
    });
}

fn write_head(kind: &str, name: &str, o: &mut Writer<'_>) {
    o.key("type").string(kind);
    o.key("name").string(name);
}

fn write_place(place: Json<'_>, value: &mut Writer<'_>) {
    value.object(|o| {
        o.key("type").string("approximate");
        let known = place.fields().filter(|(name, value)| name != "type" && !value.is_null());
        known.for_each(|(name, value)| o.key(&name).json(value));
    });
}

/// The members of blocks that steps are made of. What is sealed can be read by the provider alone.
pub(super) const STEP: Shape = Shape(&[
    ("type", None),
    ("id", None),
    ("tool_use_id", None),
    ("name", None),
    ("input", Some(&Shape(&[("query", None), ("code", None), ("command", None)]))),
    (
        "content",
        Some(&Shape(&[
            ("type", None),
            ("url", None),
            ("title", None),
            ("encrypted_content", None),
            ("stdout", None),
            ("stderr", None),
            ("error_code", None),
            ("return_code", None),
        ])),
    ),
]);

/// The step that a block of an answer tells of.
pub(super) fn step<'a>(block: Json<'a>, losses: &mut Vec<Loss>) -> Option<Step<'a>> {
    let word = |of: Json<'a>, name: &str| of.get(name).and_then(Json::string);
    let kind = word(block, "type")?;
    let content = || block.get("content");
    let (id, what) = match &*kind {
        "server_tool_use" => ("id", used(&word(block, "name")?, block.get("input")?)?),
        "web_search_tool_result" => {
            // A search that failed has found nothing, and why is said in this API alone.
            let failed = content()?.get("error_code").is_some();
            let why = || Loss::of_answer("web_search_tool_result.content.error_code", Why::Dropped);
            losses.extend(failed.then(why));
            ("tool_use_id", What::Found(content()?.items().filter_map(page).collect()))
        }
        "code_execution_tool_result" | "bash_code_execution_tool_result" => {
            ("tool_use_id", printed(content()?))
        }
        _ => return None,
    };
    Some(Step { id: word(block, id).unwrap_or_default(), what })
}

fn used<'a>(name: &str, input: Json<'a>) -> Option<What<'a>> {
    let word = |name| input.get(name).and_then(Json::string);
    Some(match name {
        "web_search" => What::Searched(word("query")?),
        "code_execution" => What::Ran(word("code")?),
        "bash_code_execution" => What::Ran(word("command")?),
        _ => return None,
    })
}

fn page<'a>(result: Json<'a>) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    let word = |name| result.get(name).and_then(Json::string);
    Some((word("url")?, word("title").unwrap_or_default()))
}

fn printed<'a>(result: Json<'a>) -> What<'a> {
    let word = |name| result.get(name).and_then(Json::string).unwrap_or_default();
    let text = word("stdout") + word("stderr") + word("error_code");
    let code = result.get("return_code").and_then(Json::number::<i64>);
    What::Printed { text, failed: code != Some(0) }
}

/// Writes steps as blocks of an answer. Those that have no id are told apart by their place.
pub(super) fn write_steps(steps: &[Step<'_>], first: u32) -> Vec<String> {
    let mut id = String::new();
    let mut blocks = Vec::new();
    for (place, step) in (first..).zip(steps) {
        let begins = matches!(step.what, What::Searched(_) | What::Ran(_));
        match step.id.is_empty() {
            true if begins => id = format!("srvtoolu_{place}"),
            true => {}
            false => id = step.id.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"),
        }
        if !id.starts_with("srvtoolu_") {
            id.insert_str(0, "srvtoolu_");
        }
        let mut out = BytesMut::new();
        Writer::new(&mut out).object(|o| write_step(&step.what, &id, o));
        blocks.push(String::from_utf8_lossy(&out).into_owned());
    }
    blocks
}

fn write_step(what: &What<'_>, id: &str, o: &mut Writer<'_>) {
    match what {
        What::Searched(query) => write_used(id, "web_search", "query", query, o),
        What::Ran(code) => write_used(id, "code_execution", "code", code, o),
        What::Found(pages) => {
            o.key("type").string("web_search_tool_result");
            o.key("tool_use_id").string(id);
            o.key("content").array(|a| pages.iter().for_each(|(url, title)| write_page(url, title, a)));
        }
        What::Printed { text, failed } => {
            o.key("type").string("code_execution_tool_result");
            o.key("tool_use_id").string(id);
            o.key("content").object(|o| {
                o.key("type").string("code_execution_result");
                o.key("content").array(|_| ());
                o.key("return_code").integer(u8::from(*failed));
                o.key("stderr").string(if *failed { text } else { "" });
                o.key("stdout").string(if *failed { "" } else { text });
            });
        }
    }
}

fn write_used(id: &str, name: &str, member: &str, value: &str, o: &mut Writer<'_>) {
    o.key("type").string("server_tool_use");
    o.key("id").string(id);
    o.key("name").string(name);
    o.key("input").object(|o| o.key(member).string(value));
}

/// What was found can be read again by nobody but the provider that found it, which was another.
fn write_page(url: &str, title: &str, a: &mut Writer<'_>) {
    a.object(|o| {
        o.key("type").string("web_search_result");
        o.key("url").string(url);
        o.key("title").string(title);
        o.key("encrypted_content").string("");
    });
}
