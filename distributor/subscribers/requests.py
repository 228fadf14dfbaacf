"""Subscription requests, checked: who wants which newsletters. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ..config.web import Attribute
from ..mail.address import Mailbox
from ..model import AttributeValue, BounceType, Frequency, Language
from ..text import clean_line
from .attributes import NO_DECLARATIONS, parse_attributes

NO_ATTRIBUTES: Mapping[str, AttributeValue | None] = {}
_MAX_NAME_LENGTH = 200  # characters; longer cells hold something else by mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChoice:
    """What a subscriber has chosen: known newsletters, language, topics and frequency. `language` and `frequency` are None
    if not named; `usual` is then the language of a new subscriber."""

    newsletters: tuple[str, ...]
    language: Language | None = None
    usual: Language = Language.VI
    topics: tuple[str, ...] = ()
    frequency: Frequency | None = None


class SubscriptionRequest(NamedTuple):
    """A valid address and what was chosen for it. An attribute that is None is removed.

    `left` are newsletters from which a list says they have unsubscribed (`""` for all), with the reason; `suppress_as` says
    that by the list the address has bounced, or its owner has complained. If `keeps` is False, there is nothing else to it,
    and no subscriber is created.
    """

    address: str
    choice: SubscriptionChoice
    name: str = ""
    consent: str = ""
    left: tuple[str, ...] = ()
    opt_out_reason: str = ""
    suppress_as: BounceType | None = None
    keeps: bool = True
    attributes: Mapping[str, AttributeValue | None] = NO_ATTRIBUTES

    @property
    def key(self) -> str:
        """The address in normal form, see `mail.address.normalize`."""
        return self.address.lower()


def parse_request(
    address: str,
    newsletters: Sequence[str],
    *,
    known: Sequence[str],
    name: str = "",
    language: str = "",
    topics: Sequence[str] = (),
    frequency: str = "",
    consent: str = "",
    default_language: Language = Language.VI,
    attributes: Mapping[str, object] | None = None,
    declared: Mapping[str, Attribute] = NO_DECLARATIONS,
) -> SubscriptionRequest:
    """Check a request; `declared` are the attributes of config.yaml. Raises ValueError, naming the field; of an attribute
    it is an InvalidAttribute."""
    chosen = parse_choice(
        newsletters,
        known=known,
        language=language,
        topics=topics,
        frequency=frequency,
        default_language=default_language,
    )
    known_values = parse_attributes(attributes, declared) if attributes else {}
    mailbox = Mailbox.parse(address.strip())
    return build_request(mailbox.address, chosen, name or mailbox.name, consent, known_values)


def build_request(
    address: str,
    chosen: SubscriptionChoice,
    name: str,
    consent: str,
    attributes: Mapping[str, AttributeValue | None] = NO_ATTRIBUTES,
) -> SubscriptionRequest:
    """A request of an address in its one form (`mail.address`). Raises ValueError for a name that is too long."""
    left, reason, suppress_as, keeps = (), "", None, True  # by place, as it is sooner: this runs for each row of a list
    return SubscriptionRequest(
        address, chosen, _clean_name(name), _clean_consent(consent), left, reason, suppress_as, keeps, attributes
    )


@lru_cache(maxsize=10_000)  # names repeat, though less than all else
def _clean_name(name: str) -> str:
    name = clean_line(name)
    if len(name) > _MAX_NAME_LENGTH:
        raise ValueError(f"the name is longer than {_MAX_NAME_LENGTH} characters: {name[:40]!r}…")
    return name


_clean_consent = lru_cache(maxsize=1000)(clean_line)  # the same in most rows of a list


def parse_choice(
    newsletters: Sequence[str],
    *,
    known: Sequence[str],
    language: str = "",
    topics: Sequence[str] = (),
    frequency: str = "",
    default_language: Language = Language.VI,
    some: bool = True,
) -> SubscriptionChoice:
    """Check a choice; with `some`, it must name a newsletter. Raises ValueError, naming the field."""
    unknown = [newsletter for newsletter in newsletters if newsletter not in known]
    if unknown:
        raise ValueError(f"newsletter {unknown[0]!r} is not known; there are: {', '.join(known)}")
    if some and not newsletters:
        raise ValueError("no newsletter is named")
    if language and language not in list(Language):
        raise ValueError(f"language {language!r} is not known; there are: {', '.join(Language)}")
    if frequency and frequency not in list(Frequency):
        raise ValueError(f"frequency {frequency!r} is not known; there are: {', '.join(Frequency)}")
    return SubscriptionChoice(
        newsletters=tuple(dict.fromkeys(newsletters)),
        language=Language(language) if language else None,
        usual=default_language,
        topics=clean_topics(topics),
        frequency=Frequency(frequency) if frequency else None,
    )


def clean_topics(topics: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(clean_line, topics))))
