"""An OpenAPI document as a person reads it: calls with parameters, bodies and answers, and the things they speak of."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_LIMITS: Final = {
    "format": "written as {}",
    "pattern": "pattern {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "default": "{} if left out",
}


class Field(msgspec.Struct, frozen=True):
    """A parameter, or a part of a thing.

    Attributes:
        where: "path", "query" or "header" for a parameter, else empty.
        thing: the name of the schema that says more, or empty.
    """

    name: str
    kind: str
    required: bool
    about: str = ""
    where: str = ""
    thing: str = ""


class Content(msgspec.Struct, frozen=True):
    """What a body is: its media type and, where the document says more, its fields or the name of a thing."""

    media: str
    kind: str = ""
    thing: str = ""
    fields: tuple[Field, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    status: str
    about: str
    contents: tuple[Content, ...]


class Operation(msgspec.Struct, frozen=True):
    """One call. `scopes`: what a token has to be good for."""

    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Field, ...]
    body: tuple[Content, ...]
    answers: tuple[Answer, ...]
    scopes: tuple[str, ...] = ()


class Thing(msgspec.Struct, frozen=True):
    """A named schema: an object with fields, or one of some values."""

    name: str
    about: str
    fields: tuple[Field, ...]
    values: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True):
    title: str
    version: str
    about: str
    operations: tuple[Operation, ...]
    things: tuple[Thing, ...]


def read(document: Mapping[str, Any]) -> Document:
    """Read an OpenAPI 3.1 document, as far as a page shows it."""
    info = document["info"]
    operations = [
        _operation(method, path, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]
    schemas = document.get("components", {}).get("schemas", {})
    things = [
        Thing(name, schema.get("description", ""), _fields(schema), tuple(map(str, schema.get("enum", ()))))
        for name, schema in sorted(schemas.items())
        if "properties" in schema or "enum" in schema
    ]
    return Document(info["title"], info["version"], info.get("description", ""), tuple(operations), tuple(things))


def _operation(method: str, path: str, said: Mapping[str, Any]) -> Operation:
    parameters = [
        Field(
            one["name"],
            kind_of(one.get("schema", {})),
            one.get("required", False),
            one.get("description", ""),
            one["in"],
        )
        for one in said.get("parameters", [])
    ]
    answers = [
        Answer(status, answer.get("description", ""), _contents(answer.get("content", {})))
        for status, answer in said["responses"].items()
    ]
    return Operation(
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        about=said.get("description", ""),
        parameters=tuple(parameters),
        body=_contents(said.get("requestBody", {}).get("content", {})),
        answers=tuple(answers),
        scopes=tuple(scope for one in said.get("security", []) for scopes in one.values() for scope in scopes),
    )


def _contents(content: Mapping[str, Any]) -> tuple[Content, ...]:
    return tuple(
        Content(media, kind_of(schema), thing_of(schema), _fields(schema))
        for media, schema in ((media, said.get("schema", {})) for media, said in content.items())
    )


def _fields(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    required: Sequence[str] = schema.get("required", [])
    return tuple(
        Field(name, kind_of(one), name in required, one.get("description", ""), thing=thing_of(one))
        for name, one in schema.get("properties", {}).items()
    )


def kind_of(schema: Mapping[str, Any]) -> str:
    """Say in a few words what a value is: "list of UnitLine", "string or null", "integer, at least 1"."""
    if "$ref" in schema:
        return _name(schema)
    if either := schema.get("anyOf"):
        return " or ".join(kind_of(one) for one in either)
    if values := schema.get("enum"):
        return "one of " + ", ".join(f"“{value}”" for value in values)
    kind = str(schema.get("type", ""))
    if kind == "array":
        return f"list of {kind_of(schema['items'])}" if schema.get("items") else "list"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind_of(schema['additionalProperties'])} by name"
    limits = [text.format(schema[name]) for name, text in _LIMITS.items() if schema.get(name) not in (None, "")]
    return ", ".join([kind, *limits])


def thing_of(schema: Mapping[str, Any]) -> str:
    """Return the name of the thing that a value is, or is a list of; empty if it is none."""
    if "$ref" in schema:
        return _name(schema)
    inner = [schema.get("items"), schema.get("additionalProperties"), *schema.get("anyOf", [])]
    return next((found for one in inner if isinstance(one, dict) and (found := thing_of(one))), "")


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
