"""Short CSS selectors for an element, for its like on other pages of the portal, and for a listing's links. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from lxml.html import HtmlElement

from ...url_cleaning import canonical_url, web_address
from ..extraction.document import element_text, select

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
    """An element in the words of CSS, for staff: `h1.title`, `#main p`."""
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


# -- the repeated block of a listing -----------------------------------------------------------------------------------

_MOST_LINKS = 2000
_MOST_ANCHORS = 40  # of a group whose selectors are tried
_LEVELS = 4  # elements above a link that tell which block it stands in


def group_links(page: HtmlElement, base: str, urls: Collection[str]) -> list[list[str]]:
    """The given addresses by the kind of block that links to them, the largest group first, each in the page's order.

    An address that stands in several blocks belongs to the largest.
    """
    keys = {canonical_url(url): url for url in urls}
    by_shape: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
    for key, anchor in _links(page, base):
        if key in keys and element_text(anchor):
            by_shape[_shape(anchor)].setdefault(keys[key])
    made, seen = [], set()
    for shape in sorted(by_shape, key=lambda one: -len(by_shape[one])):
        fresh = [url for url in by_shape[shape] if url not in seen]
        seen.update(fresh)
        if fresh:
            made.append(fresh)
    return made


def _shape(anchor: HtmlElement) -> tuple[str, ...]:
    """What a link and the elements around it are; alike for all links of a repeated block."""
    return tuple(
        f"{element.tag}{''.join(sorted(one for one in stable_names(element) if one.startswith('.')))}"
        for element in (anchor, *islice(anchor.iterancestors(), _LEVELS))
    )


def find_link_selector(page: HtmlElement, base: str, good: Sequence[str], bad: Sequence[str]) -> tuple[str, list[str]]:
    """A selector for the links of the block that links to the `good` addresses and to none of the `bad`, and the addresses
    that it finds. Empty where no selector does that.

    The one that finds most of what is shaped alike is taken, of equal ones the one that finds least else, then the shortest.
    """
    wanted, unwanted = {canonical_url(url) for url in good}, {canonical_url(url) for url in bad}
    anchors = [(key, anchor) for key, anchor in _links(page, base) if key in wanted and element_text(anchor)]
    if not anchors:
        return "", []
    shapes = defaultdict(set)
    for key, anchor in anchors:
        shapes[_shape(anchor)].add(key)
    main = max(shapes, key=lambda one: len(shapes[one]))
    alike = {key for key, anchor in _links(page, base) if _shape(anchor) == main and element_text(anchor)} - unwanted
    best: tuple[tuple[int, int, int], str, list[str]] | None = None
    mine = [anchor for _, anchor in anchors if _shape(anchor) == main][:_MOST_ANCHORS]
    for css in dict.fromkeys(css for anchor in mine for css in _for_link(anchor)):
        found = _found_by(page, base, css)
        if unwanted & set(found) or not set(found) & wanted:
            continue
        rank = (-len(alike & set(found)), len(set(found) - alike), len(css))
        if best is None or rank < best[0]:
            best = (rank, css, list(found.values()))
    if best is None or -best[0][0] < len(shapes[main]):
        return "", []
    return best[1], best[2]


def _for_link(anchor: HtmlElement) -> list[str]:
    """Selectors of the link itself, and of the link in what is around it: both must end at the link."""
    made = [css for css in selectors_for(anchor) if not css.startswith("#")]
    for up in islice(anchor.iterancestors(), _LEVELS):
        for name in stable_names(up)[:3]:
            made += [f"{name} a", f"{name} {_heading(anchor)} a"] if _heading(anchor) else [f"{name} a"]
    return made


def _heading(anchor: HtmlElement) -> str:
    return next((str(up.tag) for up in anchor.iterancestors("h1", "h2", "h3", "h4", "h5")), "")


def _found_by(page: HtmlElement, base: str, css: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for element in select(page, css)[:_MOST_LINKS]:
        anchor = element if element.tag == "a" else next(element.iter("a"), None)
        url = _address(anchor, base) if anchor is not None else ""
        if url:
            found.setdefault(canonical_url(url), url)
    return found


def _links(page: HtmlElement, base: str) -> list[tuple[str, HtmlElement]]:
    anchors = islice(page.iter("a"), _MOST_LINKS)
    return [(canonical_url(url), anchor) for anchor in anchors if (url := _address(anchor, base))]


def _address(anchor: HtmlElement, base: str) -> str:
    return web_address(anchor.get("href") or "", base).partition("#")[0]
