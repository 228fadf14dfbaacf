"""The promise suite of channels: tries a channel against every promise of the contract, on this machine, with no account.

    from distributor.kit.channel_testing import broken_promises

    def test_all_promises_are_kept():
        assert broken_promises(Path("channels/mine.py")) == []

A server on 127.0.0.1 answers each request as `example_answer` says, or misbehaves in one of twenty manners; each request of
each act is made to misbehave in turn. Nothing leaves the machine. `distributor channels test NAME` does the same.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..channel import Channel
from ..errors import UserError
from ..plugins.registry import channels
from .promises import PromiseResult
from .trials.evidence import Evidence, Misbehaviour, NotPromised
from .trials.far_end import far_end
from .trials.promises import PROMISES, Promise
from .trials.samples import Subject, subject_of
from .trials.trial import Trial
from .trials.watch import PATIENCE

__all__ = ["PROMISES", "PromiseResult", "broken_promises", "check_promises", "load_channel", "try_channel"]

Tell = Callable[[str], None]


def check_promises(
    type_name: str,
    settings: dict[str, Any] | None = None,
    folder: Path = Path(),
    *,
    requests: Collection[str] = (),
    tell: Tell | None = None,
) -> Sequence[PromiseResult]:
    """Try a channel type with settings of config.yaml, or with the example of its manual where they are None. `folder` is
    the newsroom's. Raises UserError for a type that cannot be loaded."""
    given = {key: value for key, value in settings.items() if key not in ("type", "name")} if settings else None
    cls = channels.find(type_name)
    return try_channel(cls, given, requests=requests, newsroom=folder, tell=tell)


def broken_promises(file: Path, settings: dict[str, Any] | None = None) -> list[str]:
    """The promises that the channel in a file breaks, each with the reason: for a test of it. Raises UserError."""
    load_channel_class(file)
    found = check_promises(file.stem, settings, file.absolute().parents[1])
    return [f"{one.promise}: {one.why}" for one in found if one.kept is False]


def load_channel(file: Path, **settings: Any) -> Channel:
    """The channel in a file with settings as config.yaml has them: for a test of what it composes or does. Raises UserError,
    and ValueError for settings that it does not take."""
    return Subject(load_channel_class(file), settings).build(file.absolute().parents[1])


def load_channel_class(file: Path) -> type[Channel]:
    """The class in a file of a newsroom's `channels/` folder. Raises UserError, with file and line."""
    if not file.is_file():
        raise UserError(f"{file}: there is no such file")
    channels.join(file.absolute().parent)
    return channels.find(file.stem)


def try_channel(
    cls: type[Channel],
    settings: Mapping[str, Any] | None = None,
    *,
    promises: Collection[str] = (),
    requests: Collection[str] = (),
    newsroom: Path | None = None,
    patience: float = PATIENCE,
    tell: Tell | None = None,
) -> list[PromiseResult]:
    """Try a channel type, with the settings of the example in its manual or those given (as config.yaml has them).

    `promises` are the names of those to try, all where empty; `requests` the acts and the names of requests that are made to
    misbehave. `newsroom` is the folder whose templates are used. `patience` is in seconds, for one act. `tell` hears of each
    misbehaviour and what came of it. Call it outside of a running event loop.
    """
    wanted = [promise for promise in PROMISES if not promises or promise.name in promises]
    try:
        subject = subject_of(cls, settings, newsroom=newsroom)
    except ValueError as error:
        return [_failed("manual", str(error))]
    with tempfile.TemporaryDirectory(prefix="trial-") as folder:
        place = Path(folder).resolve()
        return asyncio.run(_try(subject, wanted, frozenset(requests), place, patience, tell))


async def _try(
    subject: Subject, wanted: list[Promise], only: frozenset[str], folder: Path, patience: float, tell: Tell | None
) -> list[PromiseResult]:
    cls = subject.cls
    try:
        channel = subject.build(folder)
    except ValueError as error:
        return [_failed("manual", f"these settings cannot be used: {error}")]
    async with far_end(cls.example_answer, cls.example_gone) as there:
        try:
            trial = Trial(subject, channel, folder, there, patience, only=only)
        except Exception as error:
            return [_failed("pure", f"composing raises {type(error).__name__}: {str(error)[:300]}")]
        evidence = Evidence(trial)
        results = [await _one(promise, evidence) for promise in wanted]
        for one in evidence.tried if tell else ():
            assert tell
            tell(_told(one))
        return results


async def _one(promise: Promise, evidence: Evidence) -> PromiseResult:
    try:
        faults = list(await promise.check(evidence))
    except NotPromised as error:
        return PromiseResult(str(promise), None, str(error))
    except Exception as error:  # the adapter's own, raised where a promise looks at it
        faults = [f"{type(error).__name__}: {str(error)[:300]}"]
    more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
    return PromiseResult(str(promise), not faults, "; ".join(faults[:5]) + more)


def _told(one: Misbehaviour) -> str:
    outcome = one.run.outcome
    shown = f"{type(outcome).__name__}: {outcome}" if isinstance(outcome, BaseException) else repr(outcome)
    return f"{one} -> {shown[:200]}"


def _failed(name: str, why: str) -> PromiseResult:
    return PromiseResult(next(str(promise) for promise in PROMISES if promise.name == name), False, why)
