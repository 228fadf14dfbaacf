"""A look at an SMTP server: connect, encrypt, log in, read what it announces, and leave. No message is sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ..errors import AuthBroken, DeliveryError
from ..mail.connection import SmtpConnection, SmtpServer, SmtpTimeouts
from .relays import RelayFacts

_PATIENCE = SmtpTimeouts(connect=15, command=20)  # somebody waits for the answer
_TOTAL = 30.0  # seconds for the whole look: a server that is slow with each answer ends here
_LONGEST_SIZE = 20  # digits (RFC 1870, section 3)


async def look_at_relay(server: SmtpServer) -> RelayFacts:
    """What there is to see of it; a failure is one of the facts."""
    try:
        async with asyncio.timeout(_TOTAL):
            return await _look(server)
    except TimeoutError:
        return RelayFacts(server=str(server), host=server.host, failure=f"{server} took longer than {_TOTAL:g} s")


async def _look(server: SmtpServer) -> RelayFacts:
    try:
        link = await SmtpConnection.open(replace(server, timeouts=_PATIENCE))
    except DeliveryError as error:
        keys = error.keys or (("host", "port", "tls") if isinstance(error, AuthBroken) else ())
        return RelayFacts(server=str(server), host=server.host, failure=str(error), keys=keys)
    try:
        tls, ends = link.encryption
        size = link.protocol.extensions.get("SIZE")
        return RelayFacts(
            server=str(server),
            host=server.host,
            tls=tls,
            certificate_ends=ends,
            logged_in=bool(server.username),
            pipelining=link.protocol.offers("PIPELINING"),
            size=int(size) if size and size.isascii() and size.isdigit() and len(size) <= _LONGEST_SIZE else None,
        )
    finally:
        await link.close()
