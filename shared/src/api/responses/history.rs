//! The conversation as a provider gets it: turns written as `instructions` and `input` items.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::input::NAME_WITHIN;
use crate::api::family::Api;
use crate::api::openai;
use crate::error::Error;
use crate::ir::{
    Block, Cache, Loss, Media, Rest, Role, Source, Text, Thought, ToolKind, ToolResult, ToolUse, Turn, Why,
};
use crate::sorted;
use crate::wire::json::{Json, Writer};

/// Fails for content that this API does not take and that must not be left out: recordings.
pub(super) fn refuse_foreign(turns: &[Turn<'_>]) -> Result<(), Error> {
    for (index, turn) in turns.iter().enumerate() {
        let Some(at) = turn.blocks.iter().position(|block| matches!(block, Block::Audio(_))) else {
            continue;
        };
        return Err(Error::invalid_param(
            format!("messages[{index}].content[{at}]"),
            "The Responses API takes no audio, and this model's provider speaks no other.",
        ));
    }
    Ok(())
}

/// Writes `instructions`, where there are some, and `input`. `own` is whether the client speaks this API, and `marks`
/// whether the provider knows marks of caches.
pub(super) fn write(turns: &[Turn<'_>], own: bool, marks: bool, losses: &mut Vec<Loss>, w: &mut Writer<'_>) {
    let instructions = turns.first().and_then(|turn| instructions_of(turn, own, marks));
    let skipped = usize::from(instructions.is_some());
    let customs = if own { BTreeSet::new() } else { customs_of(turns) };
    if let (Some(text), Some(turn)) = (&instructions, turns.first()) {
        let mut items = Items { turn, index: 0, own, marks, customs: &customs, losses };
        items.lose_rest();
        items.lose_marks_of(&turn.blocks);
        w.key("instructions").string(text);
    }
    w.key("input").array(|a| {
        for (index, turn) in turns.iter().enumerate().skip(skipped) {
            Items { turn, index, own, marks, customs: &customs, losses }.write(a);
        }
    });
}

/// The ids of the uses of custom tools: other APIs do not tell their results from those of functions.
fn customs_of<'t>(turns: &'t [Turn<'_>]) -> BTreeSet<&'t str> {
    let custom = |block: &'t Block<'_>| match block {
        Block::ToolUse(tool) if tool.kind == ToolKind::Custom => Some(&*tool.id),
        _ => None,
    };
    sorted::set(turns.iter().flat_map(|turn| &turn.blocks).filter_map(custom))
}

/// The turn's words, where it can be written as `instructions`. Only a foreign client's several blocks are joined: its
/// API has no other way to say what `instructions` says.
fn instructions_of<'t>(turn: &'t Turn<'_>, own: bool, marks: bool) -> Option<Cow<'t, str>> {
    if turn.role != Role::System || turn.name.is_some() || (own && !turn.rest.is_empty()) {
        return None;
    }
    let words = |block: &'t Block<'_>| match block {
        Block::Text(text) if marks && text.cache.is_some() => None,
        Block::Text(text) if text.rest.is_empty() || !own => Some(&*text.text),
        _ => None,
    };
    let texts = turn.blocks.iter().map(words).collect::<Option<Vec<_>>>()?;
    match &*texts {
        [] => None,
        [only] => Some(Cow::Borrowed(only)),
        several => (!own).then(|| Cow::Owned(several.join("\n\n"))),
    }
}

/// A turn in writing.
struct Items<'t, 'a> {
    turn: &'t Turn<'a>,
    index: usize,
    own: bool,
    marks: bool,
    customs: &'t BTreeSet<&'t str>,
    losses: &'t mut Vec<Loss>,
}

impl<'t, 'a> Items<'t, 'a> {
    fn write(mut self, w: &mut Writer<'_>) {
        if self.turn.name.is_some() {
            self.lose("name", Why::Dropped);
        }
        self.lose_rest();
        let mut rest_is_due = self.own;
        for run in self.turn.blocks.chunk_by(are_one_item) {
            self.lose_marks_of(run);
            match run.first() {
                Some(Block::Thinking(_) | Block::Sealed { .. }) => self.write_reasoning(run, w),
                Some(block @ Block::ToolUse(tool)) => self.write_call(block, tool, w),
                Some(block @ Block::ToolResult(result)) => self.write_output(block, result, w),
                Some(block @ Block::Opaque { .. }) => self.write_part(block, w),
                _ => self.write_message(run, std::mem::take(&mut rest_is_due), w),
            }
        }
    }

    fn lose(&mut self, what: &str, why: Why) {
        self.losses.push(Loss::new(format!("messages[{}].{what}", self.index), why));
    }

    /// Notes that a block is lost, or what of it.
    fn lose_of(&mut self, block: &Block<'_>, what: &str, why: Why) {
        let place = self.place(block);
        let dot = if what.is_empty() { "" } else { "." };
        self.lose(&format!("content{place}{dot}{what}"), why);
    }

    /// The number of a block, and of the one within what came of a call; it is looked for only where something is lost.
    fn place(&self, block: &Block<'_>) -> String {
        let within = |(index, own): (usize, &Block<'a>)| match own {
            own if std::ptr::eq(own, block) => Some(format!("[{index}]")),
            Block::ToolResult(result) => {
                let inner = result.content.iter().position(|inner| std::ptr::eq(inner, block))?;
                Some(format!("[{index}].content[{inner}]"))
            }
            _ => None,
        };
        self.turn.blocks.iter().enumerate().find_map(within).unwrap_or_default()
    }

    /// Reports a foreign message's own members.
    fn lose_rest(&mut self) {
        let turn = self.turn;
        let lost = turn.rest.iter().filter(|_| !self.own).map(|(name, _)| &**name).collect::<Vec<_>>();
        lost.into_iter().for_each(|name| self.lose(name, Why::Dropped));
    }

    fn write_message(&mut self, run: &[Block<'a>], with_rest: bool, w: &mut Writer<'_>) {
        let rest = if with_rest { &*self.turn.rest } else { &[] };
        let is_plain = rest.is_empty() && run.iter().all(|block| self.is_plain(block));
        match run {
            [Block::Text(text)] if is_plain => self.write_words(&text.text, w),
            _ if is_plain && self.turn.role == Role::Assistant => {
                run.iter().for_each(|block| self.write_words(words_of(block), w));
            }
            _ => self.write_parts(run, rest, w),
        }
    }

    /// Whether the block is words and no more that is worth writing.
    fn is_plain(&self, block: &Block<'_>) -> bool {
        let Block::Text(text) = block else { return false };
        let is_bare = !self.own || (text.citations.is_none() && text.rest.is_empty());
        is_bare && !self.keeps(text.cache.as_ref())
    }

    /// Whether a mark is written: what the assistant said has none but in a client's own words.
    fn keeps(&self, mark: Option<&Cache<'_>>) -> bool {
        mark.is_some() && (self.own || (self.marks && self.turn.role != Role::Assistant))
    }

    fn write_mark(&self, mark: Option<&Cache<'_>>, o: &mut Writer<'_>) {
        mark.iter().filter(|mark| self.keeps(Some(mark))).for_each(|mark| openai::write_mark(mark, o));
    }

    /// A message in the short form.
    fn write_words(&mut self, text: &str, w: &mut Writer<'_>) {
        w.object(|o| {
            o.key("role").string(role_word(&self.turn.role));
            o.key("content").string(text);
        });
    }

    /// A message in parts. An assistant's must have an id and a status; a foreign one gets some.
    fn write_parts(&mut self, run: &[Block<'a>], rest: &[(Cow<'a, str>, Json<'a>)], w: &mut Writer<'_>) {
        w.object(|o| {
            o.key("type").string("message");
            o.key("role").string(role_word(&self.turn.role));
            rest.iter().for_each(|(name, value)| o.key(name).json(*value));
            if !self.own && self.turn.role == Role::Assistant {
                o.key("id").string(&format!("msg_{}", self.index));
                o.key("status").string("completed");
            }
            o.key("content").array(|a| run.iter().for_each(|block| self.write_part(block, a)));
        });
    }

    fn write_part(&mut self, block: &Block<'_>, w: &mut Writer<'_>) {
        let by_assistant = self.turn.role == Role::Assistant;
        match block {
            Block::Text(text) if by_assistant => self.write_output_text(text, w),
            Block::Text(text) => self.write_input_text(text, w),
            Block::Refusal(text) if by_assistant => w.object(|o| {
                o.key("type").string("refusal");
                o.key("refusal").string(text);
            }),
            Block::Refusal(text) => self.write_input_text(&words(text), w),
            Block::Image(image) if !by_assistant => self.write_image(image, w),
            Block::Document(file) if !by_assistant => self.write_file(block, file, w),
            Block::Audio(Media { source: Source::Base64 { media_type, data }, .. }) if self.own => {
                write_audio(media_type, data, w);
            }
            Block::Opaque { api: Api::Responses, raw } => w.raw(raw),
            _ => self.lose_of(block, "", Why::Dropped),
        }
    }

    fn write_output_text(&mut self, text: &Text<'_>, w: &mut Writer<'_>) {
        let annotations = text.citations.as_ref().filter(|it| it.api == Api::Responses);
        w.object(|o| {
            o.key("type").string("output_text");
            o.key("text").string(&text.text);
            o.key("annotations").raw(annotations.map_or("[]", |it| &it.raw));
            self.write_mark(text.cache.as_ref(), o);
            self.write_rest(&text.rest, o);
        });
    }

    fn write_input_text(&mut self, text: &Text<'_>, w: &mut Writer<'_>) {
        w.object(|o| {
            o.key("type").string("input_text");
            o.key("text").string(&text.text);
            self.write_mark(text.cache.as_ref(), o);
            self.write_rest(&text.rest, o);
        });
    }

    /// Members that go back to their own family; those of another [are lost](Items::lose_marks_of).
    fn write_rest(&self, rest: &Rest<'_>, o: &mut Writer<'_>) {
        rest.iter().filter(|_| self.own).for_each(|(name, value)| o.key(name).json(*value));
    }

    /// Reports what is said about content and has no place in this API.
    fn lose_marks_of(&mut self, blocks: &[Block<'a>]) {
        if self.own {
            return;
        }
        for block in blocks {
            let lost = |mark: Option<&Cache<'_>>| mark.is_some() && !self.keeps(mark);
            let (cache, citations, context, rest) = match block {
                Block::Text(it) => (lost(it.cache.as_ref()), it.citations.is_some(), false, &it.rest),
                Block::ToolUse(it) => (it.cache.is_some(), false, false, &it.rest),
                Block::ToolResult(it) => (it.cache.is_some(), false, false, &it.rest),
                Block::Image(it) | Block::Document(it) => {
                    (lost(it.cache.as_ref()), it.citations.is_some(), it.context.is_some(), &it.rest)
                }
                _ => continue,
            };
            let named = matches!(block, Block::Image(image) if image.title.is_some());
            let marks =
                [("cache_control", cache), ("citations", citations), ("context", context), ("title", named)];
            let marks = marks.into_iter().filter(|(_, is_there)| *is_there).map(|(what, _)| what);
            for what in marks.chain(rest.iter().map(|(name, _)| &**name)) {
                self.lose_of(block, what, Why::Dropped);
            }
        }
    }

    fn write_image(&mut self, image: &Media<'_>, w: &mut Writer<'_>) {
        w.object(|o| {
            o.key("type").string("input_image");
            match &image.source {
                Source::Base64 { media_type, data } => {
                    o.key("image_url").string(&openai::data_url(media_type, data));
                }
                Source::Url(url) | Source::Text(url) => o.key("image_url").string(url),
                Source::File(id) => o.key("file_id").string(id),
            }
            if let Some(detail) = image.detail.as_deref().or((!self.own).then_some("auto")) {
                o.key("detail").string(detail);
            }
            self.write_mark(image.cache.as_ref(), o);
            self.write_rest(&image.rest, o);
        });
    }

    fn write_file(&mut self, block: &Block<'_>, file: &Media<'_>, w: &mut Writer<'_>) {
        if let Source::Text(text) = &file.source {
            self.lose_of(block, "source", Why::Approximated);
            let titled = file.title.as_ref().map(|title| format!("{title}\n\n{text}"));
            let said = words(titled.as_deref().unwrap_or(text));
            return self.write_input_text(&Text { cache: file.cache.clone(), ..said }, w);
        }
        w.object(|o| {
            o.key("type").string("input_file");
            self.write_file_source(file, o);
            if let Some(detail) = &file.detail {
                o.key("detail").string(detail);
            }
            self.write_mark(file.cache.as_ref(), o);
            self.write_rest(&file.rest, o);
        });
    }

    /// Bytes must have a file's name, by which the provider knows what they are.
    fn write_file_source(&mut self, file: &Media<'_>, o: &mut Writer<'_>) {
        let title = file.title.as_deref().map(Cow::Borrowed);
        let title = match &file.source {
            Source::Base64 { media_type, data } => {
                o.key("file_data").string(&openai::data_url(media_type, data));
                title.or_else(|| (!self.own).then(|| Cow::Owned(file_name(media_type))))
            }
            Source::Url(url) | Source::Text(url) => {
                o.key("file_url").string(url);
                title
            }
            Source::File(id) => {
                o.key("file_id").string(id);
                title
            }
        };
        if let Some(title) = title {
            o.key("filename").string(&title);
        }
    }

    /// One item of reasoning. From a foreign client only a sealed one means anything to a provider of this API.
    fn write_reasoning(&mut self, run: &[Block<'a>], w: &mut Writer<'_>) {
        let seal = run.iter().find_map(|block| match block {
            Block::Sealed { data, .. } => Some(data),
            _ => None,
        });
        if !self.own && seal.is_none() {
            return run.iter().for_each(|block| self.lose_of(block, "thinking", Why::Dropped));
        }
        let is_signed = |block: &&Block<'_>| thought_of(block).is_some_and(|it| it.signature.is_some());
        let signed = run.iter().filter(|_| !self.own).filter(is_signed).collect::<Vec<_>>();
        signed.into_iter().for_each(|block| self.lose_of(block, "signature", Why::Dropped));
        let thoughts = || run.iter().filter_map(thought_of);
        w.object(|o| {
            o.key("type").string("reasoning");
            run.first().and_then(id_of).iter().for_each(|id| o.key("id").string(id));
            o.key("summary").array(|a| {
                thoughts().filter(|it| is_summary(it)).for_each(|it| write_thought(it, "summary_text", a));
            });
            if thoughts().any(|thought| !is_summary(thought)) {
                o.key("content").array(|a| {
                    thoughts()
                        .filter(|it| !is_summary(it))
                        .for_each(|it| write_thought(it, "reasoning_text", a));
                });
            }
            seal.iter().for_each(|seal| o.key("encrypted_content").string(seal));
        });
    }

    fn write_call(&mut self, block: &Block<'_>, tool: &ToolUse<'_>, w: &mut Writer<'_>) {
        if tool.signature.is_some() {
            self.lose_of(block, "signature", Why::Dropped);
        }
        let (kind, text) = match tool.kind {
            ToolKind::Function => ("function_call", "arguments"),
            ToolKind::Custom => ("custom_tool_call", "input"),
        };
        w.object(|o| {
            o.key("type").string(kind);
            o.key("call_id").string(&tool.id);
            o.key("name").string(&self.own_name(tool));
            o.key(text).string(self.arguments(tool));
            let rest = tool.rest.iter().filter(|(name, _)| self.own && name != NAME_WITHIN);
            rest.for_each(|(name, value)| o.key(name).json(*value));
        });
    }

    /// The name within the namespace, both of which `rest` has.
    fn own_name<'n>(&self, tool: &'n ToolUse<'_>) -> Cow<'n, str> {
        let within = tool.rest.iter().find(|(name, _)| self.own && name == NAME_WITHIN);
        within.and_then(|(_, name)| name.string()).unwrap_or(Cow::Borrowed(&tool.name))
    }

    /// D4: a function without arguments still has an object of them.
    fn arguments<'t2>(&self, tool: &'t2 ToolUse<'_>) -> &'t2 str {
        let none = !self.own && tool.kind == ToolKind::Function && tool.arguments.trim().is_empty();
        if none { "{}" } else { &tool.arguments }
    }

    fn write_output(&mut self, block: &Block<'_>, result: &ToolResult<'a>, w: &mut Writer<'_>) {
        if result.is_error {
            self.lose_of(block, "is_error", Why::Dropped);
        }
        self.lose_marks_of(&result.content);
        w.object(|o| {
            let is_custom = result.kind == ToolKind::Custom || self.customs.contains(&*result.id);
            o.key("type").string(if is_custom { "custom_tool_call_output" } else { "function_call_output" });
            o.key("call_id").string(&result.id);
            match &*result.content {
                [] => o.key("output").string(""),
                [Block::Text(text)] if text.rest.is_empty() && !self.keeps(text.cache.as_ref()) => {
                    o.key("output").string(&text.text);
                }
                parts => o.key("output").array(|a| parts.iter().for_each(|part| self.write_part(part, a))),
            }
            self.write_rest(&result.rest, o);
        });
    }
}

/// Whether two neighbours stand in the same item: parts of one message, or of one item of reasoning.
fn are_one_item(one: &Block<'_>, next: &Block<'_>) -> bool {
    match (one, next) {
        (Block::Thinking(_), Block::Thinking(_) | Block::Sealed { .. }) => id_of(one) == id_of(next),
        _ => is_content(one) && is_content(next),
    }
}

fn is_content(block: &Block<'_>) -> bool {
    matches!(
        block,
        Block::Text(_)
            | Block::Refusal(_)
            | Block::Image(_)
            | Block::Document(_)
            | Block::Audio(_)
            | Block::Video(_)
    )
}

fn id_of<'b>(block: &'b Block<'_>) -> Option<&'b str> {
    match block {
        Block::Thinking(thought) => thought.id.as_deref(),
        Block::Sealed { id, .. } => id.as_deref(),
        _ => None,
    }
}

fn thought_of<'b, 'a>(block: &'b Block<'a>) -> Option<&'b Thought<'a>> {
    match block {
        Block::Thinking(thought) => Some(thought),
        _ => None,
    }
}

/// Words without anything about them.
fn words<'w>(text: &'w str) -> Text<'w> {
    Text { text: Cow::Borrowed(text), ..Text::default() }
}

fn words_of<'b>(block: &'b Block<'_>) -> &'b str {
    match block {
        Block::Text(text) => &text.text,
        _ => "",
    }
}

/// Whether a thought is of the summary's list; see the reader.
fn is_summary(thought: &Thought<'_>) -> bool {
    thought.rest.iter().all(|(name, _)| name != "type")
}

fn write_thought(thought: &Thought<'_>, kind: &str, w: &mut Writer<'_>) {
    w.object(|o| {
        o.key("type").string(kind);
        o.key("text").string(&thought.text);
    });
}

fn write_audio(media_type: &str, data: &str, w: &mut Writer<'_>) {
    w.object(|o| {
        o.key("type").string("input_audio");
        o.key("input_audio").object(|o| {
            o.key("data").string(data);
            o.key("format").string(openai::audio_format(media_type));
        });
    });
}

fn role_word<'r>(role: &'r Role<'_>) -> &'r str {
    match role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Other(role) => role,
    }
}

/// A name for bytes that have none: `document.pdf`.
fn file_name(media_type: &str) -> String {
    let kind = media_type.rsplit('/').next().unwrap_or_default();
    let extension = match kind {
        "plain" => "txt",
        "vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "markdown" => "md",
        kind => kind,
    };
    format!("document.{extension}")
}
