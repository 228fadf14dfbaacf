"""A newsroom in one file, and a newsroom from such a file.

    FILE.tar.gz    store.db          the store as a file of SQLite, as it was at one moment
                   newsroom/…        config.yaml, templates/, channels/, sources/, keys, and what web servers show
                   manifest.json     versions, the rows of each table, the SHA-256 of every file; the last one

The file is for its owner only: it holds every address, and the keys. Until it is claimed nothing is sent from a newsroom
that was restored (`store_copy.save_store`), wherever that is. Nothing is ever overwritten.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from .. import __version__, permissions
from ..config import yaml
from ..errors import StoreError, UserError
from ..files import UnsafeFile, open_ordinary
from ..newsroom import Newsroom
from ..storage.address import SQLITE_FILES, sqlite_path
from ..storage.copying import Progress
from ..storage.database import Database
from ..storage.identity import FILE
from ..storage.migrations import REVISIONS
from .store_copy import save_store
from .working_folder import list_abandoned, working_folder

FORMAT = 1
MANIFEST, STORE, NEWSROOM = "manifest.json", "store.db", "newsroom/"
USUAL_STORE = "var/distributor.db"  # where the store is put if it was kept elsewhere
_ENDINGS = (".tar.gz", ".tgz", ".tar")
_FOLDERS = ("templates", "channels", "sources")
_MOST_MANIFEST = 64_000_000  # octets
_OF_DAMAGE = (
    tarfile.TarError, EOFError, zlib.error, ValueError, LookupError, TypeError, AttributeError, RecursionError
)  # fmt: skip
_DAMAGED = "{}: is no backup of a newsroom, or is damaged ({}); nothing was restored"


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was made: its size in octets, how many files of the newsroom and rows of the store it has, and the
    files and folders that belong to the newsroom and are not in it: those outside of its folder, and articles."""

    file: Path
    size: int
    files: int
    rows: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RestoredNewsroom:
    """A newsroom that was put together: when its backup was made, and where its store was kept and is now."""

    folder: Path
    config: Path
    made: str
    store: str
    kept_elsewhere: bool
    left_out: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    """The files of a newsroom, by their path in its folder; `public` are those that web servers show. `root` is where the
    folder really is."""

    folder: Path
    root: Path
    files: dict[str, Path] = field(default_factory=dict)
    public: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)

    def add(self, path: Path, *, public: bool = False) -> None:
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self.root):
            self.left_out.append(str(path))
            return
        called = Path(os.path.normpath(path))  # not where it leads: it keeps its name
        base = next((one for one in (self.folder, self.root) if called.is_relative_to(one)), None)
        name = (called.relative_to(base) if base else real.relative_to(self.root)).as_posix()
        self.files[name] = real
        if public:
            self.public.add(name)


# -- making one --------------------------------------------------------------------------------------------------------


def make_backup(
    newsroom: Newsroom, database: Database, target: Path, now: datetime, progress: Progress
) -> BackupReport:
    """Write a backup into the file `target`, or into a new file of the folder `target`. Everybody may go on meanwhile.
    Raises UserError where it is there already or cannot be written, and StoreError."""
    file = target = target.absolute()
    try:
        if target.is_dir() or not target.name.endswith(_ENDINGS):
            file = target / f"distributor-{now:%Y%m%dT%H%M%SZ}.tar.gz"
        if file.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file))
        permissions.make_folder(file.parent, permissions.PRIVATE_FOLDER)
        with working_folder(file.parent, "distributor-backup") as working:
            store, archive = working / STORE, working / "archive"
            rows = save_store(database, store, now, progress).rows
            found = _find_files(newsroom)
            with permissions.create(archive, permissions.PRIVATE) as stream:
                packed = not file.name.endswith(".tar")
                names = _write(stream, store, found, _manifest(newsroom, now, rows, found), now, packed=packed)
                stream.flush()
                os.fsync(stream.fileno())
            permissions.give_name(archive, file)
    except FileExistsError as error:
        raise UserError(f"{error.filename2 or error.filename}: exists already: nothing was changed") from None
    except OSError as error:
        raise UserError(f"{error.filename or file}: cannot be backed up: {error.strerror or error}") from None
    return BackupReport(file, file.stat().st_size, names - 1, sum(rows.values()), tuple(found.left_out))


def _manifest(newsroom: Newsroom, now: datetime, rows: Mapping[str, int], found: _Found) -> dict[str, Any]:
    path = sqlite_path(newsroom.settings.store.url, newsroom.folder)
    inside = path is not None and Path(os.path.realpath(path)).is_relative_to(found.root)
    store = Path(os.path.realpath(path)).relative_to(found.root).as_posix() if path and inside else USUAL_STORE
    return {
        "format": FORMAT,
        "program": __version__,
        "revision": REVISIONS[-1],
        "made": now.isoformat(timespec="seconds"),
        "config": newsroom.file.name,
        "store": {"path": store, "kept_elsewhere": not inside, "rows": dict(rows)},
        "left_out": found.left_out,
    }


def _find_files(newsroom: Newsroom) -> _Found:
    """What makes the newsroom, but for its store: what cannot be made anew by the program."""
    found = _Found(newsroom.folder, Path(os.path.realpath(newsroom.folder)))
    found.add(newsroom.file)
    for folder in _FOLDERS:
        for path in _walk(newsroom.folder / folder):
            found.add(path)
    shown = [one for channel in newsroom.channels.values() for one in channel.public_folders]
    for public in (*shown, newsroom.images_folder):
        for path in _walk(public):
            found.add(path, public=True)
    named = [newsroom.key_file, newsroom.state / FILE, *_named_files(newsroom)]
    for path in named:
        if path.is_file():
            found.add(path)
    found.left_out += _list_articles(found, newsroom)
    store = sqlite_path(newsroom.settings.store.url, newsroom.folder)
    own = {os.path.realpath(f"{store}{end}") for end in SQLITE_FILES} if store else set()
    found.files = {name: path for name, path in found.files.items() if str(path) not in own}
    return found


def _list_articles(found: _Found, newsroom: Newsroom) -> Iterator[str]:
    """The folders and files of articles that are not in the backup: in the newsroom by their place there."""
    for source in newsroom.sources.values():
        for path in (getattr(source, one.name) for one in fields(source)):
            if not isinstance(path, Path):
                continue
            real = Path(os.path.realpath(path))
            inside = real.is_relative_to(found.root)
            if not any(one == real or one.is_relative_to(real) for one in found.files.values()):
                yield real.relative_to(found.root).as_posix() if inside else str(path)


def _walk(folder: Path) -> Iterator[Path]:
    """The ordinary files of a folder, also behind links; hidden ones and what Python compiles are left out. Raises OSError
    where a folder may not be read: a backup without it would look whole."""
    seen: set[str] = set()  # a link may lead to a folder that holds it
    for here, folders, files in os.walk(folder, onerror=_raise_unless_gone, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one != "__pycache__")
        yield from (path for one in sorted(files) if not one.startswith(".") and (path := Path(here) / one).is_file())


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _named_files(newsroom: Newsroom) -> Iterator[Path]:
    """The files that config.yaml names: keys, certificates, texts."""
    values: list[Any] = [yaml.read(newsroom.file).data]
    while values:
        value = values.pop()
        if isinstance(value, dict | list):
            values.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, str) and 0 < len(value) < 500 and "\n" not in value and "\0" not in value:
            path = newsroom.folder / Path(value.removeprefix("file:"))
            try:
                if path.is_file():
                    yield path
            except OSError:
                continue


def _write(
    stream: BinaryIO, store: Path, found: _Found, manifest: dict[str, Any], now: datetime, *, packed: bool
) -> int:
    """Write the file; returns how many it holds, the manifest not counted."""
    hashes: dict[str, str] = {}
    with (
        gzip.GzipFile("", "wb", 3, stream) if packed else nullcontext(stream) as out,
        tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        with store.open("rb") as content:
            hashes[STORE] = hashlib.file_digest(content, "sha256").hexdigest()
            content.seek(0)
            archive.addfile(_entry(STORE, store.stat().st_size, permissions.PRIVATE, now), content)
        for name, path in sorted(found.files.items()):
            try:
                body = path.read_bytes()
            except FileNotFoundError:  # exchanged by another process just now
                continue
            hashes[NEWSROOM + name] = hashlib.sha256(body).hexdigest()
            public = permissions.PUBLIC if name in found.public else permissions.PRIVATE
            archive.addfile(_entry(NEWSROOM + name, len(body), public, now), io.BytesIO(body))
        body = json.dumps(manifest | {"sha256": hashes}, ensure_ascii=False, indent=1).encode()
        archive.addfile(_entry(MANIFEST, len(body), permissions.PRIVATE, now), io.BytesIO(body))
    return len(hashes)


def _entry(name: str, size: int, mode: int, now: datetime) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, mode, int(now.timestamp())
    return entry


# -- putting a newsroom together ---------------------------------------------------------------------------------------


def restore_backup(file: Path, folder: Path) -> RestoredNewsroom:
    """Put the newsroom of a backup into a new folder, or an empty one. All of it or nothing. Raises UserError where the
    folder holds anything, the backup is damaged or of a newer program, or something cannot be written."""
    folder = Path(os.path.normpath(folder.absolute()))
    name = f"{folder.name}-restoring"[-200:]
    try:
        parent = folder.parent
        if folder.exists():
            if not folder.is_dir() or set(folder.iterdir()) - {*list_abandoned(folder, name)}:
                raise UserError(f"{folder}: is there already and not empty: nothing was changed; name a new folder")
            parent = folder  # it may be a volume of its own, or the only place where we may write
        with working_folder(parent, name) as working:
            manifest = _read(file, working)
            restored = _put_together(file, working, manifest, folder)
            _move(working / NEWSROOM, folder, restored.config.name)
    except UnsafeFile as error:
        raise UserError(f"{file}: {error}: nothing was restored; name the file of a backup") from None
    except (*_OF_DAMAGE, StoreError) as error:
        raise UserError(_DAMAGED.format(file, " ".join(str(error).split())[:200])) from None
    except OSError as error:
        raise UserError(f"{error.filename or file}: cannot be restored: {error.strerror or error}") from None
    return restored


def _move(made: Path, folder: Path, config: str) -> None:
    """Let what was made be this folder, which is new or empty; an empty one stays the same, as somebody may be in it. The
    file `config` comes last: without it half a folder is no newsroom, if we are killed here."""
    if not folder.exists():
        made.rename(folder)
        permissions.sync_folder(folder.parent)
        return
    names = sorted((one.name for one in made.iterdir()), key=config.__eq__)
    try:
        for name in names:
            (made / name).rename(folder / name)
    except BaseException:
        for name in names:
            with suppress(OSError):  # it is still where it was
                (folder / name).rename(made / name)
        raise
    permissions.sync_folder(folder)


def _read(file: Path, working: Path) -> dict[str, Any]:
    """Unpack the files, each with its mode, and compare them with the manifest."""
    hashes: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    with open_ordinary(file) as stream, tarfile.open(fileobj=stream, mode="r:*") as archive:
        for entry in archive:
            content = archive.extractfile(entry) if entry.isfile() and _is_safe(entry.name) else None
            if content is None or entry.name in hashes or manifest:
                raise ValueError(f"{entry.name!r:.100} does not belong there")
            if entry.name == MANIFEST:
                manifest = json.loads(content.read(_MOST_MANIFEST))
                continue
            if entry.size > shutil.disk_usage(working).free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(working.parent))
            public = entry.name.startswith(NEWSROOM) and bool(entry.mode & 0o004)
            target = working / entry.name
            permissions.make_folder(target.parent, permissions.PUBLIC_FOLDER if public else permissions.TRAVERSE_ONLY)
            with permissions.create(target, permissions.PUBLIC if public else permissions.PRIVATE) as out:
                shutil.copyfileobj(content, out, 1 << 20)
                os.fsync(out.fileno())
            with target.open("rb") as written:
                hashes[entry.name] = hashlib.file_digest(written, "sha256").hexdigest()
    if not manifest:
        raise ValueError("it has no manifest at its end")
    if manifest["format"] != FORMAT or manifest["revision"] not in REVISIONS:
        raise UserError(
            f"{file}: was made by version {manifest['program']} of the program, which is newer than this one "
            f"({__version__}): nothing was restored; install the newer one"
        )
    wrong = sorted({name for name, _ in hashes.items() ^ manifest["sha256"].items()})
    if wrong:
        raise ValueError(f"{wrong[0]} is not what it was")
    return manifest


def _is_safe(name: str) -> bool:
    """Whether a name leads to a place in the folder, and nowhere else."""
    path = PurePosixPath(name)
    inside = not path.is_absolute() and ".." not in path.parts and path.as_posix() == name and "\0" not in name
    return inside and (name in (MANIFEST, STORE) or (name.startswith(NEWSROOM) and name != NEWSROOM))


def _put_together(file: Path, working: Path, manifest: Mapping[str, Any], folder: Path) -> RestoredNewsroom:
    place = str(manifest["store"]["path"])
    config = str(manifest["config"])
    if not _is_safe(NEWSROOM + place) or "/" in config or not (working / NEWSROOM / config).is_file():
        raise ValueError("its manifest does not fit its files")
    store = working / NEWSROOM / place
    if store.exists():
        raise ValueError(f"{place} is there twice")
    permissions.make_folder(store.parent, permissions.TRAVERSE_ONLY)
    (working / STORE).rename(store)
    with closing(Database.open(f"sqlite:///{store}", folder, create=False)) as database:
        if damage := database.find_damage():
            raise ValueError(f"its store is damaged: {damage}")
    return RestoredNewsroom(
        folder,
        folder / config,
        str(manifest["made"]),
        place,
        bool(manifest["store"]["kept_elsewhere"]),
        tuple(map(str, manifest["left_out"])),
    )
