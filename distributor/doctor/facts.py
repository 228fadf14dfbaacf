"""What is seen of the machine: disks, clocks, modes, and the feeds that lie in public folders."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from ..api_access import tokens
from ..delivery import attempts
from ..errors import StoreError
from ..newsroom import Newsroom
from ..storage.address import SQLITE_FILES, sqlite_path
from ..storage.database import Database
from .machine import ClockFacts, DiskFacts

FILE_CLOCK = timedelta(seconds=2)  # what times of files are exact to, on the coarsest file systems
_MOST_FEEDS, _LARGEST_FEED = 200, 20 << 20
_FEEDS = {".xml", ".rss", ".atom", ".json"}


def see_disks(newsroom: Newsroom) -> Iterator[DiskFacts]:
    """The file systems of the newsroom and of its store."""
    store = sqlite_path(newsroom.settings.store.url, newsroom.folder)
    held = sum(_length(Path(f"{store}{end}")) for end in SQLITE_FILES) if store else 0
    folders = [(store.parent, held)] if store and store.parent.is_dir() else []
    seen = set()
    for folder, octets in [*folders, (newsroom.folder, 0)]:
        if (device := folder.stat().st_dev) not in seen:
            seen.add(device)
            usage = shutil.disk_usage(folder)
            yield DiskFacts(folder, usage.free, usage.total, octets)


def find_ends(newsroom: Newsroom, connection: Connection, now: datetime) -> dict[str, datetime]:
    """When API tokens in force and logins of channels end, by what they are; without those that do not end."""
    found = {
        f"API token {one.name}": one.expires_at
        for one in tokens.list_tokens(connection)
        if one.expires_at and one.state(now) == "active"
    }
    for name, channel in newsroom.channels.items():
        if channel.can("login") and (end := channel.login_ends(attempts.read_state(connection, name))):
            found[f"login of channel {name}"] = end
    return found


def see_clock(newsroom: Newsroom, database: Database, clock: Callable[[], datetime]) -> tuple[ClockFacts, timedelta]:
    """The clock of PostgreSQL, or of the file system that the newsroom lies on, and what it is exact to."""
    before = clock()
    try:
        at = database.server_time()
    except StoreError as error:
        return ClockFacts(database.name, before, None, clock(), str(error)), timedelta()
    if at is not None:
        return ClockFacts(database.name, before, at, clock()), timedelta()
    folder = newsroom.state if newsroom.state.is_dir() else newsroom.folder
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".clock-") as file:
            file.write(b"x")
            file.flush()
            at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
    except OSError as error:
        return ClockFacts(str(folder), before, None, clock(), error.strerror or str(error)), timedelta()
    return ClockFacts(str(folder), before, at, clock()), FILE_CLOCK


def see_mode(file: Path) -> int:
    """The permissions of a file; 0 where it is not there."""
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return 0


def see_feeds(newsroom: Newsroom) -> Iterator[tuple[Path, bytes]]:
    """The feeds in the public folders of channels: file and bytes, other XML and JSON among them."""
    folders = dict.fromkeys(folder for channel in newsroom.channels.values() for folder in channel.public_folders)
    files = (file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in _FEEDS)
    for file in dict.fromkeys(itertools.islice(filter(os.path.isfile, files), _MOST_FEEDS)):
        try:
            with file.open("rb") as opened:
                body = opened.read(_LARGEST_FEED)
        except OSError:  # it is being replaced, or not ours to read
            continue
        yield file, body


def _length(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
