"""Drafts are told, approved, held or cancelled; just before they go out they are looked at once more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from distributor.config.schema import Review
from distributor.editions.review import DraftStep, next_step
from support.builders import NOW

DUE = NOW + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("said", "silence", "later", "step"),
    [
        ([], "send", 0, DraftStep.WAIT),
        (["approved"], "hold", 0, DraftStep.WAIT),
        ([], "send", 30, DraftStep.RELEASE),
        ([], "hold", 30, DraftStep.HOLD),
        ([], "skip", 30, DraftStep.SKIP),
        (["approved"], "skip", 30, DraftStep.RELEASE),
        (["approved", "held"], "send", 30, DraftStep.WAIT),
        (["held", "told", "approved"], "hold", 90, DraftStep.RELEASE),
    ],
)
def test_whoever_spoke_last_counts_and_silence_has_a_rule(
    said: list[str], silence: Any, later: int, step: DraftStep
) -> None:
    now = NOW + timedelta(minutes=later)
    assert next_step(["drafted", *said], DUE, Review(if_unanswered=silence), now)[0] is step
