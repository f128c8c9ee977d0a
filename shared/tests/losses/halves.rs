//! Halves of characters in answers: no text has them, so that something else stands there is told.

use crate::answers::{FAMILIES, framed, streamed};
use crate::probe::CLIENTS;
use crate::world::{receive, receive_as};

/// `bytes` with half of a character in the words of each plain answer.
fn halved(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    assert!(text.contains("Hello"), "{text}");
    text.replace("Hello", r"Hel\ud83dlo").into_bytes()
}

#[test]
fn halves_of_characters_in_answers_are_named() {
    for family in &FAMILIES {
        let (upstream, answer) = (family.upstream(), &family.answers()[0].1);
        let stream = framed(upstream.api, &streamed(upstream.api, answer));
        let whole = (false, answer.to_string().into_bytes());
        // Binary frames say how long they are.
        let stream = Some((true, stream)).filter(|_| upstream.name != "converse");
        for (is_stream, bytes) in [whole].into_iter().chain(stream) {
            for client in CLIENTS.iter().filter(|client| client.name != upstream.name) {
                let at = format!("{} to {}, streamed: {is_stream}", upstream.name, client.name);
                let own = upstream.name == "openai" && client.name == "completions";
                let losses = receive(client, upstream, &halved(&bytes), is_stream).losses;
                let is_named = losses.iter().any(|loss| loss.ends_with("(approximated)"));
                assert_eq!(is_named, !own, "{at}: {losses:?}");
                if is_stream {
                    let plain = String::from_utf8(halved(&bytes)).expect("text");
                    let torn = plain.trim_end_matches("data: [DONE]\n\n").trim_end().as_bytes();
                    let losses = receive(client, upstream, torn, true).losses;
                    assert!(
                        own || losses.iter().any(|loss| loss.ends_with("(approximated)")),
                        "{at}: {losses:?}"
                    );
                    let losses = receive_as(client, upstream, plain.as_bytes(), false, true).losses;
                    let named = losses.iter().filter(|loss| loss.ends_with("(approximated)")).count();
                    assert!(named > 0, "{at}, collected: {losses:?}");
                }
                let losses = receive(client, upstream, &bytes, is_stream).losses;
                assert!(!losses.iter().any(|loss| loss.ends_with("(approximated)")), "{at}: {losses:?}");
            }
        }
    }
}
