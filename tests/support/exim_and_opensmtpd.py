"""A real Exim and a real OpenSMTPD of the tests' own. Debian's packages of them cannot be installed beside Postfix, so they
are unpacked (.ci/unpack-servers), and each runs in a root folder of its own, with its own users, spool and log. They know
nobody whose address begins with `nobody`; everything else they take ends in one Maildir.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

UNPACKED = Path(__file__).parents[2] / ".venv" / "servers"

EXIM = """\
primary_hostname = exim.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
acl_smtp_rcpt = rcpt
pipelining_advertise_hosts = {pipelining}
tls_advertise_hosts = :
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
message_logs = false
queue_only
begin acl
rcpt:
  deny message = 5.1.1 no such user
       local_parts = ^nobody
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = /mail
  maildir_format
  user = box
"""

OPENSMTPD = """\
table boxes {{ "@" = "box" }}
listen on 127.0.0.1 port {port} hostname opensmtpd.example
action "box" maildir "/mail" virtual <boxes>
match from any for rcpt-to regex "^nobody.*" reject
match from any for any action "box"
"""

USERS = {"root": 0, "Debian-exim": 65001, "opensmtpd": 65001, "opensmtpq": 65003, "box": 65002}


@dataclass
class Unpacked:
    """A server that runs. `flush` makes it deliver what it has taken."""

    port: int
    root: Path
    flush: Callable[[], None]

    def log(self) -> str:
        logs = (self.root / "log", *(self.root / "var" / "log" / "exim4").glob("*log"))
        return "".join(file.read_text() for file in logs)

    def letters(self) -> list[bytes]:
        return [file.read_bytes() for file in (self.root / "mail" / "new").glob("*")]

    async def has_delivered(self, count: int) -> None:
        await asyncio.to_thread(self.flush)
        async with asyncio.timeout(120):
            while len(self.letters()) < count:
                await asyncio.sleep(0.1)


@contextmanager
def running_exim(tmp_path_factory: pytest.TempPathFactory, pipelining: bool = True) -> Iterator[Unpacked]:
    """Exim with Debian's defaults: it checks that clients wait for their turn, and allows ten RSETs a connection."""
    root = _root(tmp_path_factory, "exim4-daemon-light", ["usr/sbin/exim4"])
    for name in ("var/spool/exim4", "var/log/exim4", "run/exim4"):
        _folder(root, name, USERS["Debian-exim"])
    port = _free_port()
    _write(root, "etc/exim4/exim4.conf", EXIM.format(port=port, pipelining="*" if pipelining else ":"))
    exim = ["/usr/sbin/exim4"]

    def flush() -> None:
        subprocess.run(["chroot", str(root), *exim, "-qf"], check=True, capture_output=True, timeout=120)

    with _running(root, [*exim, "-bdf"], port):
        yield Unpacked(port, root, flush)


@contextmanager
def running_opensmtpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unpacked]:
    """OpenSMTPD, which does not know PIPELINING and ends the session of who speaks before it is asked."""
    helpers = [f"usr/libexec/opensmtpd/{name}" for name in ("mail.maildir", "mail.mda", "lockspool", "encrypt")]
    root = _root(tmp_path_factory, "opensmtpd", ["usr/sbin/smtpd", "usr/sbin/smtpctl", *helpers])
    for name in ("var/lib/opensmtpd/empty", "var/spool/smtpd", "var/run"):
        _folder(root, name)
    (root / "var/spool/smtpd").chmod(0o711)
    port = _free_port()
    _write(root, "etc/mailname", "opensmtpd.example\n")
    _write(root, "etc/smtpd.conf", OPENSMTPD.format(port=port))
    with _running(root, ["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"], port):
        yield Unpacked(port, root, lambda: None)


@pytest.fixture
def unpacked_servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Callable[[], AbstractContextManager[Unpacked]]]:
    """By name, to be started where one is needed."""
    return {
        "exim": lambda: running_exim(tmp_path_factory),
        "exim without pipelining": lambda: running_exim(tmp_path_factory, pipelining=False),
        "opensmtpd": lambda: running_opensmtpd(tmp_path_factory),
    }


# -- a root folder in which a program finds what it needs ------------------------------------------------------------------


def _root(tmp_path_factory: pytest.TempPathFactory, package: str, programs: Sequence[str]) -> Path:
    if not (UNPACKED / programs[0]).exists():
        pytest.skip(f"needs Debian's package {package}, unpacked by .ci/unpack-servers")
    if os.getuid() != 0:
        pytest.skip("needs to be root, as a mail server does")
    root = tmp_path_factory.mktemp(package)
    root.chmod(0o755)
    for program in programs:
        _copy(UNPACKED / program, root / program)
    _copy(Path("/bin/sh"), root / "bin/sh")
    for library in _libraries([*(UNPACKED / program for program in programs), Path("/bin/sh")]):
        of_theirs = library.is_relative_to(UNPACKED)
        _copy(library, root / library.relative_to(UNPACKED if of_theirs else "/"))
    _write(root, "etc/passwd", "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in USERS.items()))
    _write(root, "etc/group", "".join(f"{name}:x:{number}:\n" for name, number in {**USERS, "mail": 8}.items()))
    _write(root, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
    _write(root, "etc/hosts", "127.0.0.1 localhost\n")
    _write(root, "dev/null", "")
    (root / "dev/null").chmod(0o666)
    _folder(root, "tmp")
    (root / "tmp").chmod(0o1777)
    _folder(root, "mail", USERS["box"])
    return root


def _libraries(programs: Sequence[Path]) -> set[Path]:
    folders = ":".join(str(folder) for folder in (UNPACKED / "usr/lib").glob("*-linux-*"))
    told = subprocess.run(
        ["ldd", *map(str, programs)],
        env={**os.environ, "LD_LIBRARY_PATH": folders},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "not found" not in told, told
    return {Path(found) for found in re.findall(r"(?m)(?:=> |^\s+)(/\S+) \(0x", told)}


def _copy(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, to)


def _write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def _folder(root: Path, name: str, owner: int = 0) -> None:
    (root / name).mkdir(parents=True, exist_ok=True)
    os.chown(root / name, owner, owner)


# -- its life ------------------------------------------------------------------------------------------------------------


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(root: Path, command: Sequence[str], port: int) -> Iterator[None]:
    with (root / "log").open("w") as log:
        process = subprocess.Popen(
            ["chroot", str(root), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _until_it_listens(process, port, root)
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _until_it_listens(process: subprocess.Popen[bytes], port: int, root: Path) -> None:
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"{process.args!r} does not listen: {(root / 'log').read_text()}")
