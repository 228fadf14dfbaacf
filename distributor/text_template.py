"""Short texts that staff write with places in braces: `{first} {others}`. Pure.

A place is a name in braces, and `{{` stands for a brace. What is put into a place is data, never a template.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_DOUBLED = {"{{": "{", "}}": "}"}


def check_template(text: str, places: Iterable[str]) -> None:
    """Raises ValueError for a place that there is not, and for a single brace; the message says what there is."""
    known = sorted(places)
    there_are = f"there are: {', '.join(f'{{{name}}}' for name in known)}"
    for part in _PART.finditer(text):
        name = part[1]
        if name is None:
            if part[0] not in _DOUBLED:
                raise ValueError(f"has a single brace; write {part[0] * 2} for a brace. As places {there_are}")
        elif name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            meant = f"did you mean {{{near[0]}}}? " if near else ""
            raise ValueError(f"has a place {{{name[:40]}}} that there is not; {meant}{there_are}")


def fill_template(text: str, values: Mapping[str, str]) -> str:
    """The text with its places filled, all at once. A place without a value stays as it is written."""

    def filled(part: re.Match[str]) -> str:
        if part[1] is None:
            return _DOUBLED.get(part[0], part[0])
        return values.get(part[1], part[0])

    return _PART.sub(filled, text)


def list_places(text: str) -> list[str]:
    """The places in a text, in their order."""
    return [part[1] for part in _PART.finditer(text) if part[1] is not None]


def escape_template(text: str) -> str:
    """A template that gives this text."""
    return text.replace("{", "{{").replace("}", "}}")
