"""Which store this is and which key signs its links, so that neither is taken for another one.

    store      one row: a random id, and the fingerprint of the key
    var/       store.id: the same id; secret.key: the key, unless config.yaml holds it

Both are written down when something is about to be sent for the first time. From then on a store that is empty or another
one, and a key that is missing or another one, stop what they would spoil: who left could not be told from who never came,
and the links in mails that are out would be dead. `distributor store claim` accepts such a loss.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from .. import permissions
from ..errors import StoreError, StoreLost
from .database import Database
from .tables import deliveries, store_identity

FILE = "store.id"
MISSING_KEY = (
    "{} is missing, but mails are out whose links it has signed: nothing is sent with another one. Restore it from a backup "
    "(or keep it outside var/, with `secret: file:PATH` in config.yaml); if it is lost for good, "
    "`distributor store claim --new-key` makes a new one, and the unsubscribe links in old mails will not work any more"
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
    """Whether letters with links have been promised in this store."""
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
    """Make a file for its owner's eyes, unless it is there. It gets its name when it is whole, so that nobody can read half
    of it, and the first of several processes makes it. Raises OSError."""
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


def check_key(database: Database, key: bytes, where: str) -> None:
    """Make sure that links are signed with the key that this store knows. `where` says where the key stands; an empty key is
    one that is missing. Raises StoreLost."""
    with database.read() as connection:
        known = load(connection)
        lost = not key and (known is not None or has_enqueued_emails(connection))
    if lost:
        raise StoreLost(MISSING_KEY.format(where))
    if known and key and fingerprint(key, known.id) != known.key_fingerprint:
        raise StoreLost(
            f"{where} is another one than the one that has signed the links of this store's mails: nothing is sent with it. "
            "Restore the right one from a backup; if it is lost for good, `distributor store claim --new-key` accepts this "
            "one, and the unsubscribe links in old mails will not work any more"
        )
