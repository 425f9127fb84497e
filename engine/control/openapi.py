"""The requests as an OpenAPI description (3.1), made from the table and from the values themselves.

Rule: nothing is described that is not served, and each request names whose right it is.
"""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.json_schema import models_json_schema

from ...machines.roles import RIGHTS, Act, Reach, Role
from .operations import OPERATIONS
from .requests import NUMBERS, Operation
from .shapes import MEDIA_TYPE, Problem, modelled

VERSION = "3.1.0"
ABOUT = (
    "HTTP with JSON on a Unix socket. Who asks is known by the system's word on the other end of the "
    "connection; errors are problem details (RFC 9457)."
)
JSON = "application/json"
OWN = ("title", "default")
"What pydantic adds to a parameter."
REFERENCE = "#/components/schemas/{model}"


NUMBER: tuple[Any, Any] = (int | None, Field(None, ge=0, lt=1 << 63))
ONE_OF = "success|failure|delay"
ASKED: Mapping[str, tuple[Any, Any]] = MappingProxyType({
    "name": (str, Field(min_length=1, max_length=255)),
    "from": (str, Field("", max_length=320)),
    "to": (str, Field("", max_length=10_000)),
    "headers": (int, Field(0, ge=0, le=1)),
    "notify": (str, Field("", pattern=f"^(never|({ONE_OF})(,({ONE_OF}))*)?$")),
    "envid": (str, Field("", max_length=100)),
    "ret": (str, Field("", pattern="^(hdrs|full)?$")),
    "by": (str, Field("", max_length=900)),
    "mark": (str, Field("", pattern="^([0-9a-f]{32})?$")),
    "added": (int, Field(0, ge=-1, le=1000)),
})  # fmt: skip
"What may be asked for that is no number, by its name."


@cache
def query_model(operation: Operation) -> type[BaseModel]:
    fields: dict[str, Any] = {name: ASKED.get(name, NUMBER) for name, _ in operation.query}
    return create_model("Query", __config__=ConfigDict(extra="forbid"), **fields)


@cache
def answers() -> dict[int, type[BaseModel]]:
    """A model of each answer, by its place in the table."""
    return {
        number: create_model(f"Answer{number}", answer=(modelled(operation.gives), ...))
        for number, operation in enumerate(OPERATIONS)
        if operation.gives is not None
    }


@cache
def described() -> dict[str, Any]:
    bodies = [operation.body for operation in OPERATIONS if operation.body is not None]
    wanted: list[tuple[type[BaseModel], Any]] = [
        *((each, "validation") for each in dict.fromkeys(bodies)),
        *((each, "serialization") for each in answers().values()),
        (Problem, "serialization"),
    ]
    schemas, found = models_json_schema(wanted, ref_template=REFERENCE)
    components = found["$defs"]
    paths: dict[str, dict[str, Any]] = {}
    for number, operation in enumerate(OPERATIONS):
        answer = answers().get(number)
        given = components.pop(name_of(schemas[answer, "serialization"])) if answer else None
        schema = given["properties"]["answer"] if given else None
        if schema is not None:
            schema.pop("title", None)
        body = schemas[operation.body, "validation"] if operation.body else None
        paths.setdefault(operation.path, {})[operation.method.lower()] = one(operation, body, schema)
    return {
        "openapi": VERSION,
        "info": {"title": "franking", "version": "1", "description": ABOUT},
        "paths": paths,
        "components": {"schemas": dict(sorted(components.items()))},
    }


def name_of(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def one(operation: Operation, body: dict[str, Any] | None, answer: dict[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.run.__name__,
        "summary": operation.does,
        "x-roles": roles(operation),
        "parameters": [*path_parameters(operation), *query_parameters(operation)],
        "responses": {
            status_of(operation): {"description": "done", **content_of(operation, answer)},
            "default": {
                "description": "What went wrong, and the remedy.",
                "content": {MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(model="Problem")}}},
            },
        },
    }
    if body is not None:
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
    if operation.octets:
        file = {"schema": {"type": "string", "format": "binary"}}
        found["requestBody"] = {"required": True, "content": {"application/octet-stream": file}}
    return found


def status_of(operation: Operation) -> str:
    if operation.gives is None:
        return "204"
    return "201" if operation.method == "POST" else "200"


def content_of(operation: Operation, answer: dict[str, Any] | None) -> dict[str, Any]:
    if answer is None:
        return {}
    text = operation.text.partition(";")[0]
    return {"content": {text or ("application/x-ndjson" if operation.lines else JSON): {"schema": answer}}}


def path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 0} if name in NUMBERS else {"type": "string"},
        }
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]


def query_parameters(operation: Operation) -> list[dict[str, Any]]:
    schema = query_model(operation).model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": meaning,
            "schema": {key: value for key, value in schema["properties"][name].items() if key not in OWN},
        }
        for name, meaning in operation.query
    ]


def roles(operation: Operation) -> dict[str, str]:
    """By role how far the right to it goes: `yes`, `own`, `no`."""
    if operation.act is None:
        return {role.value: "yes" for role in Role}
    return {role.value: reach(operation, operation.act, role).value for role in Role}


def reach(operation: Operation, act: Act, role: Role) -> Reach:
    found = RIGHTS[act].of(role)
    return Reach.NOTHING if found is Reach.OWN and operation.everybodys else found
