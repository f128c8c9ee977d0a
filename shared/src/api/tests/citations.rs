//! Where words come from: addresses, in the words of every family.

use super::*;

fn annotation(start: u64, end: u64, nested: bool) -> Value {
    let inner = json!({"start_index": start, "end_index": end, "title": "T", "url": "https://x"});
    match nested {
        true => json!({"type": "url_citation", "url_citation": inner}),
        false => {
            let mut flat = inner;
            flat["type"] = json!("url_citation");
            flat
        }
    }
}

fn location(quote: &str) -> Value {
    json!({"type": "web_search_result_location", "url": "https://x", "title": "T", "encrypted_index": "",
        "cited_text": quote})
}

fn grounding(start: u64, end: u64, text: &str) -> Value {
    json!({"groundingChunks": [{"web": {"uri": "https://x", "title": "T"}}],
        "groundingSupports": [{"segment": {"startIndex": start, "endIndex": end, "text": text},
            "groundingChunkIndices": [0]}]})
}

/// An answer whose words `é b` rest on one address, in each family's words.
fn answer(upstream: Api) -> Value {
    match upstream {
        Api::Completions => json!({"id": "1", "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "é b", "annotations": [annotation(0, 3, true)]}}]}),
        Api::Responses => {
            json!({"id": "1", "status": "completed", "output": [{"type": "message", "id": "m", "content": [
            {"type": "output_text", "text": "é b", "annotations": [annotation(0, 3, false)]}]}]})
        }
        Api::Messages => json!({"id": "1", "stop_reason": "end_turn", "content": [
            {"type": "text", "text": "é b", "citations": [location("")]}]}),
        Api::Converse => {
            json!({"stopReason": "end_turn", "output": {"message": {"content": [{"citationsContent": {
            "content": [{"text": "é b"}], "citations": [{"title": "T", "location": {"web": {"url": "https://x"}}}]}}]}}})
        }
        Api::Generate => json!({"responseId": "1", "candidates": [{"index": 0, "finishReason": "STOP",
            "content": {"role": "model", "parts": [{"text": "é b"}]}, "groundingMetadata": grounding(0, 4, "é b")}]}),
    }
}

/// C3, C6, F5: each client gets them in its own words, whole and streamed.
#[test]
fn c3_c6_f5_addresses_in_every_pair() {
    for upstream in [Api::Completions, Api::Responses, Api::Messages, Api::Converse, Api::Generate] {
        let (whole, stream) = answered(upstream, &answer(upstream), Api::Completions);
        let wanted = json!([annotation(0, 3, true)]);
        assert_eq!(whole["choices"][0]["message"]["annotations"], wanted, "{upstream:?}");
        assert!(stream.iter().any(|it| it["choices"][0]["delta"]["annotations"] == wanted), "{upstream:?}");
        let (whole, stream) = answered(upstream, &answer(upstream), Api::Responses);
        let wanted = annotation(0, 3, false);
        assert_eq!(whole["output"][0]["content"][0]["annotations"], json!([wanted]), "{upstream:?}");
        assert!(stream.iter().any(|it| it["annotation"] == wanted), "{upstream:?}");
        let (whole, stream) = answered(upstream, &answer(upstream), Api::Messages);
        assert_eq!(whole["content"][0]["citations"], json!([location("")]), "{upstream:?}");
        assert!(stream.iter().any(|it| it["delta"]["citation"] == location("")), "{upstream:?}");
        let (whole, stream) = answered(upstream, &answer(upstream), Api::Generate);
        let wanted = grounding(0, 4, "é b");
        assert_eq!(whole["candidates"][0]["groundingMetadata"], wanted, "{upstream:?}");
        assert!(stream.iter().any(|it| it["candidates"][0]["groundingMetadata"] == wanted), "{upstream:?}");
    }
}

/// Gemini's newer models seal the words of their answers, or none behind them. That takes no source from the words.
#[test]
fn sealed_words_keep_what_they_rest_on() {
    let seal = "c2ln";
    let signed = json!([{"text": "é b", "thoughtSignature": seal}]);
    let behind = json!([{"text": "é b"}, {"text": "", "thoughtSignature": seal}]);
    for parts in [signed, behind] {
        let mut grounded = answer(Api::Generate);
        grounded["candidates"][0]["content"]["parts"] = parts.clone();
        let (whole, stream) = answered(Api::Generate, &grounded, Api::Completions);
        let message = &whole["choices"][0]["message"];
        assert_eq!(message["annotations"], json!([annotation(0, 3, true)]), "{parts}");
        assert!(message["reasoning_details"][0]["data"].is_string(), "{parts}: {message}");
        assert!(
            stream.iter().any(|it| !it["choices"][0]["delta"]["annotations"].is_null()),
            "{parts}: {stream:?}"
        );
        let (whole, _) = answered(Api::Generate, &grounded, Api::Responses);
        let text = &whole["output"][0]["content"][0];
        assert_eq!(text["annotations"], json!([annotation(0, 3, false)]), "{parts}");
        assert!(whole["output"][1]["encrypted_content"].is_string(), "{parts}: {whole}");
        let (whole, _) = answered(Api::Generate, &grounded, Api::Messages);
        assert_eq!(whole["content"][0]["citations"], json!([location("")]), "{parts}");
        assert_eq!(whole["content"][1]["type"], json!("redacted_thinking"), "{parts}");
    }
}

/// Several texts are one to some clients: places count from its beginning, and the last list has all.
#[test]
fn places_are_those_of_the_whole() {
    let cited = |text: &str| json!({"type": "text", "text": text, "citations": [location("q")]});
    let answer = json!({"id": "1", "stop_reason": "end_turn", "content": [cited("é"), {"type": "text", "text": " "}, cited("b")]});
    let (whole, _) = answered(Api::Messages, &answer, Api::Completions);
    let wanted = json!([annotation(0, 1, true), annotation(2, 3, true)]);
    assert_eq!(whole["choices"][0]["message"]["annotations"], wanted);
    let (whole, _) = answered(Api::Messages, &answer, Api::Responses);
    assert_eq!(whole["output"][0]["content"][2]["annotations"], json!([annotation(0, 1, false)]));
    let (whole, _) = answered(Api::Messages, &answer, Api::Generate);
    let supports = &whole["candidates"][0]["groundingMetadata"]["groundingSupports"];
    assert_eq!(supports[0]["segment"]["text"], json!("é"));
    assert_eq!(supports[1]["segment"], json!({"startIndex": 3, "endIndex": 4, "text": "b"}));
}

/// A place in the client's own document, as Anthropic's API and Bedrock tell of it.
fn place(upstream: Api) -> Value {
    match upstream {
        Api::Messages => {
            let page = json!({"type": "page_location", "document_index": 1, "document_title": "D", "file_id": null,
                "start_page_number": 3, "end_page_number": 4, "cited_text": "q"});
            json!({"content": [{"type": "text", "text": "a", "citations": [page]}]})
        }
        _ => {
            let page = json!({"title": "D", "sourceContent": [{"text": "q"}],
                "location": {"documentPage": {"documentIndex": 1, "start": 3, "end": 4}}});
            let cited = json!({"citationsContent": {"content": [{"text": "a"}], "citations": [page]}});
            json!({"output": {"message": {"content": [cited]}}})
        }
    }
}

/// C6, F5: whoever has files or documents among its citations gets them; of Completions' clients nobody does.
#[test]
fn c6_f5_places_in_documents_in_every_pair() {
    for upstream in [Api::Messages, Api::Converse] {
        let (whole, _) = answered(upstream, &place(upstream), Api::Responses);
        let file = json!({"type": "file_citation", "file_id": "", "filename": "D", "index": 1});
        assert_eq!(whole["output"][0]["content"][0]["annotations"], json!([file]), "{upstream:?}");
        let (whole, _) = answered(upstream, &place(upstream), Api::Generate);
        let chunk = json!({"retrievedContext": {"title": "D", "text": "q", "pageNumber": 3}});
        assert_eq!(
            whole["candidates"][0]["groundingMetadata"]["groundingChunks"],
            json!([chunk]),
            "{upstream:?}"
        );
        let (whole, _) = answered(upstream, &place(upstream), Api::Completions);
        assert_eq!(whole["choices"][0]["message"].get("annotations"), None, "{upstream:?}");
        let (whole, _) = answered(upstream, &place(upstream), Api::Messages);
        assert_eq!(whole["content"], place(Api::Messages)["content"], "{upstream:?}");
    }
}
