"""From a mailbox to the list of suppressed addresses: only what is about a letter of ours counts, and it counts once."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from distributor import pipeline
from distributor.bounces import mailboxes, suppressions
from distributor.bounces.parser import BounceReport, IsolatedBounceParser
from distributor.bounces.suppressions import BounceEffect
from distributor.errors import LimitExceeded, StoreError
from distributor.isolation import ChildProcess
from distributor.mail import verp
from distributor.model import Bounce, BounceType, Suppression
from distributor.newsroom import Newsroom, open_newsroom
from distributor.service import Service
from distributor.storage.database import Database
from distributor.storage.tables import bounces, deliveries
from support.bounce_cases import BOUNCES, LAN
from support.builders import NOW
from support.mailboxes import Postbox
from support.newsroom import Room


class Post:
    """A newsroom that has sent an edition to Lan, and returned mail about her letter."""

    def __init__(self, room: Room) -> None:
        room.good("send", "tin-sang", "--yes")
        self.room = room
        self.newsroom: Newsroom = open_newsroom(room.folder / "config.yaml")
        self.store: Database = room.store()
        with self.store.read() as connection:
            letter = sa.select(deliveries.c.id).where(deliveries.c.address == LAN)
            self.delivery = connection.execute(letter).scalar_one()
        head = message_from_bytes(room.letters()[0].read_bytes())
        self.id = str(head["Message-ID"])
        self.link = str(head["List-Unsubscribe"]).partition("/u/")[2].partition(">")[0]
        self.token = verp.token(self.newsroom.secret(), self.delivery)

    def mail(self, name: str, **clues: str) -> bytes:
        """A mail of the corpus about her letter, by its token alone unless other clues are named."""
        return BOUNCES[name].raw(**(clues or {"token": self.token}))

    def accept(self, raw: bytes) -> list[pipeline.HandledReport]:
        return pipeline.process_report(self.newsroom, self.store, raw, NOW)

    def type(self) -> BounceType | None:
        with self.store.read() as connection:
            found = suppressions.find_suppression(connection, LAN)
        return found.type if found else None

    def rows(self) -> list[tuple[str, int | None, str]]:
        with self.store.read() as connection:
            query = sa.select(bounces.c.type, bounces.c.delivery_id, bounces.c.edition_id)
            return [(row.type, row.delivery_id, row.edition_id) for row in connection.execute(query)]

    def look(self, postbox: Postbox, **how: object) -> pipeline.MailboxResult:
        (taken,) = pipeline.process_bounces(self.newsroom, self.store, lambda: NOW, [postbox.box()], **how)  # type: ignore[arg-type]
        return taken


@pytest.fixture
def post(room: Room) -> Iterator[Post]:
    made = Post(room)
    yield made
    made.store.close()


# -- whose letter it is ------------------------------------------------------------------------------------------------


def test_a_bounce_is_traced_by_its_envelope_and_suppresses_the_reader(post: Post) -> None:
    (one,) = post.accept(post.mail("Gmail, nobody there"))
    assert one.effect and one.effect.suppression
    assert post.rows() == [("hard", post.delivery, "tin-sang-1")]
    assert "hard bounce: 5.1.1" in post.room.good("why", LAN)


def test_without_the_envelope_the_message_id_of_the_letter_does(post: Post) -> None:
    """Whichever server has written it: here qmail, to the sender's address."""
    post.accept(post.mail("qmail", id=post.id, token=""))
    assert post.rows() == [("hard", post.delivery, "tin-sang-1")]


def test_a_complaint_that_names_nobody_is_traced_by_the_unsubscribe_link(post: Post) -> None:
    post.accept(post.mail("a complaint that hides its reader", id=post.id, link=post.link))
    assert (post.type(), post.rows()) == (BounceType.COMPLAINT, [("complaint", post.delivery, "tin-sang-1")])


def test_the_link_alone_names_the_reader_if_not_the_letter(post: Post) -> None:
    post.accept(post.mail("a complaint that hides its reader", link=post.link))
    assert post.rows() == [("complaint", None, "")]


@pytest.mark.parametrize("name", ["Gmail, nobody there", "a complaint", "qmail", "a complaint as Outlook.com sends it"])
def test_a_forged_report_about_a_reader_changes_nothing(name: str, post: Post) -> None:
    """The address is no secret, so it proves nothing; nor does a Message-ID of another newsroom, or of another reader."""
    strangers = verp.token(b"a stranger's secret", post.delivery)
    for clues in (
        {"token": strangers},
        {"id": "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaa@bacson.example>"},
        {"link": post.link + "x"},
    ):
        assert all(one.effect is None for one in post.accept(post.mail(name, **clues)))
    assert (post.type(), post.rows()) == (None, [])


def test_a_letter_to_another_reader_proves_nothing_of_this_one(post: Post) -> None:
    post.room.good("subscribers", "add", "minh@example.com")
    raw = post.mail("qmail", id=post.id, token="").replace(LAN.encode(), b"minh@example.com")
    assert [one.effect for one in post.accept(raw)] == [None]


def test_where_another_address_behind_the_readers_own_fails_it_counts_as_soft(post: Post) -> None:
    post.accept(post.mail("Postfix, a forwarder's target is gone"))
    assert (post.type(), post.rows()) == (None, [("soft", post.delivery, "tin-sang-1")])


@pytest.mark.parametrize(
    "name", ["Postfix, still trying", "a holiday note", "a receipt", "Postfix, delivered as asked"]
)
def test_what_is_no_bounce_changes_nothing(name: str, post: Post) -> None:
    assert [one.effect for one in post.accept(post.mail(name))] == [None]
    assert post.rows() == []


# -- mailboxes ---------------------------------------------------------------------------------------------------------

Postboxes = Callable[[str], Postbox]


@pytest.mark.parametrize("kind", ["maildir", "imap", "pop3"])
def test_reports_are_done_and_mail_by_people_stays(kind: str, post: Post, postboxes: Postboxes) -> None:
    postbox = postboxes(kind)
    postbox.put(post.mail("a person who writes back"), post.mail("Gmail, nobody there"), post.mail("a holiday note"))
    taken = post.look(postbox)
    assert (len(taken.handled), taken.left, taken.fault) == (2, 1, "")
    assert (postbox.waiting, post.type()) == (1, BounceType.HARD)


@pytest.mark.parametrize("kind", ["maildir", "imap", "pop3"])
def test_a_crash_after_the_commit_repeats_the_message_which_counts_once(
    kind: str, post: Post, postboxes: Postboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    postbox = postboxes(kind)
    postbox.put(post.mail("Gmail, over quota"))
    with monkeypatch.context() as broken:
        broken.setattr(mailboxes._TranslatingReader, "done", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            post.look(postbox)
    assert (postbox.waiting, len(post.rows())) == (1, 1)
    (one,) = post.look(postbox).handled
    assert one.effect and one.effect.known
    assert (postbox.waiting, len(post.rows())) == (0, 1)


def test_a_message_is_not_done_before_the_store_has_it(
    post: Post, postboxes: Postboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    postbox = postboxes("maildir")
    postbox.put(post.mail("Gmail, nobody there"))

    def locked(*_: object) -> None:
        raise StoreError("the store is locked")

    monkeypatch.setattr(suppressions, "record_bounces", locked)
    with pytest.raises(StoreError):
        post.look(postbox)
    assert postbox.waiting == 1


# -- one bad message costs one message -----------------------------------------------------------------------------------


def nested(field: str) -> bytes:
    """A complaint with 1,900 comments, one inside the other, in one of its fields."""
    head = {"From": "x@y.example", "To": "fbl@bacson.example", "Subject": "FW", "Return-Path": "<>"}
    report = {"Feedback-Type": "abuse", "Original-Rcpt-To": LAN}
    values = head | report | {field: "(" * 1900}
    lines = [f"{name}: {values[name]}" for name in head]
    fields = [f"{name}: {values[name]}" for name in report]
    return "\n".join([*lines, "Content-Type: message/feedback-report", "", *fields, ""]).encode()


@pytest.mark.parametrize("kind", ["maildir", "imap", "pop3"])
def test_odd_mails_before_a_report_do_not_keep_it(kind: str, post: Post, postboxes: Postboxes) -> None:
    postbox = postboxes(kind)
    odd = [nested(field) for field in ("From", "To", "Subject", "Return-Path", "Original-Rcpt-To")]
    long = b"From: MAILER-DAEMON@x\n\n" + b"y" * 200_000
    postbox.put(*odd, long, b"", b"\x00\xff", post.mail("Gmail, nobody there"))
    taken = post.look(postbox)
    assert (taken.fault, post.type()) == ("", BounceType.HARD)


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_message_that_the_server_cannot_read_is_named_and_left(kind: str, post: Post, postboxes: Postboxes) -> None:
    postbox, passed = postboxes(kind), set[str]()
    postbox.put(b"corrupt", post.mail("Gmail, nobody there"))
    postbox.kept.corrupt = {1}
    taken = post.look(postbox, passed=passed)
    assert (taken.fault, post.type()) == ("", BounceType.HARD)
    ((_, reason),) = taken.unreadable
    assert "cannot be read" in reason
    assert post.look(postbox, passed=passed).unreadable == (), "it is told once"


def test_a_file_of_a_maildir_that_cannot_be_opened_or_marked_stops_nothing(
    post: Post, postboxes: Postboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names have 255 octets: with the mark of being seen this one has more."""
    postbox = postboxes("maildir")
    postbox.put(b"not yours", post.mail("Gmail, nobody there"))
    new = Path(str(postbox.box().folder)) / "new"
    first = sorted(new.iterdir())[0]
    (new / ("0" * 254)).write_bytes(post.mail("Gmail, over quota"))
    opened = Path.open

    def refuse(path: Path, *how: Any, **more: Any) -> Any:
        if path.name == first.name:
            raise PermissionError(13, "Permission denied")
        return opened(path, *how, **more)

    monkeypatch.setattr(Path, "open", refuse)
    taken = post.look(postbox)
    assert (taken.fault, post.type()) == ("", BounceType.HARD)
    assert [reason for _, reason in taken.unreadable] == ["Permission denied"]
    assert len(list(new.iterdir())) == 2


def test_a_report_that_upsets_us_takes_no_other_with_it(
    post: Post, postboxes: Postboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is that nobody has thought of."""
    postbox = postboxes("maildir")
    postbox.put(post.mail("Gmail, over quota"), post.mail("Gmail, nobody there"))
    right = suppressions.record_bounces

    def upset(connection: Connection, told: Sequence[Bounce], *more: Any) -> list[BounceEffect]:
        assert "over quota" not in told[0].text
        return right(connection, told, *more)

    monkeypatch.setattr(suppressions, "record_bounces", upset)
    taken = post.look(postbox)
    assert (len(taken.handled), post.type(), postbox.waiting) == (1, BounceType.HARD, 1)
    assert "AssertionError" in taken.unreadable[0][1]


def test_a_mail_that_ends_its_reader_is_named_and_left(
    post: Post, postboxes: Postboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = IsolatedBounceParser.read

    def ended_by_some(reader: IsolatedBounceParser, raw: bytes) -> tuple[BounceReport, ...]:
        if b"does not let itself be read" in raw:
            raise LimitExceeded("took longer than 20 s to read")
        return read(reader, raw)

    monkeypatch.setattr(IsolatedBounceParser, "read", ended_by_some)
    postbox = postboxes("maildir")
    postbox.put(b"Subject: this does not let itself be read\n\nx\n", post.mail("Gmail, nobody there"))
    taken = post.look(postbox)
    assert [reason for _, reason in taken.unreadable] == ["took longer than 20 s to read"]
    assert (len(taken.handled), post.type(), postbox.waiting) == (1, BounceType.HARD, 1)


def test_a_machine_that_can_start_no_process_costs_no_mail(
    post: Post, postboxes: Postboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(child: ChildProcess) -> None:
        raise OSError(24, "Too many open files")

    postbox, passed = postboxes("maildir"), set[str]()
    postbox.put(post.mail("Gmail, nobody there"))
    with monkeypatch.context() as patch:
        patch.setattr(ChildProcess, "_fork", none_left)
        taken = post.look(postbox, passed=passed)
    assert "no child process can be started" in taken.fault
    assert (taken.handled, taken.unreadable, passed) == ((), (), set())
    post.look(postbox, passed=passed)
    assert post.type() == BounceType.HARD


def test_mail_by_people_is_read_once_as_long_as_somebody_remembers(
    post: Post, postboxes: Postboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    postbox, passed = postboxes("imap"), set[str]()
    postbox.put(post.mail("a person who writes back"))
    assert post.look(postbox, passed=passed).left == 1
    postbox.kept.said.clear()
    assert post.look(postbox, passed=passed).left == 1
    assert not any("FETCH" in line for line in postbox.kept.said)


def test_a_mailbox_that_fails_does_not_stop_the_others(post: Post, postboxes: Postboxes) -> None:
    bad, good = postboxes("imap"), postboxes("maildir")
    good.put(post.mail("Gmail, nobody there"))
    looks = pipeline.process_bounces(post.newsroom, post.store, lambda: NOW, [bad.box(password="x"), good.box()])
    assert "the login was refused" in looks[0].fault
    assert (looks[1].fault, post.type()) == ("", BounceType.HARD)


def test_a_look_ends_the_rests_that_are_over(post: Post) -> None:
    rest = Suppression(address=LAN, type=BounceType.SOFT, reason="", since=NOW, until=NOW - timedelta(days=1))
    with post.store.write() as connection:
        suppressions.suppress(connection, rest)
    assert pipeline.process_bounces(post.newsroom, post.store, lambda: NOW) == []
    assert post.type() is None


async def test_the_service_looks_by_itself_and_goes_on_meanwhile(post: Post, postboxes: Postboxes) -> None:
    postbox = postboxes("maildir")
    postbox.put(post.mail("Gmail, nobody there"))
    config = post.room.folder / "config.yaml"
    config.write_text(
        config.read_text(encoding="utf-8") + f"bounces: [{{type: maildir, folder: {postbox.folder}}}]\n",
        encoding="utf-8",
    )
    stop = asyncio.Event()
    service = Service(open_newsroom(config), post.store, lambda: NOW, stop, tick=0.1)
    running = asyncio.create_task(service.run())
    async with asyncio.timeout(60):
        while post.type() is None:
            await asyncio.sleep(0.05)
        stop.set()
        await running
    assert postbox.waiting == 0


# -- the command -------------------------------------------------------------------------------------------------------


def with_box(post: Post, postbox: Postbox, more: str = "") -> Room:
    config = post.room.folder / "config.yaml"
    text = config.read_text(encoding="utf-8") + f"bounces: [{{type: maildir, folder: {postbox.folder}}}]\n{more}"
    config.write_text(text, encoding="utf-8")
    return post.room


def test_check_opens_the_mailboxes_when_it_may_go_out(post: Post, postboxes: Postboxes) -> None:
    postbox = postboxes("maildir")
    room = with_box(post, postbox)
    assert f"  bounces      maildir {postbox.folder}\n" in room.good("check", "--online")
    assert postbox.folder is not None
    shutil.rmtree(postbox.folder)
    assert room.good("check"), "what is out there is looked at only when asked for"
    done = room.run("check", "--online")
    assert done.code != 0
    assert done.err.startswith(f"error: bounces: maildir {postbox.folder}: ")


def test_a_dry_run_tells_what_would_follow_and_changes_nothing(post: Post, postboxes: Postboxes) -> None:
    postbox = postboxes("maildir")
    postbox.put(
        *(post.mail(name) for name in ("Gmail, nobody there", "Postfix, still trying", "a person who writes back"))
    )
    room = with_box(post, postbox)
    said = room.good("bounces", "--dry-run")
    assert f"bounce  {LAN}  tin-sang-1  5.1.1   hard: would be suppressed\n" in said
    assert "nothing: still on its way" in said
    assert "1 message is not a report: left as they were." in said
    assert (postbox.waiting, post.type(), post.rows()) == (3, None, [])
    assert "hard: is suppressed" in room.good("bounces")
    assert (postbox.waiting, post.type()) == (1, BounceType.HARD)
    assert room.good("bounces").startswith("No bounces and no complaints.")


def test_one_message_can_come_from_a_file(post: Post, tmp_path: Path) -> None:
    file = tmp_path / "one.eml"
    file.write_bytes(post.mail("a complaint"))
    assert "complaint: would be suppressed" in post.room.good("bounces", "--file", str(file), "--dry-run")
    (report,) = post.room.run("bounces", "--file", str(file), "--json").json[0]["reports"]
    assert (report["kind"], report["type"], report["suppressed"]) == ("complaint", "complaint", True)
    assert "nothing: complaint, already known" in post.room.good("bounces", "--file", str(file))
    assert post.type() is BounceType.COMPLAINT


def test_what_cannot_be_read_is_told_in_one_line(post: Post, postboxes: Postboxes) -> None:
    none = post.room.run("bounces")
    assert (none.code, len(none.err.splitlines())) == (2, 1)
    assert "no mailbox is configured" in none.err
    missing = post.room.run("bounces", "--file", "/nonexistent.eml")
    assert (missing.code, missing.err) == (2, "error: /nonexistent.eml: cannot be read: No such file or directory\n")
    postbox = postboxes("maildir")
    assert postbox.folder
    (postbox.folder / "new").rmdir()
    broken = with_box(post, postbox).run("bounces")
    assert broken.code == 1
    assert "is no Maildir" in broken.err


def test_in_test_mode_the_mailboxes_of_real_letters_are_left_alone(post: Post, postboxes: Postboxes) -> None:
    postbox = postboxes("maildir")
    postbox.put(post.mail("Gmail, nobody there"))
    room = with_box(post, postbox, "test_mode: {to: toa-soan@bacson.example}\n")
    assert room.run("bounces").code == 2
    assert "would be suppressed" in room.good("bounces", "--dry-run")
    assert pipeline.process_bounces(open_newsroom(room.folder / "config.yaml"), post.store, lambda: NOW) == []
    assert postbox.waiting == 1


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{type: imap, username: a, password: b}", "bounces.0.host: is needed to read a mailbox by imap or pop3"),
        ("{type: pop3, host: a, username: b}", "bounces.0.password: is needed to read a mailbox by imap or pop3"),
        ("{type: maildir}", "bounces.0.folder: is needed: the path of the Maildir"),
        ("{type: mbox, folder: x}", "bounces.0.type: write imap, pop3 or maildir"),
        ("{type: maildir, folder: x, evry: 5m}", "bounces.0.evry: is not a known key; did you mean 'every'?"),
    ],
)
def test_a_mistake_in_the_settings_is_told_with_its_place(section: str, said: str, room: Room) -> None:
    config = room.folder / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + f"bounces:\n  - {section}\n", encoding="utf-8")
    done = room.run("check")
    assert done.code == 2
    assert said in done.err
