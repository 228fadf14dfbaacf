"""What reads a source has a name, so that what another reader has read is read again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from distributor.gathering import reader_version
from distributor.gathering.reader_version import reader_of
from distributor.gathering.sources.feed import FeedSource

SOURCE = FeedSource(name="a", url="https://a.example/rss")


def test_the_same_settings_are_the_same_reader() -> None:
    assert reader_of(SOURCE) == reader_of(FeedSource(name="a", url="https://a.example/rss"))
    assert len(reader_of(SOURCE)) == 64


@pytest.mark.parametrize("changed", [{"max_articles": 5}, {"topics": ("Kinh tế",)}, {"every": timedelta(hours=2)}])
def test_any_other_setting_is_another_reader(changed: dict[str, object]) -> None:
    assert reader_of(FeedSource(name="a", url="https://a.example/rss", **changed)) != reader_of(SOURCE)  # type: ignore[arg-type]


def test_another_version_of_the_program_is_another_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reader_of(SOURCE)
    monkeypatch.setattr(reader_version, "__version__", "99")
    reader_version._code_of.cache_clear()
    assert reader_of(SOURCE) != before
    reader_version._code_of.cache_clear()
