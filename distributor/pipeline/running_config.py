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
from ..newsroom import Newsroom
from ..storage import running_config
from ..storage.database import Database
from ..storage.running_config import RunningConfig

_FOLDERS = ("templates", "channels", "sources")
_OF_ONE_HOST = ("store", "workers")  # may differ from host to host …
_OF_ITS_PAGES = ("listen", "own_process")  # … and so may these of `web`


def compute_fingerprint(newsroom: Newsroom) -> str:
    """The same on two hosts where config.yaml says the same, the files that it names (keys, passwords), templates, channels
    and sources of the newsroom's own are the same, links are signed with the same key, and the program is of the same
    version. Nobody can guess a secret from it:
    that key goes into it. Raises ConfigError."""
    said = {key: value for key, value in yaml.read(newsroom.file).data.items() if key not in _OF_ONE_HOST}
    if isinstance(web := said.get("web"), dict):
        said["web"] = {key: value for key, value in web.items() if key not in _OF_ITS_PAGES}
    parts = [__version__, json.dumps(said, sort_keys=True, default=str)]
    for file in _files(newsroom.folder):
        parts += [file.relative_to(newsroom.folder).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest()]
    for text in _texts(said):
        if content := _content_of(newsroom.folder, text):
            parts += [text, hashlib.sha256(content).hexdigest()]
    return hmac.digest(newsroom.present_key() or b"none yet", "\0".join(parts).encode(), "sha256").hex()


def _files(folder: Path) -> Iterator[Path]:
    for name in _FOLDERS:
        for file in sorted((folder / name).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith("."):
                yield file


def _texts(value: Any) -> Iterator[str]:
    """All texts in a part of config.yaml, in an order that does not depend on the one of the keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from _texts(value[key])
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _content_of(folder: Path, text: str) -> bytes:
    """What a file of this name holds; empty where the text names none, as most do not."""
    try:
        file = folder / text.removeprefix("file:")
        return file.read_bytes() if file.is_file() else b""
    except (
        OSError,
        ValueError,
    ):  # too long for a name, or with a NUL; whoever needs it says what else is wrong with it
        return b""


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
