"""Attributes of subscribers: what forms, CSV files, the API and staff give for them, checked by their declaration in
config.yaml. Pure.

They are stored as JSON: a text is one line, or one of the choices as config.yaml writes it; a number is a whole or a decimal
one, a date the text `2026-11-23`, and yes_no is true or false.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from ..config.validation import suggestion
from ..config.web import Attribute
from ..model import AttributeValue
from ..text import clean_line

LONGEST = 200  # characters of a text
_LARGEST = 2**53  # numbers up to this are exact in JSON (RFC 8259, section 6)
_NUMBER = re.compile(r"[+-]?\d{1,16}(?:[.,]\d{1,12})?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+")
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_YES = frozenset(("yes", "true", "1", "y", "x", "on", "có", "co"))
_NO = frozenset(("no", "false", "0", "n", "off", "không", "khong"))
NO_DECLARATIONS: Mapping[str, Attribute] = {}


class InvalidAttribute(ValueError):
    """A value that its declaration does not allow, or an attribute without one. `attribute` is its name."""

    def __init__(self, attribute: str, why: str) -> None:
        super().__init__(f"{attribute}: {why}")
        self.attribute = attribute


def parse_attributes(
    given: Mapping[str, object], declared: Mapping[str, Attribute]
) -> dict[str, AttributeValue | None]:
    """Values as they are stored; None for an empty one, which removes the attribute. Raises InvalidAttribute."""
    parsed: dict[str, AttributeValue | None] = {}
    for name, value in given.items():
        if name not in declared:
            raise InvalidAttribute(name, f"is not an attribute in config.yaml{suggestion(name, declared)}")
        parsed[name] = parse_value(name, value, declared[name])
    return parsed


def parse_value(name: str, value: object, declared: Attribute) -> AttributeValue | None:
    """One value as it is stored; None for an empty one. Raises InvalidAttribute."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        if declared.type == "text":
            return _text(value, declared.choices)
        return _PARSERS[declared.type](value)
    except ValueError as error:
        raise InvalidAttribute(name, str(error)) from None


def merge_attributes(
    known: Mapping[str, AttributeValue], given: Mapping[str, AttributeValue | None]
) -> dict[str, AttributeValue]:
    """The attributes of a subscriber with those that are given now; what is not named stays."""
    return {name: value for name, value in {**known, **given}.items() if value is not None}


def readable_attributes(stored: object) -> dict[str, AttributeValue]:
    """What can be used of the column, which may be damaged."""
    if not isinstance(stored, dict):
        return {}
    return {name: value for name, value in stored.items() if isinstance(value, str | int | float)}


def write_value(value: AttributeValue) -> str:
    """A value in CSV files, such that `parse_value` reads it back."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        digits = f"{value:.12f}".rstrip("0")
        return f"{digits}0" if _THOUSANDS.fullmatch(digits) else digits  # 1.1250 is nothing but a fraction
    return str(value)


def _text(value: object, choices: Sequence[str]) -> str:
    if not isinstance(value, str):
        raise ValueError("write a text")
    text = clean_line(value)
    if len(text) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters: {text[:40]!r}…")
    if not choices:
        return text
    for choice in choices:
        if choice.casefold() == text.casefold():
            return choice
    raise ValueError(f"{text[:40]!r} is not one of its choices: {', '.join(choices)}")


def _number(value: object) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        found: int | float = value
    else:
        text = value.replace("\xa0", "").strip() if isinstance(value, str) else ""
        if _THOUSANDS.fullmatch(text):
            raise ValueError(f"{text[:40]!r} can be read in two ways; write it without signs between thousands")
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"{_shown(value)} is not a number; write 12 or 12.5")
        found = float(text.replace(",", ".")) if "," in text or "." in text else int(text)
    if not math.isfinite(found) or abs(found) > _LARGEST:
        raise ValueError(f"{_shown(value)} is too large a number")
    found = round(found, 12)
    return int(found) if found == int(found) else found


def _date(value: object) -> str:
    if isinstance(value, date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    text = value.strip() if isinstance(value, str) else ""
    try:
        if day_first := _DAY_FIRST.fullmatch(text):
            day, month, year = map(int, day_first.groups())
            return date(year, month, day).isoformat()
        if re.match(r"\d{4}-\d\d-\d\d(?:[T ]|$)", text, re.ASCII):
            return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        pass
    raise ValueError(f"{_shown(value)} is not a date; write 2026-11-23 or 23/11/2026")


def _yes_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().casefold() if isinstance(value, str) else str(value)
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"{_shown(value)} is neither yes nor no")


def _shown(value: object) -> str:
    return repr(value if isinstance(value, int | float) else str(value)[:40])


_PARSERS: Mapping[str, Callable[[object], AttributeValue]] = {"number": _number, "date": _date, "yes_no": _yes_no}
