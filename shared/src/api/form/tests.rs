//! What is asked of providers that have no field for the form, and what becomes of their answers.

use super::*;
use crate::ir::{Block, Response, ToolUse};
use serde_json::{Value, json};

/// What a client of Completions asks with `members`, as the provider gets it, and what is lost.
fn asked(members: &str, api: Api, quirks: &Quirks) -> (Value, Vec<String>) {
    let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{members}}}"#);
    let request = Api::Completions.read().request(Json::parse(body.as_bytes()).unwrap()).unwrap();
    let mut out = BytesMut::new();
    let losses = api.write().request(&request, quirks, &mut out).unwrap();
    (serde_json::from_slice(&out).unwrap(), losses.iter().map(Loss::to_string).collect())
}

const SCHEMA: &str = r#""response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d",
    "schema":{"type":"object","properties":{"a":{"type":"integer","minimum":1}}}}}"#;
const JSON: &str = r#""response_format":{"type":"json_object"}"#;
const TOOLS: &str = r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#;

const WITHOUT: Quirks = Quirks { formats: &[], ..Quirks::USUAL };

/// B7, D2, P23: where there is a field, the schema goes there.
#[test]
fn b7_d2_p23_schemas_have_a_field_of_their_own() {
    let closed = json!({"type": "object", "additionalProperties": false,
        "properties": {"a": {"type": "integer", "description": "minimum: 1"}}});
    let (sent, lost) = asked(SCHEMA, Api::Messages, &Quirks::USUAL);
    assert_eq!(sent["output_config"], json!({"format": {"type": "json_schema", "schema": closed}}));
    assert_eq!(
        lost,
        ["response_format.description", "response_format.schema.properties.a.minimum(approximated)"]
    );
    let (sent, _) = asked(SCHEMA, Api::Converse, &Quirks::USUAL);
    let structure = &sent["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    let schema: Value = serde_json::from_str(structure["schema"].as_str().unwrap()).unwrap();
    assert_eq!((schema, &structure["name"]), (closed, &json!("n")));
    let (sent, _) = asked(SCHEMA, Api::Generate, &Quirks::USUAL);
    assert_eq!(sent["generationConfig"]["responseMimeType"], json!("application/json"));
    let (sent, _) = asked(SCHEMA, Api::Responses, &Quirks::USUAL);
    assert_eq!(sent["text"]["format"]["name"], json!("n"));
}

/// D2, P23: where there is none, a tool has to be used.
#[test]
fn d2_p23_the_form_becomes_a_tool() {
    let approximated = ["response_format(approximated)"];
    let (sent, lost) = asked(SCHEMA, Api::Messages, &WITHOUT);
    assert_eq!(
        sent["tool_choice"],
        json!({"type": "tool", "name": WHOLE, "disable_parallel_tool_use": true})
    );
    assert_eq!(sent["tools"][0]["input_schema"]["properties"]["a"]["minimum"], json!(1));
    assert!(sent["tools"][0]["description"].as_str().unwrap().ends_with("\n\nd"));
    assert_eq!((sent.get("output_config"), lost), (None, approximated.map(str::to_owned).to_vec()));
    for api in [Api::Messages, Api::Converse] {
        let (sent, lost) = asked(JSON, api, &Quirks::USUAL);
        assert!(sent.to_string().contains(WHOLE), "{sent}");
        assert!(lost.contains(&approximated[0].to_owned()), "{lost:?}");
    }
    let quirks = Quirks { formats: &["json_object"], ..Quirks::USUAL };
    let body = br#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],
        "output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}"#;
    let request = Api::Messages.read().request(Json::parse(body).unwrap()).unwrap();
    let mut out = BytesMut::new();
    Api::Completions.write().request(&request, &quirks, &mut out).unwrap();
    let sent: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(sent["tool_choice"], json!({"type": "function", "function": {"name": WHOLE}}));
    assert_eq!((&sent["parallel_tool_calls"], sent.get("response_format")), (&json!(false), None));
}

#[test]
fn other_tools_stay_on_offer() {
    let (sent, _) = asked(&format!("{JSON},{TOOLS}"), Api::Messages, &Quirks::USUAL);
    assert_eq!((&sent["tool_choice"], &sent["tools"][1]["name"]), (&json!({"type": "any"}), &json!(WHOLE)));
    let (sent, _) = asked(&format!(r#"{JSON},{TOOLS},"tool_choice":"none""#), Api::Messages, &Quirks::USUAL);
    assert_eq!(sent["tool_choice"]["name"], json!(WHOLE));
    let (sent, lost) =
        asked(&format!(r#"{JSON},{TOOLS},"tool_choice":"required""#), Api::Messages, &Quirks::USUAL);
    assert_eq!((sent["tools"].as_array().unwrap().len(), &*lost), (1, &["response_format".to_owned()][..]));
}

/// A client that itself has a tool of the name must know why it cannot have both.
#[test]
fn the_name_of_the_tool_is_taken() {
    let body = format!(
        r#"{{"messages":[],{JSON},"tools":[{{"type":"function","function":{{"name":"{WHOLE}"}}}}]}}"#
    );
    let request = Api::Completions.read().request(Json::parse(body.as_bytes()).unwrap()).unwrap();
    let error = Api::Messages.write().request(&request, &Quirks::USUAL, &mut BytesMut::new()).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("tools"));
}

#[test]
fn what_is_no_object_is_wrapped_and_its_definitions_stay_on_top() {
    let mut held = String::new();
    let schema = Json::parse(br##"{"type":"array","items":{"$ref":"#/$defs/A"},"$defs":{"A":{}}}"##).unwrap();
    let format = Format::Schema { name: None, description: None, schema, strict: None };
    let tool = tool(&format, &mut held);
    assert_eq!(tool.name, WRAPPED);
    assert_eq!(
        tool.schema.unwrap().raw(),
        r##"{"type":"object","properties":{"value":{"type":"array","items":{"$ref":"#/$defs/A"}}},"required":["value"],"$defs":{"A":{}}}"##
    );
}

fn call(name: &'static str, arguments: &'static str) -> Block<'static> {
    Block::ToolUse(ToolUse {
        id: "c".into(),
        name: name.into(),
        arguments: arguments.into(),
        ..ToolUse::default()
    })
}

fn check(blocks: Vec<Block<'static>>, expected: Vec<Block<'static>>, reason: StopReason) {
    let stop = Some(Stop { reason: StopReason::ToolUse, sequence: None });
    let answer = Response { blocks, stop, ended: true, ..Response::default() };
    let (mut unwrap, mut got, mut order) = (Unwrap::default(), Response::default(), Vec::new());
    answer.replay(&mut |event| {
        unwrap.push(event, &mut |event| {
            got.push(&event);
            order.push(matches!(event, Event::Delta { delta: Delta::Arguments(_), .. }));
        });
    });
    assert_eq!((got.blocks, got.stop.unwrap().reason), (expected, reason));
}

/// D2: the client sees words, and an answer that is done.
#[test]
fn d2_the_call_becomes_words_again() {
    check(vec![call(WHOLE, r#"{"a":1}"#)], vec![Block::text(r#"{"a":1}"#)], StopReason::Done);
    check(vec![call(WRAPPED, r#"{"value":[1, 2]}"#)], vec![Block::text("[1, 2]")], StopReason::Done);
    check(vec![call(WRAPPED, "[1")], vec![Block::text("[1")], StopReason::Done);
    let other = || call("f", "{}");
    check(vec![other()], vec![other()], StopReason::ToolUse);
    check(vec![call(WHOLE, "{}"), other()], vec![Block::text("{}"), other()], StopReason::ToolUse);
}
