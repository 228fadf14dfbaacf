"""Whether all hosts that share a store run by the same configuration: what one of them decides, another one sends."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import __version__
from ..config import yaml
from ..files import UnsafeFile, open_ordinary
from ..newsroom import Newsroom
from ..storage import running_config
from ..storage.database import Database
from ..storage.running_config import RunningConfig

_FOLDERS = ("templates", "channels", "sources")
_OF_ONE_HOST = ("store", "workers")  # may differ from host to host …
_OF_ITS_PAGES = ("listen", "own_process")  # … and so may these of `web`
_PIECE = 1_000_000  # octets of a file that are read at once
_IN_A_FILE = "file:"  # before the name of the file that holds a secret
# Whether other files count, below a key: not what sources read and channels write, which changes with the news, nor the
# certificates of a system, which are kept up to date there. But the key of DKIM does.
_COUNT_BELOW = {"sources": False, "channels": False, "ca_file": False, "key": True}


def compute_fingerprint(newsroom: Newsroom) -> str:
    """The same on two hosts where config.yaml says the same, the files that it names (keys, passwords), templates, channels
    and sources of the newsroom's own are the same, links are signed with the same key, and the program is of the same
    version. Nobody can guess a secret from it: that key goes into it. Raises ConfigError."""
    said = {key: value for key, value in yaml.read(newsroom.file).data.items() if key not in _OF_ONE_HOST}
    if isinstance(web := said.get("web"), dict):
        said["web"] = {key: value for key, value in web.items() if key not in _OF_ITS_PAGES}
    parts = [__version__, json.dumps(said, sort_keys=True, default=str)]
    for file in _files(newsroom.folder):
        parts += [file.relative_to(newsroom.folder).as_posix(), _digest(file)]
    for text in _texts_for_files(said):
        if content := _digest_of_named(newsroom.folder, text):
            parts += [text, content]
    return hmac.digest(newsroom.present_key() or b"none yet", "\0".join(parts).encode(), "sha256").hex()


def _files(folder: Path) -> Iterator[Path]:
    for name in _FOLDERS:
        for file in sorted((folder / name).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith("."):
                yield file


def _texts_for_files(value: Any, *, plain: bool = True) -> Iterator[str]:
    """The texts in a part of config.yaml that may name a file, in an order that does not depend on the one of the keys:
    those that name one with a secret, and with `plain` all others."""
    if isinstance(value, str):
        if plain or value.startswith(_IN_A_FILE):
            yield value
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from _texts_for_files(value[key], plain=_COUNT_BELOW.get(key, plain))
    elif isinstance(value, list):
        for one in value:
            yield from _texts_for_files(one, plain=plain)


def _digest_of_named(folder: Path, text: str) -> str:
    """Of a file of this name; empty where the text names none, as most do not."""
    try:
        file = folder / Path(text.removeprefix(_IN_A_FILE)).expanduser()
        return _digest(file) if file.is_file() else ""
    except (OSError, ValueError, RuntimeError):  # too long for a name, with a NUL, or of a user who does not exist
        return ""


def _digest(file: Path) -> str:
    """Of what a file holds; in words where it cannot be read: whoever needs it says what is wrong with it."""
    made = hashlib.sha256()
    try:
        with open_ordinary(file) as stream:
            while piece := stream.read(_PIECE):
                made.update(piece)
    except (OSError, UnsafeFile):
        return "cannot be read"
    return made.hexdigest()


def announce(database: Database, fingerprint: str, now: datetime) -> None:
    """`serve` is started: the newsroom runs by its configuration from now on."""
    with database.write() as connection:
        known = running_config.load(connection)
        if known is None or known.fingerprint != fingerprint:
            running_config.replace(connection, RunningConfig(fingerprint, socket.gethostname(), now))


def find_difference(database: Database, fingerprint: str) -> str:
    """Why nothing may be done from here, in words; empty where the newsroom runs by this configuration."""
    with database.read() as connection:
        known = running_config.load(connection)
    if known is None or known.fingerprint == fingerprint:
        return ""
    return (
        f"config.yaml, templates, channels, sources, key or version of the program are not those with which `serve` was "
        f"started on {known.host} at {known.since:%Y-%m-%d %H:%M} UTC: nothing is sent from here until they are the same on "
        "all hosts; copy them, and start this process again"
    )
