//! The provider's own tools.
//!
//! <https://platform.openai.com/docs/guides/tools-web-search>,
//! <https://platform.openai.com/docs/guides/tools-code-interpreter>

use std::borrow::Cow;

use bytes::BytesMut;

use crate::api::hosted::{Search, Work};
use crate::api::lost::Shape;
use crate::api::member::present;
use crate::api::steps::{Step, What};
use crate::ir::{Loss, Why};
use crate::wire::json::{Json, Kind, Writer};

/// The members of a tool that are read, or that say which it is.
pub(super) const MEMBERS: [&str; 5] =
    ["type", "filters", "search_context_size", "user_location", "container"];

/// The work that a tool is for. Code that is run where the client has put files is not run elsewhere.
pub(super) fn work<'a>(kind: &str, tool: Json<'a>) -> Option<Work<'a>> {
    if kind == "code_interpreter" {
        let container = tool.get("container").filter(|container| container.kind() == Kind::Object)?;
        let has_files = container.get("file_ids").is_some_and(|files| files.items().next().is_some());
        return (!has_files).then_some(Work::Code);
    }
    kind.starts_with("web_search").then(|| {
        Work::Search(Search {
            allowed: tool.get("filters").and_then(|filters| present(filters, "allowed_domains")),
            context: present(tool, "search_context_size"),
            place: present(tool, "user_location"),
            ..Search::default()
        })
    })
}

/// What can be said of a search.
pub(super) const TAKEN: [&str; 3] = ["allowed", "context", "place"];

/// Writes a tool for the work.
pub(super) fn write(work: &Work<'_>, a: &mut Writer<'_>) {
    a.object(|o| match work {
        Work::Code => {
            o.key("type").string("code_interpreter");
            o.key("container").object(|o| o.key("type").string("auto"));
        }
        Work::Search(search) => {
            o.key("type").string("web_search");
            if let Some(allowed) = search.allowed {
                o.key("filters").object(|o| o.key("allowed_domains").json(allowed));
            }
            search.context.iter().for_each(|size| o.key("search_context_size").json(*size));
            if let Some(place) = search.place {
                o.key("user_location").object(|o| {
                    o.key("type").string("approximate");
                    let known = place.fields().filter(|(name, _)| name != "type");
                    known.for_each(|(name, value)| o.key(&name).json(value));
                });
            }
        }
    });
}

/// The members of items that steps are made of. Where the code ran is of no use elsewhere.
pub(super) const STEP: Shape = Shape(&[
    ("type", None),
    ("id", None),
    ("status", None),
    (
        "action",
        Some(&Shape(&[
            ("type", None),
            ("query", None),
            ("queries", None),
            ("sources", Some(&Shape(&[("type", None), ("url", None)]))),
        ])),
    ),
    ("container_id", None),
    ("code", None),
    ("outputs", Some(&Shape(&[("type", None), ("logs", None)]))),
]);

/// The steps that an item of an answer tells of. A step has one query: where several were put at once, the others are lost.
pub(super) fn steps<'a>(item: Json<'a>, losses: &mut Vec<Loss>) -> Vec<Step<'a>> {
    let word = |of: Json<'a>, name: &str| of.get(name).and_then(Json::string);
    let id = word(item, "id").unwrap_or_default();
    let (did, came) = match word(item, "type").as_deref() {
        Some("web_search_call") => searched(item.get("action").unwrap_or(Json::NULL), losses),
        Some("code_interpreter_call") => ran(item),
        _ => (None, None),
    };
    [did, came].into_iter().flatten().map(|what| Step { id: id.clone(), what }).collect()
}

fn searched<'a>(action: Json<'a>, losses: &mut Vec<Loss>) -> (Option<What<'a>>, Option<What<'a>>) {
    let queries = || action.get("queries").into_iter().flat_map(Json::items);
    let query = action.get("query").or_else(|| queries().next());
    if queries().any(|other| Some(other) != query) {
        losses.push(Loss::of_answer("web_search_call.action.queries", Why::Dropped));
    }
    let page = |source: Json<'a>| Some((source.get("url")?.string()?, Cow::Borrowed("")));
    let pages: Vec<_> = action.get("sources").into_iter().flat_map(Json::items).filter_map(page).collect();
    let searched = query.and_then(Json::string).map(What::Searched);
    let found = searched.is_some().then_some(What::Found(pages));
    (searched, found)
}

fn ran<'a>(item: Json<'a>) -> (Option<What<'a>>, Option<What<'a>>) {
    let logs = item.get("outputs").into_iter().flat_map(Json::items);
    let text: String = logs.filter_map(|output| output.get("logs")?.string()).collect();
    let ran = item.get("code").and_then(Json::string).map(What::Ran);
    let printed = ran.is_some().then_some(What::Printed { text: Cow::Owned(text), failed: false });
    (ran, printed)
}

/// Writes steps as items of an answer: what was done and what came of it in one. What came of none of them has no item.
pub(super) fn write_steps(steps: &[Step<'_>], first: u32, losses: &mut Vec<Loss>) -> Vec<String> {
    let (mut items, mut told) = (Vec::new(), Vec::new());
    for (place, step) in steps.iter().enumerate() {
        let later = steps.iter().enumerate().skip(place);
        let came = later.filter(|(at, _)| !told.contains(at)).find(|(_, later)| later.came_of(step));
        told.extend(came.map(|(at, _)| at));
        let came = came.map(|(_, step)| &step.what);
        let at = u64::from(first) + place as u64;
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out);
        match &step.what {
            What::Searched(query) => writer.object(|o| write_search(step, at, query, came, o)),
            What::Ran(code) => writer.object(|o| write_run(step, at, code, came, o)),
            What::Found(_) | What::Printed { .. } => {
                let alone = (!told.contains(&place)).then(|| Loss::of_answer(step.what.name(), Why::Dropped));
                losses.extend(alone);
                continue;
            }
        }
        items.push(String::from_utf8_lossy(&out).into_owned());
    }
    items
}

fn write_search(step: &Step<'_>, place: u64, query: &str, came: Option<&What<'_>>, o: &mut Writer<'_>) {
    write_item_head("web_search_call", "ws", step, place, o);
    o.key("action").object(|o| {
        o.key("type").string("search");
        o.key("query").string(query);
        let Some(What::Found(pages)) = came else { return };
        o.key("sources").array(|a| {
            for (url, _) in pages {
                a.object(|o| {
                    o.key("type").string("url");
                    o.key("url").string(url);
                });
            }
        });
    });
}

fn write_run(step: &Step<'_>, place: u64, code: &str, came: Option<&What<'_>>, o: &mut Writer<'_>) {
    write_item_head("code_interpreter_call", "ci", step, place, o);
    o.key("code").string(code);
    o.key("container_id").string("");
    match came {
        Some(What::Printed { text, .. }) => o.key("outputs").array(|a| {
            a.object(|o| {
                o.key("type").string("logs");
                o.key("logs").string(text);
            });
        }),
        _ => o.key("outputs").null(),
    }
}

fn write_item_head(kind: &str, prefix: &str, step: &Step<'_>, place: u64, o: &mut Writer<'_>) {
    o.key("type").string(kind);
    match step.id.is_empty() {
        true => o.key("id").string(&format!("{prefix}_{place}")),
        false => o.key("id").string(&format!("{prefix}_{}", step.id)),
    }
    o.key("status").string("completed");
}
