"""A newsletter or a channel gets another name in config.yaml: it is said, nothing goes to nobody, all is carried over."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.delivery.queries import list_deliveries
from distributor.errors import OutdatedConfig
from distributor.model import DeliveryState, Notice, NoticeKind, Subscriber
from distributor.storage.database import Database
from distributor.storage.renames import NameKind, current_name, rename_everywhere
from distributor.storage.tables import deliveries, shards
from distributor.subscribers import repository as subscriber_repository
from distributor.subscribers import tokens
from distributor.subscribers.tokens import Claim, Purpose
from support.builders import NOW, edition, rendition
from support.clocked_newsroom import Line
from support.ledger import freeze
from support.newsroom import Room
from support.prepared_newsroom import PreparedRoom

S = DeliveryState
pytestmark = pytest.mark.usefixtures("unread_templates")
RENAMED = ("  tin-sang:\n", "  ban-tin:\n")


@pytest.fixture
def out(prepared_room: PreparedRoom) -> Room:
    """Two articles are out, and a third waits; then the newsletter has another name in config.yaml."""
    room = prepared_room(send_two)
    room.configure(RENAMED)
    return room


def send_two(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    room.write("ba", "Bắc Sơn mở chợ phiên mới", date="2026-11-20 10:00")


class TestANewsletter:
    @pytest.mark.parametrize("command", [("check",), ("deliver",), ("send", "ban-tin", "--yes")])
    def test_that_is_missing_is_said_with_the_command_that_helps(self, out: Room, command: tuple[str, ...]) -> None:
        done = out.run(*command)
        assert "newsletter tin-sang has 1 subscriber and is not in config.yaml" in done.err
        assert "`distributor newsletters rename tin-sang ban-tin`" in done.err
        assert done.code == (0 if command == ("deliver",) else 2)

    def test_is_not_begun_under_its_new_name_before_staff_have_said_what_it_is(self, out: Room) -> None:
        posts = out.posts()
        out.run("send", "ban-tin", "--yes")
        out.run("send", "ban-tin", "--yes", "--no-gather")
        out.good("gather")
        assert (len(out.letters()), out.posts()) == (1, posts)

    def test_goes_on_under_its_new_name_where_it_was(self, out: Room) -> None:
        out.run("send", "ban-tin", "--yes")
        said = out.good("newsletters", "rename", "tin-sang", "ban-tin", "--yes")
        assert "subscriptions: 1" in said
        assert "Edition ban-tin-2: " in out.good("send", "ban-tin", "--yes")
        assert (len(out.letters()), len(out.posts())) == (2, 3), "one letter and one post more"
        assert "ok: " in out.good("check")
        assert "ban-tin" in out.good("newsletters")

    def test_shows_what_it_would_do(self, out: Room) -> None:
        assert "dry run" in out.good("newsletters", "rename", "tin-sang", "ban-tin", "--dry-run")
        assert out.run("check").code == 2

    def test_its_old_links_go_on_working(self, line: Line) -> None:
        line.subscribe("lan")
        (person,) = _everybody(line.store)
        token = tokens.sign(b"secret", Claim(Purpose.UNSUBSCRIBE, person.id, "tin-sang"))
        line.config = line.config.replace(*RENAMED)
        line._newsroom = None
        pipeline.apply_rename(line.newsroom, line.store, NameKind.NEWSLETTER, "tin-sang", "ban-tin", "Lan", line.now)
        claim = tokens.read((b"secret",), token, Purpose.UNSUBSCRIBE)
        (person,) = _everybody(line.store)
        assert person.newsletters == ("ban-tin",)
        with line.store.write() as connection:
            assert subscriber_repository.unsubscribe(connection, person, claim.scope, now=line.now, via="link") == 1

    def test_its_drafts_and_what_is_open_go_to_the_same_people(self, line: Line) -> None:
        line.configure("review: {before: 1 h, if_unanswered: send}")
        line.subscribe("lan")
        line.arrives("a")
        line.at("06:00")
        line.answer()
        line.config = line.config.replace(*RENAMED)
        line._newsroom = None
        pipeline.apply_rename(line.newsroom, line.store, NameKind.NEWSLETTER, "tin-sang", "ban-tin", "Lan", line.now)
        line.day("07:00")
        assert line.read("lan") == [["a"]]
        line.arrives("b")
        line.day("06:00")
        line.day("07:00")
        assert line.read("lan") == [["a"], ["b"]]
        with line.store.read() as connection:
            assert {row.edition for row in list_deliveries(connection)} == {"tin-sang-1", "ban-tin-2"}

    def test_its_corrections_reach_what_went_out_before(self, line: Line) -> None:
        line.subscribe("lan")
        first = line.arrives("a")
        line.day()
        line.config = line.config.replace(*RENAMED)
        line._newsroom = None
        pipeline.apply_rename(line.newsroom, line.store, NameKind.NEWSLETTER, "tin-sang", "ban-tin", "Lan", line.now)
        notice = Notice(NoticeKind.WITHDRAWAL, "", line.now)
        plan = pipeline.plan_correction(line.newsroom, line.store, first, notice, mail=True)
        pipeline.apply_correction(line.newsroom, line.store, plan, "Lan")
        line.deliver()
        assert (line.posts(), len(line.mailbox("lan"))) == ({}, 2)

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("tin-sang", "tin-trua", "newsletter tin-trua is not in config.yaml"),
            ("ban-tin", "ban-tin", "has that name already"),
            ("tin-toi", "ban-tin", "the store knows no newsletter tin-toi"),
        ],
    )
    def test_is_not_renamed_to_what_config_does_not_say(self, out: Room, old: str, new: str, said: str) -> None:
        done = out.run("newsletters", "rename", old, new, "--yes")
        assert (done.code, said in done.err) == (2, True), done

    def test_is_not_renamed_while_its_old_name_is_in_config(self, room: Room) -> None:
        room.configure(("newsletters:\n", "newsletters:\n  ban-tin: {title: Hai, channels: [mail]}\n"))
        assert "still in config.yaml" in room.run("newsletters", "rename", "tin-sang", "ban-tin", "--yes").err

    def test_does_not_take_the_place_of_another_one(self, room: Room) -> None:
        room.configure(("newsletters:\n", "newsletters:\n  ban-tin: {title: Hai, channels: [mail]}\n"))
        room.good("send", "ban-tin", "--yes")
        room.good("send", "tin-sang", "--yes")
        text = (room.folder / "config.yaml").read_text(encoding="utf-8")
        (room.folder / "config.yaml").write_text(re.sub(r"  tin-sang:\n(    .*\n)+", "", text), encoding="utf-8")
        done = room.run("newsletters", "rename", "tin-sang", "ban-tin", "--yes")
        assert (done.code, "has data of its own" in done.err) == (2, True)

    def test_that_has_ended_is_ended_by_one_command(self, out: Room) -> None:
        out.good("newsletters", "remove", "tin-sang", "--yes")
        out.good("check")
        out.good("send", "ban-tin", "--yes")
        assert out.run("newsletters", "remove", "ban-tin", "--yes").code == 2

    def test_that_is_begun_beside_others_is_held_up_by_nothing(self, room: Room) -> None:
        room.good("send", "tin-sang", "--yes")
        room.configure(("newsletters:\n", "newsletters:\n  ban-tin: {title: Hai, channels: [posts]}\n"))
        assert "Edition ban-tin-1" in room.good("send", "ban-tin", "--yes")

    def test_its_old_name_is_not_given_to_another_one(self, out: Room) -> None:
        """Links that are out would take readers off the wrong one."""
        out.good("newsletters", "rename", "tin-sang", "ban-tin", "--yes")
        out.configure(("newsletters:\n", "newsletters:\n  tin-sang: {title: Hai, channels: [posts]}\n"))
        done = out.run("send", "tin-sang", "--yes")
        assert (done.code, "what ban-tin was called before" in done.err) == (2, True)

    def test_can_be_renamed_back_and_on(self, line: Line) -> None:
        line.subscribe("lan")
        for old, new in (("tin-sang", "b"), ("b", "c"), ("c", "tin-sang"), ("tin-sang", "d")):
            with line.store.write() as connection:
                rename_everywhere(connection, NameKind.NEWSLETTER, old, new, "Lan", line.now)
        with line.store.read() as connection:
            names = {
                name: current_name(connection, NameKind.NEWSLETTER, name) for name in ("tin-sang", "b", "c", "d", "x")
            }
        assert names == {"tin-sang": "d", "b": "d", "c": "d", "d": "d", "x": "x"}


def fail_to_send(room: Room) -> None:
    (room.folder / "var").mkdir(exist_ok=True)
    (room.folder / "var" / "outbox").write_text("a file where a folder should be")
    room.run("send", "tin-sang", "--yes")
    (room.folder / "var" / "outbox").unlink()


class TestAChannel:
    @pytest.fixture
    def stuck(self, prepared_room: PreparedRoom) -> Room:
        """A letter and two posts could not get out; then the channel of posts has another name."""
        room = prepared_room(fail_to_send)
        room.configure(("channels: [mail, feeds, posts]", "channels: [mail, feeds, wall]"), ("  posts: {", "  wall: {"))
        return room

    @pytest.mark.parametrize("command", [("check",), ("deliver",), ("send", "tin-sang", "--yes")])
    def test_that_is_missing_is_said_with_what_it_owes(self, stuck: Room, command: tuple[str, ...]) -> None:
        done = stuck.run(*command)
        assert "channel posts has 2 open deliveries (tin-sang-1) and is not in config.yaml" in done.err
        assert "`distributor channels rename posts wall`" in done.err
        assert done.code == (2 if command == ("check",) else 1)

    def test_goes_on_under_its_new_name(self, stuck: Room) -> None:
        assert "deliveries: 2" in stuck.good("channels", "rename", "posts", "wall", "--yes")
        _due_now(stuck)
        assert "wall: 2 posts written to " in stuck.good("deliver")
        assert len(stuck.posts()) == 2
        stuck.good("check")

    def test_goes_on_although_it_was_used_under_its_new_name_already(self, stuck: Room) -> None:
        stuck.write("ba", "Bắc Sơn mở chợ phiên mới", date="2026-11-20 10:00")
        stuck.run("send", "tin-sang", "--yes")
        assert len(stuck.posts()) == 1
        stuck.good("channels", "rename", "posts", "wall", "--yes")
        _due_now(stuck)
        stuck.good("deliver")
        assert len(stuck.posts()) == 3

    def test_does_not_take_the_place_of_another_one(self, room: Room) -> None:
        room.good("send", "tin-sang", "--yes")
        room.configure(("channels: [mail, feeds, posts]", "channels: [mail, feeds]"), ("  posts: {", "  wall: {"))
        done = room.run("channels", "rename", "posts", "feeds", "--yes")
        assert (done.code, "has data of its own" in done.err) == (2, True)

    def test_that_has_ended_is_ended_by_one_command(self, stuck: Room) -> None:
        assert "2 deliveries ended (state: expired)" in stuck.good("channels", "cancel", "posts", "--yes")
        stuck.good("check")
        rows = stuck.run("deliveries", "--channel", "posts", "--json").json
        assert {(row["state"], row["reply"].partition(":")[0].startswith("given up by")) for row in rows} == {
            ("expired", True)
        }
        assert stuck.run("channels", "cancel", "wall", "--yes").code == 2

    def test_what_is_out_can_be_taken_back_after_the_rename(self, room: Room) -> None:
        room.good("send", "tin-sang", "--yes")
        room.configure(("channels: [mail, feeds, posts]", "channels: [mail, feeds, wall]"), ("  posts: {", "  wall: {"))
        room.good("channels", "rename", "posts", "wall", "--yes")
        (first, *_) = (one["id"] for one in room.run("articles", "--json").json)
        room.good("articles", "withdraw", first, "--yes")
        assert len(room.posts()) == 1

    def test_is_not_renamed_while_a_process_is_at_work_on_it(self, stuck: Room) -> None:
        store = stuck.store()
        with store.write() as connection:
            later = datetime.now(UTC) + timedelta(minutes=1)
            connection.execute(sa.update(shards).values(owner="elsewhere/1/x", lease_until=later))
        store.close()
        for command in (("rename", "posts", "wall"), ("cancel", "posts")):
            done = stuck.run("channels", *command, "--yes")
            assert (done.code, "is delivering on posts right now" in done.err) == (2, True)

    def test_attempts_at_what_was_frozen_before_keep_their_key(self, store: Database) -> None:
        freeze(store, edition(), [rendition("wall", "a1")])
        with store.write() as connection:
            rename_everywhere(connection, NameKind.CHANNEL, "wall", "board", "Lan", NOW)
            rename_everywhere(connection, NameKind.CHANNEL, "board", "fence", "Lan", NOW)
        from distributor.editions import repository as edition_repository

        with store.read() as connection:
            (kept,) = edition_repository.list_renditions(connection, edition().id)
        assert (kept.channel, kept.key) == ("fence", rendition("wall", "a1").key)

    def test_shows_a_type_as_before(self, room: Room) -> None:
        assert "instance" in room.good("channels", "mastodon")
        assert room.run("channels", "mastodon", "--json").json["type"] == "mastodon"
        assert room.run("channels", "--json", "mastodon").json["type"] == "mastodon"
        assert {one["type"] for one in room.run("channels", "--json").json} >= {"email", "mastodon"}
        assert room.run("channels", "mastodn").code == 2


def test_a_process_with_the_old_config_sends_nothing_more_and_says_why(line: Line) -> None:
    line.subscribe("lan")
    line.arrives("a")
    before = line.newsroom
    _ = line.store
    line.config = line.config.replace(*RENAMED)
    line._newsroom = None
    pipeline.apply_rename(line.newsroom, line.store, NameKind.NEWSLETTER, "tin-sang", "ban-tin", "Lan", line.now)
    line.at("07:00")
    line._newsroom = before
    with pytest.raises(OutdatedConfig, match="newsletter tin-sang was renamed to ban-tin since this process read"):
        pipeline.decide_due(before, line.store, line.now, "test")
    with pytest.raises(OutdatedConfig, match="newsletter tin-sang was renamed to ban-tin since this process read"):
        line.deliver()


def _everybody(store: Database) -> list[Subscriber]:
    with store.read() as connection:
        return list(subscriber_repository.list_subscribers(connection))


def _due_now(room: Room) -> None:
    """Let the waiting be over."""
    store = room.store()
    with store.write() as connection:
        connection.execute(sa.update(deliveries).where(deliveries.c.state == S.DEFERRED).values(due=NOW))
        connection.execute(sa.update(shards).where(shards.c.due.is_not(None)).values(due=NOW))
    store.close()
