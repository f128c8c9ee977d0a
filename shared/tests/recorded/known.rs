//! The differences that stay, each with its reason. One that is no longer found fails the test, as does one that is new.

/// A recording, what of it to which pair, and why it differs.
pub(crate) type Known = (&'static str, &'static str, &'static str);

/// Bedrock demands the definition of every tool that the conversation has calls of.
const DEFINED: &str = "Converse refuses calls of tools that are not on offer, so the called one is";
/// The addresses that models of Bedrock read are those of S3.
const BYTES: &str = "Converse takes an image's bytes, not its address";
/// What only one provider runs cannot be had from another.
const HOSTED: &str = "a search that only OpenAI runs is refused by name";
/// Google's older clients ask with `$alt=json;enum-encoding=int`, this gateway never does.
const NUMBERED: &str = "the recorded client asked for enumerations as numbers, the gateway asks for words";
/// Recorded as a string.
const BROKEN: &str = "the recorded request is not JSON";
/// Writer knows by the order which call a result is for.
const NAMELESS: &str = "the recorded result does not say which call it is of";

/// The relay says so where a provider does not say that it is done.
const UNENDED: &str = "Writer's stream of a text is of its own kind and has no end, so an error follows";

pub(crate) const DIFFERENCES: &[Known] = &[
    ("openai/chat-completions/13", "request completions to converse", DEFINED),
    ("openai/chat-completions/16", "request completions to converse", BYTES),
    ("openai/chat-completions/24", "request completions to converse", DEFINED),
    ("openai/responses/04", "request responses to completions", HOSTED),
    ("openai/responses/04", "request responses to converse", HOSTED),
    ("openai/responses/04", "request responses to generate", HOSTED),
    ("openai/responses/04", "request responses to messages", HOSTED),
    ("vertex/generate-content/04", "answer completions to generate", NUMBERED),
    ("vertex/generate-content/04", "answer generate to generate", NUMBERED),
    ("vertex/generate-content/04", "answer messages to generate", NUMBERED),
    ("vertex/generate-content/04", "answer responses to generate", NUMBERED),
    ("vertex/generate-content/08", "request generate to converse", BYTES),
    ("writer/chat/05", "request completions to converse", BROKEN),
    ("writer/chat/05", "request completions to generate", BROKEN),
    ("writer/chat/05", "request completions to messages", BROKEN),
    ("writer/chat/05", "request completions to responses", BROKEN),
    ("writer/chat/09", "request completions to converse", NAMELESS),
    ("writer/chat/09", "request completions to generate", NAMELESS),
    ("writer/chat/09", "request completions to messages", NAMELESS),
    ("writer/chat/09", "request completions to responses", NAMELESS),
    ("writer/completions/02", "operation completions to completions", UNENDED),
];
