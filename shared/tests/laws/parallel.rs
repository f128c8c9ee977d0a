//! The laws of calls that come at once.

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::api::Api;
use shared::ir::Block;
use shared::report::Outcome;

use crate::answers::{read_stream, relay};
use crate::{CLIENTS, cases};

/// The calls' arguments, each in pieces, and in which order the pieces of all come.
type Calls = (Vec<Vec<String>>, Vec<prop::sample::Index>);

fn any_calls() -> impl Strategy<Value = Calls> {
    let text = prop::collection::vec("[a-zé\"\\\\ ]{0,4}", 1..5);
    let calls = prop::collection::vec(text.prop_map(|words| in_pieces(&words)), 1..5);
    (calls, prop::collection::vec(any::<prop::sample::Index>(), 40))
}

/// An object with these words in it, as JSON that is cut behind each of them.
fn in_pieces(words: &[String]) -> Vec<String> {
    let unquoted = |text: String| text.strip_prefix('"')?.strip_suffix('"').map(str::to_owned);
    let inner = words.iter().filter_map(|word| unquoted(json!(word).to_string()));
    ["{\"x\":\"".to_owned()].into_iter().chain(inner).chain(["\"}".to_owned()]).collect()
}

/// What comes of which call, in some order: a call begins behind the one before it, and its pieces keep their order.
fn in_turns((calls, picks): &Calls) -> Vec<(usize, Option<&str>)> {
    let mut left: Vec<_> = calls.iter().map(|call| call.iter()).collect();
    let (mut begun, mut turns) = (0, Vec::new());
    for pick in picks.iter().cycle() {
        let open: Vec<usize> = (0..begun).filter(|at| left[*at].len() > 0).collect();
        if open.is_empty() && begun == calls.len() {
            break;
        }
        let at = pick.index(open.len() + usize::from(begun < calls.len()));
        match open.get(at) {
            Some(at) => turns.push((*at, left[*at].next().map(String::as_str))),
            None => {
                turns.push((begun, None));
                begun += 1;
            }
        }
    }
    turns
}

fn event(data: &Value) -> String {
    match data["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    }
}

fn of_completions(calls: &Calls) -> String {
    let chunk = |delta: Value, reason: Value| {
        event(&json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}))
    };
    let turns = in_turns(calls).into_iter().map(|(at, piece)| match piece {
        None => json!({"index": at, "id": format!("call_{at}"), "type": "function",
            "function": {"name": format!("f{at}"), "arguments": ""}}),
        Some(piece) => json!({"index": at, "function": {"arguments": piece}}),
    });
    let turns: String = turns.map(|call| chunk(json!({"tool_calls": [call]}), Value::Null)).collect();
    turns + &chunk(json!({}), json!("tool_calls")) + "data: [DONE]\n\n"
}

fn of_responses(calls: &Calls) -> String {
    let item = |at: usize, arguments: &str, status: &str| {
        json!({"type": "function_call", "id": format!("fc_{at}"), "call_id": format!("call_{at}"),
            "name": format!("f{at}"), "arguments": arguments, "status": status})
    };
    let response = |status: &str, output: Value| json!({"id": "r", "object": "response", "model": "m", "status": status, "output": output});
    let turns = in_turns(calls).into_iter().map(|(at, piece)| match piece {
        None => json!({"type": "response.output_item.added", "output_index": at, "item": item(at, "", "in_progress")}),
        Some(piece) => json!({"type": "response.function_call_arguments.delta", "output_index": at,
            "item_id": format!("fc_{at}"), "delta": piece}),
    });
    let whole: Vec<String> = calls.0.iter().map(|call| call.concat()).collect();
    let done = whole.iter().enumerate().flat_map(|(at, arguments)| {
        [
            json!({"type": "response.function_call_arguments.done", "output_index": at, "item_id": format!("fc_{at}"),
                "arguments": arguments}),
            json!({"type": "response.output_item.done", "output_index": at, "item": item(at, arguments, "completed")}),
        ]
    });
    let output: Value =
        whole.iter().enumerate().map(|(at, arguments)| item(at, arguments, "completed")).collect();
    let begin = json!({"type": "response.created", "response": response("in_progress", json!([]))});
    let end = json!({"type": "response.completed", "response": response("completed", output)});
    [begin].into_iter().chain(turns).chain(done).chain([end]).map(|data| event(&data)).collect()
}

proptest! {
    #![proptest_config(cases(48))]

    /// **Law: in whatever order the pieces of parallel calls come, they are the same calls, for every client (E6).**
    #[test]
    fn e6_calls_are_the_same_in_any_order(calls in any_calls()) {
        let wanted: Vec<_> = calls.0.iter().enumerate().map(|(at, call)| (format!("f{at}"), call.concat())).collect();
        for (upstream, stream) in [(Api::Completions, of_completions(&calls)), (Api::Responses, of_responses(&calls))] {
            for client in CLIENTS {
                let (got, outcome) = relay(client, upstream, &[stream.as_bytes()]);
                prop_assert_eq!(outcome, Outcome::Answered);
                let found = read_stream(client, &[&got]);
                let found = found.blocks.iter().filter_map(|block| match block {
                    Block::ToolUse(call) => Some((call.name.to_string(), call.arguments.to_string())),
                    _ => None,
                });
                prop_assert_eq!(&found.collect::<Vec<_>>(), &wanted, "{:?} to {:?}\n{}", client, upstream, stream);
            }
        }
    }
}
