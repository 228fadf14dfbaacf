"""What a check found: where, what, how bad it is, and what to do. Pure.

Every fault that `distributor doctor` can find stands in `FAULTS`, with its remedy; docs/doctor.md shows the same table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class CheckState(StrEnum):
    """How a check ended. Only what is broken makes `doctor` end with 1."""

    BROKEN = "broken"  # something does not work, or emails are refused because of it
    WARNING = "warning"  # it works, but not well, or not for long
    UNKNOWN = "unknown"  # it could not be seen from here
    PASSED = "ok"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One result. `check` names what was looked at, `fault` the entry of `FAULTS` (empty if it passed), `where` a setting,
    host, file or name in DNS."""

    check: str
    state: CheckState
    where: str
    what: str
    remedy: str = ""
    fault: str = ""


class KnownFault(NamedTuple):
    """A fault that can be found: by which check, how bad it is, and what to do; places in braces are filled."""

    check: str
    state: CheckState
    remedy: str


_B, _W, _U = CheckState.BROKEN, CheckState.WARNING, CheckState.UNKNOWN

# What each check looks at, in the order of docs/doctor.md.
CHECKS: Mapping[str, str] = {
    "config": "config.yaml, templates, channels and sources, as `distributor check` does",
    "store": "the store can be opened, belongs here, is whole, has the tables of this version, and every row can be read",
    "disk": "space where the store and the newsroom lie",
    "clock": "this machine's clock against PostgreSQL's or the file system's, and against the times in the store",
    "files": "nobody else on the machine can read private files or change config.yaml",
    "schedule": "what goes out in the coming seven days",
    "feeds": "the feeds that lie in public folders can be read, and no id stands twice in one",
    "relay": "each SMTP server: reached, encrypted, logged in, PIPELINING, SIZE against the largest email of 30 days",
    "sender": "the domain of the sender's address is your own",
    "spf": "the SPF record of the return path, with its ten look-ups counted through includes and redirects (RFC 7208)",
    "dkim": "the DKIM record of each key that signs (RFC 6376)",
    "dmarc": "the DMARC record of the sender, and that SPF or DKIM agree with its domain (RFC 7489)",
    "mx": "the addresses for replies and bounces can receive mail",
    "ptr": "this machine's name and address point to each other, where it delivers by itself",
    "bimi": "the BIMI record, if there is one",
    "one-click": "the link to unsubscribe, asked as a provider does, with a link that belongs to nobody (RFC 8058)",
    "channels": "each channel's login",
    "tokens": "API tokens, and logins of channels, that end soon",
    "mailboxes": "each bounce mailbox's login",
    "sources": "each source, read once (only with --online)",
}

FAULTS: Mapping[str, KnownFault] = {
    "config-wrong": KnownFault("config", _B, "mend this line of config.yaml; `distributor check` shows them all"),
    "config-notice": KnownFault("config", _W, "look at this line: it may be a mistake"),
    "store-lost": KnownFault("store", _B, "look at store.url; if the store is damaged, restore the newest backup"),
    "store-elsewhere": KnownFault(
        "store", _B, "run `distributor store claim` if the other one is switched off; after a copy, name that in store.url"
    ),
    "store-rows": KnownFault(
        "store", _B, "run `distributor doctor --repair`: it says above what it does, and keeps the rows as they were"
    ),
    "disk-full": KnownFault("disk", _B, "free space there, or move `store.url` to a larger disk"),
    "disk-low": KnownFault("disk", _W, "free space there; a backup needs as much as the store has"),
    "clock-wrong": KnownFault("clock", _B, "set the clock and let the machine keep it, e.g. `timedatectl set-ntp true`"),
    "clock-off": KnownFault("clock", _W, "let the machine keep its clock, e.g. `timedatectl set-ntp true`"),
    "clock-ahead": KnownFault(
        "clock", _W, "set the clock if it is wrong; if it is right, run `distributor store claim --clock`"
    ),
    "clock-unknown": KnownFault("clock", _U, "let the account that runs Distributor write into {folder}"),
    "file-open": KnownFault("files", _W, "as its owner: chmod go-rw {path}"),
    "config-writable": KnownFault("files", _B, "as its owner: chmod go-w {path}; who can change it can send as you"),
    "schedule-empty": KnownFault("schedule", _W, "look at its schedule and days_off; `distributor plan` shows more"),
    "feed-broken": KnownFault("feeds", _B, "delete the file: the next edition writes it anew; if it comes back, report it"),
    "feed-ids": KnownFault("feeds", _B, "readers show one of them only: look at both articles with `distributor articles`"),
    "relay-unreachable": KnownFault(
        "relay", _B, "look at host and port, and whether this network lets out connections to that port"
    ),
    "relay-refuses": KnownFault("relay", _B, "look at {keys} of the channel"),
    "relay-clear": KnownFault("relay", _W, "set tls to starttls or tls; Gmail wants TLS, and others could read along"),
    "relay-certificate": KnownFault("relay", _W, "who runs the server has to renew its certificate before it ends"),
    "relay-pipelining": KnownFault(
        "relay", _W, "let it announce PIPELINING (RFC 2920), or raise `connections`: each email takes several round trips"
    ),
    "relay-size": KnownFault(
        "relay", _B, "raise its limit, or lower max_articles of the newsletter: it will refuse such an email"
    ),
    "sender-free-mail": KnownFault(
        "sender", _B, "write from a domain of your own: {domain} tells receivers to refuse mail that others send in its name"
    ),
    "dns-silent": KnownFault("sender", _U, "look at the network; `--dns ADDRESS` asks another DNS server"),
    "spf-missing": KnownFault(
        "spf", _B, 'publish a TXT record at {domain} that names your relay, such as "v=spf1 include:… -all"'
    ),
    "spf-several": KnownFault("spf", _B, "join them in one record: with two, receivers take none"),
    "spf-syntax": KnownFault("spf", _B, "correct the record: receivers that cannot read it take none"),
    "spf-lookups": KnownFault(
        "spf", _B, "take out includes that nobody sends by, or write ip4: and ip6: for them; more than ten count as an error"
    ),
    "spf-void": KnownFault("spf", _B, "take out the parts that name nothing; more than two count as an error"),
    "spf-include": KnownFault("spf", _B, "correct or take out that name: it makes the whole record an error"),
    "spf-open": KnownFault("spf", _B, "end the record with -all or ~all: as it is, everybody may send in your name"),
    "spf-weak": KnownFault("spf", _W, "end the record with -all or ~all"),
    "dkim-none": KnownFault("dkim", _U, "if the relay does not sign for your domain, make a key: docs/dkim.md"),
    "dkim-missing": KnownFault(
        "dkim", _B, "publish the TXT record that `distributor dkim {domain} {selector} --show` prints"
    ),
    "dkim-other-key": KnownFault(
        "dkim", _B, "publish the record of the present key (`distributor dkim {domain} {selector} --show`)"
    ),
    "dkim-revoked": KnownFault("dkim", _B, "make a new key with another selector: docs/dkim.md"),
    "dkim-several": KnownFault("dkim", _B, "leave one record there: with several, receivers may take any"),
    "dkim-testing": KnownFault("dkim", _W, "take t=y out of the record: it tells receivers to ignore the signature"),
    "dkim-short": KnownFault("dkim", _W, "make a key of 2048 bits with another selector: docs/dkim.md"),
    "dmarc-missing": KnownFault(
        "dmarc", _B, 'publish a TXT record at _dmarc.{domain}, to begin with: "v=DMARC1; p=none; rua=mailto:…"'
    ),
    "dmarc-several": KnownFault("dmarc", _B, "leave one record: with several, receivers take none"),
    "dmarc-syntax": KnownFault("dmarc", _B, 'correct the record: "v=DMARC1; p=none" is the least'),
    "dmarc-unaligned": KnownFault(
        "dmarc", _B, "sign with a key of {domain} (docs/dkim.md), or set return_path to an address of {domain}"
    ),
    "mx-missing": KnownFault("mx", _B, "publish an MX record for {domain}, or use an address that receives mail"),
    "mx-null": KnownFault("mx", _B, "{domain} says that it receives no mail: use another address, or change its MX record"),
    "mx-address": KnownFault("mx", _B, "correct the MX record of {domain}, or give the host an address (A, AAAA)"),
    "ptr-unnamed": KnownFault("ptr", _U, "set helo_name to the public name of this machine, if it delivers by itself"),
    "ptr-address": KnownFault("ptr", _B, "give {name} an address (A, AAAA): that from which this machine sends"),
    "ptr-missing": KnownFault("ptr", _B, "let who gives you the address point it back to {name} (PTR)"),
    "bimi-syntax": KnownFault("bimi", _W, 'correct the record: "v=BIMI1; l=https://…svg"'),
    "bimi-policy": KnownFault("bimi", _W, "set p=quarantine or p=reject in DMARC, without pct, or take the record out"),
    "one-click-broken": KnownFault(
        "one-click", _B, "let the address lead to these pages over https, without redirects: docs/proxy.md"
    ),
    "one-click-setup": KnownFault("one-click", _W, "set `web:` and `web.url` in config.yaml; docs/proxy.md"),
    "one-click-unknown": KnownFault("one-click", _U, "set `web.url` to the public address of the pages"),
    "links-old": KnownFault("one-click", _W, "name the old address in `web.other_urls`, and let it lead to these pages"),
    "channel-login": KnownFault(
        "channels", _B, "look at its settings, or log it in again: `distributor channels login {channel}`"
    ),
    "token-ends": KnownFault(
        "tokens", _W, "API token: `distributor tokens create` a new one in time; channel: `distributor channels login NAME`"
    ),
    "mailbox-login": KnownFault("mailboxes", _B, "look at its settings in `bounces:`; docs/bounces.md"),
    "source-unreadable": KnownFault("sources", _B, "`distributor sources try ADDRESS` shows what it gives"),
    "source-notes": KnownFault("sources", _W, "`distributor gather --explain {source}` shows each article"),
}  # fmt: skip


def passed(check: str, where: str, what: str) -> CheckResult:
    """A check that found nothing wrong."""
    assert check in CHECKS
    return CheckResult(check, CheckState.PASSED, where, what)


def fault(name: str, where: str, what: str, /, **values: object) -> CheckResult:
    """A fault of `FAULTS`, with its remedy, in which `values` fill the places."""
    known = FAULTS[name]
    return CheckResult(known.check, known.state, where, what, known.remedy.format(**values), name)


def is_broken(results: Iterable[CheckResult]) -> bool:
    """Whether anything is broken."""
    return any(one.state is CheckState.BROKEN for one in results)
