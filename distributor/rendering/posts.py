"""Posts: title, lead and link, cut to the length that a network allows, counted as that network counts. Pure.

The link is never cut. The lead gives way first, sentence by sentence; before a sentence is broken the hashtags go; then
whole words are kept, with an ellipsis, never half a grapheme. Only a title that is too long by itself is cut too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import quote

from ..channel import PostLimits
from ..errors import RenderError
from ..merge_fields import WORD_JOINER
from ..text import cut_words, graphemes, sentence_ends, with_ellipsis, word_ends

# Names of accounts as networks see them: `@lan`, `@lan@bacson.example`, `@[1012345]` (a Page of Facebook), not the @ of an
# email address. In an address of the web (`https://bacson.example/@lan`) it names a page and notifies nobody; a word joiner
# there would break the link.
_MENTION = re.compile(
    r"(?<![A-Za-z0-9./:?=&%#~_+,@-])(https?://[A-Za-z0-9./:?=&%#~_+,-]*[/=]@[A-Za-z0-9._-]*)|(?<![A-Za-z0-9_])[@＠](?=[\w\[])"
)
_MENTION_IN_LINK = re.compile(r"(?<![\w/=])[@＠](?=\w)")
MAX_LEAD_LENGTH = 10_000  # characters; no network allows more
MAX_TITLE_LENGTH = 5_000  # characters of one that is cut
_GAP = re.compile(r"\n{3,}")
_WORD = re.compile(r"[^\W_]+")
_Form = TypeVar("_Form")


def compose_post(
    render: Callable[[str, str, str], str], title: str, lead: str, limits: PostLimits, tags: str = ""
) -> str:
    """The longest post that fits. `render` renders the text from a title, a lead and hashtags.

    Raises RenderError where not even the first character of the title fits: the template itself is too long.
    """

    def longest(forms: Sequence[_Form], values: Callable[[_Form], tuple[str, str]], tags: str = "") -> str:
        """The last of ever longer forms whose post fits, by binary search; empty where none does. `values` makes title and
        lead of a form, of those that are looked at only."""
        best, low, high = "", 0, len(forms)
        while low < high:
            middle = (low + high) // 2
            post = _GAP.sub("\n\n", render(*values(forms[middle]), tags)).strip()
            if limits.text is None or limits.measure(post) <= limits.text:
                best, low = post, middle + 1
            else:
                high = middle
        return best

    sentences, words = _lead_variants(cut_words(lead, MAX_LEAD_LENGTH))
    letters = graphemes(title[:MAX_TITLE_LENGTH])

    def with_title(form: str) -> tuple[str, str]:
        return title, form

    post = (
        longest(sentences, with_title, tags)
        or longest(sentences, with_title)
        or longest(words, with_title, tags)
        or longest(words, with_title)
        or longest(range(1, len(letters)), lambda most: (_cut_title(letters, most), ""))
    )
    if not post:
        raise RenderError(f"a post cannot fit into {limits.text} characters: its template and link are too long")
    return post


def without_mentions(text: str) -> str:
    """A text in which no @ names an account: each is followed by an invisible word joiner (U+2060).

    Mastodon, Telegram, X and Bluesky look for a letter right behind the @, and would notify the accounts named of each
    post. Unlike a zero-width space, the joiner allows no line break, and `@lan` looks as before.
    """
    return _MENTION.sub(lambda found: found[1] or found[0] + WORD_JOINER, text)


def link_without_mentions(url: str) -> str:
    """The same address with no @ that names an account: Mastodon looks for them in addresses too, but behind `/` and `=`."""
    return _MENTION_IN_LINK.sub(lambda found: quote(found[0]), url)


def hashtags(topics: Sequence[str], most: int) -> str:
    """Topics as hashtags: `Kinh tế` is `#KinhTế`, `COVID-19` is `#COVID19`.

    Diacritics stay, since `#KinhTe` is another word; each word begins with a capital, so that people and screen readers
    can tell the words apart, and the rest of it stays as it is.
    """
    made: dict[str, str] = {}
    for topic in topics:
        words = _WORD.findall(unicodedata.normalize("NFC", topic))
        tag = "".join(word[0].upper() + word[1:] for word in words)
        if tag and not tag.isdigit():
            made.setdefault(tag.casefold(), f"#{tag}")
    return " ".join(list(made.values())[:most])


def _lead_variants(lead: str) -> tuple[list[str], list[str]]:
    """Forms of a lead, from short to long: its first sentences; nothing, or the first words of the first sentence."""
    ends = [*sentence_ends(lead), len(lead)]
    spaces = word_ends(lead[: ends[0]])[2:]  # two words and an ellipsis say nothing
    words = [with_ellipsis(lead[:space]) for space in spaces]
    return [lead[:end] for end in ends], ["", *words]


def _cut_title(letters: Sequence[str], most: int) -> str:
    """A title cut after so many of its graphemes, or after the word before if that leaves half of it or more."""
    head = "".join(letters[:most])
    space = next((at for at in range(most - 1, -1, -1) if letters[at] == " "), 0)  # one with a mark upon it is none
    words = "".join(letters[:space])
    return with_ellipsis(words if len(words) * 2 >= len(head) else head)
