"""The headline of a listed article, among the words of its links, the headings of its block and its pictures. Pure.

Not the longest words: listings link the summary, too. What is a heading goes first, then what is named a title, then the
first words that are no summary. Where only a summary is linked, the article's own page has to say its title.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

from lxml.html import HtmlElement

from ...text import clean_line
from .nearby_dates import is_bare_date_line, parse_date_line
from .tree import HEADINGS, ListingTree, leading_text

_LONGEST_TEXT = 2000  # characters of a link that are read
_MOST_WORDS = 28  # of a headline
_DEEPEST = 5  # elements within a link in which a date is searched
_INLINE = frozenset(
    {"a", "b", "strong", "i", "em", "span", "font", "u", "mark", "small", "sup", "sub", "abbr", "wbr", "bdi"}
)
_SILENT = frozenset({"script", "style", "noscript", "template", "svg"})
_MORE = re.compile(
    r"\W*(?:(?:xem|đọc)(?: thêm| tiếp| chi tiết| toàn bộ| đầy đủ| bài viết)?|chi tiết(?: bài viết)?|tiếp theo|xem tiếp"
    r"|read more|more|continue reading|view details?|details?|full story|bình luận|ý kiến|chia sẻ|nghe|video|ảnh|mới|new)"
    r"\W*",
    re.IGNORECASE,
)
_MORE_ABOUT = re.compile(
    r"(?:đọc thêm|xem thêm|đọc tiếp|read more|continue reading)\s*(?::|about|“|\")\s*", re.IGNORECASE
)
_TITLED = frozenset({
    "title", "tieude", "tieu-de", "tieu_de", "headline", "heading", "tit", "tenbai", "ten-bai", "newstitle",
    "news-title", "name", "caption-title", "titlenews", "title-news", "post-title", "entry-title", "item-title",
    "article-title", "asset-title", "tenbaiviet", "tieudetin", "tieude-tin", "field-title", "views-field-title",
    "box-title-text", "cms-title", "news_title",
})  # fmt: skip
_TITLE_PART = re.compile(r"(?<![a-z])(?:title|tieu[-_]?de|headline)(?![a-z])")
_OF_A_BLOCK = re.compile(r"portlet|section|block|widget|box|zone|cate|page-title|module|mod-")
# What systems put behind a headline: `<label class="new">Mới</label>`.
_BADGE = re.compile(r"\W*(?:(?:tin )?mới|new|hot|nóng|video|clip|live|breaking)\W*", re.IGNORECASE)
_BADGE_NAMED = re.compile(r"(?<![a-z])(?:new|hot|label|badge|icon|flag|moi)(?![a-z])")
_DATE_IN_WORDS = re.compile(r"\s*[(\[]([^()\[\]]{4,60})[)\]]\s*$")


@dataclass(frozen=True, slots=True)
class HeadlineCandidate:
    """One text that may be the headline: the lower its rank, the better."""

    rank: int
    order: int
    words: str


HEADING, TITLED, STRONG, PLAIN, NAMED, PICTURE = range(6)


def title_rank(tree: ListingTree, at: int) -> int:
    """How sure it is that the words of a link are a headline: it stands in a heading, or in what is named a title."""
    around = (at, *tree.ancestors(at, 3))
    if any(tree.tag(up) in HEADINGS for up in around[1:]):
        return HEADING
    if any(is_titled(tree, up) for up in around[:3]):
        return TITLED
    if any(tree.tag(up) in ("strong", "b") for up in around[1:3]):
        return STRONG
    return PLAIN


def is_titled(tree: ListingTree, at: int) -> bool:
    return any(
        name in _TITLED or (_TITLE_PART.search(name) and not _OF_A_BLOCK.search(name)) for name in tree.tokens[at]
    )


def find_headline_candidates(tree: ListingTree, at: int, now: datetime, zone: tzinfo) -> list[HeadlineCandidate]:
    """The texts of one link that may be its article's headline."""
    anchor = tree.elements[at]
    rank = title_rank(tree, at)
    made = []
    inside = range(at + 1, tree.last[at] + 1)
    for child in inside[:60]:
        heading = tree.tag(child) in HEADINGS
        if heading or is_titled(tree, child):
            made.append(HeadlineCandidate(HEADING if heading else TITLED, child, headline_text(tree, child, now, zone)))
    if not made:
        blocks = [
            each
            for each in inside[:60]
            if tree.tag(each) in ("div", "p", "li", "span", "strong", "b") and tree.characters[each]
        ]
        parts = [each for each in blocks if tree.tag(each) in ("div", "p", "li")]
        if len(parts) >= 2 or (parts and not clean_line(anchor.text or "")):
            made += [HeadlineCandidate(PLAIN, each, headline_text(tree, each, now, zone)) for each in parts]
        else:
            made += [
                HeadlineCandidate(STRONG, each, headline_text(tree, each, now, zone))
                for each in blocks
                if tree.tag(each) in ("strong", "b")
            ]
            whole = headline_text(tree, at, now, zone)
            if not (made and rank == PLAIN and len(whole) > len(made[0].words) + 40):
                made.append(HeadlineCandidate(rank, at, whole))
    named = clean_line((anchor.get("title") or anchor.get("aria-label") or "")[:_LONGEST_TEXT])
    made.append(HeadlineCandidate(NAMED, at, named))
    for child in inside[:60]:
        if tree.tag(child) == "img":
            made.append(
                HeadlineCandidate(PICTURE, child, clean_line((tree.elements[child].get("alt") or "")[:_LONGEST_TEXT]))
            )
    return [each for each in made if each.words]


def headline_text(tree: ListingTree, at: int, now: datetime, zone: tzinfo) -> str:
    """The words of an element, without the elements within it that are a date, and without a date in brackets behind."""
    words = clean_line(_text(tree.elements[at], now, zone, _DEEPEST)[:_LONGEST_TEXT])
    match = _DATE_IN_WORDS.search(words, max(0, len(words) - 64))
    if match and is_bare_date_line(match[1], now, zone):
        words = words[: match.start()].rstrip()
    return words


def find_bracketed_date(tree: ListingTree, at: int, now: datetime, zone: tzinfo) -> datetime | None:
    """The date that stands behind the words of a link, in brackets."""
    words = clean_line(leading_text(tree.elements[at], _LONGEST_TEXT))
    match = _DATE_IN_WORDS.search(words, max(0, len(words) - 64))
    line = parse_date_line(match[1], now, zone) if match else None
    return line.moment if line and not line.others else None


def _text(element: HtmlElement, now: datetime, zone: tzinfo, depth: int) -> str:
    if depth == 0 or not len(element):
        return leading_text(element, _LONGEST_TEXT)
    parts, left = [element.text or ""], _LONGEST_TEXT
    for child in element:
        if left <= 0:
            break
        if isinstance(child.tag, str) and child.tag not in _SILENT:
            words = _text(child, now, zone, depth - 1)
            if _is_badge(child, words, "".join(parts)):
                continue
            if len(words) > 60 or not is_bare_date_line(clean_line(words), now, zone):
                parts.append(words)
            if child.tag not in _INLINE:
                parts.append(" ")
        parts.append((child.tail or "")[:_LONGEST_TEXT])
        left -= sum(map(len, parts[-3:])) + 1
    return "".join(parts)


def _is_badge(child: HtmlElement, words: str, before: str) -> bool:
    """Whether the last element of a headline is a badge: it stands without a space behind the words, or is called so."""
    if not before.strip() or (child.tail or "").strip() or child.getnext() is not None or not _BADGE.fullmatch(words):
        return False
    named = f"{child.get('class') or ''}"[:200].lower()
    return before[-1].isalnum() or child.tag in ("label", "sup") or _BADGE_NAMED.search(named) is not None


def choose_headline(found: list[HeadlineCandidate]) -> tuple[str, bool]:
    """The headline of an article among the texts that may be it, and whether it is one: a summary is only better than
    nothing. Two texts of one kind: the first; one that is cut off (…) is completed by another that begins alike."""
    texts = [each for each in sorted(found, key=lambda each: (each.rank, each.order)) if not is_read_more(each.words)]
    if not texts:
        return "", False
    sure = [each for each in texts if not is_summary(each.words) or each.rank == HEADING]
    # A single word beside a link of more ("Mới", a section's name) is no headline, if it stands in no heading.
    telling = [each for each in sure if each.rank in (HEADING, TITLED) or len(each.words.split()) >= 3] or sure
    if not telling:
        return texts[0].words, False
    return _whole(telling[0].words, [each.words for each in texts]), True


def is_summary(words: str) -> bool:
    """Whether a text reads like a summary: a whole sentence with its full stop, or more words than headlines have."""
    count = len(words.split())
    stopped = words.endswith(".") and not words.endswith(("..", "TP."))
    return count > _MOST_WORDS or (stopped and count > 8)


def is_read_more(words: str) -> bool:
    """Whether a link only says "read more", or nothing at all."""
    return (len(words) < 40 and (bool(_MORE.fullmatch(words)) or not any(map(str.isalpha, words)))) or bool(
        _MORE_ABOUT.match(words[:40])
    )


def _whole(words: str, others: list[str]) -> str:
    start = words.rstrip(".… ")
    if start == words or not words.endswith(("…", "...")):
        return words
    longer = (other for other in others if len(other) > len(start) and other.casefold().startswith(start.casefold()))
    return next((other for other in longer if not other.endswith(("…", "..."))), words)
