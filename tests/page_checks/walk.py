"""The way of a subscriber and of a reviewer through every page, which is looked at where it is named."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from distributor.subscribers.tokens import Claim, Purpose, sign
from support.chromium import Tab

from .newsroom import REVIEWERS, SampleNewsroom

Look = Callable[[str], Awaitable[None]]
READER = "lan.nguyen@example.com"  # one of the sample list
EDITION = "/archive/tin-sang/tin-sang-1"
_PUBLIC = {
    "home": "/", "newsletter": "/n/tin-sang", "newsletter-empty": "/n/economy", "archive": "/archive",
    "archive-newsletter": "/archive/tin-sang", "topic": "/topics/kinh-te", "edition": EDITION,
    "edition-print": f"{EDITION}?view=print", "edition-large": f"{EDITION}?size=large", "search": "/search",
    "search-hits": "/search?q=ba", "search-none": "/search?q=zzzz", "feeds": "/feeds", "not-found": "/khong-co",
    "link-invalid": "/p/v1.p.abc", "subscribe": "/subscribe", "subscribe-one": "/n/tin-sang/subscribe", "own-link": "/me",
}  # fmt: skip


@dataclass
class Walk:
    """Somebody in front of a browser; `prefix` is `/vi` or `/en`, nothing for the language of the newsroom."""

    room: SampleNewsroom
    tab: Tab
    look: Look
    prefix: str

    async def all_pages(self) -> None:
        await self.public_pages()
        me = await self.sign_up()
        await self.preferences(me)
        await self.leave(me)
        await self.review()
        await self.error_pages()

    async def go(self, path: str) -> None:
        """Open a page of the newsroom, in the language of the walk."""
        await self.tab.open(self.room.url + self.prefix + path.removeprefix(self.room.url).removeprefix(self.prefix))

    async def see(self, name: str, path: str) -> None:
        await self.go(path)
        await self.look(name)

    async def send(self, name: str, form: str = "main form") -> None:
        """Click the first button of a form, look at the answer."""
        await self.tab.click(f"{form} button")
        await self.look(name)

    async def public_pages(self) -> None:
        for name, path in _PUBLIC.items():
            await self.see(name, path)
        month = await self.following("/archive/tin-sang", "a[href*='/months/']")
        await self.see("archive-month", month)
        article = await self.following("/search?q=ba", "a[href*='/articles/']")
        for name, view in {"article": "", "article-print": "?view=print", "article-large": "?size=large"}.items():
            await self.see(name, article + view)
        if not self.prefix:
            await self.see("mailbox", "/mailbox")

    async def following(self, path: str, link: str) -> str:
        """The path of the first link of a kind on a page."""
        await self.go(path)
        found: str = await self.tab.evaluate(f'document.querySelector("main {link}").pathname')
        return found

    async def sign_up(self) -> str:
        me = f"hoa{self.prefix.strip('/')}.{uuid.uuid4().hex[:6]}@example.com"
        await self.go("/subscribe")
        await self.tab.evaluate("document.querySelector('details').open = true")
        await self.look("subscribe-open")
        await self.send("subscribe-errors")
        await self.fill_in("hoa@gmial.com")
        await self.send("subscribe-suggestion")
        await self.fill_in(me)
        await self.tab.click("main form button")  # too quick for a human being: asked once more
        await self.look("subscribe-extra")
        await asyncio.sleep(3.5)
        await self.send("subscribe-sent")
        link = await self.room.link("c", me)
        await self.see("confirm", link)
        await self.see("confirm-no", f"{link}/no")
        await self.go(link)
        await self.send("confirmed")
        await self.see("confirmed-again", link)
        await self.go(link + "/no")
        await self.send("refused")
        await self.see("confirm-expired", self.outdated(link))
        await self.fill_in(again := f"lan.{uuid.uuid4().hex[:6]}@example.com")
        await asyncio.sleep(3.5)
        await self.tab.click("main form button")
        await self.go(await self.room.link("c", again))
        await self.tab.click("main form button")
        await self.go("/me")
        await self.send("own-link-errors")
        await self.tab.type("input[name=email]", again)
        await self.send("own-link-sent")
        return again

    async def fill_in(self, address: str) -> None:
        await self.go("/subscribe")
        await self.tab.type("input[name=email]", address)
        await self.tab.click("input[name=newsletter]", leads_on=False)

    def outdated(self, link: str) -> str:
        """The same link, of long ago."""
        key = (self.room.folder / "var" / "secret.key").read_bytes().strip()
        subject = link.rsplit("/", 1)[1].split(".")[3]
        return "/c/" + sign(key, Claim(Purpose.CONFIRM, subject, "", datetime.now(UTC) - timedelta(days=30)))

    async def preferences(self, me: str) -> None:
        link = await self.room.link("p", me)
        await self.see("preferences", link)
        await self.send("preferences-saved")
        await self.tab.type("input[name^='pause.']", "x")
        await self.tab.evaluate("document.querySelector(\"input[name^='pause.']\").type = 'text'")
        await self.tab.type("input[name^='pause.']", "31.2.2027")
        await self.send("preferences-errors")
        await self.go(link)
        await self.tab.type("form.inline input[name=email]", "not an address")
        await self.send("address-errors", "form.inline")
        await self.go(link)
        await self.tab.type("form.inline input[name=email]", moved := f"moi.{me}")
        await self.send("address-asked", "form.inline")
        change = await self.room.link("a", moved)
        await self.see("address", change)
        await self.send("address-changed")
        await self.go(link)
        await self.send("data-sent", "form[action$='/data']")
        await self.see("erase", f"{link}/erase")

    async def leave(self, me: str) -> None:
        link = await self.room.link("u", READER)
        await self.see("leave", link)
        await self.send("leave-paused", "form[action$='/pause']")
        await self.go(link)
        await self.send("left", "form[action$='/leave']")
        await self.send("left-reason", "form[action$='/reason']")
        await self.go(link)
        await self.send("left-undone", "form[action$='/undo']")
        await self.see("preferences-old", await self.room.link("p", READER))
        erased = await self.room.link("p", f"moi.{me}")
        await self.go(f"{erased}/erase")
        await self.send("erased")
        await self.see("erased-again", erased)

    async def review(self) -> None:
        link = await self.room.link("review", REVIEWERS[self.prefix.strip("/") or "vi"])
        await self.see("review", link)
        await self.open_all()
        await self.look("review-open")
        await self.send("review-held", "form:has([value='hold'])")
        await self.send("review-approved", "form:has([value='approve'])")
        await self.open_all()
        await self.send("review-cancelled", "form:has([value='cancel'])")

    async def open_all(self) -> None:
        await self.tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")

    async def error_pages(self) -> None:
        await self.see("error-400", "/search?q=%00")
        await self.post("error-405", "/archive")
        await self.post("error-413", "/subscribe", "x" * 100_000)
        with self.room.crowded():
            await self.sign_up_at_once("error-429")
        with self.room.broken():
            await self.sign_up_at_once("error-503")

    async def post(self, name: str, path: str, text: str = "") -> None:
        """Send a form that no page has."""
        await self.go("/")
        await self.tab.evaluate(
            "{ const form = document.createElement('form'), field = document.createElement('input');"
            f" form.method = 'post'; form.action = {self.prefix + path!r}; field.name = 'name'; field.value = {text!r};"
            " form.className = 'made'; form.append(field, document.createElement('button'));"
            " form.lastChild.textContent = 'Send'; document.querySelector('main').prepend(form); }"
        )
        await self.send(name, "form.made")

    async def sign_up_at_once(self, name: str) -> None:
        await self.fill_in(f"lan.{uuid.uuid4().hex[:6]}@example.com")
        await asyncio.sleep(3.5)  # or one more page comes
        await self.send(name)
