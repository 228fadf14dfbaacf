"""What a subscriber chooses on the page of preferences, and what changes by it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from ..model import AttributeValue, Frequency, Language, Subscriber
from .attributes import merge_attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """All that was chosen. `pauses` are the days on which newsletters are to come again; attributes that are None end."""

    newsletters: tuple[str, ...]
    topics: tuple[str, ...] = ()
    frequency: Frequency = Frequency.EACH
    language: Language = Language.VI
    name: str = ""
    attributes: Mapping[str, AttributeValue | None] = field(default_factory=dict)
    pauses: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceChanges:
    """What follows from a choice: newsletters left and joined, and the subscriber with the rest of it."""

    leaves: tuple[str, ...]
    joins: tuple[str, ...]
    after: Subscriber


def decide_changes(person: Subscriber, chosen: Preferences) -> PreferenceChanges:
    """What is to be done so that a subscriber has what they have chosen. `after` has the newsletters of before: leaving and
    joining are done by themselves."""
    return PreferenceChanges(
        leaves=tuple(name for name in person.newsletters if name not in chosen.newsletters),
        joins=tuple(name for name in chosen.newsletters if name not in person.newsletters),
        after=person._replace(
            name=chosen.name,
            language=chosen.language,
            topics=chosen.topics,
            frequency=chosen.frequency,
            attributes=merge_attributes(person.attributes, chosen.attributes),
        ),
    )


def pause_ends(day: date, zone: ZoneInfo) -> datetime:
    """When a pause ends: at the beginning of the day on which the newsletter comes again."""
    return datetime.combine(day, time(), zone)
