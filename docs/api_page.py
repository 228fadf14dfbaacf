"""The reference of the API, made from its OpenAPI document: each operation, and each value that goes in or comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reference_pages import code, plain, table

from distributor.api_access.tokens import ApiScope
from distributor.web.api.openapi import build_document
from distributor.web.api.routes import TABLE

_HEAD = """\
# API

Every operation below `/api/v1`, made from the OpenAPI 3.1 document that a running newsroom serves as
`/api/v1/openapi.json` ([a copy](openapi.json)). [Using the API](../api.md) has examples for curl and Python.

Every request needs a token (`distributor tokens create`), sent as `Authorization: Bearer …`, with the scope that stands
beside the operation. Errors are problem details (RFC 9457). A POST may carry an `Idempotency-Key`: repeated with the same
key, it has one effect. Lists come in pages: repeat the request with `cursor` set to `next_cursor` until that is null.
"""
_EVERYWHERE = {"Idempotency-Key"}


def api_page() -> str:
    """The whole page."""
    document = build_document(TABLE)
    lines = [_HEAD, *_scopes()]
    for tag in (one["name"] for one in document["tags"]):
        lines += [f"## {tag.capitalize()}", ""]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if operation["tags"] == [tag]:
                    lines += _operation(method.upper(), path, operation)
    lines += ["## Values", "", "What requests carry and answers hold.", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += _schema(name, schema)
    return "\n".join(lines)


def _scopes() -> list[str]:
    listed = ", ".join(code(str(scope)) for scope in ApiScope)
    return [f"Scopes: {listed}.", ""]


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### {operation['summary']}", "", "```text", f"{method} {path}", "```", "")
    yield from (plain(operation["description"]), "")
    parameters = [one for one in operation["parameters"] if one["name"] not in _EVERYWHERE]
    if parameters:
        rows = [
            (code(one["name"]), one["in"], plain(one.get("description", "")), _type(one["schema"]))
            for one in parameters
        ]
        yield from table(("parameter", "in", "is", "type"), rows)
    body = operation.get("requestBody")
    if body:
        needed = "" if body["required"] else ", which may be left out"
        yield from (f"Body: {_type(body['content']['application/json']['schema'])}{needed}.", "")
    good = [f"{status} {_answer(one)}" for status, one in operation["responses"].items() if status < "300"]
    bad = [status for status in operation["responses"] if status >= "300"]
    yield from (f"Answers: {'; '.join(good)}. Errors: {', '.join(bad)}.", "")


def _answer(response: Mapping[str, Any]) -> str:
    shown = [
        _type(one["schema"]) if kind == "application/json" else code(kind)
        for kind, one in response.get("content", {}).items()
    ]
    return " or ".join(shown) or "without a body"


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### {name}", "")
    if schema.get("description"):
        yield from (plain(schema["description"]), "")
    if "enum" in schema:
        yield from (f"One of {', '.join(code(str(one)) for one in schema['enum'])}.", "")
    required = schema.get("required", ())
    rows = [
        (code(key), plain(one.get("description", "")), _type(one), "yes" if key in required else "")
        for key, one in schema.get("properties", {}).items()
    ]
    if rows:
        yield from table(("field", "is", "type", "always there"), rows)


def _type(schema: Mapping[str, Any]) -> str:
    """A JSON schema in words, with a link to the value that it refers to."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    if "enum" in schema:
        return " or ".join(code(str(one)) for one in schema["enum"])
    if "const" in schema:
        return code(str(schema["const"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    limits = [f"{word} {schema[key]}" for key, word in _LIMITS.items() if key in schema]
    kind = schema.get("format") or _KINDS.get(schema.get("type", ""), schema.get("type", "any value"))
    return f"{kind} ({', '.join(limits)})" if limits else f"{kind}"


_KINDS = {"string": "text", "integer": "number", "boolean": "true or false", "object": "object"}
_LIMITS = {"minimum": "at least", "maximum": "at most", "maxLength": "at most"}
