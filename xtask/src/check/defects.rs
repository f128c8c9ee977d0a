//! Every row of `docs/defects.md` has a test that carries its id.

use std::collections::BTreeSet;
use std::fs;

use crate::process::{command, quietly};
use crate::{Done, tree};

const TABLE: &str = "docs/defects.md";

pub(crate) fn check() -> Done<String> {
    let table = fs::read_to_string(tree::path(TABLE)).map_err(|why| format!("{TABLE}: {why}"))?;
    let rows: Vec<Row<'_>> = table.lines().filter_map(row).collect();
    let files = quietly(&mut command("git", ["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let texts = files.lines().filter_map(|file| Some((file, fs::read_to_string(tree::path(file)).ok()?)));
    let tested: BTreeSet<String> = texts.flat_map(|(file, text)| ids(file, &text)).collect();
    let wrong: Vec<String> = rows.iter().filter_map(|row| row.fault(&tested)).collect();
    if wrong.is_empty() { Ok(format!("{} rows", rows.len())) } else { Err(wrong.join("\n")) }
}

/// A defect that is known, and whether it needs no test.
struct Row<'t> {
    id: &'t str,
    excused: bool,
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut cells = line.split('|').map(str::trim).skip(1);
    let (id, _, excuse) = (cells.next()?, cells.next()?, cells.next()?);
    is_id(id).then_some(Row { id, excused: !excuse.is_empty() })
}

impl Row<'_> {
    fn fault(&self, tested: &BTreeSet<String>) -> Option<String> {
        match (tested.contains(self.id), self.excused) {
            (false, false) => Some(format!("{TABLE}: no test carries {}", self.id)),
            (true, true) => Some(format!("{TABLE}: {} is excused, but has a test", self.id)),
            _ => None,
        }
    }
}

/// The ids that a file's tests carry.
fn ids(file: &str, text: &str) -> Vec<String> {
    let tests = file.ends_with(".rs") && (text.contains("#[test]") || file.starts_with("tests/"));
    let cases = file.starts_with("tests/corpus/") && file.ends_with(".json");
    match (tests, cases) {
        (true, _) => {
            text.lines().flat_map(|line| of_name(line).into_iter().chain(of_comment(line))).collect()
        }
        (_, true) => text
            .split(|char: char| !char.is_ascii_alphanumeric())
            .filter(|word| is_id(word))
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// `fn f3_f4_what_makes_an_answer_whole` carries F3 and F4.
fn of_name(line: &str) -> Vec<String> {
    let Some((_, name)) = line.split_once("fn ") else { return Vec::new() };
    name.split('_').map(str::to_uppercase).take_while(|word| is_id(word)).collect()
}

/// `/// Pages of models (P31, A13).` carries both.
fn of_comment(line: &str) -> Vec<String> {
    if !line.trim_start().starts_with("//") {
        return Vec::new();
    }
    let brackets = line.split('(').skip(1).filter_map(|rest| rest.split(')').next());
    let lists = brackets.map(|list| list.split(", ").map(str::to_owned).collect::<Vec<_>>());
    lists.filter(|list| list.iter().all(|word| is_id(word))).flatten().collect()
}

/// A capital letter and a number.
fn is_id(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|char| char.is_ascii_uppercase())
        && (1..=2).contains(&chars.as_str().len())
        && chars.all(|char| char.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_in_names_in_brackets_and_in_cases() {
        let rust = "    fn f3_f4_what_makes_it() {\n    /// Pages (P31, A13).\n// (not P9)\n#[test]\n";
        assert_eq!(ids("a/tests.rs", rust), ["F3", "F4", "P31", "A13"]);
        assert_eq!(ids("tests/corpus/x/case.json", r#"{"about": "words (E2, D10)"}"#), ["E2", "D10"]);
        assert!(
            ids("a/b.rs", "fn p1_not_a_test() {}").is_empty() && ids("docs/defects.md", "| P1 |").is_empty()
        );
    }

    #[test]
    fn a_row_needs_a_test_or_an_excuse_and_not_both() {
        let fault = |line: &str, tested: &[&str]| {
            let tested = tested.iter().map(ToString::to_string).collect();
            row(line).unwrap().fault(&tested).is_some()
        };
        assert!(fault("| P1 | words | |", &[]) && fault("| P1 | words | none yet |", &["P1"]));
        assert!(!fault("| P1 | words | |", &["P1"]) && !fault("| P1 | words | none yet |", &[]));
        assert!(row("| | what goes wrong | excused, since |").is_none() && row("|---|---|---|").is_none());
    }
}
