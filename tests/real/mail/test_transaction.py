"""Carrying mail to servers that fail in every way: the outcome is true for each recipient, and nothing hangs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import replace

import pytest

from distributor.errors import DeliveryError
from mail.mail_runs import (
    BROKEN,
    DOWN,
    IMPATIENT,
    MAYBE,
    MESSAGE,
    NO,
    OK,
    PATIENT,
    MakeScripted,
    envelopes,
    of_domains,
    run,
    server,
)
from support.smtp_servers import PIPELINING

HUGE = (b"x" * 998 + b"\r\n") * 24_000  # more than the system keeps for a server that does not read


# -- faults ------------------------------------------------------------------------------------------------------------

SENT = {"a": OK, "b": OK}
NEVER_ENDING = ("silent", "drip", "endless", "long")
RELAY_DENIED = "554 5.7.1 relay access denied"
ACCESS_DENIED = "554 5.7.1 <x@c.vn>: Recipient address rejected: Access denied"  # a rule of Postfix's owner

# Command, answers, outcomes of a and b, what is raised for the whole run.
Kinds = Mapping[str, type]
FAULTS: list[tuple[str, list[str], Kinds, type | None]] = [
    *[("GREETING", [answer, "again"], {}, DOWN) for answer in ("421 4.3.2 busy", "drop", "garbage", *NEVER_ENDING)],
    ("GREETING", ["554 5.3.2 no"], {}, BROKEN),
    *[("EHLO", [answer], {}, DOWN) for answer in ("421 4.3.2 busy", "451 4.3.0 later", "drop", "garbage", "drip")],
    ("EHLO", ["502 what"], SENT, None),
    ("EHLO", ["554 5.7.1 not you"], {}, BROKEN),
    # Before a recipient is named everything is about us.
    ("MAIL", ["550 5.7.1 not this sender"], {}, BROKEN),
    ("MAIL", ["530 5.7.0 log in first"], {}, BROKEN),
    ("MAIL", ["421 4.4.2 closing"], SENT, None),
    ("MAIL", ["451 4.3.0 later"], SENT, None),
    ("MAIL", ["451 4.3.0 later", "again"], {"a": DOWN}, DOWN),
    ("MAIL", ["drop"], SENT, None),
    ("MAIL", ["drip"], SENT, None),
    # A recipient is refused, the next one is not.
    ("RCPT", ["550 5.1.1 nobody"], {"a": NO, "b": OK}, None),
    ("RCPT", ["450 4.2.1 later"], {"a": DOWN, "b": OK}, None),
    ("RCPT", ["552 too many recipients"], {"a": DOWN, "b": OK}, None),
    ("RCPT", ["550 5.1.1 nobody", "550 5.1.1 nobody"], {"a": NO, "b": NO}, None),
    ("RCPT", ["421 4.4.2 closing"], SENT, None),
    ("RCPT", ["drop"], SENT, None),
    ("RCPT", ["drop", "drop"], {"a": DOWN, "b": OK}, None),
    ("RCPT", ["drop", "again"], {"a": DOWN}, DOWN),
    ("RCPT", ["garbage"], SENT, None),
    ("RCPT", ["endless"], SENT, None),
    ("RCPT", ["silent"], SENT, None),
    ("RCPT", ["530 5.7.0 log in first"], {}, BROKEN),
    # Refused without a word about the recipient: about this one if somebody else is taken; or else nobody can tell.
    ("RCPT", [ACCESS_DENIED], {"a": NO, "b": OK}, None),
    ("RCPT", [ACCESS_DENIED, ACCESS_DENIED], {"a": DOWN, "b": DOWN}, None),
    # What is about us is nobody's end.
    ("RCPT", [RELAY_DENIED], {"a": DOWN, "b": OK}, None),
    ("RCPT", [RELAY_DENIED, RELAY_DENIED], {"a": DOWN, "b": DOWN}, BROKEN),
    ("DATA", ["450 4.2.0 later"], {"a": DOWN, "b": OK}, None),
    ("DATA", ["554 5.3.0 no"], {"a": DOWN, "b": OK}, None),
    ("DATA", ["250 what", "554 5.5.0 no"], {"a": DOWN, "b": DOWN}, None),
    ("DATA", ["250 what"], {"a": DOWN, "b": OK}, None),
    ("DATA", ["421 4.4.2 closing"], SENT, None),
    ("DATA", ["drop"], SENT, None),
    # After the dot only a reply tells.
    ("DOT", ["451 4.3.0 later"], {"a": DOWN, "b": OK}, None),
    ("DOT", ["554 5.6.0 no"], {"a": DOWN, "b": OK}, None),  # before anything was taken nobody can tell
    ("DOT", ["250 ok", "554 5.6.0 no"], {"a": OK, "b": NO}, None),
    ("DOT", ["421 4.3.0 full"], {"a": DOWN, "b": OK}, None),
    *[("DOT", [answer], {"a": MAYBE, "b": OK}, None) for answer in ("drop", "garbage", "354 what", *NEVER_ENDING)],
    # What was answered stays answered.
    ("QUIT", ["drop"], SENT, None),
    ("QUIT", ["silent"], SENT, None),
    ("QUIT", ["500 what"], SENT, None),
]


@pytest.mark.parametrize(
    ("command", "answers", "outcomes", "raised"), FAULTS, ids=[f"{fault[0]}: {', '.join(fault[1])}" for fault in FAULTS]
)
@pytest.mark.parametrize("pipelining", [False, True], ids=["one by one", "pipelined"])
async def test_every_fault_has_its_true_outcome(
    command: str, answers: list[str], outcomes: Kinds, raised: type | None, pipelining: bool, scripted: MakeScripted
) -> None:
    """A fault of one message never harms the next, and a fault of the server is never held against a recipient."""
    offers = [PIPELINING, "again"] if pipelining else []
    far = await scripted(**{"EHLO": offers, command: [*answers, *(offers if command == "EHLO" else [])]})
    slow = command == "QUIT" or any(answer in NEVER_ENDING for answer in answers)
    done = await run(server(far.port, timeouts=IMPATIENT if slow else PATIENT), envelopes("a", "b"))
    assert done.kinds == outcomes
    assert type(done.raised) is (raised or type(None))
    assert far.accepted == [f"{name}@c.vn" for name, kind in done.kinds.items() if kind is OK]
    assert far.said.count(".") <= len(done.asked), "a dot left without being asked for"
    told = [error for error in (*done.outcomes.values(), done.raised) if isinstance(error, DeliveryError)]
    assert all(f"127.0.0.1:{far.port}" in str(error) for error in told)


async def test_a_refusal_is_told_in_the_servers_words(scripted: MakeScripted) -> None:
    """Staff and the ledger see the reply, code and enhanced code included."""
    far = await scripted(RCPT=["550-5.1.1 nobody|550 5.1.1 of that name"])
    done = await run(server(far.port), envelopes("a", "b"))
    assert [outcome.reply for outcome in done.outcomes.values()] == [
        "550 5.1.1 nobody 5.1.1 of that name",
        "250 2.0.0 queued",
    ]


async def test_after_a_refused_recipient_the_connection_goes_on(scripted: MakeScripted) -> None:
    """One connection for all, with the refused transaction let go."""
    far = await scripted(RCPT=["550 5.1.1 nobody"])
    await run(server(far.port), envelopes("a", "b"))
    assert far.connections == 1
    assert [line.split()[0] for line in far.said] == [
        *("EHLO", "MAIL", "RCPT", "RSET"),
        *("MAIL", "RCPT", "DATA", ".", "QUIT"),
    ]


@pytest.mark.parametrize("answer", ["drop", "500 what", "421 4.4.2 closing", "garbage"])
async def test_a_reset_that_fails_harms_nobody(answer: str, scripted: MakeScripted) -> None:
    """The refusal stands, and the next message has a connection of its own."""
    far = await scripted(RCPT=["550 5.1.1 nobody"], RSET=[answer])
    done = await run(server(far.port), envelopes("a", "b"))
    assert done.kinds == {"a": NO, "b": OK}
    assert far.connections == 2


async def test_a_relay_that_wants_nobody_from_us_does_not_use_up_an_edition(scripted: MakeScripted) -> None:
    """Forgotten credentials: every recipient is refused alike, and none of them may be called unreachable for it."""
    far = await scripted(RCPT=[RELAY_DENIED, "again"])
    done = await run(server(far.port), envelopes(*"abcdefgh"))
    assert done.kinds == dict.fromkeys("abcdefgh", DOWN)
    assert type(done.raised) is BROKEN and RELAY_DENIED in str(done.raised)
    assert done.asked == []


async def test_recipients_refused_by_policy_are_answered_once_somebody_is_taken(scripted: MakeScripted) -> None:
    far = await scripted(RCPT=[ACCESS_DENIED, ACCESS_DENIED, "250 ok", *[ACCESS_DENIED] * 4])
    done = await run(server(far.port), envelopes(*"abcdefg"))
    assert done.kinds == {name: OK if name == "c" else NO for name in "abcdefg"}
    assert done.raised is None


async def test_a_policy_that_refuses_the_content_stops_the_run_early(scripted: MakeScripted) -> None:
    """Those who were refused wait as well as the others, for when staff have looked."""
    far = await scripted(DOT=["550 5.7.1 looks like spam", "again"])
    done = await run(server(far.port), of_domains(*"abcdefgh"))
    assert done.kinds == dict.fromkeys("abc", DOWN)
    assert type(done.raised) is BROKEN


@pytest.mark.parametrize(("answer", "kind"), [("drop", MAYBE), ("421 4.3.0 full", DOWN), ("354 what", MAYBE)])
async def test_a_server_that_fails_on_every_dot_is_left_alone(answer: str, kind: type, scripted: MakeScripted) -> None:
    """Messages that may be out must not become thousands."""
    far = await scripted(DOT=[answer, "again"])
    done = await run(server(far.port), envelopes(*"abcdefgh"))
    assert done.kinds == dict.fromkeys("abcd", kind)
    assert type(done.raised) is DOWN


async def test_a_server_that_often_fails_and_goes_on_is_not_given_up(scripted: MakeScripted) -> None:
    """Only losses in a row tell that it is down."""
    far = await scripted(RCPT=["drop", "250 ok"] * 6, DOT=["drop", "250 ok"] * 3)
    done = await run(server(far.port), envelopes(*"abcdef"))
    assert done.kinds == {name: MAYBE if name in "ace" else OK for name in "abcdef"}
    assert done.raised is None


async def test_a_loss_within_the_message_is_clean(scripted: MakeScripted) -> None:
    """Without the dot a server must not deliver, so nobody has to wonder. The message is larger than any buffer."""
    far = await scripted(BODY=["drop"])
    done = await run(server(far.port), envelopes("a", "b", message=HUGE))
    assert done.kinds == SENT
    assert done.asked == ["a", "b"], "the lost message was asked for again, never twice"
    assert far.accepted == ["a@c.vn", "b@c.vn"]


async def test_a_loss_that_is_known_before_the_dot_is_clean(scripted: MakeScripted) -> None:
    """While the ledger was asked the server went away: no dot was written, so there is no doubt to write down."""
    far = await scripted()

    async def asking(key: str) -> None:
        if key == "a":
            far.hang_up()
            for _ in range(20):  # turns of the loop, in which the news arrives
                await asyncio.sleep(0)

    done = await run(server(far.port), envelopes("a", "b"), asking=asking)
    assert done.kinds == {"a": DOWN, "b": OK}
    assert far.accepted == ["b@c.vn"]


@pytest.mark.parametrize("answer", ["421 4.3.2 shutting down", "552 5.3.4 too much", "250 taken", "2", "garbage"])
async def test_what_is_said_before_the_dot_is_no_answer_to_it(answer: str, scripted: MakeScripted) -> None:
    """Nothing was asked yet, so no dot follows: it would be answered by words about something else."""
    far = await scripted(BODY=[answer])

    async def asking(key: str) -> None:
        async with asyncio.timeout(10):
            while key == "a" and not far.has_interrupted:
                await asyncio.sleep(0)
        for _ in range(20):  # turns of the loop, in which the words arrive
            await asyncio.sleep(0)

    done = await run(server(far.port), envelopes("a", "b"), asking=asking)
    assert done.kinds == {"a": DOWN, "b": OK}
    assert far.accepted == ["b@c.vn"]


async def test_a_server_that_does_not_read_is_given_up(scripted: MakeScripted) -> None:
    far = await scripted(BODY=["silent", "again"])
    impatient = server(far.port, timeouts=IMPATIENT)
    done = await run(impatient, envelopes("a", message=HUGE))
    assert done.kinds == {"a": DOWN}
    assert done.asked == []


async def test_a_server_that_cannot_be_reached_is_nobodys_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    done = await run(server(port), envelopes("a", "b"))
    assert (done.kinds, type(done.raised)) == ({}, DOWN)


@pytest.mark.parametrize("host", ["smtp..example", ".example", "a" * 64 + ".example", "mail\0"])
@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
async def test_a_host_that_is_no_name_is_for_staff_to_mend(host: str, security: str) -> None:
    """It can never be reached, so it is not tried again and again."""
    done = await run(server(9, host=host, security=security), envelopes("a", "b"))
    assert (done.kinds, type(done.raised)) == ({}, BROKEN)
    assert "is no name of a server" in str(done.raised)


async def test_a_size_that_is_no_number_does_not_matter(scripted: MakeScripted) -> None:
    far = await scripted(EHLO=["250-mail|250 SIZE ²"])
    assert (await run(server(far.port), envelopes("a", "b"))).kinds == SENT


async def test_so_many_messages_and_then_a_421(scripted: MakeScripted) -> None:
    """A server's limit of its own, met again and again: nobody is left out, nobody gets it twice."""
    far = await scripted(MAIL=["250 ok", "250 ok", "421 4.7.0 too many"] * 3)
    done = await run(server(far.port), envelopes(*"abcdef"))
    assert done.kinds == dict.fromkeys("abcdef", OK)
    assert far.accepted == [f"{name}@c.vn" for name in "abcdef"]


async def test_a_connection_carries_so_many_messages_and_no_more(scripted: MakeScripted) -> None:
    far = await scripted()
    done = await run(server(far.port, messages_per_connection=2), envelopes(*"abcde"))
    assert done.kinds == dict.fromkeys("abcde", OK)
    assert far.connections == 3
    assert far.said.count("QUIT") == 3


# -- asking before the dot ---------------------------------------------------------------------------------------------


async def test_who_may_not_be_written_to_any_more_gets_nothing(scripted: MakeScripted) -> None:
    """The question comes right before the dot; without the dot the connection is closed, and the others go on."""
    far = await scripted()
    done = await run(server(far.port), envelopes("a", "b", "c"), refuse=("b",))
    assert done.kinds == {"a": OK, "c": OK}
    assert done.asked == ["a", "b", "c"]
    assert far.accepted == ["a@c.vn", "c@c.vn"]


async def test_what_the_question_raises_is_let_through(scripted: MakeScripted) -> None:
    """A worker that has lost its shard writes no dot."""
    far = await scripted()
    with pytest.raises(LookupError):
        await run(server(far.port), envelopes("a", "b"), fail=LookupError("fence"))
    assert "." not in far.said


# -- messages that cannot be carried -----------------------------------------------------------------------------------


async def test_one_message_that_cannot_be_made_does_not_stop_the_others(scripted: MakeScripted) -> None:
    def fails() -> bytes:
        raise ValueError("control characters")

    far = await scripted()
    letters = envelopes("a", "b", "c", "d")
    letters[0] = replace(letters[0], message=fails)
    letters[1] = replace(letters[1], message=lambda: b"a\n.\nRSET\r\n")
    letters[2] = replace(letters[2], recipient="c@c.vn>\r\nDATA")
    done = await run(server(far.port), letters)
    assert done.kinds == {"a": NO, "b": NO, "c": NO, "d": OK}
    assert far.messages == [MESSAGE]


async def test_a_message_larger_than_the_server_takes_is_not_sent(scripted: MakeScripted) -> None:
    far = await scripted(EHLO=["250-mail|250 SIZE 1000"])
    done = await run(server(far.port), envelopes("a", "b", message=b"tin\r\n" * 1000))
    assert done.kinds == {"a": DOWN}
    assert type(done.raised) is BROKEN and "5000 octets" in str(done.raised) and "takes 1000" in str(done.raised)
    assert "MAIL" not in " ".join(far.said)
