"""The address that a request came from: that of the connection, or what a trusted proxy says of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from aiohttp import web

from .context import CONTEXT


def client_address(request: web.Request) -> str:
    """The client's address; empty where it is unknown (a Unix socket)."""
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
    return real_address(
        request.remote or "", forwarded, request.app[CONTEXT].newsroom.settings.web_settings.trusted_proxies
    )


def real_address(peer: str, forwarded: str, trusted: Sequence[str]) -> str:
    """The last address of `X-Forwarded-For` that no trusted proxy has; what stands before it is anybody's claim. `peer` if
    it is no trusted proxy itself."""
    networks = [ipaddress.ip_network(one) for one in trusted]
    address = peer
    for hop in reversed([one.strip() for one in forwarded.split(",") if one.strip()]):
        if not _is_in(address, networks):
            break
        try:
            address = str(ipaddress.ip_address(hop.strip("[]")))
        except ValueError:  # not an address: what is left of it cannot be believed either
            break
    return address


def network_of(address: str) -> str:
    """The network that counts as one client for limits: an IPv4 address, or the /56 of an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip) >> 72 << 72, 56)))
    return str(ip)


def _is_in(address: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return any((mapped or ip) in network for network in networks if network.version == (mapped or ip).version)
