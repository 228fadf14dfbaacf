"""What a look at an SMTP server says of it. Pure; `probe` takes the look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .results import CheckResult, CheckState, fault, passed
from .sender import is_this_machine

ENDS_SOON = timedelta(days=14)  # a certificate that ends within this time should have been renewed


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayFacts:
    """One server. `failure` is why there is no connection, and `keys` the settings that it is about, if any; the rest was
    seen on the open connection. `size` is the largest message that it takes in octets, 0 for no limit, None if not said."""

    server: str
    host: str
    failure: str = ""
    keys: tuple[str, ...] = ()
    tls: str = ""
    certificate_ends: datetime | None = None
    logged_in: bool = False
    pipelining: bool = False
    size: int | None = None


def check_relay(facts: RelayFacts, channel: str, largest: int, now: datetime) -> list[CheckResult]:
    """The results for one server of a channel. `largest` is about the octets of its largest recent email, 0 for none."""
    where = f"channel {channel}: {facts.server}"
    if facts.failure and facts.keys:
        return [fault("relay-refuses", where, facts.failure, keys=" and ".join(facts.keys))]
    if facts.failure:
        return [fault("relay-unreachable", where, facts.failure)]
    found = [replace(one, where=where) for one in _faults(facts, largest, now)]
    if any(one.state is CheckState.BROKEN for one in found):
        return found
    return [passed("relay", where, _describe(facts)), *found]


def _faults(facts: RelayFacts, largest: int, now: datetime) -> Iterator[CheckResult]:
    if not facts.tls and not is_this_machine(facts.host):
        yield fault("relay-clear", "", "emails travel unencrypted")
    if facts.certificate_ends and facts.certificate_ends - now < ENDS_SOON:
        yield fault("relay-certificate", "", f"its certificate ends on {facts.certificate_ends:%Y-%m-%d %H:%M} UTC")
    if not facts.pipelining:
        yield fault("relay-pipelining", "", "does not announce PIPELINING")
    if facts.size and largest > facts.size:
        yield fault("relay-size", "", f"takes {facts.size:,} octets, and a recent email had about {largest:,}")


def _describe(facts: RelayFacts) -> str:
    parts = [
        facts.tls or "unencrypted",
        "logged in" if facts.logged_in else "without a login",
        *(["PIPELINING"] if facts.pipelining else []),
        f"SIZE {facts.size:,}" if facts.size else "no SIZE limit",
    ]
    if facts.certificate_ends:
        parts.append(f"certificate until {facts.certificate_ends:%Y-%m-%d}")
    return ", ".join(parts)
