//! The requests: one for each documented feature of a client's API.

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// A client's API.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// `{model}` stands for the model.
    pub(crate) path: &'static str,
    probes: &'static str,
}

pub(crate) const CLIENTS: [Client; 4] = [
    Client {
        name: "completions",
        title: "Chat Completions",
        path: "/v1/chat/completions",
        probes: include_str!("completions.json"),
    },
    Client {
        name: "messages",
        title: "Messages",
        path: "/v1/messages",
        probes: include_str!("messages.json"),
    },
    Client {
        name: "responses",
        title: "Responses",
        path: "/v1/responses",
        probes: include_str!("responses.json"),
    },
    Client {
        name: "generate",
        title: "generateContent",
        path: "/v1beta/models/{model}:generateContent",
        probes: include_str!("generate.json"),
    },
];

impl Client {
    /// The request that has none of the features.
    pub(crate) fn base(&self) -> Map<String, Value> {
        self.file()["base"].as_object().expect("a request is an object").clone()
    }

    /// The plain request, for a stream or not.
    pub(crate) fn streamed(&self, stream: bool) -> Map<String, Value> {
        let mut request = self.base();
        if request.contains_key("model") {
            request.insert("stream".to_owned(), stream.into());
        }
        if stream && self.name == "completions" {
            request.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
        request
    }

    /// The plain request, and then one for each feature.
    pub(crate) fn requests(&self) -> Vec<(String, Map<String, Value>)> {
        let file = self.file();
        let probes = file["probes"].as_array().expect("the probes are a list").iter();
        let features = probes.map(|probe| {
            let mut request = self.base();
            request.extend(probe["with"].as_object().expect("a feature is members").clone());
            (probe["feature"].as_str().expect("a feature has a name").to_owned(), request)
        });
        [("nothing".to_owned(), self.base())].into_iter().chain(features).collect()
    }

    /// Whether two features ask for the same, in this API's own words.
    pub(crate) fn is_same(&self, one: &str, other: &str) -> bool {
        let same = &self.file()["same"];
        let list = same.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().any(|names| {
            [one, other]
                .iter()
                .all(|name| names.as_array().is_some_and(|all| all.contains(&Value::from(*name))))
        })
    }

    fn file(&self) -> Value {
        serde_json::from_str(self.probes).expect("the probes are JSON")
    }
}

/// A request's bytes for this model.
pub(crate) fn body(client: &Client, model: &str, mut request: Map<String, Value>) -> (String, Bytes) {
    let path = client.path.replace("{model}", model);
    if request.contains_key("model") {
        request.insert("model".to_owned(), model.into());
    }
    (path, Bytes::from(Value::from(request).to_string()))
}
