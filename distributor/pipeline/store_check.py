"""Looking through the whole store for rows that hold what the program cannot have written, and mending them.

    find ──▶ what is wrong, row by row, with what a repair would do
    repair ──▶ the row as it was is kept in a file, and the store gets something that can be read

A repair never writes to anybody twice, never lets go out what was kept back, and never lets anybody be written to who
must not be: where a value is lost, the cautious one takes its place.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Column, Connection, Table

from ..articles import flags
from ..articles.flags import ArticleFlag
from ..articles.repair import restore_content
from ..credentials import remove_credentials
from ..delivery.control import close_damaged_rendition
from ..editions import repository as edition_repository
from ..editions.repair import find_changed_renditions, rebuild_content
from ..editions.selection import ArticleStatus
from ..errors import DamagedRow
from ..model import (
    BounceType,
    DeliveryState,
    EditionKind,
    EditionState,
    Frequency,
    Language,
    NoticeKind,
    ParsedArticle,
    RenditionAction,
    edition_from_json,
)
from ..storage import tables
from ..storage.all_tables import metadata
from ..storage.raw_rows import delete_row, find_raw, read_raw, update_row
from ..storage.rows import UtcTime, decode_leniently, from_json
from ..text import clean_line

_found = TypeAdapter(ParsedArticle)
# A user name and a password in an address, also inside HTML.
_LOGIN = re.compile(r"(https?:/{2})[^\s/?#\"'<>]*@", re.IGNORECASE)


class Remedy(StrEnum):
    """What a repair does."""

    SET = "a cautious value takes its place"
    DROP = "the row is taken out"
    ARTICLE = "its last version that can be read, or its title alone, takes its place, and it is held"
    EDITION = "it is put together again from its articles as they are now"
    RENDITION = "it is taken out, and what is still promised of it is given up"
    LOGIN = "the user name and the password are taken out of its addresses"


@dataclass(frozen=True, slots=True)
class Damage:
    """A value that cannot be read: where it stands, why, and what a repair would do."""

    table: str
    key: tuple[Any, ...]
    column: str
    why: str
    remedy: Remedy
    value: Any = None

    def __str__(self) -> str:
        key = _LOGIN.sub(r"\1", "/".join(map(str, self.key)))
        return clean_line(f"{self.table} {key}: {self.column}: {self.why}; repair: {self.remedy}")


# What may stand in a column, and what takes the place of anything else; without it the row is taken out.
_MEMBERS: Mapping[str, tuple[type[StrEnum], StrEnum | None]] = {
    "article_flags.flag": (ArticleFlag, ArticleFlag.HELD),
    "corrections.kind": (NoticeKind, None),
    "editions.kind": (EditionKind, None),
    "editions.state": (EditionState, EditionState.HELD),
    "renditions.action": (RenditionAction, None),
    "newsletter_articles.state": (ArticleStatus, ArticleStatus.REJECTED),
    "deliveries.state": (DeliveryState, DeliveryState.UNCERTAIN),
    "subscribers.language": (Language, Language.VI),
    "subscribers.frequency": (Frequency, Frequency.EACH),
    "suppressions.type": (BounceType, BounceType.STAFF),
    "bounces.type": (BounceType, None),
}
# Times that are better forgotten than taken for now: without an end a suppression stands for good.
_CLEARED_TIMES = {
    "suppressions.until",
    "shards.lease_until",
    "subscriptions.catch_up_from",
    "subscriptions.catch_up_since",
}


# -- finding -----------------------------------------------------------------------------------------------------------


def find_damage(connection: Connection, now: datetime) -> list[Damage]:
    """Every value of the store that cannot be read, and every address with a password in it."""
    with decode_leniently(connection):
        return [damage for table in metadata.sorted_tables for damage in _of_table(connection, table, now)]


def _of_table(connection: Connection, table: Table, now: datetime) -> Iterator[Damage]:
    checks = [(column, check) for column in table.c if (check := _check(column, now))]
    if not checks:
        return
    for key, values in read_raw(connection, table, [column for column, _ in checks]):
        for (column, check), value in zip(checks, values, strict=True):
            if found := check(value):
                why, remedy, instead = found
                yield Damage(table.name, key, column.name, why, remedy, instead)
    if table is tables.renditions and sa.inspect(connection).has_table(table.name):
        for key in find_changed_renditions(connection):
            yield Damage("renditions", key, "body", "is not what was frozen", Remedy.RENDITION)


Check = Callable[[Any], tuple[str, Remedy, Any] | None]


def _check(column: Column[Any], now: datetime) -> Check | None:
    name = f"{column.table.name}.{column.name}"
    if name in ("articles.content", "article_versions.content", "article_source_versions.content"):
        return lambda text: _article_content(text, Remedy.ARTICLE if name == "articles.content" else Remedy.DROP)
    if name == "editions.content":
        return _edition_content
    if name in ("http_validators.url", "articles.url"):
        return lambda text: (
            ("holds a password", _login_remedy(name), None) if remove_credentials(text) != text else None
        )
    if name in _MEMBERS:
        kind, instead = _MEMBERS[name]
        remedy = Remedy.RENDITION if kind is RenditionAction else Remedy.SET if instead else Remedy.DROP
        return lambda text: None if text in list(kind) else (f"{text!r} is no {kind.__name__}", remedy, instead)
    if isinstance(column.type, UtcTime):
        return lambda text: _time(text, None if name in _CLEARED_TIMES else now)
    if isinstance(column.type, sa.JSON):
        special: Check | None = _JSON_CHECKS.get(name)
        return special or _texts
    return None


def _login_remedy(name: str) -> Remedy:
    return Remedy.DROP if name.startswith("http_validators") else Remedy.LOGIN


def _time(text: str | None, instead: datetime | None) -> tuple[str, Remedy, Any] | None:
    try:
        if text is None or datetime.fromisoformat(text).tzinfo:
            return None
    except (ValueError, TypeError):
        pass
    return f"{text!r:.40} is no time", Remedy.SET, instead


def _texts(text: str | None) -> tuple[str, Remedy, Any] | None:
    try:
        value = from_json(text or "")
    except DamagedRow:
        value = None
    good = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return None if good else (f"{text!r:.40} is no list of texts", Remedy.SET, [])


def _mapping(text: str | None) -> tuple[str, Remedy, Any] | None:
    return _of_type(text, dict, (f"{text!r:.40} is no mapping", Remedy.SET, {}))


def _needed_mapping(text: str | None) -> tuple[str, Remedy, Any] | None:
    return _of_type(text, dict, (f"{text!r:.40} is no mapping", Remedy.DROP, None))


def _needed_list(text: str | None) -> tuple[str, Remedy, Any] | None:
    return _of_type(text, list, (f"{text!r:.40} is no list", Remedy.DROP, None))


def _of_type(text: str | None, kind: type, otherwise: tuple[str, Remedy, Any]) -> tuple[str, Remedy, Any] | None:
    try:
        return None if isinstance(from_json(text or ""), kind) else otherwise
    except DamagedRow:
        return otherwise


# JSON that is no list of texts. What a sign-up or a pushed article was about cannot be guessed: its row goes.
_JSON_CHECKS: Mapping[str, Check] = {
    "subscribers.attributes": _mapping,
    "provider_events.headers": _mapping,
    "signups.wish": _needed_mapping,
    "signups.asks": _needed_list,
    "pushed_articles.content": _needed_mapping,
}


def _article_content(text: str | None, remedy: Remedy) -> tuple[str, Remedy, Any] | None:
    try:
        _found.validate_python(from_json(text or ""))
    except ValidationError as error:
        return _first(error), remedy, None
    except DamagedRow:
        return "is no JSON", remedy, None
    return ("holds a password", Remedy.LOGIN, None) if _LOGIN.search(text or "") else None


def _edition_content(text: str | None) -> tuple[str, Remedy, Any] | None:
    try:
        edition_from_json(text or "")
    except ValidationError as error:
        return _first(error), Remedy.EDITION, None
    return None


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()[:200]


# -- repairing ---------------------------------------------------------------------------------------------------------


def repair_damage(connection: Connection, found: Sequence[Damage], folder: Path, now: datetime) -> Path | None:
    """Mend what was found; the rows as they were go into a file of `folder`, which is returned. Inside the caller's
    writing transaction. Raises OSError, before anything is changed."""
    if not found:
        return None
    with decode_leniently(connection):
        file = _save_rows(connection, found, folder, now)
    for damage in sorted(found, key=lambda one: one.remedy in (Remedy.ARTICLE, Remedy.EDITION)):  # they read the others
        _STEPS[damage.remedy](connection, damage, now)
    return file


def _save_rows(connection: Connection, found: Sequence[Damage], folder: Path, now: datetime) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{now:%Y%m%dT%H%M%S%f}.jsonl"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        for damage in found:
            row = find_raw(connection, damage.table, damage.key)
            kept = {"table": damage.table, "column": damage.column, "why": damage.why, "row": row}
            out.write(_LOGIN.sub(r"\1", json.dumps(kept, ensure_ascii=False, default=str)) + "\n")
        out.flush()
        os.fsync(out.fileno())
    return file


def _set(connection: Connection, damage: Damage, now: datetime) -> None:
    if damage.table == "article_flags":  # it may have the cautious flag already
        delete_row(connection, damage.table, damage.key)
        reason = "its mark in the store could not be read"
        flags.set_flag(connection, damage.key[0], ArticleFlag.HELD, reason=reason, by="doctor", now=now)
        return
    values = {damage.column: damage.value}
    if (damage.table, damage.column) == ("subscribers", "topics"):
        values["topics_key"] = ""
    update_row(connection, damage.table, damage.key, values)


def _drop(connection: Connection, damage: Damage, now: datetime) -> None:
    delete_row(connection, damage.table, damage.key)


def _article(connection: Connection, damage: Damage, now: datetime) -> None:
    (id,) = damage.key
    restore_content(connection, id, lambda text: not _article_content(text, Remedy.DROP))
    reason = "its text in the store could not be read"
    flags.set_flag(connection, id, ArticleFlag.HELD, reason=reason, by="doctor", now=now)


def _edition(connection: Connection, damage: Damage, now: datetime) -> None:
    (id,) = damage.key
    rebuild_content(connection, id)
    reason = "its content in the store could not be read"
    edition_repository.record_event(connection, id, "repaired", "doctor", now, reason)


def _rendition(connection: Connection, damage: Damage, now: datetime) -> None:
    edition, channel, variant = damage.key
    close_damaged_rendition(connection, edition, channel, variant, now)
    _drop(connection, damage, now)


def _without_login(connection: Connection, damage: Damage, now: datetime) -> None:
    bare = _LOGIN.sub(r"\1", find_raw(connection, damage.table, damage.key)[damage.column])
    column = metadata.tables[damage.table].c[damage.column]
    value = from_json(bare) if isinstance(column.type, sa.JSON) else bare
    update_row(connection, damage.table, damage.key, {damage.column: value})


_STEPS: Mapping[Remedy, Callable[[Connection, Damage, datetime], None]] = {
    Remedy.SET: _set,
    Remedy.DROP: _drop,
    Remedy.ARTICLE: _article,
    Remedy.EDITION: _edition,
    Remedy.RENDITION: _rendition,
    Remedy.LOGIN: _without_login,
}
