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


@pytest.mark.parametrize("sign", [" ", "\t", "\n", "\u00a0", "\u200b", "\x00"])
@pytest.mark.parametrize("url", ["https://bac{}son.example", "https://bacson.example/a{}b"])
def test_an_address_of_the_web_has_no_spaces_and_no_invisible_characters(url: str, sign: str) -> None:
    assert types.web_url(url.format("")) == url.format("")
    with pytest.raises(ValueError, match="contains a space or an invisible character"):
        types.web_url(url.format(sign))
