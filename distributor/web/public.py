"""What the public pages share: which newsletters are on the web, addresses in both languages, pages as kept files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from aiohttp import web

from ..config.schema import Newsletter
from ..model import Language
from ..rendering.page_frame import localized
from ..storage.renames import NameKind, current_name
from .context import CONTEXT, WebContext, page_language
from .public_files import PublicFile
from .responses import PAGE_POLICY

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SIZES = ("small", "large")
HTML = "text/html; charset=utf-8"


def both_languages(path: str, handler: Handler) -> list[web.RouteDef]:
    """Routes for a path and for the same one below `/vi` and `/en`."""
    return [web.get(path, handler), web.get("/{language:vi|en}" + path, handler)]


def public_newsletters(context: WebContext) -> dict[str, Newsletter]:
    """The newsletters that the web shows, in the order of config.yaml."""
    return {id: one for id, one in context.newsroom.settings.newsletters.items() if one.on_the_web}


async def find_newsletter(request: web.Request) -> Newsletter:
    """The newsletter that the address names. Raises HTTPNotFound, also for one that is not on the web, and
    HTTPMovedPermanently where it had that name once: feed readers and search engines remember addresses."""
    context, name = request.app[CONTEXT], request.match_info["newsletter"]
    shown = public_newsletters(context)
    if name in shown:
        return shown[name]
    new = await context.database.read_in_thread(current_name, NameKind.NEWSLETTER, name)
    if new not in shown:
        raise web.HTTPNotFound
    raise web.HTTPMovedPermanently("/".join(new if one == name else one for one in request.path.split("/")))


def visitor_language(request: web.Request, newsletter: Newsletter | None = None) -> Language:
    """The language that the visitor has chosen by the address, or the newsletter's, or the site's."""
    usual = request.app[CONTEXT].newsroom.language(newsletter) if newsletter else None
    return page_language(request, usual)


def page_number(request: web.Request) -> int:
    """`?page=2`; 1 for anything that is no such number."""
    asked = request.query.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
    return max(number, 1)


def appearance(request: web.Request) -> str:
    """The text size that the address asks for, or the form for printing; empty for the usual one."""
    size = request.query.get("size", "")
    return "print" if request.query.get("view") == "print" else size if size in SIZES else ""


def page_file(
    context: WebContext,
    template: str,
    language: Language,
    path: str,
    *,
    newsletter: Newsletter | None = None,
    changed: datetime | None = None,
    **values: object,
) -> PublicFile:
    """A public page from a template below `templates/page/`."""
    values = {"canonical": context.url + path, "feeds": feed_links(context, newsletter, language), **values}
    html = context.pages.render(template, language, path=path, newsletter=newsletter, **values)
    return html_file(html, changed)


def html_file(html: str, changed: datetime | None = None, policy: str = PAGE_POLICY, **headers: str) -> PublicFile:
    """Finished HTML as a public file."""
    return PublicFile(html.encode(), HTML, changed, headers={"Content-Security-Policy": policy, **headers})


def feed_links(context: WebContext, newsletter: Newsletter | None, language: Language) -> Sequence[Mapping[str, str]]:
    """The feeds that feed readers find in the head of a page."""
    title = context.newsroom.settings.site.title
    links = [{"url": "/feeds/rss.xml", "type": "application/rss+xml", "title": title}]
    if newsletter:
        path = f"/feeds/{newsletter.id}/rss.xml"
        links = [{"url": path, "type": "application/rss+xml", "title": newsletter.title}, *links]
    return links


def local_path(context: WebContext, path: str, language: Language) -> str:
    """A path in a language."""
    return localized(path, language, context.newsroom.settings.site.language)
