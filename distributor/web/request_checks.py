"""What is refused before any page sees it: requests that a proxy and we might read differently, hosts that are not ours,
characters that no address of ours has.

The parser has refused much by then (aiohttp's llhttp, strict): two lengths, a length beside chunks, lines folded or ended
otherwise. It is checked again, because one library's strictness is another version's tolerance.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from multidict import CIMultiDictProxy

MAX_TARGET = 8_000  # characters of an address with its query
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def known_hosts(urls: Iterable[str], listen: str) -> frozenset[str]:
    """The names under which pages are asked for: those of the public addresses, and the one that is listened on."""
    address = listen.rpartition(":")[0].strip("[]")
    names = {urlsplit(url).hostname or "" for url in urls}
    return frozenset(names | (_LOOPBACK if _is_local(address) else {address}))


def find_fault(
    method: str, target: str, version: Sequence[int], headers: CIMultiDictProxy[str], hosts: frozenset[str]
) -> int:
    """The status that a request is refused with; 0 if nothing is wrong. `target` is as it was sent."""
    if len(target) > MAX_TARGET:
        return 414
    if not target.startswith("/") and not (method == "OPTIONS" and target == "*"):
        return 400  # absolute-form: its host could be another one than that of the header
    if "Transfer-Encoding" in headers and (
        "Content-Length" in headers or headers.getall("Transfer-Encoding") != ["chunked"]
    ):
        return 400  # RFC 9112 section 6.3: a sign of smuggling
    if len(headers.getall("Content-Length", ())) > 1:
        return 400
    given = headers.getall("Host", ())
    if len(given) > 1 or (not given and tuple(version) >= (1, 1)):
        return 400
    return 421 if given and host_name(given[0]) not in hosts else 0  # RFC 9110 section 15.5.20


def host_name(host: str) -> str:
    """The name in a Host header, without its port; empty for what is no name."""
    try:
        parts = urlsplit(f"//{host}")
        odd = parts.path or parts.query or parts.fragment or parts.username is not None
        return "" if odd else (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""


def has_unsafe_characters(*texts: str) -> bool:
    """Whether decoded texts have characters that stand in no address of ours, and that stores and headers do not take."""
    return any(_UNSAFE.search(text) for text in texts)


def _is_local(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address in _LOOPBACK
    return ip.is_loopback or ip.is_unspecified
