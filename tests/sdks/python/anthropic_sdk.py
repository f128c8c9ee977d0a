"""The Anthropic SDK in front of a provider of each family."""

import anthropic

from checks import API_KEY, BASE_URL, RESULTS, TEXT, TIME, TURNS, UPSTREAMS, WEATHER
from checks import check, close, equal, equal_calls, raises

client = anthropic.Anthropic(
    base_url=BASE_URL,
    api_key=API_KEY,
    max_retries=0,
    timeout=30,
    _strict_response_validation=True,
)
OFFERED = [
    {"name": "get_weather", "description": "The weather", "input_schema": WEATHER},
    {"name": "get_time", "description": "The time", "input_schema": TIME},
]
ERRORS = {
    400: anthropic.BadRequestError,
    401: anthropic.AuthenticationError,
    403: anthropic.PermissionDeniedError,
    404: anthropic.NotFoundError,
    413: anthropic.APIStatusError,
    500: anthropic.InternalServerError,
}


def arguments(model, text, **more):
    return {"model": model, "max_tokens": 512, "messages": [{"role": "user", "content": text}], **more}


def plain(model):
    answer = client.messages.create(**arguments(model, "play:text", system="Be brief."))
    equal([(block.type, block.text) for block in answer.content], [("text", TEXT)])
    equal((answer.stop_reason, answer.role, answer.type), ("end_turn", "assistant", "message"))
    usage = answer.usage
    equal((usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens), (15, 16, 12))


def plain_beta(model):
    answer = client.beta.messages.create(**arguments(model, "play:text"), betas=["token-efficient-tools-2026-01-01"])
    equal(answer.content[0].text, TEXT)


def streamed(model):
    with client.messages.stream(**arguments(model, "play:turns-streamed")) as stream:
        equal("".join(stream.text_stream), TURNS)
        answer = stream.get_final_message()
    equal((answer.stop_reason, answer.content[0].text), ("end_turn", TURNS))
    equal((answer.usage.input_tokens, answer.usage.output_tokens), (40, 21))


def raw_events(model):
    events = list(client.messages.create(**arguments(model, "play:parallel-tools-streamed"), stream=True))
    kinds = [event.type for event in events if event.type != "ping"]
    equal((kinds[0], kinds[-2:]), ("message_start", ["message_delta", "message_stop"]))
    opened = [event.index for event in events if event.type == "content_block_start"]
    closed = [event.index for event in events if event.type == "content_block_stop"]
    equal((opened, closed), (list(range(len(opened))),) * 2)
    blocks = [event.content_block.type for event in events if event.type == "content_block_start"]
    equal([block for block in blocks if block != "thinking"], ["text", "tool_use", "tool_use", "tool_use"])


def tools(model):
    asked = arguments(model, "play:parallel-tools-streamed", tools=OFFERED)
    with client.messages.stream(**asked) as stream:
        answer = stream.get_final_message()
    uses = [block for block in answer.content if block.type == "tool_use"]
    equal((answer.stop_reason, answer.content[0].text), ("tool_use", "I will look."))
    equal_calls([(use.id, use.name, use.input) for use in uses])
    results = [
        {"type": "tool_result", "tool_use_id": use.id, "content": result, "is_error": error}
        for use, result, error in zip(uses, ["21 °C", "rain", "play:tool-results"], [False, True, False])
    ]
    # What a model thought goes back with its seal.
    known = {"type", "text", "id", "name", "input", "thinking", "signature"}
    history = [block.model_dump(include=known) for block in answer.content]
    asked["messages"] += [{"role": "assistant", "content": history}, {"role": "user", "content": results}]
    equal(client.messages.create(**asked).content[0].text, RESULTS)


def rate_limit(model):
    ask = lambda: client.messages.create(**arguments(model, "play:error-429"))
    error = raises(anthropic.RateLimitError, ask)
    equal(error.response.headers["retry-after"], "20")
    equal(error.body["error"]["type"], "rate_limit_error")
    assert "Limit 3, Used 3" in error.body["error"]["message"]


def status_error(model, status):
    error = raises(ERRORS[status], lambda: client.messages.create(**arguments(model, f"play:error-{status}")))
    equal((error.status_code, error.body["type"]), (status, "error"))


def broken_off(model):
    ask = lambda: list(client.messages.create(**arguments(model, "play:error-in-mid-stream"), stream=True))
    raises(anthropic.APIStatusError, ask)


def models():
    assert "openai/gpt-listed" in [model.id for model in client.models.list()]


for upstream in UPSTREAMS:
    for ask in (plain, plain_beta, streamed, raw_events, tools, rate_limit, broken_off):
        check(f"{upstream} {ask.__name__}", lambda: ask(f"{upstream}/m"))
for upstream in ("completions", "messages"):
    for status in ERRORS:
        check(f"{upstream} error {status}", lambda: status_error(f"{upstream}/m", status))
check("models", models)
close()
