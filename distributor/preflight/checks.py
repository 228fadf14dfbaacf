"""Preflight checks of the finished bytes of one email, as they would be sent to one recipient. Pure.

Everything is read back from the bytes; nothing is taken from what rendered them. Each check is a small function for one
kind of fault.
"""

from __future__ import annotations

from . import content, html, links, message
from .findings import Finding, summarize_findings
from .parsed_message import CheckContext, parse_message

_CHECKS = (*message.CHECKS, *html.CHECKS, *links.CHECKS, *content.CHECKS)


def check_message(raw: bytes, context: CheckContext) -> list[Finding]:
    """The faults of a message, in the order of `findings.CHECKS`; none where it is clean. Raises nothing."""
    parsed = parse_message(raw)
    return summarize_findings(found for check in _CHECKS for found in check(parsed, context))


def links_in_message(raw: bytes) -> list[str]:
    """The web addresses that an email links to, each once, in its order: the ones that `link_check.check_links` asks.

    Without the recipient's own unsubscribe link, which nobody else should open.
    """
    parsed = parse_message(raw)
    own = links.unsubscribe_url(parsed)
    found = [url for _, url in parsed.page.links() if links.is_web(url)] if parsed.page else []
    return [url for url in dict.fromkeys(found) if not own or not links.is_same_url(url, own)]
