"""How heavy a letter is. Pure.

Gmail cuts a letter at about 102 kB of HTML and hides the rest. Nobody outside knows what it counts: senders who measured
report figures for the HTML itself as well as for its encoded form. So the HTML itself blocks, with a margin, and the
encoded form warns; Vietnamese text grows by 40 % in quoted-printable.
"""

from __future__ import annotations

from collections.abc import Iterator

from .findings import Finding, finding
from .parsed_message import CheckContext, ParsedMessage

MAX_ENCODED_SIZE = 102_000  # octets


def check_html_size(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if (octets := len(letter.html.encode("utf-8", "replace"))) > context.size_limit:
        told = f"the HTML is {octets:,} octets, more than {context.size_limit:,}; carry fewer articles or shorter leads"
        yield finding("size", told, "the HTML part")


def check_encoded_size(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if letter.encoded > MAX_ENCODED_SIZE:
        told = f"the HTML travels as {letter.encoded:,} octets, more than {MAX_ENCODED_SIZE:,}; Gmail may cut it"
        yield finding("size-encoded", told, "the HTML part")


CHECKS = (check_html_size, check_encoded_size)
