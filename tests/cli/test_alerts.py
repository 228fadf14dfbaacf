"""`alerts`: what lasts with what to do, what is over, and whether alerts arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from distributor.config.staff_alerts import AlertKind
from distributor.staff_alerts import repository
from distributor.staff_alerts.kinds import Condition
from support.newsroom import Room

STAFF = ("sources:\n", "alerts: {to: [bien.tap@bacson.example]}\nsources:\n")


def happen(room: Room) -> None:
    """One alert that lasts, one that is over, and one of which nobody has been told yet."""
    now = datetime.now(UTC)
    store = room.store()
    with store.write() as connection:
        for subject in ("bao", "cong", "new"):
            about = Condition(
                kind=AlertKind.SOURCE_FAILING, subject=subject, what="HTTP 404", since=now - timedelta(days=1)
            )
            alert = repository.note(connection, about, now)
            if subject != "new":
                repository.record_told(connection, alert, ["alert:mail:1-1-ab"], now)
            if subject == "cong":
                repository.end(connection, alert, now)
    store.close()


def test_what_lasts_is_listed_with_what_to_do_and_then_what_is_over(room: Room) -> None:
    assert room.good("alerts").startswith("ok: nothing keeps the newsroom from working")
    happen(room)
    said = room.good("alerts")
    assert "Source bao fails, since 20" in said and ": HTTP 404\n  → run `distributor check --online`" in said
    assert "source-failing  cong" in said and "new" not in said
    found = room.run("alerts", "--json").json
    assert [one["subject"] for one in found["open"]] == ["bao"]
    assert [one["subject"] for one in found["over"]] == ["cong"]
    assert (found["open"][0]["told"], found["open"][0]["channels"]) == (1, ["mail"])


def test_a_test_alert_goes_out_at_once_and_says_what_became_of_it(room: Room) -> None:
    done = room.run("alerts", "test")
    assert (done.code, "nobody can be told: write `alerts: {to: [ADDRESS]}`" in done.err) == (2, True)
    room.configure(STAFF)
    said = room.good("alerts", "test")
    assert "mail to bien.tap@bacson.example: sent (saved in the Maildir)\n1 message of 1 taken\n" in said
    (letter,) = room.letters()
    assert "A test alert from" in letter.read_text(encoding="utf-8")
    assert room.good("alerts").startswith("ok:"), "a test is no alert"


def test_a_channel_that_does_not_take_it_is_an_error(room: Room) -> None:
    room.configure(STAFF, ("channels:\n  mail:", "channels:\n  files: {type: outbox, folder: var/staff}\n  mail:"))
    room.configure(("example]}", "example], channels: [mail, files]}"))
    (room.folder / "var").mkdir(exist_ok=True)
    (room.folder / "var" / "staff").write_text("a file where a folder should be")
    done = room.run("alerts", "test")
    assert done.code == 1
    assert "mail to bien.tap@bacson.example: sent" in done.out
    assert "1 message of 2 taken" in done.out
