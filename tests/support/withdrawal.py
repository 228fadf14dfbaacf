"""The world moves while an edition is made: what was withdrawn meanwhile does not go out, what went out is not lost."""

from __future__ import annotations

from distributor import pipeline
from distributor.model import Notice, NoticeKind
from support.clocked_newsroom import Line


def plan(line: Line, id: str, kind: NoticeKind = NoticeKind.WITHDRAWAL) -> pipeline.CorrectionPlan:
    return pipeline.plan_correction(line.newsroom, line.store, id, Notice(kind, "", line.now), mail=False)


def withdraw(line: Line, id: str) -> None:
    pipeline.apply_correction(line.newsroom, line.store, plan(line, id), "Lan")
