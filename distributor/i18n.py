"""Translations of all texts that subscribers see, and dates, times and numbers in their language. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from .errors import RenderError
from .model import Language
from .translations import MODULES

_TRANSLATIONS: dict[str, tuple[str, str]] = {key: text for texts in MODULES.values() for key, text in texts.items()}
_INDEX = {Language.VI: 0, Language.EN: 1}

_VARIABLE = re.compile(r"\{([a-z]+)\}")
_WEEKDAYS = {
    Language.VI: ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật"),
    Language.EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def translate(language: Language, key: str, **values: object) -> str:
    """The text of a key in a language. Raises RenderError for an unknown key."""
    try:
        sentence = _TRANSLATIONS[key][_INDEX[language]]
    except KeyError:
        raise RenderError(
            f"there is no translation for {key!r}; there are: {', '.join(sorted(_TRANSLATIONS))}"
        ) from None
    # Not str.format, and all variables at once: a value is data, never a format, whatever it looks like.
    return _VARIABLE.sub(lambda place: str(values[place.group(1)]), sentence)


def long_date(moment: datetime, language: Language, zone: ZoneInfo) -> str:
    """`Thứ Hai, ngày 23 tháng 11 năm 2026`, `Monday 23 November 2026`."""
    day = moment.astimezone(zone)
    weekday = _WEEKDAYS[language][day.weekday()]
    if language is Language.VI:
        return f"{weekday}, ngày {day.day} tháng {day.month} năm {day.year}"
    return f"{weekday} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def short_date(moment: datetime, language: Language, zone: ZoneInfo) -> str:
    """`23/11/2026`, `23 Nov 2026`."""
    day = moment.astimezone(zone)
    if language is Language.VI:
        return f"{day:%d/%m/%Y}"
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """`09:12`."""
    return f"{moment.astimezone(zone):%H:%M}"


def quantity(number: int, language: Language) -> str:
    """`12.345`, `12,345`."""
    return f"{number:,}".replace(",", "." if language is Language.VI else ",")
