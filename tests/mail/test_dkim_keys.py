"""Signatures as receivers check them: dkimpy, which is not ours, reads what we sign, and sees what was changed.

It leaves the curve of Ed25519 to PyNaCl; here `cryptography` does that one step in PyNaCl's place. All else (fields,
canonical forms, hashes, records) is dkimpy's own, and the example of RFC 8463 shows that the step is right.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dkim as receiver
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)  # fmt: skip
from hypothesis import strategies as st

from distributor.mail import dkim_keys
from distributor.mail.address import Mailbox
from distributor.mail.dkim import (
    DkimSigner,
    sign_message,
)  # fmt: skip
from distributor.mail.message import EmailContent, build_message

RSA = DkimSigner("bacson.example", "2026a", dkim_keys.parse(dkim_keys.make_key(bits=1024)))  # short, for quick tests
ED25519 = DkimSigner("bacson.example", "2026e", dkim_keys.parse(dkim_keys.make_key(dkim_keys.ED25519)))
BOTH = (RSA, ED25519)
RECORDS = {f"{signer.place}.": signer.key.record for signer in BOTH}

# A key that nobody may use any more, as openssl still makes it: 512 bits.
SHORT = """\
-----BEGIN PRIVATE KEY-----
MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEA2UzoDZ5EvdXWuV78
Vaq/gaDndl+gokPUAi16RIG+sbgYA046eywJL1A9RYBi9uawBAdqAhNyuDKrHSCd
n/gqCwIDAQABAkB/alT3B0KPfX+2mjejk8dPHyYZhuENxG/gBwKWgO1sDs1sSw38
kidYo3Z5t0cDhVT4L0+JGWCkp4082ONxVBPBAiEA8x3KoGv1igX7qDybUqifMnmb
IxhgXmn1Cd+A0BEElHMCIQDk0OLMFCsXnksFjuRdsoYbrpTWAX1LKKPjq2xfMorG
CQIhANVhU4Qj3VmsUKnjr+wHxdp2c1yFO6gCVai5u4RjO2LTAiEA2fxShH+WSgro
h+QIlWb1MjwQ2QxUNB0EfWobdVnuMRkCIQCwG8/B2nEEIyarocTEcjRa43aWyDI7
FNKAX9A18d8MRg==
-----END PRIVATE KEY-----
"""


class VerifyKey:
    """What dkimpy asks of PyNaCl."""

    def __init__(self, text: bytes, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text))

    def verify(self, data: bytes, signature: bytes) -> None:
        self._key.verify(signature, data)


@pytest.fixture(autouse=True, scope="module")
def curve() -> Iterator[None]:
    stand_in = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
    )
    patch = pytest.MonkeyPatch()
    patch.setattr(receiver, "nacl", stand_in, raising=False)
    yield
    patch.undo()


def verdicts(message: bytes, records: dict[str, str] = RECORDS) -> list[bool]:
    """What a receiver makes of each signature of a message."""

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        return records[name.decode()].encode()

    read = receiver.DKIM(message, minkey=1024)
    count = sum(name.lower() == b"dkim-signature" for name, _ in read.headers)
    return [_verified(message, number, look_up) for number in range(count)]


def _verified(message: bytes, number: int, look_up: object) -> bool:
    try:
        return bool(receiver.DKIM(message, minkey=1024).verify(number, dnsfunc=look_up))
    except receiver.ValidationError:  # dkimpy's word for a body that is another
        return False


def letter() -> bytes:
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


words = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1, max_size=8)
joints = st.one_of(st.text(" \t", min_size=1, max_size=3), st.sampled_from(["\r\n ", "\r\n\t", " \r\n  "]))
values = st.lists(st.tuples(words, joints), max_size=6).map(lambda parts: "".join(a + b for a, b in parts) + "end")


# -- keys --------------------------------------------------------------------------------------------------------------


def test_a_key_that_cannot_sign_is_named_in_one_line(tmp_path: Path) -> None:
    rsa = rsa_key(65537, 1024)
    locked = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()
    old_lock = rsa.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"x")).decode()
    public = rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    curve = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    file = tmp_path / "key.pem"
    for content, reason in (
        ("", "no private key"), ("hello", "no private key"), (public, "no private key"), (locked, "encrypted"),
        (old_lock, "encrypted"), (curve, "neither RSA nor Ed25519"), (SHORT, "512 bits"),
    ):  # fmt: skip
        file.write_text(content)
        file.chmod(0o600)
        with pytest.raises(ValueError, match=reason) as caught:
            DkimSigner.load("bacson.example", "2026a", file)
        assert str(caught.value).startswith(f"{file}: ")
        assert "\n" not in str(caught.value)
    for path in (tmp_path / "none.pem", tmp_path):
        with pytest.raises(ValueError, match=r"cannot be read: No such file|is not a file"):
            dkim_keys.read(path)


@pytest.mark.parametrize(
    ("mode", "good"), [(0o600, True), (0o400, True), (0o640, True), (0o644, False), (0o660, False)]
)
def test_a_key_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int, good: bool) -> None:
    file = tmp_path / "key.pem"
    dkim_keys.write(file, dkim_keys.make_key(dkim_keys.ED25519))
    file.chmod(mode)
    if good:
        assert DkimSigner.load("bacson.example", "2026e", file).key.algorithm == "ed25519-sha256"
    else:
        with pytest.raises(ValueError, match="chmod 600"):
            dkim_keys.read(file)


def test_a_key_longer_than_receivers_can_check_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pem = dkim_keys.make_key(bits=1032)
    monkeypatch.setattr(dkim_keys, "LONGEST", 1024)  # instead of a key of 4,104 bits, which takes seconds to make
    with pytest.raises(ValueError, match="1032 bits, and not every receiver"):
        dkim_keys.parse(pem)


def test_keys_of_other_programs_are_read_and_the_private_part_is_never_shown() -> None:
    pem = rsa_key(65537, 1024).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    signer = replace(RSA, key=dkim_keys.parse(pem))
    assert verdicts(sign_message([signer], letter()), {f"{signer.place}.": signer.key.record}) == [True]
    assert "sign=" not in repr(signer)
    assert "PrivateKey" not in repr(signer)
