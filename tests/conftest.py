"""Shared by all tests. In CI nothing may be skipped: there a skip is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from distributor.storage.database import Database

# CI looks at each change with two processors; whoever works on the tests, and `make fuzz`, look further. `make unit` looks
# less far (`--hypothesis-profile=unit`); see also `support.effort`.
# Slow input is no fault: it depends on what else the machine does.
settings.register_profile("ci", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("unit", max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
if os.environ.get("CI"):
    settings.load_profile("ci")

_HERE = Path(__file__).parent
# What these start: a server, or a process for each source that a command of a whole newsroom reads.
_REAL_FIXTURES = frozenset({"postgresql_url", "room"})
# Loaded in the order of their names, so that one may import those before it only.
pytest_plugins = [f"support.{path.stem}" for path in sorted((_HERE / "support").glob("*.py"))]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where everything must run: {report.longrepr}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests below tests/real start servers or processes, and so do those on PostgreSQL and those that run commands on a
    whole newsroom: `make unit` leaves them out. Each worker of xdist begins with its share of them, as they wait and the
    others compute: so no processor is idle, and the longest do not come last."""
    for item in items:
        if (
            item.path.is_relative_to(_HERE / "real")
            or "postgresql" in item.name
            or not _REAL_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        ):
            item.add_marker(pytest.mark.real)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    real = [item for item in items if item.get_closest_marker("real")]
    quick = [item for item in items if not item.get_closest_marker("real")]
    # `--dist worksteal` gives each worker an equal part of the list, in one piece.
    items[:] = [item for worker in range(workers) for item in (*real[worker::workers], *_part(quick, worker, workers))]


def _part(items: list[pytest.Item], number: int, of: int) -> list[pytest.Item]:
    """One of several parts in one piece, so that what tests of a module share is made once."""
    return items[number * len(items) // of : (number + 1) * len(items) // of]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Twice as many as there are processors: many tests wait, for servers, for time to pass."""
    return (os.cpu_count() or 1) * 2 if "not real" not in config.getoption("-m") else os.cpu_count() or 1


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty store, up to date; on each database that there is. Every test of the store runs on both."""
    url = "sqlite:///store.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")()
    opened = Database.open(url, tmp_path)
    opened.migrate()
    yield opened
    opened.close()
