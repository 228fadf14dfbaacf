"""Days on which a newsletter does not go out: public holidays and days of one's own. Pure.

Public holidays come from the `holidays` library, which knows Vietnam's with the lunar Tết. It is loaded only where a
public holiday is asked for, and then of countries only the one that is named.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

# The two-letter codes that the library knows for certain: a test asks it. Loading it takes as long as most commands do.
_COUNTRIES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
    CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
    KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
    MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
    SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UK UM US
    UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""


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
    from holidays.registry import EntityLoader  # names all countries without loading them

    return frozenset(EntityLoader.get_country_codes())


def is_known_country(code: str) -> bool:
    """Whether the holidays of a country are known, by its code."""
    return code in _COUNTRIES.split() or code in known_countries()
