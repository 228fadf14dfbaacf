"""One connection to an SMTP server over asyncio: opens it, encrypts, logs in, speaks and listens, and keeps the time.

What is said and what it means is in `smtp.Conversation`; here are the bytes and the clock. Each phase has a deadline by
the wall clock over all its reads (RFC 5321, section 4.5.3.2), so that a server that drips bytes cannot hold us.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, ParamSpec

from ..errors import AuthBroken, Unavailable
from .smtp import Conversation, Phase, ProtocolError, Reply, SmuggledLine, shown

Security = Literal["none", "starttls", "tls"]
_Words = ParamSpec("_Words")


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
    """Where and how to connect. `ca_file` holds the certificates to trust, instead of the system's.

    `security`: `tls` from the first byte, `starttls` (required, and verified), or `none`.
    """

    host: str
    port: int
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    hostname: str = ""  # how we call ourselves; the machine's name, or its address in brackets, if empty
    per_connection: int = 100  # messages before a new connection is made
    deadlines: Deadlines = Deadlines()

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Lost(Exception):
    """The connection is gone, closing, or speaks no SMTP. `Link.in_doubt` tells whether a message hangs on it."""


class Link:
    """One open connection that has said EHLO and is logged in. Make it with `Link.open`."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.talk = Conversation(server.hostname or _own_name(writer))
        self.carried = 0  # messages begun
        self.closing = False
        self._reader = reader
        self._writer = writer

    # -- opening -----------------------------------------------------------------------------------------------------

    @classmethod
    async def open(cls, server: Server) -> Link:
        """Connect, encrypt and log in. Raises Unavailable, or AuthBroken for what our settings must mend."""
        context = _context(server)
        link = cls(server, *await _connect(server, context))
        try:
            await link._begin(context)
        except Lost as lost:
            link.abort()
            raise Unavailable(f"{server}: {lost}") from None
        except (SmuggledLine, UnicodeError):
            link.abort()
            raise AuthBroken(f"{server}: our name or the login holds signs that cannot be sent") from None
        except BaseException:
            link.abort()
            raise
        return link

    async def _begin(self, context: ssl.SSLContext) -> None:
        self._accept(await self.reply())
        await self._hello()
        if self.server.security == "starttls":
            await self._upgrade(context)
            await self._hello()
        if self.server.username:
            await self._log_in()

    async def _hello(self) -> None:
        reply = await self.ask(self.talk.ehlo)
        if reply.code in (500, 502, 504, 550):
            reply = await self.ask(self.talk.helo)
        self._accept(reply)

    async def _upgrade(self, context: ssl.SSLContext) -> None:
        if not self.talk.offers("STARTTLS"):
            raise AuthBroken(
                f"{self.server} offers no STARTTLS; set `tls: none` only for a server you trust the way to"
            )
        self._accept(await self.ask(self.talk.starttls))
        try:
            async with asyncio.timeout(self.server.deadlines.command):
                self.talk.tls_started()
                await self._writer.start_tls(context, server_hostname=self.server.host)
            # Now it is our turn. What has come was sent in the clear, to be taken for what TLS protects.
            await self.look()
            self.talk.tls_started()
        except ProtocolError as error:
            raise AuthBroken(f"{self.server}: {error}") from error
        except ssl.SSLCertVerificationError as error:
            raise AuthBroken(f"{self.server}: its certificate is not valid: {error.verify_message}") from error
        except TimeoutError:
            raise Lost(f"no TLS was agreed on in {self.server.deadlines.command:g} s") from None
        except OSError as error:
            raise Lost(f"no TLS could be agreed on: {_reason(error)}") from error

    async def _log_in(self) -> None:
        username, password = self.server.username, self.server.password
        if "PLAIN" in self.talk.mechanisms:
            reply = await self.ask(self.talk.auth_plain, username, password)
        elif "LOGIN" in self.talk.mechanisms:
            reply = await self.ask(self.talk.auth_login)
            for answer in (username, password):
                if reply.code == 334:
                    reply = await self.ask(self.talk.auth_answer, answer)
        else:
            raise AuthBroken(f"{self.server} offers no way to log in that we know (PLAIN, LOGIN)")
        self._accept(reply)

    def _accept(self, reply: Reply) -> None:
        """A refusal before any message is about us, never about a recipient."""
        if reply.ok:
            return
        text = f"{self.server} answered {reply} to {reply.phase.value}"
        raise AuthBroken(text) if reply.permanent else Unavailable(text)

    # -- speaking ----------------------------------------------------------------------------------------------------

    async def ask(self, intent: Callable[_Words, None], *args: _Words.args, **kwargs: _Words.kwargs) -> Reply:
        """Say something, one of the intents of `talk`, and wait for its reply. Raises Lost."""
        try:
            intent(*args, **kwargs)
        except ProtocolError as error:
            raise Lost(f"it sent {error}") from error
        return await self.reply()

    async def reply(self) -> Reply:
        """Write what is queued and wait for the next reply. Raises Lost, for a 421 too (section 3.8)."""
        phase = self.talk.phase
        after = f" after {phase.value}" if phase else ""
        deadline = self.server.deadlines.of(phase)
        try:
            async with asyncio.timeout(deadline):
                reply = await self._next_reply()
        except TimeoutError:
            raise Lost(f"it gave no answer in {deadline:g} s{after}") from None
        except ProtocolError as error:
            raise Lost(f"it sent {error}{after}") from error
        except OSError as error:
            raise Lost(f"the connection broke{after}: {_reason(error)}") from error
        if reply.code == 421:
            self.closing = True
            raise Lost(f"it is closing: {reply}")
        return reply

    async def _next_reply(self) -> Reply:
        await self._flush()
        while (reply := self.talk.next_reply()) is None:
            data = await self._reader.read(65536)
            if not data:
                raise ConnectionResetError("it was closed there")
            self.talk.receive(data)
        return reply

    async def write(self) -> None:
        """Write content, which has no reply of its own. Raises Lost; a server that does not read is given up."""
        deadline = self.server.deadlines.content
        try:
            async with asyncio.timeout(deadline):
                await self._flush()
        except TimeoutError:
            raise Lost(f"it did not take the message in {deadline:g} s") from None
        except OSError as error:
            raise Lost(f"the connection broke in the message: {_reason(error)}") from error

    async def look(self) -> None:
        """See, without waiting, that nothing has come. Raises Lost where the connection is closed, or something was said
        unasked: a 421 as a rule, which would else be taken for the answer to what we say next.
        """
        data = None
        try:
            async with asyncio.timeout(0):
                data = await self._reader.read(65536)
        except TimeoutError:
            return
        except OSError as error:
            raise Lost(f"the connection broke: {_reason(error)}") from error
        if not data:
            raise Lost("it closed the connection")
        raise Lost(f"it said unasked {shown(data[:200])!r}")

    async def _flush(self) -> None:
        data = self.talk.outgoing()
        if data:
            self._writer.write(data)
            await self._writer.drain()

    @property
    def in_doubt(self) -> bool:
        """Whether a message was ended and not answered: it may be out."""
        return self.talk.in_doubt

    # -- closing -----------------------------------------------------------------------------------------------------

    def abort(self) -> None:
        """Close at once. Without the dot a server must not deliver (RFC 5321, section 4.1.1.4)."""
        self.closing = True
        self._writer.transport.abort()

    async def close(self) -> None:
        """Say QUIT where that still makes sense; a message that was answered stays answered whatever comes back."""
        if not self.closing and self.talk.idle:
            with contextlib.suppress(Lost):
                await self.ask(self.talk.quit)
        self.abort()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def _connect(server: Server, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    implicit = server.security == "tls"
    try:
        async with asyncio.timeout(server.deadlines.connect):
            return await asyncio.open_connection(
                server.host,
                server.port,
                ssl=context if implicit else None,
                server_hostname=server.host if implicit else None,
            )
    except ssl.SSLCertVerificationError as error:
        raise AuthBroken(f"{server}: its certificate is not valid: {error.verify_message}") from error
    except TimeoutError:
        raise Unavailable(f"{server} did not answer in {server.deadlines.connect:g} s") from None
    except ssl.SSLError as error:
        raise Unavailable(f"{server}: no TLS could be agreed on: {_reason(error)}") from error
    except OSError as error:
        raise Unavailable(f"{server} cannot be reached: {_reason(error)}") from error
    except ValueError as error:  # an empty or too long label; UnicodeError is one
        raise AuthBroken(f"{server.host!r} is no name of a server") from error


def _context(server: Server) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)
    except OSError as error:
        raise AuthBroken(f"ca_file {server.ca_file} cannot be read: {_reason(error)}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _own_name(writer: asyncio.StreamWriter) -> str:
    """The machine's full name; without one its address as a literal (RFC 5321, section 4.1.3). No look-up is made."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = str(writer.get_extra_info("sockname")[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return str(error.reason or error)
    return str(error.strerror or error)
