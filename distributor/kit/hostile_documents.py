"""Documents that go wrong in one way each, made of an honest one: what a source must survive. Pure.

Those of JSON are made of the list of items that stands in it; those of any format of its text.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

_MOST_PLACES = 40  # of an item that are spoilt
_DATE = re.compile(
    r"\b(?:19|20)\d\d-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"  # ISO 8601
    r"|(?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\b\d{1,2} [A-Z][a-z]{2} (?:19|20)\d\d"  # RFC 5322
    r"(?: \d\d:\d\d(?::\d\d)?)?(?: [+-]\d{4}| [A-Z]{1,4})?"
    r"|\b\d{1,2}/\d{1,2}/(?:19|20)\d\d(?:[ ,-]+\d\d:\d\d)?"
    r"|(?<![\w.])1[0-9]{9}(?:\d{3})?(?![\w.])"  # seconds or milliseconds since 1970
)
_YEAR = re.compile(r"(?<![\d#])(?:19|20)\d\d(?=-\d\d-\d\d|\D|$)")
_NUMBER = re.compile(r"(?<=[:\[,\s>])\d{1,9}(?=\s*[,\]}<])")
UNSAFE = "<p onclick='x()'><script>x()</script><a href='javascript:x()'>y</a>"

WRONG_VALUES: tuple[Any, ...] = (
    None, True, -1, 10**30, 1.5e308, "", "\x00\x0b\u202e\ufffe", "x" * 20_000, [], {}, [[[[["x"]]]]], {"x": {"y": 1}},
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "javascript:alert(1)", "http://[::1", UNSAFE,
)  # fmt: skip


def find_items(data: Any) -> list[Any] | None:
    """The longest list of objects in a document of JSON, as it stands there; None without one."""
    lists = [found for found in _lists(data) if found and all(isinstance(one, dict) for one in found)]
    return max(lists, key=len, default=None)


def _lists(data: Any) -> Iterator[list[Any]]:
    if isinstance(data, list):
        yield data
    if isinstance(data, list | dict):
        for one in data.values() if isinstance(data, dict) else data[:5]:
            yield from _lists(one)


def parse_json(text: str) -> Any:
    """A text as JSON; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def with_spoilt_items(text: str) -> str | None:
    """A document of JSON with its honest items first, and behind them one for each place and each wrong value, and some that
    are no objects. None where there is no list of items."""
    data = parse_json(text)
    items = find_items(data)
    if items is None:
        return None
    honest = copy.deepcopy(items[0])
    for place in list(_places(honest))[:_MOST_PLACES]:
        items += [_replaced(honest, place, value) for value in WRONG_VALUES]
    items += [None, True, 1, "x", [], {}]
    return json.dumps(data)  # in ASCII: what no UTF-8 can hold is written as \\ud800


def _places(data: Any, before: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data[:2]) if isinstance(data, list) else ()
    for key, value in pairs:
        yield (*before, key)
        yield from _places(value, (*before, key))


def _replaced(item: Any, place: Sequence[str | int], value: Any) -> Any:
    made = copy.deepcopy(item)
    inner = made
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return made


def without_dates(text: str) -> str:
    """A document in which no date stands any more."""
    return _DATE.sub("", text) if parse_json(text) is None else _json_without_dates(text)


def _json_without_dates(text: str) -> str:
    quoted = re.sub(r'"(?:[^"\\]|\\.)*"', lambda found: _DATE.sub("", found[0]), text)
    return _DATE.sub("null", quoted)


def in_year(text: str, year: str) -> str:
    """A document whose dates are all of one year."""
    return _DATE.sub(lambda found: _YEAR.sub(year, found[0]), text)


def with_unsafe_html(text: str) -> str | None:
    """A document with a script in each paragraph; None where it has none."""
    made = text.replace("<p>", UNSAFE).replace("&lt;p&gt;", UNSAFE.replace("<", "&lt;").replace(">", "&gt;"))
    return made if made != text else None


def broken_documents(text: str) -> Iterator[tuple[str, bytes, bool]]:
    """What is wrong with it, the bytes, and whether a source must say that it cannot read them. Any format."""
    data = text.encode()
    is_json = parse_json(text) is not None
    deep = b'{"a":[' * 50_000 if is_json else b"<div>" * 50_000
    yield "nested a hundred thousand deep", deep, is_json
    yield "with the honest one nested deeply behind it", data + deep, False
    yield "half of it", data[: len(data) // 2], is_json
    yield "of random bytes", bytes(range(256)) * 40, True
    yield "with NUL and other illegal characters", _with_illegal(text, is_json), False
    yield "with numbers of five thousand digits", _NUMBER.sub("9" * 5000, text).encode(), False
    yield "in UTF-16", text.encode("utf-16"), False
    if is_json:
        for whole in ("null", "true", '"x"', "7", "NaN", "[[[]]]"):
            yield f"that is {whole}", whole.encode(), whole != "[[[]]]"
        yield "that is {}", b"{}", False
        yield "that is []", b"[]", False


def _with_illegal(text: str, is_json: bool) -> bytes:
    signs = "\\u0000\\u000b\\ud800\\ufffe\\u202e" if is_json else "\x00\x0b\ufffe\u202e"
    return re.sub(r"(?<=[a-zà-ỹ])(?= )", lambda _: signs, text).encode()
