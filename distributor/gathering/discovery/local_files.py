"""Files and folders that are probed: a copy of a portal, a folder of articles, one page, text export or feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from ...errors import ArticleError, LimitExceeded, SourceError
from ...files import is_within
from ...model import ParsedArticle
from ...source import processor_time
from ...url_cleaning import web_address
from ..extraction.document import parse_page, select
from ..mirror import Mirror
from ..sources.feed import FeedSource
from ..sources.folder import FolderSource
from .detection import DocumentFormat, detect_format
from .listing_links import parse_article
from .listing_pages import read_listed_articles
from .probe_context import MOST_COMPUTING, ProbeContext
from .report import AddressKind, DiscoveryReport, SourceProposal, describe_article, find_doubts

_MOST_LINKS = 500  # of a copy's listing that may show its address
_LISTINGS = ("index.html", "index.htm", "default.html", "default.htm", "default.aspx")
_UNKNOWN_SITE = "https://example.com/"


async def probe_path(probe: ProbeContext) -> DiscoveryReport:
    """What a file or folder is and what is read of it. Raises SourceError."""
    path = Path(probe.request.address)
    is_folder = path.is_dir()  # noqa: ASYNC240 (nobody else waits in this process)
    return await _folder(probe, path) if is_folder else _file(probe, path)


def _file(probe: ProbeContext, path: Path) -> DiscoveryReport:
    got = probe.file(path.parent, path)
    form = detect_format(got.body)
    if form is DocumentFormat.FEED or probe.request.kind is AddressKind.FEED:
        return _feed(probe, path)
    if path.suffix.lower() in (".md", ".markdown", ".txt") or (
        form is DocumentFormat.PAGE and b"---" in got.body.lstrip()[:4]
    ):
        return _articles(probe, path.parent, [path])
    if form is DocumentFormat.PAGE:
        return _page(probe, path)
    return DiscoveryReport(
        address=str(path), kind=AddressKind.NOTHING, what="is neither a page, a feed, Markdown nor plain text"
    )


async def _folder(probe: ProbeContext, folder: Path) -> DiscoveryReport:
    index = next((folder / name for name in _LISTINGS if (folder / name).is_file()), None)
    if index is not None and probe.request.kind is not AddressKind.FOLDER:
        made = await _copy(probe, folder, index)
        if made.readable:
            return made
    source = FolderSource(name="", folder=folder)
    files = source._files()
    if files:
        return _articles(probe, folder, files)
    raise SourceError(f"{folder} holds no index.html and no files named {', '.join(source.patterns)}")


async def _copy(probe: ProbeContext, folder: Path, index: Path) -> DiscoveryReport:
    """A portal's pages on the disk, read as a source of type page with `folder` reads them."""
    tree = parse_page(probe.file(folder, index).body)
    declared = _declared_address(tree) if tree is not None else ""
    url = declared or (_address_by_links(tree, folder) if tree is not None else "")
    there = replace(probe, request=replace(probe.request, address=url, is_path=False), fetcher=Mirror(folder, url))
    got = await there.get(url)
    made = await read_listed_articles(there, got, there.listing_of(got))
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
    sure = declared or not url.startswith(_UNKNOWN_SITE)
    guess = () if sure else (f"the pages do not name the address of their site: write it in place of {url}",)
    return replace(
        made, address=str(folder), what=f"{made.what}, in a folder", proposals=proposals, doubts=(*made.doubts, *guess)
    )


def _declared_address(page: HtmlElement) -> str:
    """The address that a saved page gives as its own: its canonical link, else OpenGraph's, else its base."""
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


def _page(probe: ProbeContext, path: Path) -> DiscoveryReport:
    """One saved page: its article. A listing is a matter of its folder."""
    got = probe.file(path.parent, path)
    tree = parse_page(got.body)
    url = (_declared_address(tree) if tree is not None else "") or _UNKNOWN_SITE + path.name
    got = replace(got, url=url)
    found = parse_article(got, replace(probe.read_settings, url=url))
    places = probe.places(found, got)
    return DiscoveryReport(
        address=str(path),
        kind=AddressKind.ARTICLE,
        what="is a page with an article",
        found=1,
        articles=(describe_article(found, places, probe.zone, probe.now, address=str(path)),),
        doubts=tuple(find_doubts([found], probe.zone)),
        hints=("give the folder with its index.html, or the address of the listing: a block is proposed for those",),
    )


def _feed(probe: ProbeContext, path: Path) -> DiscoveryReport:
    source = FeedSource(name="", file=path, **probe.common())
    found, faults = probe.read_feed(probe.file(path.parent, path), source)
    return DiscoveryReport(
        address=str(path),
        kind=AddressKind.FEED,
        what=f"is a feed of {len(found)} article{'' if len(found) == 1 else 's'}",
        found=len(found),
        articles=probe.preview_of_feed(found),
        proposals=(SourceProposal(name="", settings={"type": "feed", "file": str(path)}),) if found else (),
        doubts=(*faults, *find_doubts(found, probe.zone, key="")),
    )


def _articles(probe: ProbeContext, folder: Path, files: Sequence[Path]) -> DiscoveryReport:
    """A folder of articles, or one of its files."""
    source = FolderSource(name="", folder=folder, **probe.common())
    found: list[ParsedArticle] = []
    faults = []
    for file in files:
        name = file.relative_to(folder).as_posix()
        try:
            with processor_time(MOST_COMPUTING):
                found.append(source.article(name, probe.file(folder, file).body))
        except (ArticleError, LimitExceeded, SourceError) as error:
            faults.append(f"{name}: {error}")
    if not found:
        raise SourceError(f"none of {len(files)} files could be read; the first: {faults[0]}")
    origin = dict.fromkeys(("title", "date", "author", "lead", "topics", "image", "body"), ("the file",))
    missing = (
        [] if all(one.url for one in found) else ["articles have no address: set url, with {slug} for a file's name"]
    )
    more = [f"and {len(faults) - 3} more files that cannot be read"] if len(faults) > 3 else []
    return DiscoveryReport(
        address=probe.request.address,
        kind=AddressKind.FOLDER,
        what=f"is a folder of {len(found)} article{'' if len(found) == 1 else 's'}"
        if len(files) > 1 or folder == Path(probe.request.address)
        else "is a file with an article",
        found=len(found),
        articles=tuple(describe_article(one, origin, probe.zone, probe.now) for one in found[: probe.request.articles]),
        proposals=(SourceProposal(name="", settings={"type": "folder", "folder": str(folder)}),),
        doubts=(*faults[:3], *more, *missing, *find_doubts(found, probe.zone, key="")),
    )
