"""Examines the finished bytes of one letter, as they would be sent to one reader. Pure.

Everything is read back from the bytes, nothing is believed of what made them. Each check is a small function that
looks at one thing; this is their list.
"""

from __future__ import annotations

from . import content, headers, html, images, links, mime, plain_text, readability, size, subject, unsubscribe
from .findings import Finding, summarize_findings
from .parsed_message import CheckContext, parse_message

_CHECKS = (
    *mime.CHECKS, *headers.CHECKS, *subject.CHECKS, *html.CHECKS, *links.CHECKS, *images.CHECKS, *readability.CHECKS,
    *content.CHECKS, *plain_text.CHECKS, *unsubscribe.CHECKS, *size.CHECKS,
)  # fmt: skip


def check_message(message: bytes, context: CheckContext) -> list[Finding]:
    """What is wrong with this letter, in the order of `findings.CHECKS`; nothing where it is clean. Raises nothing."""
    letter = parse_message(message)
    return summarize_findings(found for check in _CHECKS for found in check(letter, context))


def links_in_message(message: bytes) -> list[str]:
    """The web addresses that a letter links to, each once, in its order: what `links.check_links` is asked.

    Without the reader's own unsubscribe link, which nobody but the reader should open.
    """
    letter = parse_message(message)
    own = headers.unsubscribe_url(letter)
    found = [url for _, url in links.links_of_page(letter.page) if links.is_web(url)] if letter.page else []
    return [url for url in dict.fromkeys(found) if not own or not links.is_same_url(url, own)]
