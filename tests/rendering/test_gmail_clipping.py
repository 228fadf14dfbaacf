"""Gmail clipping: emails are measured as they are sent and shortened until they fit."""

from __future__ import annotations

import email
import itertools
import re
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.address import Mailbox
from distributor.mail.merge import compile_message, merge_message
from distributor.mail.message import EmailContent
from distributor.merge_fields import FIELD_NAMES, MergeField, merge_tag, split_html
from distributor.model import Edition, Recipient
from distributor.plugins import registry
from distributor.rendering import css_inlining
from distributor.rendering.cache import RenderCache
from distributor.rendering.digest import DigestOptions, render_digest
from distributor.rendering.gmail_clipping import (
    MIN_FULL_ARTICLES,
    WORST_CASE_VALUES,
    DetailLevel,
    FitResult,
    fit_to_limit,
)
from distributor.rendering.templates import Templates
from support import reference_editions as reference
from support.builders import render_settings

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TEMPLATES = Templates(registry.template_folders(Path("/nonexistent")))
SETTINGS = render_settings(reference.SITE, reference.MORNING, TEMPLATES)
FORTY = reference.FORTY


def digest(edition: Edition, cache: RenderCache | None = None, **more: Any) -> Any:
    return render_digest(edition, SETTINGS, DigestOptions(**more), cache)


def test_a_large_email_is_measured_with_every_field_that_a_recipient_has() -> None:
    assert set(WORST_CASE_VALUES) == set(FIELD_NAMES)
    shortened = digest(FORTY, preferences_url=merge_tag("preferences_url"), web_url="https://bacson.example/1")
    assert any("shortened" in note for note in shortened.notes)
    assert "preferences_url" in {part.name for part in split_html(shortened.html) if isinstance(part, MergeField)}


def of_120() -> Edition:
    """Every story three times, with long leads."""
    lead = FORTY.articles[0].lead * 3
    articles = tuple(
        replace(one, id=f"{one.id}-{turn}", title=f"{one.title} ({turn})", lead=lead, url=f"{one.url}/{turn}")
        for turn in range(3)
        for one in FORTY.articles
    )
    return replace(FORTY, articles=articles)


def long_edition(stories: int, leads: int) -> Edition:
    """So many stories, each with its lead several times."""
    articles = tuple(
        replace(one, id=f"{one.id}-{number}", lead=" ".join([one.lead] * leads), url=f"{one.url}/{number}")
        for number, one in zip(range(stories), itertools.cycle(FORTY.articles), strict=False)
    )
    return replace(FORTY, articles=articles)


def sizes(made: Any, name: str = "Nguyễn Thị Lan Hương") -> tuple[int, int]:
    """The octets of the HTML that a reader gets, and of the same as it travels."""
    link = f"https://bacson.example/u/{'v' * 90}"
    reader = Recipient(
        id="lan",
        address="lan.huong@bacson.example",
        name=name,
        message_id="<lan@bacson.example>",
        merge_values={"name": name, "address": "lan.huong@bacson.example", "unsubscribe_url": link},
    )
    context = Mailbox.parse("tin@bacson.example")
    compiled = compile_message(
        EmailContent(
            sender=context,
            to=context,
            subject=made.subject,
            text=made.text,
            html=made.html,
            date=reference.NOW,
            message_id="<lan@bacson.example>",
        )
    )
    assert compiled
    part = email.message_from_bytes(merge_message(compiled, reader)).get_payload(1)
    assert isinstance(part, Message)
    html, travelling = part.get_payload(decode=True), part.get_payload()
    assert isinstance(html, bytes) and isinstance(travelling, str)
    return len(html), len(travelling)


SHARED = RenderCache()
digest(FORTY, SHARED)


@pytest.mark.slow
def test_a_plain_letter_is_shortened_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its footer would be clipped as any other's, and the way out with it."""

    def broken(self: object) -> str:
        raise ValueError("premailer is in a bad mood")

    monkeypatch.setattr(css_inlining._OfflinePremailer, "transform", broken)
    made = digest(long_edition(1000, 1))
    octets, travelling = sizes(made)
    assert octets <= 95_000 and 98_000 < travelling <= 102_000
    assert "@@field:unsubscribe_url@@" in made.html[-1500:]
    assert re.search(r"Số này còn (\d+) tin khác", made.html)
    assert made.notes[-1].endswith("left to the web")


# -- fitting -----------------------------------------------------------------------------------------------------------


def test_120_stories_fit_by_the_declared_steps_with_the_footer_inside() -> None:
    made = digest(of_120())
    assert len(made.html.encode()) <= 95_000
    assert made.notes[0] == "shortened to fit: leads cut to 120 characters" or "leads cut" in made.notes[0]
    assert "@@field:unsubscribe_url@@" in made.html[-6000:]
    assert reference.SITE.postal_address in made.html
    assert made.html.rstrip().endswith("</html>")
    lxml.html.document_fromstring(made.html)
    for article in of_120().carried:
        assert article.url in made.html


@pytest.mark.slow
def test_1000_stories_leave_the_rest_to_the_web_and_say_how_many() -> None:
    many = tuple(
        replace(one, id=f"{one.id}-{turn}", url=f"{one.url}/{turn}") for turn in range(25) for one in FORTY.articles
    )
    made = digest(replace(FORTY, articles=many))
    assert len(made.html.encode()) <= 95_000
    found = re.search(r"Số này còn (\d+) tin khác", made.html)
    assert found
    shown = sum(f'"{article.url}"' in made.html for article in many)
    assert shown + int(found[1]) == 1000
    assert found[0] in made.text.replace("\n", " ")
    assert made.notes[-1].endswith("left to the web")


@pytest.mark.parametrize(
    ("stories", "leads"), [(50, 6), (60, 3), (65, 6), (75, 2), (90, 3), (120, 3), (150, 1), (200, 2), (350, 1)]
)
def test_a_shortened_letter_keeps_its_limits_as_it_travels(stories: int, leads: int) -> None:
    """Soft line breaks, values and all. And no more is left out than must be: there is no room for another story."""
    made = digest(long_edition(stories, leads))
    for name in ("Nguyễn Thị Lan Hương", "ễ" * 60):
        octets, travelling = sizes(made, name)
        assert octets <= 95_000 and travelling <= 102_000
    assert travelling > 100_000 or made.notes[-1] == "shortened to fit: no thumbnails"


def test_an_ordinary_day_is_not_shortened() -> None:
    assert digest(reference.ORDINARY).notes == ()


@given(st.integers(0, 60), st.integers(0, 60), st.integers(500, 60_000))
def test_the_steps_are_taken_in_order_and_never_too_many(stories: int, lines: int, limit: int) -> None:
    def size(shape: DetailLevel) -> int:
        full = stories if shape.full is None else shape.full
        below = stories - full + lines
        shown = below if shape.lines is None else shape.lines
        return 400 + full * (300 + shape.lead + 200 * shape.thumbnails) + shown * 200

    made = fit_to_limit(size, stories, lines, limit)
    if size(DetailLevel()) <= limit:
        assert made == FitResult()
        return
    least = DetailLevel(120, False, min(MIN_FULL_ARTICLES, stories), 0)
    assert size(made.detail) <= limit or made.detail == least
    if made.detail.lines is not None:  # the last step: only where no number of stories as lines was enough
        assert size(replace(least, lines=None)) > limit
        if made.detail.lines < stories - min(MIN_FULL_ARTICLES, stories) + lines:
            assert size(replace(made.detail, lines=made.detail.lines + 1)) > limit
    elif made.detail.full is not None and made.detail.full < stories:
        assert size(replace(made.detail, full=made.detail.full + 1)) > limit
