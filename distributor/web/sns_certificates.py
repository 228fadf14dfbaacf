"""Certificates with which Amazon signs its messages: fetched once from where they are kept, and remembered."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import aiohttp

from ..http import open_session

_MAX_SIZE = 16_384  # octets of a certificate; one has about 2,000
_ON_THE_WIRE = 32_000  # octets of an answer, headers and all
_TIMEOUT = 5.0  # seconds; Amazon gives up on us after 15
_KEPT = 8


class CertificateUnavailable(Exception):
    """It cannot be fetched now."""


class SnsCertificates:
    """Certificates by address. Whoever asks has made sure that the address is one of Amazon's."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = asyncio.Lock()

    async def get(self, url: str) -> bytes:
        """The certificate at an address; one is fetched at a time. Raises CertificateUnavailable."""
        if url in self._kept:
            return self._kept[url]
        async with self._lock:
            if url not in self._kept:
                try:
                    self._kept[url] = await self.fetch(url)
                except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                    raise CertificateUnavailable(f"{url}: {error or type(error).__name__}") from error
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            return self._kept[url]

    async def fetch(self, url: str) -> bytes:
        """The bytes at an address, without following redirects. Raises OSError, TimeoutError and aiohttp's errors."""
        async with (
            open_session(user_agent="Distributor", total=_TIMEOUT, octets=_ON_THE_WIRE, reuse=False) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise OSError(f"HTTP {response.status}")
            found = await response.content.read(_MAX_SIZE + 1)
            while not response.content.at_eof() and len(found) <= _MAX_SIZE:
                found += await response.content.read(_MAX_SIZE + 1)
        if len(found) > _MAX_SIZE:
            raise OSError(f"more than {_MAX_SIZE} octets")
        if b"-----BEGIN CERTIFICATE-----" not in found:
            raise OSError("no certificate")
        return found
