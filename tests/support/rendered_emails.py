"""Every mail in both languages, rendered once for all tests that look at mails."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from distributor.channel import Digest
from distributor.config.schema import Newsletter, Site
from distributor.plugins import registry
from distributor.rendering.digest import DigestOptions, render_digest
from distributor.rendering.templates import Templates
from distributor.rendering.transactional import TRANSACTIONAL_TEMPLATES, render_transactional
from support import reference_editions as reference
from support.builders import render_settings

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TEMPLATES = Templates(registry.template_folders(Path("/nonexistent")))
READER = {
    "name": "Lan",
    "address": "lan@example.com",
    "unsubscribe_url": "https://bacson.example/u/abc",
}
LINKS: dict[str, Any] = {
    "web_url": "https://bacson.example/so/128",
    "preferences_url": "https://bacson.example/tuy-chon/abc",
}
NAMES = (*reference.EDITIONS, *(f"{name} {language}" for name in TRANSACTIONAL_TEMPLATES for language in ("vi", "en")))


@cache
def mail(name: str) -> Digest:
    """A reference edition by its name, or a letter by name and language: `email/welcome vi`."""
    if name in reference.EDITIONS:
        edition, newsletter, site = reference.EDITIONS[name]
        options = DigestOptions(notes={edition.articles[0].id: "Note 09:12"}, **LINKS)
        return render_digest(edition, render_settings(site, newsletter, TEMPLATES), options)
    template, _, language = name.partition(" ")
    return letter(template, language)


def letter(template: str, language: str = "vi", **changes: Any) -> Digest:
    site, newsletter = voices(language)
    values = {**reference.letter_values(template, language), **changes}
    options = DigestOptions(**{name: values.pop(name) for name in ("kind", "notes") if name in values})
    return render_transactional(
        template, render_settings(site, newsletter, TEMPLATES), site.language, options, **values
    )


def voices(language: str) -> tuple[Site, Newsletter]:
    if language == "vi":
        return reference.SITE, reference.MORNING
    return reference.ENGLISH_SITE, reference.WEEKLY
