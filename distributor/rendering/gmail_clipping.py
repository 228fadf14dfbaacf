"""Gmail clipping: emails are shortened from their end until Gmail shows them whole, the footer included. Pure.

Gmail shows about 102 kB of an email's HTML and hides the rest, the unsubscribe link with it. So each email is measured
when it is rendered. One that is too large gives up what readers miss least, from its last story upwards and no more than
must be, found by bisection (`_STEPS`):

1. pictures of stories, the last ones first;
2. leads are cut to 240 characters, then to 120;
3. stories become lines;
4. lines are left to the web, with a link that says how many.

The first ten stories keep their pictures, leads and places until all the others have given up theirs.
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
MEDIUM_LEAD, SHORT_LEAD = 240, 120  # characters
TOP_STORIES = 10  # that are shortened last
MIN_FULL_ARTICLES = 3  # that never become lines


@dataclass(frozen=True, slots=True)
class DetailLevel:
    """How much of an edition an email shows, in numbers of articles from the top; None: all of them.

    The first `full` articles are stories, with a lead, and `lines` of the others are lines. The first `pictures` may have
    a picture; the first `whole_leads` have their whole lead, those up to `medium_leads` one of 240 characters, and the rest
    of them one of 120.
    """

    pictures: int | None = None
    whole_leads: int | None = None
    medium_leads: int | None = None
    full: int | None = None
    lines: int | None = None

    def has_picture(self, position: int) -> bool:
        """Whether the article at this position, counted from 0, may have a picture."""
        return self.pictures is None or position < self.pictures

    def lead_length(self, position: int) -> int:
        """How many characters the lead of the article at this position may have."""
        if self.whole_leads is None or position < self.whole_leads:
            return MAX_LEAD_LENGTH
        return MEDIUM_LEAD if self.medium_leads is None or position < self.medium_leads else SHORT_LEAD


@dataclass(frozen=True, slots=True)
class FitResult:
    """The detail level that fits, and the steps taken to it, in words for staff."""

    detail: DetailLevel = DetailLevel()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """A field of the detail level that is lowered to at least `least`, and what it means, where `{number}` is kept; of
    what is left to the web, the email itself says how much."""

    name: str
    least: int
    told: str


_STEPS = (
    _Step("pictures", TOP_STORIES, "pictures with the first {number} stories only"),
    _Step("whole_leads", TOP_STORIES, f"leads after story {{number}} cut to {MEDIUM_LEAD} characters"),
    _Step("medium_leads", TOP_STORIES, f"leads after story {{number}} cut to {SHORT_LEAD} characters"),
    _Step("full", TOP_STORIES, "stories after story {number} without leads"),
    _Step("lines", 0, ""),
    _Step("pictures", 1, "pictures with the first {number} stories only"),
    _Step("whole_leads", 0, f"leads after story {{number}} cut to {MEDIUM_LEAD} characters"),
    _Step("medium_leads", 0, f"leads after story {{number}} cut to {SHORT_LEAD} characters"),
    _Step("full", MIN_FULL_ARTICLES, "stories after story {number} without leads"),
    _Step("lines", 0, ""),
)


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
    """The most detailed level, in the order of the steps, whose email is not larger than `limit`.

    `size` measures the email of a detail level in octets; `stories` and `lines` are how many there are to show. The last
    step is taken even where it does not suffice: an email of three articles and a link is the shortest there is.
    """
    detail, steps = DetailLevel(), dict[str, str]()
    if size(detail) <= limit:
        return FitResult()
    for step in _STEPS:
        now = _value(detail, step.name, stories, lines)
        least = min(step.least, now)
        if least == now:
            continue
        kept = least

        def fits(number: int, step: _Step = step, detail: DetailLevel = detail) -> bool:
            return size(replace(detail, **{step.name: number})) <= limit

        enough = fits(least)
        if enough:
            kept = _find_largest(fits, least, now - 1)
        detail = replace(detail, **{step.name: kept})
        if step.told:
            steps[step.name] = step.told.format(number=kept)
        if enough:
            break
    return FitResult(detail, tuple(steps.values()))


def _value(detail: DetailLevel, name: str, stories: int, lines: int) -> int:
    """A field of the detail level as a number."""
    value: int | None = getattr(detail, name)
    if value is not None:
        return value
    return stories if name != "lines" else stories - _value(detail, "full", stories, lines) + lines


def _find_largest(good: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number from `low`, which is good, to `high` that is good, of which all smaller ones are too."""
    best = low
    while low <= high:
        middle = (low + high) // 2
        if good(middle):
            best, low = middle, middle + 1
        else:
            high = middle - 1
    return best
