"""One connection to an SMTP server over asyncio: opens it, encrypts, logs in, speaks and listens, and keeps the time.

What is said and what it means is in `smtp_protocol.SmtpProtocol`; here are the bytes and the clock. Each phase has a
deadline by the wall clock over all its reads (RFC 5321, section 4.5.3.2), so that a server that drips bytes cannot hold us.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, ParamSpec

from ..errors import AuthBroken, Unavailable
from .rates import RateLimit
from .rejection_rules import RejectionCause
from .rejections import classify_rejection
from .smtp_protocol import Phase, ProtocolError, Reply, SmtpProtocol, SmuggledLine, printable
from .transport import StreamTransport

Security = Literal["none", "starttls", "tls"]
_OF_SERVERS = frozenset(
    {"host", "port", "tls", "username", "password", "token_command", "ca_file", "rates", "connections"}
)
_SETTINGS_TO_FIX = {  # the settings that a refusal before any message speaks of, unless its words say more
    Phase.GREETING: ("host",),
    Phase.EHLO: ("helo_name", "host"),
    Phase.HELO: ("helo_name", "host"),
    Phase.STARTTLS: ("tls",),
    Phase.AUTH: ("username", "password"),
}
_TOKEN_TIMEOUT = 30.0  # seconds that a command may take
_Words = ParamSpec("_Words")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpTimeouts:
    """Seconds that each phase may take; the defaults are those of RFC 5321 where it names some."""

    connect: float = 60
    command: float = 300
    data: float = 120
    content: float = 180
    answer: float = 600
    quit: float = 5

    def of(self, phase: Phase | None) -> float:
        if phase is Phase.ANSWER:
            return self.answer
        if phase is Phase.DATA:
            return self.data
        return self.quit if phase is None or phase is Phase.QUIT else self.command


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
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
    token: Callable[[], Awaitable[str]] | None = field(default=None, repr=False, compare=False)  # for XOAUTH2
    connections: int = 20  # at once, at most
    messages_per_connection: int = 1000  # messages before a new connection is made
    weight: int = 1  # share of the messages, beside those of the other servers
    rates: tuple[RateLimit, ...] = ()
    timeouts: SmtpTimeouts = SmtpTimeouts()
    place: str = ""  # of its settings within those of the channel: `servers[0].`, or nothing

    def keys(self, names: Sequence[str]) -> tuple[str, ...]:
        """Settings of a channel by their full names: some belong to this server, the others to the channel."""
        return tuple(f"{self.place}{name}" if name in _OF_SERVERS else name for name in names)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class ConnectionLost(Exception):
    """The connection is gone, closing, or speaks no SMTP. `in_doubt` says whether a message hangs on it."""


class SmtpConnection:
    """One open connection that has said EHLO and is logged in. Make it with `Link.open`."""

    def __init__(self, server: SmtpServer, wire: StreamTransport) -> None:
        self.server = server
        self.protocol = SmtpProtocol(server.hostname or _own_name(wire))
        self.carried = 0  # messages begun
        self.closing = False
        self._stream = wire

    # -- opening -----------------------------------------------------------------------------------------------------

    @classmethod
    async def open(cls, server: SmtpServer) -> SmtpConnection:
        """Connect, encrypt and log in. Raises Unavailable, or AuthBroken for what our settings must mend."""
        context = _context(server) if server.security != "none" else None
        link = cls(server, await _connect(server, context))
        try:
            await link._begin(context)
        except ConnectionLost as lost:
            link.abort()
            raise Unavailable(f"{server}: {lost}") from None
        except (SmuggledLine, UnicodeError):
            link.abort()
            raise AuthBroken(f"{server}: our name or the login holds signs that cannot be sent") from None
        except BaseException:
            link.abort()
            raise
        return link

    async def _begin(self, context: ssl.SSLContext | None) -> None:
        self._accept(await self.reply())
        await self._hello()
        if self.server.security == "starttls" and context:
            await self._upgrade(context)
            await self._hello()
        if self.server.username:
            await self._log_in()

    async def _hello(self) -> None:
        reply = await self.ask(self.protocol.ehlo)
        if reply.code in (500, 502, 504, 550):
            reply = await self.ask(self.protocol.helo)
        self._accept(reply)

    async def _upgrade(self, context: ssl.SSLContext) -> None:
        if not self.protocol.offers("STARTTLS"):
            raise AuthBroken(
                f"{self.server} offers no STARTTLS; set `tls: none` only for a server you trust the way to"
            )
        self._accept(await self.ask(self.protocol.starttls))
        try:
            async with asyncio.timeout(self.server.timeouts.command):
                self.protocol.tls_started()
                await self._stream.encrypt(context, self.server.host)
            # Now it is our turn. What has come was sent in the clear, to be taken for what TLS protects.
            self.look()
            self.protocol.tls_started()
        except ProtocolError as error:
            raise AuthBroken(f"{self.server}: {error}") from error
        except ssl.SSLCertVerificationError as error:
            raise AuthBroken(f"{self.server}: its certificate is not valid: {error.verify_message}") from error
        except TimeoutError:
            raise ConnectionLost(f"no TLS was agreed on in {self.server.timeouts.command:g} s") from None
        except OSError as error:
            raise ConnectionLost(f"no TLS could be agreed on: {_reason(error)}") from error

    async def _log_in(self) -> None:
        username, password = self.server.username, self.server.password
        if self.server.token:
            reply = await self._log_in_by_token(await self.server.token())
        elif "PLAIN" in self.protocol.mechanisms:
            reply = await self.ask(self.protocol.auth_plain, username, password)
        elif "LOGIN" in self.protocol.mechanisms:
            reply = await self.ask(self.protocol.auth_login)
            for answer in (username, password):
                if reply.code == 334:
                    reply = await self.ask(self.protocol.auth_answer, answer)
        else:
            raise AuthBroken(f"{self.server} offers no way to log in that we know (PLAIN, LOGIN)")
        self._accept(reply)

    async def _log_in_by_token(self, token: str) -> Reply:
        if "XOAUTH2" not in self.protocol.mechanisms:
            raise AuthBroken(f"{self.server} does not offer to log in with a token (XOAUTH2)")
        reply = await self.ask(self.protocol.auth_xoauth2, self.server.username, token)
        if reply.code == 334:  # the reason why it refuses, in base64, which it wants to have confirmed
            reply = await self.ask(self.protocol.auth_answer, "")
        return reply

    def _accept(self, reply: Reply) -> None:
        """A refusal before any message is about us, never about a recipient."""
        if reply.ok:
            return
        text = f"{self.server} answered {reply} to {reply.phase.value}"
        refusal = classify_rejection(str(reply), name=self.server.hostname)
        usual = _SETTINGS_TO_FIX.get(reply.phase, ())
        keys = self.server.keys(usual if reply.phase is Phase.AUTH or not refusal.ours else refusal.keys)
        if refusal.about is RejectionCause.ACCOUNT and not refusal.needs_staff:
            raise Unavailable(text, reply=str(reply), keys=keys, wait=refusal.wait, ours=True)
        if reply.permanent:
            raise AuthBroken(text, reply=str(reply), keys=keys)
        raise Unavailable(text, reply=str(reply), ours=refusal.ours, keys=keys if refusal.ours else ())

    # -- speaking ----------------------------------------------------------------------------------------------------

    async def ask(self, intent: Callable[_Words, None], *args: _Words.args, **kwargs: _Words.kwargs) -> Reply:
        """Say something, one of the intents of `talk`, and wait for its reply. Raises Lost."""
        try:
            intent(*args, **kwargs)
        except ProtocolError as error:
            raise ConnectionLost(f"it sent {error}") from error
        return await self.reply()

    async def reply(self) -> Reply:
        """Write what is queued and wait for the next reply. Raises Lost, for a 421 too (section 3.8)."""
        phase = self.protocol.phase
        deadline = self.server.timeouts.of(phase)
        try:
            self._send()
            reply = self.protocol.next_reply()
            if reply is None:
                until = self._stream.after(deadline)
                while reply is None:
                    self.protocol.receive(await self._stream.read(until))
                    reply = self.protocol.next_reply()
        except TimeoutError:
            raise ConnectionLost(f"it gave no answer in {deadline:g} s{_after(phase)}") from None
        except ProtocolError as error:
            raise ConnectionLost(f"it sent {error}{_after(phase)}") from error
        except OSError as error:
            raise ConnectionLost(f"the connection broke{_after(phase)}: {_reason(error)}") from error
        return self._heard(reply)

    def at_hand(self) -> Reply | None:
        """The next reply, where it has come together with the last one. Raises Lost."""
        phase = self.protocol.phase
        try:
            reply = self.protocol.next_reply()
        except ProtocolError as error:
            raise ConnectionLost(f"it sent {error}{_after(phase)}") from error
        return self._heard(reply) if reply else None

    def _heard(self, reply: Reply) -> Reply:
        if reply.code == 421:
            self.closing = True
            raise ConnectionLost(f"it is closing: {reply}")
        return reply

    async def write(self) -> None:
        """Write content, which has no reply of its own. Raises Lost; a server that does not read is given up."""
        limit = self.server.timeouts.content
        try:
            self._send()
            if self._stream.full:
                await self._stream.flush(self._stream.after(limit))
        except TimeoutError:
            raise ConnectionLost(f"it did not take the message in {limit:g} s") from None
        except OSError as error:
            raise ConnectionLost(f"the connection broke in the message: {_reason(error)}") from error

    def look(self) -> None:
        """See, without waiting, that nothing has come. Raises Lost where the connection is closed, or something was said
        unasked: a 421 as a rule, which would else be taken for the answer to what we say next.
        """
        data = self._stream.take()
        if data:
            raise ConnectionLost(f"it said unasked {printable(data[:200])!r}")
        if self._stream.ended:
            raise ConnectionLost(f"it closed the connection: {_reason(self._stream.ended)}")

    def _send(self) -> None:
        data = self.protocol.outgoing()
        if data:
            self._stream.write(data)

    @property
    def encryption(self) -> tuple[str, datetime | None]:
        """The version of TLS that is spoken, empty for none, and when the server's certificate ends, in UTC."""
        spoken = self._stream.transport.get_extra_info("ssl_object")
        if spoken is None:
            return "", None
        ends = (spoken.getpeercert() or {}).get("notAfter")
        return spoken.version() or "", datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None

    @property
    def in_doubt(self) -> bool:
        """Whether a message was ended and not answered: it may be out."""
        return self.protocol.in_doubt

    # -- closing -----------------------------------------------------------------------------------------------------

    def abort(self) -> None:
        """Close at once. Without the dot a server must not deliver (RFC 5321, section 4.1.1.4)."""
        self.closing = True
        self._stream.abort()

    async def close(self) -> None:
        """Say QUIT where that still makes sense; a message that was answered stays answered whatever comes back."""
        if not self.closing and self.protocol.idle:
            with contextlib.suppress(ConnectionLost):
                await self.ask(self.protocol.quit)
        self.abort()


async def _connect(server: SmtpServer, context: ssl.SSLContext | None) -> StreamTransport:
    try:
        async with asyncio.timeout(server.timeouts.connect):
            return await StreamTransport.connect(
                server.host, server.port, context if server.security == "tls" else None
            )
    except ssl.SSLCertVerificationError as error:
        raise AuthBroken(f"{server}: its certificate is not valid: {error.verify_message}") from error
    except TimeoutError:
        raise Unavailable(f"{server} did not answer in {server.timeouts.connect:g} s") from None
    except ssl.SSLError as error:
        raise Unavailable(f"{server}: no TLS could be agreed on: {_reason(error)}") from error
    except OSError as error:
        raise Unavailable(f"{server} cannot be reached: {_reason(error)}") from error
    except ValueError as error:  # an empty or too long label; UnicodeError is one
        raise AuthBroken(f"{server.host!r} is no name of a server") from error


def _context(server: SmtpServer) -> ssl.SSLContext:
    try:
        changed = server.ca_file.stat().st_mtime_ns if server.ca_file else 0
        return _trusting_context(server.ca_file, changed)
    except OSError as error:
        raise AuthBroken(f"ca_file {server.ca_file} cannot be read: {_reason(error)}") from error


@lru_cache(maxsize=16)
def _trusting_context(ca_file: Path | None, changed: int) -> ssl.SSLContext:
    """Kept, because reading the system's certificates takes longer than many messages. `changed` is the file's time."""
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _own_name(wire: StreamTransport) -> str:
    """The machine's full name; without one its address as a literal (RFC 5321, section 4.1.3). No look-up is made."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = str(wire.transport.get_extra_info("sockname")[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _after(phase: Phase | None) -> str:
    return f" after {phase.value}" if phase else ""


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return str(error.reason or error)
    return str(error.strerror or error)


def run_token_command(command: str) -> str:
    """An access token to log in with (XOAUTH2), as Google and Microsoft ask for it: the first word that a command of staff
    prints, which knows how the provider gives one out. Blocks. Raises AuthBroken where it gives none in time."""
    try:
        done = subprocess.run(  # noqa: S602  a line of staff, as they would type it
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TOKEN_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AuthBroken(f"token_command gave no token in {_TOKEN_TIMEOUT:g} s") from None
    words = done.stdout.decode("utf-8", "replace").split()
    if done.returncode or not words:
        raise AuthBroken(f"token_command ended with {done.returncode} and gave no token")
    return words[0]
