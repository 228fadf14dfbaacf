"""Errors of SQLite and PostgreSQL in words: what is wrong with a store, and what staff can do about it."""

from __future__ import annotations

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, InternalError, OperationalError

from ..errors import StoreBusy, StoreError, StoreLost

_LOCKED = "is locked by another process; try again, or stop the other one"
DAMAGED = "its file is damaged: nothing more is sent; stop everything that uses it, and restore it from a backup"
INCOMPLETE = (
    "lacks what every store has ({}): it was emptied, or is damaged; restore it from a backup, or look at store.url"
)

# SQLite: what its messages hold (it has no numbers that Python passes on reliably before 3.11), the kind, and the words.
_WORDS: dict[str, tuple[type[StoreError], str]] = {
    "database is locked": (StoreError, _LOCKED),
    "readonly database": (StoreError, "is read-only; look at the permissions of the file and its folder"),
    "database or disk is full": (StoreError, "the disk is full; free some space, nothing is lost"),
    "unable to open database file": (StoreError, "cannot be opened; look at the path and its permissions"),
    "disk I/O error": (StoreError, "the disk reports an error"),
    "file is not a database": (
        StoreLost,
        "the file is not a database; look at store.url, or restore it from a backup",
    ),
    "is malformed": (StoreLost, DAMAGED),
    "malformed database schema": (StoreLost, DAMAGED),
    "Could not decode to UTF-8": (StoreLost, DAMAGED),
}
_MISSING = ("no such table", "no such column", "has no column named")  # SQLite

# PostgreSQL says the rest in the language of its host; these have a number (its manual, appendix A).
_DEADLOCK = "40P01"
_CODES: dict[str, tuple[type[StoreError], str]] = {
    "55P03": (StoreError, _LOCKED),  # lock_timeout
    _DEADLOCK: (StoreBusy, "was locked by another process that waited for this one; try again"),
    "25006": (StoreError, "is read-only: the server is a standby, or says so to this user"),
    "42501": (StoreError, "its user may not do this; GRANT it the rights, or look at the user in store.url"),
    "53100": (StoreError, "the disk of the server is full; free some space, nothing is lost"),
    "53300": (StoreError, "the server takes no more connections; raise its max_connections, or stop others"),
    "57P01": (StoreError, "the server is being stopped; try again when it is up"),
    "57P03": (StoreError, "the server is starting or stopping; try again"),
    "57014": (
        StoreError,
        "the server ended a statement that took too long; look at its statement_timeout, and who keeps it busy",
    ),
    "25P03": (
        StoreError,
        "the server ended a transaction that waited too long: this process stood still, or its "
        "idle_in_transaction_session_timeout is short; try again",
    ),
    "25P04": (StoreError, "the server ended a transaction that took too long; look at its transaction_timeout"),
    "3D000": (StoreError, "there is no such database; make it with createdb, or look at store.url"),
    "28P01": (StoreError, "the server refuses the password; look at store.url"),
    "28000": (StoreError, "the server refuses the user; look at store.url"),
}
_GONE = {"42P01", "42703", "3F000"}  # undefined table, column, schema
_BROKEN = {"XX000", "XX001", "XX002"}  # internal error, data corrupted, index corrupted
_CONNECTING = "check that the server runs, and host, port, database, user and password in store.url"
_LONGEST = 300  # characters of what a server says


def classify_error(error: DBAPIError) -> tuple[type[StoreError], str] | None:
    """The kind of error and its words, for what staff can mend; None for what is a bug of ours: a violated constraint, a
    value that does not fit, a statement that is wrong."""
    if isinstance(error, IntegrityError | DataError):
        return None
    said = " ".join(str(error.orig).split())[:_LONGEST]
    code = getattr(error.orig, "sqlstate", None)
    if code:
        return _by_code(str(code), said, passing=isinstance(error, OperationalError | InterfaceError | InternalError))
    if known := classify_words(said):
        return known
    if any(sign in said for sign in _MISSING):
        return StoreLost, INCOMPLETE.format(said)
    if isinstance(error, OperationalError | InterfaceError):
        server = type(error.orig).__module__.startswith("psycopg")
        return StoreError, f"{said}; {_CONNECTING}" if server else said
    return None


def classify_words(said: str) -> tuple[type[StoreError], str] | None:
    """The same for what SQLite says; None for what it says of a statement."""
    return next((known for sign, known in _WORDS.items() if sign in said), None)


def _by_code(code: str, said: str, *, passing: bool) -> tuple[type[StoreError], str] | None:
    if code in _CODES:
        return _CODES[code]
    if code in _GONE:
        return StoreLost, INCOMPLETE.format(said)
    if code in _BROKEN:
        return StoreLost, f"the server reports damage ({said}): nothing more is sent; restore it from a backup"
    return (StoreError, f"{said}; try again") if passing else None
