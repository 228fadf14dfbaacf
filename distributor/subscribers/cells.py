"""Cells of CSV files that a spreadsheet may open: what it would take for a formula is written with an apostrophe before
it, which reading takes away again. Pure.
"""

from __future__ import annotations

_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")


def guarded(value: str) -> str:
    return f"'{value}" if value.startswith(_GUARDED) else value


def unguarded(value: str) -> str:
    """The same as it was before it was written, without spaces around it."""
    value = value.strip()
    return value[1:] if value[:1] == "'" and value[1:].startswith(_GUARDED) else value
