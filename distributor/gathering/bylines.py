"""Authors of articles in lines of text: names, signatures at the end of a body, bylines. Pure.

A signature is a line of its own: `Minh Hạnh`, `Bài, ảnh: Minh Hạnh - Thu Hà`, `(Theo TTXVN)`, `Hà Thu (tổng hợp)`. It names
people, organisations and photographers, and who is named decides what is the author: people before organisations, and
a photographer only where nobody else is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from lxml.html import HtmlElement

from ..text import clean_line, deduplicate
from .extraction.document import element_text

_LONGEST = 160  # characters of a signature
_LONGEST_BYLINE = 300  # characters; what is longer is a biography
_LONGEST_OFFICE = 12  # words of an organisation's name
_MOST_NAMES = 12
_BEHIND = 4  # blocks that may stand behind a signature, such as a counter or the notice of copyright
_SHORT = 90  # characters of such a block


@dataclass(frozen=True, slots=True)
class Byline:
    """Whom a line names, in its order."""

    people: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    photographers: tuple[str, ...] = ()

    @property
    def author(self) -> str:
        """People and the organisation that they wrote for, else organisations; empty where only photographers are named."""
        return ", ".join(self.people + self.organizations)

    @property
    def photographer(self) -> str:
        return ", ".join(self.photographers)

    def __or__(self, other: Byline) -> Byline:
        return Byline(
            deduplicate(self.people + other.people),
            deduplicate(self.organizations + other.organizations),
            deduplicate(self.photographers + other.photographers),
        )


# -- names -------------------------------------------------------------------------------------------------------------

_LETTERS = re.compile(r"[^\W\d_](?:[^\W\d_]|[.’'ʼ\-])*")
_TITLE = re.compile(
    r"(?:(?:pgs|gs|ts|ths|bs|ks|cn|ds|ls|cki{1,2}|nsnd|nsưt|nb|luật sư"
    r"|bác sĩ|nhà báo|tiến sĩ|thạc sĩ|(?:đại|thượng|trung|thiếu) (?:úy|tá)|đồng chí|mr|mrs|ms|dr|prof)\.?\s*)+",
    re.IGNORECASE,
)
_PARTICLES = frozenset(
    ("de", "da", "di", "du", "van", "von", "der", "den", "ter", "la", "le", "el", "al", "bin", "ibn", "dos", "das", "del",
     "della", "y", "e", "af", "zu")
)  # fmt: skip
_NO_NAMES = frozenset((
    "hết", "the end", "end", "video", "clip", "ảnh", "tin", "bài", "xem thêm", "đọc thêm", "kết luận",
    "kết quả", "việt nam", "hà nội", "xin cảm ơn", "xin trân trọng cảm ơn", "trân trọng", "trân trọng cảm ơn",
    "liên hệ", "hotline", "lưu ý", "ghi chú", "tin khác", "chú thích", "infographic", "nguồn", "share", "tags",
    "từ khóa", "tag", "admin", "administrator", "webmaster", "root", "user", "super user", "null", "none", "undefined",
    "unknown", "anonymous", "guest", "author", "tác giả", "n/a", "editor", "home", "trang chủ", "read more",
    "advertisement", "quảng cáo", "related", "comments", "tổng hợp", "thông báo", "phụ lục", "tài liệu",
    "thông tin", "nơi nhận",
))  # fmt: skip
# A role or a department, which stands where a name could stand.
_ROLE = re.compile(
    r"\b(?:reporters?|writers?|correspondents?|editors?|staff|journalists?|contributors?|columnists?|producers?|analysts?"
    r"|director|updated?|published?|posted|minutes?|read|share"
    r"|follow|subscribe|photograph\w*|phóng viên|biên tập viên|ctv)\b",
    re.IGNORECASE,
)
# What stands first in a Vietnamese organisation's name; words that are surnames or given names too need a second one.
_ORGANISATION = re.compile(
    r"(?:báo|tạp chí|tòa soạn|cổng|trang thông tin|trang tin|sở|bộ|cục|chi cục|tổng cục|vụ|viện|ubnd|hđnd|ubmttq|mttq"
    r"|ủy ban|uỷ ban|hội|phòng|văn phòng|trung tâm|tt|công an|tỉnh|huyện|xã|phường|thị trấn|thị xã|thành phố|tp|trường|trạm"
    r"|bệnh viện|tòa án|tập đoàn|công ty|liên đoàn|thông tấn xã|nhóm|ban (?:biên|quản|tuyên|chỉ|dân|chấp|tổ|thường|giám|nội)"
    r"|đài (?:pt|phát|truyền|tiếng|th|tnvn)|đoàn (?:thanh|tn|tncs|kinh)|chi (?:nhánh|bộ|đoàn|hội)"
    r"|pv|p\.v|ctv|btv|bbt|phóng viên|cộng tác viên|tcct|hà nội mới|the)\b",
    re.IGNORECASE,
)
_AGENCY = re.compile(
    r"\b(?:ttxvn|vov\d?|vtv\w*|vtc\w*|vgp|vnexpress|vietnamnet|vnanet|reuters|afp|ap|bbc|cnn|dpa|efe|ansa|tass|upi|xinhua"
    r"|tân hoa xã|bloomberg|news|newspaper|times|herald|tribune|gazette|agency|agencies|press|team|editorial|newsroom|media"
    r"|network|desk|magazine|online|post|redaktion|redacción|rédaction|redazione|redacao|wires?)\b",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"\w[\w-]*(?:\.\w[\w-]*)*\.(?:vn|com|net|org|info)", re.IGNORECASE)
_REPORTER = re.compile(r"^(?:pv|p\.v|ctv|btv|phóng viên|cộng tác viên|nhà báo|by|bởi)[.:]?\s+", re.IGNORECASE)
_ADDRESS = re.compile(r"\S*@\S*|https?:\S*|www\.\S*", re.IGNORECASE)


def is_name(words: str) -> bool:
    """Whether a line can be the name of an author, or of several: people or organisations, no sentence."""
    return parse_signature(words, marked=True) is not None


def is_person(words: str) -> bool:
    """Whether words can be the name of one person: one to six with capitals, without digits, no known organisation."""
    bare = _TITLE.sub("", words, count=1) if _TITLE.match(words) else words
    parts = bare.split()
    if not 1 <= len(parts) <= 6 or words.casefold() in _NO_NAMES or is_organization(words) or _ROLE.search(words):
        return False
    named = [part for part in parts if part.casefold() not in _PARTICLES]
    return bool(named) and all(_LETTERS.fullmatch(part) and _begins_large(part) for part in named)


def _begins_large(word: str) -> bool:
    """Whether a word begins with a capital, or is of a script that has none."""
    return word[0].isupper() or word[0].lower() == word[0].upper()


def is_organization(words: str) -> bool:
    """Whether words name an office, a newspaper, an agency; `PV` (a reporter) and other initials are no person either."""
    if len(words) > 100 or len(words.split()) > _LONGEST_OFFICE:
        return False
    initials = len(words) <= 8 and " " not in words and words.isupper() and words.isalpha() and words.isascii()
    if initials or _ORGANISATION.match(words):
        return True
    if _DOMAIN.fullmatch(words):
        return True
    parts = words.split()
    named = len(parts) == 1 or 2 * sum(part[0].isupper() for part in parts) > len(parts)
    return named and _AGENCY.search(words) is not None


# -- a line ------------------------------------------------------------------------------------------------------------

_TEXT = (
    "bài viết|bài|tin bài|tin tức|tin|nhóm tác giả|tác giả"
    "|người thực hiện|thực hiện|nội dung|người viết|nhóm phóng viên|nhóm pv"
    "|phóng viên|pv|ctv|cộng tác viên|biên tập viên|biên tập|btv|biên dịch|lược dịch|người dịch|dịch|tổng hợp|bút danh"
    "|written by|reporting by|reported by|words by|story by|author|authors|text|story|words|by"
)
_SOURCE = "nguồn tin|nguồn bài|nguồn|theo|source"
_PICTURES = "hình ảnh|ảnh|hình|video|clip|đồ họa|photos?|images?|pictures?|trình bày|thiết kế|kỹ thuật|quay phim"
_ROLES = f"(?:{_TEXT}|{_SOURCE}|{_PICTURES})"
# `Tin, ảnh:`, `Bài và ảnh:`, `Tin - Ảnh:`, `Tin bài, ảnh:`
_LABEL = re.compile(rf"(?<!\w){_ROLES}(?:\s*(?:[,&+/–-]|và\b|and\b)?\s*{_ROLES})*\s*:", re.IGNORECASE)
_BARE_LABEL = re.compile(rf"({_ROLES}(?:\s*(?:[,&+/–-]|và\b)\s*{_ROLES})+)\s+(?=\w)", re.IGNORECASE)
_DID = (
    r"tổng hợp|t/h|t\.h|th|dịch|lược dịch|biên dịch|ghi|thực hiện"
    r"|biên soạn|st|ctv|pv|sưu tầm|lược ghi|lược thuật|biên tập"
)
_DONE = re.compile(rf"(?:\s*[-–,]\s*|\s+)(?:{_DID})\s*$", re.IGNORECASE)
# `Lan Chi tổng hợp từ TTXVN`, `Lan Chi (theo Reuters)`
_DRAWN = re.compile(rf"(?:\s*[-–,]\s*|\s+)(?:(?:{_DID})\s+)?(?:từ|theo)\s+(?=\w)", re.IGNORECASE)
_FROM = re.compile(rf"(?:(?:(?:{_DID})\s+)?(?:theo|từ)|nguồn|by|bởi)\s+(?!dõi\b)", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]{1,80})[)\]]")
_ORIGINS = re.compile(r"\s*[,;/|]\s*|\s+[-–—]\s+")
_BETWEEN = re.compile(r"\s*[,;/&|+]\s*|\s+[-–—]\s+|\s*[–—]\s*|\s+(?:và|and|cùng|với)\s+", re.IGNORECASE)
_EDGES = " \t-–—_*~•·|,;:\"“”'«»"


def parse_signature(line: str, *, marked: bool) -> Byline | None:
    """What a line says of who wrote; None where it is no signature.

    `marked` says that it stands to the right, in bold or the like. A line that does not, and that names no role either,
    must be the full name of a person, of two words or more.
    """
    if not line or len(line) > _LONGEST:
        return None
    text = line.strip(_EDGES)
    text = text.removesuffix("./.").removesuffix("./").strip(_EDGES)
    whole = _IN_BRACKETS.fullmatch(text)
    if whole:
        text, marked = whole[1].strip(_EDGES), True
    made = Byline()
    for inside in _IN_BRACKETS.findall(text):
        aside = _read_aside(inside.strip(_EDGES))
        if aside is None:
            return None
        made |= aside
    text = clean_line(_IN_BRACKETS.sub(" ", text)).strip(_EDGES)
    found = _read_roles(text, marked=marked)
    if found is None:
        return None
    # `Minh Hạnh (TTXVN)`: the person comes first, as written.
    return found | made


def _read_aside(inside: str) -> Byline | None:
    """What stands in brackets behind a name: what was done (`tổng hợp`), for whom (`TTXVN`), where from (`theo TTXVN`)."""
    if re.fullmatch(_DID, inside, re.IGNORECASE):
        return Byline()
    found = _read_roles(_DONE.sub("", inside), marked=True)
    if found is None:
        return None
    return Byline((), found.organizations, found.photographers)


def _read_roles(text: str, *, marked: bool) -> Byline | None:
    """The names behind each role of a line: `Bài: A - Ảnh: B`."""
    drawn = _DRAWN.search(text)
    if drawn and drawn.start() > 1:
        first, second = (
            _read_roles(piece, marked=True) for piece in (text[: drawn.start()], f"theo {text[drawn.end() :]}")
        )
        return first | second if first and second else None
    bare = _BARE_LABEL.match(text)  # `Bài và ảnh Lan Chi`
    if bare and text[bare.end()].isupper():
        text = f"{bare[1]}: {text[bare.end() :]}"
    labels = list(islice(_LABEL.finditer(text), _MOST_NAMES))
    begin = text[: labels[0].start()] if labels else text
    pieces = [("", begin)] if begin.strip(_EDGES) else []
    for at, label in enumerate(labels):
        end = labels[at + 1].start() if at + 1 < len(labels) else len(text)
        pieces.append((label[0].rstrip(": "), text[label.end() : end]))
    made = Byline()
    for role, names in pieces:
        found = _read_names(names.strip(_EDGES), role, marked=marked or bool(labels))
        if found is None:
            return None
        made |= found
    return made if made != Byline() else None


def _read_names(text: str, role: str, *, marked: bool) -> Byline | None:
    origin = bool(re.fullmatch(_SOURCE, role, re.IGNORECASE))
    pictures = bool(re.fullmatch(rf"(?:{_PICTURES}|\W|và|and)+", role, re.IGNORECASE))
    taken = _FROM.match(text)
    if taken:
        origin, marked, text = origin or not taken[0].lower().startswith(("b",)), True, text[taken.end() :]
    done = _DONE.search(text)
    if done and done.start() > 1 and not is_organization(text):
        text, marked = text[: done.start()], True
    if marked and text.endswith(".") and not re.search(r"\b[^\W\d_]\.$", text):
        text = text[:-1]
    between = _ORIGINS if origin else _BETWEEN  # `Theo Sức khỏe & Đời sống` is one newspaper
    parts = [_without_role(part) for part in between.split(text.strip(_EDGES)) if part]
    if not parts or len(parts) > _MOST_NAMES:
        return None
    if not marked:
        full = all(2 <= len(part.split()) <= 5 and is_person(part) for part in parts)
        return Byline(tuple(parts)) if full else None
    people = tuple(part for part in parts if is_person(part))
    offices = tuple(part for part in parts if part not in people and _is_office(part, named_as_origin=origin))
    if len(people) + len(offices) < len(parts):
        return None
    if pictures:
        return Byline(photographers=people + offices)
    if origin and len(people) == 1 and not offices and len(people[0].split()) == 1:
        return Byline(organizations=people)  # `Theo Zing`
    return Byline(people, offices)


def _without_role(words: str) -> str:
    """`CTV Hà Thu` is Hà Thu; `Nhóm PV` stays what it is."""
    bare = _REPORTER.sub("", words)
    return bare if is_person(bare) else words


def _is_office(words: str, *, named_as_origin: bool) -> bool:
    """Whether words name an organisation; where a line says that it is the origin, a name of another kind will do."""
    if is_organization(words):
        return (
            words[0].isupper()
            or bool(_AGENCY.search(words) or _DOMAIN.fullmatch(words))
            or (named_as_origin and re.search(r"\s[A-ZĐ]", words) is not None)
        )
    return named_as_origin and words[0].isupper() and 1 < len(words.split()) <= 6 and _LETTERS.match(words) is not None


# -- the end of a body -------------------------------------------------------------------------------------------------

_SIGNED = re.compile(
    r"author|tac-?_?gia|butdanh|but-danh|nguon|source|byline|signature|text-?right|p-?right", re.IGNORECASE
)
_ENDS = re.compile(r"[.!?…:;][\"”’')\]]*$")
_OUTSIDE = ".//text()[not(ancestor::b or ancestor::strong or ancestor::i or ancestor::em)]"
_ORIGIN_LINE = re.compile(r"(?:nguồn|theo|source)\s*:", re.IGNORECASE)


def extract_signature(blocks: list[HtmlElement]) -> Byline:
    """The signature at the end of a body, taken out of its blocks: in one line or in several, `Bài: A`, `Ảnh: B`.

    Some short lines may stand behind it, such as a date, a counter, a notice of copyright; they stay. Where people have
    signed, a line `Nguồn: TTXVN` beside it stays, too: it says where the news is from.
    """
    made = Byline()
    origins: list[int] = []
    for at in range(len(blocks) - 1, max(0, len(blocks) - 1 - _BEHIND), -1):
        found = _signed(blocks, at)
        if found is not None and found.author and _ORIGIN_LINE.match(element_text(blocks[at]).strip(_EDGES)):
            origins.append(at)
        elif found is not None:
            made = found | made
            del blocks[at]
            origins = [origin - 1 for origin in origins]
        elif made != Byline() or not _may_follow(blocks[at]):
            break
    if not made.people and not origins and blocks:
        made |= _take_tail(blocks[-1]) or Byline()
    for at in [] if made.people else origins:
        made = (parse_signature(element_text(blocks[at]), marked=True) or Byline()) | made
        del blocks[at]
    return made


def _signed(blocks: list[HtmlElement], at: int) -> Byline | None:
    block = blocks[at]
    words = element_text(block) if len(block.text_content()) < 10 * _LONGEST else ""
    if not words or len(words) > _LONGEST or next(block.iter("img"), None) is not None:
        return None
    marked = _is_marked(block)
    found = parse_signature(words, marked=marked)
    if found is None:
        return None
    if found.author:
        plain = not marked and found == parse_signature(words, marked=False)
        # A name that the article has named before is more likely a part of its text.
        return None if plain and any(words in element_text(earlier) for earlier in blocks[:at]) else found
    shown = next(blocks[at - 1].iter("img"), None) is not None
    return None if shown else found  # `Ảnh: Minh Hạnh` below a picture is its caption


def _is_marked(block: HtmlElement) -> bool:
    """Whether a line stands to the right, in bold or italics all through, or has a name that says what it is."""
    around = (block, *islice(block.iter("p", "div", "span", "td"), 3))
    for element in around:
        said = f"{element.get('align') or ''} {element.get('style') or ''}".lower()
        if re.search(r"(?:^|align\s*:)\s*(?:right|end)\b", said) or _SIGNED.search((element.get("class") or "")[:200]):
            return True
    return not any(str(text).strip() for text in block.xpath(_OUTSIDE))


def _may_follow(block: HtmlElement) -> bool:
    words = element_text(block)
    return len(words) <= _SHORT and not _ENDS.search(words) and block.tag not in ("ul", "ol", "table", "blockquote")


def _take_tail(block: HtmlElement) -> Byline | None:
    """A signature that stands in the last paragraph: behind its last line break, or in bold behind its last sentence."""
    children = list(block)
    if block.tag != "p" or not children:
        return None
    last = children[-1]
    if last.tag == "br":
        found = parse_signature(clean_line(last.tail or ""), marked=False)
        if found is not None and _before(block, last):
            last.tail = None
            block.remove(last)
            return found
        return None
    if last.tag not in ("b", "strong", "em", "i", "span") or clean_line(last.tail or ""):
        return None
    before = _before(block, last)
    broken = len(children) > 1 and children[-2].tag == "br" and not clean_line(children[-2].tail or "")
    found = parse_signature(element_text(last), marked=last.tag != "span")
    if found is None or not before or not (broken or _ENDS.search(before)):
        return None
    for gone in children[-2:] if broken else [last]:
        block.remove(gone)
    if len(block):
        block[-1].tail = (block[-1].tail or "").rstrip()
    else:
        block.text = (block.text or "").rstrip()
    return found


def _before(block: HtmlElement, last: HtmlElement) -> str:
    """The words of a block before its last child."""
    return clean_line(
        "".join(
            [block.text or "", *(f"{one.text_content()}{one.tail or ''}" for one in list(block) if one is not last)]
        )
    )


# -- bylines -----------------------------------------------------------------------------------------------------------

_PREFIX = re.compile(
    r"^\W*(?:(?:written|posted|published|reported|words|story|text"
    r"|article)\s+by|by|bởi|đăng bởi|người đăng|tác giả|người viết"
    r"|nhà báo|pv|phóng viên|theo|nguồn|source|author|authors|von|par|por|di|door|af|av|autor|autore|auteur)(?:\s*:\s*|\s+)",
    re.IGNORECASE,
)
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_WHEN = re.compile(
    r"(?:\b(?:on|at|ngày|lúc|thứ\s\w+|chủ nhật),?\s+)?(?:\b(?:mon|tues?|wednes|thurs?|fri|satur|sun)(?:day)?\b,?\s+)?"
    rf"(?:(?:\b\d{{1,2}}(?:st|nd|rd|th)?\.?\s+)?\b(?:{_MONTH})[a-z]*\.?\s+\d{{1,4}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?"
    r"|\d{1,4}[/.:\-]\d{1,2}(?:[/.:\-]\d{1,4})*)",
    re.IGNORECASE,
)
_PIECES = re.compile(r"\s*[|•·\n;/]\s*|\s+[-–—]\s+|\s*,\s+|\s+(?:và|and|&|y|und|et|e|og|och|en)\s+", re.IGNORECASE)


def parse_byline(text: str) -> str:
    """The names in the words of a byline, joined by commas; people, or where there are none, an organisation.

    `By Jane Doe and John Roe, Reuters | 27/11/2026`, `Bởi Lê Phương, phóng viên, 27/11/2026`. Dates, roles, email addresses
    and accounts of networks are no names.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST_BYLINE:
        return ""
    text = _WHEN.sub(" | ", _ADDRESS.sub(" | ", text))
    text = _PREFIX.sub("", _PREFIX.sub("", text))
    parts = [clean_line(_IN_BRACKETS.sub(" ", part)).strip(_EDGES + ".") for part in _PIECES.split(text)]
    parts = [part for part in parts if _PREFIX.sub("", f"{part} ").strip() and part.casefold() not in _NO_NAMES]
    people = [part for part in parts if is_person(part)]
    several = [part for part in people if len(part.split()) > 1] or people[:1]
    offices = [
        part for part in parts if len(part.split()) <= 6 and is_organization(part) and not re.search(r"\d", part)
    ]
    return ", ".join(deduplicate(tuple(several[:_MOST_NAMES] or offices[:1])))


def clean_declared_name(text: str) -> str:
    """A name as data for machines gives it; empty for an address, an account, and names that stand for nobody."""
    text = clean_line(text)
    bare = clean_line(_PREFIX.sub("", text))
    if not bare or len(bare) > _LONGEST or _ADDRESS.search(bare) or bare.casefold() in _NO_NAMES:
        return ""
    return bare


def choose_author(candidates: Iterable[str]) -> str:
    """The first that names a person; where none does, the first."""
    given = [one for one in candidates if one]
    return next((one for one in given if names_person(one)), given[0] if given else "")


def names_person(names: str) -> bool:
    """Whether a person is among these names."""
    return any(is_person(part) for part in _BETWEEN.split(names[:_LONGEST_BYLINE]))
