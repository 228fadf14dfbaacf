"""Trying an address in a child process, and believing what comes back no more than the bytes it was made of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ...config.schema import Site
from ...credentials import NO_CREDENTIALS, extract_credentials
from ...errors import LimitExceeded, SourceError
from ...isolation import ChildLimits, call_isolated_async
from ...text import clean_line
from ..fetcher import HostQueue, open_fetcher
from ..source_reader import ReportingFetcher, call_with_retries
from .probe import Probe
from .values import DiscoveryReport, DiscoveryRequest

log = logging.getLogger("distributor.gathering")

DISCOVERY_SECONDS = 240.0  # that trying one address may take
_MARGIN = 10.0
_LIMITS = ChildLimits(seconds=DISCOVERY_SECONDS + _MARGIN, processor_seconds=200)

_trial = TypeAdapter(DiscoveryReport)


async def discover_source(
    request: DiscoveryRequest, site: Site, now: datetime, tell: Callable[[str], None] | None = None
) -> DiscoveryReport:
    """What an address is, what is read of it, and what to write into config.yaml. `tell` hears what is being read, from
    another thread. Raises SourceError with the reason in words where nothing can be read."""

    def attempt(avoid: dict[str, str]) -> Awaitable[dict[str, Any]]:
        return call_isolated_async(_discovery_job, request, site, avoid, now, limits=_LIMITS, tell=tell)

    return _parse_report(await call_with_retries(attempt, f"trying {request.address}", "it could not be tried"))


def _parse_report(answer: Mapping[str, Any]) -> DiscoveryReport:
    if "failure" in answer:
        raise SourceError(clean_line(str(answer["failure"])))
    try:
        return _trial.validate_python(answer)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SourceError(f"it could not be tried: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


# -- in the child ------------------------------------------------------------------------------------------------------


def _discovery_job(request: DiscoveryRequest, site: Site, avoid: Mapping[str, str], now: datetime) -> dict[str, Any]:
    return asyncio.run(_run_discovery(request, site, avoid, now))


async def _run_discovery(
    request: DiscoveryRequest, site: Site, avoid: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    address, credentials = (
        (request.address, NO_CREDENTIALS) if request.is_path else extract_credentials(request.address)
    )
    hosts, private = HostQueue(shared=True), request.allow_private
    try:
        async with (
            open_fetcher(site, {}, hosts, allow_private=private, credentials=credentials) as fetcher,
            asyncio.timeout(DISCOVERY_SECONDS),
        ):
            looking = Probe(replace(request, address=address), ReportingFetcher(fetcher, avoid), now)
            made = await looking.look()
    except (SourceError, LimitExceeded) as error:
        return {"failure": str(error)}
    except TimeoutError:
        return {"failure": f"took longer than {DISCOVERY_SECONDS:.0f} seconds"}
    if credentials:
        login = f"write the user name and the password into its address again: {_with_login(address)}"
        made = replace(made, doubts=(login, *made.doubts))
    return dict(_trial.dump_python(made, mode="json"))


def _with_login(address: str) -> str:
    """An address as config.yaml has it with a password from the environment."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://NAME:${{PASSWORD}}@{rest}"
