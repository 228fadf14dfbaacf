"""A real Postfix of the tests' own: on a free port of this machine, everything it takes ends in one Maildir. It knows
nobody whose address begins with `nobody`."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
command_directory = {commands}
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_recipient_restrictions = check_recipient_access regexp:{folder}/etc/nobody, permit_mynetworks, reject
smtpd_discard_ehlo_keywords = {discard}
virtual_mailbox_domains = static:all
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
virtual   unix - n n - - virtual
error     unix - - n - - error
retry     unix - - n - - error
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """`letters` are the messages it has delivered, as they lie in the Maildir, headers of its own on top."""

    port: int
    folder: Path

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def letters(self) -> list[bytes]:
        new = self.folder / "mail" / "box" / "new"
        return [file.read_bytes() for file in new.iterdir()] if new.exists() else []

    async def has_delivered(self, count: int) -> None:
        async with asyncio.timeout(120):
            while len(self.letters()) < count:
                await asyncio.sleep(0.2)


@contextmanager
def running_postfix(discard: str = "") -> Iterator[Postfix]:
    """One that runs. `discard` names extensions that it is not to offer, such as `pipelining`."""
    with tempfile.TemporaryDirectory(prefix="postfix-", ignore_cleanup_errors=True) as name:
        yield from _running(Path(name), discard)


def _running(folder: Path, discard: str) -> Iterator[Postfix]:
    daemons = Path("/usr/lib/postfix/sbin")
    program = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not program or not daemons.exists():
        pytest.skip("needs Postfix, Debian's package postfix")
    if os.getuid() != 0:
        pytest.skip("needs to be root, as Postfix does")
    folder.chmod(0o755)  # its user must get in; the folders of pytest are closed whenever another run of it starts
    owner = pwd.getpwnam("postfix")
    for name in ("queue", "data", "mail", "etc"):
        (folder / name).mkdir()
    os.chown(folder / "data", owner.pw_uid, 0)
    os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    values = {"folder": folder, "daemons": daemons, "commands": Path(program).parent, "port": port, "discard": discard}
    (folder / "etc" / "main.cf").write_text(MAIN.format(**values, uid=owner.pw_uid, gid=owner.pw_gid))
    (folder / "etc" / "master.cf").write_text(MASTER.format(**values))
    (folder / "etc" / "nobody").write_text("/^nobody/ 550 5.1.1 no such user\n/^barred/ REJECT\n")
    command = [program, "-c", str(folder / "etc")]
    started = subprocess.run([*command, "start"], capture_output=True, text=True, check=False)
    assert started.returncode == 0, f"{started.stderr}{(folder / 'log').read_text()}"
    try:
        yield Postfix(port, folder)
    finally:
        subprocess.run([*command, "abort"], capture_output=True, check=False)


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    with running_postfix() as running:
        yield running
