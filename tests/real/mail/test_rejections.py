"""Mail refused on the wire: what is about us costs nobody a letter, and what is about a few keeps nobody else waiting."""

from __future__ import annotations

import pytest

from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable
from distributor.mail.rejection_rules import RejectionCause
from distributor.mail.rejections import RECIPIENT_CAUSES, SENDER_CAUSES
from distributor.mail.smtp_protocol import Phase
from mail.mail_runs import BROKEN, DOWN, NO, OK, Envelope, MakeScripted, envelopes, of_domains, run, server
from mail.rejection_cases import ALL, Said
from support.smtp_servers import PIPELINING

COMMANDS = {Phase.GREETING: "GREETING", Phase.EHLO: "EHLO", Phase.MAIL: "MAIL", Phase.RCPT: "RCPT", Phase.DATA: "DATA",
            Phase.ANSWER: "DOT"}  # fmt: skip
SENDER, NAME = "bounce@news.example", "mail.news.example"
TAKEN = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", "DOT": "250 ok"}
ON_THE_WIRE = [said for _, said in ALL if said.reply[:3].isdigit() and said.reply[:3] != "421"]
OF_US = [said for said in ON_THE_WIRE if said.about in SENDER_CAUSES]


def letters(count: int) -> list[Envelope]:
    """To lan@example.com first, as the table has it."""
    others = [
        Envelope(f"s{number}", recipient=f"ban{number}@d{number}.example", sender=SENDER) for number in range(count)
    ]
    return [Envelope("lan", recipient="lan@example.com", sender=SENDER), *others]


def on_the_wire(said: Said) -> str:
    """The reply as a server writes it: every line but the last one says that more follows."""
    *more, last = said.reply.split("\n")
    return "|".join([*(f"{line[:3]}-{line[4:]}" for line in more), f"{last[:3]} {last[4:]}"])


def answers(said: Said, before: int) -> dict[str, list[str]]:
    """A script that refuses always, after so many letters were taken."""
    command, reply = COMMANDS[said.to], on_the_wire(said)
    if before and command in TAKEN:
        return {command: [TAKEN[command]] * before + [reply] * 30}
    return {command: [reply, "again"]} | ({"HELO": [reply, "again"]} if command == "EHLO" else {})


@pytest.mark.parametrize("before", [0, 2], ids=["at once", "after two letters"])
@pytest.mark.parametrize("said", OF_US, ids=lambda said: f"{said.to.name} {said.reply[:40]}")
async def test_what_is_about_us_rejects_nobody_and_stops_the_run(
    said: Said, before: int, scripted: MakeScripted
) -> None:
    """Wherever it is said; staff hear the server's words."""
    far = await scripted(EHLO=[PIPELINING, "again"]) if said.to is not Phase.EHLO else await scripted()
    far.script.update(answers(said, before))
    done = await run(server(far.port, hostname=NAME), letters(20))
    kinds = [kind for kind in done.kinds.values() if kind is not OK]
    assert set(kinds) <= {DOWN}, done.outcomes
    assert not [outcome for outcome in done.outcomes.values() if isinstance(outcome, Unavailable) and outcome.counted]
    assert isinstance(done.raised, (AuthBroken, Unavailable))
    assert said.reply.split("\n")[-1][4:40] in str(done.raised)
    assert done.raised.keys, "staff are told where to look"
    assert len(kinds) <= 10, "and it is not tried with everybody"


SINGLE = [
    said
    for said in ON_THE_WIRE
    if said.to in (Phase.RCPT, Phase.DATA, Phase.ANSWER) and said.about not in SENDER_CAUSES
]


@pytest.mark.parametrize("said", SINGLE, ids=lambda said: f"{said.to.name} {said.reply[:40]}")
async def test_one_refused_among_others_has_a_true_outcome_and_the_others_go_on(
    said: Said, scripted: MakeScripted
) -> None:
    command = COMMANDS[said.to]
    far = await scripted(**{command: [on_the_wire(said)]})
    done = await run(server(far.port, hostname=NAME), letters(3))
    assert done.raised is None
    outcome = done.outcomes.pop("lan")
    assert done.kinds == {"s0": OK, "s1": OK, "s2": OK}
    if isinstance(outcome, Rejected):
        assert said.reply.startswith("5") and outcome.about == said.about
    else:
        assert isinstance(outcome, Unavailable)
        assert said.reply.startswith("4") or said.about not in RECIPIENT_CAUSES


# -- a few who are refused, and everybody ------------------------------------------------------------------------------

DENIED = "554 5.7.1 <x@c.vn>: Recipient address rejected: Access denied"


@pytest.mark.parametrize("pipelining", [False, True], ids=["one by one", "pipelined"])
@pytest.mark.parametrize("refused", [3, 9])
async def test_some_refused_at_the_head_of_the_list_keep_nobody_waiting(
    refused: int, pipelining: bool, scripted: MakeScripted
) -> None:
    """They have their verdict once somebody is taken, whatever domains they are of."""
    offers = [PIPELINING, "again"] if pipelining else []
    for people in (letters(30), [Envelope(f"p{n}", recipient=f"p{n}@one.example") for n in range(31)]):
        far = await scripted(EHLO=list(offers), RCPT=[DENIED] * refused)
        done = await run(server(far.port), people)
        assert list(done.kinds.values()).count(NO) == refused
        assert list(done.kinds.values()).count(OK) == 31 - refused
        assert done.raised is None


async def test_that_everybody_is_refused_is_concluded_from_many_of_several_domains(scripted: MakeScripted) -> None:
    far = await scripted(RCPT=[DENIED, "again"])
    done = await run(server(far.port), letters(200))
    assert set(done.kinds.values()) == {DOWN} and len(done.kinds) < 20
    assert type(done.raised) is BROKEN and "refuses everybody" in str(done.raised) and DENIED[4:] in str(done.raised)


async def test_but_not_from_one_domain_alone(scripted: MakeScripted) -> None:
    """It may want nothing from us; the others are asked."""
    people = [*(Envelope(f"a{n}", recipient=f"a{n}@shy.example") for n in range(40)), *of_domains(*"xyz")]
    far = await scripted(RCPT=[DENIED] * 40)
    done = await run(server(far.port), people)
    assert [done.kinds[name] for name in "xyz"] == [OK, OK, OK]
    assert done.raised is None


async def test_nor_where_it_tells_people_apart(scripted: MakeScripted) -> None:
    far = await scripted(RCPT=["550 5.1.1 User unknown", *[DENIED] * 29])
    done = await run(server(far.port), of_domains(*[f"p{n}" for n in range(30)]))
    assert done.kinds == {"p0": NO} | {f"p{n}": DOWN for n in range(1, 30)}
    assert done.raised is None


async def test_what_single_servers_say_through_a_relay_does_not_stop_it(scripted: MakeScripted) -> None:
    """Two at a time that refuse our address among others that are taken."""
    far = await scripted(RCPT=["550 Sender verify failed", "550 Sender verify failed", "250 ok"] * 5)
    done = await run(server(far.port), of_domains(*"abcdefghijklmno"))
    assert list(done.kinds.values()).count(OK) == 5 and list(done.kinds.values()).count(DOWN) == 10
    assert done.raised is None


async def test_what_is_refused_while_the_next_letter_is_announced_leaves_no_doubt(scripted: MakeScripted) -> None:
    """The first fits, the second is too large: the answer to the first is heard before the work stops."""
    small, large = b"tin\r\n", b"tin\r\n" * 1000
    people = [Envelope("a", lambda: small), *(Envelope(f"b{n}", lambda: large) for n in range(4))]
    far = await scripted(EHLO=["250-mail|250-PIPELINING|250 SIZE 1000"])
    done = await run(server(far.port), people)
    assert done.kinds == {"a": OK, "b0": DOWN}
    assert type(done.raised) is BROKEN and "5000 octets" in str(done.raised)


async def test_a_letter_that_one_server_does_not_take_from_us_goes_by_the_other(scripted: MakeScripted) -> None:
    spent = await scripted(RCPT=["550 5.4.5 Daily sending quota exceeded", "again"])
    other = await scripted()
    done = await run([server(spent.port), server(other.port)], envelopes(*"abcdefgh"))
    assert done.kinds == dict.fromkeys("abcdefgh", OK)
    assert done.raised is None


def told(error: BaseException | None) -> DeliveryError:
    assert isinstance(error, DeliveryError)
    return error


async def test_staff_are_sent_to_the_settings_of_the_server_that_refuses(scripted: MakeScripted) -> None:
    far = await scripted(MAIL=["550 5.4.5 Daily sending quota exceeded", "again"])
    done = await run(server(far.port, place="servers[1]."), envelopes("a"))
    assert told(done.raised).keys == ("servers[1].rates", "servers[1].username")
    far = await scripted(MAIL=["553 5.1.8 Domain of sender address does not exist", "again"])
    done = await run(server(far.port, place="servers[1]."), envelopes("a"))
    assert told(done.raised).keys == ("return_path", "sender")


def test_the_table_reaches_the_wire() -> None:
    assert len(OF_US) > 80 and {said.about for said in OF_US} == SENDER_CAUSES
    assert {said.about for said in SINGLE} == set(RejectionCause) - SENDER_CAUSES


@pytest.mark.parametrize(
    "answers", [{"EHLO": ["554 no"]}, {"EHLO": ["502 what"], "HELO": ["554 no"]}], ids=["EHLO", "HELO"]
)
async def test_whoever_refuses_our_greeting_the_settings_of_it_are_named(
    answers: dict[str, list[str]], scripted: MakeScripted
) -> None:
    """An old server, which knows HELO alone, as well."""
    far = await scripted(**answers)
    ours = server(far.port)
    done = await run(ours, envelopes("a"))
    assert isinstance(done.raised, AuthBroken)
    assert done.raised.keys == ours.keys(("helo_name", "host"))
