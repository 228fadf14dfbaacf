"""The one HTTP client, safe against requests to private addresses: each is checked when the connection is made.

A name may answer with a public address when asked first and with 127.0.0.1 when asked again, and a redirect may lead
anywhere. So nothing is decided from the text of a URL: the socket factory sees each address just before connecting,
after name look-up and after redirects, and refuses what is not on the public internet.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

# All of IPv6 that is given out (RFC 4291, section 2.4). Python also calls others global, among them some that lead to an
# IPv4 address inside (`::127.0.0.1`, and NAT64 of RFC 6052) or into the local network (fec0::/10, RFC 3879).
_ALLOCATED = ipaddress.ip_network("2000::/3")
# The entries of IANA's registries of special purpose addresses (RFC 6890; as of November 2026) in which no site stands.
# Python's own list differs from version to version, and calls some of them global: relays and anycast addresses that the
# nearest router answers (RFC 7526, 7723, 8155, 7535, 7450, 7534), documentation (RFC 9637), and what leads to an IPv4
# address inside (2002::/16 of RFC 3056, Teredo in 2001::/23 of RFC 2928).
_SPECIAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
)  # fmt: skip


class PrivateAddress(OSError):
    """A connection to an address of this machine or of a private network was refused before it was made."""


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet: not loopback, private, link-local, shared, multicast
    or otherwise of a special purpose."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if ip not in _ALLOCATED:
            return False
    return ip.is_global and not any(ip.version == net.version and ip in net for net in _SPECIAL)


def _public_socket(info: Any) -> socket.socket:
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise PrivateAddress(f"{address[0]} is an address of a private network; set allow_private: true to allow it")
    return socket.socket(family, kind, protocol)


class ResponseTooLarge(aiohttp.ClientError):
    """An answer was broken off: more octets had come than an answer may have."""


class _CountingHandler(ResponseHandler):
    """A connection on which every octet of an answer counts.

    aiohttp reads headers, `100 Continue`, chunk extensions and trailers without end; none of them is ever part of the
    body whose size its caller can check.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        super().__init__(loop)
        self._most = most
        self._octets = 0

    def set_response_params(self, **params: Any) -> None:
        self._octets = 0  # a connection that is used again has another answer
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        self._octets += len(data)
        if self._octets <= self._most:
            super().data_received(data)
            return
        error = ResponseTooLarge(f"more than {self._most / 1_000_000:g} MB")
        if self._payload is not None:
            self._payload.set_exception(error)
        self.set_exception(error)
        if self.transport is not None:
            self.transport.abort()


def open_session(
    *,
    user_agent: str,
    allow_private: bool = False,
    total: float = 30.0,
    octets: int = 2_000_000,
    reuse: bool = True,
    traces: Sequence[aiohttp.TraceConfig] = (),
    open_socket: Callable[[Any], socket.socket] | None = None,
) -> aiohttp.ClientSession:
    """A client session with wall-clock limits in seconds, no cookies and no proxy from the environment.

    `octets` is the most that one answer may have on the wire: status, headers, chunks and all. Who reads more raises
    ResponseTooLarge.

    With `reuse=False` every request has a fresh connection: a publish must not fail on a stale one in a way that leaves
    open whether it arrived. `traces` watch the requests. `open_socket` decides in place of `allow_private` where a
    connection may go: it raises PrivateAddress, or opens the socket.
    """
    connector = aiohttp.TCPConnector(
        limit_per_host=1 if reuse else 0,
        force_close=not reuse,
        socket_factory=open_socket or (None if allow_private else _public_socket),
    )
    counting = functools.partial(_CountingHandler, loop=asyncio.get_running_loop(), most=octets)
    connector._factory = cast("functools.partial[ResponseHandler]", counting)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=total, sock_connect=min(10.0, total), sock_read=min(20.0, total)),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": user_agent},
        trust_env=False,
        auto_decompress=True,
        trace_configs=list(traces),
    )
