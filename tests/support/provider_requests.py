"""Requests as email providers send them, signed with keys and certificates made here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

PATH_KEY = "k" * 20
TOPIC = "arn:aws:sns:ap-southeast-1:123456789012:ses-events"
CERTIFICATE_URL = "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem"
SIGNING_KEY = "mailgun-signing-key"
USER, PASSWORD, BEARER = "postmark", "postmark-password", "brevo-token"


def other_rsa() -> RSAPrivateKey:
    return rsa_key(65537, 2048)


def other_ec() -> EllipticCurvePrivateKey:
    return ec_key(SECP256R1())


@dataclass(frozen=True)
class ProviderRequest:
    """One request, with everything that it is made of."""

    provider: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/hooks/{self.provider}/{PATH_KEY}"

    def with_body(self, body: bytes) -> ProviderRequest:
        return replace(self, body=body)

    def with_headers(self, **headers: str) -> ProviderRequest:
        return replace(self, headers={**self.headers, **headers})


def config() -> str:
    """All hooks, as one line of config.yaml."""
    return (
        f"hooks: {{ses: {{key: {PATH_KEY}, topic_arn: '{TOPIC}'}}, "
        f"mailgun: {{key: {PATH_KEY}, signing_key: {SIGNING_KEY}}}, "
        f"postmark: {{key: {PATH_KEY}, username: {USER}, password: {PASSWORD}}}, "
        f"sendgrid: {{key: {PATH_KEY}, public_key: '{sendgrid_public_key()}'}}, "
        f"brevo: {{key: {PATH_KEY}, token: {BEARER}}}, smtp: {{key: {PATH_KEY}}}}}"
    )


# -- Amazon --------------------------------------------------------------------------------------------------------------


@cache
def _rsa() -> RSAPrivateKey:
    return rsa_key(65537, 2048)


def certificate(now: datetime, key: Any = None, days: int = 100) -> bytes:
    """A certificate with our own key, as Amazon's are, from yesterday on."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    private = key or _rsa()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=days + 1))
        .not_valid_after(now - timedelta(days=1) + timedelta(days=days))
    )
    return made.sign(private, SHA256()).public_bytes(Encoding.PEM)


def sns_fields(message: str, now: datetime, **changes: str) -> dict[str, str]:
    """A notification that is not signed yet."""
    return {
        "Type": "Notification",
        "MessageId": secrets.token_hex(16),
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.000Z",
        "SignatureVersion": "1",
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": "https://sns.ap-southeast-1.amazonaws.com/?Action=Unsubscribe",
        **changes,
    }


def sns_signed(fields: dict[str, str], key: Any = None) -> ProviderRequest:
    """Signed by the book, not by our code: docs.aws.amazon.com/sns."""
    confirming = fields["Type"] != "Notification"
    names = ["Message", "MessageId"]
    names += ["SubscribeURL"] if confirming else ["Subject"] if "Subject" in fields else []
    names += ["Timestamp"] + (["Token"] if confirming else []) + ["TopicArn", "Type"]
    text = "".join(f"{name}\n{fields[name]}\n" for name in names)
    hashed = SHA1() if fields["SignatureVersion"] == "1" else SHA256()
    signature = (key or _rsa()).sign(text.encode(), PKCS1v15(), hashed)
    body = json.dumps({**fields, "Signature": base64.b64encode(signature).decode()}, ensure_ascii=False)
    headers = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": fields["Type"]}
    return ProviderRequest("ses", body.encode(), headers)


def sns_notification(message: str, now: datetime) -> ProviderRequest:
    return sns_signed(sns_fields(message, now))


def sns_confirmation(now: datetime, **changes: str) -> ProviderRequest:
    token = "2336412f37fb687f"
    query = f"Action=ConfirmSubscription&TopicArn={TOPIC}&Token={token}"
    return sns_signed(
        sns_fields(
            "You have chosen to subscribe to the topic.",
            now,
            **{
                "Type": "SubscriptionConfirmation",
                "Token": token,
                "SubscribeURL": f"https://sns.ap-southeast-1.amazonaws.com/?{query}",
                **changes,
            },
        )
    )


def ses_bounce(
    token: str,
    address: str,
    now: datetime,
    *,
    events: bool = True,
    said: str = "smtp; 550 5.1.1 user unknown",
    **changes: Any,
) -> str:
    """A bounce, in the shape of a configuration set (`events`) or of an identity, where the envelope alone has our token."""
    recipient = {"emailAddress": address, "action": "failed", "status": "5.1.1", "diagnosticCode": said}
    return json.dumps(
        {
            "eventType" if events else "notificationType": "Bounce",
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [recipient if said else {"emailAddress": address}],
                "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.000Z",
                **changes,
            },
            "mail": ses_mail(token, events),
        }
    )


def ses_complaint(token: str, address: str, now: datetime, *, events: bool = True, **changes: Any) -> str:
    return json.dumps(
        {
            "eventType" if events else "notificationType": "Complaint",
            "complaint": {
                "complainedRecipients": [{"emailAddress": address}],
                "complaintFeedbackType": "abuse",
                "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.000Z",
                **changes,
            },
            "mail": ses_mail(token, events),
        }
    )


def ses_mail(token: str, events: bool) -> dict[str, Any]:
    if events:
        return {
            "source": "tin@bacson.example",
            "messageId": "0102",
            "tags": {"d": [token], "ses:source-ip": ["192.0.2.1"]},
        }
    return {"source": f"bounce+{token}@bacson.example", "messageId": "0102"}


# -- the others ----------------------------------------------------------------------------------------------------------


def mailgun(
    token: str, address: str, now: datetime, *, status: dict[str, Any] | None = None, **changes: Any
) -> ProviderRequest:
    data: dict[str, Any] = {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "timestamp": now.timestamp(),
        "recipient": address,
        "delivery-status": status or {"code": 550, "message": "550 5.1.1 user unknown", "description": ""},
        "user-variables": {"d": token},
        **changes,
    }
    return mailgun_signed({"event-data": data}, now)


def mailgun_signed(content: dict[str, Any], now: datetime) -> ProviderRequest:
    timestamp, token = str(int(now.timestamp())), secrets.token_hex(25)
    digest = hmac.new(SIGNING_KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": timestamp, "token": token, "signature": digest}
    return ProviderRequest("mailgun", json.dumps({"signature": signature, **content}).encode(), _JSON)


def postmark(token: str, address: str, now: datetime, **changes: Any) -> ProviderRequest:
    content = {
        "RecordType": "Bounce",
        "ID": secrets.randbits(40),
        "Type": "HardBounce",
        "TypeCode": 1,
        "Email": address,
        "Details": "smtp;550 5.1.1 user unknown",
        "Description": "The server was unable to deliver your message",
        "BouncedAt": f"{now:%Y-%m-%dT%H:%M:%S}Z",
        "Metadata": {"d": token},
        **changes,
    }
    return ProviderRequest("postmark", json.dumps(content).encode(), {**_JSON, "Authorization": basic(USER, PASSWORD)})


def sendgrid_event(token: str, address: str, now: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "event": "bounce",
        "type": "bounce",
        "bounce_classification": "Invalid Address",
        "email": address,
        "timestamp": int(now.timestamp()),
        "status": "5.1.1",
        "reason": "550 5.1.1 user unknown",
        "sg_event_id": secrets.token_hex(11),
        "d": token,
        **changes,
    }


@cache
def _ec() -> EllipticCurvePrivateKey:
    return ec_key(SECP256R1())


def sendgrid_public_key() -> str:
    return base64.b64encode(_ec().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def sendgrid(*events: dict[str, Any], now: datetime, key: Any = None) -> ProviderRequest:
    """A batch, as SendGrid writes it: spaced as no serializer would do it again."""
    body = ("[" + ",\r\n".join(json.dumps(one) for one in events) + "]\r\n").encode()
    return sendgrid_signed(body, now, key)


def sendgrid_signed(body: bytes, now: datetime, key: Any = None) -> ProviderRequest:
    timestamp = str(int(now.timestamp()))
    signature = (key or _ec()).sign(timestamp.encode() + body, ECDSA(SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }
    return ProviderRequest("sendgrid", body, {**_JSON, **headers})


def brevo_event(token: str, address: str, now: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "event": "hard_bounce",
        "email": address,
        "id": 1,
        "date": "2020-10-09 00:00:00",
        "ts_epoch": int(now.timestamp() * 1000),
        "message-id": "<202011@relay>",
        "reason": "550 5.1.1 user unknown",
        "X-Mailin-custom": token,
        **changes,
    }


def brevo(content: Any, authorization: str = f"Bearer {BEARER}") -> ProviderRequest:
    return ProviderRequest("brevo", json.dumps(content).encode(), {**_JSON, "Authorization": authorization})


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


_JSON = {"Content-Type": "application/json"}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def all_hard(token: str, address: str, now: datetime) -> dict[str, ProviderRequest]:
    """The same hard bounce, as each provider reports it."""
    return {
        "ses": sns_signed(sns_fields(ses_bounce(token, address, now), now)),
        "mailgun": mailgun(token, address, now),
        "postmark": postmark(token, address, now),
        "sendgrid": sendgrid(sendgrid_event(token, address, now), now=now),
        "brevo": brevo(brevo_event(token, address, now)),
    }
