"""More than twenty broken inputs: each is told in one clear line, and the good source beside it is gathered all the same."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from distributor import pipeline
from distributor.articles import repository as article_repository
from distributor.newsroom import open_newsroom
from distributor.pipeline import GatherResult
from distributor.plugins import registry
from distributor.storage.database import Database
from support.builders import NOW
from support.misbehaving_server import Rude
from support.web_site import WebSite

CONFIG = """\
site: {title: Báo Bắc Sơn, url: "https://bacson.example"}
sources:
  tot: {type: folder, folder: tot}
  hong: SETTINGS
newsletters: {tin: {title: Tin, channels: [wall]}}
channels: {wall: {type: console}}
"""

FEED = "{type: feed, url: SITE/x, allow_private: true}"
FILE = "{type: feed, file: x}"
PAGE = "{type: page, url: SITE/x, allow_private: true}"
COPY = '{type: page, url: "https://bacson.example/tin/", folder: copy}'
FOLDER = "{type: folder, folder: hong}"
RSS = '<rss version="2.0"><channel><title>x</title>{}</channel></rss>'
LINK = '<a href="a.html">Một bài viết trong danh sách</a>'
OWN = """\
from dataclasses import dataclass
from distributor.source import Source

@dataclass(frozen=True, kw_only=True)
class Own(Source):
    async def gather(self, fetcher, now):
        raise RuntimeError("one line\\nand another")
"""
OWN_ODD = """\
from dataclasses import dataclass
from distributor.source import ParsedArticle, FetchResult, Source

@dataclass(frozen=True, kw_only=True)
class Own(Source):
    async def gather(self, fetcher, now):
        return FetchResult(articles=[ParsedArticle(source=self.name, title="x", url=5)])
"""


@dataclass(frozen=True)
class Broken:
    """A source's settings, what lies behind them (files by path, or a page and its headers), and what is said of it."""

    settings: str
    words: str
    files: dict[str, str | bytes] | None = None
    page: str | bytes | None = None
    status: int = 200
    encoding: str = ""
    manner: str = ""  # of a rude server, in the place of a page


TABLE = {
    "nobody listens": Broken(FEED, "/x could not be reached: Connect call failed", manner="refuses"),
    "no HTTP": Broken(FEED, "/x gave an answer that is not HTTP", manner="answers nonsense"),
    "broken off": Broken(PAGE, "/x broke off in the middle of the answer", manner="breaks off in the answer"),
    "without end": Broken(FEED, "/x is larger than 5 MB", manner="answers without end"),
    "gone": Broken(FEED, "/x answered 410 Gone", page="", status=410),
    "a bomb": Broken(FEED, "/x is larger than 5 MB", page=gzip.compress(bytes(20_000_000)), encoding="gzip"),
    "a private address": Broken(
        FEED.replace(", allow_private: true", ""), "/x is not read: 127.0.0.1 is an address of a private network", page=""
    ),
    "an empty feed": Broken(FEED, "/x is empty", page=" \n"),
    "a web page for a feed": Broken(FEED, "/x is a web page, not a feed", page="<!doctype html><p>Bảo trì"),
    "laughs": Broken(FILE, "/x declares a document type", files={"x": '<!DOCTYPE a [<!ENTITY b "c">]>' + RSS}),
    "no file of a feed": Broken(FILE, "/x cannot be read: No such file or directory"),
    "a folder for a feed": Broken(FILE, "/x is a folder", files={"x/y": ""}),
    "an item without title": Broken(
        FILE, "item 1 (b-1) has no title", files={"x": RSS.format("<item><guid>b-1</guid></item>")}
    ),
    "a listing without links": Broken(PAGE, "/x has no links to articles", page="<p>Đang bảo trì"),
    "articles that are not there": Broken(PAGE, "a.html answered 404 Not Found", page=LINK),
    "a copy without a listing": Broken(COPY, "index.html cannot be read: No such file", files={"copy/a.html": "x"}),
    "a copy with a trap": Broken(COPY, "leads out of", files={"copy/index.html": LINK.replace("a.html", "..%2fx")}),
    "no folder": Broken(FOLDER, "/hong is not a folder"),
    "a Word file": Broken(FOLDER, "a.md: is not UTF-8 text (byte 0)", files={"hong/a.md": b"\xd0\xcf\x11\xe0"}),
    "a colon in a title": Broken(
        FOLDER, "a.md: line 2: its first lines are not YAML", files={"hong/a.md": "---\ntitle: a: b\n---\n"}
    ),
    "a date without a day": Broken(
        FOLDER, "a.md: date '9999-12-31' is not a date", files={"hong/a.md": "---\ntitle: A\ndate: 9999-12-31\n---\n"}
    ),
    "a source of one's own that fails": Broken(
        "{type: own}", "the source failed: RuntimeError: one line and another", files={"sources/own.py": OWN}
    ),
    "what cannot be kept": Broken(
        "{type: own}", "article 1 «x»: url must be text, not int", files={"sources/own.py": OWN_ODD}
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A newsroom's folder, with one good article in it."""
    write(tmp_path / "tot" / "a.md", "---\ntitle: Khởi công đường tỉnh 254\n---\nMột.\n")
    yield tmp_path
    registry.sources.leave(tmp_path / "sources")


def write(file: Path, text: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


async def look(folder: Path, database: Database, settings: str) -> dict[str, GatherResult]:
    write(folder / "config.yaml", CONFIG.replace("SETTINGS", settings))
    newsroom = open_newsroom(folder / "config.yaml")
    return {look.source: look for look in await pipeline.gather_sources(newsroom, database, lambda: NOW)}


@pytest.mark.parametrize("broken", TABLE.values(), ids=TABLE.keys())
async def test_one_broken_source_is_one_line_and_the_good_one_is_gathered(
    folder: Path, database: Database, site: WebSite, rude: Callable[[str], Awaitable[Rude]], broken: Broken
) -> None:
    url = (await rude(broken.manner)).url if broken.manner else site.url
    if broken.page is not None:
        site.page(
            "/x",
            broken.page,
            status=broken.status,
            **({"Content_Encoding": broken.encoding} if broken.encoding else {}),
        )
    for name, text in (broken.files or {}).items():
        write(folder / name, text)
    looks = await look(folder, database, broken.settings.replace("SITE", url))
    bad, good = looks["hong"], looks["tot"]
    (line,) = [bad.failure] if bad.failure else bad.faults
    assert broken.words in line
    assert line.isprintable()
    assert len(line) < 500
    assert (bad.intake.new, good.failure, good.faults) == ((), "", ())
    assert [article.title for article in good.intake.new] == ["Khởi công đường tỉnh 254"]
    again = (await look(folder, database, broken.settings.replace("SITE", url)))["hong"]
    assert not (again.failure and again.tell)  # staff are told once


async def test_a_source_that_breaks_loses_nothing_of_what_it_brought(folder: Path, database: Database) -> None:
    write(folder / "x", RSS.format("<item><title>Chè Tân Lập</title><guid>b-1</guid></item>"))
    assert len((await look(folder, database, FILE))["hong"].intake.new) == 1
    for broken in ("", "<html>", "<rss", RSS[:30]):
        write(folder / "x", broken)
        assert (await look(folder, database, FILE))["hong"].failure
    write(folder / "x", RSS.format("<item><title>Chè Tân Lập</title><guid>b-1</guid></item>"))
    mended = (await look(folder, database, FILE))["hong"].intake
    assert (mended.new, mended.known) == ((), 1)
    with database.read() as connection:
        assert {article.title for article in article_repository.list_newest_articles(connection, 10)} == {
            "Chè Tân Lập",
            "Khởi công đường tỉnh 254",
        }
