"""Addresses as they stand in foreign HTML and feeds, to absolute ones of the web. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit

from ..credentials import remove_credentials
from ..text import clean

_LONGEST_ADDRESS = 4000  # characters; servers refuse more, and a fault must stay a line that can be read
_UNSAFE = re.compile(r'[\s\x00-\x20\x7f-\xa0"<>]')


def web_address(url: str, base_url: str) -> str:
    """An absolute http(s) address without user name and password; empty for whatever is none, and for no address.

    Portals link to `tin moi.html`: spaces and the like are written as addresses need, as browsers do.
    """
    # Browsers read `java<tab>script:` as `javascript:` (WHATWG URL, 4.4).
    url = re.sub(r"[\t\r\n]", "", clean(url)).strip()
    if len(url) > _LONGEST_ADDRESS:
        return ""
    try:
        made = remove_credentials(urljoin(base_url, url) if base_url and url else url)
        parts = urlsplit(made)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or _UNSAFE.search(parts.netloc):
        return ""
    made = _UNSAFE.sub(lambda sign: quote(sign[0]), made)
    return made if len(made) <= _LONGEST_ADDRESS else ""
