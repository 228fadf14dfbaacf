"""Feeds: of all articles, of each newsletter, of each topic. Where a feed channel is configured they are its very octets.

Whoever opens a feed in a browser sees a page that can be read; feed readers, which ask for other types, get the feed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from ..channel import Channel, Document
from ..config.schema import Newsletter
from ..editions import web_archive
from ..model import Article, Edition, Language, Rendition
from ..newsroom import Newsroom
from ..pipeline.compose import NewsletterContext, build_render_context, build_site_context, load_notices
from ..plugins import registry
from ..rendering.views import all_with_notices
from .context import CONTEXT, WebContext
from .public import both_languages, find_newsletter, page_file, public_newsletters, visitor_language
from .public_files import FEEDS, Made, PublicFile

FORMATS = ("rss.xml", "atom.xml", "feed.json")
TYPE = "feed"  # of the channel that makes them
_FEED_TYPES = re.compile(r"application/(?:rss|atom|feed|rdf)\+|application/json|text/xml")
_HTML_TYPE = re.compile(r"text/html(?!\s*;\s*q=0(?:\.0*)?(?:,|$))")
_FORMAT = "/{format:rss\\.xml|atom\\.xml|feed\\.json}"
_SHOWN_FEEDS = 100  # topics listed on the page of all feeds


def routes() -> list[web.RouteDef]:
    return [
        *both_languages("/feeds", _list),
        web.get("/feeds" + _FORMAT, _all),
        web.get("/feeds/{newsletter}" + _FORMAT, _newsletter),
        web.get("/feeds/topics/{topic}" + _FORMAT, _topic),
    ]


@dataclass(frozen=True, slots=True)
class ServedFeed:
    """A feed in its three formats, by name of the file; its title, its language, and the hub that is told of changes."""

    title: str
    language: Language
    formats: dict[str, Rendition]
    hub: str = ""
    newsletter: Newsletter | None = None

    @property
    def entries(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads(self.formats["feed.json"].body)["items"]
        return items

    @property
    def changed(self) -> datetime | None:
        return max((datetime.fromisoformat(one["date_modified"]) for one in self.entries), default=None)


# -- making ------------------------------------------------------------------------------------------------------------


def feed_of_all(context: WebContext, connection: Connection) -> ServedFeed:
    """The feed of the whole newsroom: what its feed channel shows, or what its newsletters on the web have announced."""
    site, channel = context.newsroom.settings.site, _configured(context.newsroom)
    here = build_site_context(context.newsroom, connection, context.clock())
    if channel is None:
        channel = _channel(context, f"{context.url}/feeds")
        shown = _announced(context, connection, channel.max_articles)
        here = replace(here, published=shown)
    return _feed(site.title, site.language, _frozen(channel, channel.compose_site_wide(here)), channel)


def feed_of_newsletter(context: WebContext, connection: Connection, newsletter: Newsletter) -> ServedFeed:
    """The feed of a newsletter: what its feed channel has carried last, or what it has announced."""
    newsroom, now = context.newsroom, context.clock()
    own = _configured(newsroom, newsletter)
    channel = own or _channel(context, f"{context.url}/feeds")
    if own:
        frozen = web_archive.list_newest_renditions(connection, newsletter.id, own.name)
        if len(frozen) == len(FORMATS):
            return _feed(newsletter.title, newsroom.language(newsletter), frozen, own, newsletter)
    here = build_render_context(NewsletterContext(newsroom, connection, newsletter, now))
    standing = Edition(
        id="", newsletter=newsletter.id, slot="", number=0, subject="", articles=(), frozen_at=now, expires_at=now
    )
    return _feed(
        newsletter.title, newsroom.language(newsletter), channel.renditions(standing, here), channel, newsletter
    )


def feed_of_topic(context: WebContext, connection: Connection, slug: str) -> ServedFeed | None:
    """The feed of a topic; None where nothing that was announced has it."""
    shown = list(public_newsletters(context))
    known = web_archive.list_public_topics(connection, shown)
    if slug not in known:
        return None
    site = context.newsroom.settings.site
    title = f"{known[slug][0]} – {site.title}"
    channel = _channel(context, f"{context.url}/feeds/topics/{slug}")
    here = replace(
        build_site_context(context.newsroom, connection, context.clock()),
        site=site.model_copy(update={"title": title}),
        published=_announced(context, connection, channel.max_articles, slug),
    )
    return _feed(title, site.language, _frozen(channel, channel.compose_site_wide(here)), channel)


def _frozen(channel: Channel, made: Sequence[Document]) -> list[Rendition]:
    return [channel.freeze(one) for one in made]


def _feed(
    title: str, language: Language, made: Sequence[Rendition], channel: Channel, newsletter: Newsletter | None = None
) -> ServedFeed:
    by_name = {name: one for one in made for name in FORMATS if one.variant.endswith(name)}
    return ServedFeed(title, language, by_name, getattr(channel, "hub", "") or "", newsletter)


def _announced(context: WebContext, connection: Connection, limit: int, topic: str = "") -> tuple[Article, ...]:
    """The newest articles that newsletters on the web have announced, with their notices."""
    site, shown = context.newsroom.settings.site, list(public_newsletters(context))
    found = web_archive.list_public_articles(connection, shown, limit, topic=topic)
    articles = web_archive.load_articles(connection, [one.id for one in found])
    return all_with_notices(
        articles, load_notices(connection, articles), site.language, site.timezone, context.newsroom.settings.texts
    )


def _configured(newsroom: Newsroom, newsletter: Newsletter | None = None) -> Channel | None:
    """The feed channel of a newsletter, or the first there is."""
    kind = registry.channels.find(TYPE)
    channels = newsroom.newsletter_channels(newsletter) if newsletter else newsroom.channels
    return next((one for one in channels.values() if isinstance(one, kind)), None)


def _channel(context: WebContext, url: str) -> Channel:
    """A feed channel whose feeds lie at `url`: the configured one, or one that only composes."""
    own = _configured(context.newsroom)
    made: Any = own or registry.channels.find(TYPE)(name="feeds", folder=Path(), url=url)  # type: ignore[call-arg]
    channel: Channel = replace(made, url=url)
    return channel


# -- answering ---------------------------------------------------------------------------------------------------------


async def _all(request: web.Request) -> web.StreamResponse:
    context = request.app[CONTEXT]
    return await _answer(request, ("feed",), lambda connection: feed_of_all(context, connection))


async def _newsletter(request: web.Request) -> web.StreamResponse:
    context, newsletter = request.app[CONTEXT], await find_newsletter(request)
    return await _answer(
        request, ("feed", newsletter.id), lambda connection: feed_of_newsletter(context, connection, newsletter)
    )


async def _topic(request: web.Request) -> web.StreamResponse:
    context, slug = request.app[CONTEXT], request.match_info["topic"]
    return await _answer(request, ("feed", "topic", slug), lambda connection: feed_of_topic(context, connection, slug))


async def _answer(request: web.Request, key: tuple[str, ...], make: Any) -> web.StreamResponse:
    """A feed as it is, or as a page for a browser."""
    context, name, page = request.app[CONTEXT], request.match_info["format"], wants_page(request)

    def file(connection: Connection) -> Made:
        feed: ServedFeed | None = make(connection)
        if feed is None:
            return None
        made = _page(context, feed, request.path) if page else _file(context, feed, name, request.path)
        return replace(made, headers={**made.headers, "Vary": "Accept, Accept-Encoding"})

    return await context.public_files.answer(request, (*key, name, "page" if page else ""), file)


def wants_page(request: web.Request) -> bool:
    """Whether a browser asks: HTML is named, and no type that only feed readers know."""
    accepted = ",".join(request.headers.getall("Accept", ())).lower()
    return bool(_HTML_TYPE.search(accepted)) and not _FEED_TYPES.search(accepted)


def _file(context: WebContext, feed: ServedFeed, name: str, path: str) -> PublicFile:
    rendition = feed.formats[name]
    headers = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    if feed.hub:  # WebSub, section 4
        headers["Link"] = f'<{feed.hub}>; rel="hub", <{context.url}{path}>; rel="self"'
    return PublicFile(rendition.body, rendition.media_type, feed.changed, FEEDS, headers)


def _page(context: WebContext, feed: ServedFeed, path: str) -> PublicFile:
    return page_file(
        context,
        "feed",
        feed.language,
        path,
        newsletter=feed.newsletter,
        feed_title=feed.title,
        entries=[
            {
                "title": one["title"],
                "url": one.get("url", ""),
                "summary": one.get("summary", ""),
                "published": datetime.fromisoformat(one["date_published"]),
            }
            for one in feed.entries
        ],
        addresses=[context.url + path.rpartition("/")[0] + "/" + name for name in FORMATS],
        other_language_url="/en/feeds" if feed.language is Language.VI else "/vi/feeds",
    )


async def _list(request: web.Request) -> web.StreamResponse:
    """All feeds, with their addresses to copy."""
    context, language = request.app[CONTEXT], visitor_language(request)

    def make(connection: Connection) -> Made:
        shown = public_newsletters(context)
        topics = web_archive.list_public_topics(connection, list(shown))
        return page_file(
            context,
            "feeds",
            language,
            request.path,
            url=context.url,
            offers=list(shown.values()),
            topics=dict(list(topics.items())[:_SHOWN_FEEDS]),
        )

    return await context.public_files.answer(request, ("feeds", language), make)
