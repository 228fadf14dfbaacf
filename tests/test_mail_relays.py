"""Many connections, several servers, and rates: who carries what, and when."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from fixtures_mail import PIPELINING
from hypothesis import given
from hypothesis import strategies as st
from mail_runs import BROKEN, DOWN, NO, OK, Envelope, MakeScripted, envelopes, packer, run, server

from distributor.errand import Handful
from distributor.errors import Unavailable
from distributor.mail import relay
from distributor.mail.link import Link, Server
from distributor.mail.rates import Limits, Rate, Rests, Window
from distributor.mail.relay import Relays, probe

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

    def pack(errand: object, eight_bit: bool) -> object:
        return packer(letters)(errand, eight_bit)._replace(envelope_id="b=1+2", eight_bit=eight_bit)  # type: ignore[arg-type]

    await Relays([server(far.port)], pack).carry(Handful([letters[0].errand()]))  # type: ignore[arg-type]
    assert far.said[1].startswith("MAIL FROM:<tin@b.vn> SIZE=")
    assert far.said[1].endswith(" BODY=8BITMIME RET=HDRS ENVID=b+3D1+2B2")
    assert far.said[2] == "RCPT TO:<lan+x=1@c.vn> NOTIFY=FAILURE ORCPT=rfc822;lan+2Bx+3D1@c.vn"


async def _token() -> str:
    return "bí-mật"


async def test_logging_in_with_a_token(scripted: MakeScripted) -> None:
    """XOAUTH2, as Google and Microsoft want it."""
    far = await scripted()
    await probe(server(far.port, username="tin@b.vn", token=_token))
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
    far, opening, together = await scripted(), 0, []
    link_open = Link.open

    async def slowly(server: Server) -> Link:
        nonlocal opening
        opening += 1
        together.append(opening)
        await asyncio.sleep(0.02)
        opening -= 1
        return await link_open(server)

    monkeypatch.setattr(Link, "open", slowly)
    await run(server(far.port, connections=8), envelopes(*(f"reader{number}" for number in range(600))))
    assert together == [1, 1, 1, 2, 1, 2, 3, 4]


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


# -- rates -------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 5), st.floats(0.5, 10), st.lists(st.floats(0, 3), max_size=40))
def test_in_no_stretch_of_time_more_may_go_than_the_rate_says(count: int, seconds: float, pauses: list[float]) -> None:
    window, now, went = Window(Rate(count, seconds)), 0.0, []
    for pause in pauses:
        now = window.free_at(now + pause)
        window.went(now)
        went.append(now)
    for number, start in enumerate(went):
        in_window = [moment for moment in went[number:] if moment < start + seconds - 1e-9]
        assert len(in_window) <= count


def test_several_rates_hold_together_and_domains_have_their_own() -> None:
    limits = Limits([Rate.parse("2/s"), Rate.parse("3/m")], {"Gmail.com": [Rate.parse("1/10s")]})
    for moment in (0.0, 0.1, 1.2):
        assert limits.free_at(moment) == moment
        limits.went("gmail.com", moment)
    assert limits.free_at(1.3) == 60.0
    assert limits.domain_free_at("gmail.com", 1.3) == pytest.approx(11.2)
    assert limits.domain_free_at("yahoo.com", 1.3) == 1.3


@given(st.lists(st.floats(0, 100), max_size=30).map(sorted), st.integers(1, 5), st.floats(60, 200))
def test_a_long_window_goes_on_where_another_process_ended(times: list[float], count: int, seconds: float) -> None:
    kept, anew = Window(Rate(count, seconds)), Limits([Rate(count, seconds)], {"a.vn": [Rate(count, seconds)]})
    for moment in times:
        kept.went(moment)
    anew.remember(times)
    anew.remember(times, domain="a.vn")
    assert anew.free_at(100) == anew.domain_free_at("a.vn", 100) == kept.free_at(100)
    assert anew.domain_free_at("b.vn", 100) == 100


@given(st.integers(0, 40), st.integers(1, 7))
def test_processes_that_share_a_window_remember_no_less_than_all(count: int, among: int) -> None:
    limits = Limits([Rate(1000, 3600)])
    limits.remember([float(moment) for moment in range(count)], 1 / among)
    (window,) = limits._all
    assert count <= len(window._went) * among < count + among
    assert list(window._went)[-1:] == [float(count - 1)] * bool(count)


def test_a_short_window_needs_no_memory() -> None:
    limits = Limits([Rate(2, 1), Rate(100, 3600)], {"a.vn": [Rate(7, 86400)]})
    assert limits.memory() == pytest.approx((3600, 100))
    assert limits.memory("a.vn") == pytest.approx((86400, 7))
    assert not any(Limits([Rate(2, 1)]).memory())
    limits.remember([0.0, 0.0])
    assert limits.free_at(0.1) == 0.1


@dataclass
class Remembering(Handful):
    """Errands with a past: so many seconds ago letters were tried."""

    past: tuple[float, ...] = ()
    asked: list[tuple[float, int, str]] = field(default_factory=list)

    async def history(self, seconds: float, most: int, domain: str = "") -> tuple[float, ...]:
        self.asked.append((seconds, most, domain))
        return self.past


async def test_each_relay_begins_with_its_share_of_what_was_sent_before(scripted: MakeScripted) -> None:
    """Enough of it for the smallest share; and only once, because the process knows what it sends itself."""
    far, letters = await scripted(), envelopes(*MANY[:2])
    hour, day = Rate(600, 3600), Rate(7, 86400)
    servers = [server(far.port, weight=9, rates=(hour,)), server(far.port, weight=1, rates=(hour,))]
    relays = Relays(servers, packer(letters), {"c.vn": [day]})
    errands = Remembering([letter.errand() for letter in letters], past=tuple(float(ago) for ago in range(3000, 0, -1)))
    with suppress(TimeoutError):
        async with asyncio.timeout(0.2):  # the window of the domain is full
            await relays.carry(errands)
    assert not far.accepted
    assert errands.asked == [(3600, 667, ""), (3600, 6000, ""), (86400, 7, "c.vn")]
    assert [len(relay.limits._all[0]._went) for relay in relays.relays] == [600, 300]
    other = Remembering([Envelope("x", recipient="x@d.vn").errand()])
    relays.pack = packer([Envelope("x", recipient="x@d.vn")])
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            await relays.carry(other)
    assert (far.accepted, other.asked) == (["x@d.vn"], [])


async def test_after_an_outage_all_connections_come_back(
    scripted: MakeScripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be reached for a moment has not said that it wants fewer connections."""
    far, opened, asked, out = await scripted(), 0, 0, False
    link_open = Link.open

    async def shaky(server: Server) -> Link:
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

    monkeypatch.setattr(Link, "open", shaky)
    monkeypatch.setattr(relay, "_FIRST_PAUSE", 0.15)
    names = [f"reader{number}" for number in range(3000)]
    done = await run(server(far.port, connections=6), envelopes(*names), asking=asking)
    assert done.raised is None and len(done.outcomes) == len(names)
    assert opened >= 11, "six before it, and at least five others after it"


@pytest.mark.parametrize("text", ["", "20", "0/s", "20/0s", "20/y", "-1/s", "a/s"])
def test_a_rate_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="write a rate as"):
        Rate.parse(text)


@given(st.integers(1, 1000), st.integers(1, 64))
def test_processes_that_share_a_rate_never_exceed_it_together(count: int, among: int) -> None:
    share = Rate(count, 60).shared(among)
    assert among * share.count / share.seconds <= count / 60 + 1e-9


def test_a_domain_that_asks_for_a_pause_gets_longer_ones() -> None:
    rests = Rests()
    rests.refused("a.vn", 0)
    rests.refused("a.vn", 0.1)  # was on the way already
    assert rests.free_at("a.vn", 1) == 30
    rests.refused("a.vn", 31)
    assert rests.free_at("a.vn", 32) == 91
    rests.accepted("a.vn")
    assert rests.free_at("a.vn", 32) == 32


async def test_a_rate_is_kept_on_the_wire(scripted: MakeScripted) -> None:
    far = await scripted()
    started = time.monotonic()
    done = await run(server(far.port, connections=4, rates=(Rate(5, 0.2),)), envelopes(*MANY[:15]))
    assert done.kinds == dict.fromkeys(MANY[:15], OK)
    assert time.monotonic() - started >= 0.4


async def test_a_domain_with_a_rate_does_not_keep_the_others_waiting(scripted: MakeScripted) -> None:
    far = await scripted()
    letters = [
        Envelope(name, recipient=f"{name}@{'slow' if number < 3 else 'fast'}.vn") for number, name in enumerate(MANY)
    ]
    hand = Handful([letter.errand() for letter in letters])
    async with asyncio.timeout(30):
        await Relays([server(far.port)], packer(letters), {"slow.vn": [Rate(1, 0.2)]}).carry(hand)
    assert Counter(map(type, hand.outcomes.values())) == {OK: len(MANY)}
    assert [address for address in far.accepted if "slow" in address][-1] in far.accepted[-2:]
