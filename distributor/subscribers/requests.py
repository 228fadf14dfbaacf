"""What somebody asks for when subscribing, checked. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..mail.address import Mailbox
from ..model import Frequency, Language
from ..text import clean_line

_MAX_NAME_LENGTH = 200  # characters; what is longer is a row, a page or a list that has got into the cell


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChoice:
    """What somebody wants to read: known newsletters, in which language, about what and how often. `language` and
    `frequency` are None where none is named; `usual` is the language of somebody new then."""

    newsletters: tuple[str, ...]
    language: Language | None = None
    usual: Language = Language.VI
    topics: tuple[str, ...] = ()
    frequency: Frequency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRequest:
    """Who asks for what: a good address, and a choice.

    `left` are newsletters that a list says they have left (all of them: `""`), with the reason. Where `keeps` is off that
    is all there is to it, and nothing else is kept of somebody unknown.
    """

    address: str
    choice: SubscriptionChoice
    name: str = ""
    consent: str = ""
    left: tuple[str, ...] = ()
    opt_out_reason: str = ""
    keeps: bool = True

    @property
    def key(self) -> str:
        """The address as the store knows it, see `mail.address.normalise`."""
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
) -> SubscriptionRequest:
    """Check what was asked for. Raises ValueError in words, naming the field."""
    chosen = parse_choice(
        newsletters,
        known=known,
        language=language,
        topics=topics,
        frequency=frequency,
        default_language=default_language,
    )
    return build_request(Mailbox.parse(address.strip()), chosen, name, consent)


def build_request(mailbox: Mailbox, chosen: SubscriptionChoice, name: str, consent: str) -> SubscriptionRequest:
    """Raises ValueError for a name that is none."""
    name = clean_line(name) or mailbox.name
    if len(name) > _MAX_NAME_LENGTH:
        raise ValueError(f"the name is longer than {_MAX_NAME_LENGTH} characters: {name[:40]!r}…")
    return SubscriptionRequest(address=mailbox.address, name=name, consent=clean_line(consent), choice=chosen)


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
    """Check what was chosen; `some`: a newsletter must be among it. Raises ValueError in words, naming the field."""
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
