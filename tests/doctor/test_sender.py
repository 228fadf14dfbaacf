"""What DNS says of the sender: a set-up that is good, and each way in which it can be bad, asked of a real DNS server."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from distributor.doctor import dns_client
from distributor.doctor.dns_client import DnsResolver, settle
from distributor.doctor.results import CheckResult, CheckState
from distributor.doctor.sender import check_sender
from distributor.mail import dkim_keys
from distributor.mail.address import Mailbox
from distributor.mail.connection import SmtpServer
from distributor.mail.dkim import DkimSigner
from distributor.mail.setup import MailSetup
from support.dns_server import DnsZone

DOMAIN = "bacson.example"


@pytest.fixture(scope="session")
def signer() -> DkimSigner:
    return DkimSigner(DOMAIN, "2026a", dkim_keys.parse(dkim_keys.make_key()))


@pytest.fixture
def setup(signer: DkimSigner, dns_zone: DnsZone) -> MailSetup:
    """A sender that signs, by a relay elsewhere; its DKIM record stands in the zone."""
    dns_zone.text(signer.place, signer.key.record)
    sender = Mailbox.parse("Báo Bắc Sơn <tin@bacson.example>")
    return MailSetup(sender=sender, servers=(SmtpServer(host="smtp.relay.example", port=587),), signers=(signer,))


async def examine(zone: DnsZone, setup: MailSetup) -> list[CheckResult]:
    return await settle(DnsResolver(zone.address), partial(check_sender, channel="mail", setup=setup, own_name="here"))


async def faults(zone: DnsZone, setup: MailSetup) -> set[str]:
    """The faults found, each with a remedy without open places."""
    found = [one for one in await examine(zone, setup) if one.state is not CheckState.PASSED]
    assert all(one.remedy and one.where and one.what and "{" not in one.remedy for one in found), found
    return {one.fault for one in found}


async def test_a_good_sender_passes_every_check(dns_zone: DnsZone, setup: MailSetup) -> None:
    found = await examine(dns_zone, setup)
    assert {one.state for one in found} == {CheckState.PASSED}, found
    assert {one.check for one in found} == {"sender", "spf", "dkim", "dmarc", "mx", "bimi"}
    said = {one.check: one.what for one in found}
    assert "1 of 10 look-ups" in said["spf"]
    assert "agrees with DKIM (bacson.example) and SPF (bacson.example)" in said["dmarc"]


@pytest.mark.parametrize(
    ("name", "records", "expected"),
    [
        (DOMAIN, [], {"spf-missing"}),
        (DOMAIN, ["v=spf1 -all", "v=spf1 ~all"], {"spf-several"}),
        (DOMAIN, ["v=spf1 inclode:relay.example -all"], {"spf-syntax"}),
        (DOMAIN, ["v=spf1 include: -all"], {"spf-syntax"}),
        (DOMAIN, ["v=spf1 include:gone.example -all"], {"spf-include"}),
        (DOMAIN, ["v=spf1 include:bacson.example -all"], {"spf-syntax"}),
        (DOMAIN, ["v=spf1 redirect=BACSON.example."], {"spf-syntax", "spf-weak"}),
        (DOMAIN, ["v=spf1 redirect="], {"spf-syntax", "spf-weak"}),
        (DOMAIN, ["v=spf1 ip4:192.0.2.1.2 -all"], {"spf-syntax"}),
        (DOMAIN, ["v=spf1 ip4:192.0.2.0/255.255.255.0 -all"], {"spf-syntax"}),
        (DOMAIN, ["v=spf1 ip6:192.0.2.1 -all"], {"spf-syntax"}),
        (DOMAIN, ["v=spf1 ip4 -all"], {"spf-syntax"}),
        (DOMAIN, ["v=spf1 a:/24 -all"], {"spf-syntax"}),
        (DOMAIN, ["v=spf1 ip4:192.0.2.1 -all:x"], {"spf-syntax", "spf-weak"}),
        (DOMAIN, ["v=spf1 a:x1.example a:x2.example mx:x3.example -all"], {"spf-void"}),
        (DOMAIN, ["v=spf1 ip4:192.0.2.1 +all"], {"spf-open"}),
        (DOMAIN, ["v=spf1 ip4:192.0.2.1 ?all"], {"spf-weak"}),
        (DOMAIN, ["v=spf1 ip4:192.0.2.1"], {"spf-weak"}),
        ("2026a._domainkey.bacson.example", [], {"dkim-missing"}),
        ("2026a._domainkey.bacson.example", ["v=DKIM1; k=rsa; p="], {"dkim-revoked"}),
        ("2026a._domainkey.bacson.example", ["v=DKIM1; k=rsa; p=MIIB"], {"dkim-other-key"}),
        ("2026a._domainkey.bacson.example", ["v=DKIM1; p=MIIB", "v=DKIM1; p=MIIC"], {"dkim-several"}),
        ("_dmarc.bacson.example", [], {"dmarc-missing"}),
        ("_dmarc.bacson.example", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], {"dmarc-several"}),
        ("_dmarc.bacson.example", ["v=DMARC1; p=please"], {"dmarc-syntax"}),
        ("default._bimi.bacson.example", ["v=BIMI1; l=logo.svg"], {"bimi-syntax"}),
        ("default._bimi.bacson.example", ["v=BIMI1; l=https://bacson.example/logo.svg"], {"bimi-policy"}),
    ],
)
async def test_each_bad_record_is_named(
    dns_zone: DnsZone, setup: MailSetup, name: str, records: list[str], expected: set[str]
) -> None:
    dns_zone.text(name, *records)
    assert await faults(dns_zone, setup) == expected


async def test_look_ups_of_spf_are_counted_through_includes_and_redirects(dns_zone: DnsZone, setup: MailSetup) -> None:
    dns_zone.text(DOMAIN, "v=spf1 include:one.example include:two.example redirect=three.example")
    for name in ("one", "two", "three"):
        dns_zone.text(f"{name}.example", "v=spf1 include:deep.example mx:bacson.example -all")
    dns_zone.text("deep.example", "v=spf1 ip4:192.0.2.0/24 a:mx.bacson.example -all")
    (spf,) = [one for one in await examine(dns_zone, setup) if one.check == "spf"]
    # Three names, and below each of them an include, an mx, and the a of the include.
    assert (spf.fault, "needs 12 look-ups" in spf.what) == ("spf-lookups", True)
    dns_zone.text(DOMAIN, "v=spf1 include:one.example include:two.example -all redirect=three.example")
    (spf,) = [one for one in await examine(dns_zone, setup) if one.check == "spf"]
    assert (spf.state, "8 of 10" in spf.what) == (CheckState.PASSED, True), "behind `all` nothing is read"


async def test_ten_look_ups_are_allowed_and_eleven_are_not(dns_zone: DnsZone, setup: MailSetup) -> None:
    for number, expected in ((10, set()), (11, {"spf-lookups"})):
        names = " ".join(f"a:h{one}.bacson.example" for one in range(number))
        for one in range(number):
            dns_zone.records[f"h{one}.bacson.example", "A"] = ["192.0.2.9"]
        dns_zone.text(DOMAIN, f"v=spf1 {names} -all")
        assert await faults(dns_zone, setup) == expected


async def test_a_record_that_never_ends_is_left_in_the_end(dns_zone: DnsZone, setup: MailSetup) -> None:
    dns_zone.text(DOMAIN, "v=spf1 include:n0.example -all")
    for number in range(40):
        dns_zone.text(f"n{number}.example", f"v=spf1 include:n{number + 1}.example -all")
    found = await faults(dns_zone, setup)
    assert "spf-lookups" in found and len(dns_zone.asked) < 60


async def test_records_that_lead_to_ever_more_records_cost_no_time(dns_zone: DnsZone, setup: MailSetup) -> None:
    """Six parts in each of thirty records would be 6^30 steps."""
    dns_zone.text(DOMAIN, "v=spf1 include:n0.example -all")
    for number in range(30):
        dns_zone.text(f"n{number}.example", f"v=spf1 {f'include:n{number + 1}.example ' * 6}-all")
    (spf,) = [one for one in await examine(dns_zone, setup) if one.fault == "spf-lookups"]
    assert "needs 100 or more look-ups" in spf.what


async def test_what_is_not_asked_any_more_is_unknown_and_not_missing(
    dns_zone: DnsZone, setup: MailSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_client, "_MOST_QUESTIONS", 3)
    found = await examine(dns_zone, setup)
    assert {one.fault for one in found if one.state is not CheckState.PASSED} == {"dns-silent"}, found
    assert any("too many names lead to other names" in one.what for one in found)


async def test_a_server_that_is_slow_with_each_answer_is_not_waited_for_long(
    dns_zone: DnsZone, setup: MailSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_client, "_PATIENCE", 0.05)
    monkeypatch.setattr(dns_zone, "datagram_received", lambda data, address: None)
    found = await examine(dns_zone, setup)
    assert {one.fault for one in found if one.state is not CheckState.PASSED} == {"dns-silent"}, found


@pytest.mark.parametrize("answer", [b"", b"garbage", bytes(12), bytes(range(256)) * 20])
async def test_answers_that_are_none_are_unknown(
    dns_zone: DnsZone, setup: MailSetup, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(dns_client, "_LIFETIME", 0.05)

    def say(data: bytes, address: tuple[str | None, int]) -> None:
        assert dns_zone.transport is not None
        dns_zone.transport.sendto(data[:2] + answer if answer else answer, address)

    monkeypatch.setattr(dns_zone, "datagram_received", say)
    found = await examine(dns_zone, setup)
    assert {one.fault for one in found if one.state is not CheckState.PASSED} == {"dns-silent"}, found


async def test_an_alias_without_an_end_is_unknown(dns_zone: DnsZone, setup: MailSetup) -> None:
    dns_zone.aliases[DOMAIN] = DOMAIN
    found = {one.fault for one in await examine(dns_zone, setup)}
    assert found == {"", "dns-silent", "dmarc-unaligned"} or found == {"", "dns-silent"}


async def test_a_name_above_may_hold_the_policy(dns_zone: DnsZone, setup: MailSetup) -> None:
    dns_zone.text("news.bacson.example", "v=spf1 ip4:192.0.2.1 -all")
    dns_zone.records["news.bacson.example", "MX"] = ["10 mx.bacson.example."]
    below = replace(setup, sender=Mailbox.parse("tin@news.bacson.example"))
    assert await faults(dns_zone, below) == set()
    dns_zone.text("_dmarc.bacson.example", "v=DMARC1; p=reject; adkim=s; aspf=s")
    (dmarc,) = [one for one in await examine(dns_zone, below) if one.check == "dmarc"]
    assert "agrees with SPF (news.bacson.example)" in dmarc.what and "DKIM" not in dmarc.what


async def test_a_sender_of_whom_neither_spf_nor_dkim_speaks_is_refused_by_dmarc(
    dns_zone: DnsZone, setup: MailSetup
) -> None:
    elsewhere = replace(setup, signers=(), return_path=Mailbox.parse("b@bounces.relay.example"))
    dns_zone.text("bounces.relay.example", "v=spf1 ip4:192.0.2.1 -all")
    dns_zone.records["bounces.relay.example", "MX"] = ["10 mx.bacson.example."]
    assert await faults(dns_zone, elsewhere) == {"dmarc-unaligned", "dkim-none"}


async def test_addresses_that_receive_no_mail_are_named(dns_zone: DnsZone, setup: MailSetup) -> None:
    dns_zone.records["bacson.example", "MX"] = ["0 ."]
    assert await faults(dns_zone, setup) == {"mx-null"}
    dns_zone.records["bacson.example", "MX"] = ["10 gone.bacson.example."]
    assert await faults(dns_zone, setup) == {"mx-address"}
    del dns_zone.records["bacson.example", "MX"]
    assert await faults(dns_zone, setup) == {"mx-missing"}
    dns_zone.records["bacson.example", "A"] = ["192.0.2.1"]
    assert await faults(dns_zone, setup) == set()


async def test_a_machine_that_delivers_by_itself_needs_a_name_that_points_back(
    dns_zone: DnsZone, setup: MailSetup
) -> None:
    own = replace(setup, servers=(SmtpServer(host="127.0.0.1", port=25),))
    assert await faults(dns_zone, own) == {"ptr-unnamed"}
    own = replace(own, helo_name="news.bacson.example")
    assert await faults(dns_zone, own) == {"ptr-address"}
    dns_zone.records["news.bacson.example", "A"] = ["192.0.2.7"]
    assert await faults(dns_zone, own) == {"ptr-missing"}
    dns_zone.records["7.2.0.192.in-addr.arpa", "PTR"] = ["news.bacson.example."]
    assert await faults(dns_zone, own) == set()


async def test_a_sender_at_a_provider_of_free_mailboxes_is_told_so(dns_zone: DnsZone, setup: MailSetup) -> None:
    assert await faults(dns_zone, replace(setup, sender=Mailbox.parse("bao@gmail.com"))) == {"sender-free-mail"}


async def test_a_short_key_is_named(dns_zone: DnsZone, setup: MailSetup) -> None:
    short = DkimSigner(DOMAIN, "old", dkim_keys.parse(dkim_keys.make_key(bits=1024)))
    dns_zone.text(short.place, short.key.record)
    assert await faults(dns_zone, replace(setup, signers=(*setup.signers, short))) == {"dkim-short"}
    dns_zone.text(short.place, f"{short.key.record}; t=y:s")
    assert await faults(dns_zone, replace(setup, signers=(*setup.signers, short))) == {"dkim-short", "dkim-testing"}


async def test_what_dns_does_not_answer_is_unknown_and_not_missing(dns_zone: DnsZone, setup: MailSetup) -> None:
    dns_zone.silent = {DOMAIN, "_dmarc.bacson.example", "2026a._domainkey.bacson.example"}
    found = await examine(dns_zone, setup)
    assert {one.fault for one in found if one.check == "sender"} == {"dns-silent", ""}
    assert not any(one.state is CheckState.BROKEN for one in found), found
