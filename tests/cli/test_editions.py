"""On the command line: an edition watched, paused, let go on, sent again to the missed; one more worker."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

import sqlalchemy as sa

from distributor.model import DeliveryState as S
from distributor.storage.tables import deliveries
from support.newsroom import Room


def test_nothing_to_deliver_is_said(room: Room) -> None:
    assert room.good("deliver") == "Nothing is due.\n"


def test_an_edition_is_paused_watched_resumed_and_delivered(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    store = room.store()
    with store.write() as connection:  # as if the letter had not gone out
        connection.execute(
            sa.update(deliveries).where(deliveries.c.channel == "mail").values(state=S.REJECTED, reply="554 no")
        )
    store.close()
    assert "1 email would be sent again" in room.good("editions", "resend", "tin-sang-1", "--missed", "--dry-run")
    assert "1 email queued again" in room.good("editions", "resend", "tin-sang-1", "--missed")
    assert "paused" in room.good("editions", "pause", "tin-sang-1", "-m", "sai tít")
    assert "Nothing is due" in room.good("deliver")
    shown = room.good("editions", "watch", "tin-sang-1", "--once")
    assert "5 of 6 (83.3 %), paused" in shown and "1 pending" in shown
    assert room.run("editions", "watch", "tin-sang-1", "--once", "--json").json["paused"] is True
    assert "resumed" in room.good("editions", "resume", "tin-sang-1")
    assert "mail: 1 email saved in " in room.good("deliver")
    assert "6 of 6 (100.0 %)" in room.good("editions", "watch", "tin-sang-1")
    assert "paused by" in room.good("editions", "show", "tin-sang-1")
    assert "reached every recipient" in room.good("editions", "resend", "tin-sang-1", "--missed")


def test_nothing_is_sent_again_to_who_has_unsubscribed(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    store = room.store()
    with store.write() as connection:
        connection.execute(
            sa.update(deliveries).where(deliveries.c.channel == "mail").values(state=S.REJECTED, reply="554 no")
        )
    store.close()
    room.good("subscribers", "unsubscribe", "lan@example.com")
    told = room.good("editions", "resend", "tin-sang-1", "--missed")
    assert told == (
        "tin-sang-1: nobody is left to send it to\ntin-sang-1: 1 recipient left out: unsubscribed, paused or suppressed\n"
    )


def test_an_edition_that_is_not_there_is_one_line(room: Room) -> None:
    for verb in (("pause", "x"), ("resume", "x"), ("watch", "x"), ("resend", "x", "--missed")):
        done = room.run("editions", *verb)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert "there is no edition 'x'" in done.err


def test_one_more_worker_goes_on_until_it_is_stopped(room: Room) -> None:
    room.good("gather")
    worker = room.serve("deliver", "--follow")
    room.wait_for(lambda: "Delivering" in room.log())
    room.good("subscribers", "list")
    store = room.store()
    store.close()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert "Stopped." in room.log()


# -- what a run leaves open --------------------------------------------------------------------------------------------

NO_SERVER = ("  mail: {type: email,", "  mail: {type: email, host: 127.0.0.1, port: 9, tls: none,")
FAILED = "127.0.0.1:9 cannot be reached"


def test_every_command_that_sends_ends_with_1_while_something_is_open_and_says_what(room: Room) -> None:
    room.configure(NO_SERVER)
    copy = room.run("send", "tin-sang", "--test", "toi@bacson.example")
    assert (copy.code, copy.err.count("\n")) == (1, 1)
    assert copy.err.startswith(f"error: the test email was not sent: {FAILED}")
    assert room.run("send", "tin-sang", "--yes").code == 1
    for command in (("send", "tin-sang", "--yes"), ("deliver",)):
        done = room.run(*command)
        assert done.code == 1, command
        assert "tin-sang-1 is not finished: mail: 1 not tried yet; the channel failed" in done.err
        assert "`distributor deliver` goes on with it" in done.out
    room.write("ba", "Bệnh án điện tử ở mọi bệnh viện", date="2026-11-21 09:00")
    assert "cannot be reached" in room.run("send", "tin-sang", "--yes", "--no-gather").err
    room.good("gather")
    alert = room.run("send", "--alert", room.run("articles", "--json").json[0]["id"], "--yes", "--json")
    assert (alert.code, alert.json["finished"]) == (1, False)
    assert {one["edition"] for one in alert.json["open"]} == {"tin-sang-1", "tin-sang-a1"}


def test_the_failure_that_counts_against_nobody_stands_in_deliveries_why_and_watch(room: Room) -> None:
    room.configure(NO_SERVER)
    room.run("send", "tin-sang", "--yes")
    assert f"the channel failed: {FAILED}" in room.good("deliveries", "--channel", "mail")
    (row,) = room.run("deliveries", "--channel", "mail", "--json").json
    assert row["channel_fault"]["text"].startswith(FAILED)
    assert datetime.fromisoformat(row["channel_fault"]["at"]) <= datetime.now(UTC)
    said = room.good("why", "lan@example.com")
    assert "not out yet: the channel mail failed" in said
    assert FAILED in said
    about = room.good("why", room.run("articles", "--json").json[0]["id"])
    assert "tin-sang-1 is not finished: mail: 1 not tried yet" in about
    assert FAILED in about
    assert f": {FAILED}" in room.good("editions", "watch", "tin-sang-1", "--once")
    room.configure((NO_SERVER[1], NO_SERVER[0]))
    assert "mail: 1 email saved in " in room.good("deliver")
    assert FAILED not in room.good("deliveries") + room.good("why", "lan@example.com")


def test_resending_to_the_missed_names_those_in_doubt(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    store = room.store()

    def becomes(state: S) -> None:
        with store.write() as connection:
            mail = sa.update(deliveries).where(deliveries.c.channel == "mail")
            connection.execute(mail.values(state=state, due=None, reply="lost after the dot"))

    becomes(S.UNCERTAIN)
    done = room.run("editions", "resend", "tin-sang-1", "--missed")
    assert done.code == 0
    assert "reached every recipient" not in done.out
    assert "1 email may or may not have arrived" in done.err
    assert "lan@example.com" in done.err
    assert "editions resend tin-sang-1 --missed --uncertain" in done.out
    assert "left to staff: lost after the dot" in room.run("deliver").err
    becomes(S.PENDING)
    assert "1 email is still being sent" in room.good("editions", "resend", "tin-sang-1", "--missed")
    becomes(S.UNCERTAIN)
    assert "1 email queued again" in room.good("editions", "resend", "tin-sang-1", "--missed", "--uncertain")
    store.close()


def test_json_gives_all_of_a_list_and_a_table_says_what_it_leaves_out(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    for number in range(60):
        room.good("suppressions", "add", f"nguoi{number}@example.org")
    assert len(room.run("suppressions", "list", "--json").json) == 60
    assert "10 more; --limit 60 or --json shows all 60" in room.good("suppressions", "list")
    assert " more; " not in room.good("suppressions", "list", "--limit", "60")
    assert len(room.run("deliveries", "--json").json) == 6
    assert len(room.run("deliveries", "--json", "--limit", "2").json) == 2
    shown = room.good("deliveries", "--limit", "2")
    assert "4 more; --limit 6 or --json shows all 6" in shown
    assert "the newest" not in shown, "there are no others"
    assert len(room.run("articles", "--json").json) == 2
    assert "1 more; " in room.good("articles", "--limit", "1")
    assert room.run("deliveries", "--json", "--state", "rejected").json == []
    room.write("ba", "Tin thứ ba của ngày hôm nay")
    room.good("gather")
    room.good("send", "tin-sang", "--yes")
    shown = room.good("deliveries", "--limit", "2")
    assert "Of 1 edition, the newest; name one, or a --state, for others." in shown
