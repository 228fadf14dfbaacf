"""Whether what a channel says of an act is true, judged by what its far end has seen and answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ...errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from ...model import Receipt
from .far_end import IN_DOUBT, NOT_NOW, REFUSALS, RETRY_AFTER, SAYS_200, Request
from .watch import Act

GONE_STATUSES = ("404", "410")
_TRUE_REFUSALS: Mapping[str, tuple[type[DeliveryError], ...]] = {
    **dict.fromkeys(NOT_NOW, (Unavailable,)),
    **dict.fromkeys(("302", "401"), (AuthBroken,)),
    "403": (AuthBroken, Rejected),
    **dict.fromkeys(("400", "404", "410"), (Rejected, AuthBroken)),
}


def wrong_outcome(act: str, outcome: object) -> str:
    """Why an outcome is none that an act may have; empty where it may."""
    if isinstance(outcome, DeliveryError):
        kinds = (Unavailable, Rejected, AuthBroken, Uncertain)
        if not isinstance(outcome, kinds):
            return f"it raises {type(outcome).__name__}, which is none of the four"
        return _wrong_time(outcome)
    if isinstance(outcome, BaseException):
        return f"it raises {type(outcome).__name__}: {str(outcome)[:200]}"
    if act in ("publish", "edit") and not isinstance(outcome, Receipt):
        return f"it returns {_short(outcome)} instead of a Receipt"
    if act == "find" and not (outcome is None or isinstance(outcome, Receipt)):
        return f"it returns {_short(outcome)} instead of a Receipt or None"
    if isinstance(outcome, Receipt):
        return _wrong_member(outcome)
    if act == "login" and not isinstance(outcome, Mapping):
        return f"it returns {_short(outcome)} instead of values"
    return ""


def _wrong_time(error: DeliveryError) -> str:
    named: object = getattr(error, "retry_at", None)
    if named is None or (isinstance(named, datetime) and named.tzinfo):
        return ""
    return f"it raises {type(error).__name__} with retry_at={_short(named)}, which is no aware datetime"


def _wrong_member(receipt: Receipt) -> str:
    members = ((name, getattr(receipt, name)) for name in ("remote_id", "url", "reply"))
    wrong = [f"{name}={_short(value)}" for name, value in members if not isinstance(value, str)]
    return f"it returns a Receipt that is no text in {', '.join(wrong)}" if wrong else ""


def lie(act: str, came: Act, requests: Sequence[Request], target: str, carrying: str, repeatable: bool) -> str:
    """Why an outcome is not true, where the request named `target` was answered badly. `carrying` is the name of the request
    that does what the act is for."""
    outcome = came.outcome
    if not any(request.name == target for request in requests):
        return ""
    manner = next(request.manner for request in requests if request.name == target)
    if act == "publish":
        return _lie_of_publish(outcome, requests, manner, carrying, target, repeatable) or _wait_unheard(came, manner)
    if act == "find":
        return _lie_of_find(outcome, manner)
    if act in ("edit", "delete"):
        return _lie_of_change(act, outcome, requests, carrying) or _wait_unheard(came, manner)
    return ""


def _lie_of_publish(
    outcome: object, requests: Sequence[Request], manner: str, carrying: str, target: str, repeatable: bool
) -> str:
    carried = [request for request in requests if request.name == carrying]
    out = any(request.answered for request in carried)
    in_doubt = any(request.in_doubt for request in carried)
    said = type(outcome).__name__
    if isinstance(outcome, Receipt):
        taken = out or not carrying or any(request.manner in SAYS_200 and request.arrived for request in carried)
        return "" if taken else f"it returns a receipt, though {carrying} was never answered with a 2xx"
    surely_not = isinstance(outcome, (Rejected, AuthBroken)) or (isinstance(outcome, Unavailable) and not repeatable)
    if (out or in_doubt) and surely_not:
        return f"it raises {said}, though the post {'is' if out else 'may be'} out"
    if target != carrying or manner not in _TRUE_REFUSALS:
        if manner == "refuses" and isinstance(outcome, (Rejected, AuthBroken)):
            return f"it raises {said}, though a refused connection says nothing about the post"
        return ""
    if not isinstance(outcome, _TRUE_REFUSALS[manner]):
        true = " or ".join(kind.__name__ for kind in _TRUE_REFUSALS[manner])
        return f"it raises {said} instead of {true}: the post is surely not out"
    return ""


def _lie_of_find(outcome: object, manner: str) -> str:
    looked = manner in GONE_STATUSES
    if outcome is None and not looked:
        return "it says that there is no post, though it could not look: the post would go out again"
    if isinstance(outcome, Receipt):
        return "it says that it has found a post, though it could not look"
    return ""


def _lie_of_change(act: str, outcome: object, requests: Sequence[Request], carrying: str) -> str:
    if isinstance(outcome, BaseException):
        return ""
    taken = ("", *SAYS_200, *(GONE_STATUSES if act == "delete" else ()))
    carried = [request for request in requests if request.name == carrying]
    if not carrying or any(request.arrived and request.manner in taken for request in carried):
        return ""
    return f"it says that all is well, though {carrying} was not answered with a 2xx"


def _wait_unheard(came: Act, manner: str) -> str:
    """Where the far end names a time to wait, the engine must hear of it."""
    outcome = came.outcome
    if manner != "429 with Retry-After" or not isinstance(outcome, Unavailable):
        return ""
    named = outcome.retry_at
    close = named and abs(named - came.ended - timedelta(seconds=RETRY_AFTER)) < timedelta(seconds=30)
    return "" if close else "it does not say until when the far end wants to be left alone (retry_at)"


def _short(value: object) -> str:
    return repr(value)[:80]


assert set(_TRUE_REFUSALS) == {*NOT_NOW, *REFUSALS} and not set(IN_DOUBT) & set(_TRUE_REFUSALS)
