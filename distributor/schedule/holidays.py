"""Days on which a newsletter does not go out: public holidays and days of one's own. Pure.

Public holidays come from the `holidays` library, which knows Vietnam's with the lunar Tết; it is loaded only where a
calendar names a country.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """A calendar. `country` is an ISO 3166 code or empty; `own` are (first, last, reason), both days included.

    `then` says what becomes of a slot on such a day: left out, or moved to the next or the previous working day.
    """

    country: str = ""
    own: tuple[tuple[date, date, str], ...] = ()
    action: Literal["skip", "next", "previous"] = "skip"

    def reason(self, day: date) -> str:
        """Why a day is off, in words; empty for an ordinary day."""
        for first, last, reason in self.own:
            if first <= day <= last:
                return reason
        return _public_holidays(self.country, day.year).get(day, "") if self.country else ""

    def is_working_day(self, day: date) -> bool:
        """Whether something can be moved to a day: Monday to Friday, and not off."""
        return day.weekday() < 5 and not self.reason(day)


@functools.lru_cache(maxsize=64)
def _public_holidays(country: str, year: int) -> Mapping[date, str]:
    import holidays

    return dict(holidays.country_holidays(country, years=year))


@functools.cache
def known_countries() -> frozenset[str]:
    """The codes of the countries that are known."""
    import holidays

    return frozenset(holidays.list_supported_countries())
