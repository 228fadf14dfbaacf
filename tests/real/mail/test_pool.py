"""Many connections, several servers, and rates: who carries what, and when."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from distributor.errors import Unavailable
from distributor.mail import pool
from distributor.mail.connection import SmtpConnection, SmtpServer
from distributor.mail.pool import SmtpPool, probe_server
from distributor.mail.transaction import WireMessage
from distributor.message_queue import MessageBatch, OutgoingMessage
from mail.mail_runs import BROKEN, DOWN, NO, OK, Envelope, MakeScripted, envelopes, packer, run, server
from support.smtp_servers import PIPELINING

MANY = [f"r{number}" for number in range(30)]


# -- one connection ----------------------------------------------------------------------------------------------------


@dataclass
class Strict:
    """A server that answers the end of a message only when it has seen the next envelope: without pipelining both
    sides would wait for ever. `turns` counts how often it had to wait for us."""

    expected: int
    port: int = 0
    turns: int = 0
    recipients: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def line() -> bytes:
            if not reader._buffer:  # type: ignore[attr-defined]
                self.turns += 1
            return await reader.readline()

        writer.write(b"220 strict\r\n")
        await line()
        writer.write(PIPELINING.replace("|", "\r\n").encode() + b"\r\n")
        mail = await line()
        for number in range(self.expected):
            assert mail.startswith(b"MAIL")
            rcpt, data = await line(), await line()
            self.recipients.append(rcpt.decode()[9:].partition("@")[0])
            assert data == b"DATA\r\n"
            writer.write(b"250 ok\r\n250 ok\r\n354 go ahead\r\n")
            while await line() != b".\r\n":
                pass
            if number + 1 < self.expected:
                mail = await line()
            writer.write(b"250 queued\r\n")
        await line()
        writer.write(b"221 bye\r\n")
        writer.close()


@pytest.fixture
async def strict() -> AsyncIterator[Callable[[int], Awaitable[Strict]]]:
    servers = []

    async def make(expected: int) -> Strict:
        far = Strict(expected)
        server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
        servers.append(server)
        far.port = server.sockets[0].getsockname()[1]
        return far

    yield make
    for one in servers:
        one.close()


async def test_the_next_envelope_travels_with_the_end_of_the_last_message(
    strict: Callable[[int], Awaitable[Strict]],
) -> None:
    far = await strict(10)
    done = await run(server(far.port), envelopes(*MANY[:10]))
    assert done.kinds == dict.fromkeys(MANY[:10], OK)
    assert far.recipients == MANY[:10]


async def test_a_server_that_wants_content_for_a_refused_recipient_gets_a_lone_dot(scripted: MakeScripted) -> None:
    """RFC 2920, section 3.1. Nothing of the message reaches it."""
    far = await scripted(EHLO=[PIPELINING], RCPT=["550 5.1.1 nobody"], DATA=["354 go ahead"])
    done = await run(server(far.port), envelopes("a", "b"))
    assert done.kinds == {"a": NO, "b": OK}
    assert [len(message) for message in far.messages] == [0, len(far.messages[1])] and far.messages[1]
    assert far.connections == 1


async def test_what_the_server_offers_is_used(scripted: MakeScripted) -> None:
    """SIZE, and bounces asked for by name where they go to an address of their own (RFC 3461)."""
    far = await scripted(EHLO=[PIPELINING])
    letters = [Envelope("a", recipient="lan+x=1@c.vn")]

    def pack(message: OutgoingMessage, eight_bit: bool) -> WireMessage:
        return packer(letters)(message, eight_bit)._replace(envelope_id="b=1+2", eight_bit=eight_bit)

    await SmtpPool([server(far.port)], pack).send_all(MessageBatch([letters[0].outgoing()]))
    assert far.said[1].startswith("MAIL FROM:<tin@b.vn> SIZE=")
    assert far.said[1].endswith(" BODY=8BITMIME RET=HDRS ENVID=b+3D1+2B2")
    assert far.said[2] == "RCPT TO:<lan+x=1@c.vn> NOTIFY=FAILURE ORCPT=rfc822;lan+2Bx+3D1@c.vn"


async def _token() -> str:
    return "bí-mật"


async def test_logging_in_with_a_token(scripted: MakeScripted) -> None:
    """XOAUTH2, as Google and Microsoft want it."""
    far = await scripted()
    await probe_server(server(far.port, username="tin@b.vn", token=_token))
    secret = base64.b64decode(far.said[1].split()[2]).decode()
    assert secret == "user=tin@b.vn\x01auth=Bearer bí-mật\x01\x01"


async def test_a_token_that_is_refused_stops_the_channel(scripted: MakeScripted) -> None:
    """The refusal is a question with the reason in it, to be answered with nothing."""
    far = await scripted(AUTH=["334 eyJzdGF0dXMiOiI0MDEifQ=="])
    far.script["*"] = ["535 5.7.8 no"]
    done = await run(server(far.port, username="tin@b.vn", token=_token), envelopes("a"))
    assert type(done.raised) is BROKEN and "535" in str(done.raised)


# -- many connections --------------------------------------------------------------------------------------------------


async def test_connections_are_opened_one_after_the_other_as_the_server_proves_itself(scripted: MakeScripted) -> None:
    far = await scripted()
    done = await run(server(far.port, connections=4), envelopes(*MANY))
    assert done.kinds == dict.fromkeys(MANY, OK)
    assert far.connections == 4
    assert sorted(far.accepted) == sorted(f"{name}@c.vn" for name in MANY)


async def test_a_server_that_takes_fewer_connections_than_it_may_have_loses_nobody(scripted: MakeScripted) -> None:
    far = await scripted(GREETING=["220 a", "220 b", *["421 4.7.0 too many connections"] * 50])
    done = await run(server(far.port, connections=8), envelopes(*MANY))
    assert done.kinds == dict.fromkeys(MANY, OK)
    assert done.raised is None
    assert far.connections <= 4  # it is not asked for more after each message


async def test_connections_double_as_messages_are_taken(
    scripted: MakeScripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one by one: each takes round trips to open, and forty of them would take a distant server ten seconds."""
    far, opening, opened, seen = await scripted(), 0, 0, []
    link_open = SmtpConnection.open

    async def slowly(server: SmtpServer) -> SmtpConnection:
        nonlocal opening, opened
        opening += 1
        seen.append((opening, opened))
        await asyncio.sleep(0.02)
        made = await link_open(server)
        opening, opened = opening - 1, opened + 1
        return made

    monkeypatch.setattr(SmtpConnection, "open", slowly)
    await run(server(far.port, connections=8), envelopes(*(f"reader{number}" for number in range(600))))
    assert len(seen) == 8
    assert all(opening <= max(1, opened) for opening, opened in seen), seen  # as many more as there are, at most
    assert max(opening for opening, _ in seen) > 2, seen


async def test_after_an_outage_all_connections_come_back(
    scripted: MakeScripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be reached for a moment has not said that it wants fewer connections."""
    far, opened, asked, out = await scripted(), 0, 0, False
    link_open = SmtpConnection.open

    async def shaky(server: SmtpServer) -> SmtpConnection:
        nonlocal opened
        if out:
            raise Unavailable("cannot be reached")
        opened += 1
        return await link_open(server)

    async def asking(_: str) -> None:
        """Somewhere in the middle everything breaks while one letter waits for its mark."""
        nonlocal out, asked
        asked += 1
        if asked == 300:
            out = True
            far.hang_up()
            await asyncio.sleep(0.1)
            out = False

    monkeypatch.setattr(SmtpConnection, "open", shaky)
    monkeypatch.setattr(pool, "_FIRST_PAUSE", 0.15)
    names = [f"reader{number}" for number in range(3000)]
    done = await run(server(far.port, connections=6, messages_per_connection=10_000), envelopes(*names), asking=asking)
    assert done.raised is None and len(done.outcomes) == len(names)
    assert opened >= 11, "six before it, and at least five others after it"


async def test_a_server_that_wants_nobody_is_asked_over_one_connection_only(scripted: MakeScripted) -> None:
    far = await scripted(MAIL=["530 5.7.0 log in first", "again"])
    done = await run(server(far.port, connections=8), envelopes(*MANY))
    assert (done.kinds, type(done.raised), done.left) == ({}, BROKEN, len(MANY))
    assert far.connections == 1


# -- several servers ---------------------------------------------------------------------------------------------------


async def test_servers_share_by_weight(scripted: MakeScripted) -> None:
    heavy, light = await scripted(), await scripted()
    done = await run([server(heavy.port, weight=3), server(light.port, weight=1)], envelopes(*MANY))
    assert done.kinds == dict.fromkeys(MANY, OK)
    assert 21 <= len(heavy.accepted) <= 24, "three of four"
    assert len(heavy.accepted) + len(light.accepted) == len(MANY)


@pytest.mark.parametrize("fault", [{"GREETING": ["drop", "again"]}, {"MAIL": ["550 5.7.1 not you", "again"]}])
async def test_when_one_server_fails_the_other_carries_all(fault: dict[str, list[str]], scripted: MakeScripted) -> None:
    bad, good = await scripted(**fault), await scripted()
    done = await run([server(bad.port), server(good.port)], envelopes(*MANY))
    assert done.kinds == dict.fromkeys(MANY, OK)
    assert (len(bad.accepted), len(good.accepted), done.raised) == (0, len(MANY), None)


async def test_when_all_servers_fail_it_is_said_and_nobody_is_lost(scripted: MakeScripted) -> None:
    first, second = await scripted(GREETING=["drop", "again"]), await scripted(GREETING=["554 no", "again"])
    done = await run([server(first.port), server(second.port)], envelopes(*MANY))
    assert (done.kinds, type(done.raised), done.left) == ({}, DOWN, len(MANY))
