"""A correction acts on what the last one has left there, on every channel that can, whatever its posts are called."""

from __future__ import annotations

from typing import Any

import pytest

from distributor.channel import Channel, ComposeContext, Edition, Receipt, Rendition
from distributor.editions.attribution import assign_articles
from support.builders import article, edition

# -- which article a post is about -------------------------------------------------------------------------------------


class Able(Channel):
    def compose(self, edition: Edition, context: ComposeContext) -> list[Rendition]:
        raise AssertionError

    async def deliver(self, rendition: Rendition) -> Receipt:
        raise AssertionError

    async def retract(self, receipt: Receipt) -> None:
        raise AssertionError


def post(variant: str, body: str = "", title: str = "", article: str = "") -> Rendition:
    return Rendition(
        channel="x", variant=variant, media_type="text/plain", body=body.encode(), title=title, article=article
    )


ONE = article(id="aaaa", title="Tin một", url="https://bacson.example/tin-1")
TWO = article(id="bbbb", title="Tin một và hai", url="https://bacson.example/tin-12")
BOTH = edition(articles=(ONE, TWO))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ([post("x", article="bbbb"), post("y", article="aaaa")], ["bbbb", "aaaa"]),
        ([post("aaaa"), post("bbbb")], ["aaaa", "bbbb"]),
        ([post("p-bbbb"), post("p-aaaa")], ["bbbb", "aaaa"]),
        ([post("y", title="Tin một và hai"), post("x", title="Tin một")], ["bbbb", "aaaa"]),
        ([post("1", "x https://bacson.example/tin-12"), post("2", "https://bacson.example/tin-1 y")], ["bbbb", "aaaa"]),
        ([post("1", "anh"), post("2", "em")], ["aaaa", "bbbb"]),
        ([post("all", "https://bacson.example/tin-12 https://bacson.example/tin-1 https://x.example")], [""]),
    ],
)
def test_a_post_is_told_by_what_names_one_article_only(made: list[Rendition], expected: list[str]) -> None:
    assert [one.article for one in assign_articles(Able(name="x"), BOTH, made)] == expected


def test_everything_speaks_of_the_only_article_of_an_edition() -> None:
    alone = edition(articles=(ONE,))
    assert [one.article for one in assign_articles(Able(name="x"), alone, [post("head", "!"), post("x")])] == [
        "aaaa",
        "aaaa",
    ]


def test_of_what_cannot_be_changed_only_its_own_word_counts() -> None:
    class Told(Able):
        retract = Channel.retract

    made: Any = assign_articles(Told(name="x"), edition(articles=(ONE,)), [post("edition", "Tin một"), post("aaaa")])
    assert [one.article for one in made] == ["", "aaaa"]
