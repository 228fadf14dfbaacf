"""What every source keeps: the promise suite of `distributor sources test`, over each of ours and the one to start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.cli.context import CliContext
from distributor.cli.plugin_author import write_skeleton
from distributor.kit.source_testing import broken_promises, check_promises
from distributor.plugins import registry


@pytest.mark.real
@pytest.mark.parametrize("type_name", registry.sources.names())
def test_each_of_ours_keeps_every_promise(type_name: str, tmp_path: Path) -> None:
    found = check_promises(type_name, folder=tmp_path)
    assert [str(one) for one in found if one.kept is False] == []
    assert sum(one.kept is True for one in found) >= (2 if type_name == "push" else 14)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A newsroom folder with the source that `sources new` writes."""
    write_skeleton(CliContext(config=tmp_path / "config.yaml"), "sources", "tin_moi")
    yield tmp_path / "sources" / "tin_moi.py"
    registry.sources.leave(tmp_path / "sources")


@pytest.mark.real
def test_the_one_to_start_from_keeps_every_promise_and_none_is_left_out(own: Path) -> None:
    assert broken_promises(own) == []
    assert [str(one) for one in check_promises("tin_moi", only="secrets") if one.kept is None] == []
