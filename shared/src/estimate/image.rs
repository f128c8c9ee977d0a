//! What a picture costs: models count by its size, which stands in the first bytes of the file.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/vision#calculate-image-costs>: a token for each 750 pixels, of a
//! picture that is made smaller where it is larger than a bound. Others come to about the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most that a picture costs, and what one costs whose size is not seen.
pub(super) const LARGEST: u64 = 1_600;

const PIXELS: u64 = 750;

/// How much of a file is looked at, in Base64: JPEG has its size behind whatever else it has.
const LOOKED_AT: usize = 256 << 10;

/// The tokens of a picture in Base64.
pub(super) fn tokens(base64: &str) -> u64 {
    let head = base64.get(..base64.len().min(LOOKED_AT) / 4 * 4).unwrap_or_default();
    let size = STANDARD.decode(head).ok().as_deref().and_then(size);
    let pixels = size.map(|(width, height)| u64::from(width) * u64::from(height));
    pixels.map_or(LARGEST, |pixels| (pixels / PIXELS).clamp(1, LARGEST))
}

/// Width and height of a PNG, a GIF, a WebP or a JPEG.
fn size(file: &[u8]) -> Option<(u32, u32)> {
    match file {
        [0x89, b'P', b'N', b'G', ..] => Some((big(file, 16, 4)?, big(file, 20, 4)?)),
        [b'G', b'I', b'F', b'8', ..] => Some((little(file, 6, 2)?, little(file, 8, 2)?)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', b'V', b'P', b'8', kind, ..] => {
            of_webp(file, *kind)
        }
        [0xff, 0xd8, ..] => of_jpeg(file),
        _ => None,
    }
}

/// <https://developers.google.com/speed/webp/docs/riff_container>
fn of_webp(file: &[u8], kind: u8) -> Option<(u32, u32)> {
    match kind {
        b'X' => Some((little(file, 24, 3)? + 1, little(file, 27, 3)? + 1)),
        b'L' => {
            let bits = little(file, 21, 4)?;
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        _ => Some((little(file, 26, 2)? & 0x3fff, little(file, 28, 2)? & 0x3fff)),
    }
}

/// Segments follow each other until one says how large the picture is (ITU T.81, B.2.2).
fn of_jpeg(file: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let marker = *file.get(at + 1)?;
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            return Some((big(file, at + 7, 2)?, big(file, at + 5, 2)?));
        }
        at += 2 + big(file, at + 2, 2)?.max(2) as usize;
    }
}

fn big(file: &[u8], at: usize, bytes: usize) -> Option<u32> {
    let bytes = file.get(at..at + bytes)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

fn little(file: &[u8], at: usize, bytes: usize) -> Option<u32> {
    let bytes = file.get(at..at + bytes)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &[u8], expected: u64) {
        assert_eq!(tokens(&STANDARD.encode(file)), expected);
    }

    #[test]
    fn pictures_cost_by_their_size() {
        let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[0, 0, 3, 0x20, 0, 0, 2, 0x58]].concat();
        check(&png, 800 * 600 / 750);
        check(b"GIF89a\x20\x03\x58\x02", 640);
        check(b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x1f\x03\0\x57\x02\0", 640);
        check(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x20\x03\x58\x02", 640);
        check(b"\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x11\x08\x02\x58\x03\x20", 640);
        check(b"GIF89a\x01\0\x01\0", 1);
        check(b"GIF89a\xff\xff\xff\xff", LARGEST);
    }

    #[test]
    fn a_picture_that_is_none_costs_the_most() {
        for file in [b"".as_slice(), b"\x89PNG", b"\xff\xd8\xff\xe0\0\0\0", b"text"] {
            check(file, LARGEST);
        }
        assert_eq!(tokens("*"), LARGEST);
        assert_eq!(tokens("aé"), LARGEST);
    }
}
