//! Marks of prompts that are worth keeping, in the words of each family.

use super::*;

const MARKED: Quirks = Quirks { extras: &["prompt_cache_breakpoint", "prompt_cache_key"], ..Quirks::USUAL };

fn sent(client: Api, body: &Value, upstream: Api, quirks: &Quirks) -> (Value, Vec<String>) {
    let text = body.to_string();
    let request = client.read().request(Json::parse(text.as_bytes()).unwrap()).unwrap();
    let mut out = BytesMut::new();
    let losses = write_request(request, upstream, quirks, &mut out).unwrap();
    (serde_json::from_slice(&out).unwrap(), losses.iter().map(Loss::to_string).collect())
}

fn by_anthropic(mark: &Value) -> Value {
    let text = |words: &str| json!([{"type": "text", "text": words, "cache_control": mark}]);
    json!({"model": "m", "max_tokens": 9, "system": text("Be brief."),
        "messages": [{"role": "user", "content": text("Hi")}]})
}

#[test]
fn anthropics_marks_are_openais_breakpoints() {
    let (broken, five) = (json!({"mode": "explicit"}), json!({"type": "ephemeral", "ttl": "5m"}));
    let (got, losses) = sent(Api::Messages, &by_anthropic(&five), Api::Completions, &MARKED);
    let text = |words: &str| json!([{"type": "text", "text": words, "prompt_cache_breakpoint": broken}]);
    assert_eq!((&got["messages"][0]["content"], losses.len()), (&text("Be brief."), 0), "{losses:?}");
    assert_eq!(got["messages"][1]["content"], text("Hi"));
    let (got, losses) = sent(Api::Messages, &by_anthropic(&five), Api::Responses, &MARKED);
    let part =
        |words: &str| json!([{"type": "input_text", "text": words, "prompt_cache_breakpoint": broken}]);
    assert_eq!((got.get("instructions"), losses.len()), (None, 0), "{losses:?}");
    assert_eq!(got["input"][0], json!({"type": "message", "role": "system", "content": part("Be brief.")}));
    assert_eq!(got["input"][1], json!({"type": "message", "role": "user", "content": part("Hi")}));
    // An hour is longer than is promised, and older models have no marks at all.
    let hour = by_anthropic(&json!({"type": "ephemeral", "ttl": "1h"}));
    for (quirks, words) in [(&MARKED, "(approximated)"), (&Quirks::USUAL, "")] {
        let (_, losses) = sent(Api::Messages, &hour, Api::Responses, quirks);
        let lost = ["system[0].cache_control", "messages[0].content[0].cache_control"];
        let lost = lost.map(|path| format!("{path}{words}"));
        let whole = losses
            .iter()
            .map(|loss| loss.replace("].content.", "].content[0].").replace("system.", "system[0]."));
        assert_eq!(whole.collect::<Vec<_>>(), lost);
    }
}

#[test]
fn openais_breakpoints_are_anthropics_marks() {
    let mark = |ttl: Option<&str>| match ttl {
        Some(ttl) => json!({"mode": "explicit", "ttl": ttl}),
        None => json!({"mode": "explicit"}),
    };
    for (ttl, wanted, lost) in [(None, None, 0), (Some("30m"), Some("1h"), 0), (Some("12h"), Some("1h"), 1)] {
        let text = json!({"type": "text", "text": "Hi", "prompt_cache_breakpoint": mark(ttl)});
        let chat = json!({"model": "m", "messages": [{"role": "user", "content": [text]}]});
        let part = json!({"type": "input_text", "text": "Hi", "prompt_cache_breakpoint": mark(ttl)});
        let items = json!({"model": "m", "input": [{"role": "user", "content": [part]}]});
        for (client, body) in [(Api::Completions, &chat), (Api::Responses, &items)] {
            let (got, losses) = sent(client, body, Api::Messages, &Quirks::USUAL);
            let kept = &got["messages"][0]["content"][0]["cache_control"];
            assert_eq!((&kept["type"], kept["ttl"].as_str()), (&json!("ephemeral"), wanted));
            assert_eq!(losses.len(), lost, "{losses:?}");
        }
        let (got, losses) = sent(Api::Completions, &chat, Api::Responses, &MARKED);
        assert_eq!(
            (&got["input"][0]["content"][0]["prompt_cache_breakpoint"], losses.len()),
            (&mark(ttl), 0)
        );
        let (got, _) = sent(Api::Responses, &items, Api::Responses, &Quirks::USUAL);
        assert_eq!(got["input"][0]["content"][0]["prompt_cache_breakpoint"], mark(ttl));
        let (got, _) = sent(Api::Completions, &chat, Api::Completions, &Quirks::USUAL);
        assert_eq!(got["messages"][0]["content"][0]["prompt_cache_breakpoint"], mark(ttl));
    }
    let unheard = json!({"type": "input_text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "new"}});
    let items = json!({"model": "m", "input": [{"role": "user", "content": [unheard]}]});
    let (got, _) = sent(Api::Responses, &items, Api::Responses, &Quirks::USUAL);
    assert_eq!(got["input"][0]["content"][0], unheard);
    let (_, losses) = sent(Api::Responses, &items, Api::Messages, &Quirks::USUAL);
    assert_eq!(losses.len(), 1, "{losses:?}");
}

/// How long all of a prompt is kept is said in the same words in both of OpenAI's APIs.
#[test]
fn retention_goes_between_openais_apis() {
    let options = json!({"mode": "explicit", "ttl": "30m"});
    for (client, upstream, text) in
        [(Api::Completions, Api::Responses, "messages"), (Api::Responses, Api::Completions, "input")]
    {
        let body = json!({"model": "m", text: [{"role": "user", "content": "Hi"}], "prompt_cache_retention": "24h",
            "prompt_cache_options": options});
        let (got, losses) = sent(client, &body, upstream, &MARKED);
        assert_eq!((&got["prompt_cache_retention"], &got["prompt_cache_options"]), (&json!("24h"), &options));
        assert_eq!(losses.len(), 0, "{losses:?}");
        let (_, losses) = sent(client, &body, Api::Messages, &Quirks::USUAL);
        assert_eq!(losses, ["prompt_cache_options", "prompt_cache_retention"]);
    }
}
