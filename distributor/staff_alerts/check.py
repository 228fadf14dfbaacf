"""Looks at the newsroom every minute, and puts into the outbox what staff should know. The edge: `conditions` and
`decisions` say what and when.

    store, machine ──facts──▶ conditions ──decide──▶ alert's row + messages in the outbox (one transaction) ──▶ channels

Any number of processes and hosts look side by side. What one has told no other tells, as the row says so.
"""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection

from .. import pipeline
from ..bounces import guard
from ..channel import Channel, EventType
from ..config.staff_alerts import AlertKind
from ..content import encode_content
from ..delivery import channel_state, outbox
from ..delivery.outbox import OutboxMessage, OutboxState
from ..doctor.facts import find_ends
from ..mail.address import Mailbox
from ..newsroom import Newsroom
from ..personal_channel import PersonalChannel
from ..storage.database import Database
from . import repository
from .conditions import (
    find_channel_conditions,
    find_edition_conditions,
    find_held_suppressions,
    find_host_conditions,
    find_source_conditions,
    find_token_conditions,
)
from .decisions import AlertAction, AlertStep, OpenAlert, choose_channels, decide_alerts
from .facts import FactReader, HostReader
from .kinds import Condition
from .message import AlertMessage, compose_alert, event_data

log = logging.getLogger("distributor.alerts")

EVERY = timedelta(minutes=1)  # between two looks
KEPT_TRYING = timedelta(days=1)  # an alert is sent again for so long
_TOLD = (AlertStep.TELL, AlertStep.REMIND, AlertStep.REROUTE, AlertStep.END)


class StaffAlertCheck:
    """Looks again and again, for as long as the process lives: it remembers what has made no progress. `failing` are the
    steps of the service that fail now, in words; `local` is the clock of this machine, whatever the service goes by."""

    def __init__(
        self,
        newsroom: Newsroom,
        database: Database,
        clock: Callable[[], datetime],
        failing: Callable[[], Mapping[str, str]],
        *,
        host: str = "",
        local: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.newsroom = newsroom
        self.database = database
        self.clock = clock
        self.host = host or socket.gethostname()
        self._facts = FactReader(newsroom)
        self._machine = HostReader(newsroom, database, self.host, failing, local)

    def run(self) -> list[str]:
        """Look once, and tell what is new; returns the titles. Blocks; made for a thread. Raises StoreError."""
        if not self._machine.believes():
            return []
        now = self.clock()
        self._machine.try_store()
        with self.database.read() as connection:
            seen = self._find_conditions(connection, now)
            if not list(self._decide(connection, seen, now)):
                return []
            failing = self._failing_channels(connection, now)
        with self.database.write() as connection:  # again: another process may have been faster
            actions = list(self._decide(connection, seen, now))
            told = [self._act(connection, action, failing, now) for action in actions]
        lines = [one for one in told if one is not None]
        for line in lines:
            log.warning("staff alert: %s: %s", line.title, " ".join(line.text.split()))
        return [line.title for line in lines]

    def _find_conditions(self, connection: Connection, now: datetime) -> list[Condition]:
        settings = self.newsroom.settings.alerts
        facts = self._facts
        facts.read(connection, now)
        found = [
            *find_source_conditions(facts.sources(connection, now), now),
            *find_edition_conditions(facts.editions(connection), now),
            *find_channel_conditions(facts.channels(connection, now), now, settings.stalled_after),
            *find_held_suppressions(guard.list_held(connection)),
            *find_token_conditions(find_ends(self.newsroom, connection, now), now, settings.expires_within),
            *find_host_conditions(self._machine.facts()),
        ]
        return [one for one in found if one.kind not in settings.leave_out]

    def _decide(self, connection: Connection, seen: Sequence[Condition], now: datetime) -> Iterator[AlertAction]:
        known = repository.list_open(connection)
        unheard = _unheard(connection, known)
        remind_after = self.newsroom.settings.alerts.remind_after
        return decide_alerts(known, seen, now, host=self.host, unheard=unheard, remind_after=remind_after)

    def _failing_channels(self, connection: Connection, now: datetime) -> frozenset[str]:
        late = {
            name
            for name, since in repository.list_late_messages(connection).items()
            if now - since > timedelta(minutes=5)
        }
        faults = channel_state.faults_by_channel(connection)
        return frozenset({*faults, *channel_state.list_backoffs(connection, now), *late})

    def _act(
        self, connection: Connection, action: AlertAction, failing: Collection[str], now: datetime
    ) -> AlertMessage | None:
        """One step, in its transaction; the message that staff get, if any."""
        alert = action.alert
        if action.step is AlertStep.FORGET and alert:
            repository.forget(connection, alert)
        if action.step in (AlertStep.END, AlertStep.CLOSE) and alert:
            repository.end(connection, alert, now)
        if action.condition:
            alert = repository.note(connection, action.condition, now)
        if action.step not in _TOLD or alert is None:
            return None
        return self._tell(connection, alert, action.step, failing, now)

    def _tell(
        self, connection: Connection, alert: OpenAlert, step: AlertStep, failing: Collection[str], now: datetime
    ) -> AlertMessage | None:
        again = step is AlertStep.REROUTE
        site, zone = self.newsroom.settings.site.title, self.newsroom.settings.site.timezone
        message = compose_alert(
            step, alert.kind, alert.subject, alert.what, site=site, since=alert.since, now=now, zone=zone
        )
        number = alert.told + 1
        about = "" if step is AlertStep.END else alert.about
        sent = enqueue_alert(
            self.newsroom, connection, message, f"{alert.id}-{number}", now,
            about=about, failing=failing, tried=alert.tried if again else (),
        )  # fmt: skip
        if again and not sent:
            return None
        repository.record_told(connection, alert, [*(alert.messages if again else ()), *sent], now)
        if not again:
            data = event_data(step, alert.kind, alert.subject, alert.what, alert.since)
            pipeline.enqueue_event(
                self.newsroom,
                connection,
                EventType.STAFF_ALERT,
                now,
                data,
                f"{alert.id} {number} {alert.since.isoformat()}",
            )
        return message


def _unheard(connection: Connection, known: Sequence[OpenAlert]) -> frozenset[int]:
    """The alerts of whose messages none has arrived, and none has been deleted as old."""
    keys = [key for alert in known for key in alert.messages]
    states = {row.dedupe_key: row.state for row in outbox.find_by_keys(connection, keys)} if keys else {}
    return frozenset(
        alert.id
        for alert in known
        if alert.messages and all(states.get(key, OutboxState.SENT) != OutboxState.SENT for key in alert.messages)
    )


# -- by which channels -------------------------------------------------------------------------------------------------


def possible_channels(newsroom: Newsroom) -> list[str]:
    """The channels that can carry alerts, best first; empty where nobody can be told."""
    settings = newsroom.settings.alerts
    writers = [name for name, one in newsroom.channels.items() if _writes(one)]
    named = list(settings.channels or writers)
    return [name for name in named if name in newsroom.channels and (settings.to or name not in writers)]


def enqueue_alert(
    newsroom: Newsroom,
    connection: Connection,
    message: AlertMessage,
    key: str,
    now: datetime,
    *,
    about: str = "",
    failing: Collection[str] = (),
    tried: Collection[str] = (),
) -> list[str]:
    """Put an alert into the outbox, for each channel and address that is to have it; returns the keys of the messages.
    `key` names the alert and its turn. See `choose_channels` for the rest."""
    possible, every = possible_channels(newsroom), newsroom.settings.alerts.through == "all"
    sent = []
    for name in choose_channels(possible, about, failing, tried, every=every):
        for one in _messages(newsroom, newsroom.channels[name], message, key, now):
            outbox.add(connection, one, now)
            sent.append(one.dedupe_key)
    return sent


def enqueue_test(newsroom: Newsroom, connection: Connection, now: datetime) -> list[str]:
    """Put a test alert into the outbox for every channel that can carry alerts; returns the keys of the messages."""
    site, host = newsroom.settings.site, socket.gethostname()
    message = compose_alert(
        AlertStep.TELL, AlertKind.TEST, host, "somebody has typed `distributor alerts test`",
        site=site.title, since=now, now=now, zone=site.timezone,
    )  # fmt: skip
    key = f"test-{now:%Y%m%dT%H%M%S%f}"
    messages = [
        one
        for name in possible_channels(newsroom)
        for one in _messages(newsroom, newsroom.channels[name], message, key, now)
    ]
    outbox.add_all(connection, messages, now)
    return [one.dedupe_key for one in messages]


def _messages(
    newsroom: Newsroom, channel: Channel, message: AlertMessage, key: str, now: datetime
) -> Iterator[OutboxMessage]:
    until = now + KEPT_TRYING
    if _writes(channel):
        body = {"language": "en", "values": {"title": message.title, "text": message.text}}
        for address in map(Mailbox.parse, newsroom.settings.alerts.to):
            mark = sha256(address.address.encode()).hexdigest()[:10]
            yield OutboxMessage(
                dedupe_key=f"alert:{channel.name}:{key}-{mark}", channel=channel.name, kind=outbox.STAFF_ALERT,
                address=address.address, name=address.name, body=json.dumps(body, ensure_ascii=False).encode(),
                expires_at=until,
            )  # fmt: skip
        return
    text = _shortened(channel, f"{message.title}\n\n{message.text}")
    media_type, body_bytes = encode_content(channel.compose_notice(f"alert-{key}", message.title, text))
    yield OutboxMessage(
        dedupe_key=f"alert:{channel.name}:{key}", channel=channel.name, kind=outbox.STAFF_ALERT,
        media_type=media_type, body=body_bytes, expires_at=until,
    )  # fmt: skip


def _shortened(channel: Channel, text: str) -> str:
    """A text within what the channel's network takes."""
    limits = channel.limits
    if limits.text is None or limits.measure(text) <= limits.text:
        return text
    while text and limits.measure(f"{text}…") > limits.text:
        text = text[: len(text) * 9 // 10]
    return f"{text.rstrip()}…"


def _writes(channel: Channel) -> bool:
    return isinstance(channel, PersonalChannel) and channel.sends_email
