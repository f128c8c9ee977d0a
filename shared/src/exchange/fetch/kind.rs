//! What bytes are, as they themselves tell.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::ir::Source;

/// How images begin.
///
/// <https://www.iana.org/assignments/media-types>: PNG, section 5.2 of its specification; JPEG's marker; GIF's two
/// versions.
const IMAGES: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
];

/// Where a PDF's first words may be at the latest.
const PDF_WITHIN: usize = 1024;

/// The bytes as a source of an image, or else of a document; none where they are neither.
pub(super) fn source(bytes: &[u8], image: bool) -> Option<Source<'static>> {
    if image {
        return Some(encoded(image_type(bytes)?, bytes));
    }
    let start = bytes.get(..PDF_WITHIN).unwrap_or(bytes);
    if memchr::memmem::find(start, b"%PDF-").is_some() {
        return Some(encoded("application/pdf", bytes));
    }
    // Text has no zeros.
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    Some(Source::Text(Cow::Owned(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())))
}

fn image_type(bytes: &[u8]) -> Option<&'static str> {
    let plain = IMAGES.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, media_type)| *media_type);
    // RIFF, a length, and what is in it: https://developers.google.com/speed/webp/docs/riff_container
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP".as_slice());
    plain.or(webp.then_some("image/webp"))
}

fn encoded(media_type: &'static str, bytes: &[u8]) -> Source<'static> {
    Source::Base64 { media_type: Cow::Borrowed(media_type), data: Cow::Owned(STANDARD.encode(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_what_they_are() {
        let media_type = |bytes: &[u8], image| match source(bytes, image) {
            Some(Source::Base64 { media_type, .. }) => media_type.into_owned(),
            Some(Source::Text(text)) => format!("text: {text}"),
            _ => String::new(),
        };
        for (bytes, wanted) in [
            (b"\x89PNG\r\n\x1a\n...".as_slice(), "image/png"),
            (b"\xff\xd8\xff\xe0...", "image/jpeg"),
            (b"GIF89a...", "image/gif"),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", "image/webp"),
            (b"RIFF\x01\x02\x03\x04WAVEfmt ", ""),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ""),
            (b"%PDF-1.7", ""),
            (b"", ""),
        ] {
            assert_eq!(media_type(bytes, true), wanted);
        }
        for (bytes, wanted) in [
            (b"%PDF-1.7".as_slice(), "application/pdf"),
            (b"\n\n%PDF-1.7", "application/pdf"),
            (b"\xef\xbb\xbfwords", "text: words"),
            (b"w\0rds", ""),
            (b"\xff\xd8\xff\xe0...", ""),
        ] {
            assert_eq!(media_type(bytes, false), wanted);
        }
    }
}
