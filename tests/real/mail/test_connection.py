"""Carrying mail to real servers: encryption, certificates, logins, addresses beyond ASCII."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from distributor.mail import pool
from mail.mail_runs import BROKEN, DOWN, IMPATIENT, MESSAGE, NO, OK, MakePostbox, MakeScripted, envelopes, run, server
from support.smtp_servers import PASSWORD, USER, Certificates

SINK = Path("/usr/sbin/smtp-sink")


async def test_the_message_arrives_as_it_was(postbox: MakePostbox) -> None:
    """Dots at the beginning of lines included."""
    box = await postbox()
    done = await run(server(box.port), envelopes("a", "b"))
    assert done.kinds == {"a": OK, "b": OK}
    assert [envelope.content for envelope in box.taken] == [MESSAGE, MESSAGE]
    assert [envelope.mail_from for envelope in box.taken] == ["tin@b.vn", "tin@b.vn"]
    assert box.recipients == ["a@c.vn", "b@c.vn"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_logging_in_over_tls(
    security: str, mechanism: str, postbox: MakePostbox, certificates: Certificates
) -> None:
    exclude = ["LOGIN" if mechanism == "PLAIN" else "PLAIN"]
    box = (
        await postbox(tls_context=certificates.context, require_starttls=True, auth_exclude_mechanism=exclude)
        if security == "starttls"
        else await postbox(certificates.context, auth_require_tls=False, auth_exclude_mechanism=exclude)
    )
    far = server(box.port, security=security, ca_file=certificates.authority, username=USER, password=PASSWORD)
    await pool.probe_server(far)
    done = await run(far, envelopes("a"))
    assert done.kinds == {"a": OK}
    assert box.encrypted == [True]
    assert box.logins == [f"{mechanism} {USER}"] * 2


async def test_wrong_credentials_stop_the_channel(postbox: MakePostbox, certificates: Certificates) -> None:
    """And are not told to anybody."""
    box = await postbox(tls_context=certificates.context)
    far = server(box.port, security="starttls", ca_file=certificates.authority, username=USER, password="sai-roi")
    done = await run(far, envelopes("a"))
    assert (done.kinds, type(done.raised)) == ({}, BROKEN)
    assert "535" in str(done.raised) and "sai-roi" not in f"{done.raised!r} {far!r}"


@pytest.mark.parametrize(("answer", "kind"), [("454 4.7.0 later", DOWN), ("535 5.7.8 no", BROKEN), ("drop", DOWN)])
async def test_a_login_that_fails(answer: str, kind: type, scripted: MakeScripted) -> None:
    far = await scripted(AUTH=[answer])
    done = await run(server(far.port, username=USER, password=PASSWORD), envelopes("a"))
    assert (done.kinds, type(done.raised)) == ({}, kind)


@pytest.mark.parametrize("wrong", [{"hostname": "news\r\nQUIT"}, {"username": "tin\ud800"}, {"password": "m\ud800"}])
async def test_a_setting_that_cannot_be_sent_is_for_staff_to_mend(
    wrong: dict[str, str], scripted: MakeScripted
) -> None:
    """And it is not shown: it may be the password."""
    far = await scripted()
    done = await run(server(far.port, **{"username": USER, "password": PASSWORD, **wrong}), envelopes("a"))
    assert (done.kinds, type(done.raised)) == ({}, BROKEN)
    assert "cannot be sent" in str(done.raised) and PASSWORD not in str(done.raised)
    assert not [line for line in far.said if line.startswith(("QUIT", "MAIL"))]


async def test_a_server_without_a_login_we_know(scripted: MakeScripted) -> None:
    far = await scripted(EHLO=["250-mail|250 AUTH GSSAPI"])
    done = await run(server(far.port, username=USER, password=PASSWORD), envelopes("a"))
    assert type(done.raised) is BROKEN


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("wrong", ["authority", "name"])
async def test_a_certificate_that_is_not_valid_stops_everything_before_the_password(
    security: str, wrong: str, postbox: MakePostbox, certificates: Certificates
) -> None:
    """Signed by nobody we trust, or made out to another name: the words say so."""
    box = (
        await postbox(tls_context=certificates.context)
        if security == "starttls"
        else await postbox(certificates.context, auth_require_tls=False)
    )
    far = server(
        box.port,
        host="localhost" if wrong == "name" else "127.0.0.1",
        security=security,
        ca_file=certificates.stranger if wrong == "authority" else certificates.authority,
        username=USER,
        password=PASSWORD,
    )
    done = await run(far, envelopes("a"))
    assert (done.kinds, type(done.raised)) == ({}, BROKEN)
    assert "certificate is not valid" in str(done.raised)
    assert box.logins == []


async def test_starttls_is_asked_for_and_must_be_there(postbox: MakePostbox) -> None:
    """Somebody in between who takes the offer away gets neither mail nor password."""
    box = await postbox(auth_require_tls=False)
    done = await run(server(box.port, security="starttls", username=USER, password=PASSWORD), envelopes("a"))
    assert type(done.raised) is BROKEN and "STARTTLS" in str(done.raised)
    assert (box.taken, box.logins) == ([], [])


OFFER = "250-mail|250 STARTTLS"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("220 go|250 injected", BROKEN),  # to be taken for what TLS protects
        ("454 4.7.0 later", DOWN),
        ("501 5.5.4 no", BROKEN),
        ("220 go", DOWN),  # and then no TLS follows
        ("drop", DOWN),
    ],
)
async def test_starttls_that_fails(answer: str, kind: type, scripted: MakeScripted) -> None:
    far = await scripted(EHLO=[OFFER], STARTTLS=[answer])
    done = await run(server(far.port, security="starttls", timeouts=IMPATIENT), envelopes("a"))
    assert (done.kinds, type(done.raised)) == ({}, kind)
    assert not [line for line in far.said if line.startswith("MAIL")]


async def test_a_ca_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = await run(server(9, security="tls", ca_file=tmp_path / "ca.pem"), envelopes("a"))
    assert type(done.raised) is BROKEN and "ca.pem" in str(done.raised)


@pytest.mark.parametrize(("offered", "kind"), [(True, OK), (False, NO)])
async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(
    offered: bool, kind: type, postbox: MakePostbox
) -> None:
    """SMTPUTF8, RFC 6531."""
    box = await postbox(enable_SMTPUTF8=offered)
    letters = [replace(envelopes("a")[0], recipient="lân@c.vn", message=lambda: "To: lân@c.vn\r\n\r\ntin\r\n".encode())]
    done = await run(server(box.port), letters)
    assert done.kinds == {"a": kind}
    assert box.recipients == (["lân@c.vn"] if offered else [])


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Postfix's own test server: its port, and the folder into which it writes each message."""
    if not SINK.exists():
        pytest.skip("needs smtp-sink, of Debian's package postfix")
    folder = tmp_path / "sink"
    folder.mkdir()
    folder.chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    as_user = ["-u", "root"] if os.getuid() == 0 else []
    process = subprocess.Popen([str(SINK), *as_user, "-d", f"{folder}/%M.", f"127.0.0.1:{port}", "100"])
    try:
        yield port, folder
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


async def test_postfixs_own_server_takes_our_mail(sink: tuple[int, Path]) -> None:
    """Not written in Python, and not by us."""
    port, folder = sink
    await _listening(port)
    done = await run(server(port, messages_per_connection=10), envelopes(*(f"r{number}" for number in range(25))))
    assert set(done.kinds.values()) == {OK} and len(done.kinds) == 25
    files = [file.read_bytes() for file in folder.iterdir()]
    assert len(files) == 25
    assert all(b"Xin chao\n.\n..hai\n" in content.replace(b"\r\n", b"\n") for content in files)


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.transport.abort()
                return
