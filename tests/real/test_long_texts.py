"""No text from outside keeps us busy: what reads it takes time that grows with its length and no faster."""

from __future__ import annotations

import pytest

from distributor.isolated_child import ChildLimits
from distributor.isolation import call_isolated
from real import long_texts

LIMITS = ChildLimits(seconds=250, processor_seconds=120, memory=1024 * 1024 * 1024)


@pytest.mark.parametrize("name", long_texts.TARGETS)
def test_a_long_text_takes_no_longer_than_its_length(name: str) -> None:
    """In a process of its own: a pattern that backtracks cannot be interrupted. One that never ends is killed, with the
    text named that it did not come to the end of."""
    assert call_isolated(long_texts.slow, name, limits=LIMITS) == []
