"""DMARC of the sender's domain (RFC 7489): a policy, and a domain of SPF or DKIM that agrees with it. Pure.

The organizational domain is found by walking up the names to the highest one with a record, so no list of public
suffixes is needed; where no name above has one, a domain and its own subdomains count as one organization.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .dns_facts import DnsFacts, tags
from .results import CheckResult, fault, passed

POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class DmarcPolicy:
    """The policy that counts for a domain: where its record stands, and its tags. None found: `place` is empty."""

    place: str = ""
    said: tuple[tuple[str, str], ...] = ()
    failure: str = ""
    number: int = 0  # of records there

    def get(self, name: str, otherwise: str = "") -> str:
        return dict(self.said).get(name, otherwise)

    @property
    def policy(self) -> str:
        return self.get("p").lower()


def find_policy(facts: DnsFacts, domain: str) -> DmarcPolicy:
    """The record of the domain, or of the nearest name above it."""
    failure = ""
    for name in _names(domain):
        answer = facts.ask(f"_dmarc.{name}", "TXT")
        failure = failure or answer.failure
        found = [text for text in answer.values if text.replace(" ", "").lower().startswith("v=dmarc1")]
        if found:
            return DmarcPolicy(f"_dmarc.{name}", tuple(tags(found[0]).items()), number=len(found))
    return DmarcPolicy(failure=failure)


def check_dmarc(facts: DnsFacts, domain: str, envelope: str, spf: bool, signed: Sequence[str]) -> Iterator[CheckResult]:
    """The results for the sender's domain. `envelope` is the domain of the return path, of which `spf` says whether its
    record is sound; `signed` are the domains whose signatures can be checked."""
    policy = find_policy(facts, domain)
    if not policy.place:
        if policy.failure:
            yield fault("dns-silent", domain, f"DMARC could not be looked up: {policy.failure}")
        else:
            yield fault("dmarc-missing", domain, "has no DMARC record", domain=domain)
        return
    if policy.number > 1:
        yield fault("dmarc-several", policy.place, f"has {policy.number} DMARC records")
        return
    if policy.policy not in POLICIES:
        yield fault("dmarc-syntax", policy.place, f"has no p= of {', '.join(POLICIES)}")
        return
    by = [f"DKIM ({one})" for one in signed if _agree(facts, domain, one, policy.get("adkim", "r"))]
    by += [f"SPF ({envelope})"] if spf and _agree(facts, domain, envelope, policy.get("aspf", "r")) else []
    if by:
        yield passed("dmarc", policy.place, f"p={policy.policy}; {domain} agrees with {' and '.join(by)}")
    else:
        what = f"neither SPF ({envelope}) nor a signature of ours speaks for {domain}"
        yield fault("dmarc-unaligned", policy.place, what, domain=domain)


def _names(domain: str) -> list[str]:
    """The domain and those above it, without the top level."""
    labels = domain.split(".")
    return [".".join(labels[number:]) for number in range(len(labels) - 1)][-8:] or [domain]


def _agree(facts: DnsFacts, domain: str, other: str, mode: str) -> bool:
    if domain == other:
        return True
    if mode.lower() == "s":
        return False
    return (
        _organization(facts, domain) == _organization(facts, other) or _within(domain, other) or _within(other, domain)
    )


def _within(inner: str, outer: str) -> bool:
    return inner.endswith(f".{outer}") and "." in outer


def _organization(facts: DnsFacts, domain: str) -> str:
    """The highest name with a DMARC record; the domain itself if none has one."""
    found = [name for name in _names(domain) if facts.ask(f"_dmarc.{name}", "TXT").values]
    return found[-1] if found else domain
