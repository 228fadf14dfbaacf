"""DKIM keys: which are read, which are refused, and what is shown of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)  # fmt: skip

from distributor.mail import dkim_keys
from distributor.mail.dkim import DkimSigner, sign_message
from mail.dkim_receiver import RSA, unsigned, verdicts

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
    assert verdicts(sign_message([signer], unsigned()), {f"{signer.place}.": signer.key.record}) == [True]
    assert "sign=" not in repr(signer)
    assert "PrivateKey" not in repr(signer)
