"""Topics that somebody asks for and that no article and no source has ever had: a slip of the pen, most of the time. Pure.

Nothing is refused for it: a topic may be meant for articles to come.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

_NEAR = 0.6  # of difflib's measure, from which a topic may have been meant


def describe_unknown_topics(wanted: Iterable[str], known: Iterable[str]) -> list[str]:
    """A line for each topic that is not known, in the order given, with the nearest one that is.

    Upper and lower case do not count, as everywhere where topics are compared.
    """
    topics = sorted(set(known))
    folded = {topic.casefold() for topic in topics}
    unknown = dict.fromkeys(topic for topic in wanted if topic.casefold() not in folded)
    return [f"no article and no source has ever had the topic {topic!r}{_hint(topic, topics)}" for topic in unknown]


def _hint(topic: str, known: list[str]) -> str:
    plain = {_plain(one): one for one in reversed(known)}
    near = difflib.get_close_matches(_plain(topic), plain, n=1, cutoff=_NEAR)
    return f"; did you mean {plain[near[0]]!r}?" if near else ""


def _plain(topic: str) -> str:
    """A topic without marks and case: `Y te` is meant for `Y tế`."""
    letters = unicodedata.normalize("NFD", topic.casefold()).replace("đ", "d")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
