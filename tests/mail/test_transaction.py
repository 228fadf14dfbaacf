"""One thing after the other: whatever a server does, no command leaves before the reply to the last one unless it offers
PIPELINING, and no MAIL inside a transaction."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.errors import Rejected
from distributor.mail.rates import RateLimit
from distributor.mail.smtp_protocol import OutOfTurn, ProtocolError, SmtpProtocol
from mail.mail_runs import OK, Run, envelopes, run, server
from mail.strict_smtp import FOLLOWED, Answer, MemoryWire, StrictServer, in_memory, without_waiting
from support.effort import examples

# -- the state machine alone -------------------------------------------------------------------------------------------


@dataclass
class Ears:
    """What a server hears of a conversation, and what it holds against it."""

    pipelining: bool = False
    begun: bool = False
    unanswered: list[str] = field(default_factory=lambda: ["GREETING"])
    in_content: bool = False
    faults: list[str] = field(default_factory=list)

    def hear(self, data: bytes) -> None:
        for line in data.decode().splitlines():
            verb = line.split(" ")[0]
            if self.in_content and line != ".":
                continue
            if self.unanswered and not (self.pipelining and self.unanswered[-1] in FOLLOWED):
                self.faults.append(f"{line} before the reply to {self.unanswered[-1]}")
            if verb == "MAIL" and self._will_be_begun():
                self.faults.append("nested MAIL command")
            if line == ".":
                self.in_content = False
            self.unanswered.append(verb)

    def _will_be_begun(self) -> bool:
        """Whether a transaction is open when all that is on the way is answered with yes."""
        begun = self.begun
        for verb in self.unanswered:
            begun = verb == "MAIL" or (begun and verb not in ("RSET", ".", "EHLO"))
        return begun

    def say(self, code: int, pipelining: bool) -> bytes:
        verb = self.unanswered.pop(0)
        good = 200 <= code < 300
        if verb == "EHLO":
            self.pipelining = pipelining and good
        if verb == "MAIL":
            self.begun = self.begun or good
        elif verb == "." or (verb in ("RSET", "EHLO") and good):
            self.begun = False
        self.in_content = self.in_content or (verb == "DATA" and code == 354)
        if verb == "EHLO" and good and pipelining:
            return f"{code}-strict.example\r\n{code} PIPELINING\r\n".encode()
        return f"{code} strict.example\r\n".encode()


INTENTS: dict[str, Callable[[SmtpProtocol], None]] = {
    "ehlo": SmtpProtocol.ehlo,
    "mail": lambda talk: talk.mail("a@b.vn"),
    "rcpt": lambda talk: talk.rcpt("lan@b.vn"),
    "data": SmtpProtocol.data,
    "content": lambda talk: talk.content(b"MAIL FROM:<x@y.vn>\r\n"),
    "dot": SmtpProtocol.end_of_content,
    "empty": SmtpProtocol.no_content,
    "reset": SmtpProtocol.reset,
    "quit": SmtpProtocol.quit,
}
REPLIES = st.tuples(st.sampled_from([250, 250, 250, 354, 354, 450, 550]), st.booleans())
# Mostly what makes sense, so that it gets far; anything at any time as well.
SEQUENCES = st.lists(
    st.one_of(
        st.sampled_from(sorted(INTENTS)),
        REPLIES,
        st.just("mail"),
        st.tuples(st.just(250), st.just(True)),
    ),
    min_size=4,
    max_size=60,
)


@settings(max_examples=examples(300))
@given(SEQUENCES)
def test_nothing_that_is_asked_of_the_machine_makes_it_speak_out_of_turn(
    sequence: list[str | tuple[int, bool]],
) -> None:
    """It says no instead, and then nothing has been queued."""
    talk, ears = SmtpProtocol("news.example"), Ears()
    for step in sequence:
        if isinstance(step, str):
            try:
                INTENTS[step](talk)
            except OutOfTurn:
                assert talk.outgoing() == b""
        elif ears.unanswered:
            code = 250 if ears.unanswered[0] == "RSET" and step[0] == 354 else step[0]
            talk.receive(ears.say(code, step[1]))
            assert talk.next_reply()
        ears.hear(talk.outgoing())
        assert ears.faults == []


# -- everything above it, against a strict server ----------------------------------------------------------------------

DELAYS = st.sampled_from([0.0, 0.0, 0.01, 2.0])
USUALLY = ["", "", "", "", "", ""]  # else most runs would end before they have begun
OF_COMMANDS = {
    "GREETING": [*USUALLY, "421 4.3.2 later", "drop"],
    "EHLO": [*USUALLY, "421 4.3.2 later", "drop"],
    "MAIL": [*USUALLY, "450 4.1.8 later", "drop", "421 4.7.0 later"],
    "RCPT": ["", "", "450 4.2.1 later", "550 5.1.1 nobody", "552 5.2.2 full", "drop", "421 4.7.0 later"],
    "DATA": ["", "", "451 4.3.0 later", "554 5.5.1 no", "354 go ahead", "drop"],
    "RSET": ["", "", "554 5.5.0 too many nonmail commands", "421 4.7.0 later", "drop"],
    ".": ["", "", "451 4.3.0 later", "554 5.6.0 no", "drop"],
}
SERVERS = st.builds(
    StrictServer,
    pipelining=st.lists(st.booleans(), min_size=1, max_size=3),
    answers=st.fixed_dictionaries(
        {
            verb: st.lists(st.builds(Answer, st.sampled_from(answers), DELAYS), max_size=8)
            for verb, answers in OF_COMMANDS.items()
        }
    ),
)
RATES = st.sampled_from([(), (RateLimit(2, 1),), (RateLimit(3, 1), RateLimit(5, 60))])


def carried(
    far: StrictServer,
    *names: str,
    rates: tuple[RateLimit, ...] = (),
    connections: int = 1,
    messages_per_connection: int = 1000,
) -> Run:
    """A run that may wait as long as it likes."""
    with in_memory(far):
        ours = server(25, rates=rates, connections=connections, messages_per_connection=messages_per_connection)
        return without_waiting(run(ours, envelopes(*names), within=1e6))


@settings(max_examples=examples(200), deadline=None)
@given(SERVERS, RATES, st.integers(1, 3), st.integers(1, 12), st.sampled_from([1, 3, 1000]))
def test_a_strict_server_never_has_reason_to_complain(
    far: StrictServer, rates: tuple[RateLimit, ...], connections: int, letters: int, messages_per_connection: int
) -> None:
    """Whatever it refuses, delays and drops, whatever the rates; and nobody is written to twice."""
    names = [f"r{number}" for number in range(letters)]
    done = carried(far, *names, rates=rates, connections=connections, messages_per_connection=messages_per_connection)
    assert far.faults == []
    assert len(far.accepted) == len(set(far.accepted))
    assert {f"{name}@c.vn" for name, kind in done.kinds.items() if kind is OK} <= set(far.accepted)
    assert len(done.outcomes) + done.left == letters


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("rates", [(), (RateLimit(20, 1),)], ids=["at once", "20/s"])
def test_refused_recipients_and_rates_together(pipelining: bool, rates: tuple[RateLimit, ...]) -> None:
    """The connection waits for the rate with a transaction open in which a recipient was refused."""
    names = [f"r{number}" for number in range(302)]
    nobody = frozenset(f"{name}@c.vn" for name in names if int(name[1:]) % 3 == 1)
    far = StrictServer((pipelining,), refused=nobody)
    done = carried(far, *names, rates=rates)
    assert done.raised is None and far.faults == []
    assert far.connections == 1
    assert sorted(far.accepted) == sorted({f"{name}@c.vn" for name in names} - nobody)
    assert sum(kind is Rejected for kind in done.kinds.values()) == len(nobody)
    assert len(done.outcomes) == 302


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("answer", ["554 too many nonmail commands", "421 4.7.0 closing", "drop"])
def test_a_failed_rset_costs_the_connection_and_no_message(answer: str, pipelining: bool) -> None:
    """Exim ends a connection after ten RSETs (`smtp_accept_max_nonmail`). The message behind it was not begun."""
    names = [f"r{number}" for number in range(40)]
    nobody = frozenset(f"{name}@c.vn" for name in names[:-5])
    far = StrictServer((pipelining,), {"RSET": [Answer(answer)] * 30}, refused=nobody)
    done = carried(far, *names)
    assert (done.raised, far.faults) == (None, [])
    assert far.accepted == [f"{name}@c.vn" for name in names[-5:]]
    assert [name for name in names if done.kinds[name] is Rejected] == names[:-5]


def test_a_connection_that_has_had_its_number_of_messages_is_followed_by_another() -> None:
    """OpenSMTPD takes a hundred and then says this to MAIL; it is not about our account."""
    full = [Answer(), Answer(), Answer("452 4.5.3 Too many recipients: Too many messages sent")]
    far = StrictServer((False,), {"MAIL": [*full, *full]})
    done = carried(far, "a", "b", "c", "d", "e")
    assert done.raised is None and set(done.kinds.values()) == {OK}
    assert len(far.accepted) == 5 and far.connections == 3


def test_every_command_waits_for_the_reply_to_the_last() -> None:
    """The strict server sees each one alone, the next after its reply."""
    far = StrictServer((False,), {"RCPT": [Answer("550 5.1.1 nobody", 3.0)]})
    carried(far, "a", "b")
    verbs = [re.split("[ :]", line)[0] for line in far.said]
    assert verbs == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", ".", "QUIT"]


def test_the_strict_server_complains_where_there_is_reason() -> None:
    """Else the tests above would show nothing."""

    async def heard(*writes: bytes) -> list[str]:
        far = StrictServer((False,))
        wire = MemoryWire(far)
        for data in writes:
            await wire.read(wire.after(1))
            wire.write(data)
        await asyncio.sleep(1)
        wire.abort()
        return far.faults

    hello, mail = b"EHLO news.example\r\n", b"MAIL FROM:<a@b.vn>\r\n"
    assert without_waiting(heard(hello, mail, mail)) == ["nested MAIL command"]
    (fault,) = without_waiting(heard(hello, mail, b"RSET\r\n" + mail))
    assert "before the reply to RSET" in fault


def test_a_reply_before_its_command_is_still_refused() -> None:
    talk = SmtpProtocol("news.example")
    talk.receive(b"220 hello\r\n")
    talk.next_reply()
    talk.receive(b"250 early\r\n")
    with pytest.raises(ProtocolError):
        talk.ehlo()
