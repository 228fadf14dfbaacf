"""Types of single settings: durations, time zones, secrets, addresses, colors. Each parses what staff write, or says what is
wrong with it.
"""

from __future__ import annotations

import ipaddress
import keyword
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
)

from ..credentials import remove_credentials
from ..files import UnsafeFile, open_ordinary

_DURATION = re.compile(r"(\d+)\s*(s|m|h|d|w)")
_MAX_DURATION = timedelta(days=36_525)
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(value: object) -> timedelta:
    """`90s`, `15m`, `24h`, `3d`, `2w`, or several together (`1h 30m`). Raises ValueError."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    parts = _DURATION.findall(text)
    if not parts or _DURATION.sub("", text).strip():
        raise ValueError("write a duration as a number and a unit: 90s, 15m, 24h, 3d")
    try:
        length = sum((timedelta(**{_UNIT[unit]: int(number)}) for number, unit in parts), timedelta())
    except (OverflowError, ValueError):
        length = _MAX_DURATION * 2
    if length > _MAX_DURATION:
        raise ValueError("is longer than a hundred years")
    return length


def parse_day(value: object) -> date:
    """`2026-12-01`, and no other of the forms of ISO 8601. Raises ValueError."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = str(value).strip()
    if re.fullmatch(r"\d{8}", text, re.ASCII):
        raise ValueError(f"write the day with hyphens, as {text[:4]}-{text[4:6]}-{text[6:]}")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError("write a day like 2026-11-23: year, month, day")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}") from None


def explain_non_text(value: object) -> str:
    """What to do about a value where a text is expected, in words that do not repeat it."""
    if isinstance(value, bool):
        return "YAML reads this as true or false; put it in quotes to make it a text"
    if isinstance(value, int | float):
        return "YAML reads this as a number; put it in quotes to make it a text"
    if value is None:
        return "is empty; write a text, and put it in quotes if YAML takes it for something else"
    return "write a text, not a list or a section"


def _lines(value: object) -> object:
    """One line or several, as a tuple."""
    if isinstance(value, bool | int | float):
        raise ValueError(explain_non_text(value))
    return (value,) if isinstance(value, str) else () if value is None else value


def show_duration(value: timedelta) -> str:
    """A duration as it is written in config.yaml."""
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


class DateFormat(tzinfo):
    """How a source writes its dates: the time zone of those that name none, which also knows whether `11/24/2026` puts the
    month first. It is passed wherever the time zone of a source is passed.
    """

    def __init__(self, zone: tzinfo, *, month_first: bool = False) -> None:
        self.zone = zone
        self.month_first = month_first

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return self.zone.utcoffset(moment)

    def dst(self, moment: datetime | None) -> timedelta | None:
        return self.zone.dst(moment)

    def tzname(self, moment: datetime | None) -> str | None:
        return self.zone.tzname(moment)

    def fromutc(self, moment: datetime) -> datetime:
        return self.zone.fromutc(moment.replace(tzinfo=self.zone)).replace(tzinfo=self)


def parse_zone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    if not isinstance(value, str):
        raise ValueError(explain_non_text(value))
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a time zone of the IANA database, such as Asia/Ho_Chi_Minh") from None


def web_url(value: str) -> str:
    """An absolute http(s) address. Raises ValueError, whose message never repeats it: it may contain a password."""
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        good = None
    if not good:
        raise ValueError("write an absolute address that begins with https:// or http://")
    if any(sign.isspace() or not sign.isprintable() for sign in value):
        raise ValueError("contains a space or an invisible character; write a space in a path as %20")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError(
            "has no number as its port; in a password, write / as %2F, ? as %3F, # as %23 and @ as %40"
        ) from None
    return value


def http_url(value: str) -> str:
    """An absolute http(s) address, without a trailing slash. Raises ValueError."""
    return web_url(value).rstrip("/")


def public_url(value: str) -> str:
    """`http_url` for a public address, which must not contain a user name or password."""
    if remove_credentials(value) != value:
        raise ValueError("must not contain a user name or password: this address is public")
    return http_url(value)


def network(value: str) -> str:
    """An IP address or network (`10.0.0.0/8`). Raises ValueError."""
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise ValueError("write an IP address or a network: 127.0.0.1, 10.0.0.0/8") from None


def font_stack(value: str) -> str:
    """Names of fonts in the syntax of CSS, without anything that could end the rule. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9 ,'_-]{1,200}", value) or value.count("'") % 2:
        raise ValueError("write names of fonts with commas between them, with ' around a name of several words")
    return value


def _folder(value: object, info: ValidationInfo) -> Path:
    """A path, taken relative to the folder of config.yaml."""
    if not isinstance(value, str | Path):
        raise ValueError(explain_non_text(value))
    base = (info.context or {}).get("folder", Path())
    return Path(base) / Path(value).expanduser()


_LONGEST_SECRET = 100_000  # octets


def _secret(value: object, info: ValidationInfo) -> object:
    """A secret, or the content of the file in `file:PATH`."""
    if not isinstance(value, str) or not value.startswith("file:"):
        return value
    path = _folder(value.removeprefix("file:"), info)
    try:
        with open_ordinary(path) as file:
            return file.read(_LONGEST_SECRET).decode().strip()
    except UnsafeFile as error:
        raise ValueError(f"the secret file {path} {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ValueError(f"the secret file {path} cannot be read: {reason}") from None


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(show_duration)]
Zone = Annotated[ZoneInfo, BeforeValidator(parse_zone), PlainSerializer(str), WithJsonSchema({"type": "string"})]
Folder = Annotated[Path, BeforeValidator(_folder)]
Secret = Annotated[SecretStr, BeforeValidator(_secret)]
Url = Annotated[str, BeforeValidator(lambda value: http_url(value) if isinstance(value, str) else value)]
PublicUrl = Annotated[str, BeforeValidator(lambda value: public_url(value) if isinstance(value, str) else value)]
Lines = Annotated[tuple[str, ...], BeforeValidator(_lines)]
# What subscribers have anyway, what CSV files call it, and the other words of an `audience`.
_OTHER_NAMES = frozenset(
    (
        "address", "email", "name", "language", "newsletters", "topics", "frequency", "consent", "left", "joined",
        "unsubscribe_url", "preferences_url", "true", "false", "none",
    )
)  # fmt: skip


def attribute_name(name: str) -> str:
    """Raises ValueError for what cannot be the name of an attribute."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise ValueError("a name has lowercase letters, digits and underscores, at most 40, and begins with a letter")
    if name in _OTHER_NAMES or keyword.iskeyword(name):
        raise ValueError(f"this name has another meaning; choose another one, such as my_{name}")
    return name


HexColor = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Fonts = Annotated[str, AfterValidator(font_stack)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
AttributeName = Annotated[str, AfterValidator(attribute_name)]
Network = Annotated[str, AfterValidator(network)]


@dataclass(frozen=True, slots=True)
class FirstGatherRule:
    """What counts as new at the first gather of a source: the `newest` articles, and those younger than `age`."""

    newest: int = 10
    age: timedelta = timedelta(days=3)


def _announce_since(value: object) -> FirstGatherRule:
    """`10`, `3d`, or `10 or 3d`."""
    if isinstance(value, FirstGatherRule):
        return value
    newest, age = 0, timedelta()
    for part in str(value).split(" or "):
        if part.strip().isdigit():
            newest = int(part)
        else:
            try:
                age = parse_duration(part)
            except ValueError:
                raise ValueError("write a number of articles (10), an age (3d), or both (10 or 3d)") from None
    return FirstGatherRule(newest, age)


AnnounceSince = Annotated[FirstGatherRule, PlainValidator(_announce_since)]
