"""Posts: title, lead and link, cut to what a network takes, counted as that network counts. Pure.

The link is never cut. The lead gives way first: whole sentences are kept, then whole words with an ellipsis, never half
a grapheme. Only a title that is too long by itself is cut too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..channel import Limits
from ..errors import RenderError
from ..text import graphemes

_GAP = re.compile(r"\n{3,}")
_SENTENCE_END = re.compile(r"[.!?…][\"”’)]*\s+")


def compose(render: Callable[[str, str], str], title: str, lead: str, limits: Limits) -> str:
    """The longest post that fits. `render` makes the text of a title and a lead.

    Raises RenderError where not even the first letter of the title fits: the template itself is too long.
    """

    def made(title: str, lead: str) -> str:
        return _GAP.sub("\n\n", render(title, lead)).strip()

    def fits(text: str) -> bool:
        return limits.text is None or limits.measure(text) <= limits.text

    for shorter in _shorter(lead):
        post = made(title, shorter)
        if fits(post):
            return post
    letters = graphemes(title)
    low, high = 0, len(letters)
    while low < high:  # the longest title that fits, by halves
        middle = (low + high + 1) // 2
        if fits(made(_cut(letters, middle), "")):
            low = middle
        else:
            high = middle - 1
    if not low:
        raise RenderError(
            f"a post cannot be made to fit into {limits.text} characters: its template and link are too long"
        )
    return made(_cut(letters, low), "")


def _shorter(lead: str) -> Iterator[str]:
    """The lead, then ever shorter forms of it: fewer sentences, then fewer words of the first one, then nothing."""
    yield lead
    ends = [match.end() for match in _SENTENCE_END.finditer(lead)]
    for end in reversed(ends):
        yield lead[:end].rstrip()
    first = lead[: ends[0]].rstrip() if ends else lead
    spaces = [match.start() for match in re.finditer(r"\s+", first)]
    for space in reversed(spaces[2:]):  # two words and an ellipsis say nothing
        yield first[:space].rstrip(' ,;:–—-("“') + "…"
    yield ""


def _cut(letters: list[str], most: int) -> str:
    """The first graphemes of a title with an ellipsis, ending after a whole word if that leaves half of it or more."""
    if most >= len(letters):
        return "".join(letters)
    head = "".join(letters[: max(most - 1, 0)])
    words = head.rpartition(" ")[0]
    return (words if len(words) * 2 >= len(head) else head).rstrip(" ,;:–—-") + "…"
