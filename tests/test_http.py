"""Odd things that real portals, editors and attackers do: each was once read wrongly, or stopped the whole gathering."""

from __future__ import annotations

import pytest

from distributor.http import is_public

# -- the guard ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1",
        "fe80::1%eth0", "fec0::1", "fc00::1", "fd12::1", "ff02::1", "ff0e::1", "100::1", "192.88.99.1", "192.88.99.254",
        "192.0.0.9", "192.0.0.10", "192.31.196.1", "192.52.193.1", "192.175.48.1", "198.19.255.255", "3fff::1",
        "3fff:fff:ffff::1", "2001:1::1", "2001:1::3", "2001:2::1", "2001:3::1", "2001:4:112::1", "2001:20::1",
        "2001:30::1", "2620:4f:8000::1", "5f00::1", "100:0:0:1::1", "::ffff:192.88.99.1", "4000::1",
    ],
)  # fmt: skip
def test_what_is_not_on_the_public_internet_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "::ffff:8.8.8.8",
        "2606:4700::1111",
        "192.88.98.1",
        "192.0.1.1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "3ffe::1",
        "2620:4f:8001::1",
    ],
)
def test_the_public_internet_is_open(address: str) -> None:
    assert is_public(address)
