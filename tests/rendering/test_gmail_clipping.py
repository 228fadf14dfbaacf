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
from distributor.rendering import offline_premailer
from distributor.rendering.cache import RenderCache
from distributor.rendering.digest import DigestOptions, render_digest
from distributor.rendering.gmail_clipping import (
    MIN_FULL_ARTICLES,
    TOP_STORIES,
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
    shortened = digest(
        long_edition(80, 2), preferences_url=merge_tag("preferences_url"), web_url="https://bacson.example/1"
    )
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

    monkeypatch.setattr(offline_premailer.OfflinePremailer, "transform", broken)
    made = digest(long_edition(1000, 1))
    octets, travelling = sizes(made)
    assert octets <= 95_000 and 98_000 < travelling <= 102_000
    assert "@@field:unsubscribe_url@@" in made.html[-1500:]
    assert re.search(r"Số này còn (\d+) tin khác", made.html)
    assert "Bản tin số này có 1000 tin." in made.html
    assert made.notes[-1].endswith("left to the web")


# -- fitting -----------------------------------------------------------------------------------------------------------


def pictures(made: Any) -> int:
    return sum(1 for _ in lxml.html.document_fromstring(made.html).iter("img"))


def test_forty_stories_with_pictures_and_leads_of_two_sentences_are_not_shortened() -> None:
    made = digest(FORTY, web_url="https://bacson.example/1", subscribe_url="https://bacson.example/subscribe")
    assert made.notes == ()
    assert pictures(made) == sum(article.image is not None for article in FORTY.articles) == 26
    for article in FORTY.articles:
        assert article.lead in made.html
    octets, travelling = sizes(made, "ễ" * 60)
    assert octets <= 60_000 and travelling <= 80_000  # a story costs little beside its own words


@pytest.mark.parametrize(("stories", "least"), [(38, 25), (60, 39), (80, 8), (120, 6)])
def test_pictures_are_kept_as_far_as_they_fit(stories: int, least: int) -> None:
    """From the top: below a story that gave up its picture, no other shows one."""
    edition = long_edition(stories, 1)
    made = digest(edition)
    assert pictures(made) >= least
    page: Any = lxml.html.document_fromstring(made.html)
    with_pictures = {article.url: article.image is not None for article in edition.articles}
    links = page.xpath("//*[@class='headline' or @class='title']/a/@href")
    shown = [bool(page.xpath(f"//a[@href='{link}']/img")) for link in links if with_pictures[link]]
    assert shown == sorted(shown, reverse=True)
    octets, travelling = sizes(made, "ễ" * 60)
    assert octets <= 95_000 and travelling <= 102_000


def test_the_top_of_a_large_edition_is_that_of_a_small_one() -> None:
    """Nobody opens an email of 120 stories to find its first ones without pictures and cut short."""
    edition = long_edition(120, 2)
    page: Any = lxml.html.document_fromstring(digest(edition).html)
    articles = {article.url: article for article in edition.articles}
    top = page.xpath("//*[@class='headline' or @class='title']/a/@href")[:10]
    leads = page.xpath("//p[@class='lead']/text()")[:10]
    assert leads == [articles[url].lead for url in top]
    for url in top:
        assert bool(articles[url].image) == bool(page.xpath(f"//a[@href='{url}']/img"))


def test_120_stories_fit_by_the_declared_steps_with_the_footer_inside() -> None:
    made = digest(of_120())
    assert len(made.html.encode()) <= 95_000
    assert [note.split(": ")[1] for note in made.notes[:-1]] == [
        "pictures with the first 10 stories only",
        "leads after story 10 cut to 240 characters",
        "leads after story 10 cut to 120 characters",
    ]
    assert re.fullmatch(r"shortened to fit: stories after story \d+ without leads", made.notes[-1])
    assert "@@field:unsubscribe_url@@" in made.html[-6000:]
    assert reference.SITE.postal_address in made.html
    assert made.html.rstrip().endswith("</html>")
    lxml.html.document_fromstring(made.html)
    for article in of_120().carried:
        assert article.url in made.html


def test_long_lists_end_where_the_web_has_the_rest() -> None:
    edition = replace(FORTY, articles=FORTY.articles[:3], briefs=FORTY.articles[3:])
    shown, all_of_it = digest(edition, web_url="https://bacson.example/1"), digest(edition)
    for made, lines in ((shown, 20), (all_of_it, 37)):
        page: Any = lxml.html.document_fromstring(made.html)
        assert sum(f'"{article.url}"' in made.html for article in edition.briefs) == lines
        assert len(page.xpath("//h3[@class='group']")) > 2  # by topic
        assert "Bản tin số này có 40 tin." in made.html  # those on the web are counted, too
        assert "Bản tin số này có 40 tin." in made.text
    assert "17 left to the web" in shown.notes
    assert all_of_it.notes == ()
    assert 'href="https://bacson.example/1"' in shown.html


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
    assert travelling > 100_000


def test_an_ordinary_day_is_not_shortened() -> None:
    assert digest(reference.ORDINARY).notes == ()


def cost(detail: DetailLevel, stories: int, lines: int) -> int:
    """What an email of this detail weighs: something for each thing that it shows."""
    full = detail_full(detail, stories)
    below = stories - full + lines
    shown = below if detail.lines is None else detail.lines
    leads = sum(300 + detail.lead_length(place) + 200 * detail.has_picture(place) for place in range(full))
    return 400 + leads + shown * 200


@given(st.integers(0, 60), st.integers(0, 60), st.integers(500, 60_000))
def test_the_steps_are_taken_in_order_and_never_too_many(stories: int, lines: int, limit: int) -> None:
    made = fit_to_limit(lambda detail: cost(detail, stories, lines), stories, lines, limit)
    if cost(DetailLevel(), stories, lines) <= limit:
        assert made == FitResult()
        return
    detail, top = made.detail, min(TOP_STORIES, stories)
    fewest = min(MIN_FULL_ARTICLES, stories)
    least = replace(detail, pictures=min(1, stories), whole_leads=0, medium_leads=0, full=fewest, lines=0)
    assert cost(detail, stories, lines) <= limit or cost(detail, stories, lines) == cost(least, stories, lines)
    # The last field that was lowered keeps as much as fits: one more would be too much.
    steps = ("pictures", "whole_leads", "medium_leads", "full", "lines")
    kept: dict[str, int] = {step: getattr(detail, step) for step in steps if getattr(detail, step) is not None}
    if any(number < top for step, number in kept.items() if step != "lines"):
        assert detail.lines == 0 or (lines == 0 and stories <= top)  # the first stories come last
        return
    last = list(kept)[-1]
    assert all(number == top for step, number in kept.items() if step != last)
    assert cost(replace(detail, **{last: kept[last] + 1}), stories, lines) > limit


def detail_full(detail: DetailLevel, stories: int) -> int:
    return stories if detail.full is None else detail.full
