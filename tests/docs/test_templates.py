"""The page about templates tells the truth: every template, every variable, and no other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from distributor.config.schema import Theme
from distributor.model import Language
from distributor.rendering.digest import EditionView, edition_values, render_digest
from distributor.rendering.globals import common_values, personal_values
from distributor.rendering.pages import render_article_page, render_edition_page
from distributor.rendering.templates import FRAGMENTS_VARIABLE, Templates
from distributor.rendering.transactional import TRANSACTIONAL_TEMPLATES, TransactionalTemplate
from distributor.rendering.views import ArticleView, ImageView
from support import reference_editions as reference
from support.builders import render_settings
from support.rendered_emails import voices

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "templates.md").read_text(encoding="utf-8")
SITE, NEWSLETTER = voices("vi")
SETTINGS = render_settings(SITE, NEWSLETTER)


class Asked(Templates):
    """Remembers with what values templates are asked for."""

    def __init__(self) -> None:
        super().__init__([])
        self.values: dict[str, object] = {}

    def render(self, name: str, values: Mapping[str, object]) -> str:
        self.values |= values
        return "<!DOCTYPE html><html><head><title>Tin</title></head><body><p>Tin</p></body></html>"


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    part = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ")[0]
    return [re.split(r" \| ", line.strip("| ")) for line in part.splitlines() if line.startswith("| `")]


def names(heading: str) -> set[str]:
    return {name for row in rows(heading) for name in re.findall(r"`(\w+)`", row[0])}


def everywhere() -> set[str]:
    return set(common_values(SETTINGS, Language.VI))


def of_an_edition() -> set[str]:
    return set(edition_values(reference.ORDINARY, SETTINGS))


def test_the_values_of_every_template_are_the_real_ones() -> None:
    assert names("Everywhere") == everywhere()
    assert names("A digest, and whatever shows an edition") == of_an_edition()
    assert names("The recipient of an email") == set(personal_values())


def test_a_digest_has_these_values_and_no_other() -> None:
    asked = Asked()
    render_digest(reference.ORDINARY, render_settings(SITE, NEWSLETTER, asked))
    assert set(asked.values) - {FRAGMENTS_VARIABLE} == everywhere() | of_an_edition() | set(personal_values())


def test_pages_have_these_values_and_no_other() -> None:
    asked = Asked()
    settings = render_settings(SITE, NEWSLETTER, asked)
    render_edition_page(reference.ORDINARY, settings)
    render_article_page(reference.ORDINARY.articles[0], settings, Language.VI)
    assert names("Web pages") == set(asked.values) - everywhere() - of_an_edition()


def test_letters_are_given_these_values() -> None:
    found = {}
    for letter, values in rows("Transactional emails"):
        optional = tuple(re.findall(r"\[`(\w+)`\]", values))
        needed = tuple(name for name in re.findall(r"`(\w+)`", values) if name not in optional)
        found[letter.strip("`")] = (needed, optional)

    def stated(letter: TransactionalTemplate) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return letter.required, tuple(letter.optional)

    assert found == {name: stated(letter) for name, letter in TRANSACTIONAL_TEMPLATES.items()}


@pytest.mark.parametrize(
    ("heading", "cls", "computed"),
    [
        ("A story", ArticleView, set()),
        ("An image", ImageView, {"wide", "height_at", "at"}),
        ("An edition", EditionView, set()),
    ],
)
def test_what_stories_pictures_and_editions_tell_is_named(heading: str, cls: Any, computed: set[str]) -> None:
    assert names(heading) == {field.name for field in fields(cls)} | computed


def test_every_template_is_named() -> None:
    head = PAGE.split("\n## ")[0]
    for file in (CHECKOUT / "templates").rglob("*.*"):
        name = file.relative_to(CHECKOUT / "templates").as_posix()
        pair = re.sub(r"\.(html|txt)\.j2$", "", name)
        shown = any(f"`{one}`" in head for one in (name, pair, file.name, f"{file.parent.name}/parts/"))
        assert shown or name.startswith("page/parts/"), name


def test_every_key_of_the_theme_is_shown_where_one_looks_for_it() -> None:
    """Taken out of their comments, they are settings that stand the check; those with a default show it."""
    text = (CHECKOUT / "config.yaml").read_text(encoding="utf-8")
    section = re.search(r"^  theme:.*\n((?:    .*\n)+)", text, re.MULTILINE)
    assert section is not None
    shown = yaml.safe_load(re.sub(r"^    # ", "    ", section.group(1), flags=re.MULTILINE))
    assert set(shown) == set(Theme.model_fields)
    theme = Theme.model_validate(shown)
    for key in ("accent", "page_background", "background", "heading", "text", "muted", "width"):
        assert getattr(theme, key) == getattr(Theme(), key)
