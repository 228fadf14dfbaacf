"""A letter that is not clipped: shortened by declared steps until it fits, its footer always inside. Pure.

Gmail shows about 102 kB of a letter's HTML and hides the rest, the unsubscribe link with it. So each letter is measured
as it is made, and where it is too large: shorter leads, then no small pictures, then whole stories become lines, and at
last lines are left to the web, with a link that says how many.
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
# What no reader's own values are likely to exceed, so that a letter is measured as it may be sent: a name of Vietnamese
# letters, each of which travels as nine octets, an address, and a signed link.
WORST_CASE_VALUES: Mapping[str, str] = MappingProxyType(
    {
        "name": "ễ" * 60,
        "address": f"{'x' * 64}@{'x' * 60}.example",
        "unsubscribe_url": f"https://{'x' * 200}",
    }
)
LEAD_LENGTHS = (240, 120)
MIN_FULL_ARTICLES = 3  # stories that keep their leads


@dataclass(frozen=True, slots=True)
class DetailLevel:
    """How much of an edition a letter shows. `full` stories have a lead, `lines` are the lines after them; None: all."""

    lead: int = MAX_LEAD_LENGTH
    thumbnails: bool = True
    full: int | None = None
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class FitResult:
    """The shape that fits, and the steps that were taken to it, in words for staff."""

    shape: DetailLevel = DetailLevel()
    steps: tuple[str, ...] = ()


def clipping_size(page: str, limit: int = MAX_HTML_SIZE, values: Mapping[str, str] = WORST_CASE_VALUES) -> int:
    """What a page weighs against `limit` once its places are filled with `values`: its octets, or in proportion what it
    travels as in quoted-printable. Both are measured, unless it is far below the limit whatever its lines are like.

    Sources disagree on which of the two Gmail counts; Vietnamese doubles in quoted-printable, so both are kept.
    """
    at_most = _scale_encoded(quoted_printable.largest_size(page, values))
    if at_most <= limit:
        return at_most
    pieces = split_html(page)
    octets = sum(len((piece.fill(values) if isinstance(piece, MergeField) else piece).encode()) for piece in pieces)
    return max(octets, _scale_encoded(quoted_printable.size(pieces, values)))


def _scale_encoded(travelling: int) -> int:
    return -(-travelling * MAX_HTML_SIZE // MAX_ENCODED_SIZE)


def fit_to_limit(size: Callable[[DetailLevel], int], stories: int, lines: int, limit: int = MAX_HTML_SIZE) -> FitResult:
    """The first shape, in the order of the steps, whose letter is not larger than `limit`.

    `size` measures the letter of a shape in octets; `stories` and `lines` are how many there are to show. The last step
    is taken even where nothing helps: a letter of three stories and a link is the shortest there is.
    """

    def fits(shape: DetailLevel) -> bool:
        return size(shape) <= limit

    shape, steps = DetailLevel(), list[str]()
    if fits(shape):
        return FitResult()
    for lead in LEAD_LENGTHS:
        shape = replace(shape, lead=lead)
        steps = [f"leads cut to {lead} characters"]
        if fits(shape):
            return FitResult(shape, tuple(steps))
    shape = replace(shape, thumbnails=False)
    steps.append("no small pictures")
    if fits(shape):
        return FitResult(shape, tuple(steps))
    fewest = min(MIN_FULL_ARTICLES, stories)
    full = _find_largest(lambda number: fits(replace(shape, full=number)), fewest, stories)
    shape = replace(shape, full=max(full, fewest))
    steps.append(f"{stories - max(full, fewest)} of {stories} stories as lines")
    if full >= fewest:
        return FitResult(shape, tuple(steps))
    after = stories - fewest + lines
    shown = max(0, _find_largest(lambda number: fits(replace(shape, lines=number)), 0, after))
    steps.append(f"{after - shown} left to the web")
    return FitResult(replace(shape, lines=shown), tuple(steps))


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
