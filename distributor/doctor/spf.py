"""SPF of the domain of the return path (RFC 7208): the record, and what it costs receivers. Pure.

Counted is the worst case: every part is evaluated, as it is for a sender that only the last part names. Names with macros
depend on the message: they count, and are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .dns_facts import DnsFacts
from .results import CheckResult, fault, passed

MOST_LOOKUPS = 10  # section 4.6.4
MOST_VOID = 2
_DEEPEST = 12
_TERM = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:([:/])(.+))?", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)


@dataclass(slots=True)
class SpfCount:
    """What was met on the way through a record and all that it includes."""

    lookups: int = 0
    void: list[str] = field(default_factory=list)  # names that gave nothing
    wrong: list[str] = field(default_factory=list)  # parts that cannot be read
    missing: list[str] = field(default_factory=list)  # included names without one record
    failures: list[str] = field(default_factory=list)  # names that DNS did not answer for
    last: str = ""  # how the record deals with everybody else: `-all`


def records(facts: DnsFacts, domain: str) -> list[str]:
    """The SPF records of a name: one, if all is well."""
    found = facts.ask(domain, "TXT").values
    return [text for text in found if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


def check_spf(facts: DnsFacts, domain: str) -> Iterator[CheckResult]:
    """The results for the domain of the envelope's sender."""
    answer = facts.ask(domain, "TXT")
    if answer.failure:
        yield fault("dns-silent", domain, f"SPF could not be looked up: {answer.failure}")
        return
    found = records(facts, domain)
    if not found:
        yield fault("spf-missing", domain, "has no SPF record", domain=domain)
        return
    if len(found) > 1:
        yield fault("spf-several", domain, f"has {len(found)} SPF records")
        return
    count = SpfCount()
    _walk(facts, domain, found[0], count, ())
    faults = list(_faults(domain, count))
    yield from faults
    if not faults:
        yield passed("spf", domain, f"{found[0]} ({count.lookups} of {MOST_LOOKUPS} look-ups)")


def _faults(domain: str, count: SpfCount) -> Iterator[CheckResult]:
    for name in count.failures:
        yield fault("dns-silent", domain, f"SPF: {name} could not be looked up")
    if count.wrong:
        yield fault("spf-syntax", domain, f"cannot be read: {', '.join(count.wrong)}")
    for name in count.missing:
        yield fault("spf-include", domain, f"includes {name}, which has not one SPF record")
    if count.lookups > MOST_LOOKUPS:
        yield fault("spf-lookups", domain, f"needs {count.lookups} look-ups, of {MOST_LOOKUPS} that are allowed")
    if len(count.void) > MOST_VOID:
        yield fault("spf-void", domain, f"names what does not exist: {', '.join(count.void)}")
    if count.last == "+all":
        yield fault("spf-open", domain, "ends with +all")
    elif count.last not in ("-all", "~all"):
        yield fault("spf-weak", domain, f"ends with {count.last or 'no all'}")


def _walk(facts: DnsFacts, domain: str, record: str, count: SpfCount, above: tuple[str, ...]) -> None:
    redirect = ""
    for term in record.split()[1:]:
        if match := _TERM.fullmatch(term):
            sign, kind, mark, rest = match[1] or "+", match[2].lower(), match[3], match[4] or ""
            if kind == "all":
                count.last = count.last if above else f"{sign}all"
                return  # what stands behind it is never reached, a redirect neither
            named = rest.partition("/")[0] if mark == ":" else ""
            if kind in ("include", "exists", "ip4", "ip6") and not named:
                count.wrong.append(term)
            elif kind == "include":
                _follow(facts, named, count, (*above, domain))
            elif kind not in ("ip4", "ip6"):
                _look(facts, kind, named or domain, count)
        elif (modifier := _MODIFIER.fullmatch(term)) is None:
            count.wrong.append(term)
        elif modifier[1].lower() == "redirect":
            redirect = modifier[2]
    if redirect:
        _follow(facts, redirect, count, above if not above else (*above, domain))


def _look(facts: DnsFacts, kind: str, name: str, count: SpfCount) -> None:
    count.lookups += 1
    if "%" in name or kind == "ptr":
        return
    answer = facts.ask(name, "MX") if kind == "mx" else facts.addresses(name)
    if not answer.values and not answer.failure:
        count.void.append(name)


def _follow(facts: DnsFacts, name: str, count: SpfCount, above: tuple[str, ...]) -> None:
    """Go on with the record of another name."""
    count.lookups += 1
    if "%" in name:
        return
    if name in above or len(above) >= _DEEPEST:
        count.wrong.append(f"{name} (leads back to itself)")
        return
    if facts.ask(name, "TXT").failure:
        count.failures.append(name)
        return
    found = records(facts, name)
    if len(found) != 1:
        count.missing.append(name)
        return
    _walk(facts, name, found[0], count, above)
