"""Values out of JSON that may be anything: picked by their path, and believed only where they are of the right kind. Pure.

A path names members with dots between them (`title.rendered`); a number is a place in a list, from 0, and `*` stands for
every item of a list (`_embedded.wp:term.*.*.name`). Nothing here raises, except `read_json`, which raises SourceError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..config.types import DateFormat
from ..errors import SourceError
from ..gathering.dates import ParsedDate, from_epoch, read_date
from ..gathering.validation import EARLIEST, LATEST
from ..json_text import parse_json
from ..source import FetchedDocument
from ..text import clean_line

_LONGEST_NUMBER = 40  # digits of an id
_LATEST_NUMBER = 10**17  # microseconds since 1970; NaN and infinity are not below it
_MOST = 1000  # values of one path


def read_json(document: FetchedDocument) -> Any:
    """What a server answered, as JSON. Raises SourceError, which names the address, where it is no JSON."""
    kind = f"; it is {document.media_type}" if document.media_type and "json" not in document.media_type else ""
    try:
        text = document.body.decode("utf-8-sig")
        return parse_json(text)
    except UnicodeDecodeError:
        reason = f"answered with what is no JSON in UTF-8{kind}"
    except ValueError as error:
        where = (
            f" (line {error.lineno}, column {error.colno})"
            if isinstance(error, json.JSONDecodeError)
            else f" ({error})"
        )
        reason = f"answered with what is no JSON{where}{kind}"
    raise SourceError(f"{document.url} {reason}")


def read_json_list(document: FetchedDocument, path: str = "") -> Sequence[Any]:
    """The list of items in an answer: the whole of it, or what stands at a path. Raises SourceError where there is none."""
    found = pick(read_json(document), path)
    if not isinstance(found, list):
        place = f"at {path!r}" if path else "as a whole"
        raise SourceError(f"{document.url} answered with JSON that has no list {place}")
    return found


def pick(data: Any, path: str) -> Any:
    """The value at a path, the first of several; None where there is none. An empty path is the whole."""
    return next(_walk(data, path.split(".") if path else []), None)


def pick_all(data: Any, path: str) -> list[Any]:
    """All values at a path with `*` in it, in their order; at most a thousand."""
    return [value for value, _ in zip(_walk(data, path.split(".") if path else []), range(_MOST), strict=False)]


def _walk(data: Any, path: Sequence[str]) -> Iterator[Any]:
    if not path:
        yield data
    elif isinstance(data, Mapping):
        if path[0] in data:
            yield from _walk(data[path[0]], path[1:])
    elif isinstance(data, list):
        if path[0] == "*":
            for one in data:
                yield from _walk(one, path[1:])
        elif path[0].isdecimal() and path[0].isascii() and int(path[0][:9]) < len(data):
            yield from _walk(data[int(path[0][:9])], path[1:])


def text_of(value: Any) -> str:
    """A text, as it is; empty for anything else."""
    return value if isinstance(value, str) else ""


def line_of(value: Any) -> str:
    """A text on one line; empty for anything else."""
    return clean_line(text_of(value))


def id_of(value: Any) -> str:
    """An id, which may be a text or a whole number; empty for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**_LONGEST_NUMBER else ""
    return line_of(value)


def lines_of(values: Any) -> tuple[str, ...]:
    """The texts of a list, one line each and none twice; a text alone is a list of one."""
    many = values if isinstance(values, list) else [values]
    return tuple(dict.fromkeys(line for line in map(line_of, many) if line))


def date_of(value: Any, date_format: DateFormat, *, utc: bool = False) -> datetime | None:
    """A date as APIs write it: ISO 8601, any other form that sites use, or seconds or milliseconds since 1970. None for
    what is no date, and for a year that no news are of. One without a zone is in that of `date_format`, with `utc` in
    UTC."""
    return parse_json_date(value, date_format, utc=utc).moment


def parse_json_date(value: Any, date_format: DateFormat, *, utc: bool = False) -> ParsedDate:
    """The same, with whether it has a time of the day."""
    found = ParsedDate()
    if isinstance(value, str):
        found = read_date(value, DateFormat(UTC) if utc else date_format)
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LATEST_NUMBER:
        found = ParsedDate(from_epoch(value))
    moment = found.moment
    return found if moment and EARLIEST < moment < LATEST else ParsedDate()
