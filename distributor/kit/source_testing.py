"""The promise suite of sources: what docs/adding-a-source.md says that a source does, tried one by one.

`distributor sources test` and a test of one's own run it anywhere: a server on this machine plays the far end, refuses,
drips, lies; documents go wrong in every way. Each gather runs in a child process, as ever. What a promise is tried with
comes from the `samples` of the class; without them only what needs none is tried.
"""

from __future__ import annotations

import asyncio
import dataclasses
import pickle
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..plugins import registry
from ..source import SampleAnswer, Source
from .promises import PromiseResult
from .source_documents import document_promises
from .source_far_end import availability_promises, failure_promises, paging_promises, secret_promises
from .source_trial import NOW, TrialSource, build_trial_source
from .source_trials import Promised, Trials, judge

__all__ = ["broken_promises", "check_promises", "load_source"]


def check_promises(
    type_name: str,
    settings: dict[str, Any] | None = None,
    folder: Path = Path(),
    *,
    samples: Sequence[SampleAnswer] = (),
    only: str = "",
) -> list[PromiseResult]:
    """Every promise of a source type, with settings as config.yaml gives them, or those of the example in its manual.
    `folder` is the newsroom; `samples` take the place of those of the class; `only` are words of the promises that are
    tried, all without any. Raises UserError where it cannot be built."""
    made = build_trial_source(type_name, settings, folder.absolute(), samples)
    return asyncio.run(_check(made, only))


def broken_promises(file: Path, settings: dict[str, Any] | None = None) -> list[str]:
    """The promises that the source in a file breaks, each with the reason: for a test of it. Raises UserError."""
    load_source_class(file)
    found = check_promises(file.stem, settings, file.absolute().parents[1])
    return [f"{one.promise}: {one.why}" for one in found if one.kept is False]


def load_source(file: Path, **settings: Any) -> Source:
    """The source in a file, with these settings as they are: for a test of its reading. Raises UserError."""
    return load_source_class(file)(**{"name": file.stem, **settings})


def load_source_class(file: Path) -> type[Source]:
    """The class in a file of a newsroom's `sources/` folder. Raises UserError, with file and line."""
    if not file.is_file():
        raise UserError(f"{file}: there is no such file")
    registry.sources.join(file.absolute().parent)
    return registry.sources.find(file.stem)


async def _check(made: TrialSource, only: str) -> list[PromiseResult]:
    trials = Trials(made)
    promises: list[Promised] = [
        ("it is a frozen dataclass that can be copied to another process", _is_copied),
        ("what it logs in with can be sent", _logs_in),
    ]
    if made.source.takes_pushes:
        return [await judge(promise, check, trials) for promise, check in promises]
    promises += [
        ("it reads its samples, without a fault", _reads_samples),
        ("the same answers give the same articles, whenever it is", _is_pure),
        ("each article has something that identifies it next time", _identifies),
    ]
    groups: list[Callable[[], list[Promised]]] = [lambda: document_promises(trials)]
    if made.source.remote:
        groups += [
            failure_promises,
            lambda: paging_promises(trials),
            lambda: secret_promises(trials),
            availability_promises,
        ]
    else:
        promises.append(("what is not there is a SourceError, and not “no articles”", _misses_nothing))
    await trials.prepare()
    promises += [promised for group in groups for promised in group()]
    limit = asyncio.Semaphore(3)

    async def one(promise: str, check: Callable[[Trials], Awaitable[str | None]]) -> PromiseResult:
        async with limit:
            return await judge(promise, check, trials)

    return list(await asyncio.gather(*(one(*promised) for promised in promises if only in promised[0])))


# -- what needs no server ------------------------------------------------------------------------------------------------


async def _is_copied(trials: Trials) -> str | None:
    source = trials.made.source
    if not (dataclasses.is_dataclass(source) and getattr(type(source), "__dataclass_params__").frozen):  # noqa: B009
        return "write @dataclass(frozen=True, kw_only=True) above the class"
    try:
        same = pickle.loads(pickle.dumps(source)) == source  # noqa: S301 (our own bytes)
    except Exception as error:
        return f"its settings must be plain values: {type(error).__name__}: {error}"
    return None if same else "its copy is not equal to it"


async def _logs_in(trials: Trials) -> str | None:
    from ..source import credentials_of

    try:
        credentials_of(trials.made.source)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


async def _reads_samples(trials: Trials) -> str | None:
    outcome = trials.need_honest()
    if outcome.failure or outcome.error:
        return outcome.failure or str(outcome.error)
    assert outcome.result is not None
    if outcome.result.faults:
        return str(outcome.result.faults[0])
    return None if outcome.result.articles else "it found no article in them"


async def _is_pure(trials: Trials) -> str | None:
    first = trials.need_articles()
    again = await trials.gather_samples(now=NOW.replace(year=NOW.year + 1))
    if again.result is None:
        return again.failure or str(again.error)
    if list(again.result.articles) == list(first):
        return None
    return "a second gather, a year later, gave other articles: it uses the clock, or chance"


async def _identifies(trials: Trials) -> str | None:
    keys: list[tuple[str, ...]] = [(one.source_id, one.guid, one.url) for one in trials.need_articles()]
    if bare := [one.title for one in trials.need_articles() if not (one.source_id or one.guid or one.url)]:
        return f"«{bare[0]}» has no source_id, no guid and no url"
    return "two articles have the same source_id, guid and url" if len(set(keys)) < len(keys) else None


async def _misses_nothing(trials: Trials) -> str | None:
    outcome = await trials.made.gather_files(())
    if outcome.failure or not trials.made.paths:
        return outcome.failure or trials.skip("no setting of it is a path")
    return None if outcome.error else "it returned a result for a path where nothing is"
