"""The header in which a provider sends our token back, and the headers that it writes anew."""

from __future__ import annotations

import email
import importlib
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from distributor.mail import dkim_keys, verp
from distributor.mail.dkim import DkimSigner
from distributor.mail.provider_headers import PROVIDER_HEADERS, Provider
from distributor.message_queue import OutgoingMessage
from distributor.model import Recipient, Rendition
from mail.dkim_receiver import verdicts
from support.builders import edition
from support.social_networks import FakeContext

channels: Any = importlib.import_module("distributor.channels.email")
settings: Any = importlib.import_module("distributor.channels._mail")
SECRET = b"0123456789abcdef"
TOKEN = verp.token(SECRET, 77)


def channel(**changes: Any) -> Any:
    values = {"name": "mail", "sender": "Báo Bắc Sơn <tin@bacson.example>", "host": "127.0.0.1", "tls": "none"}
    return channels.EmailChannel(**{**values, **changes})


def person(token: str = TOKEN) -> Recipient:
    values = dict.fromkeys(("name", "address", "preferences_url"), "x") | {"unsubscribe_url": "https://b.example/u/x"}
    return Recipient(
        id="lan", address="lan@example.vn", message_id="<a@bacson.example>", bounce_token=token, merge_values=values
    )


def rendition(mail: Any) -> Rendition:
    (made,) = mail.renditions(edition(), FakeContext())
    assert isinstance(made, Rendition)
    return made


def sent(mail: Any, recipient: Recipient, number: int = 0) -> bytes:
    """What goes to one of the servers of a channel."""
    transport = mail.transport()
    pack = transport.packs.get(transport.servers[number].server, transport.pack)
    wire = pack(OutgoingMessage(rendition(mail), recipient), True)
    assert isinstance(wire.content, bytes)
    return wire.content


def echoed(provider: str, message: bytes) -> Any:
    """The token, as the provider reads it from its header."""
    name, _ = PROVIDER_HEADERS[provider].added[0]
    found = email.message_from_bytes(message).get_all(name, [])
    assert len(found) == 1
    if provider in ("mailgun", "sendgrid"):
        content = json.loads(found[0])
        return content.get("unique_args", content)["d"]
    return found[0].removeprefix("d=")


@pytest.mark.parametrize("provider", PROVIDER_HEADERS)
def test_every_email_carries_the_token_of_its_delivery_in_the_header_of_its_provider(provider: str) -> None:
    assert echoed(provider, sent(channel(provider=provider), person())) == TOKEN
    other = verp.token(SECRET, 78)
    assert echoed(provider, sent(channel(provider=provider), person(other))) == other


@pytest.mark.parametrize("provider", PROVIDER_HEADERS)
def test_a_copy_outside_of_the_ledger_carries_no_header_of_its_provider(provider: str) -> None:
    """Amazon refuses an empty tag."""
    message = email.message_from_bytes(sent(channel(provider=provider), person("")))
    present = {name.lower() for name, _ in message.items()}
    assert not {name.lower() for name, _ in PROVIDER_HEADERS[provider].added} & present


def test_each_server_gets_the_header_of_its_own_provider() -> None:
    servers = [
        settings.SmtpServerSettings(host="a.example", tls="none", provider="ses"),
        settings.SmtpServerSettings(host="b.example", tls="none", provider="mailgun"),
        settings.SmtpServerSettings(host="c.example", tls="none"),
    ]
    mail = channel(host="", servers=tuple(servers))
    heads = [sent(mail, person(), number).lower() for number in range(3)]
    assert [b"x-ses-message-tags" in head for head in heads] == [True, False, False]
    assert [b"x-mailgun-variables" in head for head in heads] == [False, True, False]


def test_every_provider_of_the_settings_is_known() -> None:
    assert set(get_args(Provider)) == {"none", *PROVIDER_HEADERS}


# -- our own signature -------------------------------------------------------------------------------------------------


@pytest.fixture
def signing(tmp_path: Path) -> tuple[Any, dict[str, str]]:
    """The setting of a signature, and the record in DNS with which it is checked."""
    pem = dkim_keys.make_key(bits=1024)
    dkim_keys.write(tmp_path / "key.pem", pem)
    signer = DkimSigner("bacson.example", "2026a", dkim_keys.parse(pem))
    entry = settings.DkimSettings(domain="bacson.example", selector="2026a", key=tmp_path / "key.pem")
    return (entry,), {f"{signer.place}.": signer.key.record}


def rewritten(message: bytes, name: bytes) -> bytes:
    """A message in which a server has written a header anew."""
    lines = message.split(b"\r\n")
    return b"\r\n".join(name + b": anders" if line.startswith(name + b":") else line for line in lines)


def test_the_signature_holds_where_amazon_writes_date_and_message_id_anew(signing: Any) -> None:
    entries, records = signing
    message = sent(channel(provider="ses", dkim=entries), person())
    changed = rewritten(rewritten(message, b"Date"), b"Message-ID")
    assert changed != message
    assert (verdicts(message, records), verdicts(changed, records)) == ([True], [True])
    assert verdicts(rewritten(message, b"List-Unsubscribe"), records) == [False], "all others are signed as ever"


def test_elsewhere_date_and_message_id_are_signed(signing: Any) -> None:
    entries, records = signing
    for provider in ("none", "mailgun", "postmark", "sendgrid"):
        message = sent(channel(provider=provider, dkim=entries), person())
        assert verdicts(message, records) == [True]
        assert verdicts(rewritten(message, b"Date"), records) == [False], provider


def test_a_server_of_any_kind_may_be_said_to_write_headers_anew(signing: Any) -> None:
    entries, records = signing
    message = sent(channel(rewrites=("Date",), dkim=entries), person())
    assert verdicts(rewritten(message, b"Date"), records) == [True]
    assert verdicts(rewritten(message, b"Message-ID"), records) == [False]
    message = sent(channel(provider="ses", rewrites=(), dkim=entries), person())
    assert verdicts(rewritten(message, b"Date"), records) == [False], "what is said by hand counts"
