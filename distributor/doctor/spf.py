"""SPF of the domain of the return path (RFC 7208): the record, and what it costs receivers. Pure.

Counted is the worst case: every part is evaluated, as it is for a sender that only the last part names. Names with macros
depend on the message: they count, and are not followed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .dns_facts import DnsFacts
from .results import CheckResult, fault, passed

MOST_LOOKUPS = 10  # section 4.6.4
MOST_VOID = 2
_MOST_COUNTED = 100  # look-ups: what needs more is not followed to its end, which may be far away
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
    _walk(facts, found[0], count, (domain,), top=True)
    faults = list(_faults(domain, count))
    yield from faults
    if not faults:
        yield passed("spf", domain, f"{found[0]} ({count.lookups} of {MOST_LOOKUPS} look-ups)")


def _faults(domain: str, count: SpfCount) -> Iterator[CheckResult]:
    for name in dict.fromkeys(count.failures):
        yield fault("dns-silent", domain, f"SPF: {name} could not be looked up")
    if count.wrong:
        yield fault("spf-syntax", domain, f"cannot be read: {', '.join(dict.fromkeys(count.wrong))}")
    for name in dict.fromkeys(count.missing):
        yield fault("spf-include", domain, f"includes {name}, which has not one SPF record")
    if count.lookups > MOST_LOOKUPS:
        needed = count.lookups if count.lookups < _MOST_COUNTED else f"{_MOST_COUNTED} or more"
        yield fault("spf-lookups", domain, f"needs {needed} look-ups, of {MOST_LOOKUPS} that are allowed")
    if len(count.void) > MOST_VOID:
        yield fault("spf-void", domain, f"names what does not exist: {', '.join(dict.fromkeys(count.void))}")
    if count.last == "+all":
        yield fault("spf-open", domain, "ends with +all")
    elif count.last not in ("-all", "~all"):
        yield fault("spf-weak", domain, f"ends with {count.last or 'no all'}")


def _walk(facts: DnsFacts, record: str, count: SpfCount, names: tuple[str, ...], *, top: bool) -> None:
    """Count what the record of the last one of `names` costs; the others have led to it. `top`: its `all` is the one that
    counts."""
    redirect = None
    for term in record.split()[1:]:
        if count.lookups >= _MOST_COUNTED:
            return
        if match := _TERM.fullmatch(term):
            sign, kind, mark, rest = match[1] or "+", match[2].lower(), match[3] or "", match[4] or ""
            if not _is_sound(kind, mark, rest):
                count.wrong.append(term)
            elif kind == "all":
                count.last = f"{sign}all" if top else count.last
                return  # what stands behind it is never reached, a redirect neither
            elif kind == "include":
                _follow(facts, rest, count, names, top=False)
            elif kind not in ("ip4", "ip6"):
                _look(facts, kind, rest.partition("/")[0] if mark == ":" else names[-1], count)
        elif (modifier := _MODIFIER.fullmatch(term)) is None:
            count.wrong.append(term)
        elif modifier[1].lower() == "redirect":
            redirect = modifier[2]
    if redirect == "":
        count.wrong.append("redirect=")
    elif redirect is not None:
        _follow(facts, redirect, count, names, top=top)


def _is_sound(kind: str, mark: str, rest: str) -> bool:
    """Whether what stands behind the name of a part (section 5) can stand there; `mark` is the sign between them."""
    if kind == "all":
        return not mark
    if kind in ("include", "exists"):
        return mark == ":"
    if kind in ("ip4", "ip6"):
        _, slash, length = rest.partition("/")
        try:
            version = ipaddress.ip_network(rest, strict=False).version
        except ValueError:
            return False
        return mark == ":" and version == int(kind[-1]) and (length.isdigit() or not slash)
    return mark != ":" or not rest.startswith("/")


def _look(facts: DnsFacts, kind: str, name: str, count: SpfCount) -> None:
    count.lookups += 1
    if "%" in name or kind == "ptr":
        return
    answer = facts.ask(name, "MX") if kind == "mx" else facts.addresses(name)
    if not answer.values and not answer.failure:
        count.void.append(name)


def _follow(facts: DnsFacts, named: str, count: SpfCount, names: tuple[str, ...], *, top: bool) -> None:
    """Go on with the record of another name."""
    count.lookups += 1
    name = named.lower().rstrip(".")
    if "%" in name:
        return
    if name in names:
        count.wrong.append(f"{name} (leads back to itself)")
        return
    if facts.ask(name, "TXT").failure:
        count.failures.append(name)
        return
    found = records(facts, name)
    if len(found) != 1:
        count.missing.append(name)
        return
    _walk(facts, found[0], count, (*names, name), top=top)
