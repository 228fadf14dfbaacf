"""The receiver of signed messages: dkimpy, which is not ours, reads what we sign, and sees what was changed.

It leaves the curve of Ed25519 to PyNaCl; here `cryptography` does that one step in PyNaCl's place. All else (fields,
canonical forms, hashes, records) is dkimpy's own, and the example of RFC 8463 shows that the step is right.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from types import SimpleNamespace

import dkim as receiver
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from distributor.mail import dkim_keys
from distributor.mail.address import Mailbox
from distributor.mail.dkim import DkimSigner
from distributor.mail.message import EmailContent, build_message

RSA = DkimSigner("bacson.example", "2026a", dkim_keys.parse(dkim_keys.make_key(bits=1024)))  # short, for quick tests
ED25519 = DkimSigner("bacson.example", "2026e", dkim_keys.parse(dkim_keys.make_key(dkim_keys.ED25519)))
BOTH = (RSA, ED25519)
RECORDS = {f"{signer.place}.": signer.key.record for signer in BOTH}


class VerifyKey:
    """What dkimpy asks of PyNaCl."""

    def __init__(self, text: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text))

    def verify(self, data: bytes, signature: bytes) -> None:
        self._key.verify(signature, data)


STAND_IN = SimpleNamespace(
    signing=SimpleNamespace(VerifyKey=VerifyKey),
    encoding=SimpleNamespace(Base64Encoder=None),
    exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
)


def verdicts(message: bytes, records: dict[str, str] = RECORDS) -> list[bool]:
    """What a receiver makes of each signature of a message."""

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        return records[name.decode()].encode()

    read = receiver.DKIM(message, minkey=1024)
    count = sum(name.lower() == b"dkim-signature" for name, _ in read.headers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receiver, "nacl", STAND_IN, raising=False)
        return [_verified(message, number, look_up) for number in range(count)]


def _verified(message: bytes, number: int, look_up: object) -> bool:
    try:
        return bool(receiver.DKIM(message, minkey=1024).verify(number, dnsfunc=look_up))
    except receiver.ValidationError:  # what dkimpy raises for a body that was changed
        return False


def unsigned() -> bytes:
    """A message as it is before it is signed."""
    return build_message(
        EmailContent(
            sender=Mailbox("Báo Bắc Sơn", "tin@bacson.example"),
            to=Mailbox("Nguyễn Thị Lan", "lan@example.vn"),
            subject="Tin sáng 23/11: khởi công đường tỉnh 254, chè Tân Lập sang Nhật Bản, thêm hai trường học mới",
            text="Xin chào\n\nTin hôm nay.\n",
            html="<p>Xin  chào</p>",
            date=datetime(2026, 11, 23, tzinfo=UTC),
            message_id="<abc@bacson.example>",
            list_id="tin-sang.bacson.example",
            list_archive="https://bacson.example/luu",
            unsubscribe_url="https://bacson.example/u/token",
            feedback_id="1:tin-sang:mail:bacson",
        )
    )
