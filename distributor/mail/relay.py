"""Carries messages to one SMTP server over asyncio: connects, speaks through `smtp.Conversation`, keeps the time.

One message after the other over one connection, one recipient each. Each phase has a deadline by the wall clock over
all its reads (RFC 5321, section 4.5.3.2), so that a server that drips bytes cannot hold us. The outcome of a recipient:

    2yz to the dot ────────────── Receipt            5yz to RCPT, DATA or the dot ──── Rejected
    4yz, or lost before the dot ─ Unavailable        5yz before any recipient ──────── AuthBroken (our settings)
    lost after the dot ────────── Uncertain          421, or lost between messages ─── connect again, nobody is blamed
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from ..model import Receipt
from .smtp import Conversation, Phase, ProtocolError, Reply

Security = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds that each phase may take; the defaults are those of RFC 5321 where it names some."""

    connect: float = 60
    command: float = 300
    data: float = 120
    content: float = 180
    answer: float = 600
    quit: float = 5

    def of(self, phase: Phase | None) -> float:
        return {Phase.DATA: self.data, Phase.ANSWER: self.answer, Phase.QUIT: self.quit}.get(
            phase or Phase.QUIT, self.command
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where and how to connect. `ca_file` holds the certificates to trust beside none of the system's."""

    host: str
    port: int
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    hostname: str = ""  # how we call ourselves; the machine's name if empty
    per_connection: int = 100  # messages before a new connection is made
    deadlines: Deadlines = Deadlines()

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One message on its way: `key` names it to the caller, `message` makes its bytes when it is its turn."""

    key: str
    sender: str
    recipient: str
    message: Callable[[], bytes]


class _Lost(Exception):
    """The connection is gone, or speaks no SMTP. `doubt`: after the dot, before its reply."""

    def __init__(self, reason: str, *, doubt: bool = False) -> None:
        super().__init__(reason)
        self.doubt = doubt


Allowed = Callable[[str], Awaitable[bool]]
_RECONNECTS = 3  # losses in a row, with nothing carried in between, before the server is left alone


async def carry(
    server: Server, envelopes: Iterable[Envelope], allowed: Allowed
) -> AsyncGenerator[tuple[str, Receipt | DeliveryError], None]:
    """Carry messages, one answer each. `allowed` is asked right before the dot; a message it refuses is not ended.

    Raises Unavailable where the server cannot be reached, AuthBroken where it does not want us at all; the messages
    without an answer are then still to be carried.
    """
    waiting = list(reversed(list(envelopes)))
    losses = 0
    while waiting:
        link = await _Link.open(server)
        try:
            for _ in range(server.per_connection):
                if not waiting:
                    break
                envelope = waiting[-1]
                try:
                    outcome = await link.carry(envelope, allowed)
                except _Lost as lost:
                    if lost.doubt:
                        waiting.pop()
                        losses = 0
                        yield envelope.key, Uncertain(f"{server}: {lost}")
                    elif (losses := losses + 1) >= _RECONNECTS:
                        waiting.pop()
                        losses = 0
                        yield envelope.key, Unavailable(f"{server}: {lost}")
                    break
                waiting.pop()
                losses = 0
                if outcome is not None:
                    yield envelope.key, outcome
                if link.closing:
                    break
        finally:
            await link.close()


async def probe(server: Server) -> None:
    """Connect, log in and leave again, without a message. Raises Unavailable or AuthBroken."""
    link = await _Link.open(server)
    await link.close()


class _Link:
    """One open connection that has said EHLO and is logged in."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.closing = False
        self.talk = Conversation(server.hostname or socket.getfqdn())
        self._replies: list[Reply] = []

    # -- opening -----------------------------------------------------------------------------------------------------

    @classmethod
    async def open(cls, server: Server) -> _Link:
        context = _context(server)
        try:
            async with asyncio.timeout(server.deadlines.connect):
                reader, writer = await asyncio.open_connection(
                    server.host,
                    server.port,
                    ssl=context if server.security == "tls" else None,
                    server_hostname=server.host if server.security == "tls" else None,
                )
        except ssl.SSLCertVerificationError as error:
            raise AuthBroken(f"{server}: its certificate is not valid: {error.verify_message}") from error
        except ssl.SSLError as error:
            raise Unavailable(f"{server}: no TLS could be agreed on: {error.reason}") from error
        except TimeoutError:
            raise Unavailable(f"{server} did not answer in {server.deadlines.connect:g} s") from None
        except OSError as error:
            raise Unavailable(f"{server} cannot be reached: {error.strerror or error}") from error
        link = cls(server, reader, writer)
        try:
            await link._begin(context)
        except _Lost as lost:
            link._abort()
            raise Unavailable(f"{server}: {lost}") from None
        except BaseException:
            link._abort()
            raise
        return link

    async def _begin(self, context: ssl.SSLContext) -> None:
        self._accept(await self._reply())
        await self._hello()
        if self.server.security == "starttls":
            await self._upgrade(context)
        if self.server.username:
            await self._log_in()

    async def _hello(self) -> None:
        self.talk.ehlo()
        reply = await self._reply()
        if reply.code in (500, 502, 504, 550):
            self.talk.helo()
            reply = await self._reply()
        self._accept(reply)

    async def _upgrade(self, context: ssl.SSLContext) -> None:
        if not self.talk.offers("STARTTLS"):
            raise AuthBroken(
                f"{self.server} offers no STARTTLS; set `tls: none` only for a server you trust the way to"
            )
        self.talk.starttls()
        self._accept(await self._reply())
        try:
            self.talk.tls_started()
            async with asyncio.timeout(self.server.deadlines.command):
                await self.writer.start_tls(context, server_hostname=self.server.host)
        except ssl.SSLCertVerificationError as error:
            raise AuthBroken(f"{self.server}: its certificate is not valid: {error.verify_message}") from error
        except ProtocolError as error:
            raise AuthBroken(f"{self.server}: {error}") from error
        except (OSError, TimeoutError) as error:
            raise _Lost(f"TLS failed: {error}") from error
        await self._hello()

    async def _log_in(self) -> None:
        username, password = self.server.username, self.server.password
        if "PLAIN" in self.talk.mechanisms:
            self.talk.auth_plain(username, password)
        elif "LOGIN" in self.talk.mechanisms:
            self.talk.auth_login()
            for answer in (username, password):
                if (await self._reply()).code != 334:
                    break
                self.talk.auth_answer(answer)
        else:
            raise AuthBroken(f"{self.server} offers no way to log in that we know (PLAIN, LOGIN)")
        self._accept(await self._reply())

    def _accept(self, reply: Reply) -> None:
        """A refusal before any recipient is about us, never about a recipient."""
        if reply.ok:
            return
        text = f"{self.server} answered {reply} to {reply.phase.value}"
        if reply.transient:
            raise Unavailable(text)
        raise AuthBroken(text)

    # -- carrying ----------------------------------------------------------------------------------------------------

    async def carry(self, envelope: Envelope, allowed: Allowed) -> Receipt | DeliveryError | None:
        """One message. None where it may not go any more. Raises _Lost; AuthBroken for what is about us."""
        message = envelope.message()
        utf8 = not envelope.recipient.isascii()
        if utf8 and not self.talk.offers("SMTPUTF8"):
            return Rejected(
                f"{self.server} takes no addresses with letters beyond ASCII", reply="553 5.6.7 no SMTPUTF8"
            )
        if 0 < self.talk.largest < len(message):
            return Rejected(f"the message has {len(message)} octets; {self.server} takes {self.talk.largest}")
        self.talk.mail(envelope.sender, size=len(message), smtputf8=utf8)
        reply = await self._reply()
        if not reply.ok:
            return self._refused_sender(reply)
        self.talk.rcpt(envelope.recipient)
        reply = await self._reply()
        if not reply.ok:
            return await self._refused(reply)
        self.talk.data()
        reply = await self._reply()
        if reply.code != 354:
            return await self._refused(reply)
        return await self._content(envelope, message, allowed)

    async def _content(self, envelope: Envelope, message: bytes, allowed: Allowed) -> Receipt | DeliveryError | None:
        self.talk.content(message)
        await self._write(self.server.deadlines.content)
        may_go = False
        try:
            may_go = await allowed(envelope.key)
        finally:
            if not may_go:  # without the dot a server must not deliver (RFC 5321, section 4.1.1.4)
                self._abort()
        if not may_go:
            return None
        self.talk.end_of_content()
        reply = await self._reply()
        if reply.ok:
            return Receipt(reply=str(reply))
        return await self._refused(reply)

    def _refused_sender(self, reply: Reply) -> DeliveryError:
        if reply.transient:
            self.closing = True
            return Unavailable(f"{self.server} answered {reply} to MAIL", reply=str(reply))
        raise AuthBroken(f"{self.server} does not take our sender: {reply}", reply=str(reply))

    async def _refused(self, reply: Reply) -> DeliveryError:
        error: DeliveryError
        text = f"{self.server} answered {reply} to {reply.phase.value}"
        # 552 to RCPT is the old way to say "too many recipients" (section 4.5.3.1.10), and so not for good.
        if reply.transient or (reply.code == 552 and reply.phase is Phase.RCPT) or reply.ok:
            error = Unavailable(text, reply=str(reply))
        else:
            error = Rejected(text, reply=str(reply))
        if not self.closing and reply.phase is not Phase.ANSWER:
            self.talk.reset()
            try:
                self.closing = not (await self._reply()).ok
            except _Lost:
                self.closing = True
        return error

    # -- bytes -------------------------------------------------------------------------------------------------------

    async def _reply(self) -> Reply:
        """Write what is queued and wait for the next reply. A 421 ends the connection (section 3.8)."""
        deadline = self.server.deadlines.of(self.talk.phase)
        try:
            async with asyncio.timeout(deadline):
                await self._flush()
                while not self._replies:
                    data = await self.reader.read(65536)
                    if not data:
                        raise _Lost(self._told("closed the connection"), doubt=self.talk.in_doubt)
                    self._replies += self.talk.receive(data)
        except TimeoutError:
            raise _Lost(self._told(f"gave no answer in {deadline:g} s"), doubt=self.talk.in_doubt) from None
        except ProtocolError as error:
            raise _Lost(self._told(f"sent {error}"), doubt=self.talk.in_doubt) from error
        except OSError as error:
            raise _Lost(self._told(error.strerror or str(error)), doubt=self.talk.in_doubt) from error
        reply = self._replies.pop(0)
        if reply.code == 421:
            self.closing = True
            if reply.phase is not Phase.ANSWER:
                raise _Lost(f"it is closing: {reply}")
        return reply

    async def _write(self, deadline: float) -> None:
        """Write content, which has no reply of its own; a server that does not read is given up."""
        try:
            async with asyncio.timeout(deadline):
                await self._flush()
        except TimeoutError:
            raise _Lost(f"did not take the message in {deadline:g} s") from None
        except OSError as error:
            raise _Lost(error.strerror or str(error)) from error

    async def _flush(self) -> None:
        data = self.talk.outgoing()
        if data:
            self.writer.write(data)
            await self.writer.drain()

    def _told(self, what: str) -> str:
        phase = self.talk.phase
        return f"it {what} after {phase.value}" if phase else f"it {what}"

    def _abort(self) -> None:
        self.closing = True
        self.writer.transport.abort()

    async def close(self) -> None:
        """Say QUIT where that still makes sense; a message that was answered stays answered whatever comes back."""
        if not self.closing and not self.talk.in_doubt:
            self.talk.quit()
            with contextlib.suppress(_Lost):
                await self._reply()
        self.writer.transport.abort()
        with contextlib.suppress(OSError, TimeoutError):
            await self.writer.wait_closed()


def _context(server: Server) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise AuthBroken(f"ca_file {server.ca_file} cannot be read: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
