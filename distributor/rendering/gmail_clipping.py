"""Gmail clipping: emails are shortened, step by step, until Gmail shows them whole, the footer included. Pure.

Gmail shows about 102 kB of an email's HTML and hides the rest, the unsubscribe link with it. So each email is measured
when it is rendered, and shortened where it is too large: first shorter leads, then no thumbnails, then whole articles
become lines, and at last lines are left to the web, with a link that says how many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from .. import quoted_printable
from ..merge_fields import MergeField, split_html
from .views import MAX_LEAD_LENGTH

MAX_HTML_SIZE = 95_000  # octets of HTML
MAX_ENCODED_SIZE = 102_000  # octets of it in quoted-printable
# Values longer than any recipient's are likely to be, so that an email is measured as it may be sent: a name of Vietnamese
# letters, each of which is encoded as nine octets, an address, and signed links.
WORST_CASE_VALUES: Mapping[str, str] = MappingProxyType(
    {
        "name": "ễ" * 60,
        "address": f"{'x' * 64}@{'x' * 60}.example",
        "unsubscribe_url": f"https://{'x' * 200}",
        "preferences_url": f"https://{'x' * 200}",
    }
)
LEAD_LENGTHS = (240, 120)
MIN_FULL_ARTICLES = 3  # that keep their leads


@dataclass(frozen=True, slots=True)
class DetailLevel:
    """How much of an edition an email shows. `full` articles have a lead, `lines` are the lines after them; None: all."""

    lead: int = MAX_LEAD_LENGTH
    thumbnails: bool = True
    full: int | None = None
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class FitResult:
    """The detail level that fits, and the steps taken to it, in words for staff."""

    detail: DetailLevel = DetailLevel()
    steps: tuple[str, ...] = ()


def clipping_size(page: str, limit: int = MAX_HTML_SIZE, values: Mapping[str, str] = WORST_CASE_VALUES) -> int:
    """The size of a page to compare with `limit`, once its merge fields hold `values`: its octets, or in proportion those
    of its quoted-printable form. Both are measured, unless an upper bound is below the limit.

    Sources disagree on which of the two Gmail counts; Vietnamese doubles in quoted-printable, so both are limited.
    """
    at_most = _scale_encoded(quoted_printable.largest_size(page, values))
    if at_most <= limit:
        return at_most
    parts = split_html(page)
    octets = sum(len((part.fill(values) if isinstance(part, MergeField) else part).encode()) for part in parts)
    return max(octets, _scale_encoded(quoted_printable.size(parts, values)))


def _scale_encoded(octets: int) -> int:
    return -(-octets * MAX_HTML_SIZE // MAX_ENCODED_SIZE)


def fit_to_limit(size: Callable[[DetailLevel], int], stories: int, lines: int, limit: int = MAX_HTML_SIZE) -> FitResult:
    """The first detail level, in the order of the steps, whose email is not larger than `limit`.

    `size` measures the email of a detail level in octets; `stories` and `lines` are how many there are to show. The last
    step is taken even where it does not suffice: an email of three articles and a link is the shortest there is.
    """

    def fits(detail: DetailLevel) -> bool:
        return size(detail) <= limit

    detail, steps = DetailLevel(), list[str]()
    if fits(detail):
        return FitResult()
    for lead in LEAD_LENGTHS:
        detail = replace(detail, lead=lead)
        steps = [f"leads cut to {lead} characters"]
        if fits(detail):
            return FitResult(detail, tuple(steps))
    detail = replace(detail, thumbnails=False)
    steps.append("no thumbnails")
    if fits(detail):
        return FitResult(detail, tuple(steps))
    fewest = min(MIN_FULL_ARTICLES, stories)
    full = _find_largest(lambda number: fits(replace(detail, full=number)), fewest, stories)
    detail = replace(detail, full=max(full, fewest))
    steps.append(f"{stories - max(full, fewest)} of {stories} articles as lines")
    if full >= fewest:
        return FitResult(detail, tuple(steps))
    after = stories - fewest + lines
    shown = max(0, _find_largest(lambda number: fits(replace(detail, lines=number)), 0, after))
    steps.append(f"{after - shown} left to the web")
    return FitResult(replace(detail, lines=shown), tuple(steps))


def _find_largest(good: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number from `low` to `high` that is good, of which all smaller ones are too; `low - 1` where none is."""
    best = low - 1
    while low <= high:
        middle = (low + high) // 2
        if good(middle):
            best, low = middle, middle + 1
        else:
            high = middle - 1
    return best
