"""premailer without network and files. It stands apart because premailer, cssutils and what they bring along take 10 MB of
memory, which a process that renders nothing should not have.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

import cssutils
from premailer import Premailer

from ..errors import InliningError

_OPTIONS: dict[str, Any] = {
    "align_floating_images": False,
    "allow_network": False,
    "allow_insecure_ssl": False,
    "allow_loading_external_files": False,
    "cache_css_parsing": False,
    "cssutils_logging_level": logging.CRITICAL,
    "disable_basic_attributes": ["width", "height"],
    "disable_leftover_css": True,
    "disable_validation": True,
    "keep_style_tags": False,
    "remove_classes": False,
    "strip_important": False,
    "preserve_internal_links": True,
    "preserve_inline_attachments": True,
}


class OfflinePremailer(Premailer):  # type: ignore[misc]  # premailer has no types
    """premailer without network and files."""

    def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:
        parser = cssutils.CSSParser(validate=validate, fetcher=lambda url: (None, b""), loglevel=logging.CRITICAL)
        return parser.parseString(css_body)

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> tuple[list[Any], list[Any]]:
        rules, leftover = _parse_rules(css_body, ruleset_index)
        return list(rules), list(leftover)

    def _load_external(self, url: str) -> str:
        raise InliningError(f"a style sheet would be loaded from {url}")


@lru_cache(maxsize=8)  # parsing the style sheet takes longer than all else that premailer does, and it seldom changes
def _parse_rules(css_body: str, ruleset_index: int) -> tuple[list[Any], list[Any]]:
    parsed: tuple[list[Any], list[Any]] = Premailer._parse_style_rules(
        OfflinePremailer("", **_OPTIONS), css_body, ruleset_index
    )
    return parsed


def inline(document: str) -> str:
    """The document with its styles inlined. Raises InliningError where a style sheet would be loaded, and what premailer,
    cssutils and lxml raise."""
    return str(OfflinePremailer(document, **_OPTIONS).transform())
