"""The keys under which a story is known. Pure.

Any one of them recognises it; the first ones are the strongest. A portal may renumber its GUIDs, move to https or add
tracking parameters: some key survives.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from ..model import FoundArticle

_TRACKING = re.compile(
    r"utm_.*|fbclid|gclid|dclid|msclkid|yclid|mc_[ce]id|igshid|_ga|_gl|zarsrc|ref_src|returnurl|print|amp",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"^(?:(?:www\d?|m|mobile|amp)\.)+(?=.+\.)")
_INDEX = frozenset(
    {"", *(f"{name}.{kind}" for name in ("index", "default") for kind in ("htm", "html", "php", "aspx"))}
)
_WORD = re.compile(r"[^\W_]+")
_LONGEST = 400  # characters that the store keeps of a key


def identity_keys(found: FoundArticle, zone: ZoneInfo) -> tuple[str, ...]:
    """Every key of a found article, strongest first. `zone` tells on which local day it was published."""
    keys = []
    if found.source_id:
        keys.append(f"id:{found.source}:{found.source_id}")
    if found.guid:
        keys.append(f"guid:{found.source}:{found.guid}")
    if found.url:
        keys.append(f"url:{canonical_url(found.url)}")
    title = " ".join(_WORD.findall(found.title.casefold()))
    if title and found.published:
        keys.append(f"day:{found.published.astimezone(zone):%Y-%m-%d}:{_short(title)}")
    elif not keys:
        keys.append(f"title:{found.source}:{_short(title)}")
    return tuple(dict.fromkeys(key if len(key) <= _LONGEST else f"{key[:300]}#{_short(key)}" for key in keys))


def canonical_url(url: str) -> str:
    """An address without what does not tell pages apart: scheme, www., default port, fragment, tracking, last slash.

    The result is a key, not an address to open.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url.strip()
    host = _PREFIX.sub("", (parts.hostname or "").rstrip("."))
    if port and port not in (80, 443):
        host += f":{port}"
    query = [
        (key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(key)
    ]
    path = quote(unquote(parts.path, errors="surrogateescape"), safe="/~!$&'()*+,;=:@", errors="surrogateescape")
    path = path[: _end(path)]
    return host + path + (f"?{urlencode(sorted(query))}" if query else "")


def _end(path: str) -> int:
    """Where a path ends without last slashes and the names that servers give to what is at a slash."""
    end = len(path)
    while (slash := path.rfind("/", 0, end)) >= 0 and path[slash + 1 : end] in _INDEX:
        end = slash
    return end


def _short(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:24]
