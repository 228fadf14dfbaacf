"""Looking through the whole store for rows that hold what the program cannot have written, and mending them.

    find ──▶ what is wrong, row by row, with what a repair would do
    repair ──▶ the row as it was is kept in a file, and the store gets something that can be read

A repair never writes to anybody twice, never lets go out what was kept back, and never lets anybody be written to who
must not be: where a value is lost, the cautious one takes its place.
"""

from __future__ import annotations

import hashlib
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
from ..articles import repository as article_repository
from ..articles.flags import ArticleFlag
from ..credentials import remove_credentials
from ..delivery.queries import S
from ..editions import repository as edition_repository
from ..editions.selection import ArticleStatus
from ..errors import DamagedRow
from ..model import (
    BounceType,
    DeliveryState,
    Edition,
    EditionKind,
    EditionState,
    Frequency,
    Language,
    NoticeKind,
    ParsedArticle,
    RenditionAction,
    edition_from_json,
    edition_to_json,
    parsed_article_to_data,
)
from ..storage import tables
from ..storage.rows import UtcTime, decode_leniently, from_json, skip_damaged
from ..storage.tables import metadata
from ..text import clean_line
from ..url_cleaning import web_address

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
    if not sa.inspect(connection).has_table(table.name):
        return
    columns = [*table.primary_key.columns, *(column for column, _ in checks)]
    for row in connection.execute(sa.select(*(_raw(column).label(f"c{i}") for i, column in enumerate(columns)))):
        key = tuple(row[: len(table.primary_key.columns)])
        values = row[len(key) :]
        for (column, check), value in zip(checks, values, strict=True):
            if found := check(value):
                why, remedy, instead = found
                yield Damage(table.name, key, column.name, why, remedy, instead)
    if table is tables.renditions:
        yield from _changed_renditions(connection)


def _raw(column: Column[Any]) -> sa.ColumnElement[Any]:
    """A column as text, before anything can fail to understand it."""
    return sa.cast(column, sa.Text) if isinstance(column.type, (UtcTime, sa.JSON)) else column


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
        return _texts
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


def _changed_renditions(connection: Connection) -> Iterator[Damage]:
    columns = tables.renditions.c
    query = sa.select(columns.edition_id, columns.channel, columns.variant, columns.body, columns.sha256)
    for edition, channel, variant, body, sha256 in connection.execute(query):
        if hashlib.sha256(bytes(body)).hexdigest() != sha256:
            yield Damage("renditions", (edition, channel, variant), "body", "is not what was frozen", Remedy.RENDITION)


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
            table = metadata.tables[damage.table]
            query = sa.select(*(_raw(column).label(column.name) for column in table.c)).where(_here(table, damage))
            row = connection.execute(query).mappings().first()
            kept = {"table": damage.table, "column": damage.column, "why": damage.why, "row": dict(row or {})}
            out.write(_LOGIN.sub(r"\1", json.dumps(kept, ensure_ascii=False, default=str)) + "\n")
        out.flush()
        os.fsync(out.fileno())
    return file


def _here(table: Table, damage: Damage) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == value for column, value in zip(table.primary_key.columns, damage.key, strict=True)))


def _set(connection: Connection, damage: Damage, now: datetime) -> None:
    table = metadata.tables[damage.table]
    values: dict[str, Any] = {damage.column: damage.value}
    if (damage.table, damage.column) == ("subscribers", "topics"):
        values["topics_key"] = ""
    if damage.table == "article_flags":  # it may have the cautious flag already
        connection.execute(sa.delete(table).where(_here(table, damage)))
        reason = "its mark in the store could not be read"
        flags.set_flag(connection, damage.key[0], ArticleFlag.HELD, reason=reason, by="doctor", now=now)
        return
    connection.execute(sa.update(table).where(_here(table, damage)).values(values))


def _drop(connection: Connection, damage: Damage, now: datetime) -> None:
    table = metadata.tables[damage.table]
    connection.execute(sa.delete(table).where(_here(table, damage)))


def _article(connection: Connection, damage: Damage, now: datetime) -> None:
    (id,) = damage.key
    columns, versions = tables.articles.c, tables.article_versions.c
    row = connection.execute(sa.select(columns.source, columns.title, columns.url).where(columns.id == id)).one()
    kept = (
        sa.select(sa.cast(versions.content, sa.Text)).where(versions.article_id == id).order_by(versions.version.desc())
    )
    texts = connection.execute(kept).scalars().all()
    readable = [text for text in texts if not _article_content(text, Remedy.DROP)]
    if readable:
        content = from_json(readable[0])
    else:
        content = parsed_article_to_data(
            ParsedArticle(source=row.source, title=row.title, url=web_address(row.url, ""))
        )
    # Without a hash of its own the next look at its source tells the article anew, as a change.
    connection.execute(sa.update(tables.articles).where(columns.id == id).values(content=content, sha256=""))
    flags.set_flag(
        connection, id, ArticleFlag.HELD, reason="its text in the store could not be read", by="doctor", now=now
    )


def _edition(connection: Connection, damage: Damage, now: datetime) -> None:
    (id,) = damage.key
    columns, said = tables.editions.c, tables.newsletter_articles.c
    row = connection.execute(sa.select(*(c for c in columns if c is not columns.content)).where(columns.id == id)).one()
    carried = connection.execute(sa.select(said.article_id).where(said.edition_id == id)).scalars().all()
    articles = skip_damaged(carried, lambda article: article_repository.find_article(connection, article))
    edition = Edition(
        id=id,
        newsletter=row.newsletter,
        slot=row.slot,
        number=row.number,
        subject=row.subject,
        articles=tuple(sorted((one for one in articles if one), key=lambda one: (-one.published.timestamp(), one.id))),
        frozen_at=row.frozen_at,
        expires_at=row.expires_at,
        language=Language(row.language) if row.language in list(Language) else Language.VI,
        kind=EditionKind(row.kind) if row.kind in list(EditionKind) else EditionKind.DIGEST,
    )
    content = edition_to_json(edition)
    values = {"content": content.decode(), "sha256": hashlib.sha256(content).hexdigest()}
    connection.execute(sa.update(tables.editions).where(columns.id == id).values(values))
    edition_repository.record_event(
        connection, id, "repaired", "doctor", now, "its content in the store could not be read"
    )


def _rendition(connection: Connection, damage: Damage, now: datetime) -> None:
    edition, channel, variant = damage.key
    rows = tables.deliveries
    here = (rows.c.edition_id == edition) & (rows.c.channel == channel) & (rows.c.variant == variant)
    reply = "given up: its bytes in the store were damaged"
    waiting = rows.c.state.in_((S.PENDING, S.DEFERRED))
    connection.execute(sa.update(rows).where(here, waiting).values(state=S.EXPIRED, due=None, updated=now, reply=reply))
    connection.execute(sa.update(rows).where(here, rows.c.state == S.UNCERTAIN).values(due=None))
    _drop(connection, damage, now)


def _without_login(connection: Connection, damage: Damage, now: datetime) -> None:
    table = metadata.tables[damage.table]
    column = table.c[damage.column]
    text = connection.execute(sa.select(_raw(column)).where(_here(table, damage))).scalar_one()
    bare = _LOGIN.sub(r"\1", text)
    value = from_json(bare) if isinstance(column.type, sa.JSON) else bare
    connection.execute(sa.update(table).where(_here(table, damage)).values({damage.column: value}))


_STEPS: Mapping[Remedy, Callable[[Connection, Damage, datetime], None]] = {
    Remedy.SET: _set,
    Remedy.DROP: _drop,
    Remedy.ARTICLE: _article,
    Remedy.EDITION: _edition,
    Remedy.RENDITION: _rendition,
    Remedy.LOGIN: _without_login,
}
