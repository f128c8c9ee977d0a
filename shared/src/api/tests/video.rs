//! Videos.

use super::*;

const SEES: Quirks = Quirks { extras: &["video_url"], ..Quirks::USUAL };

/// The block of a video that a provider gets, or the error's code, and what is lost.
fn sent(client: Api, video: Value, upstream: Api) -> (Value, Vec<String>) {
    let members = match client {
        Api::Generate => json!({"contents": [{"role": "user", "parts": [video]}]}),
        _ => json!({"messages": [{"role": "user", "content": [video]}]}),
    };
    let place = match upstream {
        Api::Generate => "/contents/0/parts/0",
        Api::Responses => "/input/0/content/0",
        _ => "/messages/0/content/0",
    };
    match asked(client, &question(client, members), upstream, &SEES) {
        Ok((body, lost)) => (body.pointer(place).cloned().unwrap_or_default(), lost),
        Err(error) => (json!(error.code), Vec::new()),
    }
}

fn inline(media_type: &str) -> Value {
    json!({"inlineData": {"mimeType": media_type, "data": "AAAA"}, "videoMetadata": {"fps": 2}})
}

fn addressed(url: &str) -> Value {
    json!({"type": "video_url", "video_url": {"url": url}})
}

#[test]
fn videos_of_gemini() {
    let to = |media_type: &str, upstream| sent(Api::Generate, inline(media_type), upstream);
    let about = vec!["messages[0].content[0].videoMetadata".to_owned()];
    let url = json!({"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}});
    assert_eq!(to("video/mp4", Api::Completions), (url, about.clone()));
    let block = |format: &str| json!({"video": {"format": format, "source": {"bytes": "AAAA"}}});
    assert_eq!(to("video/mp4", Api::Converse), (block("mp4"), about.clone()));
    assert_eq!(to("video/3gpp", Api::Converse), (block("three_gp"), about));
    assert_eq!(to("video/x-of-tomorrow", Api::Converse).0, json!("unsupported_content"));
    assert_eq!(to("video/mp4", Api::Generate), (inline("video/mp4"), Vec::new()));
}

#[test]
fn videos_of_vendors() {
    let to = |url: &str, upstream| sent(Api::Completions, addressed(url), upstream);
    let file = json!({"fileData": {"mimeType": "video/mp4", "fileUri": "https://x/y.mp4"}});
    assert_eq!(to("https://x/y.mp4", Api::Generate), (file, Vec::new()));
    let object = json!({"video": {"format": "mov", "source": {"s3Location": {"uri": "s3://x/y.mov"}}}});
    assert_eq!(to("s3://x/y.mov", Api::Converse), (object, Vec::new()));
    assert_eq!(to("https://x/y.mp4", Api::Converse).0, json!("unsupported_content"));
    assert_eq!(
        to("data:video/mp4;base64,AAAA", Api::Completions),
        (addressed("data:video/mp4;base64,AAAA"), Vec::new())
    );
}

/// Without the video something else would be asked.
#[test]
fn videos_are_refused_where_none_are_taken() {
    let video = || inline("video/mp4");
    assert_eq!(sent(Api::Generate, video(), Api::Messages).0, json!("unsupported_content"));
    let body = question(Api::Generate, json!({"contents": [{"parts": [video()]}]}));
    let refused = asked(Api::Generate, &body, Api::Completions, &Quirks::USUAL).unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("unsupported_content"));
    let (_, lost) = sent(Api::Generate, video(), Api::Responses);
    assert_eq!(lost, ["messages[0].content[0]"]);
}

/// What vendors take beside the address, OpenAI's API as little as any other.
#[test]
fn members_beside_an_address_stay_in_their_api() {
    let part = |name: &str| json!({"type": name, name: {"url": "data:video/mp4;base64,AAAA", "fps": 2}});
    for name in ["video_url", "image_url"] {
        assert_eq!(sent(Api::Completions, part(name), Api::Completions), (part(name), Vec::new()));
    }
    let (_, lost) = sent(Api::Completions, part("video_url"), Api::Generate);
    assert_eq!(lost, ["messages[0].content[0].video_url.fps"]);
}
