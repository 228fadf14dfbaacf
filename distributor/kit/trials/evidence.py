"""What the trials of one channel have in common: its acts when all is well, and each request answered badly in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from ...model import Receipt
from .far_end import MANNERS
from .trial import USUAL, ActRun, Scenario, Trial


class NotPromised(Exception):
    """A channel does not make a promise by its declaration; the text says because of what."""


@dataclass(frozen=True)
class Misbehaviour:
    """One trial of many: an act in a scenario, one of whose requests was answered badly, and what came of it."""

    run: ActRun
    request: str
    manner: str
    carrying: str

    def __str__(self) -> str:
        where = f" ({self.run.scenario.name})" if self.run.scenario != USUAL else ""
        return f"{self.run.act}{where}: {self.request} {in_words(self.manner)}"


def in_words(manner: str) -> str:
    return f"answers {manner}" if manner[0].isdigit() else manner


@dataclass
class Evidence:
    """What the trials of one channel have in common: made once, when the first promise asks for it."""

    trial: Trial
    _usual: dict[str, list[ActRun]] = field(default_factory=dict)
    _bad: list[Misbehaviour] = field(default_factory=list)

    async def usual(self) -> dict[str, list[ActRun]]:
        """Each act in each scenario in which it makes other requests, all answered as they should be."""
        if not self._usual:
            for act in self.trial.acts:
                self._usual[act] = await self.trial.scenarios(act)
                outcome = self._usual[act][0].outcome
                if act == "publish" and isinstance(outcome, Receipt):
                    self.trial.receipt = outcome
        return self._usual

    async def bad(self) -> list[Misbehaviour]:
        """Each request of each act, answered in each bad manner."""
        if not self._bad:
            for act, runs in (await self.usual()).items():
                self._bad += [one async for one in self._misbehave(act, runs)]
        return self._bad

    async def _misbehave(self, act: str, runs: list[ActRun]) -> AsyncIterator[Misbehaviour]:
        tried: set[str] = set()
        for usual in runs:
            carrying = self.trial.carrying(usual)
            for name in dict.fromkeys(usual.names):
                if name in tried or (self.trial.only and not {name, act} & self.trial.only):
                    continue
                tried.add(name)
                if name == usual.scenario.refused:
                    continue
                for manner in MANNERS:
                    yield Misbehaviour(await self._one(act, usual.scenario, name, manner), name, manner, carrying)

    async def _one(self, act: str, scenario: Scenario, name: str, manner: str) -> ActRun:
        """One trial. Where the scenario itself needs a bad answer, that comes first."""
        trial = self.trial
        if not scenario.refused:
            return await trial.run(act, scenario, {name: manner})
        plain = Scenario(scenario.name, scenario.state, scenario.later, scenario.thread)
        return await trial.run(act, plain, {name: manner, scenario.refused: "401"})

    @property
    def tried(self) -> list[Misbehaviour]:
        """What `bad` has found so far."""
        return self._bad

    async def all_runs(self) -> list[ActRun]:
        usual = [run for runs in (await self.usual()).values() for run in runs]
        return [*usual, *(one.run for one in await self.bad())]
