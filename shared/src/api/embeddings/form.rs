//! How providers of other APIs are asked for vectors, as rows.

use bytes::{Bytes, BytesMut};

use super::{Vectors, Wanted};
use crate::api::family::Api;
use crate::dialect::Name;
use crate::error::Error;
use crate::ir::Loss;
use crate::wire::json::{Json, Malformed, Writer};

/// An operation that gives vectors.
pub(crate) struct Form {
    api: Api,
    model: Name,
    /// Where it is behind the root.
    pub(crate) path: &'static str,
    input: Input,
    /// What the number of dimensions is called; none where it cannot be chosen.
    dimensions: Option<&'static str>,
    /// Members besides, as JSON.
    sets: &'static [(&'static str, &'static str)],
    /// The members that the vectors are in, from the outside in.
    vectors: &'static [&'static str],
    /// The member of each that its numbers are in, where they are in one.
    numbers: Option<&'static str>,
    /// The members that the number of tokens is in.
    tokens: &'static [&'static str],
}

/// Where the texts stand.
#[derive(Clone, Copy)]
enum Input {
    /// One text, in this member.
    One(&'static str),
    /// All texts, in this member.
    All(&'static str),
    /// A request each, as Gemini has them, with the number of dimensions in it.
    Requests,
}

static FORMS: &[Form] = &[
    // https://ai.google.dev/api/embeddings#method:-models.batchembedcontents
    Form {
        api: Api::Generate,
        model: Name::Prefix(""),
        path: "models/{model}:batchEmbedContents",
        input: Input::Requests,
        dimensions: Some("outputDimensionality"),
        sets: &[],
        vectors: &["embeddings"],
        numbers: Some("values"),
        tokens: &["usageMetadata", "promptTokenCount"],
    },
    // https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
    Form { model: Name::Part("amazon.titan-embed-text-v1"), dimensions: None, ..TITAN },
    Form { model: Name::Part("amazon.titan-embed-g1"), dimensions: None, ..TITAN },
    TITAN,
    // https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html; the fourth version can be told
    // how many numbers to give. Texts that are not searched with are searched in.
    Form { model: Name::Part("cohere.embed-v4"), dimensions: Some("output_dimension"), ..COHERE },
    COHERE,
];

const TITAN: Form = Form {
    api: Api::Converse,
    model: Name::Part("amazon.titan-embed-text"),
    path: "model/{model}/invoke",
    input: Input::One("inputText"),
    dimensions: Some("dimensions"),
    sets: &[],
    vectors: &["embedding"],
    numbers: None,
    tokens: &["inputTextTokenCount"],
};

const COHERE: Form = Form {
    api: Api::Converse,
    model: Name::Part("cohere.embed"),
    path: "model/{model}/invoke",
    input: Input::All("texts"),
    dimensions: None,
    sets: &[("input_type", "\"search_document\""), ("embedding_types", "[\"float\"]")],
    vectors: &["embeddings", "float"],
    numbers: None,
    tokens: &[],
};

impl Form {
    /// How this model is asked in `api`; none where it gives no vectors that way.
    pub(crate) fn of(api: Api, model: &str) -> Option<&'static Form> {
        FORMS.iter().find(|form| form.api == api && form.model.fits(model))
    }

    /// Writes a request, and says what of the client's is not in it.
    pub(crate) fn write(&self, wanted: &Wanted<'_>, model: &str) -> Result<(Bytes, Vec<Loss>), Error> {
        let mut losses = wanted.losses.clone();
        if wanted.dimensions.is_some() && self.dimensions.is_none() {
            losses.push(Loss::dropped("dimensions"));
        }
        if matches!(self.input, Input::One(_)) && wanted.texts.len() > 1 {
            let message = "This model takes one text at a time, and `input` has more.";
            return Err(Error::invalid_param("input", message).with_code("too_many_inputs"));
        }
        let mut out = BytesMut::new();
        Writer::new(&mut out).object(|o| self.write_members(wanted, model, o));
        Ok((out.freeze(), losses))
    }

    fn write_members(&self, wanted: &Wanted<'_>, model: &str, o: &mut Writer<'_>) {
        match self.input {
            Input::One(name) => wanted.texts.iter().for_each(|text| o.key(name).string(text)),
            Input::All(name) => o.key(name).array(|a| wanted.texts.iter().for_each(|text| a.string(text))),
            Input::Requests => return self.write_requests(wanted, model, o),
        }
        self.sets.iter().for_each(|(name, value)| o.key(name).raw(value));
        self.write_dimensions(wanted, o);
    }

    fn write_requests(&self, wanted: &Wanted<'_>, model: &str, o: &mut Writer<'_>) {
        let write = |text: &str, o: &mut Writer<'_>| {
            o.key("model").string(&format!("models/{model}"));
            o.key("content").object(|o| {
                o.key("parts").array(|a| a.object(|o| o.key("text").string(text)));
            });
            self.write_dimensions(wanted, o);
        };
        o.key("requests").array(|a| wanted.texts.iter().for_each(|text| a.object(|o| write(text, o))));
    }

    fn write_dimensions(&self, wanted: &Wanted<'_>, o: &mut Writer<'_>) {
        if let (Some(name), Some(dimensions)) = (self.dimensions, wanted.dimensions) {
            o.key(name).integer(dimensions);
        }
    }

    /// Reads an answer to so many texts.
    pub(crate) fn read<'a>(&self, answer: Json<'a>, texts: usize) -> Result<Vectors<'a>, Malformed> {
        let missing = Malformed { offset: 0, what: "there are not as many vectors as texts" };
        let found = within(answer, self.vectors).ok_or(missing.clone())?;
        let vectors = match self.input {
            Input::One(_) => vec![found],
            Input::All(_) | Input::Requests => {
                let numbers = |item: Json<'a>| self.numbers.map_or(Some(item), |name| item.get(name));
                found.items().filter_map(numbers).collect()
            }
        };
        let tokens = within(answer, self.tokens).and_then(Json::number);
        if vectors.len() == texts { Ok(Vectors { vectors, tokens }) } else { Err(missing) }
    }
}

fn within<'a>(json: Json<'a>, path: &[&str]) -> Option<Json<'a>> {
    path.iter().try_fold(json, |json, name| json.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::embeddings::read;

    #[track_caller]
    fn written(api: Api, model: &str, asked: &str) -> Result<String, String> {
        let wanted = read(Json::parse(asked.as_bytes()).unwrap()).unwrap();
        let written = Form::of(api, model).unwrap().write(&wanted, model);
        written.map(|(body, _)| String::from_utf8(body.to_vec()).unwrap()).map_err(|error| error.message)
    }

    #[track_caller]
    fn given(
        api: Api,
        model: &str,
        answer: &str,
        texts: usize,
    ) -> Result<(Vec<String>, Option<u64>), Malformed> {
        let vectors = Form::of(api, model).unwrap().read(Json::parse(answer.as_bytes()).unwrap(), texts)?;
        Ok((vectors.vectors.iter().map(|vector| vector.raw().to_owned()).collect(), vectors.tokens))
    }

    #[test]
    fn gemini_takes_a_request_for_each_text() {
        let asked = r#"{"input":["a","b"],"dimensions":2}"#;
        let one = |text: &str| {
            format!(
                r#"{{"model":"models/g","content":{{"parts":[{{"text":"{text}"}}]}},"outputDimensionality":2}}"#
            )
        };
        let expected = format!(r#"{{"requests":[{},{}]}}"#, one("a"), one("b"));
        assert_eq!(written(Api::Generate, "g", asked), Ok(expected));
        let answer =
            r#"{"embeddings":[{"values":[1]},{"values":[2]}],"usageMetadata":{"promptTokenCount":4}}"#;
        let vectors = vec!["[1]".to_owned(), "[2]".to_owned()];
        assert_eq!(given(Api::Generate, "g", answer, 2), Ok((vectors, Some(4))));
        assert!(given(Api::Generate, "g", answer, 3).is_err());
    }

    #[test]
    fn bedrock_asks_each_model_in_its_own_way() {
        let titan = "amazon.titan-embed-text-v2:0";
        let asked = r#"{"input":"a","dimensions":256}"#;
        assert_eq!(
            written(Api::Converse, titan, asked),
            Ok(r#"{"inputText":"a","dimensions":256}"#.to_owned())
        );
        let old = written(Api::Converse, "amazon.titan-embed-text-v1", asked);
        assert_eq!(old, Ok(r#"{"inputText":"a"}"#.to_owned()));
        assert!(written(Api::Converse, titan, r#"{"input":["a","b"]}"#).is_err());
        let answer = r#"{"embedding":[1,2],"inputTextTokenCount":3}"#;
        assert_eq!(given(Api::Converse, titan, answer, 1), Ok((vec!["[1,2]".to_owned()], Some(3))));
        let cohere = "us.cohere.embed-v4:0";
        let expected = r#"{"texts":["a"],"input_type":"search_document","embedding_types":["float"],"output_dimension":256}"#;
        assert_eq!(written(Api::Converse, cohere, asked), Ok(expected.to_owned()));
        let answer = r#"{"embeddings":{"float":[[1,2]]}}"#;
        assert_eq!(given(Api::Converse, cohere, answer, 1), Ok((vec!["[1,2]".to_owned()], None)));
        assert!(Form::of(Api::Converse, "amazon.nova-pro-v1:0").is_none());
    }
}
