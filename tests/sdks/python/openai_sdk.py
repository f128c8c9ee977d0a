"""The OpenAI SDK, Chat Completions and Responses, in front of a provider of each family."""

import json

import openai

from checks import API_KEY, BASE_URL, RESULTS, TEXT, TIME, TURNS, UPSTREAMS, WEATHER
from checks import check, close, equal, equal_calls, raises

SETTINGS = {"base_url": f"{BASE_URL}/v1", "api_key": API_KEY, "max_retries": 0, "timeout": 30}
client = openai.OpenAI(**SETTINGS, _strict_response_validation=True)
# OpenAI's streams of text completions have a `finish_reason` of null until the last, which the SDK's type does not allow.
lenient = openai.OpenAI(**SETTINGS)
CHAT_TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}},
    {"type": "function", "function": {"name": "get_time", "parameters": TIME}},
]
FLAT_TOOLS = [{"type": "function", "strict": False, **tool["function"]} for tool in CHAT_TOOLS]
ERRORS = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    500: openai.InternalServerError,
}


def user(text):
    return [{"role": "user", "content": text}]


def chat_plain(model):
    messages = [{"role": "system", "content": "Be brief."}, *user("play:text")]
    answer = client.chat.completions.create(model=model, messages=messages, temperature=0.5)
    choice = answer.choices[0]
    equal((choice.message.content, choice.finish_reason, choice.message.role), (TEXT, "stop", "assistant"))
    usage = answer.usage
    equal((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (31, 12, 43))
    equal(usage.prompt_tokens_details.cached_tokens, 16)


def chat_streamed(model):
    stream = client.chat.completions.create(
        model=model, messages=user("play:turns-streamed"), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    deltas = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    equal("".join(deltas), TURNS)
    equal(len({chunk.id for chunk in chunks}), 1)
    equal([c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason], ["stop"])
    equal((chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens), (40, 21))
    equal(chunks[-1].choices, [])


def chat_tools(model):
    messages = user("play:parallel-tools-streamed")
    with client.chat.completions.stream(model=model, messages=messages, tools=CHAT_TOOLS) as stream:
        message = stream.get_final_completion().choices[0].message
    calls = message.tool_calls
    equal(message.content, "I will look.")
    equal_calls([(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls])
    messages.append(message.model_dump(exclude_none=True, include={"role", "content", "tool_calls"}))
    results = ["21 °C", "rain", "play:tool-results"]
    for call, result in zip(calls, results):
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    answer = client.chat.completions.create(model=model, messages=messages, tools=CHAT_TOOLS)
    equal(answer.choices[0].message.content, RESULTS)


def chat_rate_limit(model):
    ask = lambda: client.chat.completions.create(model=model, messages=user("play:error-429"))
    error = raises(openai.RateLimitError, ask)
    equal(error.response.headers["retry-after"], "20")
    assert "Limit 3, Used 3" in error.message, error.message


def chat_error(model, status):
    ask = lambda: client.chat.completions.create(model=model, messages=user(f"play:error-{status}"))
    error = raises(ERRORS[status], ask)
    equal(error.status_code, status)
    assert error.type and error.message


def chat_broken_off(model):
    ask = lambda: list(
        client.chat.completions.create(model=model, messages=user("play:error-in-mid-stream"), stream=True)
    )
    raises(openai.APIError, ask)


def text_plain(model):
    answer = client.completions.create(model=model, prompt="play:text", temperature=0.5)
    choice = answer.choices[0]
    equal((choice.text, choice.finish_reason, answer.object), (TEXT, "stop", "text_completion"))
    usage = answer.usage
    equal((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (31, 12, 43))


def text_streamed(model):
    stream = lenient.completions.create(
        model=model, prompt="play:turns-streamed", stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    equal("".join(choice.text for chunk in chunks for choice in chunk.choices), TURNS)
    equal([c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason], ["stop"])
    equal((chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens), (40, 21))


def responses_plain(model):
    answer = client.responses.create(model=model, instructions="Be brief.", input="play:text")
    equal((answer.output_text, answer.status, answer.object), (TEXT, "completed", "response"))
    usage = answer.usage
    equal((usage.input_tokens, usage.output_tokens, usage.total_tokens), (31, 12, 43))
    equal(usage.input_tokens_details.cached_tokens, 16)


def responses_streamed(model):
    events = list(client.responses.create(model=model, input="play:turns-streamed", stream=True))
    equal("".join(event.delta for event in events if event.type == "response.output_text.delta"), TURNS)
    equal([event.sequence_number for event in events], list(range(len(events))))
    equal((events[0].type, events[-1].type), ("response.created", "response.completed"))
    answer = events[-1].response
    equal(answer.output_text, TURNS)
    equal((answer.usage.input_tokens, answer.usage.output_tokens), (40, 21))


def responses_tools(model):
    asked = user("play:parallel-tools-streamed")
    with client.responses.stream(model=model, input=asked, tools=FLAT_TOOLS) as stream:
        answer = stream.get_final_response()
    calls = [item for item in answer.output if item.type == "function_call"]
    equal(answer.output_text, "I will look.")
    equal_calls([(call.call_id, call.name, json.loads(call.arguments)) for call in calls])
    history = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in answer.output]
    for item in history:
        for part in item.get("content") or []:
            part.pop("parsed", None)
    results = ["21 °C", "rain", "play:tool-results"]
    outputs = [
        {"type": "function_call_output", "call_id": call.call_id, "output": result}
        for call, result in zip(calls, results)
    ]
    answer = client.responses.create(model=model, input=[*asked, *history, *outputs], tools=FLAT_TOOLS)
    equal(answer.output_text, RESULTS)


def responses_rate_limit(model):
    error = raises(openai.RateLimitError, lambda: client.responses.create(model=model, input="play:error-429"))
    equal(error.response.headers["retry-after"], "20")


def responses_broken_off(model):
    stream = client.responses.create(model=model, input="play:error-in-mid-stream", stream=True)
    try:
        last = list(stream)[-1]
    except openai.APIError:
        return
    assert last.type in ("error", "response.failed"), last


def models():
    assert "openai/gpt-listed" in [model.id for model in client.models.list()]
    equal(client.models.retrieve("openai/gpt-listed").id, "openai/gpt-listed")


for upstream in UPSTREAMS:
    model = f"{upstream}/m"
    for ask in (chat_plain, chat_streamed, chat_tools, chat_rate_limit, chat_broken_off):
        check(f"{upstream} {ask.__name__}", lambda: ask(model))
    for ask in (
        responses_plain,
        responses_streamed,
        responses_tools,
        responses_rate_limit,
        responses_broken_off,
    ):
        check(f"{upstream} {ask.__name__}", lambda: ask(model))
# Those that are left have text completions themselves.
for upstream in ("messages", "generate", "converse"):
    for ask in (text_plain, text_streamed):
        check(f"{upstream} {ask.__name__}", lambda: ask(f"{upstream}/m"))
for upstream in ("completions", "messages"):
    for status in ERRORS:
        check(f"{upstream} error {status}", lambda: chat_error(f"{upstream}/m", status))
check("models", models)
close()
