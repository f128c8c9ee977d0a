"""What the vendors' SDKs can do besides asking for answers: the provider's other operations, and counting."""

import io

import anthropic
import openai
from google import genai
from google.genai import types

from checks import API_KEY, BASE_URL, check, close, equal, raises

HINT = "x-arch-llm-provider-hint"
MODEL = "completions/m"
RECORDING = b'ID3\x04\0\xff\xfb\x90\0\r\n\r\n{"'
HELLO = [{"role": "user", "content": "Hello"}]

settings = {"base_url": f"{BASE_URL}/v1", "api_key": API_KEY, "max_retries": 0, "timeout": 30}
client = openai.OpenAI(**settings, default_headers={HINT: "completions"}, _strict_response_validation=True)
# The SDK's own types have no room for the encoding that it asks for unasked, and for a piece of text that is not the last.
lenient = openai.OpenAI(**settings)
stored = client.with_options(default_headers={HINT: "responses"})
claude = anthropic.Anthropic(
    base_url=BASE_URL,
    api_key=API_KEY,
    max_retries=0,
    timeout=30,
    default_headers={HINT: "messages"},
    _strict_response_validation=True,
)
gemini = genai.Client(api_key=API_KEY, http_options=types.HttpOptions(base_url=BASE_URL, timeout=30_000))


def file(name="a.wav"):
    named = io.BytesIO(RECORDING)
    named.name = name
    return named


def embeddings(model):
    """P24: the SDK asks for Base64 unless it is told otherwise, and the provider may know it or not."""
    for sdk, more in ((lenient, {}), (client, {"encoding_format": "float"})):
        answer = sdk.embeddings.create(model=model, input="Hello", **more)
        equal(answer.data[0].embedding, [0.5, -1.0])
        equal(answer.model, model)
        assert answer.usage.prompt_tokens > 0
    raw = client.embeddings.with_raw_response.create(model=model, input=["Hello"], encoding_format="base64")
    equal(raw.http_response.json()["data"][0]["embedding"], "AAAAPwAAgL8=")


def completions():
    answer = client.completions.create(model=MODEL, prompt="Hello")
    equal((answer.choices[0].text, answer.usage.total_tokens, answer.model), ("there", 3, MODEL))
    chunks = list(lenient.completions.create(model=MODEL, prompt="Hello", stream=True))
    equal("".join(chunk.choices[0].text for chunk in chunks), "there")


def images():
    for answer in (
        client.images.generate(model=MODEL, prompt="a dot"),
        client.images.edit(model=MODEL, image=file("a.png"), prompt="another dot"),
        client.images.create_variation(model=MODEL, image=file("a.png")),
    ):
        equal((answer.data[0].b64_json, answer.usage.total_tokens), ("AAAA", 9))


def audio():
    equal(client.audio.speech.create(model=MODEL, voice="alloy", input="Hi").content, RECORDING)
    equal(client.audio.transcriptions.create(model=MODEL, file=file()).text, "Hello.")
    equal(client.audio.translations.create(model=MODEL, file=file()).text, "Hello.")


def moderations():
    equal(client.moderations.create(model=MODEL, input="Hello").results[0].flagged, False)


def files():
    equal(client.files.create(file=file("a.jsonl"), purpose="batch").id, "file-1")
    equal(client.files.retrieve("file-1").filename, "a.jsonl")
    equal(list(client.files.list(purpose="batch", limit=2)), [])
    equal(client.files.content("file-1").content, RECORDING)
    equal(client.files.delete("file-1").deleted, True)


def batches():
    batch = client.batches.create(
        input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h"
    )
    equal(batch.id, "batch_1")
    equal(client.batches.retrieve("batch_1").status, "validating")
    equal(client.batches.cancel("batch_1").id, "batch_1")
    equal(list(client.batches.list()), [])


def responses():
    equal(stored.responses.retrieve("resp_1").id, "resp_1")
    equal(stored.responses.cancel("resp_1").status, "cancelled")
    equal(list(stored.responses.input_items.list("resp_1")), [])
    stored.responses.delete("resp_1")


def refusals():
    """What a provider does not have is refused, and so is what nobody can know whom to ask for."""
    ask = lambda: client.moderations.create(model="messages/m", input="Hello")
    equal(raises(openai.NotFoundError, ask).code, "unsupported_operation")
    nobody = client.with_options(default_headers={HINT: "nobody"})
    equal(raises(openai.NotFoundError, lambda: nobody.files.list()).code, "model_not_found")


def counts(model):
    """P29: whoever asks whomever."""
    equal(claude.messages.count_tokens(model=model, messages=HELLO).input_tokens, 41)
    equal(client.responses.input_tokens.count(model=model, input="Hello").input_tokens, 41)
    equal(gemini.models.count_tokens(model=model, contents="Hello").total_tokens, 41)


def estimates():
    answer = claude.messages.with_raw_response.count_tokens(model=MODEL, messages=HELLO)
    equal(answer.headers["x-plano-estimated"], "true")
    assert 1 <= answer.parse().input_tokens < 20


def files_of_anthropic():
    equal(claude.beta.files.upload(file=("a.txt", b"Hello", "text/plain")).id, "file_1")
    equal(claude.beta.files.retrieve_metadata("file_1").filename, "a.txt")
    equal(claude.beta.files.download("file_1").read(), RECORDING)
    equal(claude.beta.files.delete("file_1").id, "file_1")


def batches_of_anthropic():
    params = {"model": "m", "max_tokens": 9, "messages": HELLO}
    batch = claude.messages.batches.create(requests=[{"custom_id": "a", "params": params}])
    equal(batch.id, "msgbatch_1")
    equal(claude.messages.batches.retrieve("msgbatch_1").processing_status, "in_progress")
    equal(claude.messages.batches.cancel("msgbatch_1").id, "msgbatch_1")


def models():
    first = claude.models.list(limit=1)
    assert first.has_more, first
    equal(len(list(first)), len(claude.models.list().data))
    names = [model.name for model in gemini.models.list(config={"page_size": 1})]
    assert "models/openai/gpt-listed" in names, names
    equal(gemini.models.get(model="openai/gpt-listed").name, "models/openai/gpt-listed")


for model in (MODEL, "generate/m", "converse/amazon.titan-embed-text-v2:0", "groq/m"):
    check(f"embeddings {model}", lambda: embeddings(model))
for model in ("messages/m", "responses/m", "generate/m", "converse/us.anthropic.claude-x"):
    check(f"counts {model}", lambda: counts(model))
for ask in (
    completions,
    images,
    audio,
    moderations,
    files,
    batches,
    responses,
    refusals,
    estimates,
    files_of_anthropic,
    batches_of_anthropic,
    models,
):
    check(ask.__name__, ask)
close()
