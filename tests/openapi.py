"""Whether an answer is what docs/openapi.json says of it.

As much of JSON Schema as that document uses; a key that it does not describe is a
mistake too.
"""

import json
import pathlib

DOCUMENT = json.loads((pathlib.Path(__file__).resolve().parent.parent
                       / "docs" / "openapi.json").read_text())

TYPES = {"string": str, "integer": int, "number": (int, float),
         "boolean": bool, "array": list, "object": dict,
         "null": type(None)}


def problems(value, schema, where="answer"):
    """What does not fit, one line each."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = DOCUMENT["components"]["schemas"][name]
    if "oneOf" in schema:
        each = [list(problems(value, one, where)) for one in schema["oneOf"]]
        if all(each):
            yield from min(each, key=len)
        return
    types = schema["type"]
    types = [types] if isinstance(types, str) else types
    if not any(isinstance(value, TYPES[name]) and
               (name == "boolean" or not isinstance(value, bool))
               for name in types):
        yield f"{where}: {value!r} is no {' or '.join(types)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if isinstance(value, list):
        for number, element in enumerate(value):
            yield from problems(element, schema["items"], f"{where}[{number}]")
    if isinstance(value, dict):
        yield from problems_of_object(value, schema, where)


def problems_of_object(value, schema, where):
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where}: {name} is missing"
    known = schema.get("properties", {})
    others = schema.get("additionalProperties")
    for name, member in value.items():
        if name in known:
            yield from problems(member, known[name], f"{where}.{name}")
        elif others:
            yield from problems(member, others, f"{where}.{name}")
        elif known:
            yield f"{where}: {name} is not described"
