"""Promises of a source about the far end: servers that fail, pages without end, secrets, articles that may be gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from urllib.parse import quote, urlsplit

from ..credentials import same_origin
from ..errors import Busy, NotModified
from ..model import Article, ParsedArticle
from ..source import SampleAnswer
from .source_trial import NOW, SECRET, Outcome, refuse
from .source_trial_server import Answer, TrialReply, TrialRequest
from .source_trials import (
    Check,
    NotApplicable,
    Promised,
    Trials,
    address_of,
    answers,
    reply_of,
    unchanged_if_known,
)

_ELSEWHERE = "elsewhere.example"
_MOST_REQUESTS = 200  # of one gather whose pages never end
_MANNERS = ("refuses", "is silent", "drips", "talks nonsense", "breaks off", "answers without end")
_STATUSES = (401, 403, 404, 410, 500, 503)


def _always(reply: TrialReply) -> Answer:
    return lambda request: reply


# -- failures ------------------------------------------------------------------------------------------------------------


def failure_promises() -> list[Promised]:
    """A server that cannot be read is never taken for one that has nothing."""
    made: list[Promised] = [
        (f"a server that {manner}: SourceError", _fails(_always(TrialReply(manner=manner)))) for manner in _MANNERS
    ]
    made += [(f"a server that answers {status}: SourceError", _fails(_always(_error(status)))) for status in _STATUSES]
    return [
        *made,
        ("a server that asks for a pause (429, Retry-After): Busy", _is_busy),
        ("a redirect to an address of this machine is not followed", _stays_out),
        ("a server that has nothing new (304): NotModified", _asks_what_has_changed),
        ("a later page that fails is not hidden by what the first one said of itself", _hides_nothing),
    ]


def _error(status: int) -> TrialReply:
    headers = {"Content-Type": "application/json"}
    return TrialReply(status=status, body=b'{"code": "error", "message": "no"}', headers=headers)


def _fails(answer: Answer) -> Check:
    async def check(trials: Trials) -> str | None:
        given = refuse if answer(_NO_REQUEST).manner == "refuses" else answer
        outcome = await trials.made.gather(given)
        if outcome.failure:
            return outcome.failure
        if given is not refuse and not outcome.requests:
            return trials.skip("it asks no server")
        if outcome.error is None:
            return "it returned a result, as if there were nothing: let the SourceError through"
        return trials.leak(outcome) or _bad_words(str(outcome.error))

    return check


_NO_REQUEST = TrialRequest("GET", "", "", {})


def _bad_words(message: str) -> str | None:
    if not message.strip() or "\n" in message or len(message) > 500:
        return "its message is not one line of words"
    return None


async def _is_busy(trials: Trials) -> str | None:
    headers = {"Retry-After": "120"}
    outcome = await trials.made.gather(_always(TrialReply(status=429, headers=headers)))
    if outcome.failure:
        return outcome.failure
    if not outcome.requests:
        return trials.skip("it asks no server")
    if len(outcome.requests) > 1:
        return f"it asked {len(outcome.requests)} times although it was told to wait"
    return None if isinstance(outcome.error, Busy) else f"let Busy through; it gave {outcome.error or 'a result'}"


async def _stays_out(trials: Trials) -> str | None:
    headers = {"Location": "http://169.254.169.254/latest/meta-data/"}
    outcome = await trials.made.gather(_always(TrialReply(status=302, headers=headers)))
    if outcome.failure or not outcome.requests:
        return outcome.failure or trials.skip("it asks no server")
    return None if outcome.error else "it returned a result, as if there were nothing"


async def _asks_what_has_changed(trials: Trials) -> str | None:
    honest = trials.need_honest()
    validators = honest.result.validators if honest.result else {}
    if not validators:
        return trials.skip("it does not ask whether anything has changed: get(url, conditional=True)")
    asked = {address_of(request) for request in honest.requests}
    for url in validators:
        parts = urlsplit(url)
        if parts.netloc + (parts.path or "/") + (f"?{parts.query}" if parts.query else "") not in asked:
            return f"it keeps validators of {url}, which it has not requested"
    outcome = await trials.made.gather(unchanged_if_known(trials.made.samples), dict(validators))
    if outcome.failure:
        return outcome.failure
    if not any("if-none-match" in request.headers for request in outcome.requests):
        return "it keeps validators, and does not send them: get(url, conditional=True)"
    if isinstance(outcome.error, NotModified):
        return None
    if outcome.result and (outcome.result.unchanged or outcome.result.articles):
        return None  # it reads some pages anew: a listing, for instance
    return f"let NotModified through; it gave {outcome.error or 'a result without articles'}"


async def _hides_nothing(trials: Trials) -> str | None:
    trials.need_articles()
    if len(trials.asked) < 2:
        return trials.skip("it asks for one page only")
    first = reply_of(trials.first_sample)
    outcome = await trials.made.gather(answers(trials.made.samples, {0: first, -1: _error(500)}))
    if outcome.result is None:
        return outcome.failure or None
    if not outcome.result.faults:
        return "a page could not be read, and no fault says so"
    kept = [url for url in outcome.result.validators if _is(url, trials.asked[0])]
    return "it keeps the validators of the first page, and would never read the others" if kept else None


def _is(url: str, asked: str) -> bool:
    parts = urlsplit(url)
    return asked == parts.netloc + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


# -- pages ---------------------------------------------------------------------------------------------------------------


def paging_promises(trials: Trials) -> list[Promised]:
    """A source that follows pages stops, whatever the server says is next."""
    return [
        ("a next page that is the page itself: it stops", _leads(elsewhere=False)),
        ("a next page on another server is not asked with its secrets", _leads(elsewhere=True)),
        ("pages without end: it stops", _endless),
    ]


def _leads(*, elsewhere: bool) -> Check:
    async def check(trials: Trials) -> str | None:
        first, second = _pages(trials)
        target = f"https://{_ELSEWHERE}/page" if elsewhere else _scheme(trials, first) + first
        outcome = await trials.made.gather(answers([_with_next(trials, second, target)]))
        if outcome.failure:
            return outcome.failure
        if len(outcome.requests) > _MOST_REQUESTS:
            return f"it asked {len(outcome.requests)} times"
        return _secrets_elsewhere(trials, outcome) or trials.leak(outcome)

    return check


def _pages(trials: Trials) -> tuple[str, str]:
    """The addresses of the first two pages. Raises NotApplicable for a source that asks for one only."""
    trials.need_articles()
    if len(trials.asked) < 2:
        trials.skip("it asks for one page only")
    return trials.asked[0], trials.asked[1]


def _scheme(trials: Trials, address: str) -> str:
    url = next((value for value in _addresses(trials) if urlsplit(value).netloc == address.partition("/")[0]), "https:")
    return f"{urlsplit(url).scheme}://"


def _addresses(trials: Trials) -> list[str]:
    source = trials.made.source
    values = (getattr(source, one.name) for one in fields(source))
    return [value for value in values if isinstance(value, str) and value.startswith(("http://", "https://"))]


def _with_next(trials: Trials, second: str, target: str) -> SampleAnswer:
    """The first sample, with another address in the place of its next page. Raises NotApplicable where that is not named in
    it: the source counts its pages itself."""
    sample = trials.first_sample
    path = "/" + second.partition("/")[2]
    forms = [f"https://{second}", f"http://{second}", path]
    pairs = []
    for form in forms:
        pairs += [(form, target), (form.replace("/", "\\/"), target), (form.replace("&", "&amp;"), target)]

    def changed(text: str) -> str:
        for old, new in pairs:
            if old in text:
                return text.replace(old, new)
        return text

    headers = {name: changed(value) for name, value in sample.headers.items()}
    made = replace(sample, headers=headers, body=sample.body if headers != sample.headers else changed(sample.body))
    if made == sample:
        trials.skip("its next page is not named in its sample")
    return made


async def _endless(trials: Trials) -> str | None:
    first, second = _pages(trials)
    scheme, count = _scheme(trials, first), 0

    def answer(request: TrialRequest) -> TrialReply:
        nonlocal count
        count += 1
        try:
            sample = _with_next(trials, second, f"{scheme}{first.partition('?')[0]}?trial-page={count}")
        except NotApplicable:  # it counts its pages itself: each is like the first
            sample = trials.first_sample
        return reply_of(sample)

    outcome = await trials.made.gather(answer)
    if outcome.failure:
        return outcome.failure
    if len(outcome.requests) > _MOST_REQUESTS:
        return f"it asked for {len(outcome.requests)} pages"
    return None


# -- secrets -------------------------------------------------------------------------------------------------------------


def secret_promises(trials: Trials) -> list[Promised]:
    """What logs it in goes to its own server, and shows nowhere."""
    return [
        ("its secrets go to its own server only, and stand in no address that it makes", _keeps_secrets),
        ("a redirect to another server carries none of its secrets", _redirects),
    ]


async def _keeps_secrets(trials: Trials) -> str | None:
    if not trials.made.secrets:
        return trials.skip("no setting of it is a secret")
    outcome = trials.honest or await trials.made.gather(_always(_error(401)))
    if problem := _secrets_elsewhere(trials, outcome) or trials.leak(outcome):
        return problem
    validators = outcome.result.validators if outcome.result else {}
    if any(_shows(trials, url) for url in validators):
        return "a secret stands in an address that is kept: use key_parameter"
    return None


async def _redirects(trials: Trials) -> str | None:
    if not trials.made.secrets:
        return trials.skip("no setting of it is a secret")

    def answer(request: TrialRequest) -> TrialReply:
        if request.host == _ELSEWHERE:
            return _error(404)
        return TrialReply(status=302, headers={"Location": f"https://{_ELSEWHERE}{request.path}"})

    outcome = await trials.made.gather(answer)
    return outcome.failure or _secrets_elsewhere(trials, outcome) or trials.leak(outcome)


def _secrets_elsewhere(trials: Trials, outcome: Outcome) -> str | None:
    own = _addresses(trials)
    for request in outcome.requests:
        known = any(same_origin(url, f"{urlsplit(url).scheme}://{request.host}") for url in own)
        if _shows(trials, request.text) and not known:
            return f"a secret was sent to {request.host}: log in by `login`, which sends it to its own server only"
    return None


def _shows(trials: Trials, text: str) -> bool:
    return any(form in text for secret in trials.made.secrets for form in (secret, quote(secret, safe=""))) or (
        SECRET in text
    )


# -- whether an article still exists -------------------------------------------------------------------------------------


def availability_promises() -> list[Promised]:
    """A doubt holds no article back."""
    troubles: Sequence[tuple[str, Answer]] = (
        ("refuses", refuse),
        ("is silent", _always(TrialReply(manner="is silent"))),
        ("answers 500", _always(_error(500))),
        ("answers 401", _always(_error(401))),
        ("sends one elsewhere", _redirect_elsewhere),
    )
    return [
        (f"a server that {manner} says nothing of whether an article still exists", _doubts(answer))
        for manner, answer in troubles
    ]


def _redirect_elsewhere(request: TrialRequest) -> TrialReply:
    if request.path == "/":
        return TrialReply(body=b"<html><body>Welcome</body></html>", headers={"Content-Type": "text/html"})
    return TrialReply(status=302, headers={"Location": f"https://{request.host}/"})


def _doubts(answer: Answer) -> Check:
    async def check(trials: Trials) -> str | None:
        article = _stored(trials.need_articles()[0])
        outcome = await trials.made.check_availability(article, answer)
        if outcome.failure or outcome.availability is None:
            return outcome.failure or str(outcome.error)
        if outcome.availability.available is False:
            return f"it says that the article is gone: {outcome.availability.reason}"
        return trials.leak(outcome)

    return check


def _stored(found: ParsedArticle) -> Article:
    """An article as the store would have it."""
    return Article(
        id="trial",
        feed_id="tag:newsroom.example,2026:trial",
        source=found.source,
        title=found.title,
        published=found.published or NOW,
        first_seen=NOW,
        source_id=found.source_id,
        url=found.url,
    )
