"""The index of words: FTS5 of SQLite, a tsvector of PostgreSQL. It holds words that `articles/folding` has split and folded
already, so that both find the same, whatever language a server is set up for."""

from __future__ import annotations

from sqlalchemy import Connection

# The tokenizers have nothing left to do. `_` stands between title and text: no query holds it, so no phrase reaches across.
_STATEMENTS = {
    "sqlite": (
        """CREATE VIRTUAL TABLE article_words USING fts5(folded, marked, tokenize="unicode61 remove_diacritics 0 """
        """tokenchars '_'", prefix='2 3')""",
    ),
    "postgresql": (
        "CREATE TABLE article_words (number BIGINT PRIMARY KEY, folded tsvector NOT NULL, marked tsvector NOT NULL)",
        "CREATE INDEX ix_article_words_folded ON article_words USING gin (folded)",
        "CREATE INDEX ix_article_words_marked ON article_words USING gin (marked)",
    ),
}
TABLE = "article_words"  # the tables of FTS5 itself begin like this


def create_word_index(connection: Connection) -> None:
    """Make the table `article_words`."""
    for statement in _STATEMENTS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
