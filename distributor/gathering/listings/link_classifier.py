"""Which links of a listing are articles, and why the others are not: judged by the whole listing. Pure.

What a link plainly is (a feed, a search, a page number) decides first. The others are compared: by dates, headings,
summaries and pictures beside them, by how many are built alike, by their neighbours, and by the form of their addresses.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from . import url_patterns

_SKIP = re.compile(
    r"(?:truy cập|chuyển|đi|nhảy|bỏ qua)\b.{0,30}\b(?:nội dung|chính|menu|điều hướng)\b.{0,15}"
    r"|skip (?:to|navigation).{0,30}",
    re.IGNORECASE,
)
_SERVICE_WORDS = frozenset({
    "trang chủ", "trang nhất", "home", "homepage", "đăng nhập", "đăng ký", "đăng xuất", "đăng ký tài khoản",
    "quên mật khẩu", "liên hệ", "liên hệ tòa soạn", "liên hệ quảng cáo", "sơ đồ cổng", "sơ đồ trang", "sơ đồ site",
    "sơ đồ website", "giới thiệu", "tìm kiếm", "tìm kiếm nâng cao", "rss", "đọc báo in", "lên đầu trang",
    "về đầu trang", "lên top", "login", "register", "contact", "about", "about us", "sitemap", "search", "tất cả",
    "xem tất cả", "in trang", "in bài", "in bài viết", "gửi email", "facebook", "zalo", "twitter", "youtube",
    "tiktok", "hỏi đáp", "góp ý", "thư điện tử", "hộp thư", "hộp thư điện tử", "đăng ký thành viên",
    "đăng ký thông tin tài khoản", "thông tin tài khoản", "điều khoản sử dụng", "chính sách bảo mật",
})  # fmt: skip
_LANGUAGE_NAMES = frozenset({
    "english", "tiếng anh", "tiếng việt", "vietnamese", "français", "中文", "日本語", "한국어", "русский", "ລາວ", "vi", "en",
    "vn",
})  # fmt: skip
_LABEL_NAMES = re.compile(
    r"(?<![a-z])(?:cat|cate|category|categories|chuyenmuc|chuyen-muc|tag|tags|topic|topics|author|tacgia|tac-gia|byline|comments?|binhluan)"
    r"(?![a-z])"
)
_OF_AN_ITEM = re.compile(r"title|avatar|thumb|img|image|sapo|headline|item|content|list")  # box-category-link-title
_NO_ARTICLE_REL = {
    "tag": "a topic or tag",
    "category": "a section",
    "author": "a person's page",
    "prev": "a further page of the listing",
    "next": "a further page of the listing",
    "license": "a page about the site",
    "help": "a page about the site",
}
_SURE = 3  # points from which a link is an article's whatever the others are
_ENOUGH = 2  # points that a link needs where others are sure
_ALONE = 1  # where none is
_MUCH_LESS = 0.75  # points on average by which another group of links looks less like articles


@dataclass(slots=True)
class LinkCandidate:
    """A link, or several to one address, with what the listing tells of it."""

    key: str
    url: str
    words: str
    place: int
    is_headline: bool = True  # False where the words are a summary, or none
    rank: int = 3  # of the headline: 0 a heading … 5 the name of a picture
    date: datetime | None = None
    doubt: str = ""  # what is wrong with a date that stands there and is none
    summary: bool = False
    picture: bool = False
    signature: str = ""
    container: int = -1  # the smallest block with another article
    row: int = -1  # the smallest block with any other link
    heads_others: bool = False
    inline: bool = False  # it stands in a line with other links, parted by spaces or strokes
    label: bool = False  # it names itself a section, tag or author, or it is repeated at several articles
    scripted: str = ""
    score: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def backed(self) -> bool:
        """Whether the listing shows it as an article: with a date, in a heading, with a summary."""
        return self.dated or self.rank <= 1 or self.summary

    @property
    def dated(self) -> bool:
        return self.date is not None or bool(self.doubt)


def obvious_reason(words: str, url: str, listing: str, rel: str, names: Sequence[str]) -> str:
    """What a link plainly is by its words and its address, where that is no article; empty where it may be one."""
    folded = words.casefold().strip(" .:»›>|-–[]()")
    if _SKIP.fullmatch(folded):
        return "leads to a place on this page"
    if folded in _LANGUAGE_NAMES:
        return "another language"
    if folded in _SERVICE_WORDS:
        return "a service of the site"
    if folded and not any(map(str.isalpha, folded)):
        return "a number, not a headline"
    for each in rel.lower().split():
        if each in _NO_ARTICLE_REL:
            return _NO_ARTICLE_REL[each]
    return url_patterns.non_article_kind(url, listing) if url else ""


def classify_links(candidates: Sequence[LinkCandidate], listing: str, neighbours: Mapping[int, int]) -> dict[str, str]:
    """Why candidates are no articles, by key; those that are missing are articles.

    `neighbours` says of each row how many links stand in it that plainly belong to a menu.
    """
    sections = _sections(candidates)
    for one in candidates:
        _score(one, listing, one.key in sections)
    _compare_built_alike(candidates)
    sure = [one for one in candidates if one.backed and one.score >= _SURE]
    if not sure:
        sure = _largest_group(candidates) or [one for one in candidates if one.score >= _SURE and not one.inline]
    shapes = {url_patterns.url_pattern(one.url) for one in sure if one.url}
    groups = defaultdict(list)
    for one in candidates:
        groups[one.row].append(one)
    for row, members in groups.items():
        _compare_neighbours(members, neighbours.get(row, 0))
    keys = {one.key for one in sure}
    for one in candidates:
        if sure and not one.backed and one.key not in keys:
            if one.inline:
                one.score -= 3
                one.notes.append("stands in a line of links")
            if not one.url:
                continue
            alike = url_patterns.url_pattern(one.url) in shapes
            one.score += 1 if alike else -2
            if not alike:
                one.notes.append("its address is built unlike those of the articles here")
    needed = _ENOUGH if sure else _ALONE
    return {one.key: _reason(one) for one in candidates if one.score < needed}


def _sections(candidates: Sequence[LinkCandidate]) -> frozenset[str]:
    """The keys of those below whose address other ones lie: sections."""
    below = Counter(folder for one in candidates for folder in set(url_patterns.parent_paths(one.url)))
    return frozenset(
        one.key for one in candidates if (folder := url_patterns.as_folder(one.url)) and below.get(folder, 0) >= 2
    )


def _score(one: LinkCandidate, listing: str, section: bool) -> None:
    """What speaks for a link and against it by itself."""
    count = len([word for word in one.words.split() if any(map(str.isalnum, word))])
    one.score = 2.0 if count >= 8 else 1.0 if count >= 5 else 0.5 if count == 4 else 0.0 if count == 3 else -1.0
    if not one.words and one.summary:
        one.score = 0.0  # its page says the headline
    one.score += 3 if one.dated else 0
    one.score += 2 if one.rank == 0 else 1.5 if one.rank == 1 else 0
    one.score += 1 if one.summary else 0
    one.score += 1 if one.picture else 0
    by_address = url_patterns.article_score(one.url) if one.url else 0
    if count >= 6 or one.dated:
        by_address = max(by_address, 0)  # a headline of a sentence may have a short address, and sections have no date
    one.score += by_address
    if count <= 3:
        one.notes.append("few words")
    if by_address < 0:
        one.notes.append("a section's address")
    if section:
        one.score -= 6
        one.notes.insert(0, "a section: other addresses lie below it")
    if one.url and url_patterns.is_section(one.url, listing) and not (one.backed and by_address == 2):
        one.score -= 5
        one.notes.insert(0, "a section by its address")
    if one.label:
        one.score -= 5
        one.notes.insert(0, "a section, tag or author beside the articles")
    if one.heads_others and count <= 6 and by_address <= 1 and not one.dated:
        one.score -= 5
        one.notes.insert(0, "the heading of a block of other links")


def _compare_built_alike(candidates: Sequence[LinkCandidate]) -> None:
    """Links that are built like articles are articles, however short their headline is."""
    groups = defaultdict(list)
    for one in candidates:
        groups[one.signature].append(one)
    for members in groups.values():
        strong = [one for one in members if one.backed and one.score >= _SURE]
        if len(strong) >= 2 and 2 * len(strong) >= len(members):
            for one in members:
                if not one.label:
                    one.score += 2


def _largest_group(candidates: Sequence[LinkCandidate]) -> list[LinkCandidate]:
    """Where nothing has a date or a heading: the links built alike that look most like articles together."""
    groups = defaultdict(list)
    for one in candidates:
        if one.score >= _ALONE:
            groups[one.signature].append(one)
    likely = [
        group
        for group in groups.values()
        if not all(one.inline for one in group) or statistics.fmean(one.score for one in group) >= _SURE - 0.5
    ]
    best: list[LinkCandidate] = max(likely, key=lambda group: sum(one.score for one in group), default=[])
    if len(best) < 3:
        return []
    usual = statistics.fmean(one.score for one in best)
    built: dict[str, list[LinkCandidate]] = defaultdict(list)
    for one in candidates:
        built[one.signature].append(one)
    for signature, members in built.items():
        if signature == best[0].signature:
            change = 2 if 2 * len(best) >= len(members) else 0
        else:
            change = -2 if statistics.fmean(one.score for one in members) < usual - _MUCH_LESS else 0
        for one in members:
            one.score += change
            if change < 0:
                one.notes.append("built like links that resemble articles less than the others here")
    return best


def _compare_neighbours(members: Sequence[LinkCandidate], plain: int) -> None:
    """A row of short links, or one among links to the front page and the login, is a menu."""
    weak = [one for one in members if not one.backed]
    if not weak:
        return
    counts = [len(one.words.split()) for one in members]
    short = len(members) >= 3 and statistics.median(counts) <= 4
    for one in weak:
        if short:
            one.score -= 3
            one.notes.append("stands in a row of short links")
        elif plain >= 1 and plain * 3 >= len(members):
            one.score -= 3
            one.notes.append("stands among links of a menu")


def _reason(one: LinkCandidate) -> str:
    if one.notes:
        return one.notes[0] if one.notes[0].startswith(("a section", "the heading")) else ", ".join(one.notes)
    return "nothing shows it as an article: no date, no heading, few words"


def is_label(names: Sequence[str]) -> bool:
    """Whether a link or what is around it is named as a section, tag, author or comment."""
    return any(_LABEL_NAMES.search(name) and not _OF_AN_ITEM.search(name) for name in names)
