"""Which store this is, which key signs its links, and where it is used, so that none is taken for another one.

    store      a random id, the fingerprint of the key, and the instance that it belongs to
    var/       store.id: the same id; secret.key: the key, unless config.yaml holds it

All are saved when something is about to be sent for the first time. From then on nothing is sent from a store that is empty
or another one, with a key that is missing or another one (subscribers who left could not be told from those who never
joined, and the links in emails already sent would be dead), or from a copy or a restored backup that is used elsewhere.
`distributor store claim` accepts such a loss, or moves the store.

An instance is the `instance` of config.yaml, or the host and the folder where the store is used: containers, whose host
names change, need the name.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from .. import permissions
from ..errors import StoreError, StoreLost
from .database import Database
from .tables import deliveries, instance, store_identity

FILE = "store.id"
MISSING_KEY = (
    "{} is missing, but it has signed the links of emails already sent: nothing is sent with another one. Restore it from a "
    "backup (or keep it outside var/, with `secret: file:PATH` in config.yaml); if it is lost for good, "
    "`distributor store claim --new-key` makes a new one, and the unsubscribe links in old emails will not work any more"
)
_PURPOSE = b"which key signs the links of store "


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """The id of a store, the fingerprint of its key, and since when both are known."""

    id: str
    key_fingerprint: str
    since: datetime


def fingerprint(key: bytes, store: str) -> str:
    """What a store remembers of its key: nothing that helps to find it."""
    return hmac.digest(key, _PURPOSE + store.encode(), "sha256").hex()


def load(connection: Connection) -> StoreIdentity | None:
    """The identity of the store; None where it has none yet."""
    row = connection.execute(sa.select(store_identity)).first()
    return StoreIdentity(row.id, row.key_fingerprint, row.since) if row else None


def create(connection: Connection, key: bytes, now: datetime) -> StoreIdentity:
    """Give the store an identity, or a new key. In the caller's writing transaction."""
    known = load(connection)
    id = known.id if known else secrets.token_hex(16)
    made = StoreIdentity(id, fingerprint(key, id), now)
    connection.execute(sa.delete(store_identity))
    connection.execute(
        sa.insert(store_identity).values(id=made.id, key_fingerprint=made.key_fingerprint, since=made.since)
    )
    return made


def has_enqueued_emails(connection: Connection) -> bool:
    """Whether emails with links have been enqueued in this store."""
    query = sa.select(deliveries.c.id).where(deliveries.c.recipient > "").limit(1)
    return connection.execute(query).scalar() is not None


# -- the file ----------------------------------------------------------------------------------------------------------


def read_folder_id(folder: Path) -> str:
    """The id of the store that was used from this folder; empty where none is noted. Raises StoreError."""
    file = folder / FILE
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise StoreError(f"{file}: cannot be read: {reason}") from None


def write_folder_id(folder: Path, id: str) -> None:
    """Note the id of a store, unless one is noted. Raises StoreError where it cannot be written."""
    file = folder / FILE
    try:
        permissions.make_folder(folder, permissions.TRAVERSE_ONLY)
        write_once(file, f"{id}\n")
    except OSError as error:
        raise StoreError(f"{file}: cannot be written: {error.strerror}") from None


def delete_folder_id(folder: Path) -> None:
    """Forget which store was used from this folder. Raises StoreError."""
    file = folder / FILE
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{file}: cannot be deleted: {error.strerror}") from None


def write_once(file: Path, text: str) -> None:
    """Make a file that only its owner can read, unless it is there. It gets its name when it is complete, so that nobody can
    read half of it, and the first of several processes makes it. Raises OSError."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        fresh.unlink(missing_ok=True)


# -- whether they belong together --------------------------------------------------------------------------------------


def check_store(database: Database, noted: str, key_file: Path, *, has_key: bool, config: str) -> None:
    """Make sure that this is the store that was used from here. To be asked before it is migrated.

    `noted` is the id in the folder, `has_key` whether a key lies in it; both were looked at before the store was, so that
    somebody who is just making all of it is no contradiction. Raises StoreLost.
    """
    if not noted and not has_key:
        return
    if database.is_empty():
        sign = key_file.with_name(FILE) if noted else key_file
        raise StoreLost(
            f"store {database.name} is empty, but {sign} says that this newsroom has sent before: restore the store from a "
            f"backup, or look at store.url in {config}; if all that it held (subscribers, who has left, what was sent) is "
            "lost for good, `distributor store claim --new-store` begins anew"
        )
    with database.read() as connection:
        found = load(connection) if sa.inspect(connection).has_table(store_identity.name) else None
    if noted and (found is None or found.id != noted):
        raise StoreLost(
            f"store {database.name} is another one than {key_file.with_name(FILE)} names: restore the right one, or look "
            f"at store.url in {config}; if this one is to be used from now on, run `distributor store claim --new-store`"
        )


def check_key(database: Database, keys: Sequence[bytes], where: str) -> StoreIdentity | None:
    """Make sure that links are signed with the key that this store knows, or with one that has taken its place; returns its
    identity. `keys` are the one that signs and the earlier ones; none at all is one that is missing. `where` says where the
    key is kept. Raises StoreLost."""
    with database.read() as connection:
        known = load(connection)
        lost = not keys and (known is not None or has_enqueued_emails(connection))
    if lost:
        raise StoreLost(MISSING_KEY.format(where))
    if known and keys and known.key_fingerprint not in (fingerprint(key, known.id) for key in keys):
        raise StoreLost(
            f"{where} is another one than the one that has signed the links of this store's emails: nothing is sent with "
            "it. Restore the right one from a backup; if it is lost for good, `distributor store claim --new-key` accepts "
            "this one, and the unsubscribe links in old emails will not work any more"
        )
    return known


def is_exchanged(known: StoreIdentity, keys: Sequence[bytes]) -> bool:
    """Whether the key that signs has taken the place of the one that the store knows."""
    return bool(keys) and fingerprint(keys[0], known.id) != known.key_fingerprint


# -- where it is used --------------------------------------------------------------------------------------------------


def instance_name(instance: str, folder: Path) -> str:
    """The instance that this process is, in words."""
    return f"instance {instance}" if instance else f"{socket.gethostname()}:{folder.resolve()}"


def check_instance(database: Database, where: str, now: datetime) -> None:
    """Make sure that the store belongs to this instance; a new store does from now on. Raises StoreError."""
    with database.read() as connection:
        known = _claimed_by(connection)
    if not known:
        with database.write() as connection:
            known = _claimed_by(connection)  # again, now that nobody else writes
            if not known:
                claim_instance(connection, where, now)
                return
    if known != where:
        raise StoreError(
            f"this store belongs to {known}, not to {where}: nothing is sent from a copy; "
            "if it has really moved here, and the other one is switched off, run `distributor store claim`"
        )


def claim_instance(connection: Connection, where: str, now: datetime) -> str:
    """Let the store belong to this instance; returns the one it belonged to before, or nothing."""
    before = _claimed_by(connection)
    connection.execute(sa.delete(instance))
    connection.execute(sa.insert(instance).values(place=where, since=now))
    return before


def find_other_owner(connection: Connection, where: str) -> str:
    """Where the store belongs, if that is not here: nothing is sent from it then. Otherwise nothing."""
    known = _claimed_by(connection)
    return "" if known == where else known


def _claimed_by(connection: Connection) -> str:
    return connection.execute(sa.select(instance.c.place)).scalar() or ""
