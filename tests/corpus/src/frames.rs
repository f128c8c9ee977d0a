//! Event streams of AWS, written as people write them and encoded as Bedrock sends them.
//!
//! A line is a frame: `event NAME JSON` or `exception NAME JSON`; `chunk JSON` is one that holds an event of the model's
//! own API in Base64; `bytes TEXT` is no frame at all.
//! <https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html>
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html>

/// The bytes of all lines.
///
/// # Panics
/// Where a line is of no kind.
pub fn encode(text: &str) -> Vec<u8> {
    text.lines().filter(|line| !line.is_empty()).flat_map(line).collect()
}

/// Where each frame of well-formed bytes ends.
pub(crate) fn ends(mut bytes: &[u8]) -> Vec<usize> {
    let (mut ends, mut end) = (Vec::new(), 0);
    while let Some(length) = bytes.first_chunk().map(|length| u32::from_be_bytes(*length) as usize) {
        let Some((_, rest)) = bytes.split_at_checked(length) else { break };
        end += length;
        ends.push(end);
        bytes = rest;
    }
    ends
}

fn line(line: &str) -> Vec<u8> {
    let (kind, rest) = line.split_once(' ').unwrap_or_else(|| panic!("no frame: {line}"));
    match kind {
        "bytes" => return rest.as_bytes().to_vec(),
        "chunk" => return chunk(rest),
        _ => {}
    }
    assert!(matches!(kind, "event" | "exception"), "no frame: {line}");
    let (name, payload) = rest.split_once(' ').unwrap_or_else(|| panic!("no payload: {line}"));
    let named = format!(":{kind}-type");
    frame(
        &[(&named, name), (":content-type", "application/json"), (":message-type", kind)],
        payload.as_bytes(),
    )
}

fn chunk(event: &str) -> Vec<u8> {
    let payload = format!("{{\"bytes\":\"{}\"}}", base64(event.as_bytes()));
    line(&format!("event chunk {payload}"))
}

/// Written plainly, and not with the gateway's own tables.
fn base64(bytes: &[u8]) -> String {
    bytes.chunks(3).map(four).collect()
}

/// Up to three bytes as four letters.
fn four(three: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let byte = |at: usize| usize::from(three.get(at).copied().unwrap_or_default());
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    let letter =
        |at: usize| if at > three.len() { '=' } else { char::from(LETTERS[bits >> (18 - 6 * at) & 63]) };
    (0..4).map(letter).collect()
}

fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let headers: Vec<u8> = headers.iter().flat_map(|(name, value)| header(name, value)).collect();
    let length = |bytes: usize| (bytes as u32).to_be_bytes();
    let mut frame = [length(16 + headers.len() + payload.len()), length(headers.len())].concat();
    seal(&mut frame);
    frame.extend(headers);
    frame.extend(payload);
    seal(&mut frame);
    frame
}

/// A header whose value is a string, which is type 7.
fn header(name: &str, value: &str) -> Vec<u8> {
    let mut header = vec![name.len() as u8];
    header.extend(name.as_bytes());
    header.push(7);
    header.extend((value.len() as u16).to_be_bytes());
    header.extend(value.as_bytes());
    header
}

fn seal(bytes: &mut Vec<u8>) {
    bytes.extend(crc32(bytes).to_be_bytes());
}

/// The checksum of ISO 3309. It is computed plainly on purpose, and not with the gateway's own.
fn crc32(bytes: &[u8]) -> u32 {
    let bit = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of the algorithm, and AWS's own example of an empty frame.
    #[test]
    fn checksums_are_right() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(frame(&[], b""), [0, 0, 0, 16, 0, 0, 0, 0, 5, 194, 72, 235, 125, 152, 200, 255]);
    }

    #[test]
    fn a_line_is_a_frame() {
        let stream = encode("event messageStart {\"role\":\"assistant\"}\n\nexception x {}\n");
        let found = ends(&stream);
        assert_eq!((found.len(), found.last()), (2, Some(&stream.len())));
        assert!(String::from_utf8_lossy(&stream).contains("{\"role\":\"assistant\"}"));
        assert_eq!(encode("bytes HTTP/1.1 500"), b"HTTP/1.1 500");
        let chunk = encode("chunk {\"a\":1}");
        assert!(String::from_utf8_lossy(&chunk).contains(r#"{"bytes":"eyJhIjoxfQ=="}"#));
    }

    /// The examples of RFC 4648.
    #[test]
    fn base64_is_right() {
        let words = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let wanted = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(words.map(|word| base64(word.as_bytes())), wanted);
    }
}
