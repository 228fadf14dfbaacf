"""Translations of all texts that subscribers see, and dates, times and numbers in their language. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from .errors import RenderError
from .model import Language
from .translations import MODULES

_TRANSLATIONS: dict[str, tuple[str, str]] = {key: text for texts in MODULES.values() for key, text in texts.items()}
_INDEX = {Language.VI: 0, Language.EN: 1}

_VARIABLE = re.compile(r"\{([a-z]+)\}")
_PLACE = re.compile(r"\{([^{}]*)\}")
_NOT_CHANGED = ("test_mark",)  # by it staff tell copies, and the archive leaves them out
_MAY_BE_LEFT_OUT = frozenset({"name", "newsletter", "site", "sender"})  # the others tell what a reader has to know
# Patterns of CLDR (UTS #35, part 4). The long Vietnamese date of CLDR, "Thứ Hai, 23 tháng 11, 2026", is not what
# newspapers write.
_LONG = {Language.VI: "EEEE, 'ngày' d 'tháng' M 'năm' y", Language.EN: "EEEE d MMMM y"}
_MONTH = {Language.VI: "'Tháng' M 'năm' y", Language.EN: "MMMM y"}
_DAY = {Language.VI: "dd/MM", Language.EN: "d MMMM"}
_SHORT = {Language.VI: "dd/MM/yyyy", Language.EN: "d MMM y"}


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts that subscribers see: those of a newsroom (`wording` in config.yaml), and ours where it has none."""

    own: Mapping[Language, Mapping[str, str]] = field(default_factory=dict)

    def translate(self, language: Language, key: str, **values: object) -> str:
        """The text of a key in a language. Raises RenderError for an unknown key, and where a value is missing."""
        return _fill(self.own.get(language, {}).get(key) or _sentence(language, key), key, values)


def all_texts() -> Mapping[str, tuple[str, str]]:
    """Our own texts by key: Vietnamese, English."""
    return _TRANSLATIONS


def find_wording_faults(language: Language, key: str, text: str) -> str:
    """What is wrong with a newsroom's own text for a key; empty if nothing is. What only names somebody may be left out."""
    if key not in _TRANSLATIONS:
        return f"there is no text {key!r}{_hint(key)}"
    if key in _NOT_CHANGED:
        return f"the text {key!r} cannot be changed: test copies are recognized by it"
    if not text.strip():
        return "must not be empty"
    ours = set(_VARIABLE.findall(_TRANSLATIONS[key][_INDEX[language]]))
    found = set(_PLACE.findall(text))
    places = ", ".join(f"{{{name}}}" for name in sorted(ours)) or "none"
    if unknown := sorted(found - ours):
        near = difflib.get_close_matches(unknown[0], ours, n=1)
        hint = f"; did you mean {{{near[0]}}}?" if near else f"; its places are: {places}"
        return f"the text has no place {{{unknown[0]}}}{hint}"
    if missing := sorted(ours - found - _MAY_BE_LEFT_OUT):
        return f"the place {{{missing[0]}}} is missing; the text is: {_TRANSLATIONS[key][_INDEX[language]]}"
    return ""


def _sentence(language: Language, key: str) -> str:
    try:
        return _TRANSLATIONS[key][_INDEX[language]]
    except (KeyError, TypeError):
        raise RenderError(f"there is no translation for {key!r}{_hint(str(key))}") from None


@lru_cache(256)
def _hint(key: str) -> str:
    """The key that is nearly this one. It takes milliseconds to find, and `check` meets the same mistake many times."""
    near = difflib.get_close_matches(key, _TRANSLATIONS, n=1)
    return f"; did you mean {near[0]!r}?" if near else "; `distributor config wording` lists all"


def _fill(sentence: str, key: str, values: Mapping[str, object]) -> str:
    try:
        # Not str.format, and all variables at once: a value is data, never a format, whatever it looks like.
        return _VARIABLE.sub(lambda place: str(values[place.group(1)]), sentence)
    except KeyError as missing:
        raise RenderError(f"the text {key!r} needs {missing.args[0]}: “{sentence}”") from None


def long_date(moment: datetime, language: Language, zone: ZoneInfo, *, alone: bool = False) -> str:
    """`thứ Hai, ngày 23 tháng 11 năm 2026`, `Monday 23 November 2026`; with `alone`, as it begins a line: `Thứ Hai, …`."""
    written = _format_day(moment.astimezone(zone).date(), language, _LONG[language])
    return written if alone else written.replace("Thứ ", "thứ ", 1)


def short_date(moment: datetime, language: Language, zone: ZoneInfo) -> str:
    """`23/11/2026`, `23 Nov 2026`."""
    return short_day(moment.astimezone(zone).date(), language)


def short_day(day: date, language: Language) -> str:
    """`23/11/2026`, `23 Nov 2026`."""
    return _format_day(day, language, _SHORT[language])


def day_of_year(day: date, language: Language) -> str:
    """`23/11`, `23 November`."""
    return _format_day(day, language, _DAY[language])


@lru_cache(maxsize=1024)
def _format_day(day: date, language: Language, pattern: str) -> str:
    from babel.dates import format_date  # takes longer to import than most commands to run

    return format_date(day, pattern, locale=language.value)


def month_name(year: int, month: int, language: Language) -> str:
    """`Tháng 11 năm 2026`, `November 2026`."""
    return _format_day(date(year, month, 1), language, _MONTH[language])


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """`09:12`, in both languages."""
    return f"{moment.astimezone(zone):%H:%M}"


def quantity(number: int, language: Language) -> str:
    """How many: `12.345`, `12,345`."""
    return _format_number(number, language, "#,##0")


def plain_number(number: float, language: Language) -> str:
    """A number that may be a name, without signs between thousands: `20261123`, `1,5`, `1.5`."""
    return _format_number(number, language, "0.############")


@lru_cache(maxsize=1024)
def _format_number(number: float, language: Language, pattern: str) -> str:
    from babel.numbers import format_decimal

    return format_decimal(number, pattern, locale=language.value)
