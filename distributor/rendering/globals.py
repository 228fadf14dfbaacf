"""What all templates share: the values that each of them may use, and the two parts of a mail. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .. import i18n
from ..config.schema import Newsletter, Site
from ..merge_fields import merge_tag
from ..model import Language
from .palette import build_palette


def common_values(site: Site, newsletter: Newsletter | None, language: Language, zone: ZoneInfo) -> dict[str, Any]:
    """What every template may use. `newsletter` is None only for the page of an article that stands by itself."""

    def say(key: str, **values: object) -> str:
        return i18n.translate(language, key, **values)

    def long_date(moment: datetime) -> str:
        return i18n.long_date(moment, language, zone)

    def short_date(moment: datetime) -> str:
        return i18n.short_date(moment, language, zone)

    def clock(moment: datetime) -> str:
        return i18n.clock(moment, zone)

    def quantity(number: int) -> str:
        return i18n.quantity(number, language)

    return {
        "site": site,
        "newsletter": newsletter,
        "language": language.value,
        "theme": site.theme,
        "colors": build_palette(site.theme.accent, site.theme.paper, site.theme.ink),
        "say": say,
        "long_date": long_date,
        "short_date": short_date,
        "clock": clock,
        "quantity": quantity,
    }


def personal_values(web_url: str = "", preferences_url: str = "") -> dict[str, Any]:
    """What differs from reader to reader: marks, which are filled at sending. What is empty is not shown."""
    return {
        "subscriber": {"name": merge_tag("name"), "address": merge_tag("address")},
        "unsubscribe_url": merge_tag("unsubscribe_url"),
        "web_url": web_url,
        "preferences_url": preferences_url,
    }
