"""The client's side of SMTP (RFC 5321) as a state machine without I/O: bytes in, replies out; intents in, bytes out. Pure.

    GREETING ─▶ EHLO ─▶ ready ─▶ MAIL ─▶ RCPT ─▶ DATA ─354─▶ content, dot ─▶ ANSWER ─▶ ready
                 └─▶ STARTTLS ─▶ (TLS) ─▶ EHLO anew         refused: RSET ─▶ ready     ready ─▶ QUIT

Commands are queued with the phase whose reply they expect, one reply each, so that several may be on the way at once:
with pipelining (RFC 2920) the next message's MAIL, RCPT and DATA travel with the end of the last one, and a message costs
one round trip. Two things cannot be said at all, whoever asks for them (OutOfTurn): a command before the reply to the last
one, unless the server offers PIPELINING and the last one may be followed in a group; and a MAIL inside a transaction
(section 3.3), which is a thing of the connection and outlives the message that began it. What matters most is the phase
in which a connection ends: before the final dot a server must not deliver (section 4.1.1.4), after it only its reply tells.

Every line that is sent passes one gate that refuses CR and LF, and message content is dot-stuffed here (section 4.5.2)
and refused with a bare CR or LF, so that no recipient, header or body can add a command of its own (SMTP smuggling).
"""

from __future__ import annotations

import base64
import re
from collections import deque
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

LONGEST_LINE = 1000  # octets that we read of one reply line; RFC 5321 allows 512
MOST_LINES = 64  # lines of one reply
_CODE = re.compile(rb"([2-5][0-9][0-9])([ -]|$)")
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_IN_PATH = re.compile(r"[<> \x00-\x1f\x7f-\x9f\u2028\u2029]")


class Phase(Enum):
    """What an expected reply is about, and so what a loss of the connection means."""

    GREETING = "greeting"
    EHLO = "EHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    ANSWER = "the end of the message"  # the dot is out: from here on a loss leaves the outcome open
    RSET = "RSET"
    QUIT = "QUIT"


# What other commands may follow in a group before its reply is there. Of all others the reply changes the state, so that
# they can only be the last of a group (RFC 2920, section 3.1).
_FOLLOWED = frozenset({Phase.MAIL, Phase.RCPT, Phase.ANSWER, Phase.RSET})


class ProtocolError(Exception):
    """The server sent what is no SMTP, too much of it, or without being asked."""


class SmuggledLine(ValueError):
    """A command or content of ours holds a line end where none may be. Nothing was queued."""


class OutOfTurn(RuntimeError):
    """We say what cannot be said now, a MAIL inside a transaction for instance: a mistake of ours. Nothing was queued."""


class Reply(NamedTuple):
    """One reply: its code, its lines without codes, and the phase it answers."""

    code: int
    lines: tuple[str, ...]
    phase: Phase

    @property
    def ok(self) -> bool:
        return 200 <= self.code < 300

    @property
    def permanent(self) -> bool:
        return 500 <= self.code < 600

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 3463), such as 5.1.1; empty where the server gives none."""
        match = _ENHANCED.match(self.lines[0]) if self.lines else None
        return match.group(1) if match else ""

    @property
    def greylisted(self) -> bool:
        """Whether the server wants to be asked again later, to see that we are no passing spammer."""
        return is_greylisting(str(self))

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.lines)}".strip()


def is_greylisting(reply: str) -> bool:
    """By its words: there is no code of its own for it; most use 450 or 451, often with 4.7.1 (RFC 6647, section 2.3)."""
    return reply.startswith("4") and bool(re.search(r"(?i)gr[ea]y-?list", reply))


class SmtpProtocol:
    """One connection. What came goes into `receive`, what it means comes from `next_reply`; what is to be said is an
    intent (`ehlo`, `mail`, …), and `outgoing` gives the bytes to be written.

    Intents only queue: the caller writes, then receives until the reply is there.
    """

    def __init__(self, hostname: str) -> None:
        self._hostname = hostname
        self._buffer = b""
        self._lines: list[str] = []
        self._code = 0
        self._expected: deque[Phase] = deque([Phase.GREETING])
        self._out: list[bytes] = []
        self._in_content = False
        self._begun = False
        self.extensions: dict[str, str] = {}

    # -- what came in ------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take bytes as they came, cut anywhere."""
        self._buffer += data

    def next_reply(self) -> Reply | None:
        """The next complete reply, or None until more has come. Raises ProtocolError for what is no SMTP.

        A reply that was complete before the nonsense is still given, however the bytes were cut: a 250 is a 250.
        """
        while True:
            line, end, rest = self._buffer.partition(b"\n")
            if len(line) > LONGEST_LINE:
                raise ProtocolError(f"a reply line of more than {LONGEST_LINE} octets")
            if not end:
                return None
            self._buffer = rest
            reply = self._line(line.rstrip(b"\r"))
            if reply:
                return reply

    def _line(self, line: bytes) -> Reply | None:
        code, text, more = _parse_line(line)
        if not code or (self._lines and code != self._code):
            raise ProtocolError(f"not a reply of SMTP: {printable(line[:80])!r}")
        self._code = code
        self._lines.append(text)
        if len(self._lines) > MOST_LINES:
            raise ProtocolError(f"a reply of more than {MOST_LINES} lines")
        return None if more else self._completed()

    def _completed(self) -> Reply:
        lines, self._lines = tuple(self._lines), []
        if not self._expected and self._code != 421:  # 421 may come unasked: the server is closing (section 3.8)
            raise ProtocolError(f"a reply to nothing: {self._code} {lines[0]}")
        phase = self._expected.popleft() if self._expected else Phase.QUIT
        reply = Reply(self._code, lines, phase)
        self._follow(reply)
        return reply

    def _follow(self, reply: Reply) -> None:
        """What the reply changes. Where the next MAIL is on the way already, it is that one's transaction which counts."""
        phase = reply.phase
        if phase in (Phase.EHLO, Phase.HELO) and reply.ok:  # the answer to HELO offers nothing
            self.extensions = _extensions(reply) if phase is Phase.EHLO else {}
            self._begun = False  # as after RSET (section 4.1.4)
        elif phase is Phase.DATA and reply.code == 354:
            self._in_content = True
        elif phase is Phase.MAIL and not reply.ok and Phase.MAIL not in self._expected:
            self._begun = False
        elif phase is Phase.RSET and not reply.ok and Phase.MAIL not in self._expected:
            self._begun = True  # for all we know

    @property
    def phase(self) -> Phase | None:
        """What the next reply will answer; None when none is expected."""
        return self._expected[0] if self._expected else None

    @property
    def in_transaction(self) -> bool:
        """Whether a MAIL was said and neither the end of its message nor RSET after it: RSET must come before the next."""
        return self._begun

    @property
    def in_doubt(self) -> bool:
        """Whether the end of a message is out and not answered: a loss now leaves its outcome open."""
        return Phase.ANSWER in self._expected

    @property
    def idle(self) -> bool:
        """Whether nothing is on the way: a good moment for QUIT."""
        return not self._expected and not self._in_content and not self._out

    # -- what goes out -----------------------------------------------------------------------------------------------

    def outgoing(self) -> bytes:
        """The bytes to be written now; they are forgotten here."""
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)  # a message is not copied
        self._out.clear()
        return data

    def ehlo(self) -> None:
        """Ask what the server offers; what it has offered before is forgotten."""
        self._command(f"EHLO {self._hostname}", Phase.EHLO)
        self.extensions = {}

    def helo(self) -> None:
        """For a server that does not know EHLO (section 3.2)."""
        self._command(f"HELO {self._hostname}", Phase.HELO)
        self.extensions = {}

    def starttls(self) -> None:
        self._command("STARTTLS", Phase.STARTTLS)

    def tls_started(self) -> None:
        """Forget what was said in the clear (RFC 3207, section 4.2). Raises ProtocolError for bytes sent too early."""
        if self._buffer or self._lines:
            raise ProtocolError("bytes after the reply to STARTTLS, before TLS: somebody is in between")
        self.extensions = {}
        self._begun = False

    def auth_plain(self, username: str, password: str) -> None:
        """RFC 4616."""
        secret = base64.b64encode(f"\0{username}\0{password}".encode()).decode()
        self._command(f"AUTH PLAIN {secret}", Phase.AUTH)

    def auth_login(self) -> None:
        """The old way: two questions, each answered with `auth_answer`."""
        self._command("AUTH LOGIN", Phase.AUTH)

    def auth_xoauth2(self, username: str, token: str) -> None:
        """An access token instead of a password, as Google and Microsoft ask for it. A refusal comes as a question with
        the reason in it, which is answered with nothing."""
        secret = base64.b64encode(xoauth2(username, token)).decode()
        self._command(f"AUTH XOAUTH2 {secret}", Phase.AUTH)

    def auth_answer(self, text: str) -> None:
        self._command(base64.b64encode(text.encode()).decode(), Phase.AUTH)

    def mail(
        self, sender: str, *, size: int = 0, utf8: bool = False, eight_bit: bool = False, envelope_id: str = ""
    ) -> None:
        """MAIL FROM, with SIZE (RFC 1870) where the server offers it. `utf8`: an address or header is not ASCII, which
        takes SMTPUTF8 and 8BITMIME (RFC 6531, section 3.4, and 6152); `eight_bit`: the body is not; the caller has asked
        whether they are offered. `envelope_id` comes back in bounces, which then hold headers only (RFC 3461).

        Raises OutOfTurn inside a transaction: RSET ends one whose message was not sent.
        """
        if self._begun:
            raise OutOfTurn("MAIL inside a transaction")
        words = [f"MAIL FROM:<{_path(sender)}>"]
        if size and self.offers("SIZE"):
            words.append(f"SIZE={size}")
        if utf8 or eight_bit:
            words.append("BODY=8BITMIME")
        if utf8:
            words.append("SMTPUTF8")
        if envelope_id and self.offers("DSN"):
            words.append(f"RET=HDRS ENVID={_xtext(envelope_id)}")
        self._command(" ".join(words), Phase.MAIL)
        self._begun = True

    def rcpt(self, recipient: str, *, notify: bool = False) -> None:
        """RCPT TO. `notify`: a bounce is wanted that names the address as it is here, where the server offers that."""
        self._within(Phase.RCPT)
        words = f"RCPT TO:<{_path(recipient)}>"
        if notify and self.offers("DSN") and recipient.isascii():
            words += f" NOTIFY=FAILURE ORCPT=rfc822;{_xtext(recipient)}"
        self._command(words, Phase.RCPT)

    def data(self) -> None:
        self._within(Phase.DATA)
        self._command("DATA", Phase.DATA)

    def content(self, message: bytes, *, ready: bool = False) -> None:
        """The message without its end, after a 354. `ready`: dots are doubled and line ends looked at already. Raises
        SmuggledLine unless every line ends with CRLF."""
        if not self._in_content:
            raise OutOfTurn("no message was asked for")
        self._out.append(message if ready else dot_stuff(message))

    def end_of_content(self) -> None:
        """The dot. After this only the server's reply tells what became of the message."""
        if not self._in_content:
            raise OutOfTurn("no message was asked for")
        self._dot(Phase.ANSWER)

    def no_content(self) -> None:
        """A dot and nothing before it: the way out where a server asks for a message of which it has refused the recipient
        (RFC 2920, section 3.1). Its answer is a refusal, or a message without a recipient."""
        if not self._in_content:
            raise OutOfTurn("no message was asked for")
        self._dot(Phase.RSET)

    def reset(self) -> None:
        """End the transaction, if there is one, without a message (section 4.1.1.5)."""
        self._command("RSET", Phase.RSET)
        self._begun = False

    def quit(self) -> None:
        self._command("QUIT", Phase.QUIT)

    def _command(self, line: str, phase: Phase) -> None:
        if not line.isprintable() and _CONTROL.search(line):  # the search is slower, and what can be printed has none
            raise SmuggledLine("a command must not hold line ends or control characters")
        if self._in_content:
            raise OutOfTurn(f"{phase.value} inside a message")
        if self._expected and not (self.pipelines and self._expected[-1] in _FOLLOWED):
            raise OutOfTurn(f"{phase.value} before the reply to {self._expected[-1].value}")
        self._queue(line.encode() + b"\r\n", phase)

    def _within(self, phase: Phase) -> None:
        if not self._begun:
            raise OutOfTurn(f"{phase.value} outside of a transaction")

    def _dot(self, phase: Phase) -> None:
        """The end of a message, which ends its transaction, whatever the answer (section 4.1.1.4)."""
        self._queue(b".\r\n", phase)
        self._in_content = self._begun = False

    def _queue(self, data: bytes, phase: Phase) -> None:
        """Raises ProtocolError where a reply came before we asked: it would be taken for the answer to this."""
        if not self._expected and self._buffer and not self._buffer.startswith(b"421"):
            raise ProtocolError(f"a reply to nothing: {printable(self._buffer[:80])}")
        self._out.append(data)
        self._expected.append(phase)

    # -- what the server offers --------------------------------------------------------------------------------------

    def offers(self, extension: str) -> bool:
        return extension in self.extensions

    @property
    def pipelines(self) -> bool:
        """Whether commands may be sent before the last one is answered (RFC 2920)."""
        return "PIPELINING" in self.extensions

    @property
    def mechanisms(self) -> frozenset[str]:
        """The ways of authentication that the server names."""
        return frozenset(self.extensions.get("AUTH", "").upper().split())

    @property
    def largest(self) -> int:
        """The largest message in octets that the server takes; 0 where it does not say (RFC 1870, section 3)."""
        value = self.extensions.get("SIZE", "")
        return int(value) if re.fullmatch(r"[0-9]{1,20}", value) else 0


def reject_bare_newlines(text: bytes) -> None:
    """Raises SmuggledLine for a CR or LF alone: servers differ in what they take for the end of a line."""
    crlf = text.count(b"\r\n")
    if text.count(b"\n") != crlf or text.count(b"\r") != crlf:
        raise SmuggledLine("a message must end its lines with CRLF and hold no other CR or LF")


def dot_stuff(message: bytes) -> bytes:
    """Content as it travels: leading dots doubled, ended by CRLF. Raises SmuggledLine for a bare CR or LF."""
    reject_bare_newlines(message)
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    message = message.replace(b"\r\n.", b"\r\n..")
    return b"." + message if message.startswith(b".") else message


def xoauth2(username: str, token: str) -> bytes:
    """What logs in with a token, before base64: the same for SMTP, IMAP and POP3."""
    return f"user={username}\x01auth=Bearer {token}\x01\x01".encode()


def _xtext(text: str) -> str:
    """Text of an option: `+`, `=` and what is not visible ASCII in hexadecimal (RFC 3461, section 4)."""
    return "".join(sign if "!" <= sign <= "~" and sign not in "+=" else f"+{ord(sign):02X}" for sign in text)


def reject_unsafe_path(address: str) -> None:
    """Raises SmuggledLine for an address that cannot stand in a command."""
    if _NOT_IN_PATH.search(address):
        raise SmuggledLine(f"{address!r} cannot stand in a command")


def _path(address: str) -> str:
    reject_unsafe_path(address)
    return address


@lru_cache(maxsize=64)  # a server says the same four lines for each message
def _parse_line(line: bytes) -> tuple[int, str, bool]:
    """The code of a line of a reply, its text, and whether more lines follow; the code is 0 where it is none."""
    match = _CODE.match(line)
    return (int(match[1]), printable(line[4:]), match[2] == b"-") if match else (0, "", False)


def _extensions(reply: Reply) -> dict[str, str]:
    """What the lines after the first one offer: keyword and parameters (section 4.1.1.1)."""
    offered: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _, parameters = re.sub(r"(?i)^AUTH=", "AUTH ", line).partition(" ")  # the form of old servers
        offered[keyword.upper()] = f"{offered.get(keyword.upper(), '')} {parameters}".strip()
    return offered


def printable(line: bytes) -> str:
    """What a server said, fit for a log that is read on a terminal."""
    return _CONTROL.sub("?", line.decode("utf-8", "replace"))[:500]
