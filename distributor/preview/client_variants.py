"""Client variants: copies of an HTML document as mail programs show it, light and dark, with and without images. Pure.

The browser of the viewer has its own setting for light or dark. So each copy has the media queries for
`prefers-color-scheme` replaced by their results. Everything else stays as it was written: parsing and serializing the
document again would repair what is broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_STYLE = re.compile(r"(<style\b[^<>]*>)((?:(?!</style).)*+)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[a-z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*+>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"[\s/]*+(?:([^\s=<>\"'/]++)(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>\"']+))?)?")
_SCHEME_QUERY = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_SCHEME_DECLARATION = re.compile(
    r"(?<![\w-])((?:supported-)?color-schemes?\s*:\s*)(?:light\s+dark|dark\s+light)", re.IGNORECASE
)
_BOTH_SCHEMES = re.compile(r"(?:light\s+dark|dark\s+light)", re.IGNORECASE)
_SCHEME_META = re.compile(r"\bname\s*=\s*[\"']?(?:supported-)?color-schemes?\b", re.IGNORECASE)
_URL = re.compile(r"url\((?:\"[^\"]*\"|'[^']*'|[^()]*)\)", re.IGNORECASE)
_TOP = re.compile(r"<head\b[^>]*>|<html\b[^>]*>|<!doctype\b[^>]*>", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width: 0px)", "(max-width: 0px)"
_IMAGE_ATTRIBUTES = frozenset({"src", "srcset", "background", "poster"})

# No script runs, also where the file is opened by itself; links open in a new tab, and a phone shows no scroll bar, which
# would make its page narrower.
_ADDED = (
    '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="script-src \'none\'; object-src \'none\'">'
    '<base target="_blank">'
    "<style>@media (max-width: 480px) { html { scrollbar-width: none } }</style>"
)


def render_variant(document: str, *, dark: bool, images: bool) -> str:
    """A copy of an HTML document as a program in dark mode or not, with images or without, would show it."""

    def rewrite_style(match: re.Match[str]) -> str:
        return match.group(1) + _rewrite_css(match.group(2), dark, images)

    def rewrite_tag(match: re.Match[str]) -> str:
        return _ATTRIBUTE.sub(_attribute(match.group(), dark, images), match.group())

    return _add_to_head(_TAG.sub(rewrite_tag, _STYLE.sub(rewrite_style, document)))


def _rewrite_css(css: str, dark: bool, images: bool) -> str:
    css = _SCHEME_DECLARATION.sub(lambda match: match.group(1) + _scheme(dark), _resolve_scheme_queries(css, dark))
    return css if images else _URL.sub("none", css)


def _resolve_scheme_queries(css: str, dark: bool) -> str:
    """CSS with the media queries for the color scheme replaced by their results."""
    return _SCHEME_QUERY.sub(lambda match: _ALWAYS if (match.group(1).lower() == "dark") == dark else _NEVER, css)


def _scheme(dark: bool) -> str:
    return "dark" if dark else "light"


def _attribute(tag: str, dark: bool, images: bool) -> Callable[[re.Match[str]], str]:
    """The function that rewrites one attribute of this tag."""
    declares = tag[:5].lower() == "<meta" and bool(_SCHEME_META.search(tag))

    def rewrite(match: re.Match[str]) -> str:
        name = (match.group(1) or "").lower()
        if name in _IMAGE_ATTRIBUTES and not images:
            return ""
        if name == "media":
            return _resolve_scheme_queries(match.group(), dark)
        if name == "content" and declares:
            return _BOTH_SCHEMES.sub(_scheme(dark), match.group())
        if name == "style":
            return _rewrite_css(match.group(), dark, images)
        return match.group()

    return rewrite


def _add_to_head(document: str) -> str:
    """The document with `_ADDED` as early as possible: in the head, but never before the doctype."""
    places = [match.end() for match in _TOP.finditer(document[:20_000])]
    at = max(places[:3], default=0)
    return document[:at] + _ADDED + document[at:]
