//! A site with a few images and documents, beside the provider: `/site/…`.

use std::time::Duration;

use bytes::Bytes;
use corpus::Body;

use super::{Ending, Script};

/// An image, as far as its first bytes tell.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";

/// What is at a path; none where it is not one of the site's.
pub(super) fn answer(path: &str) -> Option<Script> {
    let name = path.strip_prefix("/site/")?.split('?').next()?;
    Some(match name {
        // Servers say what they like.
        "pixel.png" => page("text/plain", PNG.to_vec()),
        "document" => page("image/png", b"%PDF-1.7 words".to_vec()),
        "long" => page("image/png", [PNG, &[b'x'; 5_000]].concat()),
        "moved" => {
            let headers = vec![("location".to_owned(), "/site/pixel.png".to_owned())];
            Script { status: 302, headers, ..page("text/plain", Vec::new()) }
        }
        "silence" => {
            Script { wait: Duration::from_secs(60), ending: Ending::Silent, ..page("image/png", Vec::new()) }
        }
        "page" => page("image/png", b"<html>no image</html>".to_vec()),
        _ => Script { status: 404, ..page("image/png", PNG.to_vec()) },
    })
}

fn page(media_type: &'static str, bytes: Vec<u8>) -> Script {
    let body = Body { extension: "bin".to_owned(), bytes: Vec::new() };
    Script { media_type, pieces: vec![Bytes::from(bytes)], ..Script::body(&body) }
}
