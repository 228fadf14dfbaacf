"""`outbox` and `why`: what became of transactional emails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from distributor.delivery import outbox
from distributor.delivery.outbox import OutboxMessage
from support.newsroom import Room

LATER = timedelta(days=1)


def put(room: Room, *names: str) -> None:
    now = datetime.now(UTC)
    store = room.store()
    with store.write() as connection:
        for name in names:
            body = b'{"language": "vi", "values": {"link_url": "https://bacson.example/p/secret"}}'
            message = OutboxMessage(
                dedupe_key=name,
                channel="mail",
                kind="email/link",
                address=f"{name}@example.com",
                body=body,
                expires_at=now + LATER,
            )
            outbox.add(connection, message, now)
    store.close()


def test_what_waits_and_what_was_sent_is_listed_without_its_links(room: Room) -> None:
    assert room.good("outbox") == "The outbox is empty.\n"
    put(room, "minh", "nobody")
    assert "email/link  mail     minh@example.com    pending  0" in room.good("outbox")
    assert "mail: 2 transactional emails sent" in room.good("deliver")
    assert room.good("outbox", "--state", "pending") == "The outbox has no such messages.\n"
    (row,) = room.run("outbox", "MINH@example.com", "--json").json
    assert (row["address"], row["state"], row["attempts"]) == ("minh@example.com", "sent", 1)
    assert "secret" not in room.good("outbox", "--json")


def test_why_tells_of_them_whether_or_not_the_address_is_a_subscriber(room: Room) -> None:
    put(room, "lan", "nobody")
    assert ": pending, tried again " in room.good("why", "nobody@example.com")
    room.good("deliver")
    said = room.good("why", "nobody@example.com")
    assert said.startswith("nobody@example.com is not a subscriber.\nemail/link (")
    assert "): sent; " in said
    assert "email/link (" in room.good("why", "lan@example.com")
    assert room.run("why", "another@example.com").code == 2
