"""Preview page: one local page that shows staff everything of an edition that would go out. Values in, files out. Pure.

`index.html` shows emails, posts, feeds and the web page; its frames show files beside it, a copy for each combination of
light or dark and images or none (`client_variants`). The page needs no network and no server. Texts of articles are escaped
by the templates' environment; emails are shown in sandboxed frames, in which no script runs; and the page itself may run no
script but its own, whose hash it names (Content Security Policy, level 3).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from ..channel import Appearance
from ..color import build_palette
from ..config.schema import Theme
from ..rendering.templates import Templates
from ..rendering.views import safe_url
from .client_variants import render_variant

INDEX, FOLDER = "index.html", "index_files"
MAX_FRAMES = (
    24  # emails, and pages, shown in frames; an edition of many segments has hundreds of emails, of 100 kB each
)
MAX_PLACES = 3  # of one fault that are listed
MAX_LINK_LENGTH = 30  # characters of an address that networks show
_LINK = re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)]")
_TEMPLATE, _SCRIPT = "page/preview.html.j2", "page/parts/preview.js.j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewFinding:
    """A finding of preflight. `blocks` tells that it holds the edition; `rule` is what must be true."""

    check: str
    blocks: bool
    message: str
    where: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailPreview:
    """An email of the edition, parsed. Sizes are in bytes: of its HTML, of the encoded HTML, of the message.

    `recipients` is None where their number is unknown; `topics` are those that they have chosen, empty for all. Mail
    programs show `sender` and `preheader` beside the subject. `files` are the paths of its files.
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
    recipients: int | None = None
    topics: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCard:
    """The page behind a link as networks show it. `image` is an address, empty where there is none."""

    url: str
    title: str = ""
    lead: str = ""
    image: str = ""
    alt: str = ""

    @property
    def host(self) -> str:
        return self.url.partition("://")[2].partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPicture:
    """The picture of a post: its address, and what it shows in words."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPreview:
    """A post. `length` and `limit` are in the network's own units, `limit` None where there is none.

    `action` is what the channel does: `post`, `edit`, `replace`, `reply` or `delete`. `follows`: it answers
    the post before it, in a thread.
    """

    channel: str
    title: str
    appearance: Appearance
    length: int
    limit: int | None = None
    action: str = "post"
    card: LinkCard | None = None
    picture: PostPicture | None = None
    follows: bool = False
    file: str = ""

    @property
    def over(self) -> bool:
        return self.limit is not None and self.length > self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntryPreview:
    """An entry of a feed, parsed from its bytes. `date` is in the newsroom's time zone."""

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
    """A web page. `file` is empty for a page that no channel carries."""

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

    `name` is that of the newsletter or edition, `title` the newsletter's; `facts` and `notes` are shown as they are.
    `limit` is the size, in bytes, at which large providers cut an email; `theme` is the newsroom's.
    """

    name: str
    title: str
    site: str
    subject: str
    limit: int
    facts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    emails: tuple[EmailPreview, ...] = ()
    posts: tuple[PostPreview, ...] = ()
    feeds: tuple[FeedPreview, ...] = ()
    others: tuple[OtherPreview, ...] = ()
    pages: tuple[WebPagePreview, ...] = ()
    page_fault: str = ""
    theme: Theme = field(default_factory=Theme)

    @property
    def examined(self) -> int:
        """How many of the emails preflight has checked."""
        return sum(email.examined for email in self.emails)


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A part of the text of a post: plain, bold, or a link."""

    words: str
    url: str = ""
    bold: bool = False


@dataclass(frozen=True, slots=True)
class GroupedFinding:
    """A fault with every place and every email in which it was found."""

    finding: PreviewFinding
    places: tuple[str, ...]
    emails: tuple[str, ...]

    @property
    def where(self) -> str:
        """The first places, in words."""
        more = len(self.places) - MAX_PLACES
        return "; ".join(self.places[:MAX_PLACES]) + (f"; and {more} more" if more > 0 else "")


def render_preview(preview: EditionPreview, templates: Templates) -> dict[str, bytes]:
    """The page and the files of its frames, by their paths. Raises RenderError where the template fails."""
    script = templates.render(_SCRIPT, {}).strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    index = templates.render(
        _TEMPLATE,
        {
            "shown": preview,
            **style_values(preview.theme),
            "framed": MAX_FRAMES,
            "folder": FOLDER,
            "findings": group_findings(preview.emails),
            "spans": split_post,
            "quantity": _quantity,
            "address": safe_url,
            "script": Markup(script),  # noqa: S704  # ours, and without values
            "script_hash": f"sha256-{digest}",
        },
    )
    framed: Sequence[tuple[str, Sequence[EmailPreview | WebPagePreview]]] = (
        ("email", preview.emails),
        ("page", preview.pages),
    )
    copies = {
        path: copy
        for kind, shown in framed
        for number, one in enumerate(shown[:MAX_FRAMES], start=1)
        for path, copy in _client_variants(f"{FOLDER}/{kind}-{number}", one.html)
    }
    return {INDEX: _encode(index), **copies}


def style_values(theme: Theme) -> dict[str, Any]:
    """What the styles of this page, and of that of the samples, are filled with."""
    return {"theme": theme, "colors": build_palette(theme.accent, theme.background, theme.heading)}


def group_findings(emails: Sequence[EmailPreview]) -> list[GroupedFinding]:
    """The findings of all emails, each fault once with its places and emails; blocking ones first."""
    found: dict[tuple[str, str], list[tuple[str, PreviewFinding]]] = {}
    for email in emails:
        for finding in email.findings:
            found.setdefault((finding.check, finding.message), []).append((email.name, finding))
    made = [
        GroupedFinding(alike[0][1], _unique(finding.where for _, finding in alike), _unique(name for name, _ in alike))
        for alike in found.values()
    ]
    return sorted(made, key=lambda one: not one.finding.blocks)


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, words)))


def split_post(appearance: Appearance) -> list[TextSpan]:
    """The text of a post, its first line bold and its addresses links as the network shows them."""
    title, newline, rest = appearance.text.partition("\n") if appearance.bold_title else ("", "", appearance.text)
    return [*([TextSpan(title, bold=True)] if title else []), *_split_links(newline + rest, appearance.short_links)]


def find_links(text: str) -> list[str]:
    """The addresses in a text, in their order."""
    return _LINK.findall(text)


def find_card_link(text: str, known: str) -> str:
    """The address whose link card a network shows: that of the article if the post contains it, otherwise the last one."""
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
            _encode(render_variant(html, dark=light == "dark", images=seen == "images")),
        )
        for light in ("light", "dark")
        for seen in ("images", "no-images")
    ]


def _encode(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which cannot be encoded, becomes a question mark."""
    return text.encode("utf-8", "replace")


def _quantity(number: int) -> str:
    return f"{number:,}"
