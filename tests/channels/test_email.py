"""The e-mail channel: the digest to each subscriber, by any server or into a Maildir."""

from __future__ import annotations

import email
import importlib
import json
import mailbox
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from distributor.channel import Digest
from distributor.config.validation import build
from distributor.config.yaml import RawConfig
from distributor.content import EMAIL_TYPE
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.mail.dkim import SIGNED
from distributor.mail.message import message_id
from distributor.merge_fields import merge_tag
from distributor.message_queue import MessageBatch, OutgoingMessage
from distributor.model import Edition, Language, Receipt, Recipient, Rendition
from support.attempts import attempt
from support.builders import NOW, edition, newsletter
from support.smtp_servers import PASSWORD, USER, Certificates, Postbox, Scripted
from support.social_networks import FakeContext

module: Any = importlib.import_module("distributor.channels.email")


class EmailContext(FakeContext):
    """A context whose digest holds every merge field, in both forms."""

    def digest(self, edition: Edition) -> Digest:
        name, address, url = merge_tag("name"), merge_tag("address"), merge_tag("unsubscribe_url")
        return Digest(
            subject=edition.subject,
            preheader="",
            html=f'<p>Chào {name}</p><a href="{url}">Dừng nhận ở {address}</a>',
            text=f"Chào {name}\nDừng nhận ở {address}: {url}\n",
        )


@dataclass
class Marks:
    """The ledger's part: whom it let pass, and whom it refuses."""

    refused: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def __call__(self, message: OutgoingMessage) -> bool:
        self.asked.append(message.recipient.id)
        return message.recipient.id not in self.refused


def channel(**changes: Any) -> Any:
    values = {"name": "mail", "sender": "Báo Bắc Sơn <tin@bacson.example>", "helo_name": "news.example"}
    return module.EmailChannel(**{**values, **changes})


def person(id: str, name: str = "", **changes: Any) -> Recipient:
    values: dict[str, Any] = {
        "id": id,
        "address": f"{id}@example.vn",
        "name": name,
        "message_id": message_id("tin-sang-1", id, "bacson.example"),
        "merge_values": {
            "name": name,
            "address": f"{id}@example.vn",
            "unsubscribe_url": f"https://bacson.example/u/{id}?a=1&b=2",
        },
    }
    return Recipient(**{**values, **changes})


def composed(mail: Any, **changes: Any) -> Rendition:
    (rendition,) = mail.renditions(edition(**changes), EmailContext())
    assert isinstance(rendition, Rendition)
    return rendition


async def delivered(
    mail: Any, people: Sequence[Recipient], marks: Marks | None = None
) -> tuple[dict[str, Any], BaseException | None]:
    """Outcomes by recipient, and what was raised for all."""
    rendition = composed(mail)
    hand = MessageBatch([OutgoingMessage(rendition, one) for one in people], marks or Marks())
    try:
        await mail.transport().send_all(hand)
    except DeliveryError as error:
        return hand.outcomes, error
    return hand.outcomes, None


def shown(message: Message, name: str) -> str:
    return str(make_header(decode_header(message[name].replace("\r\n", ""))))


def contents(message: Message) -> list[str]:
    parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    return [part.decode() for part in parts if isinstance(part, bytes)]


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_the_rendition_is_one_for_all_and_can_be_read() -> None:
    """Frozen before anybody gets it: subject, both bodies with their merge tags, date and list."""
    rendition = composed(channel())
    letter = json.loads(rendition.body)
    assert (rendition.variant, rendition.media_type, rendition.edition) == ("digest", EMAIL_TYPE, "tin-sang-1")
    assert letter["subject"] == "Tin sáng 23/11"
    assert letter["date"] == "2026-11-23T07:00:00+07:00"
    assert letter["list_id"] == "tin-sang.bacson.example"
    assert merge_tag("unsubscribe_url") in letter["html"] and merge_tag("unsubscribe_url") in letter["text"]


def test_gmail_is_told_by_what_to_count_complaints() -> None:
    """Edition, newsletter and kind; the last field is the same for all that we send. The signature covers it."""
    first = email.message_from_bytes(channel().personalize(composed(channel()), person("lan", "Lan")))
    assert first.get_all("Feedback-ID") == ["tin-sang-1:tin-sang:digest:bacson-example"]
    other = email.message_from_bytes(channel().personalize(composed(channel()), person("ba", "Ba")))
    assert other["Feedback-ID"] == first["Feedback-ID"]
    assert b"feedback-id" in SIGNED


def test_an_edition_frozen_by_an_older_version_goes_out_as_it_is() -> None:
    rendition = composed(channel())
    letter = {name: value for name, value in json.loads(rendition.body).items() if name != "feedback_id"}
    older = replace(rendition, body=json.dumps(letter).encode())
    message = email.message_from_bytes(channel().personalize(older, person("lan", "Lan")))
    assert "Feedback-ID" not in message


def test_a_reader_gets_a_letter_of_their_own() -> None:
    mail = channel(reply_to="Toà soạn <toasoan@bacson.example>")
    message = email.message_from_bytes(mail.personalize(composed(mail), person("lan", "Nguyễn Lan <3")))
    assert shown(message, "From") == "Báo Bắc Sơn <tin@bacson.example>"
    assert shown(message, "To") == "Nguyễn Lan <3 <lan@example.vn>"
    assert shown(message, "Reply-To") == "Toà soạn <toasoan@bacson.example>"
    assert shown(message, "Subject") == "Tin sáng 23/11"
    assert message["Message-ID"] == message_id("tin-sang-1", "lan", "bacson.example")
    assert message["Date"] == "Mon, 23 Nov 2026 07:00:00 +0700"
    assert message["Content-Language"] == "vi"
    assert message["List-Unsubscribe"].startswith("<https://bacson.example/u/lan?a=1&b=2>, <mailto:toasoan@")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert shown(message, "List-Id") == "Tin sáng <tin-sang.bacson.example>"
    assert contents(message) == [
        "Chào Nguyễn Lan <3\r\nDừng nhận ở lan@example.vn: https://bacson.example/u/lan?a=1&b=2\r\n",
        '<p>Chào Nguyễn Lan &lt;3</p><a href="https://bacson.example/u/lan?a=1&amp;b=2">Dừng nhận ở lan@example.vn</a>',
    ]


@pytest.mark.parametrize(("language", "greeting"), [(Language.VI, "Chào quý bạn đọc"), (Language.EN, "Chào reader")])
def test_who_gave_no_name_is_greeted_as_a_reader(language: Language, greeting: str) -> None:
    mail = channel()
    message = email.message_from_bytes(mail.personalize(composed(mail, language=language), person("lan")))
    assert message["To"] == "lan@example.vn"
    assert all(greeting in content for content in contents(message))


def test_every_attempt_sends_the_same_bytes() -> None:
    """So that a receiver can drop the second copy, and staff see what was sent."""
    mail = channel()
    assert mail.personalize(composed(mail), person("lan", "Lan")) == mail.personalize(
        composed(mail), person("lan", "Lan")
    )


def test_the_list_keeps_its_identity_when_the_sender_moves() -> None:
    """RFC 2919: filters of readers hang on it."""
    moved = channel(sender="tin@moved.example", list_domain="bacson.example")
    assert json.loads(composed(moved).body)["list_id"] == "tin-sang.bacson.example"


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"sender": "Báo Bắc Sơn"}, "channels.mail.sender: 'Báo Bắc Sơn' is not an address: it has no @"),
        ({"sender": "tín@bacson.example"}, "channels.mail.sender: an address of ours must have only ASCII"),
        ({"reply_to": "a@b.vn\nBcc: c@d.vn"}, "channels.mail.reply_to: an address must not hold line ends"),
        ({"port": 0}, "channels.mail.port:"),
        ({"tls": "ssl"}, "channels.mail.tls:"),
        ({"helo_name": "a b\r\n"}, "channels.mail.helo_name: must be a name"),
        ({"response_timeout": "0s"}, "channels.mail.response_timeout:"),
        ({"username": "tin"}, "username and password belong together"),
        ({"password": "x"}, "username and password belong together"),
        ({"host": "mail.example", "tls": "none", "username": "a", "password": "b"}, "would travel in the clear"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_sent(settings: dict[str, Any], problem: str) -> None:
    raw = RawConfig(Path("config.yaml"), {}, {})
    made, problems = build(module.EmailChannel, {"sender": "tin@bacson.example", **settings}, raw, ("channels", "mail"))
    assert made is None
    assert len(problems) == 1 and problem in str(problems[0])


@pytest.mark.parametrize(("tls", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
async def test_the_port_follows_from_the_encryption(tls: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8314 and 6409; a port that is given wins."""
    asked: list[tuple[int, str]] = []

    async def probe(server: Any) -> None:
        asked.append((server.port, server.security))

    monkeypatch.setattr("distributor.mail.pool.probe_server", probe)
    await channel(host="mail.example", tls=tls).check(attempt(channel(host="mail.example", tls=tls)))
    await channel(host="mail.example", tls=tls, port=2525).check(
        attempt(channel(host="mail.example", tls=tls, port=2525))
    )
    assert asked == [(port, tls), (2525, tls)]


def test_names_of_several_lines_become_one() -> None:
    """`title: |` in YAML ends with a line end, which no header may hold: it must not cost every reader the digest."""
    mail, context = channel(), EmailContext(newsletter=newsletter(title="Tin sáng\nBắc Sơn\n"))
    (rendition,) = mail.renditions(edition(subject="Tin sáng\nBắc Sơn\n 23/11"), context)
    message = email.message_from_bytes(mail.personalize(rendition, person("lan")))
    assert shown(message, "Subject") == rendition.title == "Tin sáng Bắc Sơn 23/11"
    assert shown(message, "List-Id") == "Tin sáng Bắc Sơn <tin-sang.bacson.example>"


def test_a_password_is_never_shown() -> None:
    mail = channel(host="127.0.0.1", username=USER, password=SecretStr(PASSWORD))
    assert PASSWORD not in f"{mail!r} {mail} {mail.place}"


# -- into a Maildir ----------------------------------------------------------------------------------------------------


async def test_without_a_host_the_letters_lie_in_a_folder(tmp_path: Path) -> None:
    """Everything can be tried without a server, and the folder is told."""
    mail = channel(maildir=tmp_path / "mail")
    marks = Marks(refused=frozenset({"hoa"}))
    outcomes, raised = await delivered(
        mail, [person("lan", "Lan"), person("hoa"), person("tu", address="tú@example.vn")], marks
    )
    assert {id: type(outcome) for id, outcome in outcomes.items()} == {"lan": Receipt, "tu": Receipt}
    assert raised is None
    assert marks.asked == ["lan", "hoa", "tu"]
    assert mail.place == str(tmp_path / "mail")
    letters = {letter["Message-ID"]: letter for letter in mailbox.Maildir(tmp_path / "mail")}
    assert letters.keys() == {message_id("tin-sang-1", id, "bacson.example") for id in ("lan", "tu")}
    for id in outcomes:
        file = tmp_path / "mail" / "new" / outcomes[id].remote_id
        assert file.read_bytes().startswith(b"Date: Mon, 23 Nov 2026")


async def test_a_letter_delivered_twice_is_there_once(tmp_path: Path) -> None:
    mail = channel(maildir=tmp_path)
    first = await delivered(mail, [person("lan")])
    assert await delivered(mail, [person("lan")]) == first
    assert len(list(mailbox.Maildir(tmp_path))) == 1


async def test_a_folder_that_cannot_be_written_is_nobodys_fault(tmp_path: Path) -> None:
    """The first letter is deferred, the others were not tried."""
    (tmp_path / "mail").write_text("")
    marks = Marks()
    outcomes, raised = await delivered(channel(maildir=tmp_path / "mail"), [person("lan"), person("hoa")], marks)
    assert type(outcomes.pop("lan")) is Unavailable and not outcomes
    assert type(raised) is Unavailable
    assert marks.asked == ["lan"]


# -- by a server -------------------------------------------------------------------------------------------------------


async def test_letters_arrive_over_an_encrypted_connection(
    postbox: Callable[..., Awaitable[Postbox]], certificates: Certificates
) -> None:
    """Byte for byte what a preview shows; each with one recipient."""
    box = await postbox(tls_context=certificates.context, require_starttls=True, auth_required=True)
    mail = channel(
        host="127.0.0.1", port=box.port, ca_file=certificates.authority, username=USER, password=SecretStr(PASSWORD)
    )
    await mail.check(attempt(mail))
    people = [person("lan", "Lan"), person("hoa")]
    outcomes, raised = await delivered(mail, people)
    assert {id: type(outcome) for id, outcome in outcomes.items()} == {"lan": Receipt, "hoa": Receipt}
    assert raised is None
    assert [envelope.content for envelope in box.taken] == [mail.personalize(composed(mail), one) for one in people]
    assert [envelope.rcpt_tos for envelope in box.taken] == [["lan@example.vn"], ["hoa@example.vn"]]
    assert {envelope.mail_from for envelope in box.taken} == {"tin@bacson.example"}
    assert box.encrypted == [True, True]


async def test_a_server_that_wants_us_no_more_is_told_by_a_check(scripted: Callable[..., Awaitable[Scripted]]) -> None:
    """And nothing is sent by one."""
    far = await scripted(AUTH=["535 5.7.8 no"])
    mail = channel(host="127.0.0.1", port=far.port, tls="none", username=USER, password=SecretStr(PASSWORD))
    with pytest.raises(AuthBroken):
        await mail.check(attempt(mail))
    assert not [line for line in far.said if line.startswith("MAIL")]


async def test_each_recipient_has_their_own_outcome(scripted: Callable[..., Awaitable[Scripted]]) -> None:
    """One address is dead, one is refused by the ledger, one answer is lost, one name is poison: the others go on."""
    far = await scripted(RCPT=["550 5.1.1 nobody"], DOT=["drop"])
    mail = channel(host="127.0.0.1", port=far.port, tls="none")
    marks = Marks(refused=frozenset({"gone"}))
    people = [
        person("dead"),
        person("lost"),
        person("gone"),
        person("bad", address="bad"),
        person("lan", "Lan\r\nBcc: x"),
    ]
    outcomes, raised = await delivered(mail, people, marks)
    assert {id: type(outcome) for id, outcome in outcomes.items()} == {
        "dead": Rejected,
        "lost": Uncertain,
        "bad": Rejected,
        "lan": Receipt,
    }
    assert raised is None
    assert marks.asked == ["lost", "gone", "lan"]
    assert far.accepted == ["lan@example.vn"]
    assert b'\r\nTo: "Lan Bcc: x" <lan@example.vn>\r\n' in far.messages[0]


async def test_a_server_that_cannot_be_reached_leaves_everybody_for_later() -> None:
    marks = Marks()
    outcomes, raised = await delivered(channel(host="127.0.0.1", port=9, tls="none"), [person("lan")], marks)
    assert (outcomes, type(raised), marks.asked) == ({}, Unavailable, [])


async def test_the_digest_date_is_that_of_its_edition_in_the_newsletters_zone() -> None:
    """Not the time of the attempt: a letter sent late is the same letter."""
    assert NOW.isoformat() == "2026-11-23T00:00:00+00:00"
    context = EmailContext(newsletter=newsletter(timezone="Europe/Paris"))
    (rendition,) = channel().renditions(edition(), context)
    assert json.loads(rendition.body)["date"] == "2026-11-23T01:00:00+01:00"
