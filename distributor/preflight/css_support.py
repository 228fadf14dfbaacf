"""CSS that mail programs lack: a table of facts, and where an email uses it. Pure.

Source: caniemail.com (github.com/hteumeuleu/caniemail, `_features/css-*.md`), each row compared with it on 29 November 2026.
Programs are named where the newest test says that they lack all of it, not a part; "Outlook on Windows" is that with the
engine of Word (2007 to 2019). A new fact is a new row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .css import parse_declarations
from .findings import Finding, finding
from .parsed_message import CheckContext, ParsedMessage

_OUTLOOK, _GMAIL, _YAHOO = "Outlook on Windows", "Gmail", "Yahoo Mail"
_OUTLOOK_WEB = "Outlook.com"


@dataclass(frozen=True, slots=True)
class CssFact:
    """A property, value, function or unit that programs lack, and what to write instead. `used` tells whether a declaration
    (property, value; in lower case) uses it. `tested` is the month of caniemail's last test of it."""

    what: str
    tested: str
    lacking: tuple[str, ...]
    instead: str
    used: Callable[[str, str], bool]


def _named(*names: str) -> Callable[[str, str], bool]:
    return lambda name, value: name in names


def _called(pattern: str, *names: str) -> Callable[[str, str], bool]:
    found = re.compile(pattern)
    return lambda name, value: bool(found.search(value)) and (not names or name in names)


FACTS = (
    CssFact("display: flex", "2021-11", (_OUTLOOK,), "use a table", _called(r"^(inline-)?flex\b", "display")),
    CssFact("display: grid", "2019-02", (_OUTLOOK, _GMAIL, _YAHOO), "use a table", _called(r"^(inline-)?grid\b", "display")),
    CssFact(
        "gap", "2022-12", (_OUTLOOK, _YAHOO), "use the padding of cells",
        _named("gap", "row-gap", "column-gap", "grid-gap"),
    ),
    CssFact(
        "position", "2021-05", (_OUTLOOK, _GMAIL), "use a table",
        lambda name, value: name == "position" and value not in ("static", "initial", "inherit"),
    ),
    CssFact(
        "var()", "2020-02", (_OUTLOOK, _GMAIL, _OUTLOOK_WEB, _YAHOO), "write the value itself",
        lambda name, value: name.startswith("--") or "var(" in value,
    ),
    CssFact("calc()", "2020-02", (_OUTLOOK, _OUTLOOK_WEB, _YAHOO), "write the number", _called(r"(?<![\w-])calc\(")),
    CssFact(
        "min(), max() or clamp()", "2021-05", (_OUTLOOK, _OUTLOOK_WEB, _YAHOO), "write the number",
        _called(r"(?<![\w-])(min|max|clamp)\("),
    ),
    CssFact(
        "a gradient", "2021-12", (_OUTLOOK, _OUTLOOK_WEB, _YAHOO),
        "write a background-color as well, or an image that is part of the text",
        _called(r"(?<![\w-])(repeating-)?(linear|radial|conic)-gradient\("),
    ),
    CssFact(
        "a background image", "2019-02", (_OUTLOOK,), "set text on a color, or use VML for Outlook",
        _called(r"url\((?!['\"]?data:)", "background", "background-image"),
    ),
    CssFact("rem", "2020-02", (_OUTLOOK, _YAHOO), "write px", _called(r"(?<![\w#.-])[\d.]+rem\b")),
    CssFact(
        "vw, vh and their like", "2020-02", (_OUTLOOK,), "write px or %",
        _called(r"(?<![\w#.-])[\d.]+(vw|vh|vmin|vmax)\b"),
    ),
    CssFact("transform", "2019-02", (_OUTLOOK, _GMAIL, _OUTLOOK_WEB, _YAHOO), "leave it out", _named("transform")),
    CssFact(
        "an animation", "2021-05", (_OUTLOOK, _GMAIL, _OUTLOOK_WEB, _YAHOO), "use an animated GIF",
        lambda name, value: name.startswith("animation") and value != "none",
    ),
    CssFact(
        "filter", "2019-02", (_OUTLOOK, _GMAIL, _OUTLOOK_WEB, _YAHOO), "change the image itself",
        _named("filter", "backdrop-filter"),
    ),
    CssFact(
        "clip-path", "2021-03", (_OUTLOOK, _GMAIL, _OUTLOOK_WEB, _YAHOO), "change the image itself", _named("clip-path")
    ),
    CssFact(
        "object-fit", "2021-07", (_OUTLOOK, _YAHOO), "crop the image itself", _named("object-fit", "object-position")
    ),
)  # fmt: skip


def check_css_support(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """Each fact once, with the first place and how many there are."""
    places: dict[str, list[str]] = {}
    for name, value, place in _declarations(message):
        for fact in FACTS:
            if fact.used(name, value):
                places.setdefault(fact.what, []).append(f"{name}: {value[:60]} in {place}")
    for fact in FACTS:
        if found := places.get(fact.what):
            more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
            words = (
                f"{fact.what} is not known to {_listed(fact.lacking)} (caniemail.com, {fact.tested}); {fact.instead}"
            )
            yield finding("css-support", words, found[0] + more)


def _declarations(message: ParsedMessage) -> Iterator[tuple[str, str, str]]:
    """Every declaration in lower case, with its place: a rule of a style element, or an element."""
    page = message.page
    if page is None:
        return
    for rule in page.sheet.rules:
        for name, value, _ in rule.declarations:
            yield name.lower(), value.lower(), f"the rule {rule.selector[:60]}"
    for element in page.elements:
        for name, value, _ in parse_declarations(element.get("style") or ""):
            yield name.lower(), value.lower(), page.locate(element)


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
