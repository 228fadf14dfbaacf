"""config.yaml: read, filled from the environment, and every fault told at once with its key path and line."""

from __future__ import annotations

from datetime import timedelta

import pytest

from distributor.config import types


@pytest.mark.parametrize(
    ("text", "value"),
    [("90s", 90), ("15m", 900), ("24h", 86400), ("3d", 259200), ("2w", 1209600), ("1h 30m", 5400)],
)
def test_durations_are_written_with_units(text: str, value: int) -> None:
    assert types.parse_duration(text) == timedelta(seconds=value)
    assert types.parse_duration(types.show_duration(timedelta(seconds=value))) == timedelta(seconds=value)
