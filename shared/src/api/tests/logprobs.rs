//! Log probabilities: asked for, and given, by the three families that have them.

use super::*;

/// Who asks, in three dialects, for two alternatives.
fn asks(client: Api) -> Value {
    question(
        client,
        match client {
            Api::Completions => json!({"logprobs": true, "top_logprobs": 2}),
            Api::Responses => json!({"include": ["message.output_text.logprobs"], "top_logprobs": 2}),
            _ => json!({"generationConfig": {"responseLogprobs": true, "logprobs": 2}}),
        },
    )
}

const FAMILIES: [Api; 3] = [Api::Completions, Api::Responses, Api::Generate];

#[test]
fn they_are_asked_for_in_every_pair() {
    for client in FAMILIES {
        for upstream in FAMILIES {
            let (sent, lost) = asked(client, &asks(client), upstream, &Quirks::USUAL).unwrap();
            let wanted = asks(upstream);
            for (name, value) in wanted
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, _)| name.contains("log") || *name == "include")
            {
                assert_eq!(&sent[name], value, "{client:?} to {upstream:?}");
            }
            assert!(lost.is_empty(), "{client:?} to {upstream:?}: {lost:?}");
        }
        let (_, lost) = asked(client, &asks(client), Api::Messages, &Quirks::USUAL).unwrap();
        assert_eq!(lost, ["logprobs"], "{client:?}");
    }
}

/// D16: alternatives of tokens without the tokens are none.
#[test]
fn d16_alternatives_alone() {
    let (sent, _) = asked(
        Api::Completions,
        &question(Api::Completions, json!({"top_logprobs": 3})),
        Api::Generate,
        &Quirks::USUAL,
    )
    .unwrap();
    assert_eq!(sent["generationConfig"]["logprobs"], json!(3));
}

fn token() -> Value {
    json!({"token": "Hi", "logprob": -0.5, "bytes": [72, 105],
        "top_logprobs": [{"token": "Ho", "logprob": -2, "bytes": [72, 111]}]})
}

/// An answer with one token, in each family's words.
fn answer(upstream: Api) -> Value {
    match upstream {
        Api::Completions => json!({"id": "1", "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Hi"}, "logprobs": {"content": [token()], "refusal": null}}]}),
        Api::Responses => {
            json!({"id": "1", "status": "completed", "output": [{"type": "message", "id": "m", "content": [
            {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": [token()]}]}]})
        }
        _ => json!({"responseId": "1", "candidates": [{"index": 0, "finishReason": "STOP",
            "content": {"role": "model", "parts": [{"text": "Hi"}]}, "logprobsResult": result()}]}),
    }
}

fn result() -> Value {
    json!({"chosenCandidates": [{"token": "Hi", "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "Ho", "logProbability": -2}]}]})
}

#[test]
fn they_are_given_in_every_pair() {
    for upstream in FAMILIES {
        let (whole, stream) = answered(upstream, &answer(upstream), Api::Completions);
        let wanted = json!({"content": [token()], "refusal": null});
        assert_eq!(whole["choices"][0]["logprobs"], wanted, "{upstream:?}");
        assert!(stream.iter().any(|chunk| chunk["choices"][0]["logprobs"] == wanted), "{upstream:?}");
        let (whole, stream) = answered(upstream, &answer(upstream), Api::Responses);
        assert_eq!(whole["output"][0]["content"][0]["logprobs"], json!([token()]), "{upstream:?}");
        for kind in ["response.output_text.delta", "response.output_text.done"] {
            let given = |event: &Value| event["type"] == *kind && event["logprobs"] == json!([token()]);
            assert!(stream.iter().any(given), "{upstream:?} {kind}");
        }
        let (whole, stream) = answered(upstream, &answer(upstream), Api::Generate);
        assert_eq!(whole["candidates"][0]["logprobsResult"], result(), "{upstream:?}");
        assert!(
            stream.iter().any(|chunk| chunk["candidates"][0]["logprobsResult"] == result()),
            "{upstream:?}"
        );
    }
}
