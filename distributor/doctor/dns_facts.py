"""What DNS has answered, as a value that checks read. Pure.

A check asks `DnsFacts` as if it knew everything. What it does not know yet it notes down and answers with nothing;
`dns_client.settle` looks that up and lets the checks run again, until they ask for nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """The values of a record set as text: TXT joined, MX as `10 host`, names without the last dot. None where there is no
    such record; `failure` says why nobody knows."""

    values: tuple[str, ...] = ()
    failure: str = ""


Question = tuple[str, str]  # a name in lower case without the last dot, and a type: TXT, MX, A, AAAA, PTR


@dataclass(slots=True)
class DnsFacts:
    """The answers so far, and the questions that stand open. `given_up` says why no more are asked, once that is so."""

    answers: Mapping[Question, DnsAnswer] = field(default_factory=dict)
    open: set[Question] = field(default_factory=set)
    given_up: str = ""

    def ask(self, name: str, kind: str) -> DnsAnswer:
        """The answer; an empty one for what is not known yet, and a failure for what is not asked any more."""
        question = (name.lower().rstrip("."), kind)
        answer = self.answers.get(question)
        if answer is None:
            self.open.add(question)
            return DnsAnswer(failure=self.given_up)
        return answer

    def addresses(self, name: str) -> DnsAnswer:
        """The IPv4 and IPv6 addresses of a name."""
        both = [self.ask(name, kind) for kind in ("A", "AAAA")]
        values = tuple(value for one in both for value in one.values)
        return DnsAnswer(values, "" if values else both[0].failure or both[1].failure)


def tags(record: str) -> dict[str, str]:
    """`v=DMARC1; p=none` as a mapping: names in lower case, spaces around values taken off."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}
