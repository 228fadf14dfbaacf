"""Styles into elements, because many mail programs drop or rewrite style sheets. premailer does it, with its doors shut.

premailer's CSS parser opens whatever `@import` names, files too, even with `allow_network=False`; here it has a fetcher
that fetches nothing. Rules that must stay as they are (media queries, dark mode) stand in a `<style
data-premailer="ignore">` block, which is copied without being parsed. Widths and heights are left to the templates:
premailer would write `width="100%"` and `height="auto"` over the numbers that Outlook needs on an image.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import cssutils
from premailer import Premailer

from ..errors import InliningError, RenderError

_LINKED = re.compile(r"<link\b[^>]*stylesheet", re.IGNORECASE)


class _OfflinePremailer(Premailer):  # type: ignore[misc]  # premailer has no types
    """premailer without any way out."""

    def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:
        parser = cssutils.CSSParser(validate=validate, fetcher=lambda url: (None, b""), loglevel=logging.CRITICAL)
        return parser.parseString(css_body)

    def _load_external(self, url: str) -> str:
        raise InliningError(f"a style sheet would be loaded from {url}")


def check_inlinable(document: str) -> None:
    """Raises RenderError for an empty document, and for one that links a style sheet."""
    if not document.strip():
        raise InliningError("the template made an empty document")
    if _LINKED.search(document):
        raise InliningError(
            "the template links a style sheet, which no mail program loads; write it into email/style.css"
        )


def inline_css(document: str) -> str:
    """The document with its styles inlined. Raises RenderError where that fails.

    It takes 100 to 200 ms for a digest, so it is done once per edition and language, never per recipient.
    """
    check_inlinable(document)
    try:
        made = _OfflinePremailer(
            document,
            allow_network=False,
            allow_insecure_ssl=False,
            allow_loading_external_files=False,
            cache_css_parsing=False,
            cssutils_logging_level=logging.CRITICAL,
            disable_basic_attributes=["width", "height"],
            disable_leftover_css=True,
            disable_validation=True,
            keep_style_tags=False,
            remove_classes=False,
            strip_important=False,
            preserve_internal_links=True,
            preserve_inline_attachments=True,
        ).transform()
    except RenderError:
        raise
    except Exception as error:  # lxml and cssutils raise many kinds; all of them mean that this document is not usable
        raise InliningError(f"the styles of the digest cannot be inlined: {type(error).__name__}: {error}") from error
    return str(made)
