"""What staff are told of a look at many pages: selectors that find nothing, and pages that give only a description. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .article import ExtractedArticle, Selectors

_NEEDED = ("title", "date", "body")  # every article has them; the others are missing on some pages by right


def collect_warnings(pages: Sequence[tuple[str, ExtractedArticle]], selectors: Selectors) -> list[str]:
    """Notes on pages, each given by its address and what was read on it."""
    notes = []
    for name in ("title", "date", "lead", "body", "image", "caption", "author", "topic"):
        missed = [url for url, found in pages if name in found.missed]
        if missed and (name in _NEEDED or len(missed) == len(pages)):
            notes.append(f"select.{name} ({getattr(selectors, name)}) finds nothing on {_which(missed, pages)}")
    bare = [url for url, found in pages if not found.body_html]
    if bare:
        hint = "look at select.body" if selectors.body else "give select.body"
        notes.append(f"only a description, and no text, was found on {_which(bare, pages)}; {hint}")
    return notes


def _which(urls: Sequence[str], pages: Sequence[tuple[str, ExtractedArticle]]) -> str:
    return f"{len(urls)} of {len(pages)} {'page' if len(pages) == 1 else 'pages'}, such as {urls[0]}"
