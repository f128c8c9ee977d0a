"""What the scripts share: the answers that the mock provider gives, and the account of what held."""

import os
import sys
import traceback

BASE_URL = os.environ["BASE_URL"]
API_KEY = os.environ["API_KEY"]
UPSTREAMS = ["completions", "messages", "responses", "generate", "converse"]

TEXT = 'Because air scatters "blue" most: 🌈 \\o/\n– that is all.'
TURNS = "Shwmae! 🏴\U000e0067\U000e0062 – “S’mae” \\ \"hello\"\n\t👋🏽"
TOOLS = [
    ("call_p1", "get_weather", {"city": "Paris, France", "unit": "celsius"}),
    ("call_p2", "get_weather", {"city": "Łódź 🌧", "unit": "celsius"}),
    ("call_p3", "get_time", {"zone": "Asia/Tokyo"}),
]
RESULTS = "Paris: 21 °C. Oslo: unknown."
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string"}},
    "required": ["city"],
}
TIME = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}

failed = False


def check(name, holds):
    """Runs `holds`, which asserts, and says what came of it."""
    global failed
    try:
        holds()
        print(f"ok {name}", flush=True)
    except Exception:
        failed = True
        print(f"failed {name}", file=sys.stderr)
        traceback.print_exc(limit=4)


def equal(actual, expected):
    assert actual == expected, f"expected {expected!r}, but got {actual!r}"


def equal_calls(actual):
    """The calls are those of [TOOLS]. An id may carry a provider's seal, which goes back with it."""
    ids = [wanted[0] if came[0].startswith("planoseal") else came[0] for came, wanted in zip(actual, TOOLS)]
    equal([(id, *came[1:]) for id, came in zip(ids, actual)], TOOLS)


def raises(kind, call):
    """The error of kind `kind` that `call` must raise."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def close():
    sys.exit(1 if failed else 0)
