"""Transactional emails over real connections: refusals, a dead server, and processes killed in the middle."""

from __future__ import annotations

import asyncio
import email
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path

from distributor import pipeline
from distributor.bounces import suppressions
from distributor.delivery import outbox
from distributor.model import BounceType, Language, Recipient
from distributor.personal_channel import PersonalChannel
from distributor.pipeline.outbox import OutboxReport, build_email
from distributor.pipeline.transactional import EmailRequest, enqueue_email
from support.clocked_newsroom import Line
from support.smtp_servers import Postbox, Scripted

MakePostbox = Callable[..., Awaitable[Postbox]]
MakeScripted = Callable[..., Awaitable[Scripted]]


def connect(line: Line, port: int, more: str = "") -> None:
    old = "sender: Báo <tin@bacson.example>, maildir: mail"
    assert old in line.config
    server = f"sender: Báo <tin@bacson.example>, host: 127.0.0.1, port: {port}, tls: none"
    line.config = line.config.replace(old, f"{server}{more}")
    line._newsroom = None


def ask(line: Line, *names: str) -> None:
    for name in names:
        request = EmailRequest(
            template="email/confirmation",
            address=f"{name}@example.com",
            newsletter="tin-sang",
            language=Language.VI,
            dedupe_key=name,
            expires_at=line.now + timedelta(days=7),
            values={"confirm_url": "https://bacson.example/c/abc"},
        )
        with line.store.write() as connection:
            assert enqueue_email(line.newsroom, connection, request, line.now)


async def send(line: Line) -> OutboxReport:
    return await pipeline.send_outbox(line.newsroom, line.store, line.clock, asyncio.Event())


def found(line: Line) -> dict[str, outbox.OutboxRow]:
    with line.store.read() as connection:
        return {row.dedupe_key: row for row in outbox.iterate_latest(connection)}


async def test_over_a_real_server_with_a_bounce_token_in_the_envelope(line: Line, postbox: MakePostbox) -> None:
    box = await postbox()
    connect(line, box.port, ", return_path: bounce@bacson.example")
    await asyncio.to_thread(ask, line, "lan", "minh", "hoa")
    report = await send(line)
    assert report.sent("mail") == 3
    assert sorted(box.recipients) == ["hoa@example.com", "lan@example.com", "minh@example.com"]
    assert len({envelope.mail_from for envelope in box.taken}) == 3
    sender = next(one.mail_from for one in box.taken if one.rcpt_tos == ["lan@example.com"])
    assert sender is not None
    returned = (
        f"From: MAILER-DAEMON@example.com\nTo: {sender}\nSubject: failed\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n\n'
        "--x\nContent-Type: text/plain\n\nno such user\n"
        "--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n"
        "Final-Recipient: rfc822; lan@example.com\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n--x--\n"
    )
    handled = await asyncio.to_thread(pipeline.process_report, line.newsroom, line.store, returned.encode(), line.now)
    assert [(one.effect.bounce.address, one.effect.bounce.type) for one in handled if one.effect] == [
        ("lan@example.com", BounceType.HARD)
    ]


async def test_a_refused_address_is_suppressed_and_hurts_no_other(line: Line, scripted: MakeScripted) -> None:
    server = await scripted(RCPT=["550 5.1.1 no such user here", "250 ok"])
    connect(line, server.port)
    await asyncio.to_thread(ask, line, "nobody", "lan")
    await send(line)
    rows = found(line)
    assert sorted(row.state for row in rows.values()) == ["rejected", "sent"]
    (refused,) = [row for row in rows.values() if row.state == "rejected"]
    assert "550 5.1.1" in refused.reply
    with line.store.read() as connection:
        suppression = suppressions.find_suppression(connection, refused.address)
    assert suppression is not None
    assert suppression.type is BounceType.HARD


async def test_greylisting_puts_off_one_and_a_dead_server_all_without_counting(
    line: Line, scripted: MakeScripted
) -> None:
    server = await scripted(RCPT=["451 4.7.1 greylisted, try again later"])
    connect(line, server.port)
    await asyncio.to_thread(ask, line, "lan")
    report = await send(line)
    assert not report.faults
    row = found(line)["lan"]
    assert (row.state, row.attempts) == ("pending", 1)
    assert row.due is not None
    assert timedelta(minutes=3) < row.due - line.now < timedelta(minutes=7)

    connect_again = line.config.replace(f"port: {server.port}", "port: 1")
    line.config, line._newsroom = connect_again, None
    line.now = row.due
    report = await send(line)
    assert any("messages of the outbox wait" in fault for fault in report.faults), (report, found(line))
    waiting = found(line)["lan"]
    assert (waiting.state, waiting.attempts) == ("pending", 1), "the server is at fault, not the address"


async def test_what_a_server_may_have_taken_is_sent_again_under_the_same_id(line: Line, scripted: MakeScripted) -> None:
    server = await scripted(DOT=["drop"])
    connect(line, server.port)
    await asyncio.to_thread(ask, line, "lan")
    await send(line)
    row = found(line)["lan"]
    assert row.state == "pending"
    assert row.due is not None
    line.now = row.due
    assert (await send(line)).sent("mail") == 1
    assert server.accepted == ["lan@example.com"]


async def test_killed_before_the_answer_it_is_sent_again_by_the_next_process(
    tmp_path: Path, scripted: MakeScripted
) -> None:
    server = await scripted(DOT=["silent"])
    line = Line(tmp_path, now=datetime.now(UTC))
    connect(line, server.port)
    await asyncio.to_thread(ask, line, "lan")
    deliver = [sys.executable, "-m", "distributor", "-c", str(tmp_path / "config.yaml"), "deliver"]
    process = subprocess.Popen(deliver, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    async with asyncio.timeout(60):
        while "." not in server.said:
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    killed = found(line)["lan"]
    assert (killed.state, killed.attempts) == ("sending", 1)
    done = await asyncio.create_subprocess_exec(*deliver, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = await done.communicate()
    assert (done.returncode, "mail: 1 transactional email sent" in said.decode()) == (0, True), said.decode()
    (message,) = server.messages
    letter = email.message_from_bytes(message, policy=policy.default)
    mail = line.newsroom.channels["mail"]
    assert isinstance(mail, PersonalChannel)
    _, recipient = await asyncio.to_thread(_made_by_the_dead_one, line, killed)
    assert letter["Message-ID"] == recipient.message_id
    line.close()


def _made_by_the_dead_one(line: Line, row: outbox.OutboxRow) -> tuple[object, Recipient]:
    mail = line.newsroom.channels["mail"]
    assert isinstance(mail, PersonalChannel)
    return build_email(line.newsroom, mail, row, line.newsroom.secret())


async def test_deliver_says_what_is_left_and_fails(tmp_path: Path) -> None:
    line = Line(tmp_path, now=datetime.now(UTC))
    connect(line, 1)
    await asyncio.to_thread(ask, line, "lan")
    deliver = [sys.executable, "-m", "distributor", "-c", str(tmp_path / "config.yaml"), "deliver"]
    done = await asyncio.create_subprocess_exec(*deliver, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = await done.communicate()
    assert done.returncode == 1
    assert "1 message waits in the outbox; `distributor outbox` shows why" in said.decode()
    line.close()
