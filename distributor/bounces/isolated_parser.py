"""Returned mails are read in a child process, as anybody can write to the address that bounces go to."""

from __future__ import annotations

from pydantic import TypeAdapter

from ..isolation import ChildLimits, ChildProcess
from . import parser
from .parser import BounceReport

LIMITS = ChildLimits(seconds=20.0, processor_seconds=10, memory=256 * 1024 * 1024, answer=10_000_000)

_reports = TypeAdapter(tuple[BounceReport, ...])


class IsolatedBounceParser:
    """Reads one mail after the other. `secrets` are those that sign our tokens."""

    def __init__(self, secrets: tuple[bytes, ...], *, limits: ChildLimits = LIMITS) -> None:
        self._secrets = secrets
        self._child = ChildProcess(_parse, limits=limits)

    def read(self, raw: bytes) -> tuple[BounceReport, ...]:
        """The reports in a mail; none where it is no report. Raises LimitExceeded where it does not let itself be read."""
        return _reports.validate_json(self._child.call(raw, self._secrets))

    def __enter__(self) -> IsolatedBounceParser:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.close()


def _parse(raw: bytes, secrets: tuple[bytes, ...]) -> bytes:
    return _reports.dump_json(parser.parse_reports(raw, secrets))
