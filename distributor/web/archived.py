"""One edition or one article of the archive: as it was sent, with what was corrected since."""

from __future__ import annotations

import email
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from email import policy
from functools import partial
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy import Connection

from ..config.schema import Newsletter
from ..editions import repository, web_archive
from ..model import Article, Edition, Language, Notice, NoticeKind, Recipient
from ..personal_channel import PersonalChannel
from ..rendering.digest import DigestOptions
from ..rendering.pages import render_article_page, render_edition_page
from ..rendering.views import safe_text, with_notices
from ..subscribers.merge_values import PROBE
from .context import CONTEXT, WebContext
from .public import appearance, both_languages, feed_links, html_file, local_path, public_newsletters, visitor_language
from .public_files import Made, Moved, PublicFile
from .responses import EMAIL_POLICY, error_page
from .signup_form import takes_signups

_NOBODY = "ban-doc@example.invalid"  # stands in a frozen email where the address of its recipient did
_HIDDEN = "…"
_Corrected = Mapping[str, tuple[Article, list[Notice]]]


def routes() -> list[web.RouteDef]:
    return [
        *both_languages("/archive/{newsletter}/{edition}", _edition),
        web.get("/archive/{newsletter}/{edition}/email", _email),
        *both_languages("/articles/{article}", _article),
    ]


# -- editions ----------------------------------------------------------------------------------------------------------


async def _edition(request: web.Request) -> web.StreamResponse:
    context, looks = request.app[CONTEXT], appearance(request)
    name, id, chosen = request.match_info["newsletter"], request.match_info["edition"], _chosen(request)

    def make(connection: Connection) -> Made:
        found = web_archive.find_public_edition(connection, id, list(public_newsletters(context)))
        if found is None:
            return None
        if found[0].newsletter != name:  # it was renamed
            return Moved(_prefix(chosen) + f"/archive/{found[0].newsletter}/{id}")
        return _edition_file(context, connection, found[1], chosen, looks)

    return await context.public_files.answer(request, ("edition", name, id, chosen or "", looks), make)


def _edition_file(
    context: WebContext, connection: Connection, edition: Edition, chosen: Language | None, looks: str
) -> PublicFile:
    newsletter = context.newsroom.newsletter(edition.newsletter)
    language, path = chosen or edition.language, f"/archive/{edition.newsletter}/{edition.id}"
    corrected = web_archive.load_corrected(connection, edition.carried)
    settings = context.pages.settings(newsletter)
    shown = partial(_as_shown, context, corrected, language, settings.zone)
    edition_now = replace(
        edition,
        language=language,
        articles=tuple(map(shown, edition.articles)),
        briefs=tuple(map(shown, edition.briefs)),
    )
    tools = {"path": _prefix(chosen) + path, "email_path": f"{path}/email", "share": context.url + path}
    frame = {
        **context.pages.frame(language, tools["path"], newsletter),
        "feeds": feed_links(context, newsletter, language),
        "text_size": looks,
        "tools": tools | {"title": edition.subject},
        "content_language": edition.language.value,
        "corrected": _notices(edition.carried, corrected),
    }
    notes = {
        id: context.newsroom.settings.texts.translate(language, _badge(said)) for id, (_, said) in corrected.items()
    }
    html = render_edition_page(
        edition_now,
        settings,
        DigestOptions(notes=notes),
        url=context.url + path,
        subscribe_url=_subscribe_url(context, newsletter, language),
        frame=frame,
    )
    return html_file(html, max([edition.issued_at, *(said[-1].at for _, said in corrected.values())]))


def _as_shown(
    context: WebContext, corrected: _Corrected, language: Language, zone: ZoneInfo, article: Article
) -> Article:
    """An article as it was sent, or as a correction has left it; one without an address is linked to its own page."""
    if article.id in corrected:
        present, said = corrected[article.id]
        article = with_notices(
            _with_frozen_image(present, article), said, language, zone, context.newsroom.settings.texts
        )
    return article if article.url else replace(article, url=f"{context.url}/articles/{article.id}")


def _with_frozen_image(present: Article, frozen: Article) -> Article:
    """A corrected article with the image files that were made for its edition, where it still is the same image."""
    same = present.image and frozen.image and present.image.url == frozen.image.url
    return replace(present, image=frozen.image) if same else present


def _badge(said: Sequence[Notice]) -> str:
    return "badge_withdrawn" if said[-1].kind is NoticeKind.WITHDRAWAL else "badge_corrected"


def _notices(articles: Sequence[Article], corrected: _Corrected) -> list[dict[str, object]]:
    """What was corrected, with the time."""
    return [
        {
            "id": one.id,
            "title": safe_text(corrected[one.id][0].title),
            "at": notice.at,
            "withdrawn": notice.kind is NoticeKind.WITHDRAWAL,
        }
        for one in articles
        if one.id in corrected
        for notice in reversed(corrected[one.id][1])
    ]


# -- the email itself --------------------------------------------------------------------------------------------------


async def _email(request: web.Request) -> web.StreamResponse:
    context, name, id = request.app[CONTEXT], request.match_info["newsletter"], request.match_info["edition"]
    gone = False

    def make(connection: Connection) -> Made:
        nonlocal gone
        found = web_archive.find_public_edition(connection, id, list(public_newsletters(context)))
        if found is None or found[0].newsletter != name:
            return None
        corrected = web_archive.load_corrected(connection, found[1].carried)
        gone = any(said[-1].kind is NoticeKind.WITHDRAWAL for _, said in corrected.values())
        html = "" if gone else _frozen_email(context, connection, found[1])
        robots = {"X-Robots-Tag": "noindex", "Link": f'<{context.url}/archive/{name}/{id}>; rel="canonical"'}
        return html_file(html, found[1].issued_at, EMAIL_POLICY, **robots) if html else None

    try:
        return await context.public_files.answer(request, ("email", name, id), make)
    except web.HTTPNotFound:
        if not gone:
            raise
        return error_page(request, 410, "email_gone", "email_gone_help")


def _frozen_email(context: WebContext, connection: Connection, edition: Edition) -> str:
    """The HTML of the email of the whole edition, with nobody's name, address and links in it; empty where there is none."""
    for rendition in repository.list_renditions(connection, edition.id):
        channel = context.newsroom.channels.get(rendition.channel)
        if isinstance(channel, PersonalChannel) and channel.sends_email and rendition.variant == edition.variant:
            links = {"unsubscribe_url": f"{context.url}/me", "preferences_url": f"{context.url}/me"}
            nobody = Recipient(
                id=PROBE,
                address=_NOBODY,
                message_id=f"<{edition.id}@example.invalid>",
                merge_values={"name": "", "address": _NOBODY, **links},
            )
            message = email.message_from_bytes(channel.personalize(rendition, nobody), policy=policy.default)
            part = message.get_body(("html",))
            return str(part.get_content()).replace(_NOBODY, _HIDDEN) if part else ""
    return ""


# -- articles ----------------------------------------------------------------------------------------------------------


async def _article(request: web.Request) -> web.StreamResponse:
    context, looks = request.app[CONTEXT], appearance(request)
    id, chosen = request.match_info["article"], _chosen(request)

    def make(connection: Connection) -> Made:
        shown = public_newsletters(context)
        edition_id = web_archive.find_carrying_edition(connection, id, list(shown))
        edition = repository.find(connection, edition_id) if edition_id else None
        article = next((one for one in edition.carried if one.id == id), None) if edition else None
        if edition is None or article is None:
            return None
        return _article_file(context, connection, shown[edition.newsletter], article, chosen, looks)

    return await context.public_files.answer(request, ("article", id, chosen or "", looks), make)


def _article_file(
    context: WebContext,
    connection: Connection,
    newsletter: Newsletter,
    article: Article,
    chosen: Language | None,
    looks: str,
) -> PublicFile:
    own, path = context.newsroom.language(newsletter), f"/articles/{article.id}"
    language = chosen or own
    corrected = web_archive.load_corrected(connection, [article])
    settings = context.pages.settings(newsletter)
    present, said = corrected.get(article.id, (article, []))
    shown = with_notices(_with_frozen_image(present, article), said, language, settings.zone, settings.texts)
    withdrawn = bool(said) and said[-1].kind is NoticeKind.WITHDRAWAL
    if not withdrawn:
        shown = replace(shown, lead=present.lead)  # the text below it begins with the notice
    title = safe_text(shown.title)
    frame = {
        **context.pages.frame(language, _prefix(chosen) + path, newsletter),
        "feeds": feed_links(context, newsletter, language),
        "text_size": looks,
        "tools": {"path": _prefix(chosen) + path, "email_path": "", "share": article.url or context.url + path,
                  "title": title},
        "content_language": article.language,
        "corrected": _notices([article], corrected),
    }  # fmt: skip
    subscribe = _subscribe_url(context, newsletter, language)
    html = render_article_page(shown, settings, language, url=context.url + path, subscribe_url=subscribe, frame=frame)
    changed: list[datetime] = [article.changed, *(notice.at for notice in said)]
    return html_file(html, max(changed), **({"X-Robots-Tag": "noindex"} if withdrawn else {}))


def _subscribe_url(context: WebContext, newsletter: Newsletter, language: Language) -> str:
    """Where one subscribes to a newsletter; empty where one cannot."""
    path = local_path(context, f"/n/{newsletter.id}/subscribe", language)
    return context.url + path if takes_signups(context.newsroom, newsletter) else ""


# -- languages ---------------------------------------------------------------------------------------------------------


def _chosen(request: web.Request) -> Language | None:
    """The language that the address names."""
    return visitor_language(request) if "language" in request.match_info else None


def _prefix(chosen: Language | None) -> str:
    return f"/{chosen.value}" if chosen else ""
