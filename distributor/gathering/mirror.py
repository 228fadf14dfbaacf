"""A mirror of a portal on the disk, read as if it came from the network: files as wget and HTTrack name them.

An address may lie in the copy under several names. For `tin.aspx?id=5` below the listing's folder these are tried:

- `tin.aspx?id=5` (wget), with `.html` behind (`wget -E`), with `@` instead of `?` (`--restrict-file-names=windows`);
- `tin9a3f.aspx`, `tin9a3f.html` (HTTrack: four signs of the MD5 of the query);
- a file of HTTrack that says in its first lines that it came from there;
- `tin.aspx`, where the copy has no other page of that name;

each as it is, percent-encoded or decoded, in NFC or NFD, and in whatever case the names on the disk have.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

from ..files import FileTooLarge, UnsafeFile, is_within, read_within
from ..source import Availability, FetchedDocument, SourceError, check_file_availability

_LARGEST = 5_000_000  # octets of a page
_MOST_NAMES = 200_000  # of one folder that are listed
_MOST_ALIKE = 50  # files of a name that are asked where they came from
_INDEX = ("index.html", "index.htm", "default.html", "default.htm", "index.php", "default.aspx", "index.aspx")
# What wget escapes in names for Windows (wget manual, --restrict-file-names); it writes `+` for the colon of a port.
_WINDOWS = re.compile(r'[\\|:"*<>]')
# HTTrack writes where a page came from into the page.
_MIRRORED = re.compile(rb"<!-- Mirrored from ([^\s<>]{1,2000}) by HTTrack")
_ESCAPED_QUERY = re.compile(r"(?:%3f|@(?=\w{1,40}=))(?P<query>[^/]+)$", re.IGNORECASE)
_ADDED = re.compile(r"\.html?$", re.IGNORECASE)


@dataclass(slots=True)
class Mirror:
    """The pages of a copy: a `Fetcher` for those below the folder of the listing's address."""

    folder: Path
    url: str
    _names: dict[Path, dict[str, list[str]]] = field(default_factory=dict, repr=False)

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        """A page of the copy. Raises SourceError where it is not there or cannot be read."""
        return await asyncio.to_thread(self._read, url)

    def holds(self, url: str) -> Availability:
        """Whether a page is in the copy. A copy without its listing is no copy: a disk that is not there, perhaps."""
        if check_file_availability(self.file(self.url), "", within=self.folder).available is not True:
            return Availability(None, f"the listing is not in {self.folder}")
        return check_file_availability(self.file(url), "its page is gone from the copy on the disk", within=self.folder)

    def _read(self, url: str) -> FetchedDocument:
        file = self.file(url)
        try:
            body = read_within(self.folder, file, _LARGEST)
        except OSError as error:
            raise SourceError(f"{url}: {file} cannot be read: {error.strerror or error}") from None
        except (UnsafeFile, FileTooLarge) as error:
            raise SourceError(f"{url}: {file} {error}") from None
        return FetchedDocument(url=self._public(url, body), body=body, media_type="text/html")

    def _public(self, url: str, body: bytes) -> str:
        """The public address of a page: links in a copy lead to names of its files instead."""
        mirrored = _MIRRORED.search(body[:4096])
        scheme = urlsplit(self.url).scheme
        if mirrored:
            address = f"{scheme}://{mirrored[1].decode('utf-8', 'replace')}"
            if urlsplit(address).hostname == urlsplit(self.url).hostname:
                return address
        parts = urlsplit(url)
        escaped = _ESCAPED_QUERY.search(parts.path)
        if parts.query or escaped is None:
            return url
        query = _ADDED.sub("", unquote(escaped["query"]))
        return parts._replace(
            path=parts.path[: escaped.start()], query=quote(query, safe="=&%/:;,+@!~*'()-._")
        ).geturl()

    def file(self, url: str) -> Path:
        """The file in which a page lies; where there is none, the one that was tried first. Raises SourceError for an
        address that is not below the listing's."""
        parts = urlsplit(url)
        base = urlsplit(urljoin(self.url, ".")).path
        path = next((path for path in (parts.path, unquote(parts.path)) if path.startswith(base)), None)
        if path is None and unquote(parts.path).startswith(unquote(base)):
            path, base = unquote(parts.path), unquote(base)
        if path is None:
            raise SourceError(f"{url} is not below {self.url}, so it is not in {self.folder}")
        inner = unquote(path.removeprefix(base))
        if "\0" in inner or "\0" in unquote(parts.query):
            raise SourceError(f"{url} is no path in {self.folder}")
        folder, _, name = inner.rpartition("/")
        if not is_within(self.folder, self.folder / inner / "x"):
            raise SourceError(f"{url} leads out of {self.folder}")
        file = self._find(folder, name, parts.query)
        if not is_within(self.folder, file):
            raise SourceError(f"{url} leads out of {self.folder}")
        return file

    def _find(self, folder: str, name: str, query: str) -> Path:
        here = self._folder(folder)
        for candidate in _names(name, query):
            found = self._on_disk(here, candidate)
            if found is None:
                continue
            if found.is_dir():
                found = self._index(found) if not query else None
            if found is not None and not found.is_dir():
                return found
        if query and (by_mark := self._marked(here, name, query)) is not None:
            return by_mark
        if query and name and not self._has_queries(here, name):
            # Copied by hand, without the query: a tracking parameter, mostly.
            return self._on_disk(here, name) or here / name
        return here / (f"{name or 'index.html'}?{query}" if query else name or "index.html")

    def _has_queries(self, folder: Path, name: str) -> bool:
        """Whether a copy keeps pages of this name apart by their query."""
        start = _folded(name)
        return any(each.startswith((f"{start}?", f"{start}@")) for each in self._listed(folder))

    def _marked(self, folder: Path, name: str, query: str) -> Path | None:
        """The page of HTTrack that says that it came from this address: its name may have been taken (`index-2.html`)."""
        stem = _folded(name.rpartition(".")[0] or name or "index")
        alike = (each for known, names in self._listed(folder).items() if known.startswith(stem) for each in names)
        for each in islice(alike, _MOST_ALIKE):
            try:
                mark = _MIRRORED.search(read_within(self.folder, folder / each, _LARGEST)[:4096])
            except (OSError, UnsafeFile, FileTooLarge):
                continue
            path, _, asked = (mark[1].decode("utf-8", "replace") if mark else "").partition("?")
            if asked == query and path.rpartition("/")[2] == name:
                return folder / each
        return None

    def _folder(self, inner: str) -> Path:
        here = self.folder
        for part in inner.split("/"):
            if part and part != ".":
                here = here.parent if part == ".." else self._on_disk(here, part) or here / part
        return here

    def _index(self, folder: Path) -> Path | None:
        return next((found for name in _INDEX if (found := self._on_disk(folder, name))), folder / "index.html")

    def _on_disk(self, folder: Path, name: str) -> Path | None:
        """What lies in a folder under this name, or under one that differs in case, in its form (NFC), or in escapes."""
        if not name:
            return folder if folder.is_dir() else None
        if "/" not in name and len(name) < 255 and os.path.lexists(folder / name):
            return folder / name
        return next((folder / each for each in self._listed(folder).get(_folded(name), ())), None)

    def _listed(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._names:
            names: dict[str, list[str]] = {}
            if is_within(self.folder, folder / "x"):
                try:
                    with os.scandir(folder) as entries:
                        for number, entry in enumerate(entries):
                            if number >= _MOST_NAMES:
                                break
                            names.setdefault(_folded(entry.name), []).append(entry.name)
                except (OSError, ValueError):
                    pass
            for each in names.values():
                each.sort()
            self._names[folder] = names
        return self._names[folder]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unquote(name)).casefold()


def _names(name: str, query: str) -> Iterator[str]:
    """The names under which a page may lie, the likeliest first. Names are compared folded, without escapes."""
    if not query:
        yield name
        if name:
            yield f"{name}.html"
            yield f"{name}.htm"
        return
    plain = unquote(query.replace("+", " ")) if "%" in query else query
    for base in (name,) if name else _INDEX:
        for written in dict.fromkeys((query, plain)):
            for whole in (f"{base}?{written}", f"{base}@{_windows(written)}"):
                safe = whole.replace("/", "%2F")
                yield safe
                yield f"{safe}.html"
                yield f"{safe}.htm"
        stem, dot, extension = base.rpartition(".")
        stem, extension = (stem, extension) if dot else (base, "")
        for written in dict.fromkeys((query, plain)):
            # HTTrack, htsname.c: the first 16 bits of the MD5 of the query behind the name.
            short = hashlib.md5(written.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()[:4]
            for end in dict.fromkeys((extension, "html", "htm")):
                yield f"{stem}{short}.{end}" if end else f"{stem}{short}"


def _windows(query: str) -> str:
    return _WINDOWS.sub(lambda sign: f"%{ord(sign[0]):02X}", query)
