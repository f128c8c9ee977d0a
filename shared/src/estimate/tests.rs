//! The counts are those of two published tokenizers, `o200k_base` and that of Claude's second generation.

use super::*;
use crate::api::Api;
use crate::wire::json::Json;

/// Text, and how many tokens the two have of it.
const COUNTED: &[(&str, u64, u64)] = &include!("counted.in");

#[test]
fn texts_are_near_what_tokenizers_count() {
    for &(words, one, other) in COUNTED {
        let (least, most) = (one.min(other) as f64, one.max(other) as f64);
        let estimate = text(words) as f64;
        assert!(estimate > least * 0.7 && estimate < most * 1.3, "{estimate} of {one} and {other}: {words}");
    }
}

#[track_caller]
fn counted(body: &str) -> u64 {
    input(&Api::Messages.read().request(Json::parse(body.as_bytes()).unwrap()).unwrap(), &text)
}

/// All of a request counts: instructions, tools, results, pictures.
#[test]
fn every_part_counts() {
    let whole = |more: &str, content: &str| {
        counted(&format!(
            r#"{{"model":"m","max_tokens":1{more},"messages":[{{"role":"user","content":[{content}]}}]}}"#
        ))
    };
    let hello = r#"{"type":"text","text":"Hello there"}"#;
    let base = whole("", hello);
    assert_eq!(base, BASE + AROUND_TURN + 2);
    for more in [
        r#","system":"Be brief.""#,
        r#","tools":[{"name":"look","description":"Looks.","input_schema":{"type":"object"}}]"#,
        r#","output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#,
    ] {
        assert!(whole(more, hello) > base, "{more}");
    }
    for block in [
        r#"{"type":"text","text":"more"}"#,
        r#"{"type":"image","source":{"type":"url","url":"https://x.test/y.png"}}"#,
        r#"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}}"#,
        r#"{"type":"tool_result","tool_use_id":"t","content":"Found."}"#,
    ] {
        assert!(whole("", &format!("{hello},{block}")) > base, "{block}");
    }
}

#[test]
fn nothing_costs_nothing() {
    assert_eq!(text(""), 0);
    assert_eq!(text(" "), 0);
    assert_eq!(text("a"), 1);
}
