"""What subscribers do on their own page: preferences, another address, a copy of their data, erasure.

Each function is part of the caller's transaction, so that no email is there without its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ..i18n import short_date
from ..mail.address import mask_address, normalize
from ..model import Subscriber
from ..newsroom import Newsroom
from ..subscribers import (
    address_changes,
    attempts,
    consents,
    data_requests,
    erasures,
    opt_outs,
    repository,
)
from ..subscribers.address_changes import AddressChange
from ..subscribers.address_hash import hash_address
from ..subscribers.consents import Consent
from ..subscribers.data_requests import RequestKind, new_request
from ..subscribers.preferences import Preferences, decide_changes, pause_ends
from ..subscribers.tokens import Claim, Purpose, sign
from .events import tell_changed, tell_joined, tell_left
from .leaving import VIA_LINK, LeaveRequest, leave_all
from .transactional import EmailRequest, enqueue_email

DATA_LINK_VALID = timedelta(days=7)
DATA_SCOPE = "data"  # of a link that shows all data: only the email with it has one
_NOTICE_VALID = timedelta(days=3)
_MOST_CHANGES = 3  # new addresses that one subscriber may have written to in 24 hours


def save_preferences(
    newsroom: Newsroom, connection: Connection, subscriber: str, chosen: Preferences, text: str, now: datetime
) -> None:
    """Let a subscriber have what they have chosen. `text` is what stood above newsletters that they join: their consent."""
    person = repository.find_by_ids(connection, [subscriber]).get(subscriber)
    if person is None:
        return
    changes = decide_changes(person, chosen)
    leave_all(
        newsroom,
        connection,
        [LeaveRequest(subscriber=person.id, newsletter=name, received_at=now) for name in changes.leaves],
        now,
    )
    _join(newsroom, connection, person, changes.joins, chosen, text, now)
    if changes.after != person:
        repository.update(connection, [(person, changes.after)], now)
    before, paused = repository.paused_until(connection, person.id), False
    for name in chosen.newsletters:
        newsletter = newsroom.settings.newsletters.get(name)
        zone = newsroom.zone(newsletter) if newsletter else newsroom.settings.site.timezone
        until = pause_ends(chosen.pauses[name], zone) if name in chosen.pauses else None
        if until != before.get(name):
            repository.pause(connection, person.id, name, until)
            paused = True
    if changes.after != person or paused:
        tell_changed(newsroom, connection, repository.find_by_ids(connection, [person.id])[person.id], now)


def _join(
    newsroom: Newsroom,
    connection: Connection,
    person: Subscriber,
    names: Sequence[str],
    chosen: Preferences,
    text: str,
    now: datetime,
) -> None:
    """Subscribe somebody to more newsletters. Whoever has the link has read an email at the address, so nobody needs to
    confirm it again; earlier opt-outs of these newsletters end, a suppression stays."""
    opt_outs.delete(connection, normalize(person.address), names)
    repository.add_subscriptions(connection, person.id, names, now)
    consents.record(
        connection,
        [
            Consent(
                subscriber=person.id,
                newsletter=name,
                language=chosen.language,
                text=text,
                via=VIA_LINK,
                asked_at=now,
                confirmed_at=now,
            )
            for name in names
        ],
    )
    tell_joined(newsroom, connection, person, names, now, via=VIA_LINK)


# -- another address -----------------------------------------------------------------------------------------------------


def ask_new_address(
    newsroom: Newsroom, connection: Connection, person: Subscriber, address: str, now: datetime
) -> None:
    """Ask the owner of a new address whether it is theirs. At most one email a day goes to an address, and a few at the wish
    of one subscriber; nobody sees whether one went."""
    key = normalize(address)
    if key == normalize(person.address):
        return
    to = f"address {hash_address(newsroom.secret(), key)[:32]}"
    by = f"address of {person.id}"
    lately = attempts.count(connection, [to, by], now)
    if lately[to].day or lately[by].day >= _MOST_CHANGES:
        return
    attempts.add(connection, [to, by], now)
    change = address_changes.ask(connection, person.id, address, now)
    token = sign(newsroom.secret(), Claim(Purpose.ADDRESS, change.id, expires=change.expires_at))
    enqueue_email(
        newsroom,
        connection,
        EmailRequest(
            template="email/address_change",
            address=address,
            subscriber=person.id,
            language=person.language,
            dedupe_key=f"address:{change.id}",
            expires_at=change.expires_at,
            values={
                "confirm_url": f"{newsroom.settings.links_url}/a/{token}",
                "old_address": mask_address(person.address),
                "asked_at": now.isoformat(),
                "expires_at": change.expires_at.isoformat(),
            },
        ),
        now,
    )


def find_change(connection: Connection, change_id: str, now: datetime) -> tuple[AddressChange, Subscriber] | None:
    """A change whose link is still good, confirmed or not, and whose it is."""
    change = address_changes.find(connection, change_id, now)
    person = repository.find_by_ids(connection, [change.subscriber]).get(change.subscriber) if change else None
    return (change, person) if change and person else None


def confirm_new_address(newsroom: Newsroom, connection: Connection, change_id: str, now: datetime) -> Subscriber | None:
    """Give a subscriber the new address, and tell the old one; returns them as they are then, None where there is nothing to
    confirm (any more). Doing it again changes nothing."""
    found = find_change(connection, change_id, now)
    if found is None:
        return None
    change, person = found
    if change.done_at:
        return person
    after = address_changes.apply(connection, change, person, newsroom.secrets(), now)
    tell_changed(newsroom, connection, after, now)
    _tell_old_address(newsroom, connection, change, person, after, now)
    return after


def _tell_old_address(
    newsroom: Newsroom,
    connection: Connection,
    change: AddressChange,
    before: Subscriber,
    after: Subscriber,
    now: datetime,
) -> None:
    """So that nobody's newsletters are taken elsewhere unnoticed. The email has no link of the subscriber: whoever reads the
    old mailbox may be somebody else by now."""
    if normalize(before.address) == normalize(after.address):
        return
    enqueue_email(
        newsroom,
        connection,
        EmailRequest(
            template="email/address_changed",
            address=before.address,
            language=before.language,
            dedupe_key=f"address changed:{change.id}",
            expires_at=now + _NOTICE_VALID,
            values={"new_address": mask_address(after.address), "changed_at": now.isoformat()},
        ),
        now,
    )


# -- their data ----------------------------------------------------------------------------------------------------------


def send_data(newsroom: Newsroom, connection: Connection, person: Subscriber, now: datetime, *, via: str) -> None:
    """Email a subscriber what is held about them, with a link to all of it; once a day. The request is on record."""
    key = f"data {person.id}"
    if attempts.count(connection, [key], now)[key].day:
        return
    attempts.add(connection, [key], now)
    request = new_request(RequestKind.ACCESS, person.address, now, via=via, subscriber=person.id)
    number = data_requests.record(connection, request)
    data_requests.close(connection, number, via, "sent by email", now)
    token = sign(newsroom.secret(), Claim(Purpose.PREFERENCES, person.id, DATA_SCOPE, now + DATA_LINK_VALID))
    enqueue_email(
        newsroom,
        connection,
        EmailRequest(
            template="email/data",
            address=person.address,
            name=person.name,
            subscriber=person.id,
            language=person.language,
            dedupe_key=f"data:{person.id}:{number}",
            expires_at=now + DATA_LINK_VALID,
            values={
                "sections": _sections(newsroom, connection, person),
                "link_url": f"{newsroom.settings.links_url}/p/{token}/data.json",
                "asked_at": now.isoformat(),
            },
        ),
        now,
    )


def _sections(newsroom: Newsroom, connection: Connection, person: Subscriber) -> list[dict[str, object]]:
    """The data that people know best, as they read it."""
    settings, language = newsroom.settings, person.language
    zone = settings.site.timezone

    def titled(key: str, lines: Sequence[str]) -> dict[str, object]:
        return {"title": settings.texts.translate(language, key), "lines": list(lines)}

    since = repository.subscribed_since(connection, person.id)
    titles = {name: one.title for name, one in settings.newsletters.items()}
    found = [
        titled("data_address", [person.address]),
        titled("data_name", [person.name] if person.name else []),
        titled(
            "data_newsletters",
            [
                settings.texts.translate(
                    language, "data_since", newsletter=titles.get(name, name), date=short_date(at, language, zone)
                )
                for name, at in since.items()
            ],
        ),
        titled("data_topics", person.topics),
        titled(
            "data_consents",
            [
                f"{short_date(one.asked_at, language, zone)}: {one.text}"
                for one in consents.list_of(connection, person.id)
            ],
        ),
    ]
    return [one for one in found if one["lines"]]


def erase_subscriber(
    newsroom: Newsroom, connection: Connection, person: Subscriber, now: datetime, *, via: str
) -> None:
    """Delete everything that names a subscriber, and put on record that it was asked for and done, without a name."""
    request = new_request(RequestKind.ERASE, "", now, via=via)
    data_requests.close(connection, data_requests.record(connection, request), via, "", now)
    forget_subscriber(newsroom, connection, person, now, via=via)


def forget_subscriber(
    newsroom: Newsroom, connection: Connection, person: Subscriber, now: datetime, *, via: str
) -> None:
    """Delete everything that names a subscriber, and tell other programs that somebody with the id that they know has left
    (GDPR, article 19)."""
    erasures.erase(connection, person, newsroom.secrets(), now, via=via)
    tell_left(newsroom, connection, person._replace(address=""), opt_outs.ALL_NEWSLETTERS, now, via=erasures.VIA)
