"""Whether links answer: only what is certain is told, nobody is hurried, and time is bounded."""

from __future__ import annotations

from dataclasses import dataclass

from distributor.preflight.findings import CHECKS


@dataclass(frozen=True)
class Case:
    check: str


CASES: list[Case] = [Case("dead-link"), Case("dead-links"), Case("no-answer")]
