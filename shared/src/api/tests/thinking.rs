//! How much to think: each family's words for it, and its followers'.

use super::*;
use crate::dialect::Switch;

/// What of `sent` says how much to think.
fn check(client: Api, members: Value, upstream: Api, quirks: &Quirks, wanted: Value, lost: &[&str]) {
    let (sent, losses) = asked(client, &question(client, members.clone()), upstream, quirks).unwrap();
    let words =
        ["thinking", "output_config", "reasoning", "reasoning_effort", "enable_thinking", "thinking_budget"];
    let mut said = serde_json::Map::new();
    for name in words {
        said.extend(sent.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    said.extend(sent["generationConfig"].get("thinkingConfig").map(|it| ("config".to_owned(), it.clone())));
    assert_eq!(
        (Value::from(said), losses),
        (wanted, lost.iter().map(|&it| it.to_owned()).collect()),
        "{members}"
    );
}

const EFFORT: Quirks = Quirks { extras: &["reasoning_effort"], ..Quirks::USUAL };
const ADAPTIVE: Quirks = Quirks { budgets: false, ..Quirks::USUAL };

fn with(switch: Switch) -> Quirks {
    Quirks { switch, ..Quirks::USUAL }
}

/// D1: budgets, efforts and switches of clients of Messages.
#[test]
fn d1_messages_to_all() {
    let budget = || json!({"thinking": {"type": "enabled", "budget_tokens": 10_000}});
    let adaptive = || json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}});
    let off = || json!({"thinking": {"type": "disabled"}});
    let to = |upstream, members, quirks: &Quirks, wanted, lost: &[&str]| {
        check(Api::Messages, members, upstream, quirks, wanted, lost);
    };
    to(
        Api::Completions,
        budget(),
        &EFFORT,
        json!({"reasoning_effort": "medium"}),
        &["thinking.budget(approximated)"],
    );
    to(Api::Completions, adaptive(), &EFFORT, json!({"reasoning_effort": "high"}), &[]);
    to(Api::Completions, off(), &EFFORT, json!({"reasoning_effort": "none"}), &[]);
    to(
        Api::Responses,
        budget(),
        &Quirks::USUAL,
        json!({"reasoning": {"effort": "medium", "summary": "auto"}}),
        &["thinking.budget(approximated)"],
    );
    let config = json!({"config": {"thinkingBudget": 10_000, "includeThoughts": true}});
    to(Api::Generate, budget(), &Quirks::USUAL, config, &[]);
    to(Api::Generate, off(), &Quirks::USUAL, json!({"config": {"thinkingBudget": 0}}), &[]);
    let level = json!({"config": {"thinkingLevel": "HIGH", "includeThoughts": true}});
    to(Api::Generate, adaptive(), &ADAPTIVE, level, &[]);
}

/// D1: what clients of the other families say, to a model that takes budgets and to one that decides itself.
#[test]
fn d1_all_to_messages() {
    let to = |client, members, quirks: &Quirks, wanted, lost: &[&str]| {
        check(client, members, Api::Messages, quirks, wanted, lost);
    };
    let effort = || json!({"reasoning_effort": "high"});
    let enabled = |budget: u64| json!({"thinking": {"type": "enabled", "budget_tokens": budget}});
    to(Api::Completions, effort(), &Quirks::USUAL, enabled(16_000), &["thinking.effort(approximated)"]);
    let adaptive = json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}});
    to(Api::Completions, effort(), &ADAPTIVE, adaptive, &[]);
    let none = json!({"reasoning_effort": "none"});
    to(Api::Completions, none, &ADAPTIVE, json!({"thinking": {"type": "disabled"}}), &[]);
    let openrouter = json!({"reasoning": {"max_tokens": 2000}});
    to(Api::Completions, openrouter, &Quirks::USUAL, enabled(2000), &[]);
    let shown = json!({"reasoning": {"effort": "low", "summary": "auto"}, "max_output_tokens": 20_000});
    let low = json!({"thinking": {"type": "enabled", "budget_tokens": 1024, "display": "summarized"}});
    to(Api::Responses, shown, &Quirks::USUAL, low, &["thinking.effort(approximated)"]);
    let config =
        |config: Value| json!({"generationConfig": {"maxOutputTokens": 9000, "thinkingConfig": config}});
    to(Api::Generate, config(json!({"thinkingBudget": 3000})), &Quirks::USUAL, enabled(3000), &[]);
    let least = &["thinking.budget(clamped)"];
    to(Api::Generate, config(json!({"thinkingBudget": 100})), &Quirks::USUAL, enabled(1024), least);
    to(Api::Generate, config(json!({"thinkingBudget": 9000})), &Quirks::USUAL, enabled(8999), least);
}

/// D1: followers of Chat Completions that have words of their own.
#[test]
fn d1_servers_with_words_of_their_own() {
    let budget = || json!({"thinking": {"type": "enabled", "budget_tokens": 5000, "display": "omitted"}});
    let to = |members, switch, wanted, lost: &[&str]| {
        check(Api::Messages, members, Api::Completions, &with(switch), wanted, lost);
    };
    to(budget(), Switch::Reasoning, json!({"reasoning": {"max_tokens": 5000, "exclude": true}}), &[]);
    let hidden = "thinking.summary";
    let switched = json!({"thinking": {"type": "enabled"}});
    to(budget(), Switch::Thinking, switched, &[hidden, "reasoning_effort"]);
    to(
        budget(),
        Switch::EnableThinking,
        json!({"enable_thinking": true, "thinking_budget": 5000}),
        &[hidden],
    );
    let off = || json!({"thinking": {"type": "disabled"}});
    to(off(), Switch::Reasoning, json!({"reasoning": {"enabled": false}}), &[]);
    to(off(), Switch::Thinking, json!({"thinking": {"type": "disabled"}}), &[]);
    to(off(), Switch::EnableThinking, json!({"enable_thinking": false}), &[]);
    to(json!({}), Switch::Thinking, json!({}), &[]);
}

/// C2: a server's own words are read, and written as they were for the same family.
#[test]
fn c2_words_of_followers_are_read() {
    for members in [
        json!({"reasoning_effort": "low"}),
        json!({"reasoning": {"effort": "low", "max_tokens": 10}}),
        json!({"reasoning": {"max_tokens": 10, "exclude": true}}),
        json!({"thinking": {"type": "disabled"}}),
        json!({"thinking": {"type": "enabled"}}),
        json!({"thinking": {"type": "new"}}),
    ] {
        check(Api::Completions, members.clone(), Api::Completions, &Quirks::USUAL, members, &[]);
    }
    let flags = json!({"enable_thinking": true, "thinking_budget": 2000});
    let wanted = json!({"thinking": {"type": "enabled", "budget_tokens": 2000}});
    check(Api::Completions, flags, Api::Messages, &Quirks::USUAL, wanted, &[]);
}
