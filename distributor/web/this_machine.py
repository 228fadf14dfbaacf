"""Whether a request was made on this machine itself, not through a proxy and not by a page elsewhere."""

from __future__ import annotations

import ipaddress

from aiohttp import web

from .request_checks import host_name

_OF_PROXIES = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


def is_from_this_machine(request: web.Request) -> bool:
    """The name that was asked for counts too: a page elsewhere whose name leads to 127.0.0.1 must see nothing (DNS
    rebinding), and a proxy that says nothing of itself passes on the public name."""
    direct = is_loopback(request.remote or "") and not any(name in request.headers for name in _OF_PROXIES)
    return direct and is_loopback(host_name(request.host))


def is_loopback(host: str) -> bool:
    """Whether an address or name is that of this machine for itself."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return ip.is_loopback or bool(
        isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped and ip.ipv4_mapped.is_loopback
    )
