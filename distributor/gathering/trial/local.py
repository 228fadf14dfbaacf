"""Files and folders that are tried: a copy of a portal, a folder of articles, one page, dump or feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from ...errors import ArticleError, LimitExceeded, SourceError
from ...files import is_within
from ...model import FoundArticle
from ...source import processor_time
from ..addresses import web_address
from ..extraction.document import parse_page, select
from ..mirror import Mirror
from ..sources.feed import FeedSource
from ..sources.folder import FolderSource
from .describing import doubts, shown
from .listing import understood
from .recognise import DocumentFormat, form_of
from .values import AddressKind, SourceProposal, Trial

if TYPE_CHECKING:
    from .look import Looking

_MOST_COMPUTING = 20.0  # seconds for one file
_MOST_LINKS = 500  # of a copy's listing that may tell its address
_LISTINGS = ("index.html", "index.htm", "default.html", "default.htm", "default.aspx")
_UNKNOWN_SITE = "https://example.com/"


async def look_at_path(looking: Looking) -> Trial:
    """What a file or folder is and what is read of it. Raises SourceError."""
    path = Path(looking.request.address)
    is_folder = path.is_dir()  # noqa: ASYNC240 (nobody else waits in this process)
    return await _folder(looking, path) if is_folder else _file(looking, path)


def _file(looking: Looking, path: Path) -> Trial:
    got = looking.file(path.parent, path)
    form = form_of(got.body)
    if form is DocumentFormat.FEED or looking.request.kind is AddressKind.FEED:
        return _feed(looking, path)
    if path.suffix.lower() in (".md", ".markdown", ".txt") or (
        form is DocumentFormat.PAGE and b"---" in got.body.lstrip()[:4]
    ):
        return _articles(looking, path.parent, [path])
    if form is DocumentFormat.PAGE:
        return _page(looking, path)
    return Trial(address=str(path), kind=AddressKind.NOTHING, what="is neither a page, a feed, Markdown nor plain text")


async def _folder(looking: Looking, folder: Path) -> Trial:
    index = next((folder / name for name in _LISTINGS if (folder / name).is_file()), None)
    if index is not None and looking.request.kind is not AddressKind.FOLDER:
        made = await _copy(looking, folder, index)
        if made.readable:
            return made
    source = FolderSource(name="", folder=folder)
    files = source._files()
    if files:
        return _articles(looking, folder, files)
    raise SourceError(f"{folder} holds no index.html and no files named {', '.join(source.patterns)}")


async def _copy(looking: Looking, folder: Path, index: Path) -> Trial:
    """A portal's pages on the disk, read as a source of type page with `folder` reads them."""
    from .pages import read_listing

    tree = parse_page(looking.file(folder, index).body)
    told = _told_address(tree) if tree is not None else ""
    url = told or (_address_by_links(tree, folder) if tree is not None else "")
    there = replace(looking, request=replace(looking.request, address=url, is_path=False), fetcher=Mirror(folder, url))
    got = await there.get(url)
    made = await read_listing(there, got, there.listing_of(got))
    proposals = tuple(
        replace(
            one,
            settings={
                "type": "page",
                "url": url,
                "folder": str(folder),
                **({"select": one.settings["select"]} if "select" in one.settings else {}),
            },
        )
        for one in made.proposals
    )
    sure = told or not url.startswith(_UNKNOWN_SITE)
    guess = () if sure else (f"the pages do not tell the address of their site: write it in place of {url}",)
    return replace(
        made, address=str(folder), what=f"{made.what}, in a folder", proposals=proposals, doubts=(*made.doubts, *guess)
    )


def _told_address(page: HtmlElement) -> str:
    """The address that a saved page says it has: its canonical link, else OpenGraph's, else its base."""
    for path, name in (("link[rel=canonical]", "href"), ("meta[property='og:url']", "content"), ("base", "href")):
        for element in select(page, path):
            url = web_address(element.get(name) or "", "")
            if url:
                return url
    return ""


def _address_by_links(page: HtmlElement, folder: Path) -> str:
    """The address of a copy's listing, by links to pages that lie beside it: `/tin/a.html` beside index.html is of `/tin/`.

    On a site that is not known where they do not name one.
    """
    for anchor in islice(page.iter("a"), _MOST_LINKS):
        parts = urlsplit(web_address(anchor.get("href") or "", _UNKNOWN_SITE))
        above, _, name = parts.path.rpartition("/")
        if name and above and (anchor.get("href") or "").startswith(("/", "http")) and _is_beside(folder, name):
            return f"{parts.scheme}://{parts.netloc}{above}/"
    return _UNKNOWN_SITE


def _is_beside(folder: Path, name: str) -> bool:
    return is_within(folder, folder / unquote(name)) and (folder / unquote(name)).is_file()


def _page(looking: Looking, path: Path) -> Trial:
    """One saved page: its article. A listing is a matter of its folder."""
    got = looking.file(path.parent, path)
    tree = parse_page(got.body)
    url = (_told_address(tree) if tree is not None else "") or _UNKNOWN_SITE + path.name
    got = replace(got, url=url)
    found = understood(got, replace(looking.reading, url=url))
    places = looking.places(found, got)
    return Trial(
        address=str(path),
        kind=AddressKind.ARTICLE,
        what="is a page with an article",
        found=1,
        articles=(shown(found, places, looking.zone, looking.now, address=str(path)),),
        doubts=tuple(doubts([found], looking.zone)),
        hints=("give the folder with its index.html, or the address of the listing: a block is proposed for those",),
    )


def _feed(looking: Looking, path: Path) -> Trial:
    source = FeedSource(name="", file=path, **looking.common())
    found, faults = looking.read_feed(looking.file(path.parent, path), source)
    return Trial(
        address=str(path),
        kind=AddressKind.FEED,
        what=f"is a feed of {len(found)} article{'' if len(found) == 1 else 's'}",
        found=len(found),
        articles=looking.shown_of_feed(found),
        proposals=(SourceProposal(name="", settings={"type": "feed", "file": str(path)}),) if found else (),
        doubts=(*faults, *doubts(found, looking.zone, key="")),
    )


def _articles(looking: Looking, folder: Path, files: Sequence[Path]) -> Trial:
    """A folder of articles, or one of its files."""
    source = FolderSource(name="", folder=folder, **looking.common())
    found: list[FoundArticle] = []
    faults = []
    for file in files:
        name = file.relative_to(folder).as_posix()
        try:
            with processor_time(_MOST_COMPUTING):
                found.append(source.article(name, looking.file(folder, file).body))
        except (ArticleError, LimitExceeded, SourceError) as error:
            faults.append(f"{name}: {error}")
    if not found:
        raise SourceError(f"none of {len(files)} files could be read; the first: {faults[0]}")
    origin = dict.fromkeys(("title", "date", "author", "lead", "topics", "picture", "body"), ("the file",))
    missing = (
        [] if all(one.url for one in found) else ["articles have no address: set url, with {slug} for a file's name"]
    )
    more = [f"and {len(faults) - 3} more files that cannot be read"] if len(faults) > 3 else []
    return Trial(
        address=looking.request.address,
        kind=AddressKind.FOLDER,
        what=f"is a folder of {len(found)} article{'' if len(found) == 1 else 's'}"
        if len(files) > 1 or folder == Path(looking.request.address)
        else "is a file with an article",
        found=len(found),
        articles=tuple(shown(one, origin, looking.zone, looking.now) for one in found[: looking.request.articles]),
        proposals=(SourceProposal(name="", settings={"type": "folder", "folder": str(folder)}),),
        doubts=(*faults[:3], *more, *missing, *doubts(found, looking.zone, key="")),
    )
