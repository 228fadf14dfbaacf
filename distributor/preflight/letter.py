"""Examines the finished bytes of one letter, as they would be sent to one reader. Pure.

Everything is read back from the bytes, nothing is believed of what made them. Each check is a small function that
looks at one thing; this is their list.
"""

from __future__ import annotations

from . import addresses, form, headers, legible, markup, pictures, plain_text, subject, way_out, weight, words
from .findings import Finding, told
from .opened import Context, open_letter

__all__ = ["Context", "Finding", "examine", "links_of"]

_CHECKS = (
    *form.CHECKS, *headers.CHECKS, *subject.CHECKS, *markup.CHECKS, *addresses.CHECKS, *pictures.CHECKS, *legible.CHECKS,
    *words.CHECKS, *plain_text.CHECKS, *way_out.CHECKS, *weight.CHECKS,
)  # fmt: skip


def examine(message: bytes, context: Context) -> list[Finding]:
    """What is wrong with this letter, in the order of `findings.CHECKS`; nothing where it is clean. Raises nothing."""
    letter = open_letter(message)
    return told(found for check in _CHECKS for found in check(letter, context))


def links_of(message: bytes) -> list[str]:
    """The web addresses that a letter links to, each once, in its order: what `links.check_links` is asked.

    Without the reader's own unsubscribe link, which nobody but the reader should open.
    """
    letter = open_letter(message)
    own = headers.unsubscribe_url(letter)
    found = [url for _, url in addresses.links(letter.page) if addresses.is_web(url)] if letter.page else []
    return [url for url in dict.fromkeys(found) if not own or not addresses.same(url, own)]
