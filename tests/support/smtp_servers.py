"""Mail servers on this machine: a scripted one that misbehaves on cue, a real one (aiosmtpd), and certificates for both."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "tin@bacson.example", "mật khẩu"

# -- certificates ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certificates:
    """A server's certificate for 127.0.0.1, the authority that signed it, and an authority that did not."""

    context: ssl.SSLContext
    authority: Path
    stranger: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    for name in ("authority", "stranger"):
        openssl(*new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl(
        *new, "-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE",
        "-CA", "authority.pem", "-CAkey", "authority.key", "-keyout", "mail.key", "-out", "mail.pem",
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mail.pem", folder / "mail.key")
    return Certificates(context, folder / "authority.pem", folder / "stranger.pem")


# -- a server that follows a script ------------------------------------------------------------------------------------

POLITE = {
    "GREETING": "220 mail.example ESMTP",
    "EHLO": "250-mail.example|250-SIZE 99000000|250-AUTH PLAIN LOGIN XOAUTH2|250 8BITMIME",
    "HELO": "250 mail.example",
    "AUTH": "235 2.7.0 welcome",
    "STARTTLS": "220 go ahead",
    "DATA": "354 go ahead",
    "DOT": "250 2.0.0 queued",
    "QUIT": "221 bye",
}


PIPELINING = "250-mail.example|250-SIZE 99000000|250-PIPELINING|250-DSN|250 8BITMIME"


@dataclass
class Scripted:
    """A mail server that answers each command with the next line of its script, and politely after the last one.

    `script` has a list of answers per command, "DOT" for the end of a message and "BODY" for its first bytes. `|` parts
    lines. Words that are no reply: `drop` closes, `silent` says no more, `drip` sends a byte now and then for ever,
    `endless` sends lines without end, `long` a line without end, `garbage` what is no SMTP. A last answer of `again`
    repeats the one before it for ever. `accepted` holds the recipients of messages taken with a 2yz reply.
    """

    script: dict[str, list[str]] = field(default_factory=dict)
    port: int = 0
    connections: int = 0
    said: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    has_interrupted: bool = False  # whether the answer to "BODY" is out

    def hang_up(self) -> None:
        """Close every connection, whatever is going on."""
        for writer in self.writers:
            writer.transport.abort()

    def answer(self, command: str) -> str:
        lines = self.script.get(command, [])
        if len(lines) == 2 and lines[1] == "again":
            return lines[0]
        return lines.pop(0) if lines else POLITE.get(command, "250 2.1.0 ok")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        recipient, good = "", False
        await self._say(writer, "GREETING")
        while line := await reader.readline():
            command = line.decode().strip()
            verb = command.split()[0].upper() if command else "*"  # an empty line answers a question of AUTH
            self.said.append(command)
            recipient = command[9:].partition(">")[0] if verb == "RCPT" else recipient
            if verb in ("RCPT", "DATA") and not good and not self.script.get(verb):
                await self._write(writer, "503 5.5.1 what before was refused")  # said because of pipelining
                continue
            answer = await self._say(writer, verb)
            good = answer.startswith("2") if verb in ("MAIL", "RCPT") else good
            if verb == "DATA" and answer.startswith("354"):
                await self._message(reader, writer, recipient)
            if verb == "QUIT" or answer.startswith("421"):
                return

    async def _message(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recipient: str) -> None:
        if self.script.get("BODY"):
            await reader.readline()
            await self._say(writer, "BODY")
            self.has_interrupted = True
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                raise ConnectionResetError
            lines.append(line[1:] if line.startswith(b".") else line)
        self.said.append(".")
        answer = await self._say(writer, "DOT")
        if answer.startswith("2"):
            self.accepted.append(recipient)
            self.messages.append(b"".join(lines))

    async def _say(self, writer: asyncio.StreamWriter, command: str) -> str:
        answer = self.answer(command)
        match answer:
            case "drop":
                raise ConnectionResetError
            case "silent":
                await asyncio.sleep(3600)
            case "drip":
                await _for_ever(writer, b"2", 0.02)
            case "endless":
                await _for_ever(writer, b"250-and more\r\n")
            case "long":
                await _for_ever(writer, b"250 " + b"x" * 4000)
            case "garbage":
                writer.write(b"\x16\x03\x01 HTTP/1.1 400 Bad Request\r\n")
            case _:
                await self._write(writer, answer)
        await writer.drain()
        return answer

    async def _write(self, writer: asyncio.StreamWriter, answer: str) -> None:
        writer.write(answer.replace("|", "\r\n").encode() + b"\r\n")
        await writer.drain()


async def _for_ever(writer: asyncio.StreamWriter, data: bytes, pause: float = 0) -> None:
    while True:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(pause)


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[..., Awaitable[Scripted]]]:
    """Makes a scripted server: `await scripted(RCPT=["550 5.1.1 nobody"])`."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(**script: list[str]) -> Scripted:
            fake = Scripted({command: list(answers) for command, answers in script.items()})
            tasks: set[asyncio.Task[None]] = set()

            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    with contextlib.suppress(ConnectionError, ValueError):
                        await fake.serve(reader, writer)
                finally:
                    writer.transport.abort()

            def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                tasks.add(asyncio.ensure_future(handle(reader, writer)))

            server = await asyncio.start_server(connected, "127.0.0.1", 0)
            stack.push_async_callback(_end, server, tasks)
            fake.port = server.sockets[0].getsockname()[1]
            return fake

        yield make


async def _end(server: asyncio.Server, tasks: set[asyncio.Task[None]]) -> None:
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# -- a real server -----------------------------------------------------------------------------------------------------


@dataclass
class Postbox:
    """An aiosmtpd server and what it has taken. `logins` are the names that logged in; `encrypted` tells of each letter;
    `announced` is called with each recipient whose letter is about to come."""

    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    announced: Callable[[str], None] | None = None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.announced:
            self.announced(address)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.taken.append(envelope)
        assert isinstance(server.transport, asyncio.Transport)
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 2.0.0 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        right = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
        if right:
            self.logins.append(f"{mechanism} {data.login.decode()}")
        return AuthResult(success=right, handled=False)

    @property
    def recipients(self) -> list[str]:
        return [address for envelope in self.taken for address in envelope.rcpt_tos]


@pytest.fixture
async def postbox() -> AsyncIterator[Callable[..., Awaitable[Postbox]]]:
    """Makes a real server: `await postbox(tls_context=…, require_starttls=True, enable_SMTPUTF8=True)`.

    `implicit` is the context of a server that speaks TLS from the first byte.
    """
    async with contextlib.AsyncExitStack() as stack:

        async def make(implicit: ssl.SSLContext | None = None, **options: Any) -> Postbox:
            box = Postbox()
            sessions: list[SMTP] = []

            def connected() -> SMTP:
                session = SMTP(box, hostname="mail.example", authenticator=box.authenticate, **options)
                sessions.append(session)
                return session

            server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0, ssl=implicit)
            stack.push_async_callback(_shut, server, sessions)
            box.port = server.sockets[0].getsockname()[1]
            return box

        yield make


async def _shut(server: asyncio.Server, sessions: list[SMTP]) -> None:
    server.close()
    for session in sessions:
        if isinstance(session.transport, asyncio.Transport):
            session.transport.abort()
    await asyncio.sleep(0)
