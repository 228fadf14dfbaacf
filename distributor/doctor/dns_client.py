"""Asking DNS: a resolver with a short patience, and the loop that gives checks what they ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from .dns_facts import DnsAnswer, DnsFacts, Question

T = TypeVar("T")
_LIFETIME = 5.0  # seconds for one question, repetitions included
_MOST_ROUNDS = 24  # names that lead to names; ten look-ups of SPF need fewer
_MOST_QUESTIONS = 300  # of one newsroom: a record made to be endless ends here
_AT_ONCE = 8
_PATIENCE = 40.0  # seconds for all questions of one sender: a server that is slow with each ends here


class DnsClient(Protocol):
    """Who answers questions. Never raises: a failure is an answer."""

    async def ask(self, name: str, kind: str) -> DnsAnswer: ...


class DnsResolver:
    """Asks the system's resolvers, or one that is named, over UDP and, for long answers, TCP.

    `server` is `ADDRESS` or `ADDRESS:PORT` (`[::1]:53`); ValueError for anything else.
    """

    def __init__(self, server: str = "") -> None:
        import dns.asyncresolver
        import dns.exception

        self._unusable = ""
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        if server:
            address, port = _split(server)
            self._resolver.nameservers = [address]
            self._resolver.port = port
        else:
            try:
                self._resolver = dns.asyncresolver.Resolver()
            except dns.exception.DNSException as error:
                self._unusable = f"no resolver is set up on this machine ({error})"
        self._resolver.lifetime = _LIFETIME

    async def ask(self, name: str, kind: str) -> DnsAnswer:
        """The records of a name. NXDOMAIN and a name without such a record are both an empty answer."""
        import dns.exception
        import dns.resolver
        import dns.reversename

        if self._unusable:
            return DnsAnswer(failure=self._unusable)
        try:
            asked = dns.reversename.from_address(name) if kind == "PTR" else name
            found = await self._resolver.resolve(asked, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return DnsAnswer()
        except dns.exception.Timeout:
            return DnsAnswer(failure=f"no answer in {_LIFETIME:g} s")
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError) as error:
            return DnsAnswer(failure=(str(error) or type(error).__name__).splitlines()[0][:200])
        return DnsAnswer(tuple(_text(record, kind) for record in found.rrset or ()))


def _split(server: str) -> tuple[str, int]:
    import ipaddress

    host, colon, port = server.rpartition(":")
    if not colon or "]" in port or (":" in host and not host.startswith("[")):
        host, port = server, "53"
    address = str(ipaddress.ip_address(host.strip("[]")))
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{port!r} is no port")
    return address, int(port)


def _text(record: object, kind: str) -> str:
    if kind == "TXT":
        return b"".join(getattr(record, "strings", ())).decode("utf-8", "replace")
    return str(record).rstrip(".").lower() or "."


async def settle(dns: DnsClient, check: Callable[[DnsFacts], T]) -> T:
    """What a pure check says when it knows all that it asks for, or is told that the rest is not asked."""
    known: dict[Question, DnsAnswer] = {}
    gate = asyncio.Semaphore(_AT_ONCE)

    async def ask(question: Question) -> None:
        async with gate:
            known[question] = await dns.ask(*question)

    try:
        async with asyncio.timeout(_PATIENCE):
            for _ in range(_MOST_ROUNDS):
                facts = DnsFacts(dict(known))
                result = check(facts)
                if not facts.open:
                    return result
                if len(known) + len(facts.open) > _MOST_QUESTIONS:
                    break
                await asyncio.gather(*map(ask, sorted(facts.open)))
        why = "too many names lead to other names"
    except TimeoutError:
        why = f"DNS took longer than {_PATIENCE:g} s"
    return check(DnsFacts(known, given_up=why))
