"""The sign-up form: what it offers, what was typed into it, what is wrong with that, and whether a person sent it.

The names of its fields are part of snippets on other sites and never change: `email`, `newsletter`, `topic`, `frequency`,
`language`, `name`, `attribute.NAME`, `consent` (see `consent_text`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from ..config.schema import Newsletter
from ..config.web import Attribute
from ..model import Frequency, Language
from ..newsroom import Newsroom
from ..subscribers.address_hash import hash_address
from ..subscribers.attributes import InvalidAttribute, parse_value
from ..subscribers.tokens import BadToken, Claim, Purpose, read, sign
from ..subscribers.typed_address import clean_typed_address
from ..text import clean_line
from .forms import first

HONEYPOT = "mh7"  # a name that neither people nor password managers know
FORM_TIME, PASSED, SURE = (
    "shown",
    "passed",
    "sure",
)  # fields: when the form was shown, the extra page, an unusual address
ATTRIBUTE = "attribute."
MIN_FILL_TIME = timedelta(seconds=3)
MAX_FILL_TIME = timedelta(hours=24)
PASSED_VALID = timedelta(hours=1)
CACHED_STEP = timedelta(minutes=10)  # pages that are cached show a time to this step, so that they stay the same
LONGEST_NAME = 100  # characters
_LINK = re.compile(  # not a name, but an advertisement
    r"://|www\.|@|\.(?:com|net|org|info|biz|vn|ru|xyz|top|io|me|ly|cc|co|site|online|shop)\b", re.IGNORECASE
)

Errors = Mapping[str, str]  # field → translation


@dataclass(frozen=True, slots=True)
class FormOptions:
    """What the form offers."""

    newsletters: Mapping[str, Newsletter]
    topics: tuple[str, ...]
    attributes: Mapping[str, Attribute]

    @classmethod
    def of(cls, newsroom: Newsroom, only: str = "") -> FormOptions:
        """Those of a newsroom; with `only`, of one newsletter."""
        settings = newsroom.settings
        newsletters = {
            name: one
            for name, one in settings.newsletters.items()
            if only in ("", name) and takes_signups(newsroom, one)
        }
        topics = [topic for one in newsletters.values() for topic in (*one.sections, *one.topics)]
        attributes = {name: one for name, one in settings.attributes.items() if one.on_form}
        return cls(newsletters, tuple(dict.fromkeys(topics)), attributes)


def takes_signups(newsroom: Newsroom, newsletter: Newsletter) -> bool:
    """Whether somebody can sign up for a newsletter on the web: it is shown there, and sends emails."""
    channels = newsroom.newsletter_channels(newsletter).values()
    return newsletter.on_the_web and any(channel.personal for channel in channels)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedForm:
    """What was typed, as it was typed."""

    email: str = ""
    newsletters: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    frequency: str = ""
    language: str = ""
    name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """As fields, to be sent once more."""
        yield "email", self.email
        yield from (("newsletter", one) for one in self.newsletters)
        yield from (("topic", one) for one in self.topics)
        yield from (("frequency", self.frequency), ("language", self.language), ("name", self.name))
        yield from ((ATTRIBUTE + name, value) for name, value in self.attributes.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedForm:
    """What was typed, in its right form."""

    address: str
    newsletters: tuple[str, ...]
    topics: tuple[str, ...]
    frequency: Frequency | None
    language: Language
    name: str
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)


def read_typed(form: Mapping[str, Sequence[str]], options: FormOptions) -> TypedForm:
    """What was typed into the fields that the form has. A newsroom with one newsletter need not name it."""
    chosen = tuple(dict.fromkeys(filter(None, form.get("newsletter", ()))))
    return TypedForm(
        email=first(form, "email"),
        newsletters=chosen or (tuple(options.newsletters) if len(options.newsletters) == 1 else ()),
        topics=tuple(dict.fromkeys(filter(None, form.get("topic", ())))),
        frequency=first(form, "frequency"),
        language=first(form, "language"),
        name=first(form, "name"),
        attributes={name: first(form, ATTRIBUTE + name) for name in options.attributes},
    )


def check_typed(typed: TypedForm, options: FormOptions, language: Language) -> tuple[CheckedForm | None, Errors]:
    """The form in its right form, or what is wrong with each field. `language` is that of the page."""
    errors: dict[str, str] = {}
    address = ""
    try:
        address = clean_typed_address(typed.email)
    except ValueError:
        errors["email"] = "signup_email_wrong" if typed.email else "signup_email_empty"
    if not typed.newsletters:
        errors["newsletter"] = "signup_newsletter_none"
    elif not set(typed.newsletters) <= set(options.newsletters):
        errors["newsletter"] = "signup_choice_unknown"
    if not set(typed.topics) <= set(options.topics):
        errors["topic"] = "signup_choice_unknown"
    if typed.frequency and typed.frequency not in list(Frequency):
        errors["frequency"] = "signup_choice_unknown"
    if typed.language and typed.language not in list(Language):
        errors["language"] = "signup_choice_unknown"
    name = clean_line(typed.name)
    if len(name) > LONGEST_NAME or _LINK.search(name):
        errors["name"] = "signup_name_wrong"
    attributes = _check_attributes(typed, options, errors)
    if errors:
        return None, errors
    checked = CheckedForm(
        address=address,
        newsletters=typed.newsletters,
        topics=typed.topics,
        frequency=Frequency(typed.frequency) if typed.frequency else None,
        language=Language(typed.language) if typed.language else language,
        name=name,
        attributes=attributes,
    )
    return checked, {}


def _check_attributes(typed: TypedForm, options: FormOptions, errors: dict[str, str]) -> dict[str, Any]:
    """The values of attributes that were given; what is wrong goes to `errors`."""
    values: dict[str, Any] = {}
    for name, declared in options.attributes.items():
        try:
            value = parse_value(name, typed.attributes.get(name, ""), declared)
        except InvalidAttribute:
            errors[ATTRIBUTE + name] = _ATTRIBUTE_ERRORS.get(declared.type, "signup_choice_unknown")
            continue
        if value is not None:
            values[name] = value
    return values


_ATTRIBUTE_ERRORS = {"number": "signup_number_wrong", "date": "signup_date_wrong", "text": "signup_text_wrong"}


# -- whether a person sent it -------------------------------------------------------------------------------------------


class Sender(Enum):
    """What the form says of who has sent it."""

    PERSON = "nothing speaks against it"
    DOUBTFUL = "a field that nobody sees is filled in, or it came too soon, or without the time at which it was shown"
    LATE = "it was shown too long ago"
    PASSED = "has passed the extra page"


def judge_sender(form: Mapping[str, Sequence[str]], address: str, secrets: tuple[bytes, ...], now: datetime) -> Sender:
    """Whether a person has sent the form. Whoever is in doubt is shown one page more, never refused."""
    if _has_passed(first(form, PASSED), address, secrets, now):
        return Sender.PASSED
    if first(form, HONEYPOT):
        return Sender.DOUBTFUL
    shown = _shown(form, secrets)
    if shown is None:
        return Sender.DOUBTFUL
    age = now - datetime.fromtimestamp(int(shown.subject), now.tzinfo)
    if age > MAX_FILL_TIME:
        return Sender.LATE
    return Sender.DOUBTFUL if age < MIN_FILL_TIME else Sender.PERSON


def is_ours(form: Mapping[str, Sequence[str]], secrets: tuple[bytes, ...]) -> bool:
    """Whether the form was on a page of ours: it has the signed time at which it was shown."""
    return _shown(form, secrets) is not None


def _shown(form: Mapping[str, Sequence[str]], secrets: tuple[bytes, ...]) -> Claim | None:
    try:
        shown = read(secrets, first(form, FORM_TIME), Purpose.FORM)
    except BadToken:
        return None
    return shown if shown.scope == FORM_TIME else None


def form_time(key: bytes, now: datetime, *, cached: bool = False) -> str:
    """The signed time of a form that is shown now; `cached` on pages that are kept for a while."""
    moment = int(now.timestamp())
    if cached:
        moment -= moment % int(CACHED_STEP.total_seconds())
    return sign(key, Claim(Purpose.FORM, str(moment), FORM_TIME))


def passed_token(key: bytes, address: str, now: datetime) -> str:
    """What the button of the extra page carries: good for this address, for a while."""
    return sign(key, Claim(Purpose.FORM, hash_address(key, address)[:32], PASSED, now + PASSED_VALID))


def _has_passed(token: str, address: str, secrets: tuple[bytes, ...], now: datetime) -> bool:
    try:
        claim = read(secrets, token, Purpose.FORM, now)
    except BadToken:
        return False
    return claim.scope == PASSED and claim.subject in (hash_address(key, address)[:32] for key in secrets)
