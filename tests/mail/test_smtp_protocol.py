"""The SMTP conversation without a network: bytes in, replies out; intents in, bytes out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.smtp_protocol import (
    LONGEST_LINE,
    MOST_LINES,
    OutOfTurn,
    Phase,
    ProtocolError,
    SmtpProtocol,
    SmuggledLine,
    dot_stuff,
)
from mail.smtp_talk import GREETING, OFFERS, asked_for_content, greeted, hear

# -- a whole conversation ----------------------------------------------------------------------------------------------


def test_one_message_from_greeting_to_quit() -> None:
    """Each reply is known by the command that it answers."""
    talk = SmtpProtocol("news.example")

    def message() -> None:
        talk.content(b"a\r\n.b\r\n")
        talk.end_of_content()

    steps: list[tuple[Callable[[], None] | None, bytes, bytes, Phase]] = [
        (None, b"", GREETING, Phase.GREETING),
        (talk.ehlo, b"EHLO news.example\r\n", OFFERS, Phase.EHLO),
        (lambda: talk.mail("a@b.vn", size=7), b"MAIL FROM:<a@b.vn> SIZE=7\r\n", b"250 2.1.0 ok\r\n", Phase.MAIL),
        (lambda: talk.rcpt("lan@b.vn"), b"RCPT TO:<lan@b.vn>\r\n", b"250 2.1.5 ok\r\n", Phase.RCPT),
        (talk.data, b"DATA\r\n", b"354 go\r\n", Phase.DATA),
        (message, b"a\r\n..b\r\n.\r\n", b"250 2.0.0 queued\r\n", Phase.ANSWER),
        (talk.reset, b"RSET\r\n", b"250 ok\r\n", Phase.RSET),
        (talk.quit, b"QUIT\r\n", b"221 bye\r\n", Phase.QUIT),
    ]
    for intent, said, answer, phase in steps:
        if intent:
            intent()
        assert talk.outgoing() == said
        (reply,) = hear(talk, answer)
        assert reply.phase is phase
    assert talk.idle
    assert talk.outgoing() == b""


def test_replies_to_several_queued_commands_come_in_order() -> None:
    """RFC 2920."""
    talk = greeted()
    talk.mail("a@b.vn")
    talk.rcpt("lan@b.vn")
    talk.data()
    assert talk.outgoing() == b"MAIL FROM:<a@b.vn>\r\nRCPT TO:<lan@b.vn>\r\nDATA\r\n"
    replies = hear(talk, b"250 ok\r\n550 5.1.1 nobody\r\n554 no recipients\r\n")
    assert [(reply.phase, reply.code) for reply in replies] == [
        (Phase.MAIL, 250),
        (Phase.RCPT, 550),
        (Phase.DATA, 554),
    ]


def test_the_doubt_lasts_from_the_dot_to_its_answer() -> None:
    """Only in between does a loss leave open what became of the message."""
    talk = asked_for_content()
    talk.content(b"tin\r\n")
    doubts = [talk.in_doubt]
    talk.end_of_content()
    doubts.append(talk.in_doubt)
    for line in (b"250-2.0.0\r\n", b"250 2.0.0 queued\r\n"):
        hear(talk, line)
        doubts.append(talk.in_doubt)
    assert doubts == [False, True, True, False]


# -- replies -----------------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60)
REPLIES = st.lists(st.tuples(st.integers(200, 599), st.lists(WORDS, min_size=1, max_size=5)), min_size=1, max_size=5)


def as_bytes(code: int, lines: list[str]) -> bytes:
    return b"".join(
        f"{code}{' ' if number == len(lines) else '-'}{line}\r\n".encode() for number, line in enumerate(lines, 1)
    )


def heard_in_pieces(data: bytes, cuts: list[int], expected: int) -> list[str]:
    """What a conversation makes of bytes that come cut; the fault, if there is one, comes last."""
    talk = greeted()
    for _ in range(expected):
        talk.reset()
    edges = [0, *sorted({cut for cut in cuts if cut < len(data)}), len(data)]
    heard: list[str] = []
    try:
        for start, end in pairwise(edges):
            talk.receive(data[start:end])
            while reply := talk.next_reply():
                heard.append(repr(reply))
    except ProtocolError as error:
        heard.append(str(error))
    return heard


@given(REPLIES, st.binary(max_size=40), st.lists(st.integers(0, 600)))
def test_replies_are_the_same_however_the_bytes_are_cut(
    replies: list[tuple[int, list[str]]], rest: bytes, cuts: list[int]
) -> None:
    """TCP keeps no borders. Complete replies are heard even where nonsense follows them."""
    data = b"".join(as_bytes(code, lines) for code, lines in replies) + rest
    whole = heard_in_pieces(data, [], len(replies))
    assert heard_in_pieces(data, cuts, len(replies)) == whole
    assert heard_in_pieces(data, list(range(len(data))), len(replies)) == whole
    assert len(whole) >= len(replies)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_in_any_other_way(data: bytes) -> None:
    """A server may send what it likes."""
    talk = SmtpProtocol("news.example")
    try:
        hear(talk, data)
    except ProtocolError as error:
        assert str(error).isprintable()


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"220\tmail\r\n",
        b"199 what\r\n",
        b"600 what\r\n",
        b"220-one\r\n250 two\r\n",
        b"\r\n",
        b"220 " + b"x" * LONGEST_LINE + b"\r\n",
        b"x" * (LONGEST_LINE + 1),
        b"220-more\r\n" * (MOST_LINES + 1),
        GREETING + b"250 who asked\r\n",
    ],
    ids=lambda data: data[:20].decode().strip(),
)
def test_what_is_no_smtp_is_refused(data: bytes) -> None:
    """And what is too much of it: a reply is not kept in memory without bounds."""
    with pytest.raises(ProtocolError):
        hear(SmtpProtocol("news.example"), data)


def test_a_reply_that_came_before_its_command_is_not_taken_for_its_answer() -> None:
    """Else every later reply would answer the command before."""
    talk = greeted()
    talk.receive(b"250 early\r\n")
    with pytest.raises(ProtocolError):
        talk.mail("a@b.vn")
    assert talk.outgoing() == b""


def test_a_421_may_come_unasked() -> None:
    """The server is closing (RFC 5321, section 3.8): the next command has its answer already."""
    talk = greeted()
    assert [reply.code for reply in hear(talk, b"421 4.3.2 shutting down\r\n")] == [421]
    talk = greeted()
    talk.receive(b"421 4.3.2 shutting down\r\n")
    talk.mail("a@b.vn")
    assert [(reply.code, reply.phase) for reply in hear(talk, b"")] == [(421, Phase.MAIL)]


@pytest.mark.parametrize(
    ("line", "enhanced"),
    [
        ("550 5.1.1 nobody here", "5.1.1"),
        ("550 5.1.1", "5.1.1"),
        ("452 4.2.255 full", "4.2.255"),
        ("550 nobody 5.1.1 here", ""),
        ("550 5.1.1.2 what", ""),
        ("550 version 5.1", ""),
        ("550", ""),
    ],
)
def test_the_enhanced_code_is_read_where_it_stands_first(line: str, enhanced: str) -> None:
    (reply,) = hear(SmtpProtocol("news.example"), line.encode() + b"\r\n")
    assert reply.enhanced == enhanced


def test_a_reply_shown_to_staff_has_no_control_characters() -> None:
    """A log is read on a terminal."""
    (reply,) = hear(SmtpProtocol("news.example"), "220 a\x1b[2Jb\x9bc\x07\r\n".encode())
    assert str(reply).isprintable()


# -- what the server offers --------------------------------------------------------------------------------------------


def test_offers_are_read_without_regard_to_case() -> None:
    talk = greeted()
    assert talk.offers("SMTPUTF8") and talk.offers("8BITMIME") and not talk.offers("CHUNKING")
    assert talk.largest == 35000
    assert talk.mechanisms == {"PLAIN", "LOGIN"}


def test_the_old_form_of_auth_adds_to_the_new_one() -> None:
    talk = SmtpProtocol("news.example")
    hear(talk, GREETING)
    talk.ehlo()
    hear(talk, b"250-mail.example\r\n250-AUTH PLAIN\r\n250-AUTH=LOGIN\r\n250 SIZE\r\n")
    assert talk.mechanisms == {"PLAIN", "LOGIN"}
    assert talk.offers("SIZE") and talk.largest == 0


@pytest.mark.parametrize("size", ["²", "٣٤", "9" * 900, "-1", "many", "1 2"])
def test_a_size_that_is_no_number_is_no_limit(size: str) -> None:
    """A limit is of ASCII digits, twenty at most (RFC 1870, section 3)."""
    talk = SmtpProtocol("news.example")
    hear(talk, GREETING)
    talk.ehlo()
    hear(talk, f"250-mail.example\r\n250 SIZE {size}\r\n".encode())
    assert talk.offers("SIZE") and talk.largest == 0


def test_what_was_offered_in_the_clear_is_forgotten_after_starttls() -> None:
    """RFC 3207, section 4.2: somebody in between may have written it."""
    talk = greeted()
    talk.starttls()
    hear(talk, b"220 go\r\n")
    talk.tls_started()
    assert talk.extensions == {}


@pytest.mark.parametrize("more", [b"250 injected\r\n", b"2", b"250-half\r\n"])
def test_bytes_that_follow_the_answer_to_starttls_are_refused(more: bytes) -> None:
    talk = greeted()
    talk.starttls()
    talk.receive(b"220 go\r\n" + more)
    reply = talk.next_reply()
    assert reply and reply.ok
    with pytest.raises(ProtocolError):
        talk.next_reply()
        talk.tls_started()


# -- what goes out -----------------------------------------------------------------------------------------------------


def test_logging_in() -> None:
    talk = greeted()
    talk.auth_plain("lan", "mật khẩu")
    secret = base64.b64encode("\0lan\0mật khẩu".encode())
    assert talk.outgoing() == b"AUTH PLAIN " + secret + b"\r\n"
    hear(talk, b"235 ok\r\n")
    talk.auth_login()
    hear(talk, b"334 VXNlcm5hbWU6\r\n")
    talk.auth_answer("lan")
    assert talk.outgoing() == b"AUTH LOGIN\r\n" + base64.b64encode(b"lan") + b"\r\n"


def test_mail_says_only_what_the_server_knows() -> None:
    """SIZE where it is offered; SMTPUTF8 and 8BITMIME where the message needs them."""
    talk = greeted()
    talk.mail("a@b.vn", size=12, utf8=True)
    assert talk.outgoing() == b"MAIL FROM:<a@b.vn> SIZE=12 BODY=8BITMIME SMTPUTF8\r\n"
    talk = greeted()
    talk.extensions = {}
    talk.mail("a@b.vn", size=12)
    assert talk.outgoing() == b"MAIL FROM:<a@b.vn>\r\n"


@pytest.mark.parametrize(
    "address",
    ["a@b.vn\r\nRCPT TO:<x@y.vn", "a@b.vn\n", "a@b.vn> SIZE=1", "a<b@c.vn", "a b@c.vn", "a\0@b.vn", "a\u2028@b.vn"],
)
def test_no_address_can_add_a_command(address: str) -> None:
    talk = greeted()
    with pytest.raises(SmuggledLine):
        talk.mail(address)
    assert talk.outgoing() == b"" and talk.idle and not talk.in_transaction
    talk.mail("a@b.vn")
    talk.outgoing()
    with pytest.raises(SmuggledLine):
        talk.rcpt(address)
    assert talk.outgoing() == b""


@pytest.mark.parametrize("message", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\r\n", b"\n.\r\nMAIL FROM:<x@y>\r\n", b"a\r"])
def test_content_with_a_bare_line_end_is_refused(message: bytes) -> None:
    """What some servers would take for the end of the message, and the rest for commands (CVE-2023-51764 and its kin)."""
    talk = asked_for_content()
    with pytest.raises(SmuggledLine):
        talk.content(message)
    assert talk.outgoing() == b""


@given(st.lists(st.text(st.sampled_from(".ab \t\x00é"), max_size=6), max_size=12), st.booleans())
def test_content_comes_out_of_its_dots_as_it_was(lines: list[str], ended: bool) -> None:
    """Whatever stands in it, no line is the lone dot that would end it early (section 4.5.2)."""
    message = "\r\n".join(lines).encode() + (b"\r\n" if ended else b"")
    travelling = dot_stuff(message)
    assert travelling.endswith(b"\r\n")
    sent = travelling.removesuffix(b"\r\n").split(b"\r\n")
    assert b"." not in sent
    received = b"".join((line[1:] if line.startswith(b".") else line) + b"\r\n" for line in sent)
    assert received == (message if message.endswith(b"\r\n") else message + b"\r\n")


def test_nothing_is_said_out_of_turn() -> None:
    """No content before the 354, and no command inside content: it would be a line of the message."""
    talk = greeted()
    with pytest.raises(OutOfTurn):
        talk.content(b"tin\r\n")
    with pytest.raises(OutOfTurn):
        talk.end_of_content()
    talk = asked_for_content()
    with pytest.raises(OutOfTurn):
        talk.quit()
    assert not talk.idle


# -- one after the other -----------------------------------------------------------------------------------------------

WITHOUT_PIPELINING = b"250-mail.example\r\n250-SIZE\r\n250 8BITMIME\r\n"


@pytest.mark.parametrize("offers", [WITHOUT_PIPELINING, OFFERS], ids=["alone", "in groups"])
def test_only_pipelining_lets_a_command_go_before_the_reply_to_the_last(offers: bytes) -> None:
    """Exim drops a client that does it unasked (`smtp_enforce_sync`), OpenSMTPD ends the session."""
    talk = SmtpProtocol("news.example")
    with pytest.raises(OutOfTurn):
        talk.ehlo()  # before the greeting
    hear(talk, GREETING)
    talk.ehlo()
    with pytest.raises(OutOfTurn):
        talk.mail("a@b.vn")
    hear(talk, offers)
    talk.outgoing()
    talk.reset()
    if talk.pipelines:
        talk.mail("a@b.vn")
        assert talk.outgoing() == b"RSET\r\nMAIL FROM:<a@b.vn>\r\n"
    else:
        with pytest.raises(OutOfTurn):
            talk.mail("a@b.vn")
        assert talk.outgoing() == b"RSET\r\n"


def test_a_command_whose_reply_changes_the_state_is_the_last_of_its_group() -> None:
    """RFC 2920, section 3.1."""
    talk = greeted()
    talk.mail("a@b.vn")
    talk.rcpt("lan@b.vn")
    talk.data()
    for intent in (talk.reset, talk.quit, talk.ehlo, lambda: talk.rcpt("mai@b.vn")):
        with pytest.raises(OutOfTurn):
            intent()
    assert talk.outgoing().endswith(b"DATA\r\n")


@pytest.mark.parametrize(
    ("replies", "open_"),
    [
        ("250 ok|550 5.1.1 nobody|554 no recipients", True),
        ("250 ok|450 4.2.1 later|554 no recipients", True),
        ("250 ok|250 ok|451 4.3.0 later", True),
        ("451 4.3.0 later|503 first MAIL|503 first MAIL", False),
        ("550 5.7.1 not from you|503 first MAIL|503 first MAIL", False),
    ],
)
def test_a_transaction_stays_open_until_it_is_ended(replies: str, open_: bool) -> None:
    """A server that refused the recipient still has the sender, and answers the next MAIL with `503 nested MAIL command`."""
    talk = greeted()
    talk.mail("a@b.vn")
    talk.rcpt("lan@b.vn")
    talk.data()
    for reply in replies.split("|"):
        hear(talk, reply.encode() + b"\r\n")
    assert talk.in_transaction is open_
    if open_:
        with pytest.raises(OutOfTurn):
            talk.mail("a@b.vn")
        talk.reset()
    talk.mail("a@b.vn")


@pytest.mark.parametrize("end", ["reset", "dot", "empty", "ehlo", "tls"])
def test_what_ends_a_transaction(end: str) -> None:
    talk = asked_for_content() if end in ("dot", "empty") else greeted()
    if end not in ("dot", "empty"):
        talk.mail("a@b.vn")
        hear(talk, b"250 ok\r\n")
    begun = [talk.in_transaction]
    {
        "reset": talk.reset,
        "dot": talk.end_of_content,
        "empty": talk.no_content,
        "ehlo": talk.ehlo,
        "tls": talk.starttls,
    }[end]()
    hear(talk, b"250 ok\r\n")
    if end == "tls":
        talk.tls_started()
    begun.append(talk.in_transaction)
    assert begun == [True, False]
    talk.mail("a@b.vn")


def test_a_refused_rset_has_ended_nothing() -> None:
    talk = greeted()
    talk.mail("a@b.vn")
    hear(talk, b"250 ok\r\n")
    talk.reset()
    hear(talk, b"554 too many nonmail commands\r\n")
    with pytest.raises(OutOfTurn):
        talk.mail("a@b.vn")


def test_offers_are_forgotten_with_the_next_ehlo() -> None:
    """And an answer to HELO offers nothing, whatever it says: its lines are for people (section 4.1.1.1)."""
    talk = greeted()
    talk.ehlo()
    assert not talk.pipelines
    hear(talk, WITHOUT_PIPELINING)
    assert talk.offers("8BITMIME") and not talk.pipelines
    talk.ehlo()
    hear(talk, b"502 what\r\n")
    assert talk.extensions == {}
    talk.helo()
    (reply,) = hear(talk, OFFERS)
    assert reply.phase is Phase.HELO and talk.extensions == {}
