"""What a newsroom says itself in an edition, beside its articles. Pure.

All of it is frozen into the edition. Subject and preheader are templates (`text_template`), as every segment of an edition
fills them with its own articles; introductions and blocks are Markdown.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from .merge_fields import OPEN as MERGE_TAG
from .text import clean, clean_line, count_graphemes
from .text_template import check_template

MAX_LINE = 250  # characters of a subject or preheader as it is written
MAX_MARKDOWN = 10_000  # characters of an introduction or a block

_COMMON_PLACES = ("first", "others", "count", "date", "newsletter", "site", "number")
SUBJECT_PLACES = _COMMON_PLACES
PREHEADER_PLACES = (*_COMMON_PLACES, "titles", "lead")
GREETING_PLACES = ("name", "count", "date", "newsletter", "site")
DEFAULT_SUBJECT = "{first} {others}"
DEFAULT_PREHEADER = "{titles}"
# Where a block can stand, beside the headings of sections: below the greeting, the first story, all stories.
BLOCK_PLACES = ("greeting", "first", "stories")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorWords:
    """What an editor says in one edition. What is empty is made as usual: subject and preheader by the newsletter's
    templates; without an introduction there is none."""

    subject: str = ""
    preheader: str = ""
    intro: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionBlock:
    """An announcement or a sponsor in an edition: Markdown, the label above it, and the place after which it stands."""

    text: str
    label: str = ""
    after: str = "greeting"


def clean_subject(text: str) -> str:
    """A subject as an editor writes it, on one line. Raises ValueError."""
    return _clean_template(text, SUBJECT_PLACES)


def clean_preheader(text: str) -> str:
    """A preheader as an editor writes it, on one line. Raises ValueError."""
    return _clean_template(text, PREHEADER_PLACES)


def clean_greeting(text: str) -> str:
    """A greeting, on one line. Raises ValueError."""
    return _clean_template(text, GREETING_PLACES)


def clean_markdown(text: str) -> str:
    """Markdown without characters that are not allowed. Raises ValueError where it is too long or cannot be seen."""
    text = text.removeprefix("\ufeff")
    made = clean(text).strip()
    _check_seen(text, made)
    if (length := count_graphemes(made)) > MAX_MARKDOWN:
        raise ValueError(f"has {length:,} characters; {MAX_MARKDOWN:,} are the most")
    _check_no_tag(made)
    if made:
        from .markdown import is_seen, render_markdown  # takes long to import, and most newsrooms have no block

        if not is_seen(*render_markdown(made)):
            raise ValueError(
                "shows nothing to readers: it has only comments, or what is taken away, such as scripts and pictures that "
                "do not come by https"
            )
    return made


def _clean_template(text: str, places: tuple[str, ...]) -> str:
    made = clean_line(text)
    if (length := count_graphemes(made)) > MAX_LINE:
        raise ValueError(f"has {length:,} characters; {MAX_LINE} are the most")
    _check_seen(text, made)
    _check_no_tag(made)
    check_template(made, places)
    return made


def _check_no_tag(text: str) -> None:
    """Raises ValueError for a merge tag: those of templates are not filled in what is written here."""
    if MERGE_TAG in text:
        raise ValueError(
            f"has {MERGE_TAG}, which only templates can have; a subscriber's name is {{name}}, in `greeting`"
        )


def _check_seen(written: str, made: str) -> None:
    """Raises ValueError where somebody has written something, and readers would see nothing of it."""
    if written.strip() and all(unicodedata.category(one)[0] in "CZ" for one in made):
        raise ValueError("has no character that can be seen")
