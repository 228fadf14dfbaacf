"""What the address of a page says of it: an article, a section, an account, a file. By its form, not by its site. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

_HOST_PREFIX = re.compile(r"^(?:www\d?|m|mobile|amp)\.")
_EXTENSION = re.compile(r"\.([a-z]{2,6})$")
_PAGES = frozenset(
    {"htm", "html", "shtml", "xhtml", "aspx", "asp", "php", "jsp", "jspx", "do", "chn", "ngn", "tpo", "ldo"}
)
_FILES = frozenset({
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "zip", "rar", "7z", "jpg", "jpeg", "png", "gif",
    "webp", "svg", "mp3", "mp4", "avi", "wmv", "apk", "exe", "css", "js", "json",
})  # fmt: skip
_FEEDS = frozenset({"rss", "atom", "xml", "rdf"})
_ID_KEYS = re.compile(
    r"(?:item|news|article|content|post|story|bai|baiviet|tin|view|object|entry|assetentry|asset|detail|doc)?_?(?:id|guid)s?|idtin|idbai|"
    r"nid|aid|p",
    re.IGNORECASE,
)
_TITLE_KEYS = frozenset({"urltitle", "alias", "slug", "title", "itemurl"})
_ID = re.compile(r"\d{1,20}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{24,32}", re.IGNORECASE)
_PAGE_KEY = re.compile(
    r"(?:.*[_\-])?(?:cur|page|trang|paged|start|limitstart|offset|pageindex|pagenumber)", re.IGNORECASE
)
_PAGE_PATH = re.compile(r"(?:page|trang|p)[-_/]?\d{1,4}", re.IGNORECASE)
_DATE_PATH = re.compile(
    r"/(?:19|20)\d\d/(?:0?[1-9]|1[0-2])(?:/|-)|/(?:19|20)\d\d-?(?:0[1-9]|1[0-2])-?(?:[0-2]\d|3[01])"
)

_LABELS = frozenset(
    {"tag", "tags", "topic", "topics", "chu-de", "tu-khoa", "keyword", "keywords", "dong-su-kien", "event", "label"}
)
_PEOPLE = frozenset({"author", "authors", "tac-gia", "user", "users", "profile", "member", "members"})
_SECTIONS = frozenset(
    {"category", "categories", "chuyen-muc", "danh-muc", "chuyen-trang", "chuyen-de", "section", "taxonomy"}
)
_SERVICE = {
    "an account or a login": (
        "login", "signin", "sign-in", "logout", "register", "signup", "dang-nhap", "dangnhap", "dang-ky", "dangky",
        "tai-khoan", "taikhoan", "account", "my-account", "quen-mat-khau", "forgot-password", "dang-xuat",
        "userprofile", "user-profile", "authenticate", "dang-ki", "wp-login", "dang-ky-tai-khoan", "dang-ky-thanh-vien",
    ),
    "a search": ("search", "tim-kiem", "timkiem", "ket-qua-tim-kiem", "tra-cuu"),
    "a page about the site": (
        "contact", "contact-us", "lien-he", "lienhe", "about", "about-us", "sitemap", "so-do", "so-do-site",
        "so-do-cong", "so-do-trang", "so-do-website", "privacy", "terms", "chinh-sach-bao-mat", "dieu-khoan",
        "dieu-khoan-su-dung", "help", "tro-giup", "faq", "gop-y", "hoi-dap", "quang-cao", "gioi-thieu", "gio-hang",
        "cart", "checkout",
    ),
    "a feed": ("rss", "feed", "feeds", "atom"),
    "a print or email view": ("print", "mailto", "printview", "ban-in"),
}  # fmt: skip
_SERVICES = {word: what for what, words in _SERVICE.items() for word in words}
_LANGUAGES = frozenset(
    {"vi", "en", "vn", "fr", "zh", "ja", "ko", "ru", "lo", "km", "zh-cn", "en-us", "vi-vn", "vietnamese", "english"}
)
_LANGUAGE_KEYS = frozenset({"lang", "language", "languageid", "lcid", "locale", "hl", "setlang"})


@dataclass(frozen=True, slots=True)
class UrlParts:
    """The parts of an address that tell what it leads to; folded to lower case."""

    host: str
    segments: tuple[str, ...]
    stem: str  # the last segment without its extension
    extension: str
    query: tuple[tuple[str, str], ...]
    path: str


@lru_cache(maxsize=8192)
def parse_url(url: str) -> UrlParts:
    try:
        parts = urlsplit(url)
        host = _HOST_PREFIX.sub("", (parts.hostname or "").lower())
    except ValueError:
        return UrlParts("", (), "", "", (), "")
    path = unquote(parts.path).lower()
    path = re.sub(r";[^/]*", "", path)  # ;jsessionid=…
    segments = tuple(each for each in path.split("/") if each)
    last = segments[-1] if segments else ""
    match = _EXTENSION.search(last)
    extension = match[1] if match else ""
    stem = last[: match.start()] if match else last
    query = tuple(
        (key.lower(), value) for key, value in parse_qsl(parts.query, keep_blank_values=True, max_num_fields=None)
    )
    return UrlParts(host, segments, stem, extension, query, path)


def non_article_kind(url: str, listing: str) -> str:
    """What an address plainly is, where it is no article's: "a file", "a search"; empty where it may be one."""
    here, there = parse_url(listing), parse_url(url)
    if there.host != here.host:
        return "another site"
    if not there.segments and not there.query:
        return "the front page"
    if there.extension in _FILES:
        return "a file, not a page"
    if there.extension in _FEEDS:
        return "a feed"
    if there.segments == here.segments and _same_listing(here, there):
        return "the listing itself, or a further page of it"
    if _is_page_of(here, there):
        return "a further page of the listing"
    if (
        there.segments == here.segments[: len(there.segments)]
        and len(there.segments) < len(here.segments)
        and not there.query
    ):
        return "a section above the listing"
    return _service(here, there)


def _same_listing(here: UrlParts, there: UrlParts) -> bool:
    """Whether two addresses of one path differ at most in the number of the page and the order."""
    known = set(here.query)
    added = [(key, value) for key, value in there.query if (key, value) not in known]
    return all(
        (_PAGE_KEY.fullmatch(key) and re.fullmatch(r"\d{0,6}", value))
        or key in _LANGUAGE_KEYS
        or key.startswith(("sort", "order", "filter", "view", "utm_", "p_p_"))
        for key, value in added
    )


def _is_page_of(here: UrlParts, there: UrlParts) -> bool:
    """`/tin/page/2`, `/tin/trang-2.html`, `/tin-p2` of `/tin`."""
    base = "/".join((*here.segments[:-1], here.stem)) if here.segments else ""
    rest = "/".join((*there.segments[:-1], there.stem))
    if not rest.startswith(base):
        return False
    behind = rest[len(base) :].strip("/-_")
    if not base and not behind.startswith(("page", "trang")):
        return False  # `/p1234` of a front page may be anything
    return bool(behind) and bool(_PAGE_PATH.fullmatch(behind))


def _service(here: UrlParts, there: UrlParts) -> str:
    own = set(here.segments)
    folders = [segment for segment in there.segments[:-1] if segment not in own]
    known = there.stem if there.stem not in own else ""
    for segment in (*folders, known):
        if segment in _LABELS:
            return "a topic or tag"
        if segment in _PEOPLE:
            return "a person's page"
        if segment in _SERVICES:
            return _SERVICES[segment]
    if any(
        key in ("print", "tmpl", "format") and value in ("1", "true", "component", "pdf", "feed")
        for key, value in there.query
    ):
        return "a print or email view"
    if any(key in ("s", "q", "keyword", "keywords", "tukhoa") and not _is_id(there) for key, _ in there.query):
        return "a search"
    first, own_first = (each.segments[0] if each.segments else "" for each in (there, here))
    if own_first in _LANGUAGES and first in _LANGUAGES and first != own_first:
        return "another language"
    if known in _LANGUAGES or (
        any(key in _LANGUAGE_KEYS for key, _ in set(there.query) - set(here.query)) and not _is_id(there)
    ):
        return "another language"
    if _short(there) and any(
        known.startswith(f"{word}-") for word in ("tai-khoan", "dang-nhap", "dang-ky-tai-khoan", "tag", "chu-de")
    ):
        return "a topic or an account"
    return ""


def is_section(url: str, listing: str) -> bool:
    """Whether an address names itself a section: `/chuyen-muc/kinh-te`, `chuyen-muc-kinh-te.html`."""
    here, there = parse_url(listing), parse_url(url)
    own = set(here.segments)
    if any(segment in _SECTIONS and segment not in own for segment in there.segments[:-1]) or there.stem in _SECTIONS:
        return True
    return _short(there) and any(there.stem.startswith(f"{word}-") for word in _SECTIONS)


def _short(address: UrlParts) -> bool:
    return not _is_id(address) and len(_slug(address.stem)) <= 6


def _slug(stem: str) -> list[str]:
    return [word for word in re.split(r"[-_ .+]+", stem) if word]


def _is_id(address: UrlParts) -> bool:
    """Whether an address carries what tells one story from others: a number, a date, a GUID."""
    if re.search(r"\d{5,}", address.stem) or _DATE_PATH.search(address.path):
        return True
    for key, value in address.query:
        name = key.rpartition("_")[2] or key
        if (_ID_KEYS.fullmatch(name) and _ID.fullmatch(value)) or (name in _TITLE_KEYS and len(_slug(value)) >= 3):
            return True
    return len(address.segments) > 1 and bool(_ID.fullmatch(address.stem))


def article_score(url: str) -> int:
    """How much an address looks like an article's: 2, 1, 0 (says nothing), -1, or -2 (like a section's)."""
    address = parse_url(url)
    words = _slug(address.stem)
    names = [word for word in words if not word.isdigit()]
    if _is_id(address) or ("/-/" in address.path and (len(names) >= 3 or "/content/" in address.path)):
        return 2
    if len(words) >= 3 and (words[0].isdigit() or (words[-1].isdigit() and len(words[-1]) >= 2)):
        return 2
    if len(names) >= 5:
        return 1
    if address.extension and address.stem not in ("index", "default"):
        return 1 if len(names) >= 4 or (words and words[-1].isdigit()) else 0
    if address.query:
        return -1
    if any(character.isdigit() for character in address.stem):
        return 0
    return -2 if len(names) <= 3 and len(address.segments) <= 2 else -1


def url_pattern(url: str) -> tuple[object, ...]:
    """What addresses of one kind have in common: extension, a number or none, the keys of the query, the depth."""
    address = parse_url(url)
    numbered = bool(re.search(r"\d{3,}|\d$", address.stem))
    keys = frozenset(key for key, _ in address.query)
    if numbered or address.extension or keys:
        return address.extension, numbered, keys
    return (
        address.extension,
        numbered,
        keys,
        len(address.segments),
        address.segments[0] if len(address.segments) > 1 else "",
    )


def parent_paths(url: str) -> list[str]:
    """The addresses above one, by path: of `/a/b/c.html` `a/b` and `a`."""
    segments = parse_url(url).segments[:20]
    return ["/".join(segments[:length]) for length in range(1, len(segments))]


def as_folder(url: str) -> str:
    """An address as others may lie below it: `/a/b.html` as `a/b`; empty where it has a query."""
    address = parse_url(url)
    return "" if address.query else "/".join((*address.segments[:-1], address.stem))[:1000]
