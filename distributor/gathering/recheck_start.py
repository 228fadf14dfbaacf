"""What a recheck begins with: how long it may take, and no answer for any article. Pure, and small: who waits for a recheck
in a child process needs nothing else of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model import Article
from ..source import Availability

RECHECK_SECONDS = 20.0  # for all articles together: an edition waits no longer
NO_ANSWER = Availability(None, "there was no answer in time")


def initial_availability(articles: Sequence[Article]) -> dict[str, Availability]:
    """What is known of articles before there is any answer, by id."""
    return {article.id: NO_ANSWER for article in articles}
