"""What is kept of a source: its faults; and a server that asks for a pause gets it, also in the next process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from distributor.clock import clock, steady
from distributor.errors import Busy
from distributor.gathering import source_state
from distributor.gathering.source_reader import check_availability_of_articles, read_source
from distributor.gathering.source_state import MAX_BACKOFF, find_backoff, parse_retry_after
from distributor.gathering.sources.feed import FeedSource
from distributor.source import Validators
from distributor.storage.database import Database
from support.builders import article, settings
from support.newsroom import Room
from support.web_site import OpenFetcher, WebSite

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


# -- what is asked for -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("120", 2),
        (" 3600 ", 60),
        ("Mon, 23 Nov 2026 01:30:00 GMT", 30),
        ("Mon, 23 Nov 2026 08:30:00 +0700", 30),
        ("99999999999999999999", 24 * 60),
        ("Wed, 01 Jan 2098 00:00:00 GMT", 24 * 60),
    ],
)
def test_seconds_and_dates_are_read_and_no_wait_is_longer_than_a_day(said: str, minutes: int) -> None:
    assert parse_retry_after(said, NOW) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "said", ["", "0", "-5", "1.5", "soon", "nan", "Mon, 23 Nov 2026 00:30:00 GMT", "٣٦٠٠", "31 Feb"]
)
def test_what_asks_for_nothing_is_no_wait(said: str) -> None:
    assert parse_retry_after(said, NOW) is None


def test_a_date_counts_from_the_clock_of_its_own_server() -> None:
    behind = NOW - timedelta(hours=5)
    said = format_datetime(behind + timedelta(minutes=10))
    assert parse_retry_after(said, NOW, format_datetime(behind)) == NOW + timedelta(minutes=10)
    assert parse_retry_after(said, NOW) is None


@given(st.text(max_size=60), st.text(max_size=40))
def test_no_word_of_a_server_makes_a_wait_that_is_too_long(said: str, date: str) -> None:
    until = parse_retry_after(said, NOW, date)
    assert until is None or NOW < until <= NOW + MAX_BACKOFF


def test_a_wait_from_a_clock_that_was_ahead_counts_for_nothing() -> None:
    rests = {"a.example": NOW + timedelta(hours=1), "b.example": NOW + timedelta(days=400)}
    assert find_backoff(rests, "a.example", NOW) == NOW + timedelta(hours=1)
    assert find_backoff(rests, "a.example", NOW + timedelta(hours=1)) is None
    assert find_backoff(rests, "b.example", NOW) is None


def test_waits_are_kept_in_the_store_until_they_are_over(database: Database) -> None:
    with database.write() as connection:
        source_state.save_backoffs(
            connection, {"a.example": NOW + timedelta(hours=1), "b.example": NOW + timedelta(hours=2)}, NOW
        )
        source_state.save_backoffs(connection, {"b.example": NOW + timedelta(hours=3)}, NOW)
        assert source_state.load_backoffs(connection, NOW) == {
            "a.example": NOW + timedelta(hours=1),
            "b.example": NOW + timedelta(hours=3),
        }
        assert set(source_state.load_backoffs(connection, NOW + timedelta(hours=2))) == {"b.example"}
        source_state.save_backoffs(connection, {}, NOW + timedelta(hours=4))
        assert source_state.load_backoffs(connection, NOW) == {}


# -- faults ------------------------------------------------------------------------------------------------------------


def test_a_fault_of_a_source_is_told_once_until_it_changes(database: Database) -> None:
    told = []
    for fault in ("refused", "refused", "404", "", "", "404"):
        with database.write() as connection:
            told.append(source_state.save_fault(connection, "cong", fault, NOW))
    assert told == [True, False, True, True, False, True]


# -- keeping to it -----------------------------------------------------------------------------------------------------


async def test_within_a_look_a_server_is_not_asked_again(site: WebSite, open_web: OpenFetcher) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=503, headers={"Retry-After": "1800"})

    fetcher = await open_web()
    with pytest.raises(Busy, match=r"answered 503 Service Unavailable; .* asks for a pause until") as caught:
        await fetcher.get(site.at("/1", answer))
    assert caught.value.asked
    assert timedelta(minutes=29) < caught.value.until - datetime.now(UTC) <= timedelta(minutes=30)
    with pytest.raises(Busy, match=r"/2 is not asked: .* asks for a pause until") as caught:
        await fetcher.get(site.at("/2", answer))
    assert not caught.value.asked
    assert asked == ["/1"]


async def test_a_server_with_too_many_requests_gets_a_minute_although_it_names_no_time(
    site: WebSite, open_web: OpenFetcher
) -> None:
    fetcher = await open_web()
    with pytest.raises(Busy, match="answered 429 Too Many Requests") as caught:
        await fetcher.get(site.page("/1", "", status=429))
    assert timedelta(seconds=50) < caught.value.until - datetime.now(UTC) <= timedelta(minutes=1)


@dataclass
class Portal:
    """A server on this machine, in a thread, that counts who asks."""

    asked: list[str] = field(default_factory=list)
    wait: str = "3600"
    url: str = ""


RSS = b"<rss version='2.0'><channel><title>t</title><item><title>M\xe1\xbb\x99t</title><guid>1</guid></item></channel></rss>"


@pytest.fixture
def portal() -> Iterator[Portal]:
    told = Portal()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            self.send_response(429 if told.wait else 200)
            if told.wait:
                self.send_header("Retry-After", told.wait)
            body = b"" if told.wait else RSS
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_second_process_and_a_second_source_of_the_portal_keep_to_it(room: Room, portal: Portal) -> None:
    source = "{{type: feed, url: '{}/{}', allow_private: true}}"
    room.configure(
        ("sources:\n", f"sources:\n  a: {source.format(portal.url, 'a')}\n  b: {source.format(portal.url, 'b')}\n")
    )
    first = room.run("gather", "a")
    assert first.code == 1
    assert "answered 429 Too Many Requests" in first.err
    assert "asks for a pause until" in first.err
    for name in ("a", "b"):
        again = room.run("gather", name)
        assert again.code == 1
        assert "is not asked" in again.err
        assert "`distributor gather --force` asks anyway" in again.err
    (look,) = room.run("gather", "a", "--json").json
    assert datetime.fromisoformat(look["ask_again"]) > datetime.now(UTC) + timedelta(minutes=55)
    assert portal.asked == ["/a"]
    portal.wait = ""
    assert "a: 1 new article" in room.good("gather", "a", "--force")
    assert portal.asked == ["/a", "/a"]


async def test_a_pause_is_counted_by_the_clock_of_the_store_in_a_child_too(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of this machine is two days behind the store's, or ahead of it."""
    source = FeedSource(name="tin", url=f"{portal.url}/rss", allow_private=True)
    host = portal.url.removeprefix("http://")
    for ahead in (timedelta(days=2), timedelta(days=-2)):
        now = datetime.now(UTC) + ahead
        monkeypatch.setattr(clock, "_followed", (now, steady()))
        asked = len(portal.asked)
        with pytest.raises(Busy, match="answered 429") as caught:
            await read_source(source, settings().site, {}, now)
        assert timedelta(minutes=59) < caught.value.until - now < timedelta(minutes=61)
        with pytest.raises(Busy, match="is not asked"):
            await read_source(source, settings().site, {}, now, {host: now + timedelta(hours=1)})
        assert len(portal.asked) == asked + 1


async def test_the_last_look_leaves_it_alone_too(portal: Portal) -> None:
    one = article("a1", source="tin", url=f"{portal.url}/1")
    source = FeedSource(name="tin", url=f"{portal.url}/rss", allow_private=True)
    host = portal.url.removeprefix("http://")
    until = datetime.now(UTC) + timedelta(hours=1)
    answers = await check_availability_of_articles({"tin": source}, settings().site, [one], waits={host: until})
    assert answers["a1"].available is None
    assert "asks for a pause until" in answers["a1"].reason
    assert portal.asked == []


def test_when_the_time_is_over_it_is_asked_again(room: Room, portal: Portal) -> None:
    room.configure(("sources:\n", f"sources:\n  a: {{type: feed, url: '{portal.url}/a', allow_private: true}}\n"))
    portal.wait = "1"
    assert room.run("gather", "a").code == 1
    portal.wait = ""
    room.wait_for(lambda: room.run("gather", "a").code == 0)
    assert len(portal.asked) == 2


def test_validators_of_pages_that_nobody_lists_any_more_are_forgotten(database: Database) -> None:
    page = Validators(etag='"1"', digest="0" * 64)
    with database.write() as connection:
        source_state.save_validators(connection, "a", {"https://a.example/1": page}, NOW)
        source_state.save_validators(connection, "b", {"https://b.example/1": page}, NOW)
        source_state.save_validators(connection, "a", {"https://a.example/2": page}, NOW + timedelta(days=91))
        assert source_state.load_validators(connection, ["a", "b"]) == {
            "a": {"https://a.example/2": page},
            "b": {"https://b.example/1": page},
        }


def test_many_sources_without_news_are_written_down_at_once(database: Database) -> None:
    with database.write() as connection:
        source_state.save_fault(connection, "a", "", NOW)
        source_state.save_fault(connection, "b", "answered 500", NOW)
    later = NOW + timedelta(minutes=15)
    with database.write() as connection:
        assert source_state.save_unchanged(connection, ["a", "b", "c"], later) == {"b"}, "its fault is over"
        states = source_state.list_source_states(connection)
    assert [(one.name, one.fault, one.last_read, one.last_good) for one in states] == [
        (name, "", later, later) for name in "abc"
    ]
