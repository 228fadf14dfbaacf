"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

from support.newsroom import Done, Room


def broken(room: Room, *arguments: str) -> Done:
    done = room.run(*arguments)
    assert "Traceback" not in done.err
    return done


def test_why_tells_what_somebody_got_and_did_not_get(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    assert "tin-sang-1: sent " in room.good("why", "lan@example.com")
    room.good("subscribers", "add", "muon@example.com")
    assert "before they joined" in room.good("why", "muon@example.com", "tin-sang-1")
    assert broken(room, "why", "ai@example.com").err == "error: ai@example.com is not a subscriber\n"
    assert broken(room, "why", "nothing").code == 2
