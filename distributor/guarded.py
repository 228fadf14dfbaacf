"""The one guarded way out to HTTP: every address is looked at when the connection is made.

A name may answer with a public address when asked first and with 127.0.0.1 when asked again, and a redirect may lead
anywhere. So nothing is decided from the text of a URL: the socket factory sees each address just before connecting,
after name look-up and after redirects, and refuses what is not on the public internet.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

import aiohttp

# All of IPv6 that is given out (RFC 4291, section 2.4). Python also calls others global, among them some that lead to an
# IPv4 address inside (`::127.0.0.1`, and NAT64 of RFC 6052) or into the local network (fec0::/10, RFC 3879).
_GIVEN_OUT = ipaddress.ip_network("2000::/3")
_6TO4 = ipaddress.ip_network("2002::/16")  # leads to an IPv4 address inside (RFC 3056)


class PrivateAddress(OSError):
    """A connection to an address of this machine or of a private network was refused before it was made."""


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet: not loopback, private, link-local, shared or multicast."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if ip not in _GIVEN_OUT or ip in _6TO4:
            return False
    return ip.is_global and not ip.is_multicast


def _public_socket(info: Any) -> socket.socket:
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise PrivateAddress(f"{address[0]} is an address of a private network; set allow_private: true to allow it")
    return socket.socket(family, kind, protocol)


def open_session(
    *,
    user_agent: str,
    allow_private: bool = False,
    total: float = 30.0,
    reuse: bool = True,
    traces: Sequence[aiohttp.TraceConfig] = (),
) -> aiohttp.ClientSession:
    """A client session with wall-clock limits in seconds, no cookies and no proxy from the environment.

    With `reuse=False` every request has a fresh connection: a publish must not fail on a stale one in a way that leaves
    open whether it arrived. `traces` watch the requests.
    """
    connector = aiohttp.TCPConnector(
        limit_per_host=1 if reuse else 0,
        force_close=not reuse,
        socket_factory=None if allow_private else _public_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=total, sock_connect=min(10.0, total), sock_read=min(20.0, total)),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": user_agent},
        trust_env=False,
        auto_decompress=True,
        trace_configs=list(traces),
    )
