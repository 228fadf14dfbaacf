"""Cells of CSV files that a spreadsheet may open: what it would take for a formula is written with an apostrophe before
it, which reading takes away again. Pure.

Excel parts fields by commas in one country and by semicolons in the next, whatever the file says; so what would become
the beginning of a cell there is guarded as well (OWASP, "CSV Injection").
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SIGNS = "=+\\-@'＝＋－＠"  # the wide ones count as formulas in East Asian versions of Excel
_BEGINNING = r"(^|[;,|\t])(\s*)"
_FORMULA_START = re.compile(rf"{_BEGINNING}(?=[{_SIGNS}])")
_ESCAPED_FORMULA = re.compile(rf"{_BEGINNING}'(?=[{_SIGNS}])")
_VALUE = re.compile(r"((?:[^;\\]|\\.|\\)*)(?:;|\Z)", re.DOTALL)


def escape_formulas(value: str) -> str:
    return _FORMULA_START.sub(r"\1\2'", value)


def unescape_formulas(value: str) -> str:
    """The same as it was before it was written, without spaces around it."""
    value = value.strip()
    return _ESCAPED_FORMULA.sub(r"\1\2", value) if "'" in value else value


def join_values(values: Iterable[str]) -> str:
    """Several values in one cell, parted by semicolons; a semicolon of their own is written `\\;`."""
    return ";".join(value.replace("\\", r"\\").replace(";", r"\;") for value in values)


def split_values(cell: str) -> list[str]:
    """The values of a cell that holds several; spaces around them, and empty ones, are dropped."""
    if "\\" not in cell:
        found = cell.split(";")
    else:
        found = [re.sub(r"\\([;\\])", r"\1", one) for one in _VALUE.findall(cell)]
    return [one.strip() for one in found if one.strip()]
