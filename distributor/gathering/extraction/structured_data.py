"""What a page says for machines: JSON-LD of an article (schema.org), OpenGraph and other meta tags. Pure."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

from ...text import clean_line


class StructuredData:
    """What a page says for machines: JSON-LD of an article (schema.org), OpenGraph and other meta tags."""

    def __init__(self, page: HtmlElement) -> None:
        self._meta: dict[str, str] = {}
        for meta in page.iter("meta"):
            name = (meta.get("property") or meta.get("name") or "").lower()
            if name and meta.get("content"):
                self._meta.setdefault(name, clean_line(meta.get("content") or ""))
        self._article = next(_json_ld(page), {})

    def _get(self, key: str, *names: str) -> str:
        value = self._article.get(key)
        if isinstance(value, str) and value.strip():
            return clean_line(html.unescape(value))  # not HTML by its rules (JSON-LD), but often written as if it were
        return next((self._meta[name] for name in names if self._meta.get(name)), "")

    @property
    def title(self) -> str:
        return self._get("headline", "og:title")

    @property
    def description(self) -> str:
        return self._get("description", "og:description", "description")

    @property
    def body(self) -> str:
        return self._article["articleBody"] if isinstance(self._article.get("articleBody"), str) else ""

    @property
    def published(self) -> str:
        return self._get("datePublished", "article:published_time", "pubdate", "date", "dc.date")

    @property
    def updated(self) -> str:
        return self._get("dateModified", "article:modified_time")

    @property
    def author(self) -> str:
        author = self._article.get("author")
        author = author[0] if isinstance(author, list) and author else author
        name = author.get("name") if isinstance(author, dict) else author
        if isinstance(name, str) and name.strip():
            return clean_line(html.unescape(name))
        return self._get("author", "author", "article:author")

    @property
    def image(self) -> str:
        image = self._article.get("image")
        image = image[0] if isinstance(image, list) and image else image
        if isinstance(image, dict):
            image = image.get("url")
        return image if isinstance(image, str) else self._get("image", "og:image")

    @property
    def topics(self) -> list[str]:
        section = self._get("articleSection", "article:section")
        return [section] if section else []


def _json_ld(page: HtmlElement) -> Iterator[dict[str, Any]]:
    for script in page.iter("script"):
        if (script.get("type") or "").lower() != "application/ld+json":
            continue
        try:
            data = json.loads(script.text or "", strict=False)  # line ends inside texts are common
        except (ValueError, RecursionError):
            continue
        for item in _items(data):
            kind = item.get("@type")
            if any("Article" in str(one) for one in (kind if isinstance(kind, list) else [kind])):
                yield item


def _items(data: Any) -> Iterator[dict[str, Any]]:
    for item in data if isinstance(data, list) else [data]:
        if isinstance(item, dict):
            yield item
            graph = item.get("@graph")
            if isinstance(graph, list):
                yield from (inner for inner in graph if isinstance(inner, dict))
