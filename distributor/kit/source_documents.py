"""Promises of a source about what it reads: documents that are wrong, hostile, or without a date."""

from __future__ import annotations

import re

from ..model import ParsedArticle
from ..source import SampleAnswer
from .hostile_documents import (
    broken_documents,
    in_year,
    with_spoilt_items,
    with_unsafe_html,
    without_dates,
)
from .source_trial import Outcome
from .source_trials import Check, Promised, Trials

_UNSAFE = re.compile(r"<script|<[^>]+\son\w+\s*=|javascript:", re.IGNORECASE)
_LOGIN = b"<!DOCTYPE html><html><head><title>Log in</title></head><body><form><input name=user></form></body></html>"


def document_promises(trials: Trials) -> list[Promised]:
    """Promises about documents, of sources that read a server or a file."""
    if not trials.made.samples:
        return [("it survives hostile documents", _needs_samples)]
    made: list[Promised] = [
        (f"a document {what}: " + ("it says so" if must_say else "it survives"), _broken(body, must_say))
        for what, body, must_say in broken_documents(trials.first_sample.body)
    ]
    if trials.made.source.remote and "html" not in trials.first_sample.media_type:
        made.append(("a login page in the place of its document: it says so", _broken(_LOGIN, True, "text/html")))
    return [
        *made,
        ("one bad item costs one article, whatever its fields hold", _spoilt_items),
        ("without a date in its documents no article has one", _no_dates),
        ("dates of the years 1 and 9999 do no harm", _far_years),
        ("a body is clean: no script, no handler, no javascript address", _unsafe_html),
    ]


async def _needs_samples(trials: Trials) -> str | None:
    return trials.skip("the class has no `samples`")


def _broken(body: bytes, must_say: bool, media_type: str = "") -> Check:
    async def check(trials: Trials) -> str | None:
        outcome = await trials.gather_body(body, media_type)
        if outcome.failure:
            return outcome.failure
        if must_say and not outcome.admits:
            return "it returned a result without a fault, as if there were nothing: raise SourceError"
        return trials.leak(outcome)

    return check


async def _gather_changed(trials: Trials, text: str) -> Outcome:
    return await trials.gather_body(text.encode("utf-8", "surrogatepass"))


async def _spoilt_items(trials: Trials) -> str | None:
    text = with_spoilt_items(trials.first_sample.body)
    if text is None:
        return trials.skip("its document is no JSON with a list of items")
    honest = {_key(one) for one in trials.need_articles()}
    outcome = await _gather_changed(trials, text)
    if outcome.result is None:
        return outcome.failure or f"all articles are lost: {outcome.error}"
    lost = honest - {_key(one) for one in outcome.result.articles}
    return f"the good articles before them are lost: {min(lost)}" if lost else None


def _key(article: ParsedArticle) -> str:
    return article.source_id or article.guid or article.url or article.title


async def _no_dates(trials: Trials) -> str | None:
    trials.need_articles()
    samples = [_changed(one, without_dates(one.body)) for one in trials.made.samples]
    outcome = await trials.gather(samples)
    if outcome.result is None:
        return outcome.failure or f"it cannot be read at all: {outcome.error}"
    dated = [one for one in outcome.result.articles if one.published]
    if dated:
        return f"«{dated[0].title}» was published {dated[0].published}, which no document says: use None, never a guess"
    return None if outcome.result.articles or outcome.admits else "its articles are lost, without a word"


async def _far_years(trials: Trials) -> str | None:
    trials.need_articles()
    for year in ("0001", "9999"):
        outcome = await trials.gather([_changed(one, in_year(one.body, year)) for one in trials.made.samples])
        if outcome.failure:
            return outcome.failure
        if outcome.result is None or not (outcome.result.articles or outcome.admits):
            return f"in the year {year} its articles are lost: {outcome.error or 'without a word'}"
    return None


async def _unsafe_html(trials: Trials) -> str | None:
    trials.need_articles()
    samples = []
    for one in trials.made.samples:
        text = with_unsafe_html(one.body)
        samples.append(_changed(one, text) if text else one)
    if samples == list(trials.made.samples):
        return trials.skip("no paragraph stands in its samples")
    outcome = await trials.gather(samples)
    if outcome.result is None:
        return outcome.failure or f"it cannot be read at all: {outcome.error}"
    found = [one for one in outcome.result.articles if _UNSAFE.search(one.body_html)]
    return f"the body of «{found[0].title}» has it: use clean_body" if found else None


def _changed(sample: SampleAnswer, body: str) -> SampleAnswer:
    return SampleAnswer(body=body, media_type=sample.media_type, headers=sample.headers, file_name=sample.file_name)
