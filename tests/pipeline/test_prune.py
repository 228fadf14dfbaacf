"""What is too old goes, in small steps that may stop anywhere; what anybody still needs stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.bounces.suppressions import count_bounces
from distributor.cli.main import _run
from distributor.delivery import pruning, queries
from distributor.delivery.article_reach import collect_reach
from distributor.editions import repository as edition_repository
from distributor.model import Delivery, DeliveryState, Notice, NoticeKind
from distributor.pipeline import housekeeping, prune
from distributor.pipeline.prune import PruneReport
from distributor.storage.database import Database
from distributor.storage.free_space import free_share, give_back
from distributor.storage.tables import bounces, deliveries, editions, shards
from support.builders import NOW
from support.clocked_newsroom import Line
from support.prepared_newsroom import Prepared

DAY = timedelta(days=1)
SQLITE = pytest.mark.parametrize("line", ["sqlite"], indirect=True)  # where nothing depends on the database


@pytest.fixture
def aged(line: Line, prepared: Prepared) -> Line:
    return prepared(line, let_age)


def let_age(line: Line) -> None:
    """Two editions for three readers, and a third one 401 days later."""
    for name in ("lan", "mai", "nga"):
        line.subscribe(name, *(["Y tế"] if name == "nga" else []))
    line.ids = [line.arrives("a", "Kinh tế"), line.arrives("b", "Y tế")]  # type: ignore[attr-defined]
    line.day()
    line.arrives("c", "Y tế")
    line.day()
    line.now += 401 * DAY
    line.arrives("d", "Y tế")
    line.day()


def pruned(line: Line, **more: object) -> PruneReport:
    return prune.prune_store(line.newsroom, line.store, line.now, **more)  # type: ignore[arg-type]


def counts(line: Line) -> dict[str, object]:
    with line.store.read() as connection:
        rows = edition_repository.list_editions(connection)
        return {row.id: queries.count_by_state(connection, row.id) for row in rows}


def emails(line: Line) -> list[Delivery]:
    with line.store.read() as connection:
        return [row for row in queries.iterate_deliveries(connection) if row.recipient]


def test_old_rows_go_and_their_counts_stay(aged: Line) -> None:
    before = counts(aged)
    with aged.store.read() as connection:
        reached = collect_reach(connection, aged.ids[0])  # type: ignore[attr-defined]
    assert prune.find_prunable(aged.newsroom, aged.store, aged.now).removed["deliveries"] == 6
    assert len(emails(aged)) == 9
    report = pruned(aged)
    assert (report.removed["deliveries"], report.editions) == (6, ("tin-sang-1", "tin-sang-2"))
    assert {row.edition for row in emails(aged)} == {"tin-sang-3"}
    assert counts(aged) == before
    with aged.store.read() as connection:
        assert collect_reach(connection, aged.ids[0]) == reached  # type: ignore[attr-defined]
        progress = queries.edition_progress(connection, "tin-sang-1")
    assert progress.states[DeliveryState.SENT] == progress.total
    assert pruned(aged).removed["deliveries"] == 0


@SQLITE
def test_what_others_need_stays(aged: Line) -> None:
    """The archive shows the email of the whole edition; corrections need posts; the kept email is the one that was sent."""
    with aged.store.read() as connection:
        frozen = {one.variant: one for one in edition_repository.list_renditions(connection, "tin-sang-1")}
    pruned(aged)
    with aged.store.read() as connection:
        kept = {one.variant: one for one in edition_repository.list_renditions(connection, "tin-sang-1")}
        used = queries.list_used_channels(connection)
        kinds = set(
            connection.execute(sa.select(shards.c.channel).where(shards.c.edition_id == "tin-sang-1")).scalars()
        )
    assert kept["digest"] == frozen["digest"]
    gone = set(frozen) - set(kept)
    assert gone
    assert all(one.startswith("digest-") for one in gone)
    assert used == kinds == {"mail", "feeds", "posts"}
    notice = Notice(NoticeKind.CORRECTION, "Số liệu đúng là 38 km.", aged.now)
    plan = pipeline.plan_correction(aged.newsroom, aged.store, aged.ids[0], notice, mail=True)  # type: ignore[attr-defined]
    assert plan.parts[0].lines == (
        "mail: nobody got it, so no email is sent",
        "feeds: shows it with the note",
        "posts: the post of tin-sang-1 is changed",
        "who got tin-sang-1 is not known any more (retention), so nobody is written to about it",
    )


@SQLITE
def test_nothing_is_announced_again_because_its_rows_are_gone(aged: Line) -> None:
    before = {name: aged.read(name) for name in ("lan", "mai", "nga")}
    pruned(aged)
    aged.day()
    assert {name: aged.read(name) for name in ("lan", "mai", "nga")} == before


def test_an_alert_for_those_who_have_missed_it_leaves_out_all_who_may_have_had_it(aged: Line) -> None:
    aged.subscribe("moi")
    request = pipeline.EditionRequest.for_alert(aged.newsroom.newsletter("tin-sang"), _article(aged), missed_only=True)
    for _ in range(2):
        plan = pipeline.plan_edition(pipeline.StepContext(aged.newsroom, aged.store, aged.now), request)
        assert plan.already_had + plan.audience == 4
        found = (plan.already_had, plan.audience)
        pruned(aged)
    assert found == (3, 1)  # a little too many: who chose other topics was on the list as well


def _article(line: Line):  # type: ignore[no-untyped-def]
    with line.store.read() as connection:
        edition = edition_repository.find(connection, "tin-sang-1")
    assert edition is not None
    return next(one for one in edition.carried if one.id == line.ids[0])  # type: ignore[attr-defined]


def test_a_stop_leaves_what_the_next_run_goes_on_with(aged: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    before, asked = counts(aged), []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 4

    report = pruned(aged, stopped=stopped)
    assert report.stopped
    assert 0 < report.removed["deliveries"] < 6
    assert counts(aged) == before
    assert report.removed["deliveries"] + pruned(aged).removed["deliveries"] == 6
    assert counts(aged) == before


@SQLITE
def test_what_is_not_over_is_left_alone(aged: Line) -> None:
    """A draft, an edition with something open, one that staff send again, and the one with the newest row."""
    with aged.store.write() as connection:
        connection.execute(sa.update(shards).where(shards.c.edition_id == "tin-sang-1").values(due=aged.now))
        connection.execute(
            sa.update(editions).where(editions.c.id == "tin-sang-2").values(state="frozen", done_at=None)
        )
        assert pruning.prune_batch(connection, "tin-sang-2", aged.now, 1) is None
    aged.now += 800 * DAY
    assert pruned(aged).removed["deliveries"] == 0


@SQLITE
def test_old_bounces_become_counts(aged: Line) -> None:
    values = {"address_key": "lan@example.com", "type": "hard", "edition_id": "tin-sang-1", "via": "dsn"}
    with aged.store.write() as connection:
        for at in (NOW, NOW, aged.now):
            connection.execute(sa.insert(bounces).values(at=at, **values))
    assert pruned(aged).removed["bounces"] == 2
    with aged.store.read() as connection:
        assert count_bounces(connection, "tin-sang-1") == {"hard": 3}
        assert connection.execute(sa.select(sa.func.count()).select_from(bounces)).scalar() == 1


@SQLITE
def test_housekeeping_does_it_as_well(aged: Line) -> None:
    done = housekeeping.keep_house(aged.newsroom, aged.store, aged.now)
    assert done == {"old deliveries deleted": 6}


@SQLITE
def test_the_time_is_a_setting(aged: Line) -> None:
    aged.configure(".retention: {deliveries: 500d}")
    assert pruned(aged).removed["deliveries"] == 0


@pytest.fixture
def roomy(tmp_path: Path) -> Iterator[Database]:
    """A file of SQLite of which most is empty."""
    opened = Database.open("sqlite:///store.db", tmp_path)
    opened.migrate()
    with opened.write() as connection:
        row = {"channel": "mail", "recipient": "", "state": "sent", "reply": "x" * 900, "updated": NOW, "shard": 0}
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        connection.execute(
            sa.insert(deliveries), [{"edition_id": "e", "variant": str(number), **row} for number in range(3000)]
        )
        connection.execute(sa.delete(deliveries))
    yield opened
    opened.close()


def test_many_pages_are_given_back_in_one_transaction(roomy: Database) -> None:
    with roomy.write() as connection:
        size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        assert 300 * size <= give_back(connection, 300) <= 302 * size  # a page of pointers goes with them
        assert give_back(connection, 9999) < 9999 * size
    with roomy.read() as connection:
        assert free_share(connection) == 0


def test_a_file_of_sqlite_becomes_smaller(roomy: Database) -> None:
    with roomy.read() as connection:
        assert free_share(connection) > 0.8
    assert prune._give_back(roomy, lambda: False) > 1_000_000
    with roomy.read() as connection:
        assert free_share(connection) <= 0.2
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


@SQLITE
def test_the_command_says_what_it_would_do_and_does_it(aged: Line, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> str:
        capsys.readouterr()
        assert _run(["-c", str(aged.newsroom.file), *arguments]) == 0
        return capsys.readouterr().out

    assert "Nothing is too old to be kept." in run("prune")
    with aged.store.write() as connection:
        connection.execute(sa.update(editions).values(done_at=NOW - 500 * DAY))
    assert "would be removed" in run("prune", "--dry-run")
    done = json.loads(run("prune", "--json"))
    assert (done["removed"]["deliveries"], done["editions"]) == (6, ["tin-sang-1", "tin-sang-2"])
    shown = run("editions", "show", "tin-sang-1")
    assert "3 sent" in shown
    assert "only how many" in shown
