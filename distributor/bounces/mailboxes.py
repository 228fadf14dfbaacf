"""The mailboxes that bounces come back to: a Maildir, IMAP or POP3, the latter two over TLS.

A mailbox is opened, gives its new messages, and learns which of them are done once the store has committed what they say:
never before, so that a crash repeats a message rather than losing it. Done means: moved into `cur` and marked as seen
(Maildir), marked as seen or moved (IMAP), deleted (POP3). What nobody calls done stays as it was.
"""

from __future__ import annotations

import base64
import contextlib
import imaplib
import poplib
import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..config.bounces import BounceMailboxSettings
from ..errors import AuthBroken, Unavailable
from ..mail.connection import run_token_command
from ..mail.smtp_protocol import xoauth2
from ..text import clean_line
from .mime_reader import MOST

_POP_ENDLESS = 32 * 1024 * 1024  # octets of a line, from which it is no message
PATIENCE = 30.0  # seconds that a server may take for an answer
_POP_LINE = (
    65_536  # octets of a line that are kept; with the library's 2048 one odd message would bar the way to all others
)


@dataclass(frozen=True, slots=True)
class MailboxMessage:
    """A message in a box: the name that it has there for good, and its beginning."""

    key: str
    content: bytes


class UnreadableMessage(Exception):
    """One message cannot be had, for its own reason; the mailbox and the others can."""


class MailboxReader(Protocol):
    """An open mailbox. Every method raises Unavailable where the mailbox cannot be read or changed any more."""

    def waiting(self) -> Sequence[str]:
        """The names of all new messages, oldest first."""
        ...

    def take(self, key: str) -> MailboxMessage | None:
        """A message; None where it is gone meanwhile. Raises Unreadable where it alone is the matter."""
        ...

    def done(self, keys: Sequence[str]) -> None:
        """These are dealt with, for good."""
        ...


@contextlib.contextmanager
def open_mailbox(settings: BounceMailboxSettings) -> Iterator[MailboxReader]:
    """The mailbox, open for the length of the block. Raises Unavailable, or AuthBroken where it refuses our login."""
    opener = {"maildir": _maildir, "imap": _imap, "pop3": _pop3}[settings.type]
    with contextlib.ExitStack() as stack:
        with _translated_errors(settings):
            box = stack.enter_context(opener(settings))
        yield _TranslatingReader(box, settings)
        with _translated_errors(settings):
            stack.close()


@dataclass(frozen=True, slots=True)
class _TranslatingReader:
    """A box whose errors are ours."""

    box: MailboxReader
    settings: BounceMailboxSettings

    def waiting(self) -> Sequence[str]:
        with _translated_errors(self.settings):
            return self.box.waiting()

    def take(self, key: str) -> MailboxMessage | None:
        with _translated_errors(self.settings):
            return self.box.take(key)

    def done(self, keys: Sequence[str]) -> None:
        with _translated_errors(self.settings):
            self.box.done(keys)


@contextlib.contextmanager
def _translated_errors(settings: BounceMailboxSettings) -> Iterator[None]:
    """The errors of three libraries as ours."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise Unavailable(f"{settings}: its certificate is not valid: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise Unavailable(f"{settings}: no TLS: {error.reason or error}") from error
    except TimeoutError as error:
        raise Unavailable(f"{settings}: no answer in {PATIENCE:g} s") from error
    except OSError as error:
        raise Unavailable(f"{settings}: {error.strerror or error}") from error
    except (imaplib.IMAP4.error, poplib.error_proto) as error:
        raise Unavailable(f"{settings}: {_words(error)}") from error
    except (ValueError, IndexError, UnicodeError) as error:  # the libraries, on answers that are none
        raise Unavailable(f"{settings}: an answer that cannot be read: {_words(error)}") from error


def _words(error: BaseException) -> str:
    said = error.args[0] if error.args else error
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return clean_line(text)[:300]


# -- Maildir -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Maildir:
    """New is what lies in `new`, and in `cur` without the mark of having been seen (cr.yp.to/proto/maildir.html)."""

    folder: Path

    def waiting(self) -> Sequence[str]:
        fresh = [f"new/{name}" for name in self._names("new")]
        return fresh + [f"cur/{name}" for name in self._names("cur") if "S" not in _flags(name)]

    def _names(self, part: str) -> list[str]:
        return sorted(file.name for file in (self.folder / part).iterdir() if not file.name.startswith("."))

    def take(self, key: str) -> MailboxMessage | None:
        file = self.folder / key
        try:
            if not file.is_file():
                return None
            with file.open("rb") as message:
                return MailboxMessage(key, message.read(MOST))
        except FileNotFoundError:  # an email program has moved it
            return None
        except OSError as error:
            raise UnreadableMessage(error.strerror or str(error)) from error

    def done(self, keys: Sequence[str]) -> None:
        faults = []
        for key in keys:
            name = key.partition("/")[2]
            flags = "".join(sorted({*_flags(name), "S"}))
            try:
                (self.folder / key).rename(self.folder / "cur" / f"{name.partition(':2,')[0]}:2,{flags}")
            except FileNotFoundError:
                continue
            except OSError as error:  # a name without room for the mark; it is read again, and known
                faults.append(error)
        if faults and len(faults) == len(keys) > 1:
            raise faults[0]  # it is the folder


def _flags(name: str) -> str:
    return name.partition(":2,")[2]


@contextlib.contextmanager
def _maildir(settings: BounceMailboxSettings) -> Iterator[MailboxReader]:
    folder = Path(settings.folder)
    if not ((folder / "new").is_dir() and (folder / "cur").is_dir()):
        raise Unavailable(f"{settings}: is no Maildir: it must hold the folders new and cur")
    yield _Maildir(folder)


# -- IMAP --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Imap:
    """RFC 3501 by unique numbers. The message is looked at without marking it; a key holds the folder's validity too."""

    server: imaplib.IMAP4_SSL
    validity: str
    move_to: str

    def waiting(self) -> Sequence[str]:
        answer = _good(self.server.uid("SEARCH", "UNSEEN", "UNDELETED"), "SEARCH")
        numbers = answer[0] if answer and isinstance(answer[0], bytes) else b""
        return [f"{self.validity}.{number.decode('ascii')}" for number in numbers.split()]

    def take(self, key: str) -> MailboxMessage | None:
        kind, answer = self.server.uid("FETCH", self._number(key), f"(BODY.PEEK[]<0.{MOST}>)")
        if kind != "OK":  # some servers refuse what they cannot read themselves
            raise UnreadableMessage(f"the server answers {kind}: {_said(answer)}")
        contents = [part[1] for part in answer if isinstance(part, tuple)]
        return MailboxMessage(key, contents[0]) if contents else None

    def done(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        numbers = ",".join(map(self._number, keys))
        _good(self.server.uid("STORE", numbers, "+FLAGS.SILENT", r"(\Seen)"), "STORE")
        if self.move_to:
            _good(self.server.uid("MOVE", numbers, _quoted(self.move_to)), f"MOVE to {self.move_to}")

    @staticmethod
    def _number(key: str) -> str:
        return key.rpartition(".")[2]


def _good(answer: tuple[str, Sequence[object]], command: str) -> Sequence[object]:
    """The data of an answer. Raises IMAP4.error where it is a refusal."""
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"{command} was refused: {_said(data)}")
    return data


def _said(data: Sequence[object]) -> str:
    said = data[0] if data and isinstance(data[0], bytes) else b""
    return clean_line(said.decode("utf-8", "replace"))[:200]


def _quoted(name: str) -> str:
    """A folder's name as a quoted string, in the UTF-7 of RFC 3501, section 5.1.3, where it is not ASCII."""
    encoded = re.sub(r"[^ -~]+|&", lambda found: _utf7(found[0]), name)
    return '"' + encoded.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _utf7(text: str) -> str:
    if text == "&":
        return "&-"
    return "&" + text.encode("utf-7").decode("ascii").strip("+-").replace("/", ",") + "-"


def _log_in_by_token(server: imaplib.IMAP4, said: bytes) -> None:
    """A server that refuses first asks what to make of its reason, and is answered with nothing."""
    answers = iter((said, b""))
    server.authenticate("XOAUTH2", lambda _: next(answers, None))


@contextlib.contextmanager
def _imap(settings: BounceMailboxSettings) -> Iterator[MailboxReader]:
    server = imaplib.IMAP4_SSL(settings.host, settings.port or 993, ssl_context=_context(settings), timeout=PATIENCE)
    try:
        try:
            if settings.token_command:
                _log_in_by_token(server, xoauth2(settings.username, run_token_command(settings.token_command)))
            else:
                server.login(settings.username, _password(settings))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise AuthBroken(f"{settings}: the login was refused: {_words(error)}") from error
        _good(server.select(_quoted(settings.folder)), f"folder {settings.folder}")
        if settings.move_to and "MOVE" not in server.capabilities:
            raise Unavailable(f"{settings}: cannot move messages (RFC 6851): leave move_to out")
        validity = server.response("UIDVALIDITY")[1]
        number = validity[0].decode("ascii") if validity and isinstance(validity[0], bytes) else "0"
        yield _Imap(server, number, settings.move_to)
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            server.logout()
        with contextlib.suppress(OSError):
            server.shutdown()  # which a failed logout leaves out


# -- POP3 --------------------------------------------------------------------------------------------------------------


class _Server(poplib.POP3_SSL):
    def _getline(self) -> tuple[bytes, int]:
        line = rest = self.file.readline(_POP_LINE)
        swallowed = 0
        while rest and not rest.endswith(b"\n"):  # of a long line the beginning is enough
            rest = self.file.readline(_POP_LINE)
            swallowed += len(rest)
            if swallowed > _POP_ENDLESS:
                raise poplib.error_proto("a line without end")
        if not rest:
            raise poplib.error_proto("the connection was closed")
        return line.rstrip(b"\r\n"), len(line)

    def log_in_by_token(self, said: bytes) -> None:
        """RFC 5034, which the library does not know; in two steps, because most tokens are longer than a command may be."""
        for line in ("AUTH XOAUTH2", base64.b64encode(said).decode()):
            answer = self._shortcmd(line)  # type: ignore[attr-defined]
        if answer.startswith(b"+ "):  # the reason of a refusal
            self._shortcmd("")  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class _Pop3:
    """RFC 1939. What is deleted is gone when the session ends well. A key is the message's UIDL."""

    server: poplib.POP3_SSL
    numbers: dict[str, int]

    def waiting(self) -> Sequence[str]:
        return list(self.numbers)

    def take(self, key: str) -> MailboxMessage | None:
        number = self.numbers[key]
        try:
            answer: object = self.server.list(number)  # `+OK 7 4711`, as bytes
            size = int(answer.split()[2]) if isinstance(answer, bytes) else 0
            # Of a long message the beginning; how long that is in lines, nobody knows.
            lines = self.server.retr(number)[1] if size <= MOST * 4 else self.server.top(number, 2000)[1]
        except poplib.error_proto as error:
            if _words(error).startswith("-ERR"):  # the server refuses this one; any other error is the connection's
                raise UnreadableMessage(_words(error)) from error
            raise
        return MailboxMessage(key, b"\r\n".join(lines)[:MOST])

    def done(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.server.dele(self.numbers[key])


@contextlib.contextmanager
def _pop3(settings: BounceMailboxSettings) -> Iterator[MailboxReader]:
    server = _Server(settings.host, settings.port or 995, timeout=PATIENCE, context=_context(settings))
    try:
        try:
            if settings.token_command:
                server.log_in_by_token(xoauth2(settings.username, run_token_command(settings.token_command)))
            else:
                server.user(settings.username)
                server.pass_(_password(settings))
        except poplib.error_proto as error:
            raise AuthBroken(f"{settings}: the login was refused: {_words(error)}") from error
        entries = [line.decode("ascii", "replace").split() for line in server.uidl()[1]]
        yield _Pop3(server, {entry[1]: int(entry[0]) for entry in entries if len(entry) == 2})
        server.quit()  # only now are the messages deleted
    finally:
        server.close()


def _context(settings: BounceMailboxSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)


def _password(settings: BounceMailboxSettings) -> str:
    return settings.password.get_secret_value() if settings.password else ""
