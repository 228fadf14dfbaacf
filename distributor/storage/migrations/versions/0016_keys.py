"""Keys that identify nothing; and the keys of what is stored, made once more by today's rules."""

import hashlib
import re
from typing import Any

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime
from distributor.url_marks import canonical_url, without_marks

revision = "0016"
down_revision = "0015"

_ROWS = 1000  # at a time
_LONGEST = 400  # characters of a key
_TELLING = 4  # words of a title that says enough


def upgrade() -> None:
    op.create_table(
        "ambiguous_keys",
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ambiguous_keys")),
    )
    _add_keys()


def _add_keys() -> None:
    """Whoever was known by the address with a session or a way back in it is known by the bare one, too; and by its title,
    the newest article of each. Without them the next look would announce the whole store as new."""
    connection = op.get_bind()
    keys = sa.table("article_keys", sa.column("key", sa.String), sa.column("article_id", sa.String))
    articles = sa.table(
        "articles", *(sa.column(name, sa.String) for name in ("id", "source", "title", "url", "first_seen"))
    )
    known = set(connection.execute(sa.select(keys.c.key)).scalars())
    added: dict[str, str] = {}
    for key, article in connection.execute(sa.select(keys.c.key, keys.c.article_id).order_by(keys.c.key)):
        added.setdefault(_again(key), article)
    query = sa.select(articles.c.id, articles.c.source, articles.c.title, articles.c.url)
    for id, source, title, url in connection.execute(query.order_by(articles.c.first_seen.desc(), articles.c.id)):
        if isinstance(url, str) and url:
            added.setdefault(f"url:{canonical_url(url)}", id)
        if isinstance(title, str):
            words = re.findall(r"[^\W_]+", title.casefold())
            short = hashlib.sha256(" ".join(words).encode(errors="surrogatepass")).hexdigest()[:24]
            added.setdefault(f"title:{source}:{short}", id)
            if len(words) >= _TELLING:
                added.setdefault(f"title::{short}", id)  # whatever source tells it
    rows: list[dict[str, Any]] = [
        {"key": key, "article_id": id} for key, id in added.items() if key not in known and len(key) <= _LONGEST
    ]
    for at in range(0, len(rows), _ROWS):
        connection.execute(sa.insert(keys), rows[at : at + _ROWS])


def _again(key: str) -> str:
    kind, _, rest = key.partition(":")
    if kind == "url":
        return f"url:{canonical_url('https://' + rest)}"
    source, _, guid = rest.partition(":")
    return f"guid:{source}:{without_marks(guid)}" if kind == "guid" else key
