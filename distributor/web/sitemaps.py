"""What machines read of the site as a whole: sitemaps, OPML of all feeds, robots.txt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

from aiohttp import web
from sqlalchemy import Connection

from ..editions import web_archive
from ..text import clean_line
from .context import CONTEXT, WebContext
from .public import public_newsletters
from .public_files import FEEDS, Made, PublicFile

MAX_ADDRESSES = 50_000  # of one sitemap (sitemaps.org)
MAX_NEWS = 1000
NEWS_AGE = timedelta(days=2)  # what is older does not belong into a news sitemap
_MAX_TOPICS = 200
_XML = "application/xml; charset=utf-8"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
# Personal pages are not named: a crawler that may not fetch them would never see that they are not to be shown.
_ROBOTS = """\
User-agent: *
Disallow: /api/
Disallow: /hooks/

Sitemap: {url}/sitemap.xml
Sitemap: {url}/news-sitemap.xml
"""


def routes() -> list[web.RouteDef]:
    return [
        web.get("/robots.txt", _robots),
        web.get("/sitemap.xml", _sitemap),
        web.get("/news-sitemap.xml", _news_sitemap),
        web.get("/opml.xml", _opml),
    ]


async def _robots(request: web.Request) -> web.StreamResponse:
    context = request.app[CONTEXT]
    body = _ROBOTS.format(url=context.url).encode()
    return await context.public_files.answer(
        request, ("robots",), lambda _: PublicFile(body, "text/plain; charset=utf-8")
    )


async def _sitemap(request: web.Request) -> web.StreamResponse:
    context = request.app[CONTEXT]

    def make(connection: Connection) -> Made:
        lines = "".join(_addresses(context, connection))
        return PublicFile(f'{_HEAD}<urlset xmlns="{_SITEMAP}">\n{lines}</urlset>\n'.encode(), _XML, cache=FEEDS)

    return await context.public_files.answer(request, ("sitemap",), make)


def _addresses(context: WebContext, connection: Connection) -> Iterator[str]:
    """The pages that are the original of what they show: articles with an address of their own are elsewhere."""
    shown = public_newsletters(context)
    for path in ("/", "/archive", *(f"/n/{id}" for id in shown), *(f"/archive/{id}" for id in shown)):
        yield f"<url><loc>{escape(context.url + path)}</loc></url>\n"
    editions = web_archive.list_public_editions(connection, list(shown), MAX_ADDRESSES // 2)
    for one in editions:
        yield _address(f"{context.url}/archive/{one.newsletter}/{one.id}", one.released_at)
    for article in web_archive.list_public_articles(connection, list(shown), MAX_ADDRESSES // 3, without_address=True):
        yield _address(f"{context.url}/articles/{article.id}", article.published)


def _address(url: str, changed: datetime) -> str:
    return f"<url><loc>{escape(url)}</loc><lastmod>{changed.isoformat(timespec='seconds')}</lastmod></url>\n"


async def _news_sitemap(request: web.Request) -> web.StreamResponse:
    context = request.app[CONTEXT]

    def make(connection: Connection) -> Made:
        lines = "".join(_news(context, connection))
        names = f'xmlns="{_SITEMAP}" xmlns:news="{_NEWS}"'
        return PublicFile(f"{_HEAD}<urlset {names}>\n{lines}</urlset>\n".encode(), _XML, cache=FEEDS)

    return await context.public_files.answer(request, ("news-sitemap",), make)


def _news(context: WebContext, connection: Connection) -> Iterator[str]:
    """Editions and articles of the last two days (Google's news sitemaps)."""
    shown, newsroom, now = public_newsletters(context), context.newsroom, context.clock()
    language = newsroom.settings.site.language
    for one in web_archive.list_public_editions(
        connection, list(shown), MAX_NEWS // 2, between=(now - NEWS_AGE, now + NEWS_AGE)
    ):
        url, own = f"{context.url}/archive/{one.newsletter}/{one.id}", newsroom.language(shown[one.newsletter])
        yield _story(context, url, own, one.due_at, one.subject)
    for article in web_archive.list_public_articles(
        connection, list(shown), MAX_NEWS // 2, since=now - NEWS_AGE, without_address=True
    ):
        yield _story(context, f"{context.url}/articles/{article.id}", language, article.published, article.title)


def _story(context: WebContext, url: str, language: str, published: datetime, title: str) -> str:
    name = escape(clean_line(context.newsroom.settings.site.title))
    return (
        f"<url><loc>{escape(url)}</loc><news:news><news:publication><news:name>{name}</news:name>"
        f"<news:language>{language}</news:language></news:publication>"
        f"<news:publication_date>{published.isoformat(timespec='seconds')}</news:publication_date>"
        f"<news:title>{escape(clean_line(title))}</news:title></news:news></url>\n"
    )


async def _opml(request: web.Request) -> web.StreamResponse:
    context = request.app[CONTEXT]

    def make(connection: Connection) -> Made:
        title = escape(clean_line(context.newsroom.settings.site.title))
        lines = "".join(_outlines(context, connection))
        body = f'{_HEAD}<opml version="2.0">\n<head><title>{title}</title></head>\n<body>\n{lines}</body>\n</opml>\n'
        return PublicFile(body.encode(), "text/x-opml; charset=utf-8", cache=FEEDS)

    return await context.public_files.answer(request, ("opml",), make)


def _outlines(context: WebContext, connection: Connection) -> Iterator[str]:
    """One line for each feed (opml.org)."""
    site, shown = context.newsroom.settings.site, public_newsletters(context)
    yield _outline(site.title, f"{context.url}/feeds/rss.xml", context.url + "/")
    for one in shown.values():
        yield _outline(one.title, f"{context.url}/feeds/{one.id}/rss.xml", f"{context.url}/n/{one.id}")
    topics = web_archive.list_public_topics(connection, list(shown))
    for slug, (name, _) in list(topics.items())[:_MAX_TOPICS]:
        yield _outline(name, f"{context.url}/feeds/topics/{slug}/rss.xml", f"{context.url}/topics/{slug}")


def _outline(title: str, feed: str, page: str) -> str:
    name = quoteattr(clean_line(title))
    return f'<outline type="rss" text={name} title={name} xmlUrl={quoteattr(feed)} htmlUrl={quoteattr(page)}/>\n'
