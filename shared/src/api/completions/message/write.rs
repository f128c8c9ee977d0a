//! Turns, written as messages.

use crate::api::completions::part::{self, Part, Place};
use crate::api::completions::{reasoning, tool};
use crate::api::context::Context;
use crate::ir::{Block, Loss, Rest, Role, ToolResult, ToolUse, Turn, Why};
use crate::wire::json::Writer;

/// Writes `messages`.
///
/// Consecutive turns of the user go together, because the results of tools must directly follow the calls: first all
/// results, each a message of its own, then what else the user says.
pub(in crate::api::completions) fn write(turns: &[Turn<'_>], context: &mut Context<'_>, a: &mut Writer<'_>) {
    let mut first = 0;
    for run in turns.chunk_by(|one, next| one.role == Role::User && next.role == Role::User) {
        match run {
            [turn] if turn.role == Role::Assistant => write_assistant(turn, first, context, a),
            [turn] if turn.role != Role::User => write_instructions(turn, first, context, a),
            _ => write_user(run, first, context, a),
        }
        first += run.len();
    }
}

fn write_instructions(turn: &Turn<'_>, at: usize, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let role = match &turn.role {
        Role::Developer => context.quirks.developer.unwrap_or("developer"),
        Role::Other(word) => word,
        _ => "system",
    };
    write_message(role, turn, at, content_of(turn, at, context), context, a);
}

fn write_user(run: &[Turn<'_>], first: usize, context: &mut Context<'_>, a: &mut Writer<'_>) {
    note_order(run, first, context);
    let mut moved = Vec::new();
    for (at, turn) in (first..).zip(run) {
        for (block, result) in results(turn) {
            let media = write_result(result, Place::new(at, block), context, a);
            moved.push((at, media));
        }
    }
    for (at, turn) in (first..).zip(run) {
        let own = moved.iter_mut().filter(|(from, _)| *from == at);
        let mut parts: Vec<Part<'_, '_>> = own.flat_map(|(_, media)| std::mem::take(media)).collect();
        parts.extend(content_of(turn, at, context));
        if !parts.is_empty() || results(turn).next().is_none() {
            write_message("user", turn, at, parts, context, a);
        } else {
            context.lose_rest(&turn.rest, &format_args!("messages[{at}]"));
        }
    }
}

/// What stands before a tool's result will stand behind it.
fn note_order(run: &[Turn<'_>], first: usize, context: &mut Context<'_>) {
    let mut before = Vec::new();
    for (at, turn) in (first..).zip(run) {
        for (index, block) in turn.blocks.iter().enumerate() {
            match block {
                Block::ToolResult(_) => before.drain(..).for_each(|place: Place| {
                    context.lose(Loss::new(place.to_string(), Why::Moved));
                }),
                _ => before.push(Place::new(at, index)),
            }
        }
    }
}

fn results<'t, 'a>(turn: &'t Turn<'a>) -> impl Iterator<Item = (usize, &'t ToolResult<'a>)> {
    turn.blocks.iter().enumerate().filter_map(|(index, block)| match block {
        Block::ToolResult(result) => Some((index, result)),
        _ => None,
    })
}

/// Writes a result's text, and returns its images and the like: a message of this role cannot have them.
fn write_result<'t, 'a>(
    result: &'t ToolResult<'a>,
    place: Place,
    context: &mut Context<'_>,
    a: &mut Writer<'_>,
) -> Vec<Part<'t, 'a>> {
    let all = result.content.iter().enumerate().map(|(index, block)| (place.inside(index), block));
    let (text, other): (Vec<_>, Vec<_>) = all.partition(|(_, block)| part::is_text(block));
    if result.is_error {
        context.lose(Loss::dropped(format!("{place}.is_error")));
    }
    a.object(|o| {
        o.key("role").string("tool");
        o.key("tool_call_id").string(&result.id);
        part::write_content(&text, context, o.key("content"));
        context.write_cache(result.cache.as_ref(), place, o);
        context.write_rest(&result.rest, &place, o);
    });
    let media = part::expressible(other, context);
    for (place, _) in &media {
        context.lose(Loss::new(place.to_string(), Why::Moved));
    }
    media
}

/// What of a turn is content in this API; thinking and calls have members of their own.
fn content_of<'t, 'a>(turn: &'t Turn<'a>, at: usize, context: &mut Context<'_>) -> Vec<Part<'t, 'a>> {
    let elsewhere = |block: &Block<'_>| match block {
        Block::ToolResult(_) => turn.role == Role::User,
        Block::Thinking(_) | Block::Sealed { .. } | Block::ToolUse(_) => turn.role == Role::Assistant,
        _ => false,
    };
    let content = turn.blocks.iter().enumerate().filter(|(_, block)| !elsewhere(block));
    part::expressible(content.map(|(index, block)| (Place::new(at, index), block)), context)
}

fn write_message(
    role: &str,
    turn: &Turn<'_>,
    at: usize,
    parts: Vec<Part<'_, '_>>,
    context: &mut Context<'_>,
    a: &mut Writer<'_>,
) {
    a.object(|o| {
        o.key("role").string(role);
        part::write_content(&parts, context, o.key("content"));
        write_name_and_rest(turn, at, context, o);
    });
}

fn write_name_and_rest(turn: &Turn<'_>, at: usize, context: &mut Context<'_>, o: &mut Writer<'_>) {
    if let Some(name) = &turn.name {
        o.key("name").string(name);
    }
    context.write_rest(&turn.rest, &format_args!("messages[{at}]"), o);
}

fn write_assistant(turn: &Turn<'_>, at: usize, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let parts = content_of(turn, at, context);
    let calls: Vec<_> = calls(turn).collect();
    note_late_text(turn, at, context);
    a.object(|o| {
        o.key("role").string("assistant");
        reasoning::write(&turn.blocks, &format!("messages[{at}]"), context, o);
        match parts.as_slice() {
            [] if !calls.is_empty() || has(turn, "audio") => o.key("content").null(),
            [(_, Block::Refusal(words))] => {
                o.key("content").null();
                o.key("refusal").string(words);
            }
            parts => part::write_content(parts, context, o.key("content")),
        }
        if !calls.is_empty() {
            o.key("tool_calls").array(|a| {
                calls.iter().for_each(|(index, call)| write_call(call, Place::new(at, *index), context, a));
            });
        }
        write_name_and_rest(turn, at, context, o);
    });
}

fn has(turn: &Turn<'_>, name: &str) -> bool {
    turn.rest.iter().any(|(own, _)| own == name)
}

fn calls<'t, 'a>(turn: &'t Turn<'a>) -> impl Iterator<Item = (usize, &'t ToolUse<'a>)> {
    turn.blocks.iter().enumerate().filter_map(|(index, block)| match block {
        Block::ToolUse(call) => Some((index, call)),
        _ => None,
    })
}

/// All content of a message stands before all of its calls.
fn note_late_text(turn: &Turn<'_>, at: usize, context: &mut Context<'_>) {
    let after = turn.blocks.iter().enumerate().skip_while(|(_, block)| !matches!(block, Block::ToolUse(_)));
    for (index, _) in after.filter(|(_, block)| part::is_text(block)) {
        context.lose(Loss::new(Place::new(at, index).to_string(), Why::Moved));
    }
}

fn write_call(call: &ToolUse<'_>, place: Place, context: &mut Context<'_>, a: &mut Writer<'_>) {
    let mut kept = Rest::new();
    match context.own {
        true => kept.clone_from(&call.rest),
        false => context.lose_rest(&call.rest, &place),
    }
    if call.cache.is_some() {
        context.lose(Loss::dropped(format!("{place}.cache_control")));
    }
    tool::write_call(call, &call.id, &kept, a);
}
