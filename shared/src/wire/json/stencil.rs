//! Text that is written again and again with another string in one place: events of a stream.

use bytes::BytesMut;

use super::push_escaped;

/// Writes texts that are alike but for a string, from the second on without putting them together anew.
///
/// What `K` tells apart may differ in more.
#[derive(Debug)]
pub(crate) struct Stencils<K> {
    last: Option<K>,
    stencil: Option<Stencil>,
}

#[derive(Debug)]
struct Stencil {
    before: Box<[u8]>,
    after: Box<[u8]>,
}

impl<K> Default for Stencils<K> {
    fn default() -> Stencils<K> {
        Stencils { last: None, stencil: None }
    }
}

impl<K: PartialEq> Stencils<K> {
    /// Appends what `write` writes for these words. For the same `key` it must always write the same around them, and the
    /// words once.
    pub(crate) fn write(
        &mut self,
        key: K,
        words: &str,
        out: &mut BytesMut,
        write: impl Fn(&str, &mut BytesMut),
    ) {
        if self.last.as_ref() != Some(&key) {
            (self.last, self.stencil) = (Some(key), None);
            return write(words, out);
        }
        let Stencil { before, after } = self.stencil.get_or_insert_with(|| Stencil::of(write));
        out.reserve(before.len() + words.len() + after.len() + 2);
        out.extend_from_slice(before);
        push_escaped(words, out);
        out.extend_from_slice(after);
    }
}

impl Stencil {
    fn of(write: impl Fn(&str, &mut BytesMut)) -> Stencil {
        let written = |words| {
            let mut out = BytesMut::new();
            write(words, &mut out);
            out
        };
        let (empty, filled) = (written(""), written("x"));
        // They begin to differ behind the quote that opens the string.
        let quote = empty.iter().zip(&filled).take_while(|(one, other)| one == other).count();
        let (before, after) = empty.split_at_checked(quote).unwrap_or_default();
        let before = before.strip_suffix(b"\"").unwrap_or(before);
        Stencil { before: before.into(), after: after.strip_prefix(b"\"").unwrap_or(after).into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::Writer;
    use proptest::prelude::*;

    fn write(key: u8, words: &str, out: &mut BytesMut) {
        Writer::new(out).object(|o| {
            o.key("a").string("\"\"");
            o.key("words").string(words);
            o.key("key").integer(key);
        });
    }

    proptest! {
        #[test]
        fn what_is_written_is_as_if_put_together_anew(texts in prop::collection::vec((0..2_u8, any::<String>()), 0..9)) {
            let (mut stencils, mut out, mut wanted) = (Stencils::default(), BytesMut::new(), BytesMut::new());
            for (key, words) in texts {
                stencils.write(key, &words, &mut out, |words, out| write(key, words, out));
                write(key, &words, &mut wanted);
            }
            prop_assert_eq!(out, wanted);
        }
    }
}
