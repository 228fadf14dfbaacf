"""The file of the keys: the first signs, all are known, and nobody reads half of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.errors import StoreError
from distributor.storage.key_file import new_key, put_first, read_keys


def test_the_key_that_is_put_first_signs_and_the_earlier_ones_stay(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    keys = [new_key() for _ in range(3)]
    file.write_text(f"{keys[0]}\n")
    file.chmod(0o644)
    for number in (1, 2):
        put_first(file, keys[number])
        assert read_keys(file) == tuple(key.encode() for key in reversed(keys[: number + 1]))
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("text", ["", "\n", "short", f"{'a' * 43}\nshort\n"])
def test_what_is_too_short_for_a_key_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secret.key"
    file.write_text(text)
    with pytest.raises(StoreError, match="too short to be a key"):
        read_keys(file)
    with pytest.raises(StoreError):
        put_first(file, new_key())
    assert file.read_text() == text


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        read_keys(tmp_path / "secret.key")
