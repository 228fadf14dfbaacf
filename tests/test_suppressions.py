"""Bounces become suppressions: at once, after a while, or never; and staff see and change the list."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bounce_cases import LAN
from builders import NOW, edition, rendition
from fixtures_ledger import freeze, subscribe
from fixtures_newsroom import Room
from hypothesis import given
from hypothesis import strategies as st

from distributor.delivery import suppression
from distributor.delivery.suppression import Effect
from distributor.delivery.tiers import REST, outranks
from distributor.model import Bounce, Suppression, Tier
from distributor.storage.database import Database
from distributor.storage.tables import bounces, deliveries
from distributor.subscribers.listfile import BadRow
from distributor.subscribers.suppressed import TYPES, SuppressionList, write_csv

DAY = timedelta(days=1)


def bounce(tier: Tier = Tier.HARD, at: datetime = NOW, **more: Any) -> Bounce:
    return Bounce(**{"address": LAN, "type": tier, "at": at, "status": "5.1.1", "text": "user unknown", **more})


def tell(database: Database, *told: Bounce, now: datetime = NOW) -> list[Effect]:
    with database.write() as connection:
        return suppression.bounced(connection, told, now)


def standing(database: Database, address: str = LAN) -> Suppression | None:
    with database.read() as connection:
        return suppression.find(connection, address)


def written(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(bounces)).scalar() or 0


@pytest.mark.parametrize("tier", [Tier.HARD, Tier.COMPLAINT])
def test_a_hard_bounce_and_a_complaint_suppress_the_address_at_once_and_for_good(
    tier: Tier, database: Database
) -> None:
    (effect,) = tell(database, bounce(tier, address="LAN@Example.COM"))
    found = standing(database)
    assert found and effect.suppression
    assert (found.address, found.type, found.since, found.until) == (LAN, tier, NOW, None)


def test_a_suppressed_address_gets_no_letter_of_any_newsletter(store: Database) -> None:
    subscribe(store, 2)
    tell(store, bounce(address="s0@example.com"))
    freeze(store, edition(), [rendition("mail", "digest")])
    with store.read() as connection:
        assert connection.execute(sa.select(deliveries.c.address)).scalars().all() == ["s1@example.com"]


def test_the_policy_of_a_server_never_blames_the_recipient(database: Database) -> None:
    for number in range(50):
        (effect,) = tell(database, bounce(Tier.POLICY, delivery_id=number, edition_id=f"e-{number}"))
        assert effect == Effect(effect.bounce)
    assert (standing(database), written(database)) == (None, 50)


def test_soft_bounces_of_four_daily_editions_let_the_address_rest_for_a_time(database: Database) -> None:
    for day in range(4):
        assert standing(database) is None
        now = NOW + day * DAY
        tell(database, bounce(Tier.SOFT, now, delivery_id=day, edition_id=f"e-{day}"), now=now)
    found = standing(database)
    assert found and (found.type, found.until) == (Tier.SOFT, now + REST)


def test_one_edition_counts_once_however_often_it_bounces(database: Database) -> None:
    """An alert and its correction to several addresses behind one, a server that answers and a notification after it."""
    tell(database, *(bounce(Tier.SOFT, delivery_id=number, edition_id="e-1") for number in range(20)))
    assert standing(database) is None


def test_soft_bounces_of_long_ago_do_not_count(database: Database) -> None:
    for month in range(12):
        now = NOW + month * 31 * DAY
        tell(database, bounce(Tier.SOFT, now, delivery_id=month, edition_id=f"e-{month}"), now=now)
    assert standing(database) is None


def test_the_same_bounce_told_again_changes_nothing(database: Database) -> None:
    """By its delivery; and where nobody knows that, by its words."""
    first = bounce(Tier.SOFT, delivery_id=7, edition_id="e-1")
    nameless = bounce(Tier.SOFT, text="full")
    tell(database, first, nameless)
    again = [bounce(Tier.SOFT, NOW + DAY, delivery_id=7, edition_id="e-1", text="in other words"), nameless]
    assert [effect.known for effect in tell(database, *again, now=NOW + DAY)] == [True, True]
    assert written(database) == 2


def test_a_rest_ends_by_itself_and_what_is_for_good_stays(database: Database) -> None:
    for day in range(4):
        tell(database, bounce(Tier.SOFT, edition_id=f"e-{day}", delivery_id=day))
    tell(database, bounce(address="b@example.com"))
    with database.write() as connection:
        assert suppression.lapse(connection, NOW + REST - DAY) == 0
        assert suppression.lapse(connection, NOW + REST) == 1
    assert standing(database) is None
    assert standing(database, "b@example.com")


def test_an_address_that_still_bounces_after_its_rest_rests_again_sooner(database: Database) -> None:
    """Two are enough then, because the earlier ones still weigh half."""
    days = [0, 1, 2, 3, 34, 35]
    seen = []
    for day in days:
        now = NOW + day * DAY
        with database.write() as connection:
            suppression.lapse(connection, now)
        tell(database, bounce(Tier.SOFT, now, delivery_id=day, edition_id=f"e-{day}"), now=now)
        seen.append(standing(database) is not None)
    assert seen == [False, False, False, True, False, True]


def test_a_complaint_takes_the_place_of_weaker_reasons_and_nothing_takes_its(database: Database) -> None:
    for tier in (Tier.HARD, Tier.COMPLAINT, Tier.HARD):
        tell(database, bounce(tier, delivery_id=TYPES.index(tier)))
    with database.write() as connection:
        assert not suppression.suppress(connection, Suppression(address=LAN, type=Tier.STAFF, reason="", since=NOW))
    found = standing(database)
    assert found and found.type is Tier.COMPLAINT


tiers = st.sampled_from(TYPES)
ends = st.none() | st.integers(1, 90).map(lambda days: NOW + days * DAY)


@given(one=tiers, other=tiers, until=ends, end=ends)
def test_of_two_suppressions_at_most_one_outranks_the_other(
    one: Tier, other: Tier, until: datetime | None, end: datetime | None
) -> None:
    first = Suppression(address=LAN, type=one, reason="", since=NOW, until=until)
    second = Suppression(address=LAN, type=other, reason="", since=NOW, until=end)
    assert not (outranks(first, second) and outranks(second, first))
    if until is None and end is not None:
        assert outranks(first, second)


def test_a_bounce_cannot_be_of_a_kind_that_only_staff_give(database: Database) -> None:
    with pytest.raises(ValueError, match="type staff"):
        tell(database, bounce(Tier.STAFF))
    assert written(database) == 0


# -- lists -------------------------------------------------------------------------------------------------------------


def read(text: str) -> list[Suppression | BadRow]:
    return list(SuppressionList(io.StringIO(text, newline=""), now=NOW, zone=UTC))


def test_a_list_of_another_system_with_addresses_alone_is_taken(database: Database) -> None:
    (one,) = read("\ufeffEmail\nLan@Example.com\n")
    assert one == Suppression(address=LAN, type=Tier.IMPORT, reason="imported", since=NOW)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("lan,,,,", "it has no @"),
        ("lan@example.com,,policy,,", "type 'policy' is not known; there are: hard, soft"),
        ("lan@example.com,,,yesterday,", "'yesterday' is no time: write 2026-11-23"),
        ("lan@example.com,,,,2020-01-01", "until 2020-01-01 is over"),
        ("lan@example.com,,,,,,x", "has 7 fields, but the header has 5"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_good_ones_go_on(row: str, reason: str) -> None:
    bad, good = read(f"address,reason,type,since,until\n{row}\nb@example.com\n")
    assert isinstance(bad, BadRow) and bad.line == 2 and reason in bad.reason
    assert isinstance(good, Suppression)


@given(reason=st.text(alphabet="=+-@'\t ,\"abcđẫ", min_size=1, max_size=12).map(str.strip), tier=tiers, until=ends)
def test_what_is_exported_comes_back_and_is_no_formula(reason: str, tier: Tier, until: datetime | None) -> None:
    one = Suppression(address="+lan@example.com", type=tier, reason=reason or "x", since=NOW, until=until)
    file = io.StringIO()
    assert write_csv(file, [one]) == 1
    cells = list(csv.reader(io.StringIO(file.getvalue())))[1]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    (back,) = read(file.getvalue())
    assert isinstance(back, Suppression)
    assert (back.address, back.type, back.since, back.until) == (one.address, one.type, one.since, one.until)
    assert back.reason == " ".join(one.reason.split())


# -- the command -------------------------------------------------------------------------------------------------------


def test_staff_add_see_and_lift_a_suppression(room: Room) -> None:
    assert room.good("suppressions", "list") == "No address is suppressed.\n"
    assert room.good("suppressions", "add", "LAN@example.com", "--reason", "hết hợp đồng") == f"{LAN}: suppressed\n"
    assert "is suppressed already: staff, hết hợp đồng" in room.good("suppressions", "add", LAN)
    (found,) = room.run("suppressions", "list", "--json").json
    assert (found["address"], found["type"], found["reason"]) == (LAN, "staff", "hết hợp đồng")
    said = room.good("why", LAN)
    assert "The address must not be written to since " in said and ": hết hợp đồng." in said
    assert room.good("suppressions", "list", "--type", "hard") == "No address is suppressed in this way.\n"
    assert "may get mail again (was: staff, hết hợp đồng)" in room.good("suppressions", "remove", LAN)
    done = room.run("suppressions", "remove", LAN)
    assert (done.code, done.err) == (2, f"error: {LAN} is not suppressed\n")


def test_who_has_complained_is_written_to_again_only_on_purpose(room: Room) -> None:
    room.good("suppressions", "add", LAN, "--type", "complaint")
    done = room.run("suppressions", "remove", LAN)
    assert done.code == 2
    assert "has complained of spam" in done.err and "--yes" in done.err
    room.good("suppressions", "remove", LAN, "--yes")
    assert room.good("suppressions", "list") == "No address is suppressed.\n"


def test_a_file_goes_in_and_comes_out(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("address,reason,type\na@example.com,=cmd,hard\nno address,,\nb@example.com,,\n", encoding="utf-8")
    dry = room.run("suppressions", "import", str(file), "--dry-run")
    assert (dry.code, dry.out) == (1, f"{file}: 2 good rows, 1 bad row; dry run\n")
    assert room.good("suppressions", "list") == "No address is suppressed.\n"
    done = room.run("suppressions", "import", str(file))
    assert (done.code, done.out) == (1, f"{file}: 2 good rows, 1 bad row; 2 suppressed\n")
    assert done.err.startswith(f"warning: {file}:3: ")
    assert "2 suppressed already" in room.run("suppressions", "import", str(file)).out
    out = tmp_path / "out.csv"
    assert room.good("suppressions", "export", "-o", str(out)) == f"{out}: 2 addresses\n"
    assert "a@example.com,'=cmd,hard," in out.read_text(encoding="utf-8")
    assert "1 of 2 are shown; -n 2 shows all" in room.good("suppressions", "list", "-n", "1")


@pytest.mark.parametrize(
    "arguments",
    [("add", "lan"), ("remove", "lan"), ("import", "/nonexistent.csv"), ("export", "-o", "/nonexistent/x.csv")],
)
def test_what_cannot_be_is_refused_in_one_line(arguments: tuple[str, ...], room: Room) -> None:
    done = room.run("suppressions", *arguments)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1 and done.err.startswith("error: ")
