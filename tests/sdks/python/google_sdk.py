"""The Google Gen AI SDK in front of a provider of each family. Its types refuse members that they do not know."""

from google import genai
from google.genai import errors, types

from checks import API_KEY, BASE_URL, RESULTS, TEXT, TURNS, UPSTREAMS, WEATHER
from checks import check, close, equal, equal_calls, raises

client = genai.Client(api_key=API_KEY, http_options=types.HttpOptions(base_url=BASE_URL, timeout=30_000))
OFFERED = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(name="get_weather", description="The weather", parameters_json_schema=WEATHER),
        types.FunctionDeclaration(
            name="get_time",
            description="The time",
            parameters=types.Schema(
                type=types.Type.OBJECT,
                properties={"zone": types.Schema(type=types.Type.STRING)},
                required=["zone"],
            ),
        ),
    ]
)


def asked(text):
    return [types.Content(role="user", parts=[types.Part(text=text)])]


def config(**more):
    manual = types.AutomaticFunctionCallingConfig(disable=True)
    return types.GenerateContentConfig(automatic_function_calling=manual, **more)


def generate(model, text):
    return client.models.generate_content(model=model, contents=asked(text))


def plain(model):
    more = config(system_instruction="Be brief.", temperature=0.5, max_output_tokens=200)
    answer = client.models.generate_content(model=model, contents="play:text", config=more)
    equal((answer.text, answer.candidates[0].finish_reason), (TEXT, types.FinishReason.STOP))
    equal((answer.candidates[0].content.role, answer.model_version), ("model", model))
    usage = answer.usage_metadata
    spent = usage.candidates_token_count + (usage.thoughts_token_count or 0)
    equal((usage.prompt_token_count, spent, usage.total_token_count), (31, 12, 43))
    equal(usage.cached_content_token_count, 16)


def streamed(model):
    chunks = list(client.models.generate_content_stream(model=model, contents=asked("play:turns-streamed")))
    equal("".join(chunk.text or "" for chunk in chunks), TURNS)
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks if chunk.candidates[0].finish_reason]
    equal(reasons, [types.FinishReason.STOP])
    usage = chunks[-1].usage_metadata
    equal((usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count), (40, 21, 61))


def tools(model):
    contents = asked("play:parallel-tools-streamed")
    more = config(tools=[OFFERED])
    chunks = list(client.models.generate_content_stream(model=model, contents=contents, config=more))
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    equal("".join(part.text or "" for part in parts), "I will look.")
    calls = [part.function_call for part in parts if part.function_call]
    equal_calls([(call.id, call.name, call.args) for call in calls])
    history = [part for part in parts if part.function_call or part.text]
    outcomes = [{"output": "21 °C"}, {"error": "rain"}, {"output": "play:tool-results"}]
    results = [
        types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response=outcome))
        for call, outcome in zip(calls, outcomes)
    ]
    contents += [types.Content(role="model", parts=history), types.Content(role="user", parts=results)]
    equal(client.models.generate_content(model=model, contents=contents, config=more).text, RESULTS)


def chat(model):
    session = client.chats.create(model=model)
    equal(session.send_message("play:text").text, TEXT)
    equal("".join(chunk.text or "" for chunk in session.send_message_stream("play:turns-streamed")), TURNS)


def rate_limit(model):
    error = raises(errors.ClientError, lambda: generate(model, "play:error-429"))
    equal((error.code, error.status), (429, "RESOURCE_EXHAUSTED"))
    assert "Limit 3, Used 3" in error.message, error.message


def broken_off(model):
    ask = lambda: list(client.models.generate_content_stream(model=model, contents=asked("play:error-in-mid-stream")))
    raises(errors.APIError, ask)


for upstream in UPSTREAMS:
    for ask in (plain, streamed, tools, chat, rate_limit, broken_off):
        check(f"{upstream} {ask.__name__}", lambda: ask(f"{upstream}/m"))
close()
