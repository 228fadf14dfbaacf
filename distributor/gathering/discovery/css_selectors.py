"""Short CSS selectors that find an element, and would find its like on another page of the portal. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from lxml.html import HtmlElement

_IDENTIFIER = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]{0,60}")
# Numbers of one story or one run of a program: `post-18342`, `css-1x9f3ab`, `ctl00_m_g_0b1c…`.
_PASSING = re.compile(r"\d{3}|ctl\d\d|^css-|[0-9a-f]{8}", re.IGNORECASE)
# Names that say how something looks or where it lies, and not what it is.
_STYLE_NAMES = re.compile(
    r"(?:col|row|text|font|float|pull|align|d|m[trblxy]?|p[trblxy]?|w|h|fs|fw|bg|border|flex|grid|order|offset)"
    r"(?:-[\w-]+)?|clear(?:fix)?|container(?:-fluid)?|wrapper|inner|active|first|last|odd|even|left|right|center|fl|fr"
    r"|bold|clear|hidden|visible|show|fade|in|lazy(?:load(?:ed)?)?|img-\w+|ng-[\w-]+|js-[\w-]+|wow|animated",
    re.IGNORECASE,
)
_MOST_NAMES = 6  # of an element
_MOST_INSIDE = 25  # elements; what holds more says more than one field


def stable_names(element: HtmlElement) -> list[str]:
    """`#id` and `.class` of an element, as far as they may be the same on the next page."""
    id = element.get("id") or ""
    made = [f"#{id}"] if _lasting(id) else []
    classes = dict.fromkeys((element.get("class") or "")[:1000].split())
    return made + [
        f".{one}" for one in islice(classes, _MOST_NAMES) if _lasting(one) and not _STYLE_NAMES.fullmatch(one)
    ]


def _lasting(name: str) -> bool:
    return bool(_IDENTIFIER.fullmatch(name)) and not _PASSING.search(name)


def selectors_for(element: HtmlElement) -> Iterator[str]:
    """Selectors that find the element, those that say most in fewest words first. Empty where nothing has a name."""
    own, tag = stable_names(element), str(element.tag)
    yield from own
    yield from (f"{tag}{name}" for name in own if name.startswith("."))
    if len(own) > 1 and own[0].startswith("."):
        yield "".join(own[:2])
    for up, above in islice(_named_above(element), 3):
        for name in above[:2]:
            yield from (f"{name} {mine}" for mine in own[:2])
            yield f"{name} > {tag}" if up is element.getparent() else f"{name} {tag}"


def describe_element(element: HtmlElement) -> str:
    """An element in the words of CSS, for people: `h1.title`, `#main p`."""
    tag, own = str(element.tag), stable_names(element)
    if own:
        return f"{tag}{own[0]}"
    for up, above in _named_above(element):
        return f"{above[0]} > {tag}" if up is element.getparent() else f"{above[0]} {tag}"
    return tag


def is_small(element: HtmlElement) -> bool:
    """Whether an element is no larger than one field of an article may be. Quick however large it is."""
    return sum(1 for _ in islice(element.iter(), _MOST_INSIDE + 1)) <= _MOST_INSIDE


def _named_above(element: HtmlElement) -> Iterator[tuple[HtmlElement, list[str]]]:
    for up in element.iterancestors():
        names = stable_names(up)
        if names and up.tag not in ("body", "html"):
            yield up, names
