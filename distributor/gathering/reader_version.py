"""What reads a source: the version of this program, the code of the source's type, and its settings, as one short text.

What was read by another reader is read again although its server says that nothing has changed: a setting may have been put
right, or a fault of this program.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import fields
from functools import cache
from pathlib import Path

from .. import __version__
from ..source import Source


def reader_of(source: Source) -> str:
    """The SHA-256, in hexadecimal digits, of all that decides what is made of the bytes of a source."""
    kind = type(source)
    settings = [f"{one.name}={_text(getattr(source, one.name))}" for one in fields(source) if one.init]
    return hashlib.sha256("\n".join((_code_of(kind), *settings)).encode("utf-8", "replace")).hexdigest()


def _text(value: object) -> str:
    return str(sorted(map(repr, value))) if isinstance(value, set | frozenset) else repr(value)


@cache
def _code_of(kind: type[Source]) -> str:
    """The version of the program and the code of a type: a newsroom may change its own between two starts."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    try:
        code = hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""
    except OSError:
        code = ""
    return f"{__version__} {kind.__module__}.{kind.__qualname__} {code}"
