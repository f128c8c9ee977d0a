//! The names and numbers in which a client is told of what it loses.

use super::*;

/// Losses of a request on its way to `upstream`, in the words of its client.
fn lost(client: Api, upstream: Api, body: &str) -> Vec<String> {
    let request = client.read().request(Json::parse(body.as_bytes()).unwrap()).unwrap();
    let mut out = BytesMut::new();
    let losses = write_request(request, upstream, &Quirks::USUAL, &mut out).unwrap();
    losses.iter().map(ToString::to_string).collect()
}

#[test]
fn members_have_the_clients_names() {
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"top_k":4,
        "thinking":{"type":"enabled","budget_tokens":2000}}"#;
    let approximated = "thinking.budget_tokens(approximated)";
    assert_eq!(lost(Api::Messages, Api::Responses, body), ["top_k", approximated]);
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"topK":4}}"#;
    assert_eq!(lost(Api::Generate, Api::Completions, body), ["generationConfig.topK"]);
}

/// What is said about a part, too.
#[test]
fn members_of_parts_have_the_clients_names() {
    let body = r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"AA==","displayName":"N"}}]}]}"#;
    assert_eq!(lost(Api::Generate, Api::Messages, body), ["contents[0].parts[0].displayName"]);
    let body = r#"{"model":"m","input":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a",
        "annotations":[{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":1}]}]}]}"#;
    assert_eq!(lost(Api::Responses, Api::Completions, body), ["input[0].content[0].annotations"]);
}

#[test]
fn what_is_said_is_counted_as_the_client_counts() {
    let body = r#"{"model":"m","max_tokens":9,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
        "messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#;
    let lost = lost(Api::Messages, Api::Completions, body);
    assert_eq!(lost, ["system[0].cache_control", "messages[0].content[0].cache_control"]);
}

/// Items that make one turn, items of several blocks, and messages one behind the other.
#[test]
fn items_have_the_clients_numbers() {
    let body = r#"{"model":"m","instructions":"Be brief.","input":[
        {"role":"user","content":"Hi"},
        {"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b","x":1}]},
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"1"},{"type":"summary_text","text":"2"}],
            "encrypted_content":"e"},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"c","y":1}]},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{}","z":1},
        {"type":"function_call_output","call_id":"c","output":"1"},
        {"type":"function_call_output","call_id":"d","output":"1","w":1}]}"#;
    let lost = lost(Api::Responses, Api::Completions, body);
    let wanted = [
        "input[2]",
        "input[1].content[1].x",
        "input[2].thinking",
        "input[3].content[0].y",
        "input[4].z",
        "input[6].w",
    ];
    assert_eq!(lost, wanted);
}

/// What a client packs into one block was several, and has left others behind: later ones count as it counts.
#[test]
fn unpacked_blocks_have_the_clients_numbers() {
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[
        {"type":"redacted_thinking","data":"of-another"},{"type":"text","text":"a"},
        {"type":"tool_use","id":"c","name":"f","input":{},"cache_control":{"type":"ephemeral"}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"1"}]}]}"#;
    let lost = lost(Api::Messages, Api::Completions, body);
    assert_eq!(lost, ["messages[1].content[0]", "messages[1].content[2].cache_control"]);
}

#[test]
fn results_of_tools_are_messages_of_their_own() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"Hi"},
        {"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}},
            {"id":"d","type":"function","function":{"name":"f","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"c","content":"1"},{"role":"tool","tool_call_id":"d","content":"2","x":1}]}"#;
    assert_eq!(lost(Api::Completions, Api::Messages, body), ["messages[3].x"]);
}

#[test]
fn ids_of_items_are_no_loss() {
    let body = r#"{"model":"m","instructions":"Be brief.","input":[
        {"type":"message","id":"msg_1","role":"user","content":[{"type":"input_text","text":"Hi"}]},
        {"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}","status":"completed"},
        {"type":"function_call_output","id":"fco_1","call_id":"c","output":"1","unheard_of":true}]}"#;
    assert_eq!(lost(Api::Responses, Api::Completions, body), ["input[2].unheard_of"]);
}
