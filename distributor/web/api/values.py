"""Types of fields that several operations share, and pages of lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from ...mail.address import Mailbox
from ...subscribers.sealed import seal, unseal
from ...subscribers.tokens import BadToken
from .problems import invalid_field
from .route import ApiCall

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)")
MAX_PAGE = 200  # rows of a page
_CURSOR = "cursor"  # the purpose of what is sealed
_CURSOR_VALID = timedelta(days=1)

T = TypeVar("T")


class RequestModel(BaseModel):
    """What is sent to us. Unknown fields are refused: a field that is misspelled must not be lost in silence."""

    model_config = ConfigDict(extra="forbid")


class AnswerModel(BaseModel):
    """What we answer."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(RequestModel):
    """Which page of a list is wanted."""

    limit: int = Field(default=50, ge=1, le=MAX_PAGE, description="how many at most")
    cursor: str | None = Field(
        default=None,
        min_length=1,
        max_length=700,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="`next_cursor` of the page before",
    )


def _parse_time(value: object) -> object:
    """A time of RFC 3339. Pydantic alone would take numbers, too."""
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            return datetime.fromisoformat(value.upper())
    except ValueError:
        pass
    raise ValueError("write a time with its offset, such as 2026-11-29T07:00:00+07:00")


def _check_address(value: str) -> str:
    try:
        return Mailbox("", value.strip()).address
    except ValueError as error:
        raise ValueError(str(error)[:200]) from None


Moment = Annotated[
    AwareDatetime, BeforeValidator(_parse_time, json_schema_input_type=AwareDatetime)
]  # RFC 3339, with its offset
EmailAddress = Annotated[
    str,
    StringConstraints(min_length=3, max_length=320),
    AfterValidator(_check_address),
    Field(examples=["lan@example.com"], description="an email address, without a name"),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Reason = Annotated[str, StringConstraints(max_length=500)]
CheckName = Annotated[str, StringConstraints(min_length=1, max_length=60)]


def read_cursor(call: ApiCall, listing: str, parts: int = 1) -> list[str] | None:
    """The position that the cursor of a call names; None for the first page. Raises ApiProblem.

    A cursor is sealed: it may hold an address, and addresses must not stand in URLs, which proxies log.
    """
    if call.query.cursor is None:
        return None
    try:
        position = unseal(call.context.secrets, _CURSOR, call.query.cursor, call.now)
    except BadToken:
        position = {}
    if position.get("listing") != listing or len(position) != parts + 1:
        raise invalid_field("cursor", "is not a `next_cursor` of this list, or is older than a day", "query")
    return [position[str(number)] for number in range(parts)]


def cut_page(
    call: ApiCall, listing: str, rows: Sequence[T], position: Callable[[T], Sequence[str]]
) -> tuple[Sequence[T], str | None]:
    """The rows of a page and the cursor of the next, given one row more than the page has."""
    if len(rows) <= call.query.limit:
        return rows, None
    page = rows[: call.query.limit]
    parts = {str(number): part for number, part in enumerate(position(page[-1]))}
    return page, seal(call.context.secrets[0], _CURSOR, {"listing": listing, **parts}, call.now + _CURSOR_VALID)


def parse_position_time(text: str) -> datetime:
    """A time in a position, written by `isoformat`."""
    return datetime.fromisoformat(text)
