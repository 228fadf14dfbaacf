"""Who asks: nobody can claim another address by a header, but a trusted proxy can tell it."""

from __future__ import annotations

import pytest

from distributor.web.client_address import network_of, real_address

PROXY = ["127.0.0.1/32", "10.0.0.0/8"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # not a proxy of ours: anybody's claim
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "192.0.2.7, 198.51.100.1", "198.51.100.1"),  # the first was sent by the client
        ("127.0.0.1", "192.0.2.7, 10.1.2.3", "192.0.2.7"),  # two proxies of ours
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "no address", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, <script>", "127.0.0.1"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "[2001:db8::1]", "2001:db8::1"),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer: str, forwarded: str, address: str) -> None:
    assert real_address(peer, forwarded, PROXY) == address


def test_without_trusted_proxies_the_connection_alone_counts() -> None:
    assert real_address("127.0.0.1", "198.51.100.1", []) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/56"),
        ("2001:db8:1:ff::1", "2001:db8:1::/56"),
        ("2001:db8:1:1ff::1", "2001:db8:1:100::/56"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("", ""),
    ],
)
def test_one_household_counts_once(address: str, network: str) -> None:
    assert network_of(address) == network
