"""Messages of Amazon SNS: whether Amazon has signed them for a topic of ours. Pure.

docs.aws.amazon.com/sns, "Verifying the signatures of Amazon SNS messages". A good signature only says that it comes from a
topic of somebody's: anybody can point one at us. So the topic must be one of ours, and the certificate must lie at the host
of its region, nowhere else: a bucket of S3 has been somebody else's before.

The package `cryptography` is loaded when the first signature is checked.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from .event import BadSignature, UnreadableEvent, check_age, iso_time, parse_object

NOTIFICATION, CONFIRMATION, END = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
TYPE_HEADER = "x-amz-sns-message-type"

# What is signed, in this order; a field that is not there has no lines.
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    END: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_VERSIONS = ("1", "2")  # SHA1, SHA256
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9a-f]{1,64}\.pem")
_SAFE_URL = re.compile(r"[!-~]{1,2000}")


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """A message as it came; its fields are texts."""

    fields: Mapping[str, str]

    @classmethod
    def parse(cls, body: bytes | str) -> SnsMessage:
        """Raises UnreadableEvent."""
        found = parse_object(body)
        message = cls({name: value for name, value in found.items() if isinstance(value, str)})
        if message.type not in _SIGNED:
            raise UnreadableEvent("it is no message of SNS")
        return message

    @property
    def type(self) -> str:
        return self.fields.get("Type", "")

    @property
    def topic(self) -> str:
        return self.fields.get("TopicArn", "")

    @property
    def string_to_sign(self) -> bytes:
        """Each name and value ends with a line feed, the last one too."""
        names = [name for name in _SIGNED[self.type] if name in self.fields]
        return "".join(f"{name}\n{self.fields[name]}\n" for name in names).encode("utf-8", "surrogatepass")

    def certificate_url(self, topics: Sequence[str], type_header: str, now: datetime) -> str:
        """Where the certificate lies with which it must be signed. Raises BadSignature for a message that cannot be meant
        for us, whoever has signed it."""
        if self.topic not in topics:
            raise BadSignature(f"the topic {self.topic[:200]!r} is none of web.hooks.ses.topic_arn")
        if type_header != self.type:
            raise BadSignature(f"its header says {type_header[:40]!r}, its body {self.type!r}")
        if self.fields.get("SignatureVersion") not in _VERSIONS:
            raise BadSignature("its signature has no version that we know")
        check_age(iso_time(self.fields.get("Timestamp", "")), now)
        url = self.fields.get("SigningCertURL", "")
        if not _is_at_sns(url, self.topic) or not _CERTIFICATE_PATH.fullmatch(urlsplit(url).path) or "?" in url:
            raise BadSignature(f"its certificate is not where Amazon keeps them: {url[:200]!r}")
        return url

    def check_signature(self, certificate: bytes, now: datetime) -> None:
        """RSA PKCS #1 v1.5, with SHA1 in version 1 and SHA256 in version 2. Raises BadSignature; ImportError where
        `cryptography` is missing."""
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.hashes import SHA1, SHA256

        hashed = SHA1() if self.fields["SignatureVersion"] == "1" else SHA256()  # noqa: S303  Amazon's choice
        try:
            made = x509.load_pem_x509_certificate(certificate)
            key = made.public_key()
            if not made.not_valid_before_utc <= now <= made.not_valid_after_utc:
                raise BadSignature("its certificate is not valid now")
            if not isinstance(key, RSAPublicKey):
                raise BadSignature("its certificate has no RSA key")
            signature = base64.b64decode(self.fields.get("Signature", ""), validate=True)
            key.verify(signature, self.string_to_sign, PKCS1v15(), hashed)
        except (InvalidSignature, binascii.Error) as error:
            raise BadSignature("its signature is wrong") from error
        except BadSignature:
            raise
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BadSignature(f"its signature cannot be checked: {error}") from error

    def confirmation_url(self) -> str:
        """The address that confirms the subscription. Raises BadSignature where it is none of SNS in the topic's region."""
        url = self.fields.get("SubscribeURL", "")
        if not _is_at_sns(url, self.topic):
            raise BadSignature(f"the address to confirm it is not one of SNS: {url[:200]!r}")
        query = parse_qs(urlsplit(url).query)
        if query.get("Action") != ["ConfirmSubscription"] or query.get("TopicArn", [self.topic]) != [self.topic]:
            raise BadSignature(f"the address to confirm it does something else: {url[:200]!r}")
        return url


def _is_at_sns(url: str, topic: str) -> bool:
    """Whether an address is https at the host of SNS in the region of a topic, without port, user or fragment."""
    _, partition, _, region, *_ = [*topic.split(":"), "", "", ""]
    host = f"sns.{region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")
    if not _SAFE_URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.netloc == host and not parts.fragment and "\\" not in url
