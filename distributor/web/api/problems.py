"""Errors of the API as problem details (RFC 9457), with the field at fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PROBLEM_TYPE = "application/problem+json"
_TYPES = "urn:distributor:problem:"
_LONGEST_MESSAGE = 300  # characters


class InvalidField(BaseModel):
    """A part of a request that is wrong."""

    location: Literal["body", "query", "path", "header"] = Field(description="where it stands")
    field: str = Field(
        description="a JSON Pointer (RFC 6901) into the body, or the name of a parameter", examples=["/published"]
    )
    message: str = Field(
        description="what is wrong with it",
        examples=["write a time with its offset, such as 2026-11-29T07:00:00+07:00"],
    )


class ProblemDetails(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(
        description="what kind of problem it is; for programs", examples=["urn:distributor:problem:invalid"]
    )
    title: str = Field(description="the same in words", examples=["The request is not valid"])
    status: int = Field(description="the status code of the answer", examples=[422])
    detail: str = Field(description="what is wrong with this request", examples=["1 field is not valid"])
    errors: list[InvalidField] = Field(default=[], description="the fields at fault, if there are any")


_TITLES = {
    "invalid": (422, "The request is not valid"),
    "malformed": (400, "The body is not JSON"),
    "unauthorized": (401, "A valid token is needed"),
    "forbidden": (403, "The token may not do this"),
    "not-found": (404, "There is no such thing"),
    "method": (405, "The method is not known here"),
    "timeout": (408, "The request took too long to arrive"),
    "conflict": (409, "It cannot be done as things are"),
    "in-progress": (409, "The same request is being worked on"),
    "too-large": (413, "The body is too large"),
    "media-type": (415, "The body must be JSON"),
    "key-reused": (422, "The Idempotency-Key was used for another request"),
    "too-many": (429, "There were too many requests"),
    "unavailable": (503, "It cannot be done just now"),
    "bug": (500, "Something went wrong"),
}


class ApiProblem(Exception):
    """An answer that is an error. `kind` is one of the list above."""

    def __init__(
        self,
        kind: str,
        detail: str,
        errors: Sequence[InvalidField] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.headers = dict(headers or {})
        self.status, title = _TITLES[kind]
        self.details = ProblemDetails(
            type=_TYPES + kind, title=title, status=self.status, detail=detail, errors=list(errors)
        )

    @property
    def body(self) -> bytes:
        return self.details.model_dump_json().encode()


def not_found(what: str) -> ApiProblem:
    return ApiProblem("not-found", f"there is no such {what}")


def invalid_field(
    field: str, message: str, location: Literal["body", "query", "path", "header"] = "body"
) -> ApiProblem:
    """One field that is wrong. In a body, `field` is a JSON Pointer."""
    return ApiProblem("invalid", f"{field}: {message}", [InvalidField(location=location, field=field, message=message)])


def invalid_request(error: ValidationError, location: Literal["body", "query"]) -> ApiProblem:
    """All that a validation has found. What was sent is not repeated."""
    found = [
        InvalidField(
            location=location,
            field=_pointer(one["loc"]) if location == "body" else ".".join(map(str, one["loc"])),
            message=_message(one["type"], one["msg"])[:_LONGEST_MESSAGE],
        )
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    number = len(found)
    return ApiProblem("invalid", f"{number} {'field is' if number == 1 else 'fields are'} not valid", found)


def _pointer(path: Iterable[int | str]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def _message(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is not a known field"
    if kind == "missing":
        return "is missing"
    return message.removeprefix("Value error, ")


def status_text(status: int) -> str:
    return HTTPStatus(status).phrase
