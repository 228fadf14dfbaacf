"""Which article each post of a channel is about. Pure.

Later corrections and withdrawals find the post of an article by this, whatever its `variant` is called. A channel can say it
(`Rendition.article`). Where it does not, and can change or take back what it has posted, it is read from the rendition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..channel import Channel
from ..model import Article, Edition, Rendition


def assign_articles(channel: Channel, edition: Edition, made: Sequence[Rendition]) -> list[Rendition]:
    """The renditions of a channel, each with its article; with none where it carries the edition as a whole."""
    known = {article.id for article in edition.carried}
    found = [replace(one, article=one.variant) if not one.article and one.variant in known else one for one in made]
    if channel.personal or channel.latest_only or not (channel.can("amend") or channel.can("retract")):
        return found
    if not any(one.article for one in found):
        found = [replace(one, article=_article_of(one, edition.articles)) for one in found]
    if not any(one.article for one in found) and len(found) == len(edition.articles):  # one after the other
        found = [replace(one, article=article.id) for one, article in zip(found, edition.articles, strict=True)]
    return found


def _article_of(made: Rendition, articles: Sequence[Article]) -> str:
    """The only article that a rendition names: in its variant, as its title, by its address, or by its headline. Of the only
    article of an edition everything speaks."""
    if len(articles) == 1:
        return articles[0].id
    text = made.body.decode(errors="replace")
    for place, word in ((made.variant, _id), (made.title, _title), (text, _url), (text, _title)):
        named = _named(place, {article.id: word(article) for article in articles})
        if len(named) == 1:
            return named[0]
    return ""


def _named(text: str, words: Mapping[str, str]) -> list[str]:
    """The ids of the words that stand in a text. The longest are looked for first and taken out: `/tin-1` also stands in
    `/tin-12`, and a headline in a longer one."""
    found = []
    for id, word in sorted(words.items(), key=lambda item: -len(item[1])):
        if word and word in text:
            found.append(id)
            text = text.replace(word, "\0")
    return found


def _id(article: Article) -> str:
    return article.id


def _title(article: Article) -> str:
    return article.title


def _url(article: Article) -> str:
    return article.url
