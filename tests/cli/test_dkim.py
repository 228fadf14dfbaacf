"""Signatures as receivers check them: dkimpy, which is not ours, reads what we sign, and sees what was changed.

It leaves the curve of Ed25519 to PyNaCl; here `cryptography` does that one step in PyNaCl's place. All else (fields,
canonical forms, hashes, records) is dkimpy's own, and the example of RFC 8463 shows that the step is right.
"""

from __future__ import annotations

import base64
import quopri
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dkim as receiver
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import strategies as st

from distributor.cli.main import _run
from distributor.mail import dkim_keys
from distributor.mail.address import Mailbox
from distributor.mail.dkim import (
    DkimSigner,
    sign_message,
)  # fmt: skip
from distributor.mail.message import EmailContent, build_message
from support.newsroom import Done

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


# -- what is signed can be checked -------------------------------------------------------------------------------------

spaces = st.text(" \t", max_size=3)
words = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1, max_size=8)
joints = st.one_of(st.text(" \t", min_size=1, max_size=3), st.sampled_from(["\r\n ", "\r\n\t", " \r\n  "]))
values = st.lists(st.tuples(words, joints), max_size=6).map(lambda parts: "".join(a + b for a, b in parts) + "end")
vietnamese = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60).map(
    lambda text: quopri.encodestring(text.encode()).decode().replace("\n", "\r\n")
)
lines = st.lists(st.one_of(values, spaces, vietnamese, st.just("")), max_size=8)
bodies = lines.map(lambda made: "".join(line.replace("\r\n ", " ") + "\r\n" for line in made))


# -- the command -------------------------------------------------------------------------------------------------------


@dataclass
class Command:
    """`distributor dkim` in a folder; there need be no newsroom in it yet."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Done:
        self.capsys.readouterr()
        code = _run(["-c", str(self.folder / "config.yaml"), "dkim", *arguments])
        said = self.capsys.readouterr()
        return Done(code, said.out, said.err)

    def good(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert (done.code, bool(done.out)) == (0, True), done
        return done.out


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


@pytest.mark.parametrize("more", [[], ["--ed25519"], ["--bits", "1024"]], ids=" ".join)
def test_the_command_makes_a_key_whose_record_checks_its_signatures(command: Command, more: list[str]) -> None:
    said = command.good("bacson.example", "2026x", *more).splitlines()
    file = command.folder / "dkim-2026x.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    value = next(line for line in said if line.startswith("  value  ")).removeprefix("  value  ")
    zone = next(line for line in said if " IN TXT ( " in line)
    strings = zone.partition("( ")[2].removesuffix(" )")[1:-1].split('" "')
    assert "".join(strings) == value
    assert max(map(len, strings)) <= 255
    signed = sign_message([DkimSigner.load("bacson.example", "2026x", file)], letter())
    assert verdicts(signed, {"2026x._domainkey.bacson.example.": value}) == [True]
    assert f"  value  {value}" in command.good("bacson.example", "2026x", "--show").splitlines()


def test_the_command_never_touches_a_key_that_is_there(command: Command) -> None:
    file = command.folder / "mine.pem"
    file.write_text("mine")
    done = command.run("bacson.example", "2026x", "--ed25519", "--out", str(file))
    assert (done.code, file.read_text()) == (2, "mine")
    assert done.err == f"error: {file} exists already: nothing was changed (--show shows its record)\n"


def test_wrong_usage_is_one_line_and_leaves_no_file(command: Command) -> None:
    for arguments, reason in (
        (["bacson", "a"], "'bacson' is not a domain"),
        (["bacson.example", "a b"], "'a b' is no selector"),
        (["bacson.example", "a", "--bits", "512"], "512 is not in the range"),
        (["bacson.example", "a", "--ed25519", "--bits", "2048"], "--bits is for RSA keys"),
        (["bacson.example", "a", "--show"], "cannot be read"),
        (["bacson.example", "a", "--ed25519", "--out", "/nonexistent/a.pem"], "cannot be written"),
    ):
        done = command.run(*arguments)
        assert done.code == 2
        assert reason in done.err
        assert "Traceback" not in done.err
    assert list(command.folder.glob("*.pem")) == []


def test_without_the_extra_the_command_says_what_to_install(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    done = command.run("bacson.example", "2026x")
    assert done.code == 2
    assert "pip install 'distributor[dkim]'" in done.err
