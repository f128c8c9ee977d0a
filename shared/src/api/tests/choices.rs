//! Several answers to one request: the two families that have them, both ways.

use super::*;

const FAMILIES: [Api; 2] = [Api::Completions, Api::Generate];

/// Two answers: one of words, one that calls a tool and was cut short.
fn answer(upstream: Api) -> Value {
    match upstream {
        Api::Completions => json!({"id": "1", "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "a"}},
            {"index": 1, "finish_reason": "length", "message": {"role": "assistant", "content": "b",
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}}]}),
        _ => json!({"responseId": "1", "candidates": [
            {"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [{"text": "a"}]}},
            {"index": 1, "finishReason": "MAX_TOKENS", "content": {"role": "model", "parts": [
                {"text": "b"}, {"functionCall": {"id": "c1", "name": "f", "args": {}}}]}}]}),
    }
}

/// What a client of Completions is told: by choice its words, the names of its calls, and why it ended.
fn told(chunks: &[Value]) -> Vec<(String, Vec<String>, Vec<String>)> {
    let mut told = vec![(String::new(), Vec::new(), Vec::new()); 2];
    for choice in chunks.iter().flat_map(|chunk| chunk["choices"].as_array().unwrap()) {
        let message = choice.get("delta").unwrap_or(&choice["message"]);
        let (text, calls, ends) = &mut told[choice["index"].as_u64().unwrap() as usize];
        text.push_str(message["content"].as_str().unwrap_or_default());
        let found = message["tool_calls"].as_array().into_iter().flatten();
        calls.extend(found.filter_map(|call| call["function"]["name"].as_str().map(str::to_owned)));
        ends.extend(choice["finish_reason"].as_str().map(str::to_owned));
    }
    told
}

/// The same of a client of Gemini's API.
fn told_to_gemini(chunks: &[Value]) -> Vec<(String, Vec<String>, Vec<String>)> {
    let mut told = vec![(String::new(), Vec::new(), Vec::new()); 2];
    for candidate in chunks.iter().flat_map(|chunk| chunk["candidates"].as_array().unwrap()) {
        let (text, calls, ends) = &mut told[candidate["index"].as_u64().unwrap() as usize];
        for part in candidate["content"]["parts"].as_array().unwrap() {
            text.push_str(part["text"].as_str().unwrap_or_default());
            calls.extend(part["functionCall"]["name"].as_str().map(str::to_owned));
        }
        ends.extend(candidate["finishReason"].as_str().map(str::to_owned));
    }
    told
}

fn wanted(ends: [&str; 2]) -> Vec<(String, Vec<String>, Vec<String>)> {
    let [first, second] = ends.map(|end| vec![end.to_owned()]);
    vec![("a".to_owned(), Vec::new(), first), ("b".to_owned(), vec!["f".to_owned()], second)]
}

/// D19
#[test]
fn d19_several_answers_in_every_pair_that_has_them() {
    for upstream in FAMILIES {
        let (whole, stream) = answered(upstream, &answer(upstream), Api::Completions);
        for chunks in [vec![whole], stream] {
            assert_eq!(told(&chunks), wanted(["stop", "length"]), "{upstream:?}");
        }
        let (whole, stream) = answered(upstream, &answer(upstream), Api::Generate);
        for chunks in [vec![whole], stream] {
            assert_eq!(told_to_gemini(&chunks), wanted(["STOP", "MAX_TOKENS"]), "{upstream:?}");
        }
    }
}

/// Each of several answers is sealed for itself, and no client of another API gets more than the first.
#[test]
fn other_clients_get_the_first_and_are_told_so() {
    for upstream in FAMILIES {
        let text = answer(upstream).to_string();
        let body = Json::parse(text.as_bytes()).unwrap();
        for client in [Api::Messages, Api::Responses] {
            let (mut passage, mut response, mut losses) =
                (Passage::new(upstream, client, &Echo::default()), Response::default(), Vec::new());
            let mut keep = |event: Event<'_>| match &event {
                Event::Lost(loss) => losses.push(loss.to_string()),
                event => response.push(event),
            };
            let mut take = |event: Event<'_>| passage.push(event, &mut keep);
            upstream.read().response(body, Aim::Translation, &mut take).unwrap();
            assert!(
                losses.contains(&"answer.choices[1]".to_owned()),
                "{upstream:?} to {client:?}: {losses:?}"
            );
            assert!(response.others.is_empty());
        }
    }
}

#[test]
fn several_are_asked_for_where_they_can_be_told() {
    let two = |client| match client {
        Api::Completions => question(client, json!({"n": 2})),
        _ => question(client, json!({"generationConfig": {"candidateCount": 2}})),
    };
    let (sent, lost) =
        asked(Api::Completions, &two(Api::Completions), Api::Generate, &Quirks::USUAL).unwrap();
    assert_eq!((&sent["generationConfig"]["candidateCount"], lost), (&json!(2), Vec::new()));
    let (sent, lost) = asked(Api::Generate, &two(Api::Generate), Api::Completions, &Quirks::USUAL).unwrap();
    assert_eq!((&sent["n"], lost), (&json!(2), Vec::new()));
    for (client, upstream) in [(Api::Completions, Api::Messages), (Api::Generate, Api::Converse)] {
        let (_, lost) = asked(client, &two(client), upstream, &Quirks::USUAL).unwrap();
        assert_eq!(lost, ["n"], "{client:?} to {upstream:?}");
    }
}
