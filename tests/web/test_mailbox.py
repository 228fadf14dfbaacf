"""The mailbox of a newsroom without a mail server: for whoever sits at the machine, for nobody else."""

from __future__ import annotations

import email
import re
from collections.abc import AsyncIterator
from email import policy
from pathlib import Path

import pytest

from distributor.web.mailbox import recipient
from support.clocked_newsroom import Line
from support.web_client import Visitor


@pytest.fixture
async def at_home(tmp_path: Path) -> AsyncIterator[Visitor]:
    """The pages of a newsroom without a public address; lan has had a digest."""
    line = Line(tmp_path)
    line.configure(".web: {}")
    made = Visitor(line)
    await made.run(line.subscribe, "lan")
    await made.run(line.arrives, "a")
    await made.run(line.day)
    await made.start()
    yield made
    await made.close()
    await made.run(line.close)


async def letter(visitor: Visitor) -> str:
    page = await (await visitor.get("/mailbox")).text()
    assert "lan@example.com" in page
    found: list[str] = re.findall(r'href="(/mailbox/[0-9a-f]{32})"', page)
    return found[0]


async def test_it_leads_to_itself_in_the_other_language(at_home: Visitor) -> None:
    page = await (await at_home.get("/mailbox")).text()
    (other,) = re.findall(r'<a class="language" href="([^"]*)"', page)
    there = await at_home.get(other)
    assert (there.status, 'lang="en"' in await there.text()) == (200, True)


async def test_the_emails_can_be_read_and_their_links_lead_to_the_pages(at_home: Visitor) -> None:
    path = await letter(at_home)
    answer = await at_home.get(path)
    html = await answer.text()
    assert "Tin a của tỉnh nhà" in html
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    links = re.findall(r'href="http://127\.0\.0\.1:8080(/u/[^"]+)"', html)
    assert links
    assert (await at_home.get(links[0])).status == 200
    text = await (await at_home.get(f"{path}/text")).text()
    assert "List-Unsubscribe: " in text and "Tin a của tỉnh nhà" in text


def test_a_name_of_two_encoded_words_is_shown_in_one_piece() -> None:
    to = "To: =?utf-8?b?Tmd1eeG7hW4gVGjhu4sgUGjGsA==?=\r\n =?utf-8?b?xqFuZyBUaOG6o28=?=\r\n <lan@example.com>\r\n\r\n"
    message = email.message_from_string(to, policy=policy.default)
    assert recipient(message) == "Nguyễn Thị Phương Thảo <lan@example.com>"
    assert recipient(email.message_from_string("To: lan@example.com\n\n", policy=policy.default)) == "lan@example.com"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"Via": "1.1 proxy"},
        {"X-Real-IP": "127.0.0.1"},
        {"Host": "rebound.example"},
    ],
)
async def test_nobody_reads_them_through_a_proxy_or_under_another_name(
    at_home: Visitor, headers: dict[str, str]
) -> None:
    path = await letter(at_home)
    for each in ("/mailbox", path, f"{path}/text"):
        assert (await at_home.get(each, headers=headers)).status in (404, 421)


async def test_there_is_none_where_the_pages_are_public(visitor: Visitor) -> None:
    assert (await visitor.get("/mailbox")).status == 404


@pytest.mark.parametrize("change", ["host: localhost", "host: smtp.example"])
async def test_there_is_none_where_emails_go_to_people(at_home: Visitor, change: str) -> None:
    at_home.line.config = at_home.line.config.replace("maildir: mail", change)
    at_home.line.configure()
    await at_home.restart()
    assert (await at_home.get("/mailbox")).status == 404


@pytest.mark.parametrize("name", ["..%2f..%2fconfig.yaml", "0" * 31, "*" * 32, "0" * 32])
async def test_no_other_file_is_shown(at_home: Visitor, name: str) -> None:
    assert (await at_home.get(f"/mailbox/{name}")).status == 404
