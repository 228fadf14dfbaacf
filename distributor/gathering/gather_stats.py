"""What one look at a source has found, counted for staff. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..model import ParsedArticle
from ..source import FetchResult, ItemExplanation

MAX_EXAMPLES = 3  # faults of one source that are told; the number of all stands beside them


@dataclass(frozen=True, slots=True)
class OmissionReason:
    """Why links are left out, and how many are for it."""

    words: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherStats:
    """One look at one source, of which nothing was stored. `failure` says why it could not be read.

    `articles` counts what was found, the other numbers those of them that have a text of their own, a date and so on.
    `faults` are articles that cannot be used, `left_out` are links of a listing that are taken for no articles, the
    commonest reason first, `notes` what else staff should know.
    """

    source: str
    failure: str = ""
    articles: int = 0
    text: int = 0
    date: int = 0
    picture: int = 0
    author: int = 0
    topics: int = 0
    newest: str = ""
    newest_date: datetime | None = None
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[OmissionReason, ...] = ()

    @property
    def usable(self) -> bool:
        return not self.failure


def compute_gather_stats(source: str, harvest: FetchResult, explained: Sequence[ItemExplanation] = ()) -> GatherStats:
    """The numbers of a look, and of what was said of each link."""
    found = harvest.articles
    newest = _newest(found)
    return GatherStats(
        source=source,
        articles=len(found),
        text=sum(bool(one.body_html) for one in found),
        date=sum(one.published is not None for one in found),
        picture=sum(bool(one.image and one.image.url) for one in found),
        author=sum(bool(one.author) for one in found),
        topics=sum(bool(one.topics) for one in found),
        newest=newest.title if newest else "",
        newest_date=newest.published if newest else None,
        faults=tuple(harvest.faults),
        notes=tuple(harvest.notes),
        left_out=_reasons(explained),
    )


def _reasons(explained: Sequence[ItemExplanation]) -> tuple[OmissionReason, ...]:
    """The first reason of each link that was left out; what follows it are details."""
    counted = Counter(one.reason.partition(";")[0] for one in explained if one.words and not one.taken)
    return tuple(OmissionReason(words, number) for words, number in counted.most_common())


def _newest(found: Sequence[ParsedArticle]) -> ParsedArticle | None:
    """The newest by its date; where none has one, the first, since sources begin with it."""
    dated = [(one.published, -number) for number, one in enumerate(found) if one.published]
    if dated:
        return found[-max(dated)[1]]
    return found[0] if found else None
