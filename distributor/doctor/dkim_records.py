"""The DKIM record of each key that signs (RFC 6376, section 3.6.1): there, and of this key. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..mail.dkim import DkimSigner
from ..mail.dkim_keys import RSA, USUAL
from .dns_facts import DnsFacts, tags
from .results import CheckResult, fault, passed


def check_dkim(facts: DnsFacts, signers: Sequence[DkimSigner], where: str) -> Iterator[CheckResult]:
    """The results for all signatures of a channel."""
    if not signers:
        yield fault("dkim-none", where, "signs no emails itself; whether the relay does cannot be seen from here")
    for signer in signers:
        yield _check_record(facts, signer)
        if signer.key.algorithm == RSA and signer.key.bits < USUAL:
            yield fault("dkim-short", signer.place, f"the key has {signer.key.bits} bits")


def _check_record(facts: DnsFacts, signer: DkimSigner) -> CheckResult:
    place, names = signer.place, {"domain": signer.domain, "selector": signer.selector}
    answer = facts.ask(place, "TXT")
    if answer.failure:
        return fault("dns-silent", place, f"DKIM could not be looked up: {answer.failure}")
    if not answer.values:
        return fault("dkim-missing", place, "has no record: no receiver can check our signature", **names)
    if len(answer.values) > 1:
        return fault("dkim-several", place, f"has {len(answer.values)} records")
    said = tags(answer.values[0])
    public = "".join(said.get("p", "").split())
    if "p" in said and not public:
        return fault("dkim-revoked", place, "the key is revoked (empty p=)")
    kind = signer.key.algorithm.partition("-")[0]
    if public != signer.key.public or said.get("k", "rsa").lower() != kind:
        return fault("dkim-other-key", place, "is the record of another key than the one that signs", **names)
    if "y" in said.get("t", "").replace(" ", "").split(":"):
        return fault("dkim-testing", place, "says that it is a test (t=y)")
    return passed("dkim", place, f"is the record of the key that signs ({kind}, {signer.key.bits} bits)")
