"""What all promises of a source are tried with: its honest samples, their outcome, and variations of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..model import ParsedArticle
from ..source import SampleAnswer
from .promises import PromiseResult
from .source_trial import NOW, SECRET, Outcome, TrialSource, sample_bytes
from .source_trial_server import Answer, TrialReply, TrialRequest

ETAG = '"trial-1"'


class NotApplicable(Exception):
    """A promise cannot be tried, or is none of this source; the message says why."""


Check = Callable[["Trials"], Awaitable[str | None]]
Promised = tuple[str, Check]


async def judge(promise: str, check: Check, trials: Trials) -> PromiseResult:
    """Try one promise. A check returns what broke it, or None."""
    try:
        why = await check(trials)
    except NotApplicable as reason:
        return PromiseResult(promise, None, str(reason))
    return PromiseResult(promise, why is None, why or "")


@dataclass
class Trials:
    """A source with its samples. `honest` is how a gather of them ended, `asked` are the addresses of it, in order."""

    made: TrialSource
    honest: Outcome | None = None
    asked: list[str] = field(default_factory=list)

    def skip(self, why: str) -> str:
        raise NotApplicable(why)

    async def prepare(self) -> None:
        if self.made.samples:
            self.honest = await self.gather_samples()
            self.asked = list(dict.fromkeys(address_of(request) for request in self.honest.requests))

    async def gather_samples(self, *, now: datetime = NOW) -> Outcome:
        return await self.gather(self.made.samples, now=now)

    async def gather(self, samples: Sequence[SampleAnswer], *, now: datetime = NOW) -> Outcome:
        """One gather of these, from a server or from files."""
        if not self.made.source.remote:
            return await self.made.gather_files(samples, now)
        return await self.made.gather(answers(samples), now=now)

    async def gather_body(self, body: bytes, media_type: str = "") -> Outcome:
        """One gather in which the first address is answered with these bytes; all others as ever."""
        first = self.first_sample
        changed = replace(first, body=body.decode("latin-1"), media_type=media_type or first.media_type)
        if self.made.source.remote:
            return await self.made.gather(answers(self.made.samples, {0: reply_of(changed, body)}))
        return await self.made.gather_files([replace(first, body=body.decode("utf-8", "surrogateescape"))])

    @property
    def first_sample(self) -> SampleAnswer:
        if not self.made.samples:
            raise NotApplicable("the class has no `samples`")
        return self.made.samples[0]

    def need_honest(self) -> Outcome:
        """Raises NotApplicable without samples."""
        if self.honest is None:
            raise NotApplicable("the class has no `samples`")
        return self.honest

    def need_articles(self) -> Sequence[ParsedArticle]:
        outcome = self.need_honest()
        if outcome.result is None or not outcome.result.articles:
            raise NotApplicable("its samples give no article")
        return outcome.result.articles

    def leak(self, outcome: Outcome) -> str | None:
        """Where a secret shows in what a trial has said."""
        texts = [*outcome.texts, *(repr(one) for one in (outcome.result.articles if outcome.result else ()))]
        if any(SECRET in text for text in texts):
            return "a secret of its settings stands in a message or an article"
        return None


def address_of(request: TrialRequest) -> str:
    return request.host + request.path


def reply_of(sample: SampleAnswer, body: bytes | None = None, **more: str) -> TrialReply:
    """An honest answer with a sample."""
    kind = sample.media_type if "charset" in sample.media_type else f"{sample.media_type}; charset=utf-8"
    headers = {"Content-Type": kind, "ETag": ETAG, **sample.headers, **more}
    return TrialReply(body=sample_bytes(sample) if body is None else body, headers=headers)


def answers(samples: Sequence[SampleAnswer], instead: Mapping[int, TrialReply] | None = None) -> Answer:
    """The first address that is asked gets the first sample, the second one the second, all further ones the last. `instead`
    are other answers, by the place of the address; -1 is for all that have none of their own."""
    places: dict[str, int] = {}

    def answer(request: TrialRequest) -> TrialReply:
        place = places.setdefault(address_of(request), len(places))
        others = instead or {}
        if place in others:
            return others[place]
        if -1 in others:
            return others[-1]
        return reply_of(samples[min(place, len(samples) - 1)])

    return answer


def unchanged_if_known(samples: Sequence[SampleAnswer]) -> Answer:
    """The same, but 304 for whoever knows what it has."""
    honest = answers(samples)

    def answer(request: TrialRequest) -> TrialReply:
        reply = honest(request)
        return TrialReply(status=304, headers={"ETag": ETAG}) if request.headers.get("if-none-match") == ETAG else reply

    return answer
