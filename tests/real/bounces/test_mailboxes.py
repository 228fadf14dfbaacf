"""The mailboxes that bounces come back to: one promise for all kinds, and what goes wrong in one clear line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from distributor.bounces import mailboxes
from distributor.bounces.mime_reader import MOST
from distributor.config.bounces import BounceMailboxSettings
from distributor.errors import AuthBroken, Unavailable
from distributor.mail import connection
from support.mailboxes import TOKEN, Postbox
from support.smtp_servers import Certificates

KINDS = ("maildir", "imap", "pop3")
MESSAGES = (b"Subject: a\r\n\r\n.a\r\n..\r\n", "Subject: b\r\n\r\nTiếng Việt\r\n".encode(), b"Subject: c\r\n\r\nc\r\n")

Postboxes = Callable[[str], Postbox]


@pytest.fixture(params=KINDS)
def postbox(request: pytest.FixtureRequest, postboxes: Postboxes) -> Postbox:
    return postboxes(request.param)


def texts(postbox: Postbox) -> list[bytes]:
    """What a look finds, line ends aside, in its order."""
    with mailboxes.open_mailbox(postbox.box()) as box:
        found = [box.take(key) for key in box.waiting()]
    return [one.content.replace(b"\r\n", b"\n").strip() for one in found if one]


def test_messages_are_given_as_they_are_and_stay_until_they_are_done(postbox: Postbox) -> None:
    postbox.put(*MESSAGES)
    assert texts(postbox) == [message.replace(b"\r\n", b"\n").strip() for message in MESSAGES]
    assert postbox.waiting == 3
    assert texts(postbox) == texts(postbox)


def test_what_is_done_does_not_come_again_and_the_others_do(postbox: Postbox) -> None:
    postbox.put(*MESSAGES)
    with mailboxes.open_mailbox(postbox.box()) as box:
        keys = list(box.waiting())
        box.done([keys[0], keys[2]])
    assert texts(postbox) == [MESSAGES[1].replace(b"\r\n", b"\n").strip()]
    assert postbox.waiting == 1


def test_an_empty_box_is_no_fault(postbox: Postbox) -> None:
    assert texts(postbox) == []


def test_of_a_huge_message_the_beginning_is_read(postbox: Postbox) -> None:
    postbox.put(b"Subject: x\r\n\r\n" + b"line\r\n" * MOST)
    with mailboxes.open_mailbox(postbox.box()) as box:
        (found,) = [box.take(key) for key in box.waiting()]
    assert found and found.content.startswith(b"Subject: x")
    assert len(found.content) <= MOST


def test_a_message_with_a_very_long_line_bars_nothing(postbox: Postbox) -> None:
    postbox.put(b"Subject: long\r\n\r\n" + b"x" * 40_000, MESSAGES[2])
    assert len(texts(postbox)) == 2


def test_an_error_of_ours_in_the_middle_marks_nothing(postbox: Postbox) -> None:
    postbox.put(*MESSAGES)
    with pytest.raises(ZeroDivisionError), mailboxes.open_mailbox(postbox.box()) as box:
        list(box.waiting())
        raise ZeroDivisionError
    assert postbox.waiting == 3


# -- the ways of each kind ---------------------------------------------------------------------------------------------


def test_a_maildir_keeps_the_flags_of_a_mail_program_and_tells_seen_by_a_letter(postboxes: Postboxes) -> None:
    postbox = postboxes("maildir")
    assert postbox.folder
    (postbox.folder / "new" / "1.a").write_bytes(b"x")
    (postbox.folder / "cur" / "2.b:2,RT").write_bytes(b"x")
    (postbox.folder / "cur" / "3.c:2,FS").write_bytes(b"x")
    (postbox.folder / "new" / ".hidden").write_bytes(b"x")
    with mailboxes.open_mailbox(postbox.box()) as box:
        assert box.waiting() == ["new/1.a", "cur/2.b:2,RT"]
        box.done([*box.waiting(), "new/9.gone"])
        assert box.take("new/9.gone") is None
    assert sorted(file.name for file in (postbox.folder / "cur").iterdir()) == ["1.a:2,S", "2.b:2,RST", "3.c:2,FS"]


def test_imap_moves_what_is_done_into_a_folder_of_any_name(postboxes: Postboxes) -> None:
    postbox = postboxes("imap")
    postbox.put(*MESSAGES)
    with mailboxes.open_mailbox(postbox.box(folder="Thư trả", move_to="Đã đọc & xong")) as box:
        box.done(list(box.waiting())[:2])
    assert postbox.kept.moved == dict.fromkeys((1, 2), '"&ARAA4w- &AREezQ-c &- xong"')
    assert postbox.waiting == 1


def test_pop3_deletes_nothing_when_the_session_does_not_end_well(postboxes: Postboxes) -> None:
    postbox = postboxes("pop3")
    postbox.put(*MESSAGES)
    with pytest.raises(ZeroDivisionError), mailboxes.open_mailbox(postbox.box()) as box:
        box.done(list(box.waiting()))
        raise ZeroDivisionError
    assert postbox.waiting == 3


# -- what goes wrong ---------------------------------------------------------------------------------------------------

SERVERS = pytest.mark.parametrize("kind", ["imap", "pop3"])


def fault(postbox: Postbox, **changes: object) -> Exception:
    with pytest.raises((Unavailable, AuthBroken)) as raised, mailboxes.open_mailbox(postbox.box(**changes)) as box:
        for key in box.waiting():
            box.take(key)
    assert "\n" not in str(raised.value)
    return raised.value


@SERVERS
def test_a_refused_login_is_told_as_one_and_holds_no_password(kind: str, postboxes: Postboxes) -> None:
    error = fault(postboxes(kind), password="sai-roi")
    assert isinstance(error, AuthBroken)
    assert "the login was refused" in str(error)
    assert "invalid credentials" in str(error)
    assert "sai-roi" not in str(error)


@SERVERS
def test_a_token_is_taken_instead_of_a_password(kind: str, postboxes: Postboxes) -> None:
    """As Google and Microsoft ask for it; longer than a line of POP3 may be."""
    postbox = postboxes(kind)
    postbox.put(b"From: a\r\n\r\nb\r\n")
    with mailboxes.open_mailbox(postbox.box(password=None, token_command=f"echo {TOKEN}; echo expires soon")) as box:
        assert len(box.waiting()) == 1


@SERVERS
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo old", "the login was refused"),
        ("exit 3", "token_command ended with 3 and gave no token"),
        ("true", "ended with 0 and gave no token"),
    ],
)
def test_a_token_that_is_no_good_is_told(kind: str, command: str, words: str, postboxes: Postboxes) -> None:
    error = fault(postboxes(kind), password=None, token_command=command)
    assert isinstance(error, AuthBroken)
    assert words in str(error)
    assert "old" not in str(error)


def test_a_command_that_never_ends_gives_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_TOKEN_TIMEOUT", 0.05)
    with pytest.raises(AuthBroken, match="gave no token in"):
        connection.run_token_command("sleep 2")


def test_a_password_and_a_token_are_one_too_many() -> None:
    with pytest.raises(ValidationError, match="is not used together with token_command"):
        BounceMailboxSettings.model_validate(
            {"type": "imap", "host": "a", "username": "b", "password": "c", "token_command": "echo d"}
        )


@SERVERS
def test_a_certificate_of_somebody_else_is_refused(kind: str, postboxes: Postboxes, certificates: Certificates) -> None:
    postbox = postboxes(kind)
    error = fault(postbox, ca_file=str(certificates.stranger))
    assert "its certificate is not valid" in str(error)
    assert postbox.kept.said == []


@SERVERS
def test_a_server_that_is_not_there_is_named(kind: str, postboxes: Postboxes) -> None:
    error = fault(postboxes(kind), port=1)
    assert str(error) == f"{kind} bounce@bacson.example at 127.0.0.1:1: Connection refused"


@SERVERS
@pytest.mark.parametrize(
    ("mood", "said"), [("silent", "no answer in"), ("drop", ""), ("garbage", ""), ("endless", "a line without end")]
)
def test_a_server_that_misbehaves_cannot_hold_us(
    kind: str, mood: str, said: str, postboxes: Postboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (kind, mood) == ("imap", "endless"):
        return  # a message has its length there
    monkeypatch.setattr(mailboxes, "PATIENCE", 0.5)
    postbox = postboxes(kind)
    postbox.put(MESSAGES[0])
    postbox.kept.mood = mood
    assert said in str(fault(postbox))


def test_a_folder_that_is_no_maildir_is_named(postboxes: Postboxes) -> None:
    postbox = postboxes("maildir")
    error = fault(postbox, folder=f"{postbox.folder}/new")
    assert "is no Maildir: it must hold the folders new and cur" in str(error)


def test_an_imap_folder_that_is_not_there_is_named(postboxes: Postboxes) -> None:
    assert "folder Rác was refused: no such folder" in str(fault(postboxes("imap"), folder="Rác"))
