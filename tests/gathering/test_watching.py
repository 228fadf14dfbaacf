"""Many feeds are asked by one process: what has not changed is not read again, and nobody spoils it for his neighbours."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from distributor import pipeline
from distributor.errors import Busy, NotModified, SourceError
from distributor.gathering import watching
from distributor.gathering.source_reader import GatherRequest, read_source
from distributor.gathering.sources.feed import FeedSource
from distributor.gathering.watching import NotWatched, WatchAnswer, watch_sources
from distributor.isolated_child import ChildLimits
from distributor.newsroom import Newsroom, open_newsroom
from distributor.pipeline import GatherResult
from distributor.pipeline import gather as gathering
from distributor.source import FetchedDocument
from distributor.storage.database import Database
from support.builders import settings
from support.misbehaving_server import Rude
from support.web_site import WebSite

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
NAMES = [f"bao-{number}" for number in range(4)]
CONFIG = """\
site: {title: Báo Bắc Sơn, url: "https://bacson.example"}
gathering: {pause: 0}
sources:
SOURCES
newsletters: {tin: {title: Tin, channels: [wall]}}
channels: {wall: {type: console}}
"""


@dataclass
class Portal:
    """Four feeds of one server, and the newsroom that gathers from them."""

    site: WebSite
    database: Database
    folder: Path
    validators: bool = True
    items: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 1))
    options: str = ""
    others: dict[str, str] = field(default_factory=dict)  # addresses of more feeds, by name

    def __post_init__(self) -> None:
        for name in NAMES:
            self.site.at(f"/{name}", self.answer)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path.strip("/")
        items = "".join(
            f"<item><title>Tin số {at} của {name}</title><guid>{name}-{at}</guid></item>"
            for at in range(self.items[name])
        )
        body = f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode()
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        if self.validators and request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(body=body, headers={"ETag": tag} if self.validators else {})

    def newsroom(self) -> Newsroom:
        lines = [
            f"  {name}: {{type: feed, url: '{self.site.url}/{name}', allow_private: true{self.options}}}"
            for name in NAMES
        ] + [f"  {name}: {{type: feed, url: '{url}', allow_private: true}}" for name, url in self.others.items()]
        (self.folder / "config.yaml").write_text(CONFIG.replace("SOURCES", "\n".join(lines)), encoding="utf-8")
        return open_newsroom(self.folder / "config.yaml")

    async def gather(self, **more: Any) -> dict[str, GatherResult]:
        self.site.asked.clear()
        results = await pipeline.gather_sources(self.newsroom(), self.database, lambda: NOW, **more)
        return {result.source: result for result in results}


@pytest.fixture
def portal(site: WebSite, tmp_path: Path) -> Iterator[Portal]:
    database = Database.open("sqlite:///store.db", tmp_path)
    database.migrate()
    yield Portal(site, database, tmp_path)
    database.close()


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the sources that are read in a child process of their own from now on."""
    names: list[str] = []

    async def counting(source: Any, *given: Any, **more: Any) -> Any:
        names.append(source.name)
        return await read_source(source, *given, **more)

    monkeypatch.setattr(gathering, "read_source", counting)
    return names


@pytest.mark.parametrize("validators", [True, False], ids=["with 304", "the same bytes with 200"])
async def test_what_has_not_changed_is_not_read_again(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, validators: bool
) -> None:
    read = count_reads(monkeypatch)
    portal.validators = validators
    first = await portal.gather()
    assert [len(result.intake.new) for result in first.values()] == [1] * 4
    assert sorted(portal.site.paths) == [f"/{name}" for name in NAMES], "each was requested once"
    assert sorted(read) == NAMES
    read.clear()
    assert all(result.unchanged for result in (await portal.gather()).values())
    assert read == []
    portal.items["bao-3"] = 2
    changed = await portal.gather()
    assert [name for name, result in changed.items() if not result.unchanged] == ["bao-3"]
    assert len(changed["bao-3"].intake.new) == 1
    assert read == ["bao-3"]
    assert len(portal.site.asked) == 4


async def test_what_was_read_with_other_settings_is_read_again(portal: Portal) -> None:
    await portal.gather()
    portal.options = ", topics: [Kinh tế]"
    again = await portal.gather()
    assert [len(result.intake.changed) for result in again.values()] == [1] * 4
    assert all(result.unchanged for result in (await portal.gather()).values())


async def test_a_feed_that_could_not_be_read_is_read_until_it_can(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.site.page("/bao-2", "<rss version='2.0'><channel>", ETag='"broken"')
    read = count_reads(monkeypatch)
    for _ in range(2):
        results = await portal.gather()
        assert "is not a feed" in results["bao-2"].failure
    assert read.count("bao-2") == 2
    assert sum(result.unchanged for result in results.values()) == 3


async def test_a_server_that_asks_for_a_pause_gets_it_from_all_its_feeds(portal: Portal) -> None:
    for name in NAMES:
        portal.site.page(f"/{name}", "", status=429, Retry_After="600")
    results = await portal.gather()
    assert all(result.retry_at for result in results.values())
    assert len(portal.site.asked) == 1
    assert not (await portal.gather())["bao-0"].unchanged
    assert portal.site.asked == [], "nor in the next gather"


async def test_if_the_process_that_asks_is_ended_each_source_is_gathered_by_itself(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = count_reads(monkeypatch)
    monkeypatch.setattr(watching, "_LIMITS", ChildLimits(seconds=0.001))
    results = await portal.gather()
    assert [len(result.intake.new) for result in results.values()] == [1] * 4
    assert sorted(read) == NAMES


RSS = "<rss version='2.0'><channel><title>x</title>{}</channel></rss>"
BOMB = """<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">{}]>""".format(
    "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True))
)
HOSTILE_PAGES: dict[str, tuple[bytes, dict[str, str]]] = {
    "unpacks to far more": (gzip.compress(bytes(20_000_000), 1), {"Content_Encoding": "gzip"}),
    "nested deeply": (RSS.format("<item>" * 100_000).encode(), {}),
    "entities of entities": (BOMB.encode() + RSS.format("<item><title>&j;</title></item>").encode(), {}),
    "packed as nothing": (b"x" * 1000, {"Content_Encoding": "gzip"}),
    "no text": (bytes(range(256)) * 400, {"Content_Type": "application/rss+xml; charset=utf-32"}),
    "a line without an end": (b"<rss version='2.0'><channel><item><title>" + b"a" * 4_000_000, {}),
}
MANNERS = ("answers nonsense", "answers without end", "breaks off in the answer", "302", "drops", "refuses")
ENDLESS = ("is silent", "drips")  # ended after half a minute: they are not waited for here


async def test_hostile_feeds_spoil_nothing_for_the_others(
    portal: Portal, rude: Callable[[str], Awaitable[Rude]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each misbehaves in one way, and the process that asks them all lives on."""
    left: list[object] = []  # what is said of all that were under way when the process was ended
    monkeypatch.setattr(watching, "NotWatched", type("NotWatched", (NotWatched,), {"__init__": left.append}))
    for number, (body, headers) in enumerate(HOSTILE_PAGES.values()):
        portal.others[f"page-{number}"] = portal.site.page(f"/page-{number}", body, status=200, **headers)
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (at, b"x" * 8000) for at in range(1300)) + b"\r\n"
    loud = await rude("says what it is told")
    loud.answer = head + RSS.format("").encode()
    portal.others |= {f"rude-{number}": (await rude(manner)).url for number, manner in enumerate(MANNERS)}
    portal.others |= {f"endless-{number}": (await rude(manner)).url for number, manner in enumerate(ENDLESS)}
    portal.others["headers"] = loud.url
    expected = {*NAMES, *portal.others} - {f"endless-{number}" for number in range(len(ENDLESS))}
    results: dict[str, GatherResult] = {}
    done = asyncio.Event()

    def note(result: GatherResult) -> None:
        results[result.source] = result
        if expected <= results.keys():
            done.set()

    gathering = asyncio.create_task(portal.gather(on_result=note))
    async with asyncio.timeout(60):
        await asyncio.wait([gathering, asyncio.ensure_future(done.wait())], return_when=asyncio.FIRST_COMPLETED)
    gathering.cancel()
    await asyncio.wait([gathering])
    assert [len(results[name].intake.new) for name in NAMES] == [1] * 4
    assert not any(results[name].failure for name in NAMES)
    odd = {name: result.failure for name, result in results.items() if name not in NAMES}
    assert {name for name, failure in odd.items() if not failure} == {"page-5"}, odd  # what ends early is read so far
    assert all("\n" not in failure and len(failure) < 500 for failure in odd.values())
    assert left == []


async def test_articles_that_are_known_are_not_written_again(portal: Portal) -> None:
    await portal.gather()
    portal.items["bao-0"] = 2
    statements: list[str] = []

    def note(*given: Any) -> None:
        if not given[2].lstrip().startswith(("SELECT", "BEGIN", "SET")):
            statements.append(given[2].split("(")[0])

    sa.event.listen(portal.database._engine, "before_cursor_execute", note)
    await portal.gather()
    written = [" ".join(statement.split()[:3]) for statement in statements]
    assert [one for one in written if one.startswith("UPDATE article")] == []
    assert written.count("INSERT INTO articles") == 1


async def test_a_silent_source_is_told_although_nothing_of_it_is_read(portal: Portal) -> None:
    portal.options = ", alert_if_silent_for: 3d"
    await portal.gather()
    newsroom = portal.newsroom()
    for days, notes in ((2, []), (4, ["has had nothing new for more than 3d"]), (5, [])):
        now = NOW + timedelta(days=days)
        results = await pipeline.gather_sources(newsroom, portal.database, lambda now=now: now)  # type: ignore[misc]
        assert [list(result.notes) for result in results] == [notes] * 4
        assert all(result.unchanged for result in results)


# -- what is asked when, and what is believed --------------------------------------------------------------------------


def request(name: str, url: str) -> GatherRequest:
    source = FeedSource(name=name, url=url, allow_private=True)
    return GatherRequest(source, settings().site, NOW, {}, {}, pause=0.0)


async def nothing(answered: Sequence[tuple[str, WatchAnswer]]) -> None:
    raise AssertionError(answered)


def test_of_one_host_few_are_under_way_and_hosts_take_turns() -> None:
    many = [request(f"a-{number}", f"https://a.example/{number}") for number in range(50)]
    watch = watching._Watch([*many, request("b", "https://b.example/rss")], nothing, set(), at_once=10)
    assert [one.source.name for one in watch._next()] == ["a-0", "b", "a-1", "a-2", "a-3"]


def test_no_more_are_asked_while_many_pages_wait_to_be_read() -> None:
    parsing: set[Any] = set(range(watching._Watch.most_parsing))
    watch = watching._Watch([request("a", "https://a.example/rss")], nothing, parsing, at_once=10)
    assert list(watch._next()) == []


PAGE = {
    "url": "https://a.example/rss", "body": "", "media_type": "text/xml", "charset": "", "moved_to": "", "headers": {},
    "validators": {"etag": "", "last_modified": "", "digest": "1"},
}  # fmt: skip


def answer(*outcomes: tuple[str, dict[str, object]], body: bytes = b"") -> bytes:
    return json.dumps(outcomes).encode() + b"\n" + body


def test_the_answers_of_the_child_are_what_they_say() -> None:
    known = dict.fromkeys("abcde", "host")
    until = NOW.isoformat()
    got = watching._unpacked(
        answer(
            ("a", {"unchanged_source": True}),
            ("b", {"page": PAGE, "size": 3}),
            ("c", {"failure": "is gone\nfor ever"}),
            ("d", {"failure": "waits", "until": until, "asked": True}),
            ("e", {"page": PAGE | {"url": 5}, "size": 2}),
            body=b"<a>xx",
        ),
        known,
    )
    kinds = [type(outcome) for _, outcome in got]
    assert kinds == [NotModified, FetchedDocument, SourceError, Busy, NotWatched]
    assert got[1][1].body == b"<a>"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "said",
    [
        None, [], b"", b"\n", b"[]x\n", b"[1]\n", b'[["b", {}]]\n', b'[["a", 5]]\n', b'[["a", {"size": "x"}]]\n',
        b'[["a", {"page": 5}]]\n', b"[" * 5000 + b"\n",
    ],
)  # fmt: skip
def test_a_child_that_says_what_it_cannot_say_is_not_believed(said: object) -> None:
    with pytest.raises(watching._Nonsense):
        watching._unpacked(said, {"a": "host"})


async def test_who_is_cancelled_ends_the_child(site: WebSite) -> None:
    asked = asyncio.Event()

    async def never(_: web.Request) -> web.StreamResponse:
        asked.set()
        await asyncio.sleep(60)
        return web.Response()

    url = site.at("/rss", never)
    task = asyncio.create_task(watch_sources([request("a", url)], nothing, set()))
    async with asyncio.timeout(30):
        await asked.wait()
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()
