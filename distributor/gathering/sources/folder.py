"""A folder of articles: Markdown, HTML or plain text, one file each.

    sources:
      bai-viet:
        type: folder
        folder: articles
        url: https://bacson.example/tin/{slug}

Markdown and HTML files begin with their data between two lines of three hyphens:

    ---
    title: Khởi công tuyến đường mới
    date: 2026-11-23 08:00
    lead: Tuyến đường dài 38 km nối năm xã miền núi.
    author: Minh Hạnh
    topics: [Kinh tế]
    image: {url: https://bacson.example/anh.jpg, alt: Lễ khởi công, caption: Quang cảnh lễ khởi công}
    ---

Only `title` is needed; `updated`, `publish_at` (an embargo), `url`, `slug`, `language` and `id` are known too, and so
are the names that Hugo, Jekyll, Zola and Eleventy have for the same things, in YAML, in TOML (between lines of `+++`)
or in JSON (in braces). `draft: true` leaves a file out, and a note says so. An image may lie beside its article's file:
`image: le-hoi.jpg` names it; its address is then below the one that `url` makes, and it is read from the disk.

Plain-text files are read as portals export their articles: a date line, the title, the lead, the paragraphs, the author on
the last line. `url` makes addresses for articles that have none: `{slug}` is the file's name without its ending, the
folder's for `ten-bai/index.md`, or what the file calls its slug. Hidden files and those named README or `_index` are no
articles; nor is what lies in hidden folders, such as an editor's `.trash`. A link is read where it leads to a file in the
same folder; one that leads out of it is reported as a fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, unquote, urljoin

from pydantic import AfterValidator

from distributor.files import FileTooLarge, UnsafeFile, read_within
from distributor.model import Image
from distributor.source import (
    Article,
    ArticleError,
    Availability,
    Fetcher,
    FetchResult,
    Folder,
    LimitExceeded,
    LocalFile,
    ParsedArticle,
    Source,
    SourceError,
    check_file_availability,
    processor_time,
)
from distributor.terminal import printable_line
from distributor.text import clean_line, language_tag
from distributor.url_cleaning import canonical_url, web_address

from ._samples import FILES

if (
    TYPE_CHECKING
):  # the parsers are loaded where files are read, in a child process: other commands need the settings only
    from distributor.gathering.front_matter import FrontMatter

_LARGEST = 5_000_000
_DRAFTS_NAMED = 5  # in one note
_MOST_COMPUTING = 20.0  # seconds for reading one file
_NO_ARTICLES = frozenset({"README", "_index"})  # the latter is a section's page, in Hugo and Zola
_DATED_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-\S")  # Jekyll: 2026-11-23-ten-bai.md


def _template(value: str) -> str:
    if value and not web_address(value.replace("{slug}", "x"), ""):
        raise ValueError(
            "write an absolute address that begins with https:// or http://, with {slug} for the file's name"
        )
    return value


def _names(value: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in value:
        if not pattern.strip("./") or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise ValueError(f"{pattern!r} is no name of files inside the folder; write it like *.md")
    return value


@dataclass(frozen=True, kw_only=True)
class FolderSource(Source):
    """Files below a folder."""

    folder: Annotated[Folder, "folder of articles, with its subfolders"]
    patterns: Annotated[tuple[str, ...], "names of the files that are articles", AfterValidator(_names)] = (
        "*.md",
        "*.html",
        "*.txt",
    )
    url: Annotated[str, "address of an article; {slug} is its file name", AfterValidator(_template)] = ""

    remote = False
    samples = FILES

    async def gather(self, fetcher: Fetcher, now: datetime) -> FetchResult:
        return self._read()

    def _read(self) -> FetchResult:
        from distributor.gathering.front_matter import UnpublishedFile

        if not self.folder.is_dir():
            raise SourceError(f"{self.folder} is not a folder")
        articles, faults, drafts = [], [], []
        read: dict[str, str] = {}
        for file in self._files():
            name = file.relative_to(self.folder).as_posix()
            twin = read.setdefault(_composed(name), name)
            if twin != name:
                faults.append(
                    f"{printable_line(name)}: another file has the same name in other bytes; keep one of the two"
                )
                continue
            try:
                with processor_time(_MOST_COMPUTING):
                    articles.append(self.article(name, read_within(self.folder, file, _LARGEST)))
            except UnpublishedFile:
                drafts.append(printable_line(name))
            except (ArticleError, LimitExceeded, UnsafeFile, FileTooLarge) as error:
                faults.append(f"{printable_line(name)}: {error}")
            except OSError as error:
                faults.append(f"{printable_line(name)}: cannot be read: {error.strerror or error}")
        return FetchResult(articles=articles, faults=faults, notes=_left_out(drafts))

    def _files(self) -> list[Path]:
        found = {file for pattern in self.patterns for file in self.folder.rglob(pattern)}
        named = (file for file in found if file.stem not in _NO_ARTICLES and not self._is_hidden(file))
        return sorted(file for file in named if not file.is_dir())

    def _is_hidden(self, file: Path) -> bool:
        return any(part.startswith(".") for part in file.relative_to(self.folder).parts)

    async def check_availability(self, fetcher: Fetcher, article: Article) -> Availability:
        """Checks its file: under its own name, and where that is not there, any other file that holds the article."""
        return await asyncio.to_thread(self._still_there, article)

    def _still_there(self, article: Article) -> Availability:
        own = self._file_named(article.source_id)
        gone = Availability(False, "its file is gone from the folder")
        answer = check_file_availability(own, gone.reason, within=self.folder) if own else gone
        if own and answer.available and self._is_draft(own):
            return Availability(False, "its file says that it is a draft")
        if answer.available is not False:
            return answer
        files = self._files()
        if not files:  # so does a network drive that is not mounted
            return Availability(None, f"{self.folder} holds no articles at all")
        for file in files:
            found = self._holds(file, article)
            if found is not False:
                return Availability(found, "" if found else f"{file} is no article as it stands, and may be it")
        return gone

    def image_file(self, article: Article) -> LocalFile | None:
        """The image beside the article's file, or below the folder of the source, where its address is below the article's
        own: `image: le-hoi.jpg`."""
        base = urljoin(article.url, ".")
        if article.image is None or not article.url or not article.image.url.startswith(base):
            return None
        name = unquote(article.image.url.removeprefix(base))
        own = self._file_named(article.source_id)
        for folder in dict.fromkeys([own.parent if own else self.folder, self.folder]):
            if found := LocalFile.find(self.folder, folder / name):
                return found
        return None

    def _file_named(self, name: str) -> Path | None:
        """The file that a `source_id` names. It may also be an `id` from a file's first lines, and then name anything."""
        if not name or Path(name).is_absolute():
            return None
        # Names are kept in composed letters; macOS and archives made there write them decomposed.
        file = self.folder / name
        with contextlib.suppress(OSError, ValueError):
            decomposed = self.folder / unicodedata.normalize("NFD", name)
            file = decomposed if decomposed.exists() and not file.exists() else file
        return None if self._is_hidden(file) else file  # `..` is hidden too

    def _is_draft(self, file: Path) -> bool:
        from distributor.gathering.front_matter import UnpublishedFile

        try:
            self.article(file.name, read_within(self.folder, file, _LARGEST))
        except UnpublishedFile:
            return True
        except (ArticleError, OSError, UnsafeFile, FileTooLarge):
            return False
        return False

    def _holds(self, file: Path, article: Article) -> bool | None:
        """Whether a file holds this article, perhaps under another name. None where that cannot be known."""
        try:
            stat = file.stat()
            signs = _read_file_keys(self, file, stat.st_mtime_ns, stat.st_size)
        except (FileNotFoundError, UnsafeFile):
            return False
        except (OSError, FileTooLarge):
            return None
        title = _folded(article.title)
        if not signs.title:
            names_it = title in signs.text or bool(article.source_id and _folded(article.source_id) in signs.text)
            return None if names_it or not signs.text else False
        same_url = bool(signs.url) and signs.url == canonical_url(article.url)
        return signs.source_id == article.source_id or same_url or signs.title == title

    def article(self, name: str, data: bytes) -> ParsedArticle:
        """The article of one file, from its bytes. Raises ArticleError in words."""
        from distributor.gathering.front_matter import parse_fields, split_front_matter
        from distributor.gathering.mojibake import repair_utf8

        if any("\ud800" <= sign <= "\udfff" for sign in name):  # octets that Python could not decode
            raise ArticleError("its name is not UTF-8; rename the file")
        text, name = repair_utf8(_text(data)), _composed(name)
        base = ParsedArticle(
            source=self.name, source_id=name, title="", url=self._url(name), topics=self.topics, language=self.language
        )
        if name.endswith(".txt"):
            return self._from_export(base, text)
        matter, body = split_front_matter(text)
        said = parse_fields(matter)
        if name.endswith((".md", ".markdown")):
            from markdown_it import MarkdownIt

            body = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(body)
        return self._from_front_matter(replace(base, url=self._url(name, said.slug)), said, body)

    def _url(self, name: str, slug: str = "") -> str:
        """The address of a file by the pattern of the source. `ten-bai/index.md` is the page of its folder."""
        path = Path(name)
        slug = slug or (path.parent.name if path.stem == "index" and path.parent.name else path.stem)
        return self.url.replace("{slug}", quote(slug)) if self.url else ""

    def _from_export(self, base: ParsedArticle, text: str) -> ParsedArticle:
        from distributor.gathering.text_export import parse_text_export

        try:
            export = parse_text_export(text, self.date_format)
        except ValueError as error:
            raise ArticleError(str(error)) from None
        return replace(
            base,
            title=export.title,
            lead=export.lead,
            body_html=export.body_html,
            author=export.author,
            published=export.published,
            image=Image(url="", caption=export.caption, alt=export.caption) if export.caption else None,
        )

    def _from_front_matter(self, base: ParsedArticle, said: FrontMatter, body: str) -> ParsedArticle:
        from distributor.gathering.cleaning import clean_body

        url = web_address(said.url or base.url, "")
        if said.url and not url:
            raise ArticleError(f"url {said.url[:200]!r} is not an absolute address")
        cleaned = clean_body(body, url, lead=said.lead, title=said.title)
        named = _DATED_NAME.match(Path(base.source_id).name)
        return replace(
            base,
            source_id=said.id or base.source_id,
            title=said.title,
            lead=said.lead,
            url=url,
            body_html=cleaned.html,
            author=said.author or cleaned.author,
            published=self._date("date", said.published or (named[1] if named else "")),
            updated=self._date("updated", said.updated),
            publish_at=self._date("publish_at", said.publish_at),
            topics=tuple(dict.fromkeys([*said.topics, *self.topics])),
            image=_image(said.image, url) or cleaned.image,
            language=language_tag(said.language) or said.language or self.language,
        )

    def _date(self, name: str, text: str) -> datetime | None:
        from distributor.gathering.dates import parse_date

        found = parse_date(text, self.date_format) if text else None
        if text and found is None:
            raise ArticleError(f"{name} {text!r} is not a date; write it like 2026-11-23 08:00 or 23/11/2026")
        return found


@dataclass(frozen=True, slots=True)
class _FileKeys:
    """What an article is known by in a file. A file that is no article as it stands has no title, but its whole text."""

    source_id: str = ""
    url: str = ""
    title: str = ""
    text: str = ""


@lru_cache(maxsize=20_000)
def _read_file_keys(source: FolderSource, file: Path, changed: int, size: int) -> _FileKeys:
    """Kept for as long as the file has not changed: each article of an edition may need all files."""
    data = read_within(source.folder, file, _LARGEST)
    try:
        found = source.article(file.relative_to(source.folder).as_posix(), data)
    except ArticleError:
        with contextlib.suppress(ArticleError):
            return _FileKeys(text=_folded(_text(data)))
        return _FileKeys()
    return _FileKeys(found.source_id, canonical_url(found.url), _folded(found.title))


def _composed(name: str) -> str:
    """The name of a file in composed letters (NFC), as browsers ask for it, wherever the file was copied from."""
    return unicodedata.normalize("NFC", name)


def _left_out(drafts: Sequence[str]) -> Sequence[str]:
    if not drafts:
        return ()
    more = f" and {len(drafts) - _DRAFTS_NAMED} more" if len(drafts) > _DRAFTS_NAMED else ""
    return [f"left out as drafts: {', '.join(drafts[:_DRAFTS_NAMED])}{more}"]


def _folded(text: str) -> str:
    return clean_line(text).casefold()


def _text(data: bytes) -> str:
    if len(data) > _LARGEST:
        raise ArticleError(f"is larger than {_LARGEST // 1_000_000} MB")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArticleError(f"is not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def _image(given: Mapping[str, Any], base: str) -> Image | None:
    address = web_address(given["url"], base) if given else ""
    if not address:
        return None
    return Image(**{**given, "url": address, "alt": given["alt"] or given["caption"]})
