"""What a body holds that mail and feeds cannot show, as what they can: films become links, hidden pictures pictures. Pure.

To be called before boilerplate is taken out, which takes frames, films and `<noscript>` with it.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import lxml.html
from lxml.html import HtmlElement

from ..text import clean_line
from .article_images import is_placeholder, lazy_addresses
from .boilerplate import parse_html

_MOST = 200  # elements of each kind
_LONGEST_ADDRESS = 2000
_YOUTUBE = re.compile(
    r"(?:^|//)(?:www\.|m\.)?(?:youtube(?:-nocookie)?\.com/(?:embed|v|shorts|live)/|youtu\.be/)([\w-]{6,20})",
    re.IGNORECASE,
)
_VIMEO = re.compile(r"//player\.vimeo\.com/video/(\d{3,15})", re.IGNORECASE)
_DAILYMOTION = re.compile(
    r"//(?:www\.|geo\.)?dailymotion\.com/(?:embed/video/|player(?:/\w+)?\.html\?video=)(\w{4,20})", re.IGNORECASE
)
_FILM = re.compile(r"\.(?:mp4|m4v|webm|ogv|mov|m3u8|flv)(?:$|[?#])", re.IGNORECASE)
_PLAYER = re.compile(
    r"(?:^|[./_-])(?:video\w*|player\w*|embed\w*|tv|media|clip|stream\w*|vod)(?:$|[./_-])", re.IGNORECASE
)
_NO_FILM = re.compile(
    r"(?:^|[./_-])(?:ads?|adserver|doubleclick|quangcao|banner|comments?|like|likebox|page|post|maps?|forms?|weather)(?:$|[./_-])",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(r"(?:youtube |vimeo |facebook )?(?:video )?(?:player|embed|iframe|video)?", re.IGNORECASE)
_IDS = ("data-videoid", "videoid", "data-youtube-id", "data-yt-id")


def replace_embedded_media(root: HtmlElement) -> None:
    """Leave a link for each film and recording, its still for a picture, and the pictures inside `<noscript>` in place."""
    for element in list(root.iter("amp-img")):
        element.tag = "img"
    for element in list(root.iter("noscript"))[:_MOST]:
        _reveal(element)
    for element in list(root.iter("video", "audio", "iframe", "embed", "object", "amp-youtube", "lite-youtube"))[
        :_MOST
    ]:
        if element.getparent() is not None:
            _link(element)


def _reveal(element: HtmlElement) -> None:
    """The pictures that are shown where no script runs, unless the loader's own `<img>` says where they are."""
    inside = element
    if not len(element) and "<img" in (element.text or "")[:5000]:
        inside = parse_html(element.text or "")  # some parsers leave what is in it as text
    pictures = [] if inside is None else [one for one in inside.iter("img") if one.get("src") or one.get("srcset")][:10]
    if not pictures:
        return
    before = element.getprevious()
    twins = [] if before is None else [*before.iter("img")][-1:]
    if twins and (lazy_addresses(twins[0]) or not is_placeholder(twins[0].get("src") or "data:")):
        return  # the picture is there already
    for twin in twins:
        twin.attrib.clear()  # a placeholder: a picture without an address is taken out with others of its kind
    for child in list(element):
        element.remove(child)
    element.tag, element.text = "span", None
    element.attrib.clear()
    for picture in pictures:
        picture.tail = None
        element.append(picture)


def _link(element: HtmlElement) -> None:
    kind = "Audio" if element.tag == "audio" else "Video"
    address = _address(element)
    poster = (element.get("poster") or "").strip() if element.tag == "video" else ""
    if not address and not poster:
        return
    title = clean_line((element.get("title") or element.get("aria-label") or "")[:200])
    for child in list(element):
        element.remove(child)
    element.attrib.clear()
    element.tag, element.text = "span", None
    if poster:
        still = lxml.html.Element("p")
        still.append(lxml.html.Element("img", {"src": poster, "alt": ""}))
        element.append(still)
    if address:
        link = lxml.html.Element("a", {"href": address})
        link.text = kind if _NO_TITLE.fullmatch(title) else f"{kind}: {title}"
        if poster:
            around = lxml.html.Element("p")
            around.append(link)
            element.append(around)
        else:
            element.append(link)


def _address(element: HtmlElement) -> str:
    """Where a film or a recording can be seen: the page of it where the frame's address tells, else its file or player."""
    for name in _IDS:
        if re.fullmatch(r"[\w-]{6,20}", element.get(name) or ""):
            return f"https://www.youtube.com/watch?v={element.get(name)}"
    given = [element.get(name) or "" for name in ("src", "data-src", "data-lazy-src", "data-litespeed-src", "data")]
    if element.tag in ("video", "audio", "object"):
        given += [
            one.get("src") or one.get("data-src") or one.get("value") or ""
            for one in list(element.iter("source", "embed", "param"))[:10]
        ]
    addresses = [
        one.strip()
        for one in given
        if one.strip()
        and len(one) <= _LONGEST_ADDRESS
        and not one.strip().lower().startswith(("data:", "blob:", "about:", "javascript:"))
    ]
    if element.tag in ("video", "audio"):
        return addresses[0] if addresses else ""
    return next(filter(None, map(_page_of, addresses)), "")


def _page_of(address: str) -> str:
    """The page of a film that a frame shows; empty for a frame that shows something else."""
    for pattern, page in (
        (_YOUTUBE, "https://www.youtube.com/watch?v="),
        (_VIMEO, "https://vimeo.com/"),
        (_DAILYMOTION, "https://www.dailymotion.com/video/"),
    ):
        found = pattern.search(address)
        if found:
            return page + found[1]
    try:
        parts = urlsplit(address)
        asked = parse_qs(parts.query, max_num_fields=50)
    except ValueError:
        return ""
    if "facebook.com/plugins/video" in address:
        return next(iter(asked.get("href", [])), "")
    path = f"{parts.netloc}{parts.path}"
    return address if (_FILM.search(address) or _PLAYER.search(path)) and not _NO_FILM.search(path) else ""
