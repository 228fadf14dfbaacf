"""User names and passwords that stand in addresses: taken out at the door, and sent to their own server only. Pure.

`https://name:password@host/feed` in config.yaml becomes the plain address, and Credentials that no message, link or
row can show. They travel as an Authorization header (Basic, RFC 7617) to their own origin: the same scheme, host and
port (RFC 6454). The tokens and keys of a source (`Source.login`) travel the same way. What comes from outside, an
article's link or a redirect, has its user information taken off and thrown away: whoever wrote it has no business to
make us log in somewhere.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr

Origin = tuple[str, str, int]

# The authority of an address ends at / ? or #, its user information at its last @ (RFC 3986, section 3.2).
_USER = re.compile(r"^(\s*https?:[\t\r\n]*/[\t\r\n]*/)([^/?#]*)@", re.IGNORECASE)
# The same of whatever somebody has taken for an address: `ftp://name:password@host`, `https:\\name:password@host`.
_ANY_USER = re.compile(r"^(\s*[a-z][a-z0-9+.-]*:[/\\]*)[^/?#\\]*@", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_NOWHERE: Origin = ("", "", 0)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token (RFC 9110, section 5.6.2)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is sent to log in, by origin: headers, and parameters of the address. Its text form tells nothing."""

    _headers: Mapping[Origin, Mapping[str, str]] = field(default_factory=dict, repr=False)
    _parameters: Mapping[Origin, Mapping[str, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def to(
        cls, url: str, *, headers: Mapping[str, str] | None = None, parameters: Mapping[str, str] | None = None
    ) -> Credentials:
        """What is sent with requests to the origin of an address, and to no other. Raises ValueError for what is no such
        address, and for a header that cannot be sent."""
        origin = _origin(url)
        if origin is None:
            raise ValueError("credentials need an address that begins with https:// or http://")
        for name, value in (headers or {}).items():
            if not _HEADER_NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
                raise ValueError("a token or key holds a sign that cannot be sent in a header: look for a line break")
        return cls({origin: dict(headers or {})}, {origin: dict(parameters or {})})

    def headers(self, url: str) -> Mapping[str, str]:
        """The headers for a request to an address; none where it is of another origin."""
        return self._headers.get(_origin(url) or _NOWHERE, {})

    def header(self, url: str) -> str:
        """The value of the Authorization header for a request to an address; empty where none belongs there."""
        return self.headers(url).get("Authorization", "")

    def address(self, url: str) -> str:
        """The address as it is requested: with the parameters that belong to its origin, in place of any that it has of
        their names."""
        own = self._parameters.get(_origin(url) or _NOWHERE)
        if not own:
            return url
        parts = urlsplit(self.bare_address(url))
        added = urlencode(own)
        return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))

    def bare_address(self, url: str) -> str:
        """The address as it may be shown and kept: without those parameters."""
        own = self._parameters.get(_origin(url) or _NOWHERE)
        if not own:
            return url
        parts = urlsplit(url)
        kept = [part for part in parts.query.split("&") if unquote(part.partition("=")[0]) not in own]
        return urlunsplit(parts._replace(query="&".join(kept)))

    def __or__(self, other: Credentials) -> Credentials:
        return Credentials(_merged(self._headers, other._headers), _merged(self._parameters, other._parameters))

    def __bool__(self) -> bool:
        return any(self._headers.values()) or any(self._parameters.values())


def _merged(
    one: Mapping[Origin, Mapping[str, str]], other: Mapping[Origin, Mapping[str, str]]
) -> dict[Origin, Mapping[str, str]]:
    return {origin: {**one.get(origin, {}), **other.get(origin, {})} for origin in {**one, **other}}


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
    return bare, Credentials({origin: {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}})


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


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses are of one scheme, host and port (RFC 6454): what is sent to the one may go to the other."""
    origin = _origin(one)
    return origin is not None and origin == _origin(other)


def find_secrets(settings: object) -> list[str]:
    """The secrets among the settings of a channel or source, longest first: what no message may show."""
    values = [getattr(settings, one.name) for one in fields(settings)] if is_dataclass(settings) else []
    found = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}
    return sorted((secret for secret in found if secret), key=len, reverse=True)


def redact_secrets(text: str, secrets: Iterable[str]) -> str:
    """A text with *** in the place of each secret, also as an address, a Basic login, JSON, HTML or Python writes it."""
    for secret in secrets:
        for form in {secret, *(json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False))}:
            text = text.replace(form, "***")
        text = text.replace(html.escape(secret), "***").replace(repr(secret)[1:-1], "***")
        for form in {quote(secret, safe=""), quote(secret, safe=":"), quote(secret), quote_plus(secret)} - {secret}:
            text = re.sub(re.escape(form), "***", text, flags=re.IGNORECASE)  # %2f is %2F
    return text


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
