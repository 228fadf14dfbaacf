"""Parts of a letter that many cohorts share are made once: a story looks the same in each letter that has it.

A template wraps what depends on a few values only:

    {% fragment story, level %} … {% endfragment %}

The same place with equal values gives the same text, so it is rendered and inlined for the first cohort and joined for
all others. Without a cache the tag does nothing but show what it wraps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context

# NUL stands in no text of ours: `text.clean_line` takes it away at the door.
_FRAGMENT_MARKER = re.compile("\0(\\d+)\0")
FRAGMENTS_VARIABLE = "pieces"  # under which a template's values hold the pieces


@dataclass(slots=True)
class FragmentCache:
    """The pieces made so far. `finish` is done to each of them once (inlining)."""

    finish: Callable[[str], str]
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _raw: list[str] = field(default_factory=list)
    _finished: dict[int, str] = field(default_factory=dict)

    def place(self, key: Hashable, make: Callable[[], str]) -> str:
        """What stands in a page for a piece until it is joined."""
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._raw)
            self._raw.append(make())
        return f"\0{number}\0"

    def whole(self, page: str) -> str:
        """A page with its pieces as they were rendered."""
        return _FRAGMENT_MARKER.sub(lambda match: self._raw[int(match[1])], page)

    def join(self, page: str) -> str:
        """The finished page."""
        parts = _FRAGMENT_MARKER.split(page)
        ground = self.finish("\0".join(parts[0::2])).split("\0")
        made = [ground[0]]
        for place, rest in zip(parts[1::2], ground[1:], strict=True):
            made += (self._finished_fragment(int(place)), rest)
        return "".join(made)

    def _finished_fragment(self, number: int) -> str:
        finished = self._finished.get(number)
        if finished is None:
            finished = self._finished[number] = self.finish(self._raw[number])
        return finished


class FragmentTag(Extension):
    """The tag `fragment`."""

    tags = {"fragment"}  # noqa: RUF012  # as Jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        values = [parser.parse_expression()]
        while parser.stream.skip_if("comma"):
            values.append(parser.parse_expression())
        body = parser.parse_statements(("name:endfragment",), drop_needle=True)
        place = nodes.Const(f"{parser.name}:{line}")
        call = self.call_method("_made", [nodes.ContextReference(), place, nodes.Tuple(values, "load")])
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _made(self, context: Context, place: str, values: tuple[Any, ...], caller: Callable[[], str]) -> str:
        pieces = context.get(FRAGMENTS_VARIABLE)
        return (
            pieces.place((place, values), lambda: str(caller())) if isinstance(pieces, FragmentCache) else str(caller())
        )
