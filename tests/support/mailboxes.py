"""Mailboxes on this machine: a Maildir, and small IMAP and POP3 servers over TLS that remember what was done to them."""

from __future__ import annotations

import base64
import contextlib
import re
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from distributor.config.bounces import BounceMailboxSettings

if TYPE_CHECKING:
    from support.smtp_servers import Certificates

USER, PASSWORD, TOKEN = "bounce@bacson.example", 'b"ou\\nce', "ya29." + 300 * "x"
REASON = base64.b64encode(b'{"status":"401"}').decode()


@dataclass
class Kept:
    """A mailbox: messages by number, and which of them are seen, moved or deleted."""

    messages: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    moved: dict[int, str] = field(default_factory=dict)
    mood: str = ""  # `silent`, `garbage`, `drop` after the login; `endless` lines in a message
    corrupt: set[int] = field(default_factory=set)  # messages that the server cannot read itself
    said: list[str] = field(default_factory=list)

    def put(self, *messages: bytes) -> None:
        for message in messages:
            self.messages[max(self.messages, default=0) + 1] = message

    @property
    def waiting(self) -> int:
        return len(self.messages.keys() - self.seen - self.moved.keys())


class Talk(socketserver.StreamRequestHandler):
    """What both servers share: lines in, lines out, and the moods."""

    kept: Kept

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.serve()

    def serve(self) -> None:
        raise NotImplementedError

    def say(self, line: str | bytes) -> None:
        self.wfile.write((line.encode() if isinstance(line, str) else line) + b"\r\n")

    def is_token(self, line: bytes) -> bool:
        return base64.b64decode(line) == f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01".encode()

    def sulk(self) -> None:
        """Do as the mood says, once somebody has logged in."""
        match self.kept.mood:
            case "silent":
                time.sleep(3)
                raise ConnectionAbortedError
            case "drop":
                raise ConnectionAbortedError
            case "garbage":
                self.say("\x16\x03 what?")


class Imap(Talk):
    def serve(self) -> None:
        self.say("* OK ready")
        for line in self.rfile:
            text = line.decode().strip()
            self.kept.said.append(text)
            tag, _, rest = text.partition(" ")
            verb = rest.upper().removeprefix("UID ").split(" ")[0]
            getattr(self, verb.lower(), self.unknown)(tag, rest)
            if verb == "LOGOUT":
                return

    def unknown(self, tag: str, _rest: str) -> None:
        self.say(f"{tag} BAD what?")

    def capability(self, tag: str, _rest: str) -> None:
        self.say("* CAPABILITY IMAP4rev1 MOVE")
        self.say(f"{tag} OK done")

    def login(self, tag: str, rest: str) -> None:
        quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        good = rest.endswith((f' {USER} "{quoted}"', f' "{USER}" "{quoted}"'))
        self.say(f"{tag} OK in" if good else f"{tag} NO [AUTHENTICATIONFAILED] invalid credentials")

    def authenticate(self, tag: str, _rest: str) -> None:
        self.say("+ ")
        if self.is_token(self.rfile.readline()):
            self.say(f"{tag} OK in")
            return
        self.say(f"+ {REASON}")
        assert self.rfile.readline() == b"\r\n"
        self.say(f"{tag} NO [AUTHENTICATIONFAILED] invalid credentials")

    def select(self, tag: str, rest: str) -> None:
        self.sulk()
        if rest != 'SELECT "INBOX"' and rest != 'SELECT "Th&AbA- tr&HqM-"':
            self.say(f"{tag} NO no such folder")
            return
        self.say(f"* {len(self.kept.messages)} EXISTS")
        self.say("* OK [UIDVALIDITY 77] good")
        self.say(f"{tag} OK [READ-WRITE] selected")

    def search(self, tag: str, _rest: str) -> None:
        fresh = sorted(self.kept.messages.keys() - self.kept.seen - self.kept.moved.keys())
        self.say(f"* SEARCH {' '.join(map(str, fresh))}".rstrip())
        self.say(f"{tag} OK searched")

    def fetch(self, tag: str, rest: str) -> None:
        number, most = re.findall(r"\d+", rest.replace("<0.", "<"))
        if int(number) in self.kept.corrupt:
            self.say(f"{tag} NO [SERVERBUG] cannot be read")
            return
        message = self.kept.messages.get(int(number))
        if message is not None:
            part = message[: int(most)]
            self.say(f"* {number} FETCH (UID {number} BODY[]<0> {{{len(part)}}}")
            self.say(part + b")")
        self.say(f"{tag} OK fetched")

    def store(self, tag: str, rest: str) -> None:
        self.kept.seen |= {int(number) for number in re.findall(r"\d+", rest.split(" ")[2])}
        self.say(f"{tag} OK stored")

    def move(self, tag: str, rest: str) -> None:
        _, _, numbers, folder = rest.split(" ", 3)
        self.kept.moved |= {int(number): folder for number in numbers.split(",")}
        self.say(f"{tag} OK moved")

    def logout(self, tag: str, _rest: str) -> None:
        self.say("* BYE")
        self.say(f"{tag} OK out")


class Pop3(Talk):
    def serve(self) -> None:
        self.deleted: set[int] = set()
        self.say("+OK ready")
        for line in self.rfile:
            verb, *rest = line.decode().strip().split(" ")
            self.kept.said.append(verb)
            getattr(self, verb.lower(), self.unknown)(*rest)
            if verb == "QUIT":
                return

    def unknown(self, *_rest: str) -> None:
        self.say("-ERR what?")

    def user(self, _name: str) -> None:
        self.say("+OK")

    def pass_(self, *words: str) -> None:
        if " ".join(words) != PASSWORD:
            self.say("-ERR [AUTH] invalid credentials")
            return
        self.say("+OK in")
        self.sulk()

    def auth(self, mechanism: str) -> None:
        assert mechanism == "XOAUTH2"
        self.say("+ ")
        if self.is_token(self.rfile.readline()):
            self.say("+OK in")
            return
        self.say(f"+ {REASON}")
        assert self.rfile.readline() == b"\r\n"
        self.say("-ERR [AUTH] invalid credentials")

    def __getattr__(self, name: str) -> Any:
        return {"pass": self.pass_, "list": self.size, "dele": self.delete}.get(name, self.unknown)

    def uidl(self, *_rest: str) -> None:
        self.say("+OK")
        for number in self.kept.messages:
            self.say(f"{number} u{number}")
        self.say(".")

    def size(self, number: str) -> None:
        self.say(f"+OK {number} {len(self.kept.messages[int(number)])}")

    def retr(self, number: str, lines: str = "") -> None:
        if int(number) in self.kept.corrupt:
            self.say("-ERR cannot be read")
            return
        self.say("+OK")
        if self.kept.mood == "endless":
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b"x" * 9000)
        for line in self.kept.messages[int(number)].split(b"\r\n")[: int(lines) if lines else None]:
            self.say(b"." + line if line.startswith(b".") else line)
        self.say(".")

    top = retr

    def delete(self, number: str) -> None:
        self.deleted.add(int(number))
        self.say("+OK")

    def quit(self) -> None:
        for number in self.deleted:
            del self.kept.messages[number]
        self.say("+OK bye")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, kept: Kept, talk: type[Talk], context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), type(talk.__name__, (talk,), {"kept": kept}))
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news."""


@dataclass(frozen=True)
class Postbox:
    """A mailbox of some kind, with its settings as config.yaml has them."""

    kind: str
    settings: dict[str, Any]
    kept: Kept
    folder: Path | None = None

    def box(self, **changes: Any) -> BounceMailboxSettings:
        return BounceMailboxSettings.model_validate({**self.settings, **changes})

    def put(self, *messages: bytes) -> None:
        if self.folder is None:
            self.kept.put(*messages)
            return
        for message in messages:
            name = f"{len(list(self.folder.glob('*/*'))):04}.host"
            (self.folder / "new" / name).write_bytes(message.replace(b"\r\n", b"\n"))

    @property
    def waiting(self) -> int:
        """How many messages a next look would find."""
        if self.folder is None:
            return self.kept.waiting
        fresh = list((self.folder / "new").iterdir())
        return len(fresh) + len([file for file in (self.folder / "cur").iterdir() if not file.name.endswith("S")])


@pytest.fixture
def postboxes(tmp_path: Path, certificates: Certificates) -> Iterator[Callable[[str], Postbox]]:
    """Makes a mailbox: `postboxes("imap")`, `pop3` or `maildir`."""
    with contextlib.ExitStack() as stack:

        def make(kind: str) -> Postbox:
            kept = Kept()
            if kind == "maildir":
                folder = tmp_path / "returned"
                for part in ("new", "cur", "tmp"):
                    (folder / part).mkdir(parents=True)
                return Postbox(kind, {"type": kind, "folder": str(folder)}, kept, folder)
            server = Server(kept, Imap if kind == "imap" else Pop3, certificates.context)
            stack.callback(server.server_close)
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            stack.callback(thread.join, 5)
            stack.callback(server.shutdown)
            settings = {
                "type": kind,
                "host": "127.0.0.1",
                "port": server.server_address[1],
                "username": USER,
                "password": PASSWORD,
                "ca_file": str(certificates.authority),
            }
            return Postbox(kind, settings, kept)

        yield make
