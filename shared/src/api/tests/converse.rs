//! What Bedrock has a place for: recordings, labels, tiers, and which text ended an answer.

use super::*;

fn sent(client: Api, members: Value, quirks: &Quirks) -> (Value, Vec<String>) {
    asked(client, &question(client, members), Api::Converse, quirks).unwrap()
}

/// D3: recordings go to models that listen.
#[test]
fn d3_recordings() {
    let audio = |format: &str| {
        let part = json!({"type": "input_audio", "input_audio": {"data": "AA==", "format": format}});
        question(Api::Completions, json!({"messages": [{"role": "user", "content": [part]}]}))
    };
    let (sent, lost) = asked(Api::Completions, &audio("mp3"), Api::Converse, &Quirks::USUAL).unwrap();
    let wanted = json!([{"audio": {"format": "mp3", "source": {"bytes": "AA=="}}}]);
    assert_eq!((&sent["messages"][0]["content"], lost), (&wanted, vec![]));
    let error = asked(Api::Completions, &audio("odd"), Api::Converse, &Quirks::USUAL).unwrap_err();
    assert_eq!(error.code.as_deref(), Some("unsupported_content"));
}

/// D9: labels go where all of them may.
#[test]
fn d9_labels() {
    let (body, lost) = sent(Api::Completions, json!({"metadata": {"team": "a-1"}}), &Quirks::USUAL);
    assert_eq!((&body["requestMetadata"], lost), (&json!({"team": "a-1"}), vec![]));
    let (body, lost) = sent(Api::Completions, json!({"metadata": {"team": "ä"}}), &Quirks::USUAL);
    assert_eq!((body.get("requestMetadata"), lost), (None, vec!["metadata".to_owned()]));
}

/// D9: Claude says which text ended its answer where it is asked.
#[test]
fn d9_the_text_that_ended_the_answer() {
    let quirks = Quirks { extras: &["stop_sequence"], ..Quirks::USUAL };
    let (body, _) = sent(Api::Messages, json!({"stop_sequences": ["END"]}), &quirks);
    assert_eq!(body["additionalModelResponseFieldPaths"], json!(["/stop_sequence"]));
    let answer = json!({"stopReason": "stop_sequence", "serviceTier": {"type": "priority"},
        "additionalModelResponseFields": {"stop_sequence": "END"},
        "output": {"message": {"content": [{"text": "a"}]}}});
    let (whole, stream) = answered(Api::Converse, &answer, Api::Messages);
    assert_eq!((&whole["stop_reason"], &whole["stop_sequence"]), (&json!("stop_sequence"), &json!("END")));
    assert_eq!(whole["usage"]["service_tier"], json!("priority"));
    assert!(stream.iter().any(|event| event["delta"]["stop_sequence"] == json!("END")));
}

/// D9: tiers by every family's words.
#[test]
fn d9_tiers() {
    for (client, tier, upstream, wanted) in [
        (Api::Messages, "standard_only", Api::Converse, json!({"type": "default"})),
        (Api::Completions, "flex", Api::Converse, json!({"type": "flex"})),
        (Api::Completions, "flex", Api::Generate, json!("flex")),
        (Api::Messages, "standard_only", Api::Responses, json!("default")),
        (Api::Completions, "default", Api::Messages, json!("standard_only")),
    ] {
        let body = question(client, json!({"service_tier": tier}));
        let (sent, lost) = asked(client, &body, upstream, &Quirks::USUAL).unwrap();
        let given = sent.get("serviceTier").or_else(|| sent.get("service_tier"));
        assert_eq!((given, lost), (Some(&wanted), vec![]), "{client:?} to {upstream:?}");
    }
}
