"""Widgets inside a body, removed from it: boxes of other articles, share bars, counters, dates of the page. Pure.

What a box is called (`type=RelatedNewsBox`, `class="tin-lien-quan"`), the words that open or close it ("Tham khảo thêm",
"Đọc tiếp") and what it is made of (links) are judged together: a name alone drops nothing that reads like the story.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate, islice

from lxml.html import HtmlElement

from ..text import clean_line
from .boilerplate import Removal
from .extraction.text_runs import TextRuns, read_runs

_LARGEST = 800  # characters; a box with more words, and few of them links, is a part of the story
_LABEL = 60  # characters
_LONGEST_REFERENCE = 400  # characters

# Names as `names_of` makes them: `box_relatedNews` is `box-related-news`.
_OTHER_STORIES = re.compile(
    r"(?:^|-)(?:relat(?:ed|ions?)(?:-?(?:news|posts?|articles?|stor(?:y|ies)|content|box|links?))?|news-?relation|"
    r"(?:tin|bai|tin-?bai|bai-?viet|box)-?(?:lien-?quan|khac|cung-?(?:chuyen-?muc|chu-?de)|moi-?(?:hon|nhat)|cu-?hon|"
    r"doc-?nhieu|noi-?bat|xem-?nhieu)|lien-?quan|xem-?them|doc-?(?:them|tiep|nhieu)|cung-?chuyen-?muc|"
    r"read-?(?:more|also|next)|see-?also|more-?(?:news|stories|on)|recommend(?:ed|ations?)?|most-?(?:read|viewed|popular)|"
    r"you-?may-?(?:also-?)?like|topic-?box|box-?(?:tin|news|topic|chu-?de)|teasers?|promo)(?:-|$)"
)
_PAGE_PARTS = re.compile(
    r"(?:^|-)(?:bread-?crumbs?|duong-?dan|share|sharing|shares|social|socials|add-?this|a2a|like-?box|tool-?bar|tools|"
    r"print|comments?|binh-?luan|portlet-?(?:title|topper|header)|rating|ratings|vote|votes|views|luot-?xem|tags?|tag-?list|"
    r"tu-?khoa|prev-?next|(?:post|article|page|nav)-?navigation|page-?nav|bai-?(?:truoc|sau)|paging|pagination|pager|newsletter|subscribe|advert|ads|adsense|quang-?cao|banner)(?:-|$)"
)
_BESIDE = re.compile(
    r"(?:^|-)(?:comments?|comment-?list|binh-?luan|y-?kien|respond|replies|disqus|discussion|author-?(?:bio|box|info|card|about)|"
    r"about-?(?:the-?)?author|bio|videos?|video-?player|player|transcript|gallery-?nav|slideshow|newsletter|sign-?up|subscri\w+|"
    r"widget|sidebar|popup|modal|cookie\w*|login|paywall|donate|tooltip|toolbar|footer|byline|disclaimer|correction-?policy)(?:-|$)"
)
_CARDS = frozenset({"div", "section", "article", "aside", "li", "table"})
_MOST_LINKS = 8
_HEADLINE_WORDS = 4
# The address of a page: no picture, no place on this page, no script.
_PAGE = re.compile(r"(?!#|javascript:|mailto:)(?!.*\.(?:jpe?g|png|gif|webp|avif|svg|pdf)(?:[?#]|$))\S+", re.IGNORECASE)
_AUTHOR_BOX = re.compile(
    r"(?:^|-)(?:author-?(?:bio|box|info|card|about|detail|profile|description)|about-?(?:the-?)?author|tac-?gia-?(?:box|info))(?:-|$)"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JOINTS = re.compile(r"[\W_]+")

# Words that open a box of other stories, or lead on to another one. Whole lines only.
_OPENS = re.compile(
    r"(?:>>+|<<+|»|«|←|→|►|▶|☛|👉|\*|-)?\s*"
    r"(?:tham khảo thêm|có thể bạn (?:quan tâm|muốn biết|thích)|xem thêm|đọc thêm|đọc tiếp|"
    r"xem tiếp|(?:mời )?(?:bạn|quý) ?(?:đọc)? xem thêm|mời (?:bạn|độc giả|quý độc giả) (?:đọc|xem)(?: thêm)?|"
    r"(?:các )?(?:tin|bài)(?: viết| bài)?\s?(?:khác|liên quan|cùng chuyên mục|cùng chủ đề|mới hơn|cũ hơn|mới nhất|đã đưa|"
    r"nổi bật|đọc nhiều|đáng chú ý)|cùng chuyên mục|cùng chủ đề|chủ đề liên quan|sự kiện liên quan|"
    r"tin bài liên quan|related(?: articles?| news| stor(?:y|ies)| posts?| content)?|read (?:more|also|next)|see also|"
    r"(?:bài|tin) (?:trước|sau|tiếp theo|kế tiếp)|(?:previous|next)(?: (?:article|post|story))?|"
    r"more (?:stories|news)|you may (?:also )?like|recommended|related (?:topics|tags)|more on this story|"
    r"lire aussi|à lire (?:aussi|également)|voir aussi|sur le même (?:sujet|thème)|"
    r"lesen sie auch|mehr zum thema|auch interessant|weiterlesen|weitere (?:artikel|themen)|"
    r"lea también|leer más|más información|te puede interesar|noticias relacionadas|leggi anche|leia (?:também|mais)|"
    r"saiba mais|lees ook|les også|läs (?:också|även|mer)|читайте также|関連(?:記事|ニュース)|あわせて読みたい|"
    r"相关阅读|相关新闻)"
    r"\s*[:.…»>|：]*",
    re.IGNORECASE,
)
_LEADS_ON = re.compile(
    r"(?:đọc tiếp|xem tiếp|xem chi tiết|xem thêm|đọc thêm|về trang (?:chủ đề|chuyên mục|chuyên đề)|"
    r"xem (?:tất cả|toàn bộ)|read more|continue reading)\s*[.…»>→]*",
    re.IGNORECASE,
)
_ARROW = re.compile(r"(?:>>+|»|►|▶|☛|👉|⇒|➤|\[|\()\s*")

# Lines of the page that editors' systems put among the text.
_DATE = r"[\d/:.,\-–|()h\sg]*(?:am|pm|sa|ch|gmt ?\+? ?\d{0,2}|giờ|phút|(?:thứ|chủ) \w{2,4},?)?[\d/:.,\-–|()h\sg]*"
_LINE_PARTS = re.compile(
    "|".join((
        r"(?:(?:tổng )?số )?(?:lượt|lần|người)(?: người)? (?:xem|đọc|truy cập|tải)(?: tin| bài)?\s*[:.]?\s*[\d.,]*",
        r"[\d.,]{1,12}\s*(?:lượt|lần|người) (?:xem|đọc|thích|chia sẻ)",
        r"(?:đã )?xem\s*:\s*[\d.,]+|views?\s*:?\s*[\d.,]+|[\d.,]{1,12} views?",
        r"(?:ngày )?(?:đăng|đăng tải|cập nhật|xuất bản|tạo|viết|gửi)(?: ngày| lúc| tin| bài)?(?: lần cuối)?\s*:?\s*" + _DATE,
        r"thời gian đăng\s*:?\s*" + _DATE,
        r"chia sẻ|share|like|in|print|e-?mail|facebook|zalo|twitter|tweet",
        r"(?:lên|về|trở lên) (?:top|đầu trang|đầu)|trở (?:về|lại)|quay lại|back to top",
        r"(?:đánh giá|bình chọn|xếp hạng)\s*:?\s*[\d.,/\s]*(?:sao|điểm|lượt)?|từ khóa\s*:|tags?\s*:",
        r"(?:©|bản quyền (?:thuộc|©)|copyright|all rights reserved)(?s:.{0,160})",
    )),
    re.IGNORECASE,
)  # fmt: skip
_WRITTEN_DATE = re.compile(
    r"\W*(?:(?:thứ \w{2,4}|chủ nhật)\W+)?(?:ngày )?\d{1,2} tháng \d{1,2}(?:,| năm)? \d{4}(?:[\s,|-]+\d{1,2}[:hg]\d{2})?\W*",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?:trang chủ|home)\s*(?:[»›>/|\\-]|$)", re.IGNORECASE)


def is_page_line(words: str) -> bool:
    """Whether a line is the page's and not the story's: counters, the date it was put up, ways to the top, copyright."""
    if not words or len(words) > 200:
        return False
    parts = [part for part in re.split(r"[|•·]|\s[-–]\s|\s{3,}", words) if part.strip()]
    return any(map(_says_page, parts)) and all(_says_page(part) or _is_bare_date(part) for part in parts)


def _says_page(part: str) -> bool:
    return _LINE_PARTS.fullmatch(part.strip()) is not None


def _is_bare_date(part: str) -> bool:
    return re.fullmatch(_DATE, part.strip(), re.IGNORECASE) is not None


def is_dateline(words: str) -> bool:
    """Whether a line is a date and a time and nothing else, as it stands between a headline and its text."""
    if len(words) > _LABEL:
        return False
    numbers = re.search(r"\d[/.:h-]\d", words) is not None
    return (numbers and _is_bare_date(words)) or _WRITTEN_DATE.fullmatch(words) is not None


def remove_widgets(root: HtmlElement) -> None:
    """Remove from a body what belongs to other articles and to the page."""
    removal = Removal(root)
    for box in find_widgets(read_runs(root)):
        removal.drop(box)
    removal.finish()


def find_widgets(read: TextRuns) -> set[HtmlElement]:
    """The elements of a tree that are such boxes. What lies within one of them may be named, too."""
    sizes = _Sizes(read)
    found: set[HtmlElement] = set()
    for element, (first, last) in read.spans.items():
        if first == last or element is read.root:
            continue
        if element.tag == "a":
            found |= _find_teaser(element, read, sizes)
        elif _is_named_box(element, sizes) or _is_reference(element, read, sizes) or _is_card(element, sizes):
            found.add(element)
    return found | _opened(read, sizes)


class _Sizes:
    """How many letters an element holds, and how many of them are links."""

    def __init__(self, read: TextRuns) -> None:
        self._spans = read.spans
        self._letters = [0, *accumulate(len(run.text) for run in read.runs)]
        self._links = [0, *accumulate(run.links for run in read.runs)]

    def letters(self, element: HtmlElement) -> int:
        first, last = self._spans.get(element, (0, 0))
        return self._letters[last] - self._letters[first]

    def links(self, element: HtmlElement) -> int:
        first, last = self._spans.get(element, (0, 0))
        return self._links[last] - self._links[first]

    def is_mostly_links(self, element: HtmlElement) -> bool:
        return self.links(element) * 5 >= self.letters(element) * 3

    def all_letters(self) -> int:
        return self._letters[-1]


def names_of(element: HtmlElement) -> str:
    """The words of an element's class, id, type and role, joined by hyphens."""
    if not element.attrib:
        return ""
    values = (element.get(name) for name in ("class", "id", "type", "data-role", "role"))
    joined = " ".join(value[:200] for value in values if value)
    return _joined(joined) if joined else ""


@lru_cache(maxsize=8192)
def _joined(names: str) -> str:
    return _JOINTS.sub("-", _CAMEL.sub("-", names)).lower()


@lru_cache(maxsize=8192)
def _is_beside(name: str) -> bool:
    return _BESIDE.search(name) is not None


def is_aside(element: HtmlElement) -> bool:
    """Whether an element calls itself something that stands beside an article: comments, a video, a note on the author."""
    name = names_of(element)
    return bool(name) and _is_beside(name)


def _is_named_box(element: HtmlElement, sizes: _Sizes) -> bool:
    name = names_of(element)
    kind = _kind(name) if name else ""
    if not kind:
        return False
    letters, links = sizes.letters(element), sizes.links(element)
    if letters * 2 > sizes.all_letters() and (links * 2 < letters or letters > _LARGEST):
        return False
    if kind == "author":  # a portrait and a life; a name alone may be the signature
        return letters <= _LARGEST and (letters > _LABEL or next(element.iter("img"), None) is not None)
    if kind == "stories":
        return links > 0 and (letters <= _LARGEST or links * 3 >= letters)
    return letters <= _LABEL or links * 2 >= letters


@lru_cache(maxsize=8192)
def _kind(name: str) -> str:
    """What an element of these names holds: other stories, parts of the page, a note on the author; empty for neither."""
    if _OTHER_STORIES.search(name):
        return "stories"
    return "page" if _PAGE_PARTS.search(name) else "author" if _AUTHOR_BOX.search(name) else ""


def _is_reference(element: HtmlElement, read: TextRuns, sizes: _Sizes) -> bool:
    """Whether a block only points to another story: `Xem thêm: <a>…</a>`, `>> <a>…</a>`; or is a path, "Trang chủ » Tin"."""
    letters, links = sizes.letters(element), sizes.links(element)
    if not links or letters > _LONGEST_REFERENCE or element.tag in ("table", "tbody", "tr"):
        return False
    words = " ".join(read.runs[number].text for number in read.span(element))
    if _PATH.match(words):
        return links * 2 >= letters
    opened = _OPENS.match(words) or _ARROW.match(words)
    return opened is not None and links >= (len(words) - opened.end()) * 0.8


def _is_card(element: HtmlElement, sizes: _Sizes) -> bool:
    """Whether a block is the card of another story: its picture and its headline, and nothing else, lead to one page.

    A picture with its caption may lead to one page, too; that is no card.
    """
    letters = sizes.letters(element)
    if element.tag not in _CARDS or not 0 < letters <= min(_LONGEST_REFERENCE, sizes.links(element) * 4):
        return False
    if letters * 2 > sizes.all_letters() or next(element.iter("figcaption"), None) is not None:
        return False
    shown, worded = set(), set()
    for link in islice(element.iter("a"), _MOST_LINKS):
        href, words = (link.get("href") or "").strip(), len(clean_line(str(link.text_content())).split())
        if not _PAGE.match(href):
            return False
        if next(link.iter("img"), None) is not None:
            shown.add(href)
        if words >= _HEADLINE_WORDS or next(link.iter("img"), None) is None:
            worded.add(href)
    return len(shown) == 1 and shown == worded


def _find_teaser(link: HtmlElement, read: TextRuns, sizes: _Sizes) -> set[HtmlElement]:
    """A link "Đọc tiếp" goes with the teaser that it ends: the block that links to the same address once more."""
    text = str(link.text_content())
    if len(text) > _LABEL or not _LEADS_ON.fullmatch(clean_line(text)):
        return set()
    for up in link.iterancestors():
        if up is read.root or sizes.letters(up) > _LARGEST:
            break
        if any(one is not link and one.get("href") == link.get("href") for one in up.iter("a")):
            return {link, up}
    return {link}


def _opened(read: TextRuns, sizes: _Sizes) -> set[HtmlElement]:
    """Lines that open a box, each with what it opens: the smallest block around both, or the list behind it, if those are
    mostly links."""
    found: set[HtmlElement] = set()
    for run in read.runs:
        if len(run.text) > _LABEL or run.within is read.root or not _OPENS.fullmatch(run.text):
            continue
        found.add(run.within)
        for up in run.within.iterancestors():
            rest = sizes.letters(up) - len(run.text)
            if up is read.root or rest > 0:
                links = sizes.links(up)
                if up is not read.root and links * 5 >= rest * 2 and (rest <= _LARGEST or links * 2 >= rest):
                    found.add(up)
                break
        following = run.within.getnext()
        if following is not None and following.tag in ("ul", "ol", "div") and sizes.is_mostly_links(following):
            found.add(following)
    return found
