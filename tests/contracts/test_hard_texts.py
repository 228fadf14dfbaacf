"""Hard texts through every channel that makes posts: none too long, no character cut, nobody mentioned, the link whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import SecretStr

from distributor.attempt import MemoryState, outside_attempt
from distributor.channel import Channel, Post
from distributor.config.yaml import read
from distributor.merge_fields import WORD_JOINER
from distributor.model import Article, Edition, Receipt
from distributor.plugins import registry
from distributor.plugins.info import describe
from distributor.rendering.views import clean_text, safe_url
from distributor.text import graphemes
from support.builders import NOW, article, edition
from support.fake_bluesky import APP_PASSWORD, HANDLE, FakeBluesky
from support.hard_texts import LENGTHS, HardText, boundaries, clusters, hard_texts, mentions, utf16
from support.render_contexts import post_context

TEXTS = list(hard_texts())
CONTEXT = post_context()


# What publishes articles, with a title and a description apart and no account in its text: the limits of both.
ARTICLES: Mapping[str, tuple[int, int]] = {"zalo": (150, 300)}


class Filled(Mapping[str, str]):
    """An environment in which every variable has a value."""

    def __getitem__(self, name: str) -> str:
        return "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def built(name: str, folder: Path) -> Channel:
    """The channel of the example in its own manual."""
    file = folder / "config.yaml"
    file.write_text(describe(name, registry.channels.find(name), "channels").example)
    made, problems = registry.channels.build(read(file, Filled()))
    assert not problems
    return next(iter(made.values()))


def told(text: HardText, name: str = "") -> Edition:
    """An edition with one article: as it came, which is more than the door lets in; cleaned as there for what publishes
    articles, which looks for the title in the text."""
    prepare = clean_text if name in ARTICLES else str
    topics = tuple(one for one in text.topics if one)
    about = article(title=prepare(text.title), lead=prepare(text.lead), url=text.url, topics=topics, body_html="")
    return edition(articles=(about,))


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Channel]:
    """Every channel that makes posts, by name; with threads, and for a network, where there is such a setting."""
    folder = tmp_path_factory.mktemp("newsroom")
    found: dict[str, Any] = {}
    for name in registry.channels.names():
        channel: Any = built(name, folder)
        if not all(isinstance(one, Post) for one in channel.compose(edition(), CONTEXT)):
            continue
        found[name] = channel
        if hasattr(channel, "thread_posts"):
            found[f"{name} with threads"] = replace(channel, thread_posts=6)
        if hasattr(channel, "network"):
            found[f"{name} for bluesky"] = replace(channel, network="bluesky")
    return found


def all_posts(channels: Mapping[str, Channel], text: HardText) -> Iterator[tuple[str, Channel, list[Post]]]:
    for name, channel in channels.items():
        if name.startswith("outbox for bluesky") and clusters(text.url) > 290:
            continue  # a file has no card, which could carry the address instead
        made = channel.compose(told(text, name), CONTEXT)
        assert made, name
        yield name, channel, [post for post in made if isinstance(post, Post)]


def test_there_are_enough_texts_and_channels(channels: Mapping[str, Channel]) -> None:
    assert len(TEXTS) >= 300
    assert len({text.name for text in TEXTS}) == len(TEXTS)
    assert {"mastodon", "bluesky", "telegram", "bluesky with threads", "outbox for bluesky"} <= channels.keys()


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.name)
def test_posts_fit_cut_no_character_mention_nobody_and_lead_to_the_article(
    channels: Mapping[str, Channel], text: HardText
) -> None:
    for name, channel, posts in all_posts(channels, text):
        count, most = measure_of(name, channel)
        for post in posts:
            assert most is None or 0 < count(post.text) <= most, (name, count(post.text), post.text)
            assert name in ARTICLES or not mentions(post.text), (name, post.text)
        assert_whole_link(name, told(text).articles[0], posts[0])
        assert_no_character_cut(name, told(text).articles[0], posts)


def measure_of(name: str, channel: Channel) -> tuple[Any, int | None]:
    """How the network counts, apart from what the channel says; of one without an entry, as it says itself."""
    known = next((LENGTHS[word] for word in reversed(name.split()) if word in LENGTHS), None)
    return known or (channel.limits.measure, channel.limits.text)


def assert_whole_link(name: str, about: Article, post: Post) -> None:
    url = safe_url(about.url)
    assert unquote(post.link) == unquote(url), name
    own_line = [unquote(line) for line in post.text.split("\n")]
    if "bluesky" not in name or len(url) < 250:  # what is longer stands in the card alone
        assert not url or unquote(url) in own_line, (name, post.text)


def assert_no_character_cut(name: str, about: Article, posts: list[Post]) -> None:
    """Every part of a post begins and ends between two characters of the title or the lead."""
    title, lead = (plain(clean_text(text)) for text in (about.title, about.lead))
    at = 0
    for number, post in enumerate(posts):
        parts = [part for part in plain(post.text).split("\n\n") if part]
        if number == 0 and name in ARTICLES:
            assert begins(plain(post.title), title), (name, post.title)
            assert utf16(post.title) <= ARTICLES[name][0] and utf16(post.summary) <= ARTICLES[name][1], name
            parts = ["", *parts]
        elif number == 0:
            assert begins(parts[0], title), (name, parts[0])
        if number == 0:
            shown = [part for part in parts[1:] if not is_link_or_tags(part, post)]
        else:
            shown = parts
        for part in shown:
            start, end = place(part, lead, at)
            assert {start, end} <= ends_of(lead), (name, part)
            at = end


def plain(text: str) -> str:
    """Without what keeps an @ from naming an account."""
    return text.replace(WORD_JOINER, "")


def begins(part: str, source: str) -> bool:
    """Whether a part is the beginning of a source, up to the end of a character, perhaps with an ellipsis."""
    return any(source.startswith(form) and len(form) in ends_of(source) for form in (part, part.removesuffix("…")))


def place(part: str, source: str, at: int) -> tuple[int, int]:
    """Where a part stands in a source, with or without the ellipses around it."""
    for form in (part, part.removesuffix("…"), part.removeprefix("…"), part.removeprefix("…").removesuffix("…")):
        start = source.find(form, at)
        if start >= 0:
            return start, start + len(form)
    raise AssertionError(part)


@cache
def ends_of(source: str) -> set[int]:
    return boundaries(source)


def is_link_or_tags(part: str, post: Post) -> bool:
    return unquote(part) == unquote(plain(post.link)) or bool(re.fullmatch(r"#\w+( #\w+)*", part))


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.name)
def test_the_program_and_the_rules_of_unicode_count_alike(text: HardText) -> None:
    for words in (clean_text(text.title), clean_text(text.lead)):
        assert len(graphemes(words)) == clusters(words)
        assert {0, *(end for _, end in pairwise([0, *_sums(graphemes(words))]))} == boundaries(words)


def _sums(parts: list[str]) -> Iterator[int]:
    total = 0
    for part in parts:
        total += len(part)
        yield total


async def test_the_fake_of_bluesky_takes_them_all(bluesky: FakeBluesky, channels: Mapping[str, Channel]) -> None:
    made: Any = channels["bluesky with threads"]
    channel = replace(
        made, server=bluesky.url, account=HANDLE, app_password=SecretStr(APP_PASSWORD), allow_private=True
    )
    state, posts = MemoryState(), 0
    for number, text in enumerate(TEXTS):
        bluesky.used.clear()
        receipts: list[Receipt] = []
        for post in channel.compose(told(text), CONTEXT):
            attempt = outside_attempt(channel.http, state, key=f"{number}/{post.variant}", edition_at=NOW)
            receipts.append(await channel.publish(post, replace(attempt, thread=tuple(receipts))))
            posts += 1
    assert len(bluesky.records) == posts > len(TEXTS)
    features = [
        feature["$type"]
        for record in bluesky.records.values()
        for facet in record["value"].get("facets", ())
        for feature in facet["features"]
    ]
    assert {feature.partition("#")[2] for feature in features} == {"link", "tag"}
