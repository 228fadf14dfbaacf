"""The table of the large providers' rules."""

from __future__ import annotations

from distributor.doctor.providers import PROVIDERS, RULES, RuleState, judge_rules
from distributor.doctor.results import CheckResult, fault, passed


def states(results: list[CheckResult]) -> dict[str, RuleState]:
    """By the first two words of each rule."""
    return {" ".join(one.rule.split(" ")[:2]): one.state for one in judge_rules(results)}


GOOD = [passed(name, "x", "y") for name in ("spf", "dkim", "dmarc", "relay", "one-click", "sender", "mx")]


def test_a_good_sender_keeps_every_rule_that_can_be_seen_from_here() -> None:
    found = judge_rules(GOOD)
    assert [one.rule for one in found if one.state is RuleState.FAIL] == []
    unknown = [one for one in found if one.state is RuleState.UNKNOWN]
    assert {one.rule.split(" ")[0] for one in unknown} == {"The", "Complaints"}, "PTR of the relay, and complaints"
    assert all(one.todo for one in unknown)


def test_what_is_broken_fails_with_the_remedy_of_the_check() -> None:
    broken = fault("dmarc-missing", "bacson.example", "has no DMARC record", domain="bacson.example")
    (rule,) = [one for one in judge_rules([*GOOD, broken]) if one.state is RuleState.FAIL]
    assert (rule.rule.split(" ")[0], rule.todo) == ("DMARC", broken.remedy)


def test_a_warning_breaks_the_rules_that_name_it_only() -> None:
    assert states([*GOOD, fault("relay-clear", "x", "y")])["Emails travel"] is RuleState.FAIL
    assert states([*GOOD, fault("relay-pipelining", "x", "y")])["Emails travel"] is RuleState.PASS
    assert states([*GOOD, fault("spf-weak", "x", "y")])["SPF passes"] is RuleState.PASS


def test_nothing_is_passed_that_nobody_has_looked_at() -> None:
    found = judge_rules([])
    decided = {rule.rule for rule in RULES if rule.checks}
    assert {one.state for one in found if one.rule in decided} == {RuleState.UNKNOWN}
    assert states([*GOOD, fault("dkim-none", "x", "y")])["DKIM passes"] is RuleState.UNKNOWN


def test_every_rule_is_of_providers_that_there_are() -> None:
    assert all(set(rule.of) <= set(PROVIDERS) and rule.of for rule in RULES)
