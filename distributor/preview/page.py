"""One local page that shows staff everything of an edition that would go out: values in, files out. Pure.

`index.html` shows letters, posts, feeds and the web page; what stands in its frames are files beside it, a copy for each
combination of light or dark and images or none (`client_variants`). The page needs no network and no server. Texts of
articles are escaped by the templates' environment; emails stand in sandboxed frames, in which no script runs; and the page
itself may run no script but its own, whose hash it names (Content Security Policy, level 3).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..channel import Appearance
from ..rendering.templates import Templates
from ..rendering.views import safe_url
from .client_variants import render_variant

INDEX, FOLDER = "index.html", "index_files"
MAX_FRAMES = 24  # letters, and pages, that stand in frames; an edition of many cohorts has hundreds, of 100 kB each
MAX_PLACES = 3  # of one fault that are named
MAX_LINK_LENGTH = 30  # characters of an address that networks show
_LINK = re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)]")
_TEMPLATE, _SCRIPT = "page/preview.html.j2", "page/parts/preview.js.j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewFinding:
    """What a check has found, in words. `blocks` keeps the edition from going out; `rule` is what must be true."""

    check: str
    blocks: bool
    message: str
    where: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailPreview:
    """One letter of the edition, opened. Sizes are in bytes: of its HTML, of the HTML as it travels, of the message.

    `readers` is None where nobody knows; `topics` is what they have chosen, empty for everything. `sender` and
    `preheader` are what mail programs show beside the subject. `files` are the paths of what was written of it.
    """

    name: str
    subject: str
    sender: str
    preheader: str
    html: str
    text: str
    html_size: int
    encoded_size: int
    message_size: int
    headers: tuple[tuple[str, str], ...]
    examined: bool = True
    findings: tuple[PreviewFinding, ...] = ()
    readers: int | None = None
    topics: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCard:
    """The page behind a link as networks show it. `picture` is an address, empty where there is none."""

    url: str
    title: str = ""
    lead: str = ""
    picture: str = ""
    alt: str = ""

    @property
    def host(self) -> str:
        return self.url.partition("://")[2].partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPreview:
    """A post. `length` and `limit` are in the network's own units, `limit` None where there is none.

    `action` is what happens to it: `post`, `amend` or `retract`.
    """

    channel: str
    title: str
    appearance: Appearance
    length: int
    limit: int | None = None
    action: str = "post"
    card: LinkCard | None = None
    file: str = ""

    @property
    def over(self) -> bool:
        return self.limit is not None and self.length > self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntryPreview:
    """One entry of a feed, read back from its bytes. `date` is as staff read it."""

    title: str
    url: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPreview:
    """A feed: its first entries, how many there are, and why it cannot be read where it cannot. `size` is in bytes."""

    channel: str
    title: str
    file: str
    size: int
    entries: tuple[FeedEntryPreview, ...] = ()
    total: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPagePreview:
    """A web page. `file` is empty for one that no channel carries, and that is shown all the same."""

    title: str
    html: str
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPreview:
    """Anything else that goes out, such as a message to another program. `text` is empty where it is no text."""

    channel: str
    title: str
    media_type: str
    file: str
    size: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPreview:
    """Everything that would go out of an edition. `page_fault` says why there is no web page where there is none.

    `name` is what was asked for, `title` the newsletter's; `facts` and `notes` are told as they are. `limit` is the
    size, in bytes, at which large providers cut a letter.
    """

    name: str
    title: str
    site: str
    subject: str
    limit: int
    facts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    letters: tuple[EmailPreview, ...] = ()
    posts: tuple[PostPreview, ...] = ()
    feeds: tuple[FeedPreview, ...] = ()
    others: tuple[OtherPreview, ...] = ()
    pages: tuple[WebPagePreview, ...] = ()
    page_fault: str = ""

    @property
    def examined(self) -> int:
        """How many of the letters preflight has looked at."""
        return sum(letter.examined for letter in self.letters)


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A stretch of a post: words, bold ones, or a link."""

    words: str
    url: str = ""
    bold: bool = False


@dataclass(frozen=True, slots=True)
class GroupedFinding:
    """One fault as it is told: the first remark of it, every place, and every letter in which it was found."""

    finding: PreviewFinding
    places: tuple[str, ...]
    letters: tuple[str, ...]

    @property
    def where(self) -> str:
        """The first places, in words."""
        more = len(self.places) - MAX_PLACES
        return "; ".join(self.places[:MAX_PLACES]) + (f"; and {more} more" if more > 0 else "")


def render_preview(showcase: EditionPreview, templates: Templates) -> dict[str, bytes]:
    """The page and the files of its frames, by their paths. Raises RenderError where the template fails."""
    script = templates.render(_SCRIPT, {}).strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    index = templates.render(
        _TEMPLATE,
        {
            "shown": showcase,
            "framed": MAX_FRAMES,
            "folder": FOLDER,
            "findings": group_findings(showcase.letters),
            "pieces": split_post,
            "quantity": _quantity,
            "address": safe_url,
            "script": Markup(script),  # noqa: S704  # ours, and without values
            "script_hash": f"sha256-{digest}",
        },
    )
    framed: Sequence[tuple[str, Sequence[EmailPreview | WebPagePreview]]] = (
        ("letter", showcase.letters),
        ("page", showcase.pages),
    )
    copies = {
        path: copy
        for kind, shown in framed
        for number, one in enumerate(shown[:MAX_FRAMES], start=1)
        for path, copy in _client_variants(f"{FOLDER}/{kind}-{number}", one.html)
    }
    return {INDEX: _encode(index), **copies}


def group_findings(letters: Sequence[EmailPreview]) -> list[GroupedFinding]:
    """What was found, each fault once with its places and letters; what blocks stands first."""
    found: dict[tuple[str, str], list[tuple[str, PreviewFinding]]] = {}
    for letter in letters:
        for remark in letter.findings:
            found.setdefault((remark.check, remark.message), []).append((letter.name, remark))
    made = [
        GroupedFinding(alike[0][1], _unique(remark.where for _, remark in alike), _unique(name for name, _ in alike))
        for alike in found.values()
    ]
    return sorted(made, key=lambda one: not one.finding.blocks)


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, words)))


def split_post(appearance: Appearance) -> list[TextSpan]:
    """The text of a post, its first line bold and its addresses links as the network makes them."""
    title, newline, rest = appearance.text.partition("\n") if appearance.bold_title else ("", "", appearance.text)
    return [*([TextSpan(title, bold=True)] if title else []), *_split_links(newline + rest, appearance.short_links)]


def find_links(text: str) -> list[str]:
    """The addresses in a text, in their order."""
    return _LINK.findall(text)


def find_card_link(text: str, known: str) -> str:
    """The address whose page a network shows under a post: that of the article where it stands there, or the last one."""
    found = find_links(text)
    return known if known in found else (found or [""])[-1]


def _split_links(text: str, short: bool) -> list[TextSpan]:
    made, at = [], 0
    for match in _LINK.finditer(text):
        if match.start() > at:
            made.append(TextSpan(text[at : match.start()]))
        made.append(TextSpan(_shorten_link(match.group()) if short else match.group(), match.group()))
        at = match.end()
    return [*made, TextSpan(text[at:])] if at < len(text) else made


def _shorten_link(url: str) -> str:
    words = url.partition("://")[2].removeprefix("www.")
    return words if len(words) <= MAX_LINK_LENGTH else words[:MAX_LINK_LENGTH] + "…"


def _client_variants(stem: str, html: str) -> list[tuple[str, bytes]]:
    return [
        (
            f"{stem}.{light}-{seen}.html",
            _encode(render_variant(html, dark=light == "dark", pictures=seen == "pictures")),
        )
        for light in ("light", "dark")
        for seen in ("pictures", "bare")
    ]


def _encode(text: str) -> bytes:
    """UTF-8; a half of a surrogate pair, which no file can hold, becomes a question mark."""
    return text.encode("utf-8", "replace")


def _quantity(number: int) -> str:
    return f"{number:,}"
