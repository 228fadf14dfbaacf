"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

from support.newsroom import Room


def test_plan_and_preflight_say_that_they_read_no_source(room: Room) -> None:
    hint = "among the articles gathered so far; `distributor gather` reads the sources"
    assert f"nothing would be sent now: nothing new ({hint})" in room.good("plan")
    assert f"Nothing to check: nothing new ({hint})" in room.good("preflight", "tin-sang")


def test_plan_says_what_goes_in_what_waits_and_why(room: Room) -> None:
    room.good("gather")
    room.configure(("    title: Tin sáng\n", "    title: Tin sáng\n    max_articles: 1\n"))
    said = room.good("plan")
    assert "edition 1 would be sent to 1 subscriber with 1 article" in said
    assert "carried" in said
    assert "the edition was full (maximum 1); goes into the next one" in said
