"""The vendors' own published types as judges of the corpus.

What providers receive must be requests as the SDKs' types have them, and what clients receive answers and events: no
member of the wrong type, none that is missing, none that is unknown. Prints `ok FILE` for each file that holds.
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
from anthropic.types import message_create_params
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params
from pydantic import BaseModel, TypeAdapter

from checks import check, close

REQUESTS = {
    "completions": completion_create_params.CompletionCreateParams,
    "messages": message_create_params.MessageCreateParams,
    "responses": response_create_params.ResponseCreateParams,
}
ANSWERS = {
    "completions": openai.types.chat.ChatCompletion,
    "messages": anthropic.types.Message,
    "responses": openai.types.responses.Response,
}
EVENTS = {
    "completions": openai.types.chat.ChatCompletionChunk,
    "messages": anthropic.types.RawMessageStreamEvent,
    "responses": openai.types.responses.ResponseStreamEvent,
}
# Sampling, which the newest models do not take and the newest SDK therefore does not name.
OF_OLDER_MODELS = {"messages": ["temperature", "top_p", "top_k"]}
# The reference's own examples have it; the SDK's type does not.
UNNAMED = ("$.store", "$.response[0].store")
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
    for key in kind.__required_keys__:
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


def judge_request(api, value):
    for name in OF_OLDER_MODELS.get(api, []):
        value.pop(name, None)
    judge(REQUESTS[api], value)


def judge_answer(kind, value):
    model = TypeAdapter(kind).validate_python(value)
    extra = [path for path in unknown(model) if path not in UNNAMED]
    demand(not extra, ", ".join(extra), f"no member of {type(model).__name__}")


def events(text):
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def judge_case(folder):
    case = json.loads((folder / "case.json").read_text())
    sent, whole, streamed = folder / "sent.json", folder / "got.json", folder / "got.sse"
    if sent.exists():
        check(f"{folder.name}/sent.json", lambda: judge_request(case["upstream"], read(sent)))
    if whole.exists() and not is_error(read(whole)):
        check(f"{folder.name}/got.json", lambda: judge_answer(ANSWERS[case["client"]], read(whole)))
    if streamed.exists():
        kind, found = EVENTS[case["client"]], events(unmasked(streamed))
        told = [event for event in found if not is_error(event)]
        check(f"{folder.name}/got.sse", lambda: [judge_answer(kind, event) for event in told])


def is_error(body):
    """OpenAI's types have no error of their own; the SDKs' scripts see them as exceptions."""
    return body.get("type") == "error" or isinstance(body.get("error"), dict)


def unmasked(file):
    """With a number where a mask stands for one."""
    return file.read_text(encoding="utf-8").replace('"<time>"', "1765432109")


def read(file):
    return json.loads(unmasked(file))


for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if (folder / "case.json").exists():
        judge_case(folder)
close()
