"""Newsrooms that many tests begin with. Each is made once in a run, and every test gets a copy that is its own: folder,
store and clock. To copy one takes 50 ms on SQLite; to let a day of it pass takes half a second."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distributor import pipeline
from support.clocked_newsroom import Line
from support.newsroom import Room
from support.postgresql import Cluster

Prepare = Callable[[Line], object]
Prepared = Callable[[Line, Prepare], Line]
PrepareRoom = Callable[[Room], object]
PreparedRoom = Callable[[PrepareRoom], Room]
MadeLines = dict[tuple[Prepare, bool], Line]

_OF_EACH = {"folder", "new_store", "_newsroom", "_store"}


@pytest.fixture(scope="session")
def made_lines() -> MadeLines:
    return {}


@pytest.fixture
def prepared(
    request: pytest.FixtureRequest, made_lines: MadeLines, tmp_path_factory: pytest.TempPathFactory
) -> Prepared:
    """`prepared(line, prepare)`: a line that nothing has happened to becomes a copy of one that was given to `prepare`."""

    def begin(line: Line, prepare: Prepare) -> Line:
        cluster = request.getfixturevalue("cluster") if line.new_store else None
        key = (prepare, cluster is not None)
        if key not in made_lines:
            made_lines[key] = _make(tmp_path_factory.mktemp("prepared"), prepare, cluster)
        return _copy(made_lines[key], line, cluster)

    return begin


def _make(folder: Path, prepare: Prepare, cluster: Cluster | None) -> Line:
    line = Line(folder, new_store=cluster.kept_store if cluster else None)
    prepare(line)
    line.close()
    return line


def _copy(first: Line, line: Line, cluster: Cluster | None) -> Line:
    """The same of everything; the store is claimed, as it belongs to another folder now."""
    shutil.copytree(first.folder, line.folder, symlinks=True, dirs_exist_ok=True)
    values: dict[str, Any] = {name: value for name, value in vars(first).items() if name not in _OF_EACH}
    for name, value in copy.deepcopy(values).items():
        setattr(line, name, value)
    if cluster:
        line.url = cluster.begun_from(first.url)
        line.config = line.config.replace(first.url, line.url)
        line.new_store = None
    line.open_again()
    pipeline.claim_store(line.newsroom, line.store, line.now)
    return line


@pytest.fixture(scope="session")
def made_rooms() -> dict[PrepareRoom, Path]:
    return {}


@pytest.fixture
def prepared_room(
    room: Room, made_rooms: dict[PrepareRoom, Path], tmp_path_factory: pytest.TempPathFactory
) -> PreparedRoom:
    """The same for the newsroom of the command line: `prepared_room(prepare)`."""

    def begin(prepare: PrepareRoom) -> Room:
        if prepare not in made_rooms:
            made_rooms[prepare] = tmp_path_factory.mktemp("prepared") / "newsroom"
            shutil.copytree(room.folder, made_rooms[prepare])
            prepare(Room(made_rooms[prepare], room.run_here))
        shutil.rmtree(room.folder)
        shutil.copytree(made_rooms[prepare], room.folder, symlinks=True)
        room.good("store", "claim", "--yes")
        return room

    return begin


@pytest.fixture
def lived_in(prepared_room: PreparedRoom) -> Room:
    """A newsroom in which everything has happened once."""
    return prepared_room(let_everything_happen)


def let_everything_happen(room: Room) -> None:
    """An edition is out, a mark, a correction, a suppression stand."""
    room.good("gather")
    room.good("send", "tin-sang", "--yes")
    ids = sorted(one["id"] for one in room.run("articles", "--json").json)
    room.good("articles", "hold", ids[0], "-m", "một lúc")
    room.good("articles", "correct", ids[1], "--note", "Sửa số liệu", "--yes")
    room.good("suppressions", "add", "binh@example.com")
    room.write("ba", "Tin thứ ba trong ngày hôm nay", date="2026-11-20 10:00")
