"""Values that all templates share: site, newsletter, colors, texts and dates of a language, merge tags. Pure."""

from __future__ import annotations

from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from .. import i18n
from ..color import build_palette
from ..config.schema import Newsletter, Site
from ..merge_fields import merge_tag
from ..model import Language


def common_values(site: Site, newsletter: Newsletter | None, language: Language, zone: ZoneInfo) -> dict[str, Any]:
    """The values of every template. `newsletter` is None only for the page of an article that belongs to none."""
    theme = site.theme
    return {
        "site": site,
        "newsletter": newsletter,
        "language": language.value,
        "theme": theme,
        "colors": build_palette(theme.accent, theme.background, theme.heading),
        "say": partial(i18n.translate, language),
        "long_date": partial(i18n.long_date, language=language, zone=zone),
        "short_date": partial(i18n.short_date, language=language, zone=zone),
        "clock": partial(i18n.clock, zone=zone),
        "quantity": partial(i18n.quantity, language=language),
    }


def personal_values(web_url: str = "", preferences_url: str = "") -> dict[str, Any]:
    """The values that differ from subscriber to subscriber: merge tags, filled at sending. What is empty is not shown."""
    return {
        "subscriber": {"name": merge_tag("name"), "address": merge_tag("address")},
        "unsubscribe_url": merge_tag("unsubscribe_url"),
        "web_url": web_url,
        "preferences_url": preferences_url,
    }
