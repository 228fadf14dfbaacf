"""What `check` says of links in sent emails, after the address of the web pages has changed."""

from __future__ import annotations

from datetime import UTC, datetime

from distributor.newsroom import open_newsroom
from distributor.storage import link_addresses
from support.newsroom import Room

OLD, NEW = "https://tin.bacson.example", "https://news.bacson.example"


def sent_below(room: Room, address: str, *days: int) -> None:
    store = open_newsroom(room.folder / "config.yaml").open_store()
    with store.write() as connection:
        for day in days:
            link_addresses.record(connection, address, datetime(2026, 11, day, 3, tzinfo=UTC))
    store.close()


def said_by_check(room: Room) -> list[str]:
    return [line for line in room.run("check").err.splitlines() if "lead to" in line]


def test_links_below_an_earlier_address_are_named_until_somebody_says_that_they_are_answered(room: Room) -> None:
    room.configure(("sources:\n", f"web: {{url: '{NEW}'}}\nsources:\n"))
    sent_below(room, NEW, 20)
    assert said_by_check(room) == []
    sent_below(room, OLD, 3, 1, 9)
    sent_below(room, "http://127.0.0.1:8080", 1)
    (line,) = said_by_check(room)
    assert f"emails sent from 2026-11-03 to 2026-11-09 lead to {OLD}, now it is {NEW}: set it back, or let" in line
    assert "web.other_urls" in line
    room.configure((f"url: '{NEW}'", f"url: '{NEW}', other_urls: ['{OLD}/']"))
    assert said_by_check(room) == []


def test_it_is_said_too_where_the_web_pages_were_given_up(room: Room) -> None:
    sent_below(room, OLD, 3)
    (line,) = said_by_check(room)
    assert f"lead to {OLD}" in line
