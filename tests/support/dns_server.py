"""A DNS server on 127.0.0.1 that knows one zone file in a mapping, and senders set up well, to be spoilt by tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest


def txt(text: str) -> str:
    """A TXT record in strings of 255 octets at most."""
    return " ".join(f'"{text[start : start + 250]}"' for start in range(0, len(text), 250))


@dataclass
class DnsZone(asyncio.DatagramProtocol):
    """Answers from `records`, by name and type; `silent` names get SERVFAIL, and `aliases` lead to another name. `asked` are
    the questions that came."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""
    transport: asyncio.DatagramTransport | None = None

    def text(self, name: str, *records: str) -> None:
        self.records[name, "TXT"] = [txt(record) for record in records]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str | None, int]) -> None:
        assert self.transport is not None
        self.transport.sendto(self.answer(dns.message.from_wire(data)).to_wire(), address)

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        (question,) = query.question
        name, kind = str(question.name).rstrip(".").lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        made = dns.message.make_response(query)
        made.flags |= dns.flags.RA
        if name in self.silent:
            made.set_rcode(dns.rcode.SERVFAIL)
        elif target := self.aliases.get(name):
            made.answer.append(dns.rrset.from_text(question.name, 60, "IN", "CNAME", f"{target}."))
        elif found := self.records.get((name, kind)):
            made.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif not any(known == name for known, _ in self.records):
            made.set_rcode(dns.rcode.NXDOMAIN)
        return made


@pytest.fixture
async def dns_zone() -> AsyncIterator[DnsZone]:
    """A server that is running, with the records of a sender that is set up well (but for DKIM)."""
    zone = DnsZone()
    zone.text("bacson.example", "v=spf1 include:relay.example -all")
    zone.text("relay.example", "v=spf1 ip4:192.0.2.0/24 ~all")
    zone.text("_dmarc.bacson.example", "v=DMARC1; p=none; rua=mailto:dmarc@bacson.example")
    zone.records["bacson.example", "MX"] = ["10 mx.bacson.example."]
    zone.records["mx.bacson.example", "A"] = ["192.0.2.1"]
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: zone, ("127.0.0.1", 0))
    host, port = transport.get_extra_info("sockname")
    zone.address = f"{host}:{port}"
    yield zone
    transport.close()
