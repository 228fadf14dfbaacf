"""The form of preferences: what it offers a subscriber, what was typed into it, and what is wrong with that. Pure.

Its fields have the names of those of the sign-up form, and `pause.NAME` for each newsletter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..config.schema import Newsletter, Settings
from ..config.web import Attribute
from ..model import AttributeValue, Frequency, Language, Subscriber
from ..subscribers.attributes import InvalidAttribute, parse_value, write_value
from ..subscribers.preferences import Preferences
from ..text import clean_line
from .forms import first

ATTRIBUTE, PAUSE = "attribute.", "pause."
LONGEST_NAME = 100  # characters
LONGEST_PAUSE = timedelta(days=366)
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")

Errors = Mapping[str, str]  # field → translation
NO_ERRORS: Errors = {}


@dataclass(frozen=True, slots=True)
class NewsletterOption:
    """A newsletter that a subscriber has or may have. `zone` is where its days begin."""

    name: str
    title: str
    description: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class PreferenceOptions:
    """What one subscriber is offered."""

    newsletters: Mapping[str, NewsletterOption]
    topics: tuple[str, ...]
    attributes: Mapping[str, Attribute]

    @classmethod
    def of(cls, settings: Settings, person: Subscriber) -> PreferenceOptions:
        """Every newsletter they are on, also one that is not on the web or in config.yaml any more; those they may join; the
        topics of all of them, and their own."""
        shown = {
            name: one for name, one in settings.newsletters.items() if one.on_the_web or name in person.newsletters
        }
        names = [*shown, *(name for name in person.newsletters if name not in shown)]
        topics = [topic for one in shown.values() for topic in (*one.sections, *one.topics)]
        return cls(
            {name: _option(settings, name, shown.get(name)) for name in names},
            tuple(dict.fromkeys((*topics, *person.topics))),
            {name: one for name, one in settings.attributes.items() if one.on_form},
        )


def _option(settings: Settings, name: str, newsletter: Newsletter | None) -> NewsletterOption:
    if newsletter is None:
        return NewsletterOption(name, name, "", settings.site.timezone)
    return NewsletterOption(name, newsletter.title, newsletter.description, settings.newsletter_zone(newsletter))


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedPreferences:
    """What stands in the fields."""

    newsletters: tuple[str, ...]
    topics: tuple[str, ...]
    frequency: str
    language: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    pauses: Mapping[str, str] = field(default_factory=dict)


def present_preferences(
    person: Subscriber, paused: Mapping[str, datetime], options: PreferenceOptions, now: datetime
) -> TypedPreferences:
    """The form as it is before anything was changed."""
    return TypedPreferences(
        newsletters=person.newsletters,
        topics=person.topics,
        frequency=person.frequency,
        language=person.language,
        name=person.name,
        attributes={
            name: write_value(value) for name, value in person.attributes.items() if name in options.attributes
        },
        pauses={
            name: until.astimezone(options.newsletters[name].zone).date().isoformat()
            for name, until in paused.items()
            if until > now and name in options.newsletters
        },
    )


def read_typed(form: Mapping[str, Sequence[str]], options: PreferenceOptions) -> TypedPreferences:
    """What was typed into the fields that the form has."""
    return TypedPreferences(
        newsletters=tuple(dict.fromkeys(filter(None, form.get("newsletter", ())))),
        topics=tuple(dict.fromkeys(filter(None, form.get("topic", ())))),
        frequency=first(form, "frequency"),
        language=first(form, "language"),
        name=first(form, "name"),
        attributes={name: first(form, ATTRIBUTE + name) for name in options.attributes},
        pauses={name: typed for name in options.newsletters if (typed := first(form, PAUSE + name))},
    )


def check_typed(
    typed: TypedPreferences, options: PreferenceOptions, now: datetime
) -> tuple[Preferences | None, Errors]:
    """What was chosen, or what is wrong with each field."""
    errors: dict[str, str] = {}
    for name, given, known in (
        ("newsletter", typed.newsletters, options.newsletters),
        ("topic", typed.topics, options.topics),
        ("frequency", (typed.frequency,), list(Frequency)),
        ("language", (typed.language,), list(Language)),
    ):
        if not set(given) <= set(known):
            errors[name] = "signup_choice_unknown"
    name = clean_line(typed.name)
    if len(name) > LONGEST_NAME:
        errors["name"] = "prefs_name_long"
    attributes = _check_attributes(typed, options, errors)
    pauses = _check_pauses(typed, options, now, errors)
    if errors:
        return None, errors
    chosen = Preferences(
        newsletters=typed.newsletters,
        topics=typed.topics,
        frequency=Frequency(typed.frequency),
        language=Language(typed.language),
        name=name,
        attributes=attributes,
        pauses=pauses,
    )
    return chosen, NO_ERRORS


def _check_attributes(
    typed: TypedPreferences, options: PreferenceOptions, errors: dict[str, str]
) -> dict[str, AttributeValue | None]:
    values: dict[str, AttributeValue | None] = {}
    for name, declared in options.attributes.items():
        try:
            values[name] = parse_value(name, typed.attributes.get(name, ""), declared)
        except InvalidAttribute:
            errors[ATTRIBUTE + name] = _ATTRIBUTE_ERRORS.get(declared.type, "signup_choice_unknown")
    return values


_ATTRIBUTE_ERRORS = {"number": "signup_number_wrong", "date": "signup_date_wrong", "text": "signup_text_wrong"}


def _check_pauses(
    typed: TypedPreferences, options: PreferenceOptions, now: datetime, errors: dict[str, str]
) -> dict[str, date]:
    pauses: dict[str, date] = {}
    for name, text in typed.pauses.items():
        if name not in typed.newsletters:
            continue
        today = now.astimezone(options.newsletters[name].zone).date()
        day = _parse_day(text)
        if day is None or not today < day <= today + LONGEST_PAUSE:
            errors[PAUSE + name] = "prefs_pause_wrong"
        else:
            pauses[name] = day
    return pauses


def _parse_day(text: str) -> date | None:
    """A day as browsers send it, or as people write it where they have no calendar."""
    try:
        if written := _DAY_FIRST.fullmatch(text):
            day, month, year = map(int, written.groups())
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError:
        return None
