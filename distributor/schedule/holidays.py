"""Days on which a newsletter does not go out: public holidays and days of one's own.

Public holidays come from the `holidays` library, which knows Vietnam's with the lunar Tết. It is loaded only where a
public holiday is asked for, and then of countries only the one that is named.
"""

from __future__ import annotations

import functools
import json
import logging
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

log = logging.getLogger("distributor.schedule")

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


_LOOK_UP_SECONDS = 15.0
_LOOK_UP = (
    "import holidays, json, sys\n"
    "days = [(country, year, holidays.country_holidays(country, years=year)) for country, year in json.load(sys.stdin)]\n"
    "json.dump([[c, y, {day.isoformat(): name for day, name in found.items()}] for c, y, found in days], sys.stdout)"
)
_known: dict[tuple[str, int], Mapping[date, str]] = {}  # the public holidays of a country in a year


def _public_holidays(country: str, year: int) -> Mapping[date, str]:
    found = _known.get((country, year))
    if found is None:
        found = _known[country, year] = _compute(country, year)
    return found


def _compute(country: str, year: int) -> dict[date, str]:
    import holidays

    return dict(holidays.country_holidays(country, years=year))


def learn(countries: Iterable[str], today: date) -> None:
    """Know the public holidays of these countries, this year's and those around it, without loading the library here, where
    it would keep 12 MB of memory: another process looks them up. Whatever is not known afterwards is loaded when it is
    asked for, as ever."""
    years = range(today.year - 1, today.year + 3)
    missing = [
        (country, year) for country in sorted({*countries} - {""}) for year in years if (country, year) not in _known
    ]
    if not missing:
        return
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603  our own program and a line of our own
            [sys.executable, "-P", "-c", _LOOK_UP],  # -P: not what lies in the current folder
            input=json.dumps(missing),
            capture_output=True,
            text=True,
            timeout=_LOOK_UP_SECONDS,
            check=True,
        )
        for country, year, days in json.loads(done.stdout):
            _known[country, year] = {date.fromisoformat(day): name for day, name in days.items()}
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning("the public holidays could not be looked up in a process of their own: %s", error)


@functools.cache
def known_countries() -> frozenset[str]:
    """The codes of the countries that are known."""
    from holidays.registry import EntityLoader  # names all countries without loading them

    return frozenset(EntityLoader.get_country_codes())


def is_known_country(code: str) -> bool:
    """Whether the holidays of a country are known, by its code."""
    return code in _COUNTRIES.split() or code in known_countries()
