"""The vendors' own published types as judges of the corpus.

What providers receive must be requests as the vendors' types have them, and what clients receive answers and events: no
member of the wrong type, none that is missing, none that is unknown. So must be what the corpus itself has clients ask
and providers answer. Prints `ok FILE` for each file that holds.
"""

import collections.abc
import json
import pathlib
import sys
import types
import typing

import anthropic.types
import openai.types.chat
import openai.types.responses
import typing_extensions
from google.genai import _common as genai
from google.genai import types as gemini
from groq.types.chat import completion_create_params as groq
from mistralai.client import models as mistral
from together.types.chat import completion_create_params as together
from anthropic.types import message_create_params
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params
from pydantic import BaseModel, TypeAdapter

import shapes
from checks import check, close


class GenerateContentRequest(genai.BaseModel):
    """https://ai.google.dev/api/generate-content#request-body, of which the SDK has the parts only."""

    contents: list[gemini.Content]
    tools: list[gemini.Tool] | None = None
    tool_config: gemini.ToolConfig | None = None
    safety_settings: list[gemini.SafetySetting] | None = None
    system_instruction: gemini.Content | None = None
    generation_config: gemini.GenerationConfig | None = None
    cached_content: str | None = None
    service_tier: str | None = None
    store: bool | None = None


REQUESTS = {
    "completions": completion_create_params.CompletionCreateParams,
    "messages": message_create_params.MessageCreateParams,
    "responses": response_create_params.ResponseCreateParams,
    "mistral": mistral.ChatCompletionRequestTypedDict | mistral.ChatCompletionStreamRequestTypedDict,
    "groq": groq.CompletionCreateParams,
    "together_ai": together.CompletionCreateParams,
}
ANSWERS = {
    "completions": openai.types.chat.ChatCompletion,
    "messages": anthropic.types.Message,
    "responses": openai.types.responses.Response,
    "generate": gemini.GenerateContentResponse,
}
EVENTS = {
    "completions": openai.types.chat.ChatCompletionChunk,
    "messages": anthropic.types.RawMessageStreamEvent,
    "responses": openai.types.responses.ResponseStreamEvent,
    "generate": gemini.GenerateContentResponse,
}
# Sampling, which the newest models do not take and the newest SDK therefore does not name.
OF_OLDER_MODELS = {"messages": ["temperature", "top_p", "top_k"]}
# Members that the SDKs' types do not have: `store` is in the reference's own examples; the others are how vendors of
# compatible APIs give what their models thought (https://api-docs.deepseek.com/guides/thinking_mode,
# https://openrouter.ai/docs/guides/best-practices/reasoning-tokens, https://ai.google.dev/gemini-api/docs/openai), and
# OpenAI's own citations, which the type of a whole message has; and what Bedrock adds to the end of Claude's streams.
UNNAMED = (
    ".store",
    ".delta[0].annotations",
    ".reasoning_content",
    ".reasoning_details",
    ".extra_content",
    ".amazon-bedrock-invocationMetrics",
)
OPTIONAL = (typing_extensions.NotRequired, typing.NotRequired)
# What Mistral's SDK calls otherwise in Python.
ON_THE_WIRE = {"schema_definition": "schema"}
NULLABLE = (typing_extensions.Required, typing_extensions.NotRequired, typing.Required, typing.NotRequired)


class Wrong(Exception):
    """Where a value is not of its type, and why."""

    def __init__(self, path, why):
        super().__init__(f"{path}: {why}")
        self.depth = path.count(".") + path.count("[")


def judge(kind, value, path="$"):
    """Raises [Wrong] where `value` is not of the type `kind` of a request."""
    origin, arguments = typing_extensions.get_origin(kind), typing_extensions.get_args(kind)
    if kind in (object, typing.Any):
        return
    if isinstance(kind, typing_extensions.TypeAliasType):
        return judge(kind.__value__, value, path)
    if isinstance(origin, typing_extensions.TypeAliasType):
        return judge(origin.__value__[arguments], value, path)
    if origin in NULLABLE or origin in (typing.Annotated, typing_extensions.Annotated):
        return judge(arguments[0], value, path)
    if origin in (typing.Union, types.UnionType):
        return judge_any(arguments, value, path)
    if origin in (typing.Literal, typing_extensions.Literal):
        return demand(value in arguments, path, f"{value!r} is none of {arguments}")
    if typing_extensions.is_typeddict(kind):
        return judge_object(kind, value, path)
    if origin in (dict, collections.abc.Mapping):
        demand(isinstance(value, dict), path, "is no object")
        return [judge(arguments[1], each, f"{path}.{key}") for key, each in value.items()]
    if origin is not None and arguments:
        demand(isinstance(value, list), path, "is no array")
        return [judge(arguments[0], each, f"{path}[{at}]") for at, each in enumerate(value)]
    judge_plain(kind, value, path)


def judge_plain(kind, value, path):
    if kind is None or kind is type(None):
        return demand(value is None, path, "is not null")
    if kind is float:
        return demand(isinstance(value, (int, float)) and not isinstance(value, bool), path, "is no number")
    if isinstance(kind, type) and getattr(kind, "_is_protocol", False):
        return demand(isinstance(value, list), path, "is no array")
    exact = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    demand(exact, path, f"{value!r} is no {kind.__name__}")


def judge_any(kinds, value, path):
    """One of the kinds must fit; otherwise the one that came furthest says why."""
    faults = []
    for kind in kinds:
        try:
            return judge(kind, value, path)
        except Wrong as wrong:
            faults.append(wrong)
    raise max(faults, key=lambda wrong: wrong.depth)


def judge_object(kind, value, path):
    demand(isinstance(value, dict), path, "is no object")
    hints = typing_extensions.get_type_hints(kind, include_extras=True)
    hints = {ON_THE_WIRE.get(key, key): hint for key, hint in hints.items()}
    # Where annotations are texts, the class itself does not know which of them say that a key may be missing.
    optional = {key for key, hint in hints.items() if typing_extensions.get_origin(hint) in OPTIONAL}
    for key in {ON_THE_WIRE.get(key, key) for key in kind.__required_keys__} - optional:
        demand(key in value, path, f"{key} is missing from {kind.__name__}")
    for key, each in value.items():
        demand(key in hints, path, f"{key} is no member of {kind.__name__}")
        judge(hints[key], each, f"{path}.{key}")


def demand(holds, path, why):
    if not holds:
        raise Wrong(path, why)


def unknown(model, path="$"):
    """The members that the SDK's type of an answer does not know."""
    found = [f"{path}.{key}" for key in (model.model_extra or {})]
    for name in type(model).model_fields:
        values = getattr(model, name)
        for at, each in enumerate(values if isinstance(values, list) else [values]):
            if isinstance(each, BaseModel):
                found += unknown(each, f"{path}.{name}[{at}]")
    return found


def judge_request(kind, value):
    """`kind` is an API, or a provider of its own kind of Chat Completions."""
    if kind == "generate":
        return TypeAdapter(GenerateContentRequest).validate_json(json.dumps(value))
    if kind == "converse":
        return shapes.judge_request(value, demand)
    if kind == "amazon_bedrock":
        return judge_request("messages", of_bedrock(value))
    for name in OF_OLDER_MODELS.get(kind, []):
        value.pop(name, None)
    judge(REQUESTS[kind], value)


def of_bedrock(value):
    """The Messages request that Bedrock's form of one stands for: the model and whether to stream are in the path.

    https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
    """
    demand(value.pop("anthropic_version", None) == "bedrock-2023-05-31", "$.anthropic_version", "is not Bedrock's")
    demand(not value.keys() & {"model", "stream"}, "$", "says what the path says")
    return {"model": "m", **value}


def judge_answer(kind, value):
    model = TypeAdapter(kind).validate_json(json.dumps(value))
    extra = [path for path in unknown(model) if not path.endswith(UNNAMED)]
    demand(not extra, ", ".join(extra), f"no member of {type(model).__name__}")


def judge_body(api, file):
    """Judges what an API answers, whole or streamed; an error of it is for the SDKs' scripts to see."""
    if file.suffix == ".frames":
        return [judge_frame(api, line) for line in file.read_text(encoding="utf-8").splitlines()]
    if file.suffix == ".sse":
        found = [without_custom_calls(event) for event in events(unmasked(file))]
        return [judge_answer(EVENTS[api], event) for event in found if not is_error(event) and not is_ping(event)]
    value = read(file)
    if isinstance(value, list):
        # Gemini's stream as one array.
        return [judge_answer(EVENTS[api], event) for event in value]
    if is_error(value) or api == "converse" and "message" in value:
        return None
    return shapes.judge_answer(value, demand) if api == "converse" else judge_answer(ANSWERS[api], value)


def judge_frame(api, line):
    """A frame of ConverseStream, or one that holds an event of the model's own API."""
    if api == "converse":
        return shapes.judge_frame(line, demand)
    event = json.loads(line.removeprefix("chunk "))
    return None if is_ping(event) else judge_answer(EVENTS[api], event)


def events(text):
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def without_custom_calls(event):
    """What is left of a chunk for the SDK's type of one, which has no calls of custom tools; they are judged here."""
    for choice in event.get("choices") or []:
        calls = choice.get("delta", {}).get("tool_calls", [])
        for call in [call for call in calls if "custom" in call]:
            holds = call.keys() <= {"index", "id", "type", "custom"} and call["custom"].keys() <= {"name", "input"}
            demand(holds and call.get("type", "custom") == "custom", "$.choices.delta.tool_calls", f"no call: {call}")
            calls.remove(call)
    return event


def judge_case(folder):
    case = json.loads((folder / "case.json").read_text())
    client, upstream = folder.name.split("--")[0].split("-to-")
    sent, kind = folder / "sent.json", case.get("dialect", upstream)
    if sent.exists():
        check(f"{folder.name}/sent.json", lambda: judge_request(kind, read(sent)))
    elif kind != upstream and not case.get("refused"):
        # The client's own bytes, in a kind of its API.
        check(f"{folder.name}: as asked", lambda: judge_request(kind, read(asked(folder))))
    for got in (folder / "got.json", folder / "got.sse"):
        if got.exists():
            check(f"{folder.name}/{got.name}", lambda: judge_body(client, got))


def asked(folder):
    """The shared request of a case: the one of the longest beginning of its name."""
    pair, what = folder.name.split("--")
    requests = folder.parent / "requests" / pair.split("-to-")[0]
    while not (requests / f"{what}.json").exists():
        what = what.rsplit("-", 1)[0]
    return requests / f"{what}.json"


def judge_shared(root):
    for file in sorted(root.glob("requests/*/*.json")):
        check(f"{file.relative_to(root)}", lambda: judge_request(written_for(file), read(file)))
    for file in sorted(root.glob("answers/*/*")):
        if file.suffix in (".json", ".sse", ".frames") and not file.name.endswith(".head.json"):
            check(f"{file.relative_to(root)}", lambda: judge_body(file.parent.name, file))


def written_for(file):
    """Whose API a shared request is in: its folder's, or `documents-of-mistral` in Mistral's kind of it."""
    maker = file.stem.rpartition("-of-")[2]
    return maker if maker in REQUESTS else file.parent.name


def is_error(body):
    """The types have no errors; the SDKs' scripts see them as exceptions."""
    return body.get("type") == "error" or body.get("object") != "response" and isinstance(body.get("error"), dict)


def is_ping(event):
    """Anthropic's SDK passes over these before it looks at the type."""
    return event.get("type") == "ping"


def unmasked(file):
    """With a number where a mask stands for one."""
    return file.read_text(encoding="utf-8").replace('"<time>"', "1765432109")


def read(file):
    return json.loads(unmasked(file))


root = pathlib.Path(sys.argv[1])
judge_shared(root)
for folder in sorted(root.iterdir()):
    if (folder / "case.json").exists():
        judge_case(folder)
close()
