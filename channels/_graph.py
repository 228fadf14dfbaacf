"""The Graph API of Meta: how a request is signed, what its errors mean, and how much of its limits is left.

Sources: developers.facebook.com/docs/graph-api, guides/error-handling, guides/secure-requests, overview/rate-limiting; some
codes are those that integrators have met on Pages (1366046, 1390008, 1404078, 1609008).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from distributor.channel import Attempt
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.kit.http import FORM, HttpCall, HttpResponse, ResponseRules, after_seconds, form_bytes, multipart

Values = Mapping[str, str]
Files = dict[str, tuple[str, str, bytes]]
Doubt = type[Uncertain] | type[Unavailable]

FULL = 90  # percent of a limit from which the channel rests
REST = timedelta(minutes=10)  # where no time is named: the limits are those of any hour or day

# By code. Some of the large numbers come as code on one day and as subcode on another.
TRANSIENT = frozenset({1, 2})
THROTTLED = frozenset({4, 17, 32, 341, 613, 1390008, *range(80000, 80015)})
DUPLICATE, UNREADABLE_LINK, NO_OBJECT = 506, 1609005, 33
DEAD_TOKEN = {
    458: "the person has removed the app",
    459: "Facebook has locked the person out until they log in to www.facebook.com",
    460: "the person has changed the password",
    463: "it has expired",
    464: "Facebook asks the person to confirm the account on www.facebook.com",
    467: "it has been revoked, or the person has logged out",
    492: "the person has no role on the Page any more",
}
STOPS: dict[int, tuple[str, tuple[str, ...]]] = {
    12: ("this version of the API is over", ("version",)),
    101: ("Facebook does not know the app, or its secret is another one", ("app_id", "app_secret")),
    368: ("Facebook has blocked the Page or its person for breaking its rules: open the Page's Support Inbox", ()),
    803: ("there is no such Page", ("page",)),
    2500: ("this version of the API has no such address", ("version", "api")),
    2635: ("this version of the API is over", ("version",)),
    1404078: ("Facebook wants the person to confirm that they may post for the Page: open the Page on Facebook", ()),
}


def object_of(value: object) -> dict[str, Any]:
    """A JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


# -- requests ----------------------------------------------------------------------------------------------------------


def graph_call(
    url: str,
    values: Values,
    *,
    name: str,
    method: str = "POST",
    token: str = "",
    proof: str = "",
    files: Files | None = None,
) -> HttpCall:
    """A request. The token goes in a header, never into the address, which proxies may write down; `proof` shows that who
    holds the token knows the secret of the app, too."""
    given = {**values, "appsecret_proof": proof} if proof else dict(values)
    headers, body = {"Authorization": f"Bearer {token}"} if token else {}, None
    if method != "POST":
        url += f"?{urlencode(given)}" if given else ""
    elif files:
        headers["Content-Type"], body = multipart(given, files)
    else:
        headers["Content-Type"], body = FORM, form_bytes(given)
    return HttpCall(url=url, method=method, headers=headers, body=body, name=name)


def app_secret_proof(token: str, secret: str) -> str:
    """What an app sends with a token (guides/secure-requests)."""
    return hmac.new(secret.encode(), token.encode(), "sha256").hexdigest()


# -- errors ------------------------------------------------------------------------------------------------------------


def graph_rules(doubt: Doubt, now: datetime, *, renewal: str, gone: bool = False) -> ResponseRules:
    """How the Graph API means its answers. `renewal` says how staff get a new token; with `gone` an object that is not there
    is no mistake of the settings. A Rejected says what it is `about`: link, duplicate or gone."""

    def verdict(answer: HttpResponse, text: str) -> DeliveryError | None:
        error = object_of(answer.data().get("error"))
        code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
        if code in (190, 102):
            why = DEAD_TOKEN.get(subcode, "it is not valid")
            return AuthBroken(f"the token is dead ({why}): {renewal}. {text}", keys=("token",))
        if code == 100 and subcode == NO_OBJECT:
            if gone:
                return Rejected(f"the post is gone: {text}", about="gone")
            return AuthBroken(f"there is no such Page for this token: {text}", keys=("page", "token"))
        said = str(error.get("message", ""))
        if gone and code == 200 and "created by the app" in said:
            return Rejected(f"only the app that made the post can change it: {text}")
        if subcode in THROTTLED | STOPS.keys() | {DUPLICATE, UNREADABLE_LINK}:
            code = subcode
        return _by_code(code, answer, text, doubt, now, said)

    return ResponseRules(doubt=doubt, said=_said, verdict=verdict)


def _by_code(
    code: int, answer: HttpResponse, text: str, doubt: Doubt, now: datetime, said: str
) -> DeliveryError | None:
    if code in THROTTLED:
        _, minutes = usage(answer)
        return Unavailable(text, retry_at=after_seconds(minutes * 60, now) if minutes else None, all_posts=True)
    if code == DUPLICATE:
        return Rejected(f"the last post of the Page is the same: {text}", about="duplicate")
    if code == UNREADABLE_LINK:
        return Rejected(f"Facebook cannot read the page behind the link: {text}", about="link")
    if code in STOPS:
        words, keys = STOPS[code]
        return AuthBroken(f"{words}: {text}", keys=keys)
    if "appsecret_proof" in said or "client secret" in said:  # codes 100 and 1, which mean other things besides
        return AuthBroken(f"the secret of the app is missing or wrong: {text}", keys=("app_secret", "app_id"))
    if code in (3, 10) or 200 <= code <= 299:
        return AuthBroken(f"the token lacks a permission, or its person a role on the Page: {text}", keys=("token",))
    if code in TRANSIENT or object_of(answer.data().get("error")).get("is_transient") is True:
        return doubt(text)
    return None


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _said(answer: HttpResponse) -> str:
    error = object_of(answer.data().get("error"))
    if not error:
        return answer.body.decode(errors="replace")
    words = [str(error[key]) for key in ("message", "error_user_msg") if error.get(key)]
    numbers = [str(error[key]) for key in ("code", "error_subcode") if error.get(key)]
    return f"{'; '.join(words)} ({'/'.join(numbers)})"


# -- limits ------------------------------------------------------------------------------------------------------------


def usage(answer: HttpResponse) -> tuple[float, float]:
    """How much of the limits is used, in percent, and the minutes until they are free again; 0 where that is not said
    (docs/graph-api/overview/rate-limiting: X-App-Usage, X-Business-Use-Case-Usage)."""
    found: list[dict[str, Any]] = []
    for name in ("x-app-usage", "x-business-use-case-usage"):
        data = HttpResponse(200, {}, answer.headers.get(name, "").encode()).data()
        lists = (value for value in data.values() if isinstance(value, list))
        found += [data, *(object_of(one) for many in lists for one in many)]
    percent = [one.get(key) for one in found for key in ("call_count", "total_time", "total_cputime")]
    minutes = [one.get("estimated_time_to_regain_access") for one in found]
    return _largest(percent), _largest(minutes)


def _largest(values: Sequence[object]) -> float:
    return max((float(value) for value in values if isinstance(value, int | float) and 0 <= value < 1e6), default=0.0)


async def note_usage(answer: HttpResponse, attempt: Attempt) -> None:
    """Let the channel rest before the limits are reached, as who goes on above them waits longer."""
    percent, minutes = usage(answer)
    if percent <= FULL and not minutes:
        return
    rest = min(timedelta(minutes=minutes), timedelta(days=1)) or REST
    until = int((attempt.now + rest).timestamp())  # a number: strings of the state are hidden in messages

    async def note(values: Mapping[str, Any], interrupted: bool) -> Mapping[str, Any]:
        return {**values, "rest_until": max(until, _rest_until(values))}

    kept = await attempt.state.renew(await attempt.state.read(), note)
    if _rest_until(kept) < until:  # somebody else has written meanwhile
        await attempt.state.renew(kept, note)


async def rest_if_full(attempt: Attempt) -> None:
    """Raises Unavailable until the time that was noted."""
    until = _rest_until(await attempt.state.read())
    if until > attempt.now.timestamp():
        said = f"more than {FULL} % of Facebook's limits are used: the channel rests"
        raise Unavailable(said, retry_at=datetime.fromtimestamp(until, UTC), all_posts=True)


def _rest_until(values: Mapping[str, Any]) -> int:
    found = values.get("rest_until")
    return found if isinstance(found, int) else 0
