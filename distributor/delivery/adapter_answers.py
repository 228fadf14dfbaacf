"""What an adapter gives back, put into the form that the contract names.

Newsrooms write adapters of their own. What they give goes into the ledger, so whatever it is must neither stop a worker nor
be a value that no store takes; and what is no answer at all says that nobody knows whether something is out.
"""

from __future__ import annotations

import traceback
from datetime import datetime, timedelta

from ..errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from ..message_queue import DeliveryOutcome
from ..model import Receipt
from ..text import FORBIDDEN


def sound_outcome(given: object) -> DeliveryOutcome:
    """The outcome that an adapter has returned, or raised. What is none is Uncertain."""
    if isinstance(given, Receipt):
        remote_id, url, reply = _text(given.remote_id), _text(given.url), _text(given.reply)
        if remote_id is given.remote_id and url is given.url and reply is given.reply:
            return given
        return Receipt(remote_id=remote_id, url=url, reply=reply)
    if isinstance(given, Unavailable | Rejected | AuthBroken | Uncertain):
        return _sound_error(given)
    if isinstance(given, BaseException):
        return Uncertain(_text(f"the adapter failed: {type(given).__name__}: {given}"))
    return Uncertain(f"the adapter failed: it gave no receipt, but {type(given).__name__}")


def format_trace(error: BaseException) -> str:
    """Where an adapter has failed, for the log."""
    return "".join(traceback.format_exception(error))


def _sound_error(error: DeliveryError) -> DeliveryError:
    keys: object = error.keys
    error.reply, error.args = _text(error.reply), (_text(error),)
    error.keys = tuple(map(_text, keys)) if isinstance(keys, tuple) else ()
    for name, kind in (("retry_at", datetime), ("wait", timedelta), ("all_posts", bool)):
        if not isinstance(getattr(error, name, None), kind | None):
            setattr(error, name, None)
    return error


def _text(value: object) -> str:
    """A value as a text that every store takes: without NUL, and without half a character."""
    if type(value) is str and value.isascii() and value.isprintable():  # as almost all are
        return value
    return "" if value is None else FORBIDDEN.sub("", str(value))
