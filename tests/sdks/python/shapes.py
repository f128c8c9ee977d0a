"""The service model of bedrock-runtime, which botocore is generated from, as a judge of what Bedrock gets and says."""

import base64
import json

import botocore.session

MODEL = botocore.session.get_session().get_service_model("bedrock-runtime")
PLAIN = {
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
}


def judge_request(value, demand):
    """The body of Converse; the model's id, which the shape demands, is in the path."""
    judge_shape(MODEL.operation_model("Converse").input_shape, {"modelId": "m", **value}, "$", demand)


def judge_answer(value, demand):
    judge_shape(MODEL.operation_model("Converse").output_shape, value, "$", demand)


def judge_frame(line, demand):
    """A frame as the corpus writes it: `event NAME JSON`; `bytes` are no frame, and are not meant to be one."""
    stream = MODEL.operation_model("ConverseStream").output_shape.members["stream"]
    kind, name, payload = line.split(" ", 2)
    if kind == "bytes":
        return
    demand(name in stream.members, name, "is no event")
    shape = stream.members[name]
    demand((kind == "exception") == bool(shape.metadata.get("exception")), name, f"is no {kind}")
    judge_shape(shape, json.loads(payload), name, demand)


def judge_shape(shape, value, path, demand):
    """Demands that `value` is of the shape: nothing unknown, nothing missing, one member of each union."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return
    if kind == "structure":
        return judge_structure(shape, value, path, demand)
    if kind == "list":
        demand(isinstance(value, list), path, "is no list")
        demand(len(value) >= shape.metadata.get("min", 0), path, "is too short")
        return [judge_shape(shape.member, each, f"{path}[{at}]", demand) for at, each in enumerate(value)]
    if kind == "map":
        demand(isinstance(value, dict), path, "is no map")
        return [judge_shape(shape.value, each, f"{path}.{key}", demand) for key, each in value.items()]
    if kind == "blob":
        demand(isinstance(value, str), path, "is no text")
        return base64.b64decode(value, validate=True)
    exact = isinstance(value, PLAIN[kind]) and (kind == "boolean" or not isinstance(value, bool))
    demand(exact, path, f"{value!r} is no {kind}")
    demand(not getattr(shape, "enum", None) or value in shape.enum, path, f"{value!r} is none of the words")
    if kind == "string":
        demand(len(value) >= shape.metadata.get("min", 0), path, "is too short")


def judge_structure(shape, value, path, demand):
    demand(isinstance(value, dict), path, "is no structure")
    for name in shape.required_members:
        demand(name in value, path, f"{name} is missing from {shape.name}")
    demand(not shape.is_tagged_union or len(value) == 1, path, f"{shape.name} is one of {list(shape.members)}")
    for name, each in value.items():
        demand(name in shape.members, path, f"{name} is no member of {shape.name}")
        judge_shape(shape.members[name], each, f"{path}.{name}", demand)
