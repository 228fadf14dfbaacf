"""Writes the web copy of each edition, and of each of its articles, into a folder that the web server shows.

    channels:
      pages:
        type: pages
        folder: var/public/news
        url: https://news.example/news

An edition is `tin-sang-12.html`, an article `a/<id>.html`. Emails of a newsletter that names this channel then have a link
to their web copy. Pages hold nothing personal, no script and nothing from elsewhere but pictures; the page of an article
says to search engines that the site's own page is the original. A correction writes the pages that carried the article
anew, with a visible note.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from distributor.channel import Attempt, Channel, ComposeContext, Content, Document, Folder, PublicUrl
from distributor.errors import Rejected
from distributor.kit.files import write_file
from distributor.model import Article, Edition, EditionKind, Receipt

_HTML = "text/html; charset=utf-8"
_NAME = re.compile(r"(?:article-)?[a-z0-9-]+\.html")


@dataclass(frozen=True, kw_only=True)
class Pages(Channel):
    """A folder of web pages."""

    folder: Annotated[Folder, "folder for the pages, shown by a web server"]
    url: Annotated[PublicUrl, "public address of that folder"]
    articles: Annotated[bool, "a page for each article too"] = True
    creator: Annotated[
        str, "fediverse account that link previews name as the author", Field(examples=["@tin@bacson.example"])
    ] = ""

    repeatable = True
    reaches_audience = False  # files, for whoever comes for them

    def web_view_url(self, edition: Edition) -> str:
        return f"{self.url}/{edition.id}.html"

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Document]:
        editions = context.corrected if edition.kind is EditionKind.CORRECTION else (edition,)
        made = [
            _page(f"{one.id}.html", context.edition_page(one, self.web_view_url(one), self.creator), one.subject)
            for one in editions
        ]
        return [*made, *(self._article(article, context) for article in edition.carried if self.articles)]

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Document)
        path = _path(content.variant)
        changed = await write_file(self.folder / path, content.body)
        return Receipt(remote_id=path, url=f"{self.url}/{path}", reply="written" if changed else "unchanged")

    @property
    def public_folders(self) -> Sequence[Path]:
        return (self.folder,)

    @property
    def place(self) -> str:
        return str(self.folder)

    def _article(self, article: Article, context: ComposeContext) -> Document:
        variant = f"article-{article.id}.html"
        page = context.article_page(article, f"{self.url}/{_path(variant)}", self.creator)
        return _page(variant, page, article.title)


def _page(variant: str, page: str, title: str) -> Document:
    return Document(variant=variant, media_type=_HTML, body=page.encode(), title=title)


def _path(variant: str) -> str:
    """Where a page lies below the folder. Raises Rejected for a name of other making."""
    if not _NAME.fullmatch(variant):
        raise Rejected(f"{variant} is no page")
    return f"a/{variant.removeprefix('article-')}" if variant.startswith("article-") else variant
