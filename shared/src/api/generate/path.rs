//! What the path of an operation says.
//!
//! <https://ai.google.dev/api/generate-content#method:-models.generatecontent>

use percent_encoding::percent_decode_str;

/// An operation's model, and whether its answer is streamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The model as the client names it; it may have slashes and colons in it.
    pub model: String,
    pub stream: bool,
}

impl Path {
    /// Reads a path as in `/v1beta/models/{model}:generateContent`; none where it is another.
    pub fn read(path: &str) -> Option<Path> {
        let (_, rest) =
            path.strip_prefix('/')?.split_once("/models/").filter(|(version, _)| is_version(version))?;
        let (model, method) = rest.rsplit_once(':')?;
        let stream = match method {
            "generateContent" => false,
            "streamGenerateContent" => true,
            _ => return None,
        };
        let model = percent_decode_str(model).decode_utf8().ok()?.into_owned();
        Some(Path { model, stream }).filter(|path| !path.model.is_empty())
    }

    /// Whether a query asks for events; without `alt=sse` a stream is one array.
    pub fn wants_events(query: Option<&str>) -> bool {
        query.unwrap_or_default().split('&').any(|pair| pair.eq_ignore_ascii_case("alt=sse"))
    }
}

fn is_version(word: &str) -> bool {
    matches!(word, "v1" | "v1beta" | "v1alpha")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<(&str, bool)>) {
        let expected = expected.map(|(model, stream)| Path { model: model.to_owned(), stream });
        assert_eq!(Path::read(path), expected, "{path}");
    }

    #[test]
    fn the_path_names_the_model_and_the_way_of_answering() {
        check("/v1beta/models/gemini-2.5-pro:generateContent", Some(("gemini-2.5-pro", false)));
        check("/v1beta/models/openai/gpt-4o:streamGenerateContent", Some(("openai/gpt-4o", true)));
        check("/v1/models/ollama%2Fllama3:8b:generateContent", Some(("ollama/llama3:8b", false)));
        check("/v1beta/models/m:countTokens", None);
        check("/v1beta/models/:generateContent", None);
        check("/v2/models/m:generateContent", None);
        check("/v1/models/m", None);
    }

    #[test]
    fn only_alt_sse_asks_for_events() {
        assert!(Path::wants_events(Some("key=k&alt=sse")));
        assert!(!Path::wants_events(Some("alt=json")) && !Path::wants_events(None));
    }
}
