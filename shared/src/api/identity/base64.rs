//! Base64 with the letters that names of tools' calls may have (RFC 4648, section 5), in whole groups only.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Appends a group of four letters for each three bytes; a last group of fewer bytes has fewer letters.
pub(super) fn encode(bytes: &[u8], out: &mut String) {
    out.reserve(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - group.len()));
        let letter = |place: usize| LETTERS.get((word >> (18 - 6 * place)) as usize & 63).copied();
        out.extend((0..=group.len()).filter_map(letter).map(char::from));
    }
}

/// The bytes, where the text is the encoding of some. Those of the other alphabet (section 4) are the same to a client that
/// has had the bytes in its hands.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.as_bytes().chunks(4) {
        let word = group.iter().try_fold(0u32, |word, letter| Some(word << 6 | value(*letter)?))?;
        let word = word << (6 * (4 - group.len()));
        // What is left of the last letter says nothing.
        let left = 8 * (4 - group.len());
        if word & ((1 << left) - 1) != 0 {
            return None;
        }
        bytes.extend(word.to_be_bytes().iter().skip(1).take(group.len() - 1));
    }
    Some(bytes)
}

fn value(letter: u8) -> Option<u32> {
    Some(match letter {
        b'A'..=b'Z' => u32::from(letter - b'A'),
        b'a'..=b'z' => u32::from(letter - b'a') + 26,
        b'0'..=b'9' => u32::from(letter - b'0') + 52,
        b'-' | b'+' => 62,
        b'_' | b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(bytes: &[u8]) -> String {
        let mut out = String::new();
        encode(bytes, &mut out);
        out
    }

    /// RFC 4648, section 10.
    #[test]
    fn vectors() {
        for (bytes, text) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")]
        {
            assert_eq!(encoded(bytes.as_bytes()), text);
        }
        assert_eq!(encoded(&[0xfb, 0xff]), "-_8");
        assert_eq!(decode("+/8"), decode("-_8"));
        assert_eq!(decode("a b="), None);
    }

    proptest! {
        #[test]
        fn what_was_encoded_decodes(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(decode(&encoded(&bytes)), Some(bytes));
        }

        #[test]
        fn anything_decodes_or_does_not(text in any::<String>()) {
            let _ = decode(&text);
        }
    }
}
