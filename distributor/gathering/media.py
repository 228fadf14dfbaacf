"""Pictures, videos and recordings in foreign HTML: which pictures are real, and links in place of embedded players. Pure.

No picture is: a tracking pixel (no size, or one of a pixel), a spacer, a button of networks, a portrait beside a name.
An emoji is text: its `alt` stands in its place. A picture that a lazy loader or `<noscript>` holds is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from itertools import islice
from urllib.parse import parse_qs, unquote, urlsplit

import lxml.html
from lxml.html import HtmlElement

from ..model import Image
from ..text import clean_line
from ..url_cleaning import web_address
from .boilerplate import parse_html


class ImageKind(Enum):
    """What an `<img>` is. A doubtful one stays in the body, and is the article's picture only where there is no other."""

    PICTURE = "picture"
    DOUBTFUL = "doubtful"
    SMALL = "small"
    EMOJI = "emoji"
    NONE = "none"


MIN_PIXELS = 100  # pixels; what is smaller on both sides is a portrait or an icon, and not an article's picture
_COUNTER = 3  # pixels; what is no larger is a tracking pixel
_ICON = 32  # pixels
_DOUBT = "data-doubt"  # what `normalize_image` has found, kept until the sanitiser removes it

# -- addresses ---------------------------------------------------------------------------------------------------------

_LAZY = ("data-src", "data-original", "data-lazy-src")
_LAZY_SETS = ("data-srcset", "data-lazy-srcset")
_OTHER_LAZY = re.compile(
    r"data-(?:[\w-]*(?:src|original|img|image|photo|lazy)[\w-]*|url|full|large|hi-?res|echo)|original|lazy-?src|_src|file"
)
_MOST_ATTRIBUTES = 30


def picture_address(element: HtmlElement, base_url: str) -> str:
    """Where a picture really is: lazy loaders put a placeholder into `src` and the address elsewhere."""
    own = [element.get(name) or "" for name in _LAZY] + [_largest(element.get(name) or "") for name in _LAZY_SETS]
    src = element.get("src") or ""
    behind = [_largest(element.get("srcset") or ""), *_other_lazy(element), *_sources(element)]
    if is_placeholder(src):
        candidates = [*own, *behind, src]
    else:
        candidates = [*own, src, *behind]
    return next(filter(None, (web_address(candidate, base_url) for candidate in candidates)), "")


def lazy_addresses(element: HtmlElement) -> list[str]:
    """The addresses that an `<img>` holds for a script to load."""
    own = [element.get(name) or "" for name in (*_LAZY, *_LAZY_SETS)]
    return [one for one in (*own, *_other_lazy(element), *_sources(element)) if one and not one.startswith("data:")]


def _other_lazy(element: HtmlElement) -> Iterator[str]:
    """Addresses in attributes of other names that loaders have: `data-lazy`, `data-image-url`, …"""
    for name, value in element.attrib.items()[:_MOST_ATTRIBUTES]:
        if name not in (*_LAZY, *_LAZY_SETS, "src", "srcset") and _OTHER_LAZY.fullmatch(name.lower()):
            found = _largest(value) if name.lower().endswith("srcset") else value
            if re.search(r"[/.]", found[:4000]) and not re.search(r"[\s{}<>]", found.strip()[:4000]):
                yield found.strip()


def _sources(element: HtmlElement) -> Iterator[str]:
    """The `<source>` elements of the `<picture>` around an `<img>` (HTML Living Standard, section 4.8.1)."""
    around = element.getparent()
    if around is not None and around.tag == "source":  # an older parser takes `<source>` for an element with content
        around = next((up for up in around.iterancestors("picture")), None)
    if around is not None and around.tag == "picture":
        for source in list(around.iter("source"))[:10]:
            for name in ("srcset", *_LAZY_SETS, *_LAZY):
                yield _largest(source.get(name) or "")


def _largest(srcset: str) -> str:
    """The largest picture of a `srcset` (HTML Living Standard, section 4.8.4.2.1)."""
    best, largest = "", 0.0
    for candidate in re.split(r",\s+|(?<=\d[wx]),", srcset):
        url, _, descriptor = candidate.strip(" ,").partition(" ")
        size = re.fullmatch(r"\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)[wx]", descriptor)
        width = float(size[1]) if size else 1.0
        if width > largest:
            best, largest = url, width
    return best


# -- sizes -------------------------------------------------------------------------------------------------------------

_IN_STYLE = {
    name: re.compile(rf"(?<![\w-])(?:max-)?{name}\s*:\s*([0-9]{{1,5}})(?:\.[0-9]{{1,5}})?(?:px)?\s*(?:!|;|$)")
    for name in ("width", "height")
}
# `/zoom/36_36/`, `/36x36/`, `_36x36.jpg`, `/w36/`, `?w=24`, `&s=48`
_IN_ADDRESS = re.compile(
    r"(?:/zoom/|/thumb_[wx]/|/resize/|[/_\-=.])([0-9]{1,4})[x_*]([0-9]{1,4})(?=[/_.\-?&!]|$)|[/?&](?:w|width|s|sz|size)[=_]?([0-9]{1,4})(?=[/&]|$)"
)


def parse_pixels(text: object) -> int:
    """A width or height; 0 for whatever is none, such as `100%`."""
    digits = re.fullmatch(r"\s*([0-9]{1,5})(?:px)?\s*", str(text or ""))
    return int(digits[1]) if digits else 0


def pixel_dimension(picture: HtmlElement, name: str) -> int | None:
    """A picture's `width` or `height` in pixels, from its attribute or its style; None where it does not tell."""
    digits = re.fullmatch(r"\s*([0-9]{1,5})(?:px)?\s*", picture.get(name) or "")
    styled = _IN_STYLE[name].search((picture.get("style") or "")[:1000].lower())
    found = styled or digits
    return int(found[1]) if found else None


def _in_address(url: str) -> tuple[int, int] | None:
    """The size that an address asks a server of pictures for."""
    found = list(_IN_ADDRESS.finditer(url))[-1:]
    if not found:
        return None
    width = int(found[0][1] or found[0][3])
    return width, int(found[0][2] or width)


# -- what it is --------------------------------------------------------------------------------------------------------

_EMOJI_NAME = re.compile(r"(?:^|[\s_-])(?:emoji\w*|wp-smiley|smil(?:ey|ie)s?|emoticons?|twemoji)", re.IGNORECASE)
_EMOJI_ADDRESS = re.compile(
    r"/(?:tw)?emojis?(?:/|\.php)|/smil(?:ey|ie)s?/|/emoticons?/|/goomoji|images/core/emoji", re.IGNORECASE
)
_EMOJI = re.compile(
    "[\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff\ufe0f\u200d\u20e3\U000e0020-\U000e007f0-9#*]{1,16}"
)
_COUNTS = re.compile(
    r"//(?:feeds\.feedburner\.com/~\w|pixel\.|(?:b|sb)\.scorecardresearch\.|(?:www\.)?google-analytics\.|stats\.|analytics\.|counter\.|track(?:er|ing)?\."
    r"|[\w.-]{0,60}doubleclick\.net/|(?:www\.)?facebook\.com/tr\b|mc\.yandex\.|whos\.amung\.us/|[\w.-]{0,60}histats\.)"
    r"|/(?:spacer|blank|pixel|transparent|clear|1x1|empty|trans|shim|beacon|tracking|counter|loading|lazy\w{0,9}|lazyload|loader|placeholder|grey|gray)"
    r"\.(?:gif|png|svg|jpe?g|webp)\b|/(?:pixel|beacon|track|count|hit|open)(?:\.(?:php|aspx?|gif))?\?",
    re.IGNORECASE,
)
_SHARES = re.compile(
    r"(?:facebook\.com/(?:sharer|share|dialog)|twitter\.com/(?:intent|share|home)|x\.com/intent|addtoany\.com|addthis\.com|sharethis\.com"
    r"|linkedin\.com/(?:share|cws)|pinterest\.com/pin/create|zalo\.me/share|sp\.zalo\.me|feeds\.feedburner\.com/~|t\.me/share|wa\.me/|api\.whatsapp\.com/send"
    r"|plus\.google\.com|mailto:|reddit\.com/submit|digg\.com/submit|del\.icio\.us|stumbleupon\.com/submit)",
    re.IGNORECASE,
)
_SHARE_NAME = re.compile(
    r"(?:^|[\s_-])(?:share|sharing|social|addthis|a2a|sharedaddy|feedflare|shr)(?:$|[\s_-])", re.IGNORECASE
)
_PERSON_NAME = re.compile(
    r"(?:^|[\s_/.-])(?:author|avatar|tac-?_?gia|tacgia|gravatar|byline|profile|nguoi-viet)(?:$|[\s_/.-]|\d)",
    re.IGNORECASE,
)
_DOUBTFUL = re.compile(
    r"(?:^|[\s_/.-])(?:logo|favicon|sprite|avatar|author|banner|button|btn|badge|bullet|arrow|qr|qrcode|advert\w*|ads?|quangcao|loading)(?:$|[\s_/.-]|\d)",
    re.IGNORECASE,
)
_ICON_NAME = re.compile(
    r"(?:^|[\s_/.-])(?:icons?|icos?)(?:$|[\s_/.-])|\.svgz?$", re.IGNORECASE
)  # email programs show no SVG
_DEFAULT = re.compile(
    r"(?:^|[_.-])(?:logo\w*|default|no-?_?(?:image|img|photo|picture|thumb\w*|avatar)|placeholder|favicon|(?:apple-)?touch-icon|share-?_?(?:default|image)?"
    r"|og-?_?(?:image|default|img)|social-?_?(?:share|default|image)?|fallback|blank|noimg|noimage|macdinh|mac-dinh|site-?_?(?:image|logo))(?:$|[_.-]|\d)",
    re.IGNORECASE,
)
_MOST_WORDS = 5  # in the file's name of a picture for all pages; a story about a logo has more
_ANCESTORS = 3


def is_placeholder(src: str) -> bool:
    """Whether a `src` is what stands there until a script has put the picture in its place."""
    return src.startswith("data:") or bool(_COUNTS.search(src[:2000]))


def is_default(url: str) -> bool:
    """Whether an address is that of the one picture a site gives to every page: its logo, `no-image.png`."""
    path = unquote(urlsplit(url).path)
    name = path.rpartition("/")[2]
    bare = name.rpartition(".")[0] or name
    return bool(_DEFAULT.search(bare[:200])) and len(re.findall(r"[^\W_]+", bare)) <= _MOST_WORDS


def may_be_picture(address: str, width: int, height: int) -> bool:
    """Whether an address with a size (0 where it is not given) can be an article's picture: what a feed names as one may
    be its author's portrait or a counter."""
    sides = [one for one in (width, height) if one] or _in_address(address[:2000]) or ()
    counts = _COUNTS.search(address[:2000]) or _EMOJI_ADDRESS.search(address[:2000])
    return not counts and not (sides and max(sides) < MIN_PIXELS)


def classify_image(picture: HtmlElement, address: str) -> ImageKind:
    """What an `<img>` is; `address` is where it really is, empty where that is nowhere."""
    alt = clean_line(picture.get("alt") or "")[:200]
    names = f"{picture.get('class') or ''} {picture.get('id') or ''}"[:300]
    if alt and (
        (_EMOJI.fullmatch(alt) and not alt.isdigit())
        or _EMOJI_NAME.search(names)
        or _EMOJI_ADDRESS.search(address[:2000])
    ):
        return ImageKind.EMOJI
    width, height = pixel_dimension(picture, "width"), pixel_dimension(picture, "height")
    if (
        not address
        or _COUNTS.search(address[:2000])
        or any(one is not None and one <= _COUNTER for one in (width, height))
    ):
        return ImageKind.NONE
    if any(_is_dot(up) for up in islice(picture.iterancestors(), 2)):
        return ImageKind.NONE
    asked = _in_address(address[:2000])
    sides = [one for one in ((width, height) if (width, height) != (None, None) else asked or ()) if one is not None]
    largest = max(sides, default=None)
    links, around = _around(picture)
    if any(_SHARES.search(link) for link in links) or (
        _SHARE_NAME.search(f"{names} {around}") and (largest or 0) < MIN_PIXELS
    ):
        return ImageKind.NONE
    if (asked and max(asked) < MIN_PIXELS and (largest or 0) <= MIN_PIXELS) or (
        largest is not None and largest < MIN_PIXELS
    ):
        person = _PERSON_NAME.search(f"{names} {around} {' '.join(links)}")
        return ImageKind.NONE if person or (largest or max(asked or (0,))) <= _ICON else ImageKind.SMALL
    named = f"{names} {around} {urlsplit(address).path[:2000]}"
    if (largest is None or largest < 2 * MIN_PIXELS) and (
        _DOUBTFUL.search(named) or _ICON_NAME.search(named) or is_default(address)
    ):
        return ImageKind.DOUBTFUL
    return ImageKind.PICTURE


def _is_dot(box: HtmlElement) -> bool:
    """Whether a box is kept to the size of a counter by its style."""
    style = (box.get("style") or "")[:1000].lower()
    found = (_IN_STYLE[name].search(style) for name in ("width", "height"))
    return any(one is not None and int(one[1]) <= _COUNTER for one in found)


def _around(picture: HtmlElement) -> tuple[list[str], str]:
    """The addresses that a picture links to, and the names of what stands closely around it."""
    links, names = [], []
    for number, up in enumerate(picture.iterancestors()):
        if up.tag == "a" and number < 6:
            links.append((up.get("href") or "")[:500])
        if number < _ANCESTORS and up.tag not in ("body", "article", "main", "html"):
            names.append(f"{(up.get('class') or '')[:100]} {(up.get('id') or '')[:100]}")
        if number >= 6:
            break
    return links, " ".join(names)


# -- in a body ---------------------------------------------------------------------------------------------------------


def normalize_image(picture: HtmlElement, base_url: str) -> ImageKind:
    """Leave a picture its real address, alt text and size, and what is in doubt, and nothing else; say what it is.

    One that is none is left as it is. A picture whose source gives no alt text has an empty one: a screen reader passes
    it over then, instead of reading out its address (WCAG 2.2, technique H67).
    """
    address = picture_address(picture, base_url)
    kind = classify_image(picture, address)
    if kind in (ImageKind.NONE, ImageKind.EMOJI):
        return kind
    kept = {
        "src": address,
        "alt": clean_line(picture.get("alt") or ""),
        "width": pixel_dimension(picture, "width"),
        "height": pixel_dimension(picture, "height"),
    }
    picture.attrib.clear()
    for name, value in kept.items():
        if value or name == "alt":
            picture.set(name, str(value))
    if kind is not ImageKind.PICTURE:
        picture.set(_DOUBT, kind.value)
    return kind


def recorded_image_kind(picture: HtmlElement) -> ImageKind:
    """The kind that `normalize_image` has recorded on a picture."""
    kind = picture.get(_DOUBT)
    return ImageKind(kind) if kind in (ImageKind.DOUBTFUL.value, ImageKind.SMALL.value) else ImageKind.PICTURE


def parse_image(picture: HtmlElement, caption: str) -> Image:
    """A picture as a value. Its alt text is what the source gives and nothing else: a caption stands beside it anyway."""
    return Image(
        url=str(picture.get("src")),
        alt=clean_line(picture.get("alt") or ""),
        caption=caption,
        width=parse_pixels(picture.get("width")),
        height=parse_pixels(picture.get("height")),
    )


# -- embedded videos and recordings -------------------------------------------------------------------------------------

_MOST_EMBEDDED = 200  # elements of each kind
_LONGEST_ADDRESS = 2000
_YOUTUBE = re.compile(
    r"(?:^|//)(?:www\.|m\.)?(?:youtube(?:-nocookie)?\.com/(?:embed|v|shorts|live)/|youtu\.be/)([\w-]{6,20})",
    re.IGNORECASE,
)
_VIMEO = re.compile(r"//player\.vimeo\.com/video/(\d{3,15})", re.IGNORECASE)
_DAILYMOTION = re.compile(
    r"//(?:www\.|geo\.)?dailymotion\.com/(?:embed/video/|player(?:/\w+)?\.html\?video=)(\w{4,20})", re.IGNORECASE
)
_VIDEO_FILE = re.compile(r"\.(?:mp4|m4v|webm|ogv|mov|m3u8|flv)(?:$|[?#])", re.IGNORECASE)
_PLAYER = re.compile(
    r"(?:^|[./_-])(?:video\w*|player\w*|embed\w*|tv|media|clip|stream\w*|vod)(?:$|[./_-])", re.IGNORECASE
)
_NO_VIDEO_FILE = re.compile(
    r"(?:^|[./_-])(?:ads?|adserver|doubleclick|quangcao|banner|comments?|like|likebox|page|post|maps?|forms?|weather)(?:$|[./_-])",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(r"(?:youtube |vimeo |facebook )?(?:video )?(?:player|embed|iframe|video)?", re.IGNORECASE)
_IDS = ("data-videoid", "videoid", "data-youtube-id", "data-yt-id")


def replace_embedded_media(root: HtmlElement) -> None:
    """Put a link in the place of each video and recording, its poster for a picture, and show the pictures in `<noscript>`.

    To be called before boilerplate is removed, which takes frames, videos and `<noscript>` with it.
    """
    for element in list(root.iter("amp-img")):
        element.tag = "img"
    for element in list(root.iter("noscript"))[:_MOST_EMBEDDED]:
        _reveal(element)
    for element in list(root.iter("video", "audio", "iframe", "embed", "object", "amp-youtube", "lite-youtube"))[
        :_MOST_EMBEDDED
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
    """Where a video or a recording can be seen: its own page where the frame's address names it, else its file or player."""
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
    """The page of the video that a frame shows; empty for a frame that shows something else."""
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
    return address if (_VIDEO_FILE.search(address) or _PLAYER.search(path)) and not _NO_VIDEO_FILE.search(path) else ""
