"""What staff write for subscribers beside articles: the note of a correction, introductions, announcements. Nothing in it
may be left to fill in, or be shown as it is where somebody expected it to be filled. Pure.

None of these texts has places: braces and merge tags of any tool stand there as they are typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..merge_fields import OPEN
from ..model import Edition
from ..text import clean_line
from .config_keys import find_placeholder
from .findings import Finding, finding

# `{name}`, `{{ name }}`, `{% if %}`; `@@field:name@@`, our own; `*|FNAME|*` (Mailchimp), `%%name%%`, `<<name>>`, `${name}`.
_PLACES = re.compile(
    rf"\{{[{{%#]?[^{{}}\n]{{0,80}}[%#}}]?\}}|{OPEN}\w{{0,80}}@{{0,2}}|\*\|[^|\n]{{1,80}}\|\*|%%\w{{1,80}}%%|<<\w{{1,80}}>>"
)
_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}")  # one half of them is left
_TO_FILL_IN = re.compile(
    r"\b(?:TODO|TBD|FIXME|X{4,}|CHANGE ?ME)\b|\b[Ll]orem ipsum\b|(?<=\S )_{3,}(?!\w)|_{3,}(?= \S)"
    r"|(?<![\w.-])example\.(?:com|net|org)\b(?!\.\w)"
    r"|\[(?i:điền|nhập|tên|ghi|insert|fill in|your|name|date)\b[^\[\]\n]{0,80}\]"
)


def check_wording(text: str, where: str) -> Iterator[Finding]:
    """What is wrong with a text of staff; `where` says which one it is."""
    if match := _PLACES.search(text) or _BRACES.search(text):
        found = clean_line(match[0])
        words = f"{found!r} is filled by nobody, and subscribers would read it so; write what is meant"
        yield finding("wording", words, where, (found,))
    unfinished = _TO_FILL_IN.search(text)
    if found := unfinished[0] if unfinished else find_placeholder(text):
        yield finding("wording", f"{found!r} is a placeholder; write what is meant", where, (found,))


def check_edition_wording(edition: Edition) -> Iterator[Finding]:
    """What is wrong with what the newsroom says itself in an edition. Its subject and its preheader do have places, and
    were checked when they were written."""
    if edition.notice:
        yield from check_wording(edition.notice.note, "the note")
    yield from check_wording(edition.words.intro, "the introduction")
    for number, block in enumerate(edition.blocks, start=1):
        yield from check_wording(block.text, f"announcement {number}")
