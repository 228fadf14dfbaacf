"""Posts: title, lead and link, cut to what a network takes, counted as that network counts. Pure.

The link is never cut. The lead gives way first: whole sentences are kept, then whole words with an ellipsis, never half
a grapheme. Only a title that is too long by itself is cut too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..channel import Limits
from ..errors import RenderError
from ..text import graphemes
from .plaintext import cut_words, sentence_ends, with_ellipsis

LONGEST_LEAD = 10_000  # characters; no network takes more
_GAP = re.compile(r"\n{3,}")
_SPACE = re.compile(r"\s+")


def compose(render: Callable[[str, str], str], title: str, lead: str, limits: Limits) -> str:
    """The longest post that fits. `render` makes the text of a title and a lead.

    Raises RenderError where not even the first letter of the title fits: the template itself is too long.
    """

    def longest(forms: Sequence[tuple[str, str]]) -> str:
        """The last of ever longer forms of title and lead whose post fits, found by halves; empty where none does."""
        best, low, high = "", 0, len(forms)
        while low < high:
            middle = (low + high) // 2
            post = _GAP.sub("\n\n", render(*forms[middle])).strip()
            if limits.text is None or limits.measure(post) <= limits.text:
                best, low = post, middle + 1
            else:
                high = middle
        return best

    sentences, words = _forms(cut_words(lead, LONGEST_LEAD))
    post = (
        longest([(title, form) for form in sentences])
        or longest([(title, form) for form in words])
        or longest([(form, "") for form in _titles(title)])
    )
    if not post:
        raise RenderError(f"a post cannot fit into {limits.text} characters: its template and link are too long")
    return post


def _forms(lead: str) -> tuple[list[str], list[str]]:
    """Forms of a lead, from short to long: its first sentences, and nothing or the first words of the first sentence."""
    ends = [*sentence_ends(lead), len(lead)]
    spaces = [match.start() for match in _SPACE.finditer(lead[: ends[0]])]
    words = [with_ellipsis(lead[:space]) for space in spaces[2:]]  # two words and an ellipsis say nothing
    return [lead[:end] for end in ends], ["", *words]


def _titles(title: str) -> list[str]:
    """A title cut after each of its graphemes, or after the word before if that leaves half of it or more."""
    letters = graphemes(title)
    made = []
    for most in range(1, len(letters)):
        head = "".join(letters[:most])
        words = head.rpartition(" ")[0]
        made.append(with_ellipsis(words if len(words) * 2 >= len(head) else head))
    return made
