"""Variants of a page as other programs show it: light and dark, with and without images. Pure.

The browser of whoever looks has its own wish for light or dark. So the wish is written into a copy: its questions about
`prefers-color-scheme` are answered in place. Everything else stays as it was written; nothing is parsed and put together
again, which would mend what is broken. Pure.
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

# Nothing acts, also where the file is opened by itself; links open beside the preview, and a phone shows no scroll bar
# that would make its page narrower.
_ADDED = (
    '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="script-src \'none\'; object-src \'none\'">'
    '<base target="_blank">'
    "<style>@media (max-width: 480px) { html { scrollbar-width: none } }</style>"
)


def render_variant(document: str, *, dark: bool, pictures: bool) -> str:
    """A copy of an HTML document as a program in dark mode or not, with pictures or without, would show it."""

    def styled(match: re.Match[str]) -> str:
        return match.group(1) + _styled(match.group(2), dark, pictures)

    def tagged(match: re.Match[str]) -> str:
        return _ATTRIBUTE.sub(_attribute(match.group(), dark, pictures), match.group())

    return _with_top(_TAG.sub(tagged, _STYLE.sub(styled, document)))


def _styled(css: str, dark: bool, pictures: bool) -> str:
    css = _SCHEME_DECLARATION.sub(lambda match: match.group(1) + _scheme(dark), _resolve_scheme_queries(css, dark))
    return css if pictures else _URL.sub("none", css)


def _resolve_scheme_queries(css: str, dark: bool) -> str:
    """Media queries with the question about the scheme answered."""
    return _SCHEME_QUERY.sub(lambda match: _ALWAYS if (match.group(1).lower() == "dark") == dark else _NEVER, css)


def _scheme(dark: bool) -> str:
    return "dark" if dark else "light"


def _attribute(tag: str, dark: bool, pictures: bool) -> Callable[[re.Match[str]], str]:
    """What becomes of one attribute of this tag."""
    declares = tag[:5].lower() == "<meta" and bool(_SCHEME_META.search(tag))

    def changed(match: re.Match[str]) -> str:
        name = (match.group(1) or "").lower()
        if name in _IMAGE_ATTRIBUTES and not pictures:
            return ""
        if name == "media":
            return _resolve_scheme_queries(match.group(), dark)
        if name == "content" and declares:
            return _BOTH_SCHEMES.sub(_scheme(dark), match.group())
        if name == "style":
            return _styled(match.group(), dark, pictures)
        return match.group()

    return changed


def _with_top(document: str) -> str:
    """With what is added, as early as it may stand: in the head, but never before the doctype."""
    places = [match.end() for match in _TOP.finditer(document[:20_000])]
    at = max(places[:3], default=0)
    return document[:at] + _ADDED + document[at:]
