"""The OpenAPI 3.1 document, made from the table of routes. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from ... import __version__
from .problems import PROBLEM_TYPE, ProblemDetails, status_text
from .route import ROOT, ApiRoute

_REF = "#/components/schemas/{model}"
_COMMON_ERRORS = (401, 403, 422, 429, 503)
_BODY_ERRORS = (400, 408, 413, 415)
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "repeat a request with the same key, and it has one effect and gets the same answer for a day",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
    "example": "tin-4711-v1",
}
_HEADERS = {
    "RateLimit-Policy": "how many requests (q) a token has in how many seconds (w)",
    "RateLimit": "how many are left (r), and in how many seconds that begins anew (t)",
    "Retry-After": "seconds after which the request may be made again",
    "WWW-Authenticate": "what is wrong with the token, or the scope that it lacks (RFC 6750)",
    "Idempotency-Replayed": "`true` where this is the answer to an earlier request with the same key",
}
_DESCRIPTION = """\
Push articles, keep subscribers, and send newsletters from other programs. docs/api.md has examples for curl and Python.

Every request needs a token (`distributor tokens create`), sent as `Authorization: Bearer …`. Errors are problem details
(RFC 9457); `errors` names the fields at fault. Lists come in pages: repeat the request with `cursor` set to `next_cursor`
until that is null.
"""


def build_document(table: Sequence[ApiRoute]) -> dict[str, Any]:
    """The document that describes all routes."""
    models = _models(table)
    refs, definitions = models_json_schema(models, ref_template=_REF, schema_generator=GenerateJsonSchema)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(f"{ROOT}{route.path}", {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Distributor", "version": __version__, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in table)],
    }


def document_json(table: Sequence[ApiRoute]) -> bytes:
    return json.dumps(build_document(table), ensure_ascii=False, indent=1).encode()


_Refs = dict[tuple[type[BaseModel], JsonSchemaMode], dict[str, Any]]


def _models(table: Sequence[ApiRoute]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    found: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ProblemDetails, "serialization"): None}
    for route in table:
        if route.body:
            found[(route.body, "validation")] = None
        found |= {(model, "serialization"): None for model in route.answers.values() if model}
    return list(found)


def _operation(route: ApiRoute, refs: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": f"{route.description}\n\nNeeds the scope `{route.scope}`.".strip(),
        "security": [{"token": [str(route.scope)]}],
        "parameters": _parameters(route),
        "responses": _responses(route, refs),
    }
    if route.body:
        made["requestBody"] = {
            "required": route.body_required,
            "content": {"application/json": {"schema": refs[(route.body, "validation")]}},
        }
    return made


def _parameters(route: ApiRoute) -> list[dict[str, Any]]:
    text = {"type": "string", "minLength": 1, "maxLength": 400}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "description": one.description, "schema": text}
        | {"example": one.example}
        for name, one in route.parameters.items()
    ]
    if route.query:
        schema = route.query.model_json_schema(ref_template=_REF)
        for name, one in schema.get("properties", {}).items():
            one = {key: value for key, value in one.items() if key != "title"}
            parameter = {"name": name, "in": "query", "required": name in schema.get("required", ())}
            found.append(parameter | {"description": one.pop("description", ""), "schema": _inlined(one, schema)})
    return [*found, _KEY] if route.method == "POST" else found


def _inlined(one: Any, schema: Any) -> Any:
    """A schema without references, and without the null that a parameter cannot have."""
    if isinstance(one, list):
        return [_inlined(part, schema) for part in one]
    if not isinstance(one, dict):
        return one
    if "$ref" in one:
        return _inlined(schema["$defs"][one["$ref"].rpartition("/")[2]], schema)
    if "anyOf" in one:
        (only,) = (part for part in one["anyOf"] if part.get("type") != "null")
        rest = {key: value for key, value in one.items() if key not in ("anyOf", "default")}
        return _inlined(only | rest, schema)
    return {key: _inlined(value, schema) for key, value in one.items()}


def _responses(route: ApiRoute, refs: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for status, model in route.answers.items():
        answer: dict[str, Any] = {"description": status_text(status), "headers": _headers("RateLimit")}
        if route.raw:
            answer["content"] = {kind: {"schema": {"type": "string"}} for kind in route.raw}
        elif model:
            answer["content"] = {"application/json": {"schema": refs[(model, "serialization")]}}
        made[str(status)] = answer
    own = {*route.errors, *_COMMON_ERRORS, *(_BODY_ERRORS if route.body else ())}
    own |= {404} if route.parameters else set()
    own |= {409} if route.method in ("POST", "PATCH") else set()
    for status in sorted(own):
        made[str(status)] = _error(status, refs)
    return made


def _error(status: int, refs: Any) -> dict[str, Any]:
    extra = {401: ("WWW-Authenticate",), 403: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
    return {
        "description": status_text(status),
        "headers": _headers("RateLimit", *extra.get(status, ())),
        "content": {PROBLEM_TYPE: {"schema": refs[(ProblemDetails, "serialization")]}},
    }


def _headers(*names: str) -> dict[str, Any]:
    wanted = [*names, "RateLimit-Policy"]
    return {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in wanted}
