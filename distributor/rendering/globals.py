"""Values that all templates share: site, newsletter, colors, texts and dates of a language, merge tags. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from .. import i18n
from ..color import build_palette
from ..config.schema import Newsletter, Site
from ..merge_fields import ATTRIBUTE_PREFIX, merge_tag
from ..model import Language
from .contacts import find_links
from .templates import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """What everything rendered shares: site, time zone, templates, texts, the names of the attributes that subscribers have,
    and the newsletter, where it is of one."""

    site: Site
    newsletter: Newsletter | None
    zone: ZoneInfo
    templates: Templates
    texts: i18n.Texts
    attributes: Sequence[str] = ()

    @property
    def title(self) -> str:
        return self.newsletter.title if self.newsletter else self.site.title

    @property
    def sections(self) -> Sequence[str]:
        """The topics that head the sections of a newsletter."""
        return self.newsletter.sections if self.newsletter else ()


def common_values(settings: RenderSettings, language: Language) -> dict[str, Any]:
    """The values of every template."""
    theme, zone = settings.site.theme, settings.zone
    return {
        "site": settings.site,
        "newsletter": settings.newsletter,
        "language": language.value,
        "theme": theme,
        "colors": build_palette(theme.accent, theme.background, theme.heading),
        "say": partial(settings.texts.translate, language),
        "long_date": partial(i18n.long_date, language=language, zone=zone),
        "short_date": partial(i18n.short_date, language=language, zone=zone),
        "clock": partial(i18n.clock, zone=zone),
        "quantity": partial(i18n.quantity, language=language),
        "contact": find_links(settings.texts.translate(language, "contact", contact=settings.site.contact)),
        "footer_lines": [find_links(line) for line in theme.footer],
    }


def personal_values(web_url: str = "", preferences_url: str = "", attributes: Sequence[str] = ()) -> dict[str, Any]:
    """The values that differ from subscriber to subscriber: merge tags, filled at sending. What is empty is not shown."""
    known = {name: merge_tag(ATTRIBUTE_PREFIX + name) for name in attributes}
    return {
        "subscriber": {**known, "name": merge_tag("name"), "address": merge_tag("address")},
        "unsubscribe_url": merge_tag("unsubscribe_url"),
        "web_url": web_url,
        "preferences_url": preferences_url,
        "forward_url": "",
        "subscribe_url": "",
    }
