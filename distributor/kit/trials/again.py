"""The promises about what is done again, or by two at a time, each with its trial: the faults found, in words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...attempt import MemorySteps
from ...channel import Post
from ...errors import Uncertain
from .evidence import Evidence, NotPromised
from .far_end import Request, TrialClient
from .trial import USUAL, ActRun, Scenario, Trial, call_shown
from .truth import wrong_outcome
from .watch import observe


async def repeatable(evidence: Evidence) -> list[str]:
    trial = evidence.trial
    if not trial.cls.repeatable:
        raise NotPromised("it declares that publishing again has an effect, so nothing is published again by itself")
    found: list[str] = []
    for number, content in enumerate(trial.contents):
        first = await trial.run("publish", content=number)
        before = _snapshot(trial.folder)
        again = await trial.run("publish", content=number, before=first)
        if _snapshot(trial.folder) != before:
            found.append(f"{content.variant}: files are written again")
        calls = [call_shown(request) for request in first.requests]
        if new := [request.name for request in again.requests if call_shown(request) not in calls]:
            found.append(f"{content.variant}: {new[0]} is another request the second time, so it has another effect")
    return found


def _snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Every file below a folder: bytes, identity and time of its last change."""
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_ino, file.stat().st_mtime_ns)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


async def interrupted(evidence: Evidence) -> list[str]:
    runs = (await evidence.usual())["publish"]
    if not any(run.requests for run in runs):
        raise NotPromised("it makes no requests")
    found = []
    for usual in runs:
        if usual.scenario.refused or isinstance(usual.outcome, BaseException):
            continue
        for request in usual.requests:
            for when in ("before", "after"):
                found += await _cut(evidence.trial, usual, request, when)
    return list(dict.fromkeys(found))


async def _cut(trial: Trial, usual: ActRun, at: Request, when: str) -> list[str]:
    """Let an attempt die at a request, and go on as the engine does."""
    carrying = trial.carrying(usual)
    first = await trial.run("publish", usual.scenario, cut=(at.number, when))
    where = f"publish ({usual.scenario.name}), cut off {when} {at.name}"
    if not first.came.died:
        return [f"{where}: it goes on although it was cancelled"]
    out = any(request.name == carrying and request.arrived for request in first.requests)
    if not trial.cls.repeatable and trial.cls.can("find"):
        looked = await trial.run("find", usual.scenario, before=first)
        if any(trial.is_upload(request) or request.name == carrying for request in looked.requests):
            return [f"{where}: looking for the post posts"]
        if fault := wrong_outcome("find", looked.outcome):
            return [f"{where}: find: {fault}"]
    if out and not trial.cls.repeatable:
        return []  # `find` has found it, or staff look
    for name in [name for name, result in first.steps.results.items() if result is None and not trial.cls.repeatable]:
        await first.steps.forget(name)
    again = await trial.run("publish", usual.scenario, before=first)
    return [f"{where}: {fault}" for fault in _twice(trial, first, again, at, when, carrying)]


def _twice(trial: Trial, first: ActRun, again: ActRun, at: Request, when: str, carrying: str) -> Iterator[str]:
    if isinstance(again.outcome, BaseException) and not isinstance(again.outcome, Uncertain):
        yield f"the further attempt ends with {type(again.outcome).__name__}: {str(again.outcome)[:200]}"
    uploads = [request.number for request in first.requests if trial.is_upload(request) and request.arrived]
    saved = [number for number in uploads if (number, "after") != (at.number, when)]
    brought = sum(trial.is_upload(request) for request in again.requests)
    wanted = sum(trial.is_upload(request) for request in first.requests if request.number not in saved)
    if saved and brought > max(wanted, 0) + _still_to_come(trial, first):
        yield "what was uploaded before is uploaded again: wrap it in `attempt.once`"
    posts = sum(request.name == carrying for request in again.requests)
    if posts > 1:
        yield f"it makes {carrying} {posts} times"


def _still_to_come(trial: Trial, first: ActRun) -> int:
    """How many pictures of the post had not been brought when the first attempt died."""
    content = trial.contents[0]
    pictures = len(content.pictures) if isinstance(content, Post) else 0
    return max(pictures - sum(trial.is_upload(request) for request in first.requests), 0)


async def renewed_once(evidence: Evidence) -> list[str]:
    runs = (await evidence.usual())["publish"]
    usual = {name for run in runs if run.scenario == USUAL or run.scenario.thread for name in run.names}
    found, tried = [], False
    for run in runs:
        renewals = [name for name in dict.fromkeys(run.names) if name not in usual or name in run.state.asked]
        if not renewals or run.scenario.refused in renewals:
            continue
        tried = True
        found += await _two_at_a_time(evidence.trial, run.scenario, {name: run.names.count(name) for name in renewals})
    if not tried:
        raise NotPromised("it renews nothing")
    return list(dict.fromkeys(found))


async def _two_at_a_time(trial: Trial, scenario: Scenario, renewals: Mapping[str, int]) -> list[str]:
    """Let two attempts act together. `renewals` says how often one alone makes the requests of a renewal."""
    manners = {scenario.refused: "401"} if scenario.refused else {}
    trial.there.begin(manners, once=bool(manners))
    trial.there.together = 2
    state, marks = trial.new_state(scenario), iter(range(1, 1000))
    trial.there.changed = lambda request, answer: (
        _with_mark(answer, next(marks)) if request.name in renewals else answer
    )
    clients = [TrialClient(trial.channel.http, trial.there) for _ in range(2)]
    state.client = clients[0]
    attempts = [trial.attempt(client, MemorySteps(), state, scenario, content=0, number=1) for client in clients]
    acts = asyncio.gather(*(trial.act("publish", attempt) for attempt in attempts), return_exceptions=True)
    await observe(acts, trial.patience * 2)
    names = [request.name for request in trial.there.requests]
    return [
        f"two attempts at a time ({scenario.name}) ask for {name} {names.count(name)} times: use `attempt.state.renew`"
        for name, alone in renewals.items()
        if names.count(name) > alone
    ]


def _with_mark(answer: object, number: int, key: str = "") -> object:
    """An answer whose tokens are new each time."""
    if isinstance(answer, dict):
        return {name: _with_mark(inner, number, name) for name, inner in answer.items()}
    if isinstance(answer, list):
        return [_with_mark(inner, number, key) for inner in answer]
    secret = any(word in key.lower() for word in ("token", "jwt"))
    return f"{answer}{number}" if isinstance(answer, str) and secret else answer
