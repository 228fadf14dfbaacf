"""A look at a mail server, real and scripted, and what is said of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from distributor.doctor.probe import look_at_relay
from distributor.doctor.relays import RelayFacts, check_relay
from distributor.doctor.results import CheckState
from distributor.mail.connection import SmtpServer
from support.smtp_servers import PASSWORD, PIPELINING, USER, Certificates, Postbox, Scripted

MakePostbox = Callable[..., Awaitable[Postbox]]
MakeScripted = Callable[..., Awaitable[Scripted]]
GOOD = RelayFacts(
    server="smtp.relay.example:587",
    host="smtp.relay.example",
    tls="TLSv1.3",
    logged_in=True,
    pipelining=True,
    size=10**8,
)
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def faults(facts: RelayFacts, largest: int = 0, now: datetime = NOW) -> set[str]:
    found = [one for one in check_relay(facts, "mail", largest, now) if one.state is not CheckState.PASSED]
    assert all(one.remedy and "{" not in one.remedy and "channel mail: " in one.where for one in found), found
    return {one.fault for one in found}


async def test_a_good_server_is_seen_as_it_is(postbox: MakePostbox, certificates: Certificates) -> None:
    box = await postbox(tls_context=certificates.context, require_starttls=True, data_size_limit=5_000_000)
    server = SmtpServer(
        host="127.0.0.1", port=box.port, username=USER, password=PASSWORD, ca_file=certificates.authority
    )
    seen = await look_at_relay(server)
    assert (seen.failure, seen.tls[:4], seen.logged_in, seen.size) == ("", "TLSv", True, 5_000_000)
    assert box.logins and not box.taken
    # The certificate of the tests is good for two days.
    assert seen.certificate_ends and seen.certificate_ends > datetime.now(UTC)
    assert faults(seen, now=datetime.now(UTC)) == {"relay-certificate", "relay-pipelining"}


async def test_refused_logins_and_certificates_name_the_settings(
    postbox: MakePostbox, certificates: Certificates
) -> None:
    box = await postbox(tls_context=certificates.context, require_starttls=True)
    server = SmtpServer(host="127.0.0.1", port=box.port, username=USER, password="x", ca_file=certificates.authority)
    (refused,) = check_relay(await look_at_relay(server), "mail", 0, NOW)
    assert (refused.fault, refused.remedy) == ("relay-refuses", "look at username and password of the channel")
    (strange,) = check_relay(await look_at_relay(replace(server, ca_file=certificates.stranger)), "mail", 0, NOW)
    assert (strange.fault, "certificate is not valid" in strange.what) == ("relay-refuses", True)


async def test_a_server_without_encryption_is_told_by_its_announcement(scripted: MakeScripted) -> None:
    fake = await scripted(EHLO=[PIPELINING])
    seen = await look_at_relay(SmtpServer(host="127.0.0.1", port=fake.port, security="none"))
    assert (seen.tls, seen.pipelining, seen.size, seen.logged_in) == ("", True, 99_000_000, False)
    assert faults(seen) == set(), "what stays on this machine need not be encrypted"
    assert faults(replace(seen, host="smtp.relay.example")) == {"relay-clear"}
    assert fake.said[-1] == "QUIT"


@pytest.mark.parametrize("size", ["²", "9" * 400, "-1", "x"])
async def test_a_size_that_is_no_number_is_none(scripted: MakeScripted, size: str) -> None:
    fake = await scripted(EHLO=[f"250-fake\r\n250-SIZE {size}\r\n250 8BITMIME\r\n"])
    seen = await look_at_relay(SmtpServer(host="127.0.0.1", port=fake.port, security="none"))
    assert (seen.failure, seen.size) == ("", None)


async def test_a_server_that_nobody_reaches_is_broken(scripted: MakeScripted) -> None:
    fake = await scripted(GREETING=["drop"])
    seen = await look_at_relay(SmtpServer(host="127.0.0.1", port=fake.port, security="none"))
    assert faults(seen) == {"relay-unreachable"}


def test_what_a_server_announces_is_compared_with_what_is_sent() -> None:
    assert faults(GOOD, largest=90_000) == set()
    assert faults(replace(GOOD, size=80_000), largest=90_000) == {"relay-size"}
    assert faults(replace(GOOD, size=0), largest=90_000) == set(), "0 is no limit (RFC 1870)"
    assert faults(replace(GOOD, size=None), largest=90_000) == set()
    assert faults(replace(GOOD, pipelining=False)) == {"relay-pipelining"}
    assert faults(replace(GOOD, certificate_ends=NOW + timedelta(days=13))) == {"relay-certificate"}
    assert faults(replace(GOOD, certificate_ends=NOW + timedelta(days=60))) == set()
