//! Tools that take free text, where the provider's API has none: offered as functions of one string, and called by the
//! client's own name and kind again.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::BytesMut;

use crate::api::codec::Echo;
use crate::api::family::Api;
use crate::api::messages::CUSTOM;
use crate::dialect::Quirks;
use crate::ir::{Block, Function, Loss, Request, Rest, Tool, ToolChoice, ToolKind, Why};
use crate::sorted;
use crate::wire::json::{Json, Outline, Writer};

/// Writes what a request says of free text as what functions have, and offers only the tools that may be used, where the
/// provider has no other way to say so.
pub(in crate::api) fn adapt(request: &mut Request<'_>, to: Api, quirks: &Quirks) -> Vec<Loss> {
    let own = request.api.is_none_or(|api| api == to);
    let mut losses = Vec::new();
    let knows = |word| to != Api::Completions || own || quirks.extras.contains(&word);
    if !knows("allowed_tools") {
        offer_the_allowed(request, &mut losses);
    }
    let has_customs = matches!(to, Api::Completions | Api::Responses) && knows("custom_tools");
    if !has_customs {
        make_functions(request, &mut losses);
    }
    losses
}

fn offer_the_allowed(request: &mut Request<'_>, losses: &mut Vec<Loss>) {
    let Some(ToolChoice::Allowed { names, required }) = &request.tool_choice else { return };
    request.tools.retain(|tool| names.iter().any(|name| name == tool.name()));
    losses.push(Loss::new("tool_choice", Why::Approximated));
    request.tool_choice = Some(if *required { ToolChoice::Required } else { ToolChoice::Auto });
}

fn make_functions(request: &mut Request<'_>, losses: &mut Vec<Loss>) {
    for (index, tool) in request.tools.iter_mut().enumerate() {
        if let Tool::Custom { name, description, format, rest } = tool {
            let grammar = format.as_ref().and_then(|format| grammar(*format));
            losses.extend(
                grammar.as_ref().map(|_| Loss::new(format!("tools[{index}].format"), Why::Approximated)),
            );
            let description = described(description.take(), grammar);
            let rest = std::mem::take(rest);
            *tool = Tool::Function(function(std::mem::take(name), description, rest));
        }
    }
    for block in request.turns.iter_mut().flat_map(|turn| &mut turn.blocks) {
        match block {
            Block::ToolUse(call) if call.kind == ToolKind::Custom => {
                call.kind = ToolKind::Function;
                call.arguments = Cow::Owned(wrapped(&call.arguments));
            }
            Block::ToolResult(result) => result.kind = ToolKind::Function,
            _ => {}
        }
    }
    if let Some(ToolChoice::Named { kind, .. }) = &mut request.tool_choice {
        *kind = ToolKind::Function;
    }
}

fn function<'a>(name: Cow<'a, str>, description: Option<Cow<'a, str>>, rest: Rest<'a>) -> Function<'a> {
    let schema = Json::parse(CUSTOM.as_bytes()).ok();
    Function { name, description, schema, strict: None, cache: None, rest }
}

/// What the text has to look like, in words: a model that is not held to a grammar can still be told of it.
fn grammar(format: Json<'_>) -> Option<String> {
    let inner = format.get("grammar").unwrap_or(format);
    let definition = inner.get("definition")?.string()?;
    let syntax = inner.get("syntax").and_then(Json::string).unwrap_or_default();
    Some(format!("The input must keep to this grammar ({syntax}):\n{definition}"))
}

fn described(description: Option<Cow<'_, str>>, grammar: Option<String>) -> Option<Cow<'_, str>> {
    match (description, grammar) {
        (Some(description), Some(grammar)) => Some(Cow::Owned(format!("{description}\n\n{grammar}"))),
        (description, grammar) => description.or(grammar.map(Cow::Owned)),
    }
}

fn wrapped(input: &str) -> String {
    let mut out = BytesMut::new();
    Writer::new(&mut out).object(|o| o.key("input").string(input));
    String::from_utf8_lossy(&out).into_owned()
}

/// The free-form tools of a client's request, by the names that other APIs' providers know.
#[derive(Clone)]
pub(super) struct Customs {
    client: Api,
    request: bytes::Bytes,
    /// Known when a tool is called for the first time.
    names: Option<BTreeSet<String>>,
}

impl Customs {
    pub(super) fn new(client: Api, echo: &Echo) -> Customs {
        let names = (!may_have_customs(&echo.request)).then(BTreeSet::new);
        let request = if names.is_some() { bytes::Bytes::new() } else { echo.request.clone() };
        Customs { client, request, names }
    }

    /// Whether the client declared the tool to take free text.
    pub(super) fn has(&mut self, name: &str) -> bool {
        let Customs { client, request, names } = self;
        names.get_or_insert_with(|| names_in(*client, request)).contains(name)
    }
}

/// Whether a request has the word for such tools, or escapes that may hide it. Most have neither, and are not kept for it.
fn may_have_customs(request: &[u8]) -> bool {
    [&b"custom"[..], br"\u00"].into_iter().any(|word| memchr::memmem::find(request, word).is_some())
}

fn names_in(client: Api, request: &[u8]) -> BTreeSet<String> {
    let Ok(outline) = Outline::scan(request) else { return BTreeSet::new() };
    let tools = outline.get("tools").and_then(Result::ok);
    sorted::set(tools.map(|tools| client.read().customs(tools)).unwrap_or_default())
}

/// Takes the text out of `{"input":"…"}` while that comes, cut anywhere.
pub(super) struct Input {
    state: State,
}

enum State {
    /// What has come before the text.
    Before(String),
    Inside,
    /// Behind a backslash.
    Escape,
    /// The digits of a `\u` so far, and the first half of a pair before it.
    Unit(String, Option<u32>),
    /// Behind the first half of a pair: how much of the `\u` of the second has come.
    Half(u32, bool),
    After,
    /// It is not of that form: all of it is the text.
    Bare,
}

impl Input {
    pub(super) fn new() -> Input {
        Input { state: State::Before(String::new()) }
    }

    /// Takes a piece and gives what it has of the text.
    pub(super) fn push(&mut self, piece: &str) -> String {
        let mut text = String::new();
        piece.chars().for_each(|letter| self.letter(letter, &mut text));
        text
    }

    /// What is left when no more comes.
    pub(super) fn finish(&mut self) -> String {
        match std::mem::replace(&mut self.state, State::After) {
            State::Before(head) => head,
            State::Half(..) | State::Unit(_, Some(_)) => char::REPLACEMENT_CHARACTER.to_string(),
            _ => String::new(),
        }
    }

    fn letter(&mut self, letter: char, text: &mut String) {
        let state = std::mem::replace(&mut self.state, State::After);
        self.state = match (state, letter) {
            (State::Before(mut head), _) => {
                head.push(letter);
                before(head, text)
            }
            (State::Inside, '"') | (State::After, _) => State::After,
            (State::Inside, '\\') => State::Escape,
            (State::Escape, 'u') => State::Unit(String::new(), None),
            (State::Escape, _) => {
                text.push(escaped(letter));
                State::Inside
            }
            (State::Unit(mut digits, half), _) => {
                digits.push(letter);
                unit(digits, half, text)
            }
            (State::Half(half, false), '\\') => State::Half(half, true),
            (State::Half(half, true), 'u') => State::Unit(String::new(), Some(half)),
            (State::Half(_, behind), _) => {
                text.push(char::REPLACEMENT_CHARACTER);
                self.state = if behind { State::Escape } else { State::Inside };
                return self.letter(letter, text);
            }
            (state @ (State::Inside | State::Bare), _) => {
                text.push(letter);
                state
            }
        };
    }
}

/// What comes behind the beginning of an object.
fn before(head: String, text: &mut String) -> State {
    const BEGINNING: &str = r#"{"input":""#;
    let plain: String = head.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    match BEGINNING.strip_prefix(&*plain) {
        Some("") => State::Inside,
        Some(_) => State::Before(head),
        None => {
            text.push_str(&head);
            State::Bare
        }
    }
}

fn escaped(letter: char) -> char {
    match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        other => other,
    }
}

/// What four digits stand for, a pair of which may be one character (RFC 8259, section 7).
fn unit(digits: String, half: Option<u32>, text: &mut String) -> State {
    if digits.chars().count() < 4 {
        return State::Unit(digits, half);
    }
    let code = u32::from_str_radix(&digits, 16).unwrap_or(0xfffd);
    match (half, code) {
        (None, 0xd800..0xdc00) => return State::Half(code, false),
        (Some(half), 0xdc00..0xe000) => {
            let whole = 0x10000 + ((half - 0xd800) << 10) + (code - 0xdc00);
            text.push(char::from_u32(whole).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        (Some(_), 0xd800..0xdc00) => {
            text.push(char::REPLACEMENT_CHARACTER);
            return State::Half(code, false);
        }
        (half, _) => {
            text.extend(half.map(|_| char::REPLACEMENT_CHARACTER));
            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
    State::Inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unwrapped(pieces: &[&str]) -> String {
        let mut input = Input::new();
        let text: String = pieces.iter().map(|piece| input.push(piece)).collect();
        text + &input.finish()
    }

    proptest! {
        /// **Law: cutting changes nothing, and the text is what a parser finds.**
        #[test]
        fn free_text_comes_out_cut_anywhere(text in any::<String>(), escapes in any::<bool>(), at in any::<prop::sample::Index>()) {
            let whole = match escapes {
                true => format!(r#" {{ "input" : "{}" }}"#, text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>()),
                false => wrapped(&text),
            };
            let middle = whole.floor_char_boundary(at.index(whole.len() + 1));
            let (head, tail) = whole.split_at(middle);
            prop_assert_eq!(unwrapped(&[head, tail]), text);
        }

        #[test]
        fn anything_comes_out_or_is_the_text(text in any::<String>()) {
            let _ = unwrapped(&[&format!(r#"{{"input":"{text}"#)]);
            if !text.trim_start().starts_with('{') {
                prop_assert_eq!(unwrapped(&[&text]), text);
            }
        }
    }

    #[test]
    fn what_is_not_of_the_form_is_the_text() {
        assert_eq!(unwrapped(&["*** Begin", " Patch"]), "*** Begin Patch");
        assert_eq!(unwrapped(&[r#"{"patch":"x"}"#]), r#"{"patch":"x"}"#);
        assert_eq!(unwrapped(&["{", "}"]), "{}");
        assert_eq!(unwrapped(&[r#"{"input":"\ud83d\ude00 \ud83d!\ud83d\n"}"#]), "😀 \u{fffd}!\u{fffd}\n");
        assert_eq!(unwrapped(&[]), "");
    }
}
