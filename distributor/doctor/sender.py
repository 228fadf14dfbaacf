"""Everything that DNS says of the sender of a channel's emails, together. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ..mail.setup import MailSetup
from .dkim_records import check_dkim
from .dmarc import check_dmarc, find_policy
from .dns_facts import DnsFacts
from .receiving import check_bimi, check_mx, check_ptr
from .results import CheckResult, CheckState, fault, passed
from .spf import check_spf

# Providers of mailboxes whose DMARC policy or whose rules forbid newsletters from their addresses.
FREE_MAIL = frozenset({
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.com.vn", "ymail.com", "aol.com", "outlook.com", "outlook.com.vn",
    "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com", "gmx.com", "gmx.net", "mail.ru", "proton.me",
})  # fmt: skip


def is_this_machine(host: str) -> bool:
    """Whether a relay is a mail server on this machine, which then delivers by itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_sender(facts: DnsFacts, channel: str, setup: MailSetup, own_name: str) -> list[CheckResult]:
    """The results for one channel. `own_name` is the host name of this machine."""
    return list(_check(facts, channel, setup, own_name))


def _check(facts: DnsFacts, channel: str, setup: MailSetup, own_name: str) -> Iterator[CheckResult]:
    domain = setup.sender.domain.lower()
    if domain in FREE_MAIL:
        yield fault("sender-free-mail", f"channel {channel}: sender", f"{setup.sender.address}", domain=domain)
        return
    yield passed("sender", f"channel {channel}: sender", f"{domain} is no provider of free mailboxes")
    envelope = (setup.return_path or setup.sender).domain.lower()
    spf = list(check_spf(facts, envelope))
    dkim = list(check_dkim(facts, setup.signers, f"channel {channel}"))
    yield from spf
    yield from dkim
    good = {one.where for one in dkim if one.state is CheckState.PASSED}
    signed = [signer.domain for signer in setup.signers if signer.place in good]
    sound = not any(one.state is CheckState.BROKEN for one in spf)
    yield from check_dmarc(facts, domain, envelope, sound, signed)
    replies = setup.reply_to or setup.sender
    yield check_mx(facts, replies.domain.lower(), f"replies to {replies.address}")
    if setup.return_path and envelope != replies.domain.lower():
        yield check_mx(facts, envelope, f"bounces to {setup.return_path.address}")
    yield check_bimi(facts, domain, find_policy(facts, domain))
    if any(is_this_machine(server.host) for server in setup.servers):
        yield from check_ptr(facts, setup.helo_name or own_name)
