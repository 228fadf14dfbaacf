"""What a provider's event says of one email, and what all providers have in common. Pure.

Everything in an event is foreign text, even where its signature is good: it quotes servers that anybody can run. Nothing
here raises anything but `UnreadableEvent` and `BadSignature`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from ... import json_text
from ...model import BounceType
from ...text import clean_line

LONGEST = 500  # characters of an answer that are kept
MAX_EVENTS = 20_000  # of one request; providers send at most a thousand
MAX_AGE = timedelta(days=3)  # of a signed time: retries carry the first one, and end after a day
MAX_AHEAD = timedelta(hours=1)  # how far a provider's clock may be ahead
_KEY = re.compile(r"[!-~]{1,150}")


class UnreadableEvent(ValueError):
    """The body is not what this provider sends."""


class BadSignature(ValueError):
    """The request does not come from the provider, or not now. The message is for staff and names no secret."""


class ProviderEventKind(StrEnum):
    """What an event is."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"  # on a page of the provider, or by its button
    NOT_TRIED = "not tried"  # the provider holds it back by a list of its own: it says nothing of the address
    OTHER = "other"  # opened, delivered, delayed


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """What an event says of one recipient. `name` is the provider's word for it, `type` what it takes a bounce for.

    `echo` is the text of the fields in which the provider repeats what we have sent with the email, of this event alone:
    only there is our token looked for. `status`, `code` and `text` are what the recipient's server said; empty where none
    has spoken. `at` is when it happened, as the provider says.
    """

    name: str
    kind: ProviderEventKind
    type: BounceType | None = None
    echo: str = ""
    address: str = ""
    status: str = ""
    code: int = 0
    text: str = ""
    at: datetime | None = None

    @property
    def has_words(self) -> bool:
        return bool(self.status or self.code or self.text)


# -- foreign JSON --------------------------------------------------------------------------------------------------------


def parse_json(body: bytes | str) -> Any:
    """Raises UnreadableEvent."""
    try:
        return json_text.parse_json(body)
    except ValueError as error:
        raise UnreadableEvent(f"the body is not JSON: {str(error)[:100]}") from None


def parse_object(body: bytes | str) -> Mapping[str, Any]:
    """Raises UnreadableEvent."""
    found = parse_json(body)
    if not isinstance(found, Mapping):
        raise UnreadableEvent("the body is not an object")
    return found


def parse_objects(body: bytes) -> Iterator[Mapping[str, Any]]:
    """The objects of an array, or the one object that stands there alone. Raises UnreadableEvent."""
    found = parse_json(body)
    many = found if isinstance(found, list) else [found]
    if not all(isinstance(one, Mapping) for one in many):
        raise UnreadableEvent("the body is not an array of objects")
    if len(many) > MAX_EVENTS:
        raise UnreadableEvent(f"it holds more than {MAX_EVENTS} events")
    yield from many


def part(value: object, *path: str) -> Mapping[str, Any]:
    """The object at a path; an empty one where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def items(value: object, name: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list; nothing where there is none. Raises UnreadableEvent for a list without end."""
    found = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(found, list) and len(found) > MAX_EVENTS:
        raise UnreadableEvent(f"it holds more than {MAX_EVENTS} {name}")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, Mapping):
            yield one


def words(value: object, *names: str) -> str:
    """The first text or number of these names, on one line; empty where there is none."""
    for name in names:
        found = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(found, str | int | float) and not isinstance(found, bool):
            text = clean_line(str(found)[: 4 * LONGEST])[:LONGEST] if isinstance(found, str) else str(found)[:40]
            if text:
                return text
    return ""


def number(value: object, name: str) -> int:
    """A whole number of at most 15 digits; 0 where there is none."""
    found = words(value, name)
    return int(found) if re.fullmatch(r"[0-9]{1,15}", found) else 0


def unix_time(seconds: str) -> datetime | None:
    """The time of Unix seconds, whole or with a fraction; None for what is none."""
    if not re.fullmatch(r"[0-9]{1,11}(?:\.[0-9]{1,9})?", seconds):
        return None
    return datetime.fromtimestamp(float(seconds), UTC)


def iso_time(text: str) -> datetime | None:
    """The time of an ISO 8601 text, UTC where it names no zone; None for what is none."""
    try:
        found = datetime.fromisoformat(text[:40])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# -- proofs --------------------------------------------------------------------------------------------------------------


def check_age(at: datetime | None, now: datetime) -> None:
    """Raises BadSignature for a signed time that is missing, long past, or yet to come."""
    if at is None:
        raise BadSignature("it has no time")
    if not now - MAX_AGE <= at <= now + MAX_AHEAD:
        raise BadSignature(f"its time is {at:%Y-%m-%d %H:%M}Z")


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape"))


def event_key(name: str, body: bytes) -> str:
    """What makes a request unique: the provider's own name for it, or else a hash of its body."""
    return name if _KEY.fullmatch(name) else hashlib.sha256(name.encode("utf-8", "replace") or body).hexdigest()
