"""A correction acts on what the last one has left there, on every channel that can, whatever its posts are called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.delivery.article_posts import ArticlePost
from distributor.delivery.queries import list_deliveries
from distributor.model import DeliveryState, Notice, NoticeKind
from distributor.pipeline.correction_plan import CorrectionPlanner
from distributor.plugins import registry
from distributor.storage.rows import UTC_TIME
from distributor.storage.tables import deliveries, delivery_steps
from support.builders import edition, rendition
from support.clocked_newsroom import Line

S = DeliveryState

BOARD = '''\
"""A board of notes in a file, for tests.

    channels:
      board: {type: board, file: board.json}
"""

import json
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from distributor.channel import Channel, Corrections, Folder, Post, Receipt, Unavailable


@dataclass(frozen=True, kw_only=True)
class Board(Channel):
    file: Annotated[Folder, "the file"]
    names: Annotated[Literal["number", "slug", "id"], "how posts are called"] = "number"

    corrections = Corrections.MANNER

    def compose(self, edition, context):
        return [
            Post(
                variant=self._name(number, one), article=one.id, text=f"{one.title}: {one.lead} {one.url}",
                title=one.title,
            )
            for number, one in enumerate(edition.articles)
        ]

    def _name(self, number, one):
        return {"number": f"note-{number}", "slug": one.url.rpartition("/")[2], "id": one.id}[self.names]

    async def publish(self, post, attempt):
        return self._add(post.text, to=attempt.parent.remote_id if attempt.parent else "")

    async def edit(self, receipt, post, attempt):
        notes = self._notes()
        if receipt.remote_id not in notes:
            raise Unavailable(f"there is no note {receipt.remote_id}")
        self._keep({**notes, receipt.remote_id: [post.text, notes[receipt.remote_id][1]]})
        return receipt

    async def delete(self, receipt, attempt):
        notes = self._notes()
        if receipt.remote_id not in notes:
            raise Unavailable(f"there is no note {receipt.remote_id}")
        self._keep({key: note for key, note in notes.items() if key != receipt.remote_id})

    def _notes(self):
        if self.file.with_suffix(".down").exists():
            raise Unavailable("the board is away")
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def _keep(self, notes):
        self.file.write_text(json.dumps(notes))

    def _add(self, text, to=""):
        count = self.file.with_suffix(".count")
        number = int(count.read_text()) + 1 if count.exists() else 1
        notes = self._notes()
        count.write_text(str(number))
        self._keep({**notes, str(number): [text, to]})
        return Receipt(remote_id=str(number))
'''


@pytest.fixture
def boards(line: Line) -> Iterator[Line]:
    folder = line.folder / "channels"
    folder.mkdir()
    line.config = line.config.replace("[mail, feeds, posts]", "[board]").replace(
        "  posts: {type: outbox",
        "  board: {type: board, file: board.json, names: NAMES}\n  posts: {type: outbox",
    )
    yield line
    registry.channels.leave(folder)


def notes(line: Line) -> list[str]:
    file = line.folder / "board.json"
    return [text for text, _ in json.loads(file.read_text(encoding="utf-8")).values()]


def say(line: Line, id: str, kind: str, note: str, *, deliver: bool = True) -> None:
    """As a process of its own would: with nothing but the store in its hands."""
    line.now += timedelta(minutes=20)
    line._newsroom = None
    plan = pipeline.plan_correction(line.newsroom, line.store, id, Notice(NoticeKind(kind), note, line.now), mail=False)
    pipeline.apply_correction(line.newsroom, line.store, plan, "Lan")
    if deliver:
        line.deliver()


def write_board(line: Line, manner: str, names: str) -> None:
    (line.folder / "channels" / "board.py").write_text(BOARD.replace("MANNER", manner.upper()), encoding="utf-8")
    line.config = line.config.replace("NAMES", names)


def begin(line: Line, manner: str, names: str) -> str:
    write_board(line, manner, names)
    first, _ = line.arrives("a"), line.arrives("b")
    line.day()
    assert len(notes(line)) == 2
    return first


@pytest.mark.parametrize("manner", ["edit", "replace", "reply"])
@pytest.mark.parametrize("names", ["number", "slug", "id"])
def test_corrected_twice_and_withdrawn_nothing_of_it_is_left(boards: Line, manner: str, names: str) -> None:
    first = begin(boards, manner, names)
    say(boards, first, "correction", "Một.")
    say(boards, first, "correction", "Hai.")
    shown = [text for text in notes(boards) if "Tin a " in text]
    assert "Hai." in shown[-1]
    assert len(shown) == (3 if manner == "reply" else 1)
    say(boards, first, "withdrawal", "Gỡ.")
    assert [text[:6] for text in notes(boards)] == ["Tin b "]


@pytest.mark.parametrize("manner", ["edit", "replace", "reply"])
def test_a_correction_that_could_not_get_there_is_overtaken_by_the_next(boards: Line, manner: str) -> None:
    """Otherwise it would come late and put its old text over the new one."""
    first = begin(boards, manner, "number")
    (boards.folder / "board.down").touch()
    say(boards, first, "correction", "Một.")
    say(boards, first, "correction", "Hai.", deliver=False)
    (boards.folder / "board.down").unlink()
    for _ in range(3):
        boards.now += timedelta(hours=1)
        boards.deliver()
    (shown,) = [text for text in notes(boards) if "Tin a " in text and (manner != "reply" or "Hai." in text)]
    assert "Hai." in shown
    with boards.store.read() as connection:
        (late,) = list_deliveries(connection, edition="tin-sang-c1")
    assert late.state is S.EXPIRED


def test_a_correction_in_hand_that_failed_does_not_come_after_the_next(boards: Line) -> None:
    """It was on its way when the next one was decided, so nobody could give it up then."""
    first = begin(boards, "edit", "number")
    say(boards, first, "correction", "Một.", deliver=False)
    with boards.store.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'sending' WHERE edition_id = 'tin-sang-c1'")
    say(boards, first, "correction", "Hai.", deliver=False)
    with boards.store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE deliveries SET state = 'deferred', due = NULL WHERE edition_id = 'tin-sang-c1'"
        )
        connection.exec_driver_sql("UPDATE deliveries SET state = 'pending' WHERE edition_id = 'tin-sang-c1'")
    boards.deliver()
    (shown,) = [text for text in notes(boards) if "Tin a " in text]
    assert "Hai." in shown


def test_a_post_of_which_nobody_knows_the_id_is_left_to_staff_and_the_command_is_named(boards: Line) -> None:
    first = begin(boards, "edit", "id")
    with boards.store.write() as connection:
        connection.execute(sa.update(deliveries).values(remote_id="", reply="out, says Lan"))
    plan = pipeline.plan_correction(
        boards.newsroom, boards.store, first, Notice(NoticeKind.WITHDRAWAL, "", boards.now), mail=False
    )
    ((told,),) = [part.lines for part in plan.parts]
    assert "nobody knows the id of the post" in told
    assert f" --channel board --post {first} --out --id ID`" in told


def test_what_was_taken_back_is_not_taken_back_again(boards: Line) -> None:
    first = begin(boards, "edit", "number")
    say(boards, first, "withdrawal", "Gỡ.")
    plan = pipeline.plan_correction(
        boards.newsroom, boards.store, first, Notice(NoticeKind.WITHDRAWAL, "Gỡ hẳn.", boards.now), mail=False
    )
    assert [variant.lines for variant in plan.parts] == [("board: has not posted it",)]


def test_a_digest_does_not_repeat_the_post_of_an_alert_whatever_it_is_called(boards: Line) -> None:
    write_board(boards, "edit", "number")
    first, _ = boards.arrives("a"), boards.arrives("b")
    with boards.store.read() as connection:
        from distributor.articles import repository as article_repository

        urgent = article_repository.find_article(connection, first)
    assert urgent
    newsletter = boards.newsroom.newsletter("tin-sang")
    pipeline.publish_edition(
        pipeline.StepContext(boards.newsroom, boards.store, boards.now, "Lan"),
        pipeline.EditionRequest.for_alert(newsletter, urgent),
    )
    boards.deliver()
    boards.day()
    assert sorted(text[:6] for text in notes(boards)) == ["Tin a ", "Tin b "]


@pytest.mark.parametrize(
    ("state", "kind"), [("sending", "withdrawal"), ("uncertain", "withdrawal"), ("uncertain", "correction")]
)
def test_a_post_in_doubt_is_changed_as_soon_as_it_is_known_to_be_out(boards: Line, state: str, kind: str) -> None:
    first = begin(boards, "edit", "id")
    with boards.store.write() as connection:
        connection.execute(sa.update(deliveries).values(state=state, due=None))
    plan = pipeline.plan_correction(
        boards.newsroom, boards.store, first, Notice(NoticeKind(kind), "Sai.", boards.now), mail=False
    )
    done = "deleted" if kind == "withdrawal" else "changed"
    ((told,),) = [part.lines for part in plan.parts]
    assert told == f"board: the post of tin-sang-1 may be out; as soon as that is known, it is {done}"
    pipeline.apply_correction(boards.newsroom, boards.store, plan, "Lan")
    boards.deliver()
    with boards.store.write() as connection:
        connection.execute(sa.update(deliveries).where(deliveries.c.edition_id == "tin-sang-1").values(state="sent"))
    boards.now += timedelta(minutes=6)
    boards.deliver()
    shown = [text for text in notes(boards) if "Tin a " in text]
    assert shown == [] if kind == "withdrawal" else "Sai." in shown[0]


def test_a_post_that_was_begun_when_its_article_was_withdrawn_may_be_out(boards: Line) -> None:
    first = begin(boards, "edit", "id")
    with boards.store.write() as connection:
        connection.execute(sa.update(deliveries).values(state="deferred", due=boards.now + timedelta(hours=1)))
        here = sa.select(deliveries.c.id, sa.literal("container"), sa.literal(boards.now, UTC_TIME))
        connection.execute(sa.insert(delivery_steps).from_select(["delivery_id", "name", "begun_at"], here))
    say(boards, first, "withdrawal", "Gỡ.", deliver=False)
    with boards.store.read() as connection:
        rows = {(row.edition, row.variant): row.state for row in list_deliveries(connection)}
    assert rows["tin-sang-1", first] is S.UNCERTAIN
    assert rows["tin-sang-c1", first] is S.PENDING


@pytest.mark.parametrize("states", [(S.SENT, S.PENDING), (S.PENDING, S.SENT), (S.SENT, S.SENT)])
def test_an_article_that_two_editions_have_posted_makes_no_two_posts_of_one_name(
    boards: Line, states: tuple[DeliveryState, DeliveryState]
) -> None:
    write_board(boards, "edit", "id")
    made = edition(3)
    article = made.articles[0].id
    whole = [replace(rendition("board", name), article=article) for name in ("a1", "a2")]
    known = [ArticlePost(f"tin-sang-{2 - number}", "board", "a1", state) for number, state in enumerate(states)]
    known.insert(1, ArticlePost("tin-sang-2", "board", "a2", S.SENT))
    with boards.store.read() as connection:
        work = CorrectionPlanner(connection, made, Notice(NoticeKind.CORRECTION, "Sai.", boards.now), known)
        work.posts(boards.newsroom.channels["board"], whole)
    names = [one.variant for one in work.renditions]
    assert len(names) == len(set(names)) >= 2
