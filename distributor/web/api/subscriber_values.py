"""What is sent and answered about subscribers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from ...model import Frequency, Language
from .values import AnswerModel, EmailAddress, Moment, Name, PageQuery, Reason, RequestModel

Topic = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Topics = Annotated[list[Topic], Field(max_length=100)]
PersonName = Annotated[str, StringConstraints(max_length=200)]
Attributes = Annotated[dict[str, str | float | bool | None], Field(max_length=100)]
Newsletters = Annotated[list[Name], Field(min_length=1, max_length=50)]


class SubscriberCreate(RequestModel):
    """Somebody who wants newsletters."""

    address: EmailAddress
    newsletters: Newsletters = Field(examples=[["tin-sang"]])
    name: PersonName = Field(default="", examples=["Lan"])
    language: Language | None = Field(default=None, description="the site's if left out")
    topics: Topics = Field(default=[], description="only articles with one of these topics; all if empty")
    frequency: Frequency | None = None
    attributes: Attributes = Field(default={}, description="those that config.yaml declares; null removes one")
    confirm: bool = Field(
        default=True,
        description=(
            "true: as with the sign-up form, they get an email and are subscribed when they confirm it; the answer is the "
            "same whether the address is known. false: they are subscribed at once, which needs `consent`"
        ),
    )
    consent: Annotated[str, StringConstraints(max_length=2000)] = Field(
        default="",
        description="what they agreed to, when and where; kept as the proof",
        examples=["Đồng ý nhận Tin sáng tại quầy tiếp dân, 28/11/2026"],
    )
    consent_url: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="page with the form they filled in"
    )


class SubscriberUpdate(RequestModel):
    """What is to be changed. What is left out stays."""

    name: PersonName | None = None
    language: Language | None = None
    topics: Topics | None = Field(default=None, description="an empty list means all topics", examples=[["Kinh tế"]])
    frequency: Frequency | None = None
    attributes: Attributes | None = Field(default=None, description="null removes one; the others stay")


class AddressRequest(RequestModel):
    """An address."""

    address: EmailAddress


class UnsubscribeRequest(RequestModel):
    """From what somebody is unsubscribed."""

    newsletter: Name | None = Field(default=None, description="all newsletters if left out", examples=["tin-sang"])
    reason: Reason = ""


class OptOutAnswer(AnswerModel):
    """Why an address is not subscribed to a newsletter."""

    newsletter: str | None = Field(description="null for all newsletters")
    at: Moment
    via: str
    reason: str


class SubscriberAnswer(AnswerModel):
    """A subscriber."""

    id: str
    address: str
    name: str
    language: Language
    newsletters: list[str]
    topics: list[str] = Field(description="all if empty")
    frequency: Frequency
    attributes: dict[str, str | float | bool]
    created: Moment | None
    opt_outs: list[OptOutAnswer]


class ConsentAnswer(AnswerModel):
    """What a subscriber agreed to."""

    newsletter: str
    text: str
    via: str
    asked_at: Moment
    confirmed_at: Moment | None


class SubscriberDetail(SubscriberAnswer):
    """A subscriber with all that is known."""

    consents: list[ConsentAnswer]
    suppressed: str | None = Field(description="why nothing is sent to the address, if that is so")


class CreateAnswer(AnswerModel):
    """What became of a request: `asked` to confirm, `added`, `updated` or `unchanged`."""

    state: str = Field(examples=["asked"])
    subscriber: SubscriberAnswer | None = Field(description="null where a confirmation is waited for")
    not_subscribed: list[OptOutAnswer] = Field(
        description="newsletters that they have left; only `confirm: true` subscribes them again"
    )


class SubscriberPage(AnswerModel):
    """A page of subscribers."""

    items: list[SubscriberAnswer]
    next_cursor: str | None


class SubscriberQuery(PageQuery):
    """Which subscribers are wanted."""

    newsletter: Name | None = Field(default=None, description="only those of this newsletter")
