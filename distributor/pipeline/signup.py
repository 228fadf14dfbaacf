"""Signing up on the web: a request, the email that asks to confirm it, the confirmation, and what follows from each.

    form ──▶ limits ──▶ sign-up ──email──▶ confirmation ──▶ subscriber, consent, welcome
               │                      └──▶ "it was not me" ──▶ nobody asks again for a while
               └─▶ one page more, or nobody now

Whoever has an address is unknown until they click. So every request does the same whatever is known of its address, and
only the email tells its owner more. Each function is part of the caller's transaction, so that neither a sign-up nor its
email is there without the other.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ..bounces import suppressions
from ..channel import EventType
from ..editions import web_archive
from ..mail.address import normalize
from ..model import BounceType, Frequency, Language, Subscriber
from ..newsroom import Newsroom
from ..storage.database import Database
from ..storage.renames import NameKind, current_name
from ..subscribers import address_changes, attempts, consents, opt_outs, repository, signups, subscribe
from ..subscribers.address_hash import hash_address, hash_with_each
from ..subscribers.consents import Consent
from ..subscribers.requests import SubscriptionChoice, SubscriptionRequest
from ..subscribers.signup_limits import (
    LARGE_PROVIDERS,
    EmailDecision,
    LimitDecision,
    SignupCounts,
    breaker_open,
    decide_email,
    decide_limits,
)
from ..subscribers.signups import FORM, LINK_VALID, Signup, SignupAsk, SignupWish, merge_signup
from ..subscribers.subscribe import SubscribeResult
from ..subscribers.tokens import Claim, Purpose, sign
from .events import tell_joined
from .leaving import LeaveRequest, leave_all
from .preferences import forget_subscriber
from .transactional import EmailRequest, enqueue_email, may_write

log = logging.getLogger("distributor.signup")

CONFIRMATION, REMINDER, WELCOME = "email/confirmation", "email/reminder", "email/welcome"
REFUSED = "not me"  # how somebody has left whom another one has signed up
WELCOME_VALID = timedelta(days=3)
_SITE, _CONFIRMED, _BREAKER = "signup", "signup confirmed", "signup breaker"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupForm:
    """A form that was filled in, checked. `text` is what was agreed to; `network` is where it comes from, for limits;
    `client_address` is empty unless the newsroom keeps it; `via` says whether it was filled in on a page of ours or came
    through the API. `passed_extra`: the extra page has been passed."""

    address: str
    newsletters: tuple[str, ...]
    language: Language
    name: str = ""
    topics: tuple[str, ...] = ()
    frequency: Frequency | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)
    text: str
    url: str = ""
    network: str = ""
    client_address: str = ""
    via: str = FORM
    passed_extra: bool = False

    @property
    def wish(self) -> SignupWish:
        return SignupWish(
            language=self.language,
            name=self.name,
            topics=self.topics,
            frequency=self.frequency,
            attributes=self.attributes,
        )

    def ask(self, newsletter: str, now: datetime) -> SignupAsk:
        return SignupAsk(
            newsletter=newsletter,
            text=self.text,
            language=self.language,
            at=now,
            url=self.url,
            client_address=self.client_address,
            via=self.via,
        )


def take_signup(newsroom: Newsroom, connection: Connection, form: SignupForm, now: datetime) -> LimitDecision:
    """Sign an address up, unless limits ask for the extra page or forbid it. What happens to the address shows in nothing
    but the emails that its owner gets."""
    decision = _apply_limits(newsroom, connection, form, now)
    if decision is LimitDecision.TOO_MANY or (decision is LimitDecision.EXTRA and not form.passed_extra):
        return decision
    hashes = hash_with_each(newsroom.secrets(), normalize(form.address))
    refused = signups.is_refused(connection, hashes, now)
    at_once = () if refused else _subscribe_at_once(newsroom, connection, form, now)
    rest = [name for name in form.newsletters if name not in at_once]
    if rest:
        _ask_to_confirm(newsroom, connection, form, rest, refused=refused, now=now)
    return LimitDecision.TAKE


def check_limits(newsroom: Newsroom, connection: Connection, form: SignupForm, now: datetime) -> LimitDecision:
    """What `take_signup` would decide, without writing: most of a flood need not wait for the one who writes, nor keep
    others waiting. What is to be told to staff is left to `take_signup`."""
    counted = _count(newsroom, connection, form, now)
    return LimitDecision.TAKE if form.passed_extra or counted.alarming else decide_limits(counted.counts)


@dataclass(frozen=True, slots=True)
class _Counted:
    """What was counted; `keys` are what this sign-up counts under. `alarming`: staff are to be told now."""

    counts: SignupCounts
    keys: tuple[str, ...]
    alarming: bool


def _count(newsroom: Newsroom, connection: Connection, form: SignupForm, now: datetime) -> _Counted:
    network = _key_of(newsroom, "network", form.network)
    name = form.address.rpartition("@")[2].lower()
    domain = "" if name in LARGE_PROVIDERS else _key_of(newsroom, "domain", name)
    found = attempts.count(connection, [network, domain, _SITE, _CONFIRMED, _BREAKER], now)
    counts = SignupCounts(
        network=found[network],
        domain=found[domain],
        site=found[_SITE],
        confirmed=found[_CONFIRMED],
        most=newsroom.settings.web_settings.max_signups_per_hour,
    )
    alarming = breaker_open(counts) and not found[_BREAKER].hour
    return _Counted(counts, tuple(filter(None, (network, domain, _SITE))), alarming)


def _apply_limits(newsroom: Newsroom, connection: Connection, form: SignupForm, now: datetime) -> LimitDecision:
    counted = _count(newsroom, connection, form, now)
    decision = decide_limits(counted.counts)
    if counted.alarming:
        attempts.add(connection, [_BREAKER], now)
        log.error(
            "of %d sign-ups in the last hour, %d were confirmed: somebody may be signing up others; until it is over, "
            "everybody is asked for one more click",
            counted.counts.site.hour,
            counted.counts.confirmed.hour,
        )
    if decision is LimitDecision.TAKE or (decision is LimitDecision.EXTRA and form.passed_extra):
        attempts.add(connection, counted.keys, now)
    return decision


def _key_of(newsroom: Newsroom, kind: str, name: str) -> str:
    """What a network or a domain is counted under; empty for none, which is never counted."""
    return f"signup {kind} {hash_address(newsroom.secret(), f'{kind} {name}')[:32]}" if name else ""


def _subscribe_at_once(newsroom: Newsroom, connection: Connection, form: SignupForm, now: datetime) -> tuple[str, ...]:
    """Subscribe to the newsletters that need no confirmation; returns which. Whoever has left one, or must not be written
    to, has to confirm nevertheless: anybody can fill in a form. And what a subscriber has chosen stays as it is."""
    wanted = [name for name in form.newsletters if newsroom.settings.newsletters[name].confirm == "single"]
    if not wanted:
        return ()
    key = normalize(form.address)
    left = opt_outs.find_with_suppressions(connection, [key]).get(key, [])
    allowed = tuple(name for name in wanted if not opt_outs.find_blocking(left, name))
    if not allowed:
        return ()
    known = repository.find(connection, form.address)
    wish = SignupWish(language=known.language) if known else form.wish
    request = _request(form.address, allowed, wish, "signed up on the web")
    made = subscribe.add(connection, request, now, keys=newsroom.secrets())
    subscribed = tuple(name for name in allowed if name not in made.blocked_by)
    new = tuple(name for name in subscribed if known is None or name not in known.newsletters)
    if made.subscriber and new:
        _record_consents(connection, made.subscriber, [form.ask(name, now) for name in new], None)
        _welcome(newsroom, connection, made.subscriber, new, now)
        tell_joined(newsroom, connection, made.subscriber, new, now, via=form.via)
    return subscribed


def _ask_to_confirm(
    newsroom: Newsroom,
    connection: Connection,
    form: SignupForm,
    newsletters: Sequence[str],
    *,
    refused: bool,
    now: datetime,
) -> None:
    known = signups.find_by_address(connection, form.address)
    asks = [form.ask(name, now) for name in newsletters]
    signup = merge_signup(known, form.address, form.wish, asks, now)
    decision = _decide_email(connection, signup, refused=refused, now=now)
    if decision in (EmailDecision.REFUSED, EmailDecision.SUPPRESSED):
        log.info("a sign-up is not taken: %s", decision)
        return
    if decision is EmailDecision.SEND:
        signup = replace(signup, emailed=(*signup.emailed, now))
        _send_confirmation(newsroom, connection, signup, now)
    signups.save(connection, signup)


def _decide_email(connection: Connection, signup: Signup, *, refused: bool, now: datetime) -> EmailDecision:
    found = suppressions.find_suppression(connection, signup.address)
    return decide_email(
        signup.emailed,
        refused=refused,
        forbidden=found is not None and not may_write(CONFIRMATION, found.type),
        bounced=found is not None and found.type is BounceType.HARD,
        now=now,
    )


def _send_confirmation(
    newsroom: Newsroom, connection: Connection, signup: Signup, now: datetime, template: str = CONFIRMATION
) -> None:
    """The name is not in it: whoever has entered it may be anybody, and could make us write anything to anybody."""
    known = [name for name in signup.newsletters if name in newsroom.settings.newsletters]
    expires = now + LINK_VALID
    token = sign(newsroom.secret(), Claim(Purpose.CONFIRM, signup.id, expires=expires))
    enqueue_email(
        newsroom,
        connection,
        EmailRequest(
            template=template,
            address=signup.address,
            newsletter=known[0] if known else "",
            language=signup.wish.language,
            dedupe_key=f"confirmation:{signup.id}:{int(now.timestamp())}",
            expires_at=expires,
            values={
                "confirm_url": f"{newsroom.settings.links_url}/c/{token}",
                "titles": _titles(newsroom, signup.newsletters),
                "expires_at": expires.isoformat(),
            },
        ),
        now,
    )


def _titles(newsroom: Newsroom, names: Sequence[str]) -> str:
    known = newsroom.settings.newsletters
    return ", ".join(known[name].title for name in names if name in known)


# -- the confirmation ---------------------------------------------------------------------------------------------------


def confirm_signup(newsroom: Newsroom, connection: Connection, signup_id: str, now: datetime) -> Signup | None:
    """Subscribe whoever has followed their link; their earlier opt-outs of these newsletters end. Doing it again changes
    nothing. None where there is no such sign-up (any more)."""
    signup = signups.find(connection, signup_id)
    if signup is None or signup.confirmed_at:
        return signup
    names = _names_now(newsroom, connection, signup)
    asks = [replace(ask, newsletter=names[ask.newsletter]) for ask in signup.asks if ask.newsletter in names]
    done = replace(signup, asks=tuple(asks), confirmed_at=now, emailed=())
    signups.save(connection, done)
    attempts.add(connection, [_CONFIRMED], now)
    if asks:
        _subscribe(newsroom, connection, done, now)
    return done


def _subscribe(newsroom: Newsroom, connection: Connection, signup: Signup, now: datetime) -> None:
    known = repository.find(connection, signup.address)
    request = _request(
        signup.address, signup.newsletters, signup.wish, f"confirmed on the web, {now.isoformat(timespec='seconds')}"
    )
    made = _add(newsroom, connection, request, now)
    if made.subscriber is None:
        return
    _record_consents(connection, made.subscriber, signup.asks, now)
    here = made.subscriber.newsletters
    new = [name for name in signup.newsletters if name in here and (known is None or name not in known.newsletters)]
    person, via = made.subscriber, signup.asks[-1].via
    tell_joined(newsroom, connection, person, signup.newsletters, now, via=via, type=EventType.CONFIRMED)
    if new:
        _welcome(newsroom, connection, made.subscriber, new, now)
        tell_joined(newsroom, connection, made.subscriber, new, now, via=via)


def _add(newsroom: Newsroom, connection: Connection, request: SubscriptionRequest, now: datetime) -> SubscribeResult:
    """What staff have suppressed stays so, whoever confirms."""
    keys = newsroom.secrets()
    found = suppressions.find_suppression(connection, request.address)
    if found and found.type is BounceType.STAFF:
        return subscribe.add(connection, request, now, keys=keys)
    return subscribe.resubscribe(connection, request, now, keys=keys)[0]


def _names_now(newsroom: Newsroom, connection: Connection, signup: Signup) -> dict[str, str]:
    """The newsletters that were asked for and still exist: then and now, as they may have been renamed."""
    now = {name: current_name(connection, NameKind.NEWSLETTER, name) for name in signup.newsletters}
    return {then: name for then, name in now.items() if name in newsroom.settings.newsletters}


def _request(address: str, newsletters: Sequence[str], wish: SignupWish, consent: str) -> SubscriptionRequest:
    choice = SubscriptionChoice(
        newsletters=tuple(dict.fromkeys(newsletters)),
        language=wish.language,
        topics=wish.topics,
        frequency=wish.frequency,
    )
    return SubscriptionRequest(
        address=address, choice=choice, name=wish.name, consent=consent, attributes=wish.attributes
    )


def _record_consents(
    connection: Connection, subscriber: Subscriber, asks: Sequence[SignupAsk], confirmed_at: datetime | None
) -> None:
    consents.record(
        connection,
        [
            Consent(
                subscriber=subscriber.id,
                newsletter=ask.newsletter,
                language=ask.language,
                text=ask.text,
                via=ask.via,
                url=ask.url,
                client_address=ask.client_address,
                asked_at=ask.at,
                confirmed_at=confirmed_at,
            )
            for ask in asks
        ],
    )


def _welcome(
    newsroom: Newsroom, connection: Connection, subscriber: Subscriber, newsletters: Sequence[str], now: datetime
) -> None:
    """One email, however many newsletters it is about."""
    links, latest = newsroom.settings.links_url, latest_edition_path(newsroom, connection, newsletters)
    enqueue_email(
        newsroom,
        connection,
        EmailRequest(
            template=WELCOME,
            address=subscriber.address,
            name=subscriber.name,
            subscriber=subscriber.id,
            newsletter=newsletters[0],
            language=subscriber.language,
            dedupe_key=f"welcome:{subscriber.id}:{newsletters[0]}:{int(now.timestamp())}",
            expires_at=now + WELCOME_VALID,
            values={"titles": _titles(newsroom, newsletters), "latest_url": f"{links}{latest}" if latest else ""},
        ),
        now,
    )


def latest_edition_path(newsroom: Newsroom, connection: Connection, newsletters: Sequence[str]) -> str:
    """Where the archive has the latest edition of these newsletters; empty where there is none."""
    known = newsroom.settings.newsletters
    shown = [name for name in newsletters if name in known and known[name].on_the_web]
    latest = web_archive.list_public_editions(connection, shown, 1) if newsroom.settings.web else []
    return f"/archive/{latest[0].newsletter}/{latest[0].id}" if latest else ""


# -- "it was not me", reminders, the end --------------------------------------------------------------------------------


def refuse_signup(newsroom: Newsroom, connection: Connection, signup_id: str, now: datetime) -> Signup | None:
    """Forget a sign-up whose owner has not asked for it, and ask nobody at that address again for a while; returns what it
    was. If somebody has confirmed it meanwhile, they are unsubscribed from its newsletters, and forgotten if it was only
    this sign-up by which they are known."""
    signup = signups.find(connection, signup_id)
    if signup is None:
        return None
    person = repository.find(connection, signup.address) if signup.confirmed_at else None
    if person:
        _undo_confirmation(newsroom, connection, signup, person, now)
    signups.refuse(connection, hash_address(newsroom.secret(), normalize(signup.address)), now)
    signups.delete(connection, signup.id)
    return signup


def _undo_confirmation(
    newsroom: Newsroom, connection: Connection, signup: Signup, person: Subscriber, now: datetime
) -> None:
    names = {current_name(connection, NameKind.NEWSLETTER, name) for name in signup.newsletters}
    if person.created and person.created >= signup.asked_at and names.issuperset(person.newsletters):
        forget_subscriber(newsroom, connection, person, now, via=REFUSED)
        return
    off = [
        LeaveRequest(subscriber=person.id, newsletter=name, received_at=now, via=REFUSED, goodbye=False)
        for name in names
    ]
    leave_all(newsroom, connection, off, now)


def tend_signups(newsroom: Newsroom, database: Database, now: datetime) -> int:
    """Remind once those who have not confirmed, and delete what is over: for the service, now and then. Returns how many
    were reminded."""
    with database.write() as connection:
        signups.delete_expired(connection, now)
        address_changes.delete_expired(connection, now)
        attempts.delete_old(connection, now)
        return _remind(newsroom, connection, signups.list_to_remind(connection, now), now)


def _remind(newsroom: Newsroom, connection: Connection, waiting: Sequence[Signup], now: datetime) -> int:
    reminded = 0
    for signup in waiting:
        after = replace(signup, reminded_at=now)
        known = any(name in newsroom.settings.newsletters for name in signup.newsletters)
        hashes = hash_with_each(newsroom.secrets(), normalize(signup.address))
        refused = signups.is_refused(connection, hashes, now)
        if known and _decide_email(connection, signup, refused=refused, now=now) is EmailDecision.SEND:
            after = replace(after, emailed=(*signup.emailed, now))
            _send_confirmation(newsroom, connection, after, now, REMINDER)
            reminded += 1
        signups.save(connection, after)
    return reminded
