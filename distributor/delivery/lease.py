"""What leases of shards rest on: the name of the process that holds one, from which others on the same machine can tell
whether it still lives."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # when a shard is due that waits for nothing, however the clock is set


def new_owner() -> str:
    """A name for this worker: where its process number counts, that number, and a random tail."""
    return f"{_numbers_of()}/{os.getpid()}/{secrets.token_hex(4)}"


def _numbers_of() -> str:
    """Where process numbers mean the same as here: this host, and on Linux since it was started, in this namespace.
    Containers may bear the name of one host, each with numbers of its own."""
    try:
        started = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        return f"{socket.gethostname()} {started} {Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return socket.gethostname()


def owner_is_dead(owner: str) -> bool:
    """Whether an owner was a process of this host that is gone. Of another host only the lease says so."""
    host, _, rest = owner.partition("/")
    if host != _numbers_of():
        return False
    try:
        os.kill(int(rest.partition("/")[0]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError):
        return False
    return False
