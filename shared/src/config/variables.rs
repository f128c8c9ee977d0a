//! `$VAR` and `${VAR}` in values.

use std::borrow::Cow;

/// A piece of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    /// The variable's name.
    Variable(&'a str),
}

/// Takes a value apart. `$$` is a dollar, and so is a `$` that no name follows; a name has ASCII letters, digits and
/// `_`, and no digit first.
pub fn pieces(value: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (piece, after) = first(rest)?;
        rest = after;
        Some(piece)
    })
}

/// The names of the variables in a value.
pub fn names(value: &str) -> impl Iterator<Item = &str> {
    pieces(value).filter_map(|piece| match piece {
        Piece::Variable(name) => Some(name),
        Piece::Text(_) => None,
    })
}

/// Whether there is a `${` that begins no variable.
pub fn is_torn(value: &str) -> bool {
    let dollars = value.replace("$$", "");
    dollars.split('$').skip(1).any(|after| after.starts_with('{') && braced(after).is_none())
}

/// Puts the variables' values in. What a value has in it is never looked at again.
///
/// Fails with the names that `lookup` does not know.
pub fn expand<'a>(
    value: &'a str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Cow<'a, str>, Vec<&'a str>> {
    if !value.contains('$') {
        return Ok(Cow::Borrowed(value));
    }
    let mut expanded = String::with_capacity(value.len());
    let mut missing = Vec::new();
    for piece in pieces(value) {
        match piece {
            Piece::Text(text) => expanded.push_str(text),
            Piece::Variable(name) => match lookup(name) {
                Some(found) => expanded.push_str(&found),
                None => missing.push(name),
            },
        }
    }
    if missing.is_empty() { Ok(Cow::Owned(expanded)) } else { Err(missing) }
}

fn first(value: &str) -> Option<(Piece<'_>, &str)> {
    let Some(after) = value.strip_prefix('$') else {
        let (text, rest) = value.split_at_checked(value.find('$').unwrap_or(value.len()))?;
        return (!text.is_empty()).then_some((Piece::Text(text), rest));
    };
    if let Some(rest) = after.strip_prefix('$') {
        return Some((Piece::Text("$"), rest));
    }
    Some(braced(after).or_else(|| bare(after)).unwrap_or((Piece::Text("$"), after)))
}

fn braced(after: &str) -> Option<(Piece<'_>, &str)> {
    let (name, rest) = after.strip_prefix('{')?.split_once('}')?;
    (name_length(name) == name.len() && !name.is_empty()).then_some((Piece::Variable(name), rest))
}

fn bare(after: &str) -> Option<(Piece<'_>, &str)> {
    let (name, rest) = after.split_at_checked(name_length(after))?;
    (!name.is_empty()).then_some((Piece::Variable(name), rest))
}

/// How many bytes of the beginning are a name.
fn name_length(text: &str) -> usize {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return 0;
    }
    text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(value: &str, expected: Result<&str, Vec<&str>>) {
        let lookup = |name: &str| match name {
            "KEY" => Some("k".to_owned()),
            "DOLLARS" => Some("$KEY${KEY}$$".to_owned()),
            _ => None,
        };
        assert_eq!(expand(value, lookup), expected.map(Cow::Borrowed), "{value}");
    }

    #[test]
    fn variables_are_put_in_anywhere_in_a_value() {
        check("plain", Ok("plain"));
        check("$KEY", Ok("k"));
        check("${KEY}", Ok("k"));
        check("Bearer $KEY, and ${KEY}s", Ok("Bearer k, and ks"));
        check("ü$KEY€", Ok("ük€"));
    }

    #[test]
    fn a_dollar_can_be_a_dollar() {
        check(
            "$$KEY costs 5$ or $5, ${} ${not a name} ${KEY",
            Ok("$KEY costs 5$ or $5, ${} ${not a name} ${KEY"),
        );
        check("$", Ok("$"));
        check("$$", Ok("$"));
    }

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        check("$DOLLARS", Ok("$KEY${KEY}$$"));
    }

    #[test]
    fn all_unknown_names_are_told() {
        check("$ONE and ${TWO} and $KEY", Err(vec!["ONE", "TWO"]));
        assert_eq!(names("a $ONE$$ONE ${TWO}").collect::<Vec<_>>(), ["ONE", "TWO"]);
    }

    proptest! {
        /// Nothing of a value without a dollar changes, and doubling the dollars keeps any value as it is.
        #[test]
        fn a_value_with_doubled_dollars_stays(value in "\\PC*") {
            let doubled = value.replace('$', "$$");
            prop_assert_eq!(expand(&doubled, |_| None), Ok(Cow::Borrowed(value.as_str())));
        }
    }
}
