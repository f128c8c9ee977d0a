//! Header maps as Envoy writes them into the filter's memory.

use bytes::Bytes;

/// A header map: names and values in their order. The names that begin with a colon are HTTP/2's (RFC 9113, section 8.3);
/// Envoy has them for HTTP/1 too.
///
/// It stays as it came: how many pairs there are, the lengths of each one's name and value, then all names and values, each
/// with a zero behind it. Numbers have 32 bits, the lowest first.
///
/// <https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#maps>
#[derive(Clone, Default)]
pub(crate) struct Pairs(Bytes);

/// How many bytes the lengths of a name and its value take.
const LENGTHS: usize = 2 * size_of::<u32>();

impl Pairs {
    pub(crate) fn new(written: Bytes) -> Pairs {
        Pairs(written)
    }

    /// How many pairs there are said to be.
    pub(crate) fn len(&self) -> usize {
        split_length(&self.0).map_or(0, |(count, _)| count)
    }

    /// Names and values in their order, as far as they are whole.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let (count, rest) = split_length(&self.0).unwrap_or_default();
        let (mut lengths, mut texts) =
            rest.split_at_checked(count.saturating_mul(LENGTHS)).unwrap_or_default();
        std::iter::from_fn(move || {
            let (name, value);
            (name, lengths) = split_length(lengths)?;
            (value, lengths) = split_length(lengths)?;
            Some((split_text(&mut texts, name)?, split_text(&mut texts, value)?))
        })
    }

    /// The value of the first pair with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(found, _)| *found == name.as_bytes()).map(|(_, value)| value)
    }

    /// A value of this map, which shares the map's memory.
    pub(crate) fn share(&self, value: &[u8]) -> Bytes {
        self.0.slice_ref(value)
    }
}

fn split_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*length) as usize, rest))
}

/// Takes a text of this length off the front, with the zero behind it.
fn split_text<'t>(texts: &mut &'t [u8], length: usize) -> Option<&'t [u8]> {
    let (text, rest) = texts.split_at_checked(length)?;
    *texts = rest.split_first()?.1;
    Some(text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A map as Envoy would write it.
    pub(crate) fn written(pairs: &[(&str, &str)]) -> Vec<u8> {
        let length = |text: &str| u32::try_from(text.len()).unwrap().to_le_bytes();
        let count = u32::try_from(pairs.len()).unwrap().to_le_bytes();
        let lengths = pairs.iter().flat_map(|(name, value)| [length(name), length(value)]);
        let texts = pairs.iter().flat_map(|(name, value)| [name.as_bytes(), b"\0", value.as_bytes(), b"\0"]);
        [count].into_iter().chain(lengths).flatten().chain(texts.flatten().copied()).collect()
    }

    fn read(pairs: &Pairs) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        pairs.iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn a_map_is_read_in_its_order() {
        let given = [(":path", "/v1"), ("x-a", "1"), ("x-a", ""), ("x-b", "a\0b")];
        let pairs = Pairs::new(written(&given).into());
        assert_eq!(pairs.len(), 4);
        assert_eq!(read(&pairs), given.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(pairs.get("x-a"), Some(&b"1"[..]));
        assert_eq!(pairs.get("x-c"), None);
        assert_eq!(pairs.share(pairs.get("x-b").unwrap()), "a\0b");
    }

    #[test]
    fn what_is_cut_anywhere_is_read_as_far_as_it_is_whole() {
        let whole = written(&[("a", "1"), ("b", "2")]);
        let all = read(&Pairs::new(whole.clone().into()));
        for end in 0..whole.len() {
            let cut = read(&Pairs::new(whole[..end].to_vec().into()));
            assert!(cut.len() < all.len() && all.starts_with(&cut), "{end}: {cut:?}");
        }
        assert_eq!(read(&Pairs::new(vec![255; 64].into())), []);
    }
}
