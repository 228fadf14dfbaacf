"""User names and passwords that stand in addresses: taken out at the door, and sent to their own server only. Pure.

`https://name:password@host/feed` in config.yaml becomes the plain address, and Credentials that no message, link or
row can show. They travel as an Authorization header (Basic, RFC 7617) to their own origin: the same scheme, host and
port (RFC 6454). What comes from outside, an article's link or a redirect, has its user information taken off and
thrown away: whoever wrote it has no business to make us log in somewhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

Origin = tuple[str, str, int]

# The authority of an address ends at / ? or #, its user information at its last @ (RFC 3986, section 3.2).
_USER = re.compile(r"^(\s*https?:[\t\r\n]*/[\t\r\n]*/)([^/?#]*)@", re.IGNORECASE)
# The same of whatever somebody has taken for an address: `ftp://name:password@host`, `https:\\name:password@host`.
_ANY_USER = re.compile(r"^(\s*[a-z][a-z0-9+.-]*:[/\\]*)[^/?#\\]*@", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is sent to log in, by origin. Its text form tells nothing."""

    _headers: Mapping[Origin, str] = field(default_factory=dict, repr=False)

    def header(self, url: str) -> str:
        """The value of the Authorization header for a request to an address; empty where none belongs there."""
        origin = _origin(url)
        return self._headers.get(origin, "") if origin else ""

    def __or__(self, other: Credentials) -> Credentials:
        return Credentials({**self._headers, **other._headers})

    def __bool__(self) -> bool:
        return bool(self._headers)


NO_CREDENTIALS = Credentials()


def remove_credentials(url: str) -> str:
    """An address of the web without user name and password; any other text as it is."""
    return _USER.sub(r"\1", url, count=1) if "@" in url else url


def redact_credentials(url: str) -> str:
    """An address of any kind, or what was meant as one, as it may be shown: without user name and password."""
    return _ANY_USER.sub(r"\1", remove_credentials(url), count=1) if "@" in url else url


def extract_credentials(url: str) -> tuple[str, Credentials]:
    """An address without its user name and password, and those as Credentials."""
    match = _USER.match(url) if "@" in url else None
    if match is None:
        return url, NO_CREDENTIALS
    bare = remove_credentials(url)
    origin = _origin(bare)
    if origin is None or not match[2].strip(":"):
        return bare, NO_CREDENTIALS
    name, _, password = match[2].partition(":")
    pair = f"{unquote(name)}:{unquote(password)}".encode()
    return bare, Credentials({origin: f"Basic {base64.b64encode(pair).decode()}"})


def extract_settings_credentials(settings: Any) -> tuple[Any, Credentials]:
    """Settings as config.yaml gives them, with those of every address in them extracted, however deep."""
    if isinstance(settings, str):
        return extract_credentials(settings)
    if isinstance(settings, dict):
        pairs = {key: extract_settings_credentials(value) for key, value in settings.items()}
        return {key: bare for key, (bare, _) in pairs.items()}, _joined(found for _, found in pairs.values())
    if isinstance(settings, list | tuple):
        items = [extract_settings_credentials(value) for value in settings]
        return type(settings)(bare for bare, _ in items), _joined(found for _, found in items)
    return settings, NO_CREDENTIALS


def _joined(many: Any) -> Credentials:
    joined = NO_CREDENTIALS
    for one in many:
        joined = joined | one
    return joined


def _origin(url: str) -> Origin | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and parts.scheme in _PORTS else None
