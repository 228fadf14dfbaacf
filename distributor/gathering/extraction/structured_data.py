"""What a page says for machines: JSON-LD (schema.org), microdata and RDFa, OpenGraph and other meta tags. Pure.

Sources: schema.org for types and properties, JSON-LD 1.1 (`@graph`, `@id`, `@type`), WHATWG HTML section 5 for microdata,
ogp.me for `og:` and `article:`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lxml.html import HtmlElement

from ...text import clean_line
from ..bylines import clean_declared_name

_ARTICLE = re.compile(
    r"\w*Article|\w*Report|\w*(?:Posting|BlogPost)|NewsItem|APIReference|Review|Story|Essay|Recipe|PodcastEpisode",
    re.IGNORECASE,
)
_PAGE = re.compile(r"\w*Page|CreativeWork|VideoObject|Event|Thing|Book|Dataset|Movie|MediaObject", re.IGNORECASE)
_MOST_NODES = 2000  # of all JSON-LD of a page
_LONGEST_VALUE = 5000  # characters of a text in it
# Names of meta tags, without their signs: `article:published_time`, `DC.date.issued`, `sailthru.date`, `pubdate`, …
_PUBLISHED = re.compile(
    r"\w*(?:publish|published|publication|publ?|issued?|post|posted|creat(?:ed|e|ion)|released?|original|display|online)"
    r"(?:date|time|datetime|at|on|timestamp)(?:iso|iso8601|utc|gmt)?|(?:\w*date)(?:issued|created?|published|available|submitted|original)"
    r"|(?:dc|dcterms|sailthru|parsely|citation|article|og|news|eprints|wt)?(?:date|issued|created|time)|pub(?:date)?|displaydate"
    r"|(?:article|news|story|content)(?:published|created)|cxenseparserecspublishtime"
)
_UPDATED = re.compile(
    r"\w*(?:modified|updated?|lastmod|revised)(?:date|time|datetime|at|on)?|\w*date(?:modified|updated)"
)
_AUTHOR = re.compile(
    r"(?:dc|dcterms|og|article|sailthru|parsely|citation|cxenseparse|news|rnews|byl|bt|eprints)?(?:author|creator)s?(?:name)?|byl|byline"
    r"|newsauthor|articleauthorname|dccreatorauthor|twitterdata1author"
)
_SECTION = re.compile(
    r"(?:article|news|sailthru|parsely|og|cxenseparserecs|rnews)?(?:section|articlesection)s?|articlecategory|category"
)
_IGNORED_DATES = re.compile(
    r"expir|valid|birth|event|start|end|copyright|unpublish|modif|updat|revis|build|cache|crawl"
)


class StructuredData:
    """What a page says for machines. It is read once, before anything is taken out of the page."""

    def __init__(self, page: HtmlElement) -> None:
        self._meta: dict[str, list[str]] = {}
        for meta in page.iter("meta"):
            names = (
                f"{meta.get('property') or ''} {meta.get('name') or ''} {meta.get('itemprop') or ''}".lower().split()
            )
            content = clean_line((meta.get("content") or "")[:_LONGEST_VALUE])
            for name in names[:5]:
                if content:
                    self._meta.setdefault(name, []).append(content)
        self._nodes = list(_json_ld(page))
        self._by_id = {node["@id"]: node for node in self._nodes if isinstance(node.get("@id"), str) and len(node) > 1}
        self._microdata = _microdata(page)
        self._articles = self._ranked(page)

    def _ranked(self, page: HtmlElement) -> Sequence[dict[str, Any]]:
        """What can be this article's own data: articles before pages; that with this page's title first."""
        title = _folded(next((_text_of(one) for one in page.iter("title")), ""))
        titled = " ".join(
            [title, *map(_folded, self._values("og:title")[:1]), *(_folded(_text_of(one)) for one in page.iter("h1"))]
        )

        def rank(node: dict[str, Any]) -> tuple[int, int]:
            headline = _folded(_string(node.get("headline")) or _string(node.get("name")))
            return (0 if _is_kind(node, _ARTICLE) else 1, 0 if headline and headline in titled else 1)

        return sorted((node for node in self._nodes if _is_kind(node, _ARTICLE) or _is_kind(node, _PAGE)), key=rank)

    # -- values ------------------------------------------------------------------------------------------------------

    def _values(self, *names: str) -> list[str]:
        return [value for name in names for value in self._meta.get(name, [])]

    def _matching(self, pattern: re.Pattern[str], ignored: re.Pattern[str] | None = None) -> list[str]:
        """The values of the meta tags whose name, without its signs, is of a kind."""
        found: list[str] = []
        for name, values in self._meta.items():
            bare = re.sub(r"[^a-z0-9]", "", name[:60])
            if pattern.fullmatch(bare) and not (ignored and ignored.search(bare)):
                found += values
        return found

    def _said(self, key: str) -> list[Any]:
        """What the nodes say under a key, those of articles first; of pages only where no article says anything."""
        found = [node[key] for node in self._articles if node.get(key) and _is_kind(node, _ARTICLE)]
        return found or [node[key] for node in self._articles if node.get(key)]

    def _first(self, key: str, *names: str) -> str:
        texts = (_string(value) for value in self._said(key))
        return next(filter(None, texts), "") or next(
            iter(self._microdata.get(key.lower(), []) + self._values(*names)), ""
        )

    # -- fields ------------------------------------------------------------------------------------------------------

    @property
    def headlines(self) -> list[str]:
        """The titles it gives, the surest first; the name of the site may stand in them."""
        nodes = [
            _string(value)
            for node in self._articles
            if _is_kind(node, _ARTICLE)
            for value in (node.get("headline"), node.get("name"))
        ]
        given = [
            *nodes,
            *self._microdata.get("headline", []),
            *self._values("og:title", "twitter:title", "dc.title", "title"),
        ]
        return [decoded(text) for text in given if text]

    @property
    def site_names(self) -> list[str]:
        """What the site and its publisher call themselves."""
        publishers = [node.get("publisher") for node in self._articles]
        named = [node for node in self._nodes if _is_kind(node, _SITE)]
        texts = [*(_name(self._resolved(one)) for one in publishers), *(_string(node.get("name")) for node in named)]
        return [
            *filter(None, texts),
            *self._values("og:site_name", "application-name", "twitter:app:name:iphone", "dc.publisher", "publisher"),
        ]

    @property
    def description(self) -> str:
        return decoded(
            self._first("description", "og:description", "description", "twitter:description", "dc.description")
        )

    @property
    def body(self) -> str:
        """The article's own words, where it gives them."""
        return next((value for value in self._said("articleBody") if isinstance(value, str)), "")

    @property
    def published(self) -> list[str]:
        """Dates of publication as written, the surest first."""
        nodes = [_string(value) for key in ("datePublished", "dateCreated", "uploadDate") for value in self._said(key)]
        marked = [
            value
            for name in ("datepublished", "datecreated", "dc:date", "dc:created", "uploaddate")
            for value in self._microdata.get(name, [])
        ]
        surest = self._values("article:published_time", "og:article:published_time", "datepublished")
        return [*filter(None, nodes), *surest, *marked, *self._matching(_PUBLISHED, _IGNORED_DATES)]

    @property
    def updated(self) -> list[str]:
        nodes = [_string(value) for value in self._said("dateModified")]
        surest = self._values("article:modified_time", "og:updated_time")
        return [*filter(None, nodes), *surest, *self._microdata.get("datemodified", []), *self._matching(_UPDATED)]

    @property
    def authors(self) -> list[str]:
        """Those who are named as authors, each source of names as one text: JSON-LD, then meta tags, then microdata."""
        said: list[str] = []
        for value in self._said("author") or self._said("creator"):
            names = [clean_declared_name(name) for name in self._names(value)]
            said.append(", ".join(dict.fromkeys(filter(None, names))))
        metas = [clean_declared_name(value) for value in self._matching(_AUTHOR)]
        said.append(", ".join(dict.fromkeys(filter(None, metas))))
        said.append(", ".join(dict.fromkeys(filter(None, map(clean_declared_name, self._microdata.get("author", []))))))
        return [one for one in said if one]

    def _names(self, value: Any) -> Iterator[str]:
        for one in value if isinstance(value, list) else [value]:
            name = _name(self._resolved(one))
            if name:
                yield name

    def _resolved(self, value: Any) -> Any:
        """What a reference such as `{"@id": "#lp"}` stands for."""
        if isinstance(value, list):
            return self._resolved(value[0]) if value else None
        if isinstance(value, dict) and isinstance(value.get("@id"), str) and not value.get("name"):
            return self._by_id.get(value["@id"], value)
        return value

    @property
    def images(self) -> list[str]:
        """Addresses of pictures as written, the surest first."""
        nodes = [address for value in self._said("image") for address in self._addresses(value)]
        metas = self._values("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src")
        return (
            [*metas[:3], *nodes, *self._microdata.get("image", []), *metas[3:]]
            if metas
            else [*nodes, *self._microdata.get("image", [])]
        )

    def _addresses(self, value: Any) -> Iterator[str]:
        for one in (value if isinstance(value, list) else [value])[:5]:
            if isinstance(one, dict):
                one = self._resolved(one)
                one = one.get("url") or one.get("contentUrl") or one.get("@id") if isinstance(one, dict) else one
                one = one[0] if isinstance(one, list) and one else one
            if isinstance(one, str) and one.strip():
                yield one.strip()[:_LONGEST_VALUE]

    @property
    def sections(self) -> list[str]:
        """The sections in which the site shows the article: `articleSection`, `article:section`."""
        nodes = [text for value in self._said("articleSection") for text in _strings(value)]
        marked = self._microdata.get("articlesection", [])
        return list(dict.fromkeys([*nodes, *marked, *self._matching(_SECTION)]))

    @property
    def breadcrumbs(self) -> list[str]:
        """The names of a BreadcrumbList in the order of their positions, the front page and the article included."""
        for node in self._nodes:
            if _is_kind(node, _TRAIL) and isinstance(node.get("itemListElement"), list):
                steps = [step for step in node["itemListElement"][:20] if isinstance(step, dict)]
                steps.sort(key=_position)
                return [name for step in steps if (name := _name(step) or _name(self._resolved(step.get("item"))))]
        return []


_SITE = re.compile(r"WebSite|\w*Organization|\w*Organisation|Newspaper|LocalBusiness", re.IGNORECASE)
_TRAIL = re.compile(r"BreadcrumbList", re.IGNORECASE)


def decoded(text: str) -> str:
    """A line without character references. JSON-LD is not HTML by its rules, but is often written as if it were, and
    escaped once more on the way: `Ki&amp;#7875;m`."""
    for _ in range(3):
        made = html.unescape(text)
        if made == text:
            break
        text = made
    return clean_line(text)


def _folded(text: str) -> str:
    return decoded(text[:1000]).casefold()


def _text_of(element: HtmlElement) -> str:
    return clean_line(str(element.text_content())[:1000])


def _string(value: Any) -> str:
    """A text of JSON-LD on one line; the first of a list; empty for everything else."""
    return next(iter(_strings(value)), "")


def _strings(value: Any) -> list[str]:
    given = [value] if isinstance(value, str | dict) else value if isinstance(value, list) else []
    texts = (one.get("@value") or one.get("name") if isinstance(one, dict) else one for one in given[:50])
    return [made for text in texts if isinstance(text, str) and (made := decoded(text[:_LONGEST_VALUE]))]


def _name(value: Any) -> str:
    """The name of a person or a thing, whether it is written as one or as a text."""
    if isinstance(value, dict):
        whole = _string(value.get("name"))
        return whole or " ".join(filter(None, (_string(value.get("givenName")), _string(value.get("familyName")))))
    return _string(value)


def _position(step: dict[str, Any]) -> float:
    try:
        return float(step.get("position") or 0)
    except (TypeError, ValueError):
        return 0.0


def _is_kind(node: dict[str, Any], kind: re.Pattern[str]) -> bool:
    types = node.get("@type")
    names = types if isinstance(types, list) else [types]
    return any(isinstance(name, str) and kind.fullmatch(re.split(r"[/#:]", name[:200])[-1]) for name in names[:10])


# -- JSON-LD -----------------------------------------------------------------------------------------------------------


def _json_ld(page: HtmlElement) -> Iterator[dict[str, Any]]:
    """Every node of a page's JSON-LD, but for those in lists of other articles."""
    left = _MOST_NODES
    for script in page.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        for node in _walk(_loaded(script.text or "")):
            left -= 1
            if left < 0:
                return
            yield node


def _loaded(text: str) -> Any:
    text = re.sub(
        r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/)\s*$",
        "",
        text.strip(),
    )
    for mended in (_unchanged, _without_commas, html.unescape, _with_quotes_escaped):
        try:
            return json.loads(mended(text), strict=False)  # line ends inside texts are common
        except (ValueError, RecursionError):
            continue
    return None


def _unchanged(text: str) -> str:
    return text.rstrip("; \n\t")


def _without_commas(text: str) -> str:
    return re.sub(r",(\s*[}\]])", r"\1", _unchanged(text))


def _with_quotes_escaped(text: str) -> str:
    """Data in which quotation marks inside texts are not escaped: those beside which no sign of JSON stands."""
    signs = [(match.start(), match[0]) for match in re.finditer(r"\S", _without_commas(text))]
    made = list(_without_commas(text))
    for before, (at, sign), behind in zip(signs, signs[1:], signs[2:], strict=False):
        if sign == '"' and before[1] not in '[{:,\\"' and behind[1] not in ']}:,"':
            made[at] = '\\"'
    return "".join(made)


_OTHERS = frozenset({
    "itemListElement", "comment", "comments", "review", "isRelatedTo", "relatedLink", "hasPart", "mentions", "citation",
})  # fmt: skip


def _walk(data: Any) -> Iterator[dict[str, Any]]:
    """The nodes inside data, from the outside in: `@graph`, `mainEntity` and whatever else holds one."""
    waiting: list[Any] = [data]
    for _ in range(_MOST_NODES * 5):
        if not waiting:
            return
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting[:0] = value[:_MOST_NODES]
        elif isinstance(value, dict):
            yield value
            waiting += [inner for key, inner in value.items() if isinstance(inner, dict | list) and key not in _OTHERS]


# -- microdata and RDFa ------------------------------------------------------------------------------------------------

_PROPERTIES = frozenset({
    "headline", "datepublished", "datecreated", "datemodified", "uploaddate", "author", "creator", "image",
    "articlesection", "description", "dc:date", "dc:created",
})  # fmt: skip
_MOST_PROPERTIES = 300
_LONGEST_PROPERTY = 600  # characters
_SOMEONE = re.compile(r"Person|\w*Organi[sz]ation|ImageObject|\w*Page|WebSite", re.IGNORECASE)


def _microdata(page: HtmlElement) -> dict[str, list[str]]:
    """The values of `itemprop` and of RDFa's `property` by name in small letters, without those of other items."""
    found: dict[str, list[str]] = {}
    left = _MOST_PROPERTIES
    for element in page.iter():
        if not isinstance(element.tag, str) or (element.tag == "meta" and element.get("itemprop") is None):
            continue
        given = element.get("itemprop") or (element.get("property") if element.tag != "meta" else "") or ""
        for name in given[:200].split()[:5]:
            name = re.sub(r"^(?:schema|dcterms|rnews|og|article):", "", name.rpartition("/")[2].lower())
            name = "author" if name == "creator" else name
            if name not in _PROPERTIES or left <= 0 or not _is_own(element):
                continue
            left -= 1
            found.setdefault(name, []).extend(_property_values(element, name))
    return found


def _is_own(element: HtmlElement) -> bool:
    """Whether a property belongs to the article: the item that holds it is one, a page, or none at all."""
    for up in element.iterancestors():
        if up.get("itemscope") is not None or up.get("itemtype"):
            kind = (up.get("itemtype") or "")[:200].rpartition("/")[2]
            return not kind or bool(_ARTICLE.fullmatch(kind) or _PAGE.fullmatch(kind) or kind == "Blog")
    return True


def _property_values(element: HtmlElement, name: str) -> Iterable[str]:
    if name == "author":
        inner = [
            one for one in element.iter() if isinstance(one.tag, str) and "name" in (one.get("itemprop") or "").split()
        ]
        holders = [one for one in inner if one is not element] or [element]
        texts = [one.get("content") or str(one.text_content()) for one in holders[:10]]
    elif name == "image":
        inner = [element, *element.iter("img")] if element.tag not in ("img", "meta", "link") else [element]
        texts = [
            one.get("content") or one.get("href") or one.get("data-src") or one.get("src") or "" for one in inner[:3]
        ]
    else:
        texts = [element.get("content") or element.get("datetime") or str(element.text_content())]
    return [made for text in texts if len(text) <= _LONGEST_PROPERTY and (made := decoded(text))]
