"""One operation of the API: all that dispatch, validation and the OpenAPI document know of it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel

from ...api_access.tokens import ApiScope, ApiToken
from ..context import WebContext
from .problems import ApiProblem, not_found

ROOT = "/api/v1"
_LONGEST_SEGMENT = 400  # characters of a part of a path


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """An answer of a handler: a value of the model that its route declares for `status`, or finished bytes (`media_type`
    names them)."""

    value: BaseModel | None = None
    status: int = 200
    body: bytes = b""
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def _nothing() -> None:
    """What a call refreshes where nothing shows it."""


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request that is allowed and valid: who asks, and for what. `query` and `body` are of the models of its route."""

    context: WebContext
    token: ApiToken
    now: datetime
    path: Mapping[str, str]
    query: Any = None
    body: Any = None
    refresh_feeds: Callable[[], None] = _nothing

    @property
    def by(self) -> str:
        """The actor in all records."""
        return self.token.name

    def check_newsletter(self, name: str) -> None:
        """Raises ApiProblem for a newsletter that there is not, or that the token does not see: 404 for both."""
        if name not in self.context.newsroom.settings.newsletters or not self.token.may_see(name):
            raise not_found("newsletter")

    def require_all_newsletters(self, what: str) -> None:
        """Raises ApiProblem for a token that is for some newsletters only."""
        if self.token.newsletters:
            raise ApiProblem("forbidden", f"{what} needs a token for all newsletters")


SyncHandler = Callable[[ApiCall], ApiAnswer]  # runs in a thread
AsyncHandler = Callable[[ApiCall], Awaitable[ApiAnswer]]


@dataclass(frozen=True, slots=True)
class PathParameter:
    """A part of a path in braces."""

    description: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoute:
    """An operation. `answers` are the models of its good answers by status, None for one without a body; `raw` names the
    media types of an answer that is no JSON. `errors` are statuses beside those that every operation has."""

    method: str
    path: str
    name: str  # the operationId
    summary: str
    description: str = ""
    scope: ApiScope
    handler: SyncHandler | AsyncHandler
    answers: Mapping[int, type[BaseModel] | None]
    parameters: Mapping[str, PathParameter] = field(default_factory=dict)
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    body_required: bool = True
    raw: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()

    @property
    def tag(self) -> str:
        return self.path.split("/")[1]

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.handler)

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The parameters in the segments of a path; None where the path is another one."""
        own = self.path.strip("/").split("/")
        if len(own) != len(segments):
            return None
        found = {}
        for pattern, segment in zip(own, segments, strict=True):
            if pattern.startswith("{"):
                found[pattern.strip("{}")] = segment
            elif pattern != segment:
                return None
        return found


def split_path(raw_path: str) -> tuple[str, ...] | None:
    """The parts of a path below the root, decoded one by one: an encoded slash is a letter of a part. None where it cannot
    name anything."""
    try:
        segments = tuple(unquote(part, errors="strict") for part in raw_path.removeprefix(ROOT).strip("/").split("/"))
    except UnicodeDecodeError:
        return None
    fine = all(part.isprintable() and 0 < len(part) <= _LONGEST_SEGMENT for part in segments)
    return segments if fine else None
