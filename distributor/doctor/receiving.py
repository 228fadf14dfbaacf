"""Names that others look up when our mail arrives or comes back: MX, PTR and BIMI. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .dmarc import DmarcPolicy
from .dns_facts import DnsFacts, tags
from .results import CheckResult, fault, passed


def check_mx(facts: DnsFacts, domain: str, used: str) -> CheckResult:
    """Whether a domain receives mail (RFC 5321, section 5.1; RFC 7505). `used` says which address of ours lies there."""
    answer = facts.ask(domain, "MX")
    if answer.failure:
        return fault("dns-silent", domain, f"MX could not be looked up: {answer.failure}")
    hosts = [value.split()[-1] for value in sorted(answer.values)]
    if hosts == ["."] or hosts == ["0"]:
        return fault("mx-null", domain, f"{used}: the domain receives no mail (null MX)", domain=domain)
    found = facts.addresses(hosts[0] if hosts else domain)
    others = [facts.addresses(host) for host in hosts[1:]]
    if not hosts and found.values:
        return passed("mx", domain, f"{used}: no MX record; mail goes to the address of the name itself")
    if not hosts:
        return fault("mx-missing", domain, f"{used}: the domain has neither MX nor address", domain=domain)
    if not any(one.values or one.failure for one in (found, *others)):
        return fault("mx-address", domain, f"{used}: {', '.join(hosts)} has no address", domain=domain)
    return passed("mx", domain, f"{used}: mail goes to {', '.join(hosts)}")


def check_ptr(facts: DnsFacts, name: str) -> Iterator[CheckResult]:
    """Whether the public name of a machine that delivers by itself and its addresses point to each other."""
    if "." not in name or name.startswith("["):
        yield fault("ptr-unnamed", name or "this machine", "has no public name, so nobody can look up its address")
        return
    addresses = facts.addresses(name)
    if addresses.failure:
        yield fault("dns-silent", name, f"its address could not be looked up: {addresses.failure}")
    elif not addresses.values:
        yield fault("ptr-address", name, "has no address", name=name)
    for address in addresses.values:
        back = facts.ask(address, "PTR")
        if back.failure:
            yield fault("dns-silent", address, f"PTR could not be looked up: {back.failure}")
        elif name.lower() not in back.values:
            pointed = ", ".join(back.values) or "nothing"
            yield fault("ptr-missing", address, f"{name} has this address, which points back to {pointed}", name=name)
        else:
            yield passed("ptr", address, f"{name} and its address point to each other")


def check_bimi(facts: DnsFacts, domain: str, policy: DmarcPolicy) -> CheckResult:
    """The logo that some providers show; there need not be one."""
    answer = facts.ask(f"default._bimi.{domain}", "TXT")
    if not answer.values:
        return passed("bimi", domain, "no BIMI record; none is needed")
    said = tags(answer.values[0])
    if said.get("v", "").upper() != "BIMI1" or not said.get("l", "").startswith("https://"):
        return fault("bimi-syntax", f"default._bimi.{domain}", "is no BIMI record with an https address of a logo")
    if policy.policy not in ("quarantine", "reject") or policy.get("pct", "100") != "100":
        return fault(
            "bimi-policy", f"default._bimi.{domain}", f"has no effect with p={policy.policy or 'nothing'} in DMARC"
        )
    return passed("bimi", domain, f"logo {said['l']}")
