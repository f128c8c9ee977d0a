//! YAML as a tree in which every value knows its line and column.

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use shared::config::{Path, Step};

use super::hints::hint;

/// The longest text that is read, in bytes.
pub(super) const LONGEST: usize = 1 << 20;

/// The most values a tree may have; aliases count as what they stand for.
const MOST_NODES: usize = 100_000;

/// How deep values may nest.
const DEEPEST: usize = 64;

/// Where something begins, both from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A value and where it is.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    /// What it means depends on what is wanted; `plain` is whether it stands without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) place: Place,
}

/// Why a text is no tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) place: Place,
    pub(super) why: String,
}

impl Node {
    /// Reads a text of one document.
    pub(super) fn read(text: &str) -> Result<Node, Malformed> {
        if text.len() > LONGEST {
            return Err(Malformed::at(START, format!("is longer than {LONGEST} bytes")));
        }
        let parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        let read = Reader { parser, anchors: BTreeMap::new(), nodes: 0 }.document();
        read.map_err(|error| error.within(text))
    }

    /// The value of a member.
    pub(super) fn member(&self, name: &str) -> Option<&Node> {
        let Value::Map(members) = &self.value else { return None };
        members.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// Where the path leads, or as far as it can be followed: a member's place is that of its key.
    pub(super) fn place_of(&self, path: &Path) -> Place {
        let mut here = (self, self.place);
        for step in path.steps() {
            let Some(next) = here.0.step(step) else { break };
            here = next;
        }
        here.1
    }

    fn step(&self, step: &Step) -> Option<(&Node, Place)> {
        match (&self.value, step) {
            (Value::List(items), Step::Index(index)) => items.get(*index).map(|node| (node, node.place)),
            (Value::Map(members), Step::Key(name)) => {
                members.iter().find(|(key, _)| key.name == *name).map(|(key, node)| (node, key.place))
            }
            _ => None,
        }
    }

    fn size(&self) -> usize {
        match &self.value {
            Value::Scalar { .. } => 1,
            Value::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Value::Map(members) => 1 + members.iter().map(|(_, node)| node.size()).sum::<usize>(),
        }
    }
}

const START: Place = Place { line: 1, column: 1 };

impl Malformed {
    fn at(place: Place, why: impl Into<String>) -> Malformed {
        Malformed { place, why: why.into() }
    }

    /// The same with what its author probably meant.
    fn within(mut self, text: &str) -> Malformed {
        if let Some(hint) = hint(text, self.place.line, &self.why) {
            self.why.push_str(&format!("; {hint}"));
        }
        self
    }
}

impl From<ScanError> for Malformed {
    fn from(error: ScanError) -> Malformed {
        Malformed::at(place(error.marker()), format!("is no YAML: {}", error.info()))
    }
}

/// Reads events.
struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn document(mut self) -> Result<Node, Malformed> {
        let root = loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd, _) => return Err(Malformed::at(START, "is empty")),
                (event, span) => break self.node(event, &span, 0)?,
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(root),
                (Event::DocumentStart(_), span) => {
                    return Err(Malformed::at(place(&span.start), "a second document begins here"));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Malformed> {
        match self.parser.next_event() {
            Some(event) => Ok(event?),
            None => Ok((Event::StreamEnd, Span::empty(Marker::new(0, 1, 0)))),
        }
    }

    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Node, Malformed> {
        let place = place(&span.start);
        if depth > DEEPEST {
            return Err(Malformed::at(place, format!("is nested deeper than {DEEPEST}")));
        }
        let (value, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, place),
            Event::Scalar(text, style, anchor, tag) => (scalar(&text, style, tag, place)?, anchor),
            Event::SequenceStart(anchor, _) => (Value::List(self.list(depth)?), anchor),
            Event::MappingStart(anchor, _) => (Value::Map(self.map(depth)?), anchor),
            _ => return Err(Malformed::at(place, "is no YAML: a value is missing")),
        };
        let node = Node { place, value };
        self.count(1, place)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<Node, Malformed> {
        let node = self.anchors.get(&anchor).cloned();
        let node = node.ok_or_else(|| Malformed::at(place, "an alias stands for what it is part of"))?;
        self.count(node.size(), place)?;
        Ok(Node { place, ..node })
    }

    fn count(&mut self, nodes: usize, place: Place) -> Result<(), Malformed> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES {
            return Err(Malformed::at(place, format!("has more than {MOST_NODES} values")));
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Malformed> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(Key, Node)>, Malformed> {
        let mut members: Vec<(Key, Node)> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(name, ..) => Key { name: name.into_owned(), place: place(&span.start) },
                _ => return Err(Malformed::at(place(&span.start), "a key must be a word")),
            };
            let (event, span) = self.next()?;
            let node = self.node(event, &span, depth + 1)?;
            if key.name == "<<" {
                merge(node, &mut merged)?;
                continue;
            }
            if let Some((first, _)) = members.iter().find(|(known, _)| known.name == key.name) {
                let why = format!("the key `{}` is already in line {}", key.name, first.place.line);
                return Err(Malformed::at(key.place, why));
            }
            members.push((key, node));
        }
        merged.retain(|(key, _): &(Key, Node)| !members.iter().any(|(own, _)| own.name == key.name));
        members.extend(merged);
        Ok(members)
    }
}

/// YAML 1.1's `<<`: a mapping, or a list of them, whose members are taken over; the first of a name counts.
fn merge(node: Node, into: &mut Vec<(Key, Node)>) -> Result<(), Malformed> {
    match node.value {
        Value::Map(members) => {
            for (key, node) in members {
                if !into.iter().any(|(known, _)| known.name == key.name) {
                    into.push((key, node));
                }
            }
            Ok(())
        }
        Value::List(nodes) => nodes.into_iter().try_for_each(|node| merge(node, into)),
        Value::Scalar { .. } => {
            Err(Malformed::at(node.place, "`<<` takes over the members of a mapping only"))
        }
    }
}

fn scalar(
    text: &str,
    style: ScalarStyle,
    tag: Option<Cow<'_, Tag>>,
    place: Place,
) -> Result<Value, Malformed> {
    let tagged = match tag {
        None => false,
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => true,
        Some(tag) => return Err(Malformed::at(place, format!("the tag `{tag}` means nothing here"))),
    };
    Ok(Value::Scalar { text: text.to_owned(), plain: style == ScalarStyle::Plain && !tagged })
}

fn place(marker: &Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        let malformed = Node::read(text).unwrap_err();
        format!("{}:{}: {}", malformed.place.line, malformed.place.column, malformed.why)
    }

    #[test]
    fn every_value_knows_its_place() {
        let tree = Node::read("\u{feff}a:\n  - b: 1\n  - ü: {c: \"d\"}\n").unwrap();
        let path = Path::default().key("a").index(1).key("ü").key("c");
        assert_eq!(tree.place_of(&path), Place { line: 3, column: 9 });
        assert_eq!(tree.place_of(&Path::default().key("a").key("absent")), Place { line: 1, column: 1 });
    }

    #[test]
    fn what_is_no_tree_is_told_with_its_place() {
        assert_eq!(why(""), "1:1: is empty");
        assert_eq!(why("a: 1\nb: 2\na: 3\n"), "3:1: the key `a` is already in line 1");
        assert_eq!(why("a: 1\n---\nb: 1\n"), "2:1: a second document begins here");
        assert_eq!(why("? [a]\n: b\n"), "1:3: a key must be a word");
        assert_eq!(why("a: !secret b\n"), "1:4: the tag `!secret` means nothing here");
        assert!(why("a: [1\nb: 2").contains("is no YAML"));
    }

    #[test]
    fn merged_members_come_behind_ones_own() {
        let tree = Node::read("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\n").unwrap();
        let own = tree.member("own").unwrap();
        let text = |name| match &own.member(name).unwrap().value {
            Value::Scalar { text, .. } => text.clone(),
            _ => unreachable!(),
        };
        assert_eq!((text("x"), text("y")), ("1".to_owned(), "3".to_owned()));
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(why(&bomb).contains("has more than 100000 values"));
        assert!(why(&"[".repeat(100_000)).len() < 200);
        assert!(why(&format!("{}1", "- ".repeat(200))).contains("nested deeper"));
        assert!(why(&format!("a: \"{}\"", "x".repeat(LONGEST))).contains("is longer than"));
        assert!(why("a: &a [*a]").contains("an alias"));
    }
}
