"""CSS: style sheets and the computed style of each element, as far as emails use it. Pure.

Understood are style elements and style attributes, `bgcolor`, `text` and `color` attributes, importance, specificity,
inheritance, and `@media` with prefers-color-scheme, min-width and max-width. Everything else (custom properties, calc(),
hsl(), @supports, background images) counts as unknown, and no check finds fault with what is unknown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cssselect import HTMLTranslator, SelectorError, parse
from cssutils.css.colors import COLORS
from lxml import etree
from lxml.html import HtmlElement

_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_LENGTH = re.compile(r"([\d.]+)(px|pt|em|rem|%)")
_POINTS = {"px": 1.0, "pt": 4 / 3}
_SIZES = {"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18, "x-large": 24, "xx-large": 32}
_OWN_SIZE = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 5 / 6, "big": 1.2, "sub": 5 / 6}
_BOLD = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th"})
_MAX_MEDIA_DEPTH = 4  # @media in @media
_HEX = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(
    r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*(?:[,/]\s*(\d{0,3}(?:\.\d{1,9})?)(%?)\s*)?\)"
)
_NAMES: dict[str, tuple[int, int, int, float]] = COLORS


# -- colors -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CssColor:
    """Red, green and blue from 0 to 255; `alpha` from 0, which is nothing, to 1."""

    red: int
    green: int
    blue: int
    alpha: float = 1.0

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


def parse_color(text: str) -> CssColor | None:
    """`#abc`, `#aabbcc`, `#aabbccdd`, `aabbcc` (as in bgcolor), `rgb()`, `rgba()` or a name of CSS; None for others."""
    text = text.strip().lower()
    if text in _NAMES:
        red, green, blue, alpha = _NAMES[text]
        return CssColor(red, green, blue, alpha)
    if match := _HEX.fullmatch(text):
        digits = match.group(1)
        if not text.startswith("#") and len(digits) != 6:
            return None
        digits = "".join(sign * 2 for sign in digits) if len(digits) < 6 else digits
        red, green, blue, alpha = (int((digits + "ff")[at : at + 2], 16) for at in (0, 2, 4, 6))
        return CssColor(red, green, blue, alpha / 255)
    if match := _RGB.fullmatch(text):
        share = float(match.group(4) or 1) / (100 if match.group(5) else 1)
        red, green, blue = (min(int(part), 255) for part in match.groups()[:3])
        return CssColor(red, green, blue, min(share, 1.0))
    return None


def blend(color: CssColor, background: CssColor | None) -> CssColor | None:
    """The color that is seen where a translucent one lies on a background; None where the background is unknown."""
    if color.alpha >= 1:
        return color
    if background is None:
        return None

    def mix(top: int, below: int) -> int:
        return round(top * color.alpha + below * (1 - color.alpha))

    return CssColor(
        mix(color.red, background.red), mix(color.green, background.green), mix(color.blue, background.blue)
    )


# -- style sheets -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen that shows the email; `width` in CSS pixels."""

    dark: bool = False
    width: int = 1024


LIGHT, DARK, PHONE = Screen(), Screen(dark=True), Screen(width=375)


@dataclass(frozen=True, slots=True)
class CssRule:
    """Declarations under one selector; `media` are the conditions around it, all of which must hold."""

    media: tuple[str, ...]
    selector: str
    declarations: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class StyleSheet:
    """The style elements of an email as one text, its rules, and its `statements`: @import, @font-face and the like."""

    text: str
    rules: tuple[CssRule, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComputedStyle:
    """The computed style of an element. `size` in CSS pixels; a color is None where it is unknown."""

    color: CssColor | None
    background: CssColor | None
    size: float = 16.0
    bold: bool = False
    visible: bool = True

    @property
    def large(self) -> bool:
        """Large text of WCAG 2.2: 18 points, or 14 points in bold."""
        return self.size >= 24 or (self.bold and self.size >= 18.66)


def parse_style_sheet(text: str) -> StyleSheet:
    rules: list[CssRule] = []
    statements: list[str] = []
    _parse_rules(_COMMENT.sub(" ", text), (), rules, statements)
    return StyleSheet(text, tuple(rules), tuple(statements))


def _parse_rules(text: str, media: tuple[str, ...], rules: list[CssRule], statements: list[str]) -> None:
    for prelude, body in _blocks(text):
        name = prelude.partition(" ")[0].lower()
        if not name.startswith("@"):
            rules.append(CssRule(media, prelude, tuple(parse_declarations(body))))
        elif name.startswith("@media") and len(media) < _MAX_MEDIA_DEPTH:
            _parse_rules(body, (*media, prelude[len("@media") :].strip().lower()), rules, statements)
        else:
            statements.append(f"{prelude} {{{body}}}" if body else prelude)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """`prelude { body }` one after the other; a statement without a body (`@import …;`) has an empty one."""
    depth, start, body = 0, 0, 0
    prelude = ""
    for match in re.finditer(r"[{};]", text):
        sign = match.group()
        if sign == "{":
            if depth == 0:
                prelude, body = text[start : match.start()].strip(), match.end()
            depth += 1
        elif sign == "}" and depth:
            depth -= 1
            if depth == 0:
                yield prelude, text[body : match.start()]
                start = match.end()
        elif depth == 0:
            if text[start : match.start()].strip().startswith("@"):
                yield text[start : match.start()].strip(), ""
            start = match.end()


def parse_declarations(text: str) -> Iterator[tuple[str, str, bool]]:
    """Property, value in lower case, and whether it is important. A `;` inside brackets ends no declaration."""
    depth, start = 0, 0
    for position, sign in enumerate(text + ";"):
        depth = max(0, depth + (sign == "(") - (sign == ")"))
        if sign == ";" and (depth == 0 or position == len(text)):
            name, colon, value = text[start:position].partition(":")
            plain, bang, _ = value.lower().partition("!")
            if colon and name.strip():
                yield name.strip().lower(), plain.strip(), bool(bang)
            start = position + 1


def media_applies(media: Sequence[str], screen: Screen) -> bool:
    """Whether all these conditions hold; one that is not understood does not."""
    return all(any(_query_applies(query, screen) for query in one.split(",")) for one in media)


def _query_applies(query: str, screen: Screen) -> bool:
    return all(_feature_applies(part.strip(), screen) for part in re.split(r"\band\b", query))


def _feature_applies(feature: str, screen: Screen) -> bool:
    if feature in ("", "all", "screen", "only screen", "only all"):
        return True
    name, _, value = feature.strip("() ").partition(":")
    name, value = name.strip(), value.strip()
    if name == "prefers-color-scheme":
        return value == ("dark" if screen.dark else "light")
    pixels = re.fullmatch(r"(\d{1,6})(\.\d*)?px", value)
    if not pixels:
        return False
    width = int(pixels.group(1))
    return (name == "max-width" and screen.width <= width) or (name == "min-width" and screen.width >= width)


# -- the cascade -------------------------------------------------------------------------------------------------------

_Rank = tuple[int, tuple[int, int, int], int]
_Declared = dict[str, tuple[_Rank, str]]
WHITE, NEARLY_BLACK = CssColor(255, 255, 255), CssColor(18, 18, 18)
_NONE = (0, 0, 0)
_HINT, _NORMAL, _INLINE, _IMPORTANT, _INLINE_IMPORTANT = range(5)


def compute_styles(
    root: HtmlElement, elements: Sequence[HtmlElement], sheet: StyleSheet, screen: Screen
) -> dict[HtmlElement, ComputedStyle]:
    """The style of every element; `elements` are in the order of the document, so that parents come first."""
    matched = _match_rules(root, sheet, screen)
    follows_dark = screen.dark and any("color-scheme" in (meta.get("name") or "") for meta in root.iter("meta"))
    canvas = ComputedStyle(WHITE, NEARLY_BLACK) if follows_dark else ComputedStyle(CssColor(0, 0, 0), WHITE)
    made: dict[HtmlElement, ComputedStyle] = {}
    for element in elements:
        holder = element.getparent()
        parent = made.get(holder, canvas) if holder is not None else canvas
        declared = _collect_declarations(element, matched.get(element, []))
        made[element] = _compute_style(
            element, {name: value for name, (_, value) in declared.items()}, parent, follows_dark
        )
    return made


def _match_rules(
    root: HtmlElement, sheet: StyleSheet, screen: Screen
) -> dict[HtmlElement, list[tuple[CssRule, _Rank]]]:
    found: dict[HtmlElement, list[tuple[CssRule, _Rank]]] = defaultdict(list)
    for order, rule in enumerate(sheet.rules):
        if not media_applies(rule.media, screen):
            continue
        try:
            for selector in parse(rule.selector):
                path = HTMLTranslator().selector_to_xpath(selector, prefix="descendant-or-self::")
                for element in root.xpath(path):
                    found[element].append((rule, (_NORMAL, selector.specificity(), order)))
        except (SelectorError, etree.XPathError, RecursionError, ValueError):
            continue  # mail programs drop the rule of a selector that they do not know, too
    return found


def _collect_declarations(element: HtmlElement, matched: list[tuple[CssRule, _Rank]]) -> _Declared:
    declared: _Declared = {}

    def put(name: str, value: str, rank: _Rank) -> None:
        if name == "background":
            name = "background-color"
        if name not in declared or rank >= declared[name][0]:
            declared[name] = (rank, value)

    for attribute, name in (("bgcolor", "background-color"), ("text", "color"), ("color", "color")):
        if element.get(attribute) and (attribute != "text" or element.tag == "body"):
            put(name, str(element.get(attribute)).lower(), (_HINT, _NONE, 0))
    if element.get("background"):
        put("background-image", "url()", (_HINT, _NONE, 0))
    for rule, (_, specificity, order) in matched:
        for name, value, important in rule.declarations:
            put(name, value, (_IMPORTANT if important else _NORMAL, specificity, order))
    for name, value, important in parse_declarations(element.get("style") or ""):
        put(name, value, (_INLINE_IMPORTANT if important else _INLINE, _NONE, 0))
    return declared


def _compute_style(
    element: HtmlElement, declared: dict[str, str], parent: ComputedStyle, follows_dark: bool
) -> ComputedStyle:
    tag = str(element.tag)
    color = declared.get("color", "link" if tag == "a" and element.get("href") else "inherit")
    weight = declared.get("font-weight", "bold" if tag in _BOLD else "inherit")
    return ComputedStyle(
        color=_computed_color(color, parent, follows_dark),
        background=_computed_background(declared, parent),
        size=_computed_font_size(declared.get("font-size", ""), tag, parent.size),
        bold=parent.bold if weight == "inherit" else weight in ("bold", "bolder", "600", "700", "800", "900"),
        visible=parent.visible and not _is_hidden(element, declared),
    )


def _computed_color(value: str, parent: ComputedStyle, follows_dark: bool) -> CssColor | None:
    if value == "inherit":
        return parent.color
    if value == "link":  # what mail programs use for links without a style
        return CssColor(158, 158, 255) if follows_dark else CssColor(0, 0, 238)
    color = parse_color(value)
    return blend(color, parent.background) if color and color.alpha < 1 else color


def _computed_background(declared: dict[str, str], parent: ComputedStyle) -> CssColor | None:
    value = declared.get("background-color", "transparent")
    if any("url(" in one or "gradient" in one for one in (value, declared.get("background-image", ""))):
        return None
    if value in ("none", "inherit", "initial", "unset", ""):
        return parent.background
    color = parse_color(value) or next((found for part in value.split() if (found := parse_color(part))), None)
    return blend(color, parent.background) if color else None


def _computed_font_size(value: str, tag: str, parent: float) -> float:
    if value in _SIZES:
        return float(_SIZES[value])
    match = _LENGTH.fullmatch(value)
    if not match or match.group(1).count(".") > 1 or match.group(1) == ".":
        return parent * (_OWN_SIZE.get(tag, 1.0) if not value else 1.0)
    number, unit = float(match.group(1)), match.group(2)
    if unit in _POINTS:
        return number * _POINTS[unit]
    return number * {"em": parent, "rem": 16.0, "%": parent / 100}[unit]


def _is_hidden(element: HtmlElement, declared: dict[str, str]) -> bool:
    return (
        declared.get("display") == "none"
        or declared.get("visibility") in ("hidden", "collapse")
        or re.fullmatch(r"0(\.0*)?|\.0+", declared.get("opacity", "1")) is not None
        or (
            re.fullmatch(r"0(px)?", declared.get("max-height", "")) is not None
            and "hidden" in declared.get("overflow", "")
        )
        or element.get("hidden") is not None
    )
