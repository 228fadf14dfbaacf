"""The kinds of alerts: what each is called, what it does to readers, what staff can do about it. Pure.

docs/alerts.md shows the same table. `{subject}` is what an alert is about: a source, a channel, an edition, a host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ..config.staff_alerts import AlertKind

_K = AlertKind
_AT_ONCE = timedelta()
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


class KnownAlert(NamedTuple):
    """A kind of alert. `wait` is how long it must last before staff hear of it; places in braces are filled."""

    wait: timedelta
    title: str
    readers: str
    todo: str


ALERTS: Mapping[AlertKind, KnownAlert] = {
    _K.SOURCE_FAILING: KnownAlert(
        _HOUR,
        "Source {subject} fails",
        "editions go out without its new articles",
        "run `distributor check --online` for its fault; `distributor sources try ADDRESS` shows what it answers now",
    ),
    _K.SOURCE_SILENT: KnownAlert(
        _AT_ONCE,
        "Source {subject} is silent",
        "editions go out without its articles, if there are any",
        "compare with its site; run `distributor gather {subject}`, then `distributor sources try ADDRESS`. If it is quiet "
        "by nature, set `alert_if_silent_for` of the source",
    ),
    _K.EDITION_BLOCKED: KnownAlert(
        _AT_ONCE,
        "Edition {subject} is blocked by preflight",
        "nobody gets it until you decide",
        "run `distributor preflight {subject}`; mend what it names and `distributor editions cancel {subject}`, or send it "
        "all the same: `distributor editions approve {subject} --force CHECK`",
    ),
    _K.EDITION_WAITING: KnownAlert(
        5 * _MINUTE,
        "Edition {subject} waits for approval, and its time is over",
        "nobody gets it until you decide",
        "run `distributor editions approve {subject}`, or `distributor editions cancel {subject}`: its articles then wait "
        "for the next edition",
    ),
    _K.RUN_STALLED: KnownAlert(
        _AT_ONCE,
        "Nothing leaves on channel {subject}",
        "what is due is late; nothing is lost",
        "run `distributor editions list`, then `distributor editions watch EDITION`: it says what holds them. See that "
        "`distributor serve` runs; `distributor deliver` tries again at once",
    ),
    _K.BOUNCES: KnownAlert(
        _AT_ONCE,
        "Too many addresses of {subject} were refused",
        "the rest of the edition is paused until you decide",
        "run `distributor suppressions list` and read the answers; then `distributor suppressions confirm {subject}` if "
        "the addresses are dead, or `distributor suppressions discard {subject}` if it is us",
    ),
    _K.COMPLAINTS: KnownAlert(
        _AT_ONCE,
        "Many readers call {subject} spam",
        "large providers put senders with so many complaints into the spam folder",
        "run `distributor bounces` and look where these addresses came from before the next edition; do not send to "
        "lists that have not asked for it",
    ),
    _K.CHANNEL_BROKEN: KnownAlert(
        5 * _MINUTE,
        "Channel {subject} carries nothing",
        "what goes out on it is late; nothing is lost while its time lasts",
        "run `distributor check --online`: it names the fault. If a login was refused, mend it in config.yaml or run "
        "`distributor channels login {subject}`",
    ),
    _K.CHANNEL_WAITING: KnownAlert(
        6 * _HOUR,
        "Channel {subject} has been asked to wait",
        "its posts are late",
        "post less on it, or ask the network for a higher limit; `distributor channels resume {subject}` goes on at once, "
        "if the network allows it",
    ),
    _K.OUTBOX_LATE: KnownAlert(
        15 * _MINUTE,
        "Single messages on channel {subject} are late",
        "who signs up gets no confirmation, who asks for a link gets none",
        "run `distributor outbox`: the last answer of the server stands there. See that `distributor serve` runs",
    ),
    _K.TOKEN_EXPIRES: KnownAlert(
        _AT_ONCE,
        "{subject} ends soon, or has ended",
        "none yet; from then on nothing passes with it",
        "API token: `distributor tokens create` a new one, give it to the program that uses the old one, then "
        "`distributor tokens revoke` the old one. Channel: `distributor channels login NAME`",
    ),
    _K.DISK_LOW: KnownAlert(
        5 * _MINUTE,
        "The disk of {subject} is nearly full",
        "on a full disk nothing is sent and nobody can sign up, because nothing can be written down",
        "make room: old backups, logs, images. `distributor doctor` shows what is free",
    ),
    _K.CLOCK_WRONG: KnownAlert(
        2 * _MINUTE,
        "The clock of {subject} is wrong",
        "none while the time of the store counts; certificates and logs of this machine are wrong",
        "set the clock, and see that the service that sets it (NTP) runs; then `distributor doctor`",
    ),
    _K.STORE_BUSY: KnownAlert(
        5 * _MINUTE,
        "The store keeps {subject} waiting",
        "everything is slower: sending, sign-ups, pages",
        "see what else works on the database (a copy, a backup, a query by hand) and on its disk; `distributor doctor`",
    ),
    _K.STEP_FAILING: KnownAlert(
        10 * _MINUTE,
        "A step of the service fails on {subject}",
        "what this step does is not done; the other steps go on",
        "read the line above and the log of `distributor serve`; `distributor doctor` finds most causes",
    ),
    _K.TEST: KnownAlert(
        _AT_ONCE,
        "A test alert from {subject}",
        "none",
        "nothing: alerts reach you",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that staff should know, as it is now. `since` is None where only its first sight tells; `host` is the one
    machine that can see it, empty for what is so for all; `channel` is the channel that it keeps from working, if any."""

    kind: AlertKind
    subject: str
    what: str
    since: datetime | None = None
    host: str = ""
    channel: str = ""

    @property
    def key(self) -> str:
        """What it is told once for."""
        return alert_key(self.kind, self.subject)


def alert_key(kind: AlertKind, subject: str) -> str:
    """What an alert is told once for, while it lasts."""
    return f"{kind} {subject}"[:200]
