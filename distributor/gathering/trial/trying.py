"""Trying an address in a child process, and believing what comes back no more than the bytes it was made of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ...config import Site
from ...credentials import NONE, taken
from ...errors import LimitExceeded, SourceError
from ...isolation import ChildLimits, call_isolated_async
from ...text import clean_line
from ..fetch import Hosts, open_fetcher
from ..reader import Announcing, answered_in_the_end
from .look import Looking
from .values import Request, Trial

log = logging.getLogger("distributor.gathering")

SECONDS = 240.0  # that trying one address may take
_MARGIN = 10.0
_LIMITS = ChildLimits(seconds=SECONDS + _MARGIN, processor_seconds=200)

_trial = TypeAdapter(Trial)


async def try_address(request: Request, site: Site, now: datetime, tell: Callable[[str], None] | None = None) -> Trial:
    """What an address is, what is read of it, and what to write into config.yaml. `tell` hears what is being read, from
    another thread. Raises SourceError with the reason in words where nothing can be read."""

    def attempt(avoid: dict[str, str]) -> Awaitable[dict[str, Any]]:
        return call_isolated_async(_try, request, site, avoid, now, limits=_LIMITS, tell=tell)

    return _told(await answered_in_the_end(attempt, f"trying {request.address}", "it could not be tried"))


def _told(answer: Mapping[str, Any]) -> Trial:
    if "failure" in answer:
        raise SourceError(clean_line(str(answer["failure"])))
    try:
        return _trial.validate_python(answer)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SourceError(f"it could not be tried: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


# -- in the child ------------------------------------------------------------------------------------------------------


def _try(request: Request, site: Site, avoid: Mapping[str, str], now: datetime) -> dict[str, Any]:
    return asyncio.run(_try_it(request, site, avoid, now))


async def _try_it(request: Request, site: Site, avoid: Mapping[str, str], now: datetime) -> dict[str, Any]:
    address, credentials = (request.address, NONE) if request.is_path else taken(request.address)
    hosts, private = Hosts(shared=True), request.allow_private
    try:
        async with (
            open_fetcher(site, {}, hosts, allow_private=private, credentials=credentials) as fetcher,
            asyncio.timeout(SECONDS),
        ):
            looking = Looking(replace(request, address=address), Announcing(fetcher, avoid), now)
            made = await looking.look()
    except (SourceError, LimitExceeded) as error:
        return {"failure": str(error)}
    except TimeoutError:
        return {"failure": f"took longer than {SECONDS:.0f} seconds"}
    if credentials:
        login = f"write the user name and the password into its address again: {_with_login(address)}"
        made = replace(made, doubts=(login, *made.doubts))
    return dict(_trial.dump_python(made, mode="json"))


def _with_login(address: str) -> str:
    """An address as config.yaml has it with a password from the environment."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://NAME:${{PASSWORD}}@{rest}"
