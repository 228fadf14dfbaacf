"""The digest: in order, readable, the same stories in both parts, and nothing a source writes can act in it."""

from __future__ import annotations

import pytest

from distributor.color import contrast


def test_contrast_is_measured_as_the_guidelines_say() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
