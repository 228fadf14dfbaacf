"""What `check` says of the web pages: whether links in emails are answered, and as mail providers need it."""

from __future__ import annotations

import importlib.util
import ipaddress
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import aiohttp

from ..newsroom import Newsroom
from ..storage.link_addresses import LinkAddress
from ..subscribers.merge_values import PROBE
from ..subscribers.tokens import Claim, Purpose, sign

SLOW = 2.0  # seconds after which an answer to a provider is slow
_LARGEST_PAGE = 1_000_000  # octets
_PATIENCE = 15.0  # seconds that providers wait, about


def warnings_of_web(newsroom: Newsroom) -> list[str]:
    """What is missing or unsafe in `web:`, most of it where emails go to people."""
    return [*_warnings_of_links(newsroom), *_warnings_of_server(newsroom)]


def _warnings_of_server(newsroom: Newsroom) -> list[str]:
    """What a proxy and providers need."""
    web, file = newsroom.settings.web, newsroom.file.name
    if web is None:
        return []
    hooks = web.hooks
    signed = [name for name in ("ses", "sendgrid") if hooks and getattr(hooks, name)]
    found = []
    if signed and importlib.util.find_spec("cryptography") is None:
        found.append(
            f"{file}: web.hooks.{signed[0]}: the package cryptography is missing, so no signature can be checked and every "
            "report is refused for now: pip install 'distributor[hooks]'"
        )
    if web.public_url.startswith("https://") and not web.trusted_proxies:
        found.append(
            f"{file}: web.trusted_proxies is missing: everybody behind the proxy that has the certificate counts as one "
            "visitor, and limits for one apply to all; see docs/proxy.md"
        )
    return found


def _warnings_of_links(newsroom: Newsroom) -> list[str]:
    settings, file = newsroom.settings, newsroom.file.name
    writes = [name for name, channel in newsroom.channels.items() if channel.personal and channel.reaches_audience]
    if not writes:
        return []
    if settings.web is None:
        return [
            f"{file}: web is missing: links to unsubscribe lead to {settings.links_url}/u/…, where another program has to "
            "answer, also POST (RFC 8058)"
        ]
    host = urlsplit(settings.links_url).hostname or ""
    if _is_local(host):
        return [f"{file}: web.url: subscribers cannot reach {settings.links_url}, which stands in their emails"]
    if not settings.links_url.startswith("https://"):
        return [f"{file}: web.url: mail providers need https for one-click unsubscription (RFC 8058)"]
    return []


def warnings_of_old_links(newsroom: Newsroom, sent: Sequence[LinkAddress]) -> list[str]:
    """A line for each address below which links in sent emails lie, and that nobody is told to answer by now. Those that
    only this machine could reach are none."""
    settings = newsroom.settings
    answered = {one.rstrip("/") for one in (settings.links_url, *settings.web_settings.other_urls)}
    zone, file = settings.site.timezone, newsroom.file.name
    return [
        f"{file}: web.url: links to unsubscribe in emails sent from {one.first_sent.astimezone(zone):%Y-%m-%d} to "
        f"{one.last_sent.astimezone(zone):%Y-%m-%d} lead to {one.address}, now it is {settings.links_url}: set it back, or "
        f"let the old address lead here and add it to web.other_urls; else those links are dead"
        for one in sent
        if one.address.rstrip("/") not in answered and not _is_local(urlsplit(one.address).hostname or "")
    ]


async def check_public_url(newsroom: Newsroom) -> list[str]:
    """Ask the public address as a mail provider does, with a link that belongs to nobody: a line for each fault. Nothing
    is asked where no public address is set."""
    web = newsroom.settings.web
    if web is None or web.url is None:
        return []
    token = sign(newsroom.secret(), Claim(Purpose.UNSUBSCRIBE, PROBE, next(iter(newsroom.settings.newsletters), "")))
    return await ask_as_provider(f"{newsroom.settings.links_url}/u/{token}")


async def ask_as_provider(url: str) -> list[str]:
    """The faults of a link to unsubscribe: one-click by POST, and the page for people by GET."""
    place = f"web.url: {urlsplit(url).scheme}://{urlsplit(url).netloc}"
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_PATIENCE)) as session:
            begun = time.monotonic()
            form = {"List-Unsubscribe": "One-Click"}
            async with session.post(url, data=form, allow_redirects=False) as answer:
                faults = _faults_of_post(answer.status, list(answer.headers), time.monotonic() - begun)
            async with session.get(url, allow_redirects=False) as answer:
                page = await _beginning(answer)
                if answer.status != 200 or b"<button" not in page:
                    faults.append(f"GET answers {answer.status} without a button to unsubscribe")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return [f"{place}: does not answer: {str(error) or 'too slow'}"]
    return [f"{place}: {fault}" for fault in faults]


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    """As much of a page as we write ourselves: somebody else's may have no end."""
    page = b""
    async for chunk in answer.content.iter_any():
        page += chunk
        if len(page) > _LARGEST_PAGE:
            break
    return page


def _faults_of_post(status: int, headers: Sequence[str], seconds: float) -> list[str]:
    names = {name.lower() for name in headers}
    faults = [] if status == 200 else [f"one-click unsubscription (POST) answers {status} instead of 200"]
    if "location" in names:
        faults.append("one-click unsubscription is redirected, which RFC 8058 forbids")
    if "set-cookie" in names:
        faults.append("one-click unsubscription sets a cookie; something stands in front of the pages")
    if seconds > SLOW:
        faults.append(f"one-click unsubscription takes {seconds:.1f} s")
    return faults


def _is_local(host: str) -> bool:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return ip.is_loopback or ip.is_unspecified
