"""What the large providers of mailboxes ask of bulk senders, and whether this newsroom keeps it. Pure.

The rules are those of Google's "Email sender guidelines", Yahoo's "Sender best practices" and Microsoft's rules for
Outlook.com, each for senders of more than about 5,000 emails a day; smaller ones do well to keep them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .results import CheckResult, CheckState

PROVIDERS = ("Gmail", "Yahoo", "Outlook.com")


class RuleState(StrEnum):
    """Whether a rule is kept."""

    PASS = "pass"  # noqa: S105  no password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRule:
    """A rule: who has it, the checks that decide it, and the warnings that break it as well. Without `checks` it is decided
    by `always`, for the reason in `todo`, which else says what to do where nobody could look."""

    rule: str
    of: tuple[str, ...] = PROVIDERS
    checks: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    always: RuleState = RuleState.UNKNOWN
    todo: str


@dataclass(frozen=True, slots=True)
class RuleResult:
    """A line of the table."""

    rule: str
    providers: tuple[str, ...]
    state: RuleState
    todo: str = ""


RULES = (
    ProviderRule(
        rule="SPF passes for the return path",
        checks=("spf",),
        todo="publish an SPF record that names the relay; send one email to a mailbox there and look at its headers",
    ),
    ProviderRule(
        rule="DKIM passes",
        checks=("dkim",),
        todo="sign with a key of your own (docs/dkim.md), or see in a received email that the relay signs for your domain",
    ),
    ProviderRule(
        rule="DMARC record (p=none at least), and the sender's domain agrees with SPF or DKIM",
        checks=("dmarc",),
        todo="publish a DMARC record, and sign with a key of the sender's domain",
    ),
    ProviderRule(
        rule="The sending address has a name that points back to it (PTR)",
        of=("Gmail", "Yahoo"),
        checks=("ptr",),
        todo="the relay's addresses send: who runs it answers for their names",
    ),
    ProviderRule(
        rule="Emails travel over TLS",
        of=("Gmail",),
        checks=("relay",),
        breaks=("relay-clear",),
        todo="set tls to starttls or tls; beyond the relay, who runs it answers for it",
    ),
    ProviderRule(
        rule="Unsubscribing by one click (RFC 8058), and a link in the email",
        checks=("one-click",),
        breaks=("one-click-setup",),
        todo="set web.url to a public https address: docs/proxy.md",
    ),
    ProviderRule(
        rule="Who unsubscribes gets nothing more after two days",
        always=RuleState.PASS,
        todo="the list is read again in the moment in which each email is sent",
    ),
    ProviderRule(
        rule="The sender's address is of your own domain",
        checks=("sender",),
        todo="write from a domain of your own",
    ),
    ProviderRule(
        rule="The addresses for replies and bounces receive mail",
        checks=("mx",),
        todo="use addresses that receive mail",
    ),
    ProviderRule(
        rule="Emails are formed as RFC 5322 wants",
        always=RuleState.PASS,
        todo="preflight examines the bytes of each edition: docs/preflight.md",
    ),
    ProviderRule(
        rule="HTML below 102 kB, or the end with the link is cut off",
        of=("Gmail",),
        always=RuleState.PASS,
        todo="preflight examines the size of each edition: docs/preflight.md",
    ),
    ProviderRule(
        rule="Complaints below 0.1 %, never 0.3 %",
        todo="cannot be seen from here: Google Postmaster Tools, Yahoo's Sender Hub and Microsoft's SNDS show it",
    ),
)


def judge_rules(results: Sequence[CheckResult]) -> list[RuleResult]:
    """The table, from what the checks have found."""
    return [_judge(rule, results) for rule in RULES]


def _judge(rule: ProviderRule, results: Sequence[CheckResult]) -> RuleResult:
    if not rule.checks:
        return RuleResult(rule.rule, rule.of, rule.always, rule.todo)
    seen = [one for one in results if one.check in rule.checks]
    against = [one for one in seen if one.state is CheckState.BROKEN or one.fault in rule.breaks]
    if against:
        return RuleResult(rule.rule, rule.of, RuleState.FAIL, against[0].remedy)
    unknown = [one for one in seen if one.state is CheckState.UNKNOWN]
    if not seen or unknown:
        return RuleResult(rule.rule, rule.of, RuleState.UNKNOWN, unknown[0].remedy if unknown else rule.todo)
    return RuleResult(rule.rule, rule.of, RuleState.PASS)
