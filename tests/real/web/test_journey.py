"""From the sign-up to the goodbye, in a real browser without scripts, on a phone, with emails that really
come: nobody needs anything but links and buttons."""

from __future__ import annotations

import asyncio
import email
import re
import socket
import subprocess
import sys
import urllib.request
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from support.chromium import Tab, find_chromium, open_tab
from support.newsroom import READER, Room

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium on this machine"),
    pytest.mark.timeout(600),
]
PHONE, DESKTOP = 375, 1280  # pixels; everything is pressed on the phone
ME, MOVED = "hoa@example.com", "hoa.moi@example.com"


class Journey:
    """A newsroom that is served, and somebody in front of a browser."""

    def __init__(self, room: Room, tab: Tab, url: str) -> None:
        self.room = room
        self.tab = tab
        self.url = url

    def all_letters(self) -> list[EmailMessage]:
        """Oldest first."""
        return [
            email.message_from_bytes(file.read_bytes(), policy=policy.default)
            for file in sorted(self.room.letters(), key=lambda file: file.stat().st_mtime_ns)
        ]

    def letters(self, to: str) -> list[EmailMessage]:
        return [one for one in self.all_letters() if f"<{to}>" in str(one["To"]) or one["To"] == to]

    async def letter(self, to: str, link: str) -> EmailMessage:
        """The newest email to an address that holds a link of a kind, when it has come."""
        found: list[EmailMessage] = []

        def has_come() -> bool:
            found[:] = [one for one in self.letters(to) if self.links(one, link)]
            return bool(found)

        await asyncio.to_thread(self.room.wait_for, has_come)
        return found[-1]

    def links(self, letter: EmailMessage, kind: str) -> list[str]:
        """The addresses in the text of a letter that begin with a path."""
        found: list[str] = re.findall(rf"{re.escape(self.url)}{kind}[^\s<>)\]]+", self.body(letter))
        return found

    def body(self, letter: EmailMessage) -> str:
        part = letter.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    async def sees(self, *words: str) -> None:
        """The page holds the words, and fits the window of a desktop and that of a phone."""
        text = await self.tab.text()
        for word in words:
            assert word in text, text
        for width in (DESKTOP, PHONE):
            await self.tab.resize(width)
            assert not await self.tab.overflows(), width


async def test_from_the_sign_up_to_the_goodbye(room: Room, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    room.configure(
        ("newsletters:\n", f"web: {{listen: '{url.removeprefix('http://')}'}}\nnewsletters:\n"),
        ('    schedule: "* * * * *"\n', ""),
    )
    await asyncio.to_thread(command, room, "gather")
    room.serve()
    await asyncio.to_thread(room.wait_for, lambda: "web pages at" in room.log())
    async with open_tab(tmp_path / "profile", PHONE) as tab:
        there = Journey(room, tab, url)
        await sign_up(there)
        await read_the_digest(there)
        moved = await choose_and_move(there)
        await leave_and_come_back(there, moved)


async def sign_up(there: Journey) -> None:
    tab = there.tab
    await tab.open(f"{there.url}/subscribe")
    await there.sees("Đăng ký")
    await tab.type("input[name=email]", ME)
    if await tab.evaluate("!!document.querySelector('input[type=checkbox][name=newsletter]:not(:checked)')"):
        await tab.click("input[type=checkbox][name=newsletter]", leads_on=False)
    await asyncio.sleep(3.5)  # nobody is faster
    await tab.click("main form button")
    await there.sees("Xin kiểm tra hộp thư", ME)
    confirmation = await there.letter(ME, "/c/")
    await tab.open(there.links(confirmation, "/c/")[0])
    await there.sees("Xác nhận đăng ký")
    await tab.click("form button")
    await there.sees("Đăng ký thành công")


async def read_the_digest(there: Journey) -> None:
    await asyncio.to_thread(command, there.room, "send", "tin-sang", "--yes")
    digest = await there.letter(ME, "/u/")
    html = digest.get_body(("html",))
    assert html is not None
    copies = re.findall(rf'href="({re.escape(there.url)}/archive/[^"]+)"', html.get_content())
    assert copies, "the digest does not lead to its copy on the web"
    await there.tab.open(copies[0])
    await there.sees("Khởi công đường tỉnh 254")


async def choose_and_move(there: Journey) -> str:
    """Preferences, and another address; returns the link to the preferences."""
    tab = there.tab
    digest = await there.letter(ME, "/p/")
    preferences = there.links(digest, "/p/")[0]
    await tab.open(preferences)
    await there.sees("Lưu thay đổi")
    await tab.click("input[name=frequency][value=daily]", leads_on=False)
    await tab.type("input[name=name]", "Hoa")
    await tab.click("main form button")
    await there.sees("Đã lưu thay đổi")
    await tab.type("input[name=email]", MOVED)
    await tab.click("form[action$='/address'] button")
    await there.sees("địa chỉ cũ vẫn nhận thư")
    change = await there.letter(MOVED, "/a/")
    await tab.open(there.links(change, "/a/")[0])
    await tab.click("form button")
    listed = await asyncio.to_thread(command, there.room, "subscribers", "list")
    assert MOVED in listed
    assert f"{ME} " not in listed
    return preferences


async def leave_and_come_back(there: Journey, preferences: str) -> None:
    tab = there.tab
    target = re.findall(r"<(http[^>]+/u/[^>]+)>", str((await there.letter(ME, "/u/"))["List-Unsubscribe"]))[0]
    answer = await asyncio.to_thread(one_click, target)
    assert answer == 200
    await tab.open(target)
    await there.sees("Đã hủy đăng ký")
    await tab.click("form[action$='/undo'] button")
    await tab.open(target)
    await there.sees("Hủy đăng ký nhận bản tin")
    await tab.click("main form button")
    await there.sees("Đã hủy đăng ký")
    there.room.write("sau", "Tin sau khi đã hủy", date="2026-11-21 08:00")
    await asyncio.to_thread(command, there.room, "send", "tin-sang", "--yes")
    assert [str(one["To"]) for one in there.all_letters() if "Tin sau khi đã hủy" in there.body(one)] == [READER]
    await tab.open(preferences)
    await there.sees("Cách nhận tin của quý vị")


def command(room: Room, *arguments: str) -> str:
    """What a command says, in a process of its own: it wants the signals."""
    program = [sys.executable, "-m", "distributor", "-c", str(room.folder / "config.yaml"), *arguments]
    return subprocess.run(program, check=True, capture_output=True, text=True, timeout=120).stdout


def one_click(url: str) -> int:
    """As Gmail does it (RFC 8058)."""
    request = urllib.request.Request(url, data=b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.url == url
        assert answer.headers["Set-Cookie"] is None
        status: int = answer.status
        return status
