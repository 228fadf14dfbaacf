"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

from support.newsroom import Room


def test_staff_hold_pin_and_withdraw_articles_and_why_tells_it(room: Room) -> None:
    room.good("gather")
    first, second = (one["id"] for one in room.run("articles", "--json").json)
    assert f"held: {first}" in room.good("articles", "hold", first, "-m", "luật sư xem lại")
    assert "1 article" in room.good("send", "tin-sang", "--yes")
    said = room.good("why", first)
    assert "luật sư xem lại" in said
    assert "tin-sang: held on " in said
    assert "tin-sang: announced in edition tin-sang-1" in room.good("why", second)
    assert f"released: {first}" in room.good("articles", "release", "--source", "bai-viet")
    assert "Edition tin-sang-2" in room.good("send", "tin-sang", "--yes")
    room.write("ba", "Tin sẽ bị gỡ trước khi gửi đi", date="2026-11-21 09:00")
    room.good("gather")
    third = room.run("articles", "--json", "--limit", "1").json[0]["id"]
    room.good("articles", "withdraw", third, "-m", "sai số liệu")
    assert "no new edition" in room.good("send", "tin-sang", "--yes").lower()
    assert "withdrawn" in room.good("why", third)
    assert "Tin sẽ bị gỡ" in room.good("articles", "show", third)
    room.good("articles", "pin", third)
    room.good("articles", "unpin", third)


def test_holding_an_article_that_was_sent_names_what_changes_it(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    room.write("ba", "Tin mới chưa gửi", date="2026-11-21 09:00")
    room.good("gather")
    told = {row["title"]: row["id"] for row in room.run("articles", "--json").json}
    fresh = told.pop("Tin mới chưa gửi")
    sent = next(iter(told.values()))
    done = room.run("articles", "hold", fresh, sent)
    assert done.code == 0
    assert done.err == (
        f"warning: {sent} was already sent in tin-sang-1; "
        "`distributor articles correct` or `withdraw` changes what was sent\n"
    )


def test_an_article_is_named_by_the_beginning_of_its_id_everywhere(room: Room) -> None:
    room.good("gather")
    one, other = (row["id"] for row in room.run("articles", "--json").json)
    length = next(n for n in range(4, 64) if one[:n] != other[:n])
    short = one[:length]
    assert one in room.good("articles", "show", short)
    assert one in room.good("articles", "hold", short, one)
    assert f"released: {one}" in room.good("articles", "release", short, one)
    assert f"unpinned: {one}" in (room.good("articles", "pin", one), room.good("articles", "unpin", one, short))[1]
    assert "dry run" in room.good("send", "--alert", short.upper(), "--dry-run")
    assert "dry run" in room.good("articles", "correct", short, "--dry-run")
    failed = room.run("articles", "hold", one[:3])
    assert failed.code and f"there is no article '{one[:3]}'" in failed.err
