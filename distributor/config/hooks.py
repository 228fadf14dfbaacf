"""Settings of the hooks by which email providers report bounces and complaints."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from .section import Section
from .types import Lines, Secret

_PATH_KEY = re.compile(r"[A-Za-z0-9_-]{16,200}")
_TOPIC = re.compile(r"arn:aws(?:-cn|-us-gov)?:sns:[a-z0-9-]{3,40}:\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?")


def _path_key(key: SecretStr) -> SecretStr:
    if not _PATH_KEY.fullmatch(key.get_secret_value()):
        raise ValueError("write at least 16 letters, digits, - or _, chosen at random: openssl rand -hex 16")
    return key


_Key = Annotated[Secret, AfterValidator(_path_key)]
_KEY_HELP = "secret part of the address that the provider calls: /hooks/{}/KEY"
_PUBLIC_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li"
    "/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
)
_KEY_EXAMPLE = ["${HOOK_KEY}"]


class SesHook(Section):
    """Amazon SES, through topics of SNS."""

    key: _Key = Field(description=_KEY_HELP.format("ses"), examples=_KEY_EXAMPLE)
    topic_arn: Lines = Field(
        min_length=1,
        description="the topic, or a list of them",
        examples=["arn:aws:sns:ap-southeast-1:123456789012:ses-events"],
    )

    @field_validator("topic_arn", mode="after")
    @classmethod
    def _check_topics(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_TOPIC.fullmatch(topic) for topic in topics):
            raise ValueError("write the ARN of the topic: arn:aws:sns:ap-southeast-1:123456789012:ses-events")
        return topics


class MailgunHook(Section):
    """Mailgun."""

    key: _Key = Field(description=_KEY_HELP.format("mailgun"), examples=_KEY_EXAMPLE)
    signing_key: Secret = Field(
        min_length=8, description="the HTTP webhook signing key of the account", examples=["${MAILGUN_SIGNING_KEY}"]
    )


class PostmarkHook(Section):
    """Postmark."""

    key: _Key = Field(description=_KEY_HELP.format("postmark"), examples=_KEY_EXAMPLE)
    username: str = Field(min_length=1, description="user name of its basic auth", examples=["postmark"])
    password: Secret = Field(min_length=8, description="password of its basic auth", examples=["${HOOK_PASSWORD}"])


class SendGridHook(Section):
    """SendGrid (Twilio)."""

    key: _Key = Field(description=_KEY_HELP.format("sendgrid"), examples=_KEY_EXAMPLE)
    public_key: str = Field(
        description="the verification key of the signed event webhook",
        examples=[_PUBLIC_KEY],
    )

    @field_validator("public_key", mode="after")
    @classmethod
    def _check_key(cls, key: str) -> str:
        try:
            good = 80 <= len(base64.b64decode(key, validate=True)) <= 200
        except binascii.Error:
            good = False
        if not good:
            raise ValueError("write the key as SendGrid shows it, in one line that begins with MFkw")
        return key


class BrevoHook(Section):
    """Brevo."""

    key: _Key = Field(description=_KEY_HELP.format("brevo"), examples=_KEY_EXAMPLE)
    username: str = Field("", description="user name of its basic auth; needs `password`", examples=["brevo"])
    password: Secret | None = Field(
        None, description="password of its basic auth; needs `username`", examples=["${HOOK_PASSWORD}"]
    )
    token: Secret | None = Field(
        None,
        validate_default=True,
        description="token that it sends as `Authorization: Bearer`",
        examples=["${BREVO_TOKEN}"],
    )

    @field_validator("token", mode="after")
    @classmethod
    def _check_login(cls, token: Any, info: ValidationInfo) -> Any:
        username, password = info.data.get("username"), info.data.get("password")
        if bool(username) != bool(password):
            raise ValueError("username and password belong together: one of them is missing")
        if not token and not password:
            raise ValueError("is needed, or a username and a password: Brevo signs nothing")
        return token


class MessageHook(Section):
    """Any mail server that posts returned emails and complaints as they came (RFC 5322, 3464, 5965)."""

    key: _Key = Field(description=_KEY_HELP.format("smtp"), examples=_KEY_EXAMPLE)


class Hooks(Section):
    """Addresses at which providers report bounces and complaints; there is one for each that is configured."""

    ses: SesHook | None = Field(
        None,
        description="Amazon SES",
        examples=[{"key": "${HOOK_KEY}", "topic_arn": "arn:aws:sns:ap-southeast-1:123456789012:ses-events"}],
    )
    mailgun: MailgunHook | None = Field(
        None, description="Mailgun", examples=[{"key": "${HOOK_KEY}", "signing_key": "${MAILGUN_SIGNING_KEY}"}]
    )
    postmark: PostmarkHook | None = Field(
        None,
        description="Postmark",
        examples=[{"key": "${HOOK_KEY}", "username": "postmark", "password": "${HOOK_PASSWORD}"}],
    )
    sendgrid: SendGridHook | None = Field(
        None,
        description="SendGrid",
        examples=[
            {
                "key": "${HOOK_KEY}",
                "public_key": _PUBLIC_KEY,
            }
        ],
    )
    brevo: BrevoHook | None = Field(
        None, description="Brevo", examples=[{"key": "${HOOK_KEY}", "token": "${BREVO_TOKEN}"}]
    )
    smtp: MessageHook | None = Field(
        None, description="returned emails as they came, from any mail server", examples=[{"key": "${HOOK_KEY}"}]
    )
