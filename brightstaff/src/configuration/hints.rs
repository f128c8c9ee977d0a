//! What is probably wrong with a text that is no YAML: a parser says what it had to see, and seldom what was forgotten.

/// What a parser says, and what its author may have forgotten.
const HINTS: &[(&str, &str)] = &[
    ("mapping values", "a value with `: ` in it needs quotes, and a key needs a space behind its `:`"),
    ("unexpected character", "a value that begins with it needs quotes"),
    ("quoted scalar", "is its quote closed?"),
    ("tabs", "indent with spaces"),
];

/// What may be wrong where a parser stopped in `line` (from 1) of `text`, saying `why`.
pub(super) fn hint(text: &str, line: usize, why: &str) -> Option<String> {
    if let Some((bracket, line)) = open_bracket(text, line) {
        return Some(format!("the `{bracket}` in line {line} is still open here"));
    }
    let known = || HINTS.iter().find(|(said, _)| why.contains(said)).map(|(_, hint)| (*hint).to_owned());
    misplaced(text, line).or_else(known)
}

/// The innermost bracket that is open where a line begins, and its own line, as far as can be told without reading: one
/// that stands where a value begins.
fn open_bracket(text: &str, until: usize) -> Option<(char, usize)> {
    let mut open = Vec::new();
    for (line, text) in (1..until).zip(text.lines()) {
        let mut before = '-';
        let plain = text.split(" #").next().unwrap_or_default();
        for letter in plain.chars().filter(|letter| !letter.is_whitespace()) {
            match letter {
                '{' | '[' if "-:,[{".contains(before) => open.push((letter, line)),
                '}' | ']' => drop(open.pop()),
                _ => {}
            }
            before = letter;
        }
    }
    open.pop()
}

/// What is wrong with where a line begins.
fn misplaced(text: &str, line: usize) -> Option<String> {
    let here = Line::of(text.lines().nth(line - 1)?)?;
    let above = text.lines().take(line - 1).filter_map(Line::of).collect::<Vec<_>>();
    let last = above.last()?;
    let levels = levels(&above);
    let is_deeper = here.indent > last.content && (last.opens || here.indent == last.indent);
    if !levels.contains(&here.indent) && !is_deeper {
        let columns = levels.iter().map(|level| (level + 1).to_string()).collect::<Vec<_>>().join(", ");
        let column = here.indent + 1;
        return Some(format!("this line begins in column {column}, and what is open above it in {columns}"));
    }
    let is_list = above.iter().rev().find(|line| line.indent == here.indent).is_some_and(Line::is_entry);
    (is_list && !here.is_entry()).then(|| "each entry of a list begins with `- `".to_owned())
}

/// Where blocks begin that are still open behind these lines, from the outermost on.
fn levels(lines: &[Line]) -> Vec<usize> {
    let mut levels = Vec::new();
    for line in lines {
        levels.retain(|level| *level < line.indent);
        levels.push(line.indent);
        if line.is_entry() {
            levels.push(line.content);
        }
    }
    levels
}

/// A line that says something.
struct Line {
    /// How many spaces it begins with.
    indent: usize,
    /// How many characters stand before what it says: `- ` counts.
    content: usize,
    /// Whether what it says goes on in deeper lines.
    opens: bool,
}

impl Line {
    /// None for a line that says nothing.
    fn of(text: &str) -> Option<Line> {
        let said = text.trim_start_matches(' ');
        let content = said.trim_start_matches(['-', ' ']);
        let is_entry = said.starts_with("- ") && !content.is_empty();
        let before = |rest: &str| text.chars().count() - rest.chars().count();
        let is_said = !said.trim().is_empty() && !said.starts_with('#');
        is_said.then(|| Line {
            indent: before(said),
            content: before(if is_entry { content } else { said }),
            opens: text.split(" #").next().unwrap_or_default().trim_end().ends_with([':', '-', '|', '>']),
        })
    }

    fn is_entry(&self) -> bool {
        self.content > self.indent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, line: usize, why: &str, expected: Option<&str>) {
        assert_eq!(hint(text, line, why).as_deref(), expected, "{text}");
    }

    #[test]
    fn a_line_that_stands_between_two_levels_is_told() {
        let told = "this line begins in column 4, and what is open above it in 1, 3, 5";
        check("a:\n  - b: 1\n   c: 2\n", 3, "", Some(told));
        let told = "this line begins in column 6, and what is open above it in 1, 3, 5";
        check("a:\n  - b: 1 # why\n\n     c: 2\n", 4, "mapping values", Some(told));
        check("a: 1\n b: 2\n", 2, "", Some("this line begins in column 2, and what is open above it in 1"));
    }

    #[test]
    fn an_entry_without_its_dash_is_told() {
        check("a:\n  - b: 1\n  c: 2\n", 3, "", Some("each entry of a list begins with `- `"));
        check("a:\n  - b: 1\n    c: 2\n", 3, "", None);
        check("a:\n  - b:\n      c: 2\n", 3, "", None);
        check("a:\n  -\n    c: 2\n", 3, "", None);
    }

    #[test]
    fn what_needs_quotes_is_told() {
        check("a: @b\n", 1, "unexpected character: `@'", Some("a value that begins with it needs quotes"));
        check("", 1, "", None);
    }

    #[test]
    fn a_bracket_comes_first() {
        check("a: {b: 1\n c: 2\n", 2, "", Some("the `{` in line 1 is still open here"));
    }
}
