"""The machine and the store: space, clock, modes of files. Pure; `facts` gathers what is judged here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from .results import CheckResult, fault, passed

FULL, LOW = 100 << 20, 1 << 30  # octets free below which a disk is full, or low
OFF, WRONG = timedelta(seconds=2), timedelta(seconds=30)  # of a clock against another one


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """Space of one file system, in octets, and what the store has on it."""

    folder: Path
    free: int
    total: int
    store: int = 0


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """The clock of `other`, asked between two looks at our own; `failure` if it could not be asked."""

    other: str
    before: datetime
    at: datetime | None
    after: datetime
    failure: str = ""


def check_store(name: str, revision: str | None, damaged: Sequence[str]) -> Iterator[CheckResult]:
    """A store that could be opened and whose file is whole."""
    for one in damaged:
        yield fault("store-rows", name, one)
    if not damaged:
        yield passed("store", name, f"whole, at version {revision or 'none'}, every row can be read")


def check_disk(facts: DiskFacts) -> CheckResult:
    """Whether there is space to go on, and for a backup."""
    where, what = str(facts.folder), f"{_size(facts.free)} of {_size(facts.total)} are free"
    if facts.free < FULL:
        return fault("disk-full", where, what)
    if facts.free < max(LOW, facts.store):
        return fault("disk-low", where, f"{what}; the store has {_size(facts.store)}" if facts.store else what)
    return passed("disk", where, what)


def check_clock(facts: ClockFacts, ahead: Sequence[str], granularity: timedelta) -> Iterator[CheckResult]:
    """The clock against another one, which is known to `granularity`; `ahead` are times of the store later than now."""
    for line in ahead:
        yield fault("clock-ahead", "store", line)
    if facts.at is None:
        yield fault("clock-unknown", facts.other, f"could not be asked: {facts.failure}", folder=facts.other)
        return
    off = max(facts.before - facts.at, facts.at - facts.after, timedelta()) - granularity
    what = f"differs from this machine's by {max(off, timedelta()).total_seconds():.1f} s"
    if off > OFF:
        yield fault("clock-wrong" if off > WRONG else "clock-off", facts.other, what)
    else:
        yield passed("clock", facts.other, what)


def check_files(config: Path, config_mode: int, exposed: Sequence[Path]) -> Iterator[CheckResult]:
    """Modes of files. `exposed` are private ones that others can read, and that the program may not shut."""
    if config_mode & 0o002:
        yield fault("config-writable", str(config), "everybody on this machine can change it", path=config)
    for path in exposed:
        yield fault("file-open", str(path), "others can read it, and this could not be changed", path=path)
    if not exposed and not config_mode & 0o002:
        yield passed("files", str(config.parent), "private files are private")


def _size(octets: int) -> str:
    for unit, least in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if octets >= least:
            return f"{octets / least:,.1f} {unit}"
    return f"{octets} octets"
