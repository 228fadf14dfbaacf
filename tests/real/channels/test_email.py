"""A thousand letters, each of its own, taken by real servers: headers right, signatures good, nothing lost or doubled."""

from __future__ import annotations

import email
import importlib
from collections import Counter
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any

import dkim
import pytest

from distributor.channel import Digest
from distributor.mail import dkim_keys
from distributor.mail.message import message_id
from distributor.merge_fields import merge_tag
from distributor.message_queue import MessageBatch, OutgoingMessage
from distributor.model import Edition, Receipt, Recipient
from mail.mail_runs import MakePostbox
from support.builders import edition
from support.postfix import Postfix
from support.social_networks import FakeContext

pytestmark = pytest.mark.timeout(900)

module: Any = importlib.import_module("distributor.channels.email")
settings: Any = importlib.import_module("distributor.channels._mail")
COUNT = 1000
NAMES = (
    "Nguyễn Thị Ánh Tuyết",
    "Lan",
    "",
    "Trần Đức",
    'Lê "Hai" Minh',
    "Phạm Thị Thu Hương ở tổ dân phố số 5, phường Suối Lớn",
)


class EmailContext(FakeContext):
    def digest(self, edition: Edition) -> Digest:
        name, url = merge_tag("name"), merge_tag("unsubscribe_url")
        lines = "".join(f"<p>Tin số {number}: Hội nghị triển khai nhiệm vụ.</p>\n" for number in range(40))
        return Digest(
            subject="Tin sáng 23/11: Khởi công cầu Suối Lớn, khám bệnh miễn phí ở ba xã vùng cao và nhiều tin khác",
            preheader="",
            html=f'<p>Chào {name}</p>\n{lines}<a href="{url}">Dừng nhận</a>\n',
            text=f"Chào {name}\n.\n..chấm ở đầu dòng\nDừng nhận: {url}\n",
        )


@pytest.fixture(scope="module")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name, made in (("rsa", dkim_keys.make_key(bits=2048)), ("ed", dkim_keys.make_key(dkim_keys.ED25519))):
        dkim_keys.write(folder / f"{name}.pem", made)
    return folder


def channel(port: int, folder: Path) -> Any:
    signatures = tuple(
        settings.DkimSettings(domain="bacson.example", selector=name, key=folder / f"{name}.pem")
        for name in ("rsa", "ed")
    )
    return module.EmailChannel(
        name="mail",
        sender="Báo Bắc Sơn <tin@bacson.example>",
        host="127.0.0.1",
        port=port,
        tls="none",
        helo_name="news.example",
        connections=8,
        dkim=signatures,
        return_path="bounce@bacson.example",
    )


def readers() -> list[Recipient]:
    return [
        Recipient(
            id=f"r{number}",
            address=f"r{number}@example.vn",
            name=NAMES[number % len(NAMES)],
            message_id=message_id("tin-sang-1", f"r{number}", "bacson.example"),
            bounce_token=f"t{number}",
            merge_values={
                "name": NAMES[number % len(NAMES)],
                "address": f"r{number}@example.vn",
                "unsubscribe_url": f"https://bacson.example/u/v1.u.r{number}.tin-sang.x",
            },
        )
        for number in range(COUNT)
    ]


async def send(mail: Any) -> None:
    (rendition,) = mail.renditions(edition(), EmailContext())
    hand = MessageBatch([OutgoingMessage(rendition, reader) for reader in readers()])
    await mail.transport().send_all(hand)
    assert Counter(map(type, hand.outcomes.values())) == {Receipt: COUNT}


def examine(messages: list[bytes], folder: Path) -> None:
    by_id = {reader.message_id: reader for reader in readers()}
    records = {
        f"{name}._domainkey.bacson.example.".encode(): dkim_keys.read(folder / f"{name}.pem").record.encode()
        for name in ("rsa", "ed")
    }
    assert len(messages) == COUNT
    for message in messages:
        parsed = email.message_from_bytes(message)
        reader = by_id.pop(parsed["Message-ID"])
        right_headers(parsed, reader)
        verifier = dkim.DKIM(message)
        assert parsed.get_all("DKIM-Signature") and len(parsed.get_all("DKIM-Signature", [])) == 2
        assert verifier.verify(dnsfunc=lambda name, timeout=5: records.get(name)), reader.id


def right_headers(parsed: Message, reader: Recipient) -> None:
    assert not parsed.defects
    to = str(make_header(decode_header(parsed["To"].replace("\r\n", "").replace("\n", ""))))
    assert to.endswith(f"<{reader.address}>" if reader.name else reader.address)
    assert str(make_header(decode_header(parsed["Subject"]))).startswith("Tin sáng 23/11: Khởi công cầu Suối Lớn, khám")
    assert parsed["List-Unsubscribe"].startswith(f"<{reader.merge_values['unsubscribe_url']}>, <mailto:")
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "List-Id"):
        assert len(parsed.get_all(name, [])) == 1, name
    text, html = (part.get_payload(decode=True) for part in parsed.walk() if not part.is_multipart())
    assert isinstance(text, bytes) and isinstance(html, bytes)
    greeting = reader.name or "quý bạn đọc"
    assert text.decode().replace("\r\n", "\n").startswith(f"Chào {greeting}\n.\n..chấm ở đầu dòng\n")
    assert reader.merge_values["unsubscribe_url"] in html.decode()


async def test_postfix_takes_a_thousand_signed_letters(postfix: Postfix, key_folder: Path) -> None:
    await send(channel(postfix.port, key_folder))
    await postfix.has_delivered(COUNT)
    letters = [letter.partition(b"\nDKIM-Signature:") for letter in postfix.letters()]
    examine([(b"DKIM-Signature:" + rest).replace(b"\n", b"\r\n") for _, _, rest in letters], key_folder)
    paths = {top.split(b"\n")[0] for top, _, _ in letters}
    assert paths == {b"Return-Path: <bounce+t%d@bacson.example>" % number for number in range(COUNT)}


async def test_aiosmtpd_takes_a_thousand_signed_letters(postbox: MakePostbox, key_folder: Path) -> None:
    box = await postbox()
    await send(channel(box.port, key_folder))
    examine([envelope.content for envelope in box.taken if isinstance(envelope.content, bytes)], key_folder)
    assert Counter(box.recipients) == dict.fromkeys((reader.address for reader in readers()), 1)
