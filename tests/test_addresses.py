"""IPv4 addresses are read and written as the standard library does, and judged as the patterns do."""

from __future__ import annotations

import ipaddress
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.actions import Parameters
from jaeger_guard.actions.generalization import generalize_address
from jaeger_guard.addresses import ipv4_number, ipv4_text
from jaeger_guard.detectors import network

OCTETS = st.one_of(
    st.integers(0, 300).map(str),
    st.sampled_from(["", "00", "01", "007", "\u0663", "\u00b2", "+1", " 1", "1_0"]),
)
QUADS = st.lists(OCTETS, min_size=3, max_size=5).map(".".join)
# What `detectors.network` says of them in words, RFC 6890 and RFC 6598.
NOT_PUBLIC = tuple(map(ipaddress.IPv4Network, network._NOT_PUBLIC))


def read(text: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


@settings(max_examples=1000, deadline=None)
@given(QUADS)
def test_number_is_that_of_the_standard_library(text: str) -> None:
    """Whatever the standard library refuses is refused, such as leading zeros and other digits."""
    address = read(text)
    assert ipv4_number(text) == (None if address is None else int(address))


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_text_is_that_of_the_standard_library(number: int) -> None:
    """A number is written as the standard library writes it, and read again."""
    assert ipv4_text(number) == str(ipaddress.IPv4Address(number))
    assert ipv4_number(ipv4_text(number)) == number


BORDERS = [
    int(each.network_address) + step
    for each in NOT_PUBLIC
    for step in (-1, 0, each.num_addresses - 1, each.num_addresses)
]
NUMBERS = st.one_of(
    st.integers(0, 2**32 - 1),
    st.sampled_from([number for number in BORDERS if 0 <= number < 2**32]),
)


@settings(max_examples=1000, deadline=None)
@given(NUMBERS)
def test_address_is_public_outside_of_every_network_that_is_not(number: int) -> None:
    """At each border, too, an address is public where none of the networks holds it."""
    text = ipv4_text(number)
    address = ipaddress.IPv4Address(number)
    public = not any(address in each for each in NOT_PUBLIC) and not text.endswith(".0.0")
    assert network.is_public_ipv4(text) == public


@settings(max_examples=500, deadline=None)
@given(NUMBERS, st.integers(0, 32))
def test_network_of_an_address_is_that_of_the_standard_library(number: int, prefix: int) -> None:
    """An address is generalized to its network's; loopback and unspecified ones stay."""
    text = ipv4_text(number)
    address = ipaddress.IPv4Address(number)
    general = generalize_address(text, Parameters(ipv4_prefix=prefix))
    if address.is_loopback or address.is_unspecified:
        assert general == text
    else:
        whole = ipaddress.IPv4Network((number, prefix), strict=False)
        assert general == str(whole.network_address)


PIECES = st.one_of(
    st.sampled_from(network._VERSION_WORDS),
    st.sampled_from(
        ["Chrome", "CURL", "ver\u017fion", "upgraded", "Downgrade", "bump", " from", " to"]
    ),
    st.sampled_from(
        [" ", "  ", "=", "==", ">=", "~", "^", "-", "x-", "/", "/libs/", ":", '"', "\\"]
    ),
    st.text(max_size=4),
)


@settings(max_examples=2000, deadline=None)
@given(st.lists(PIECES, max_size=5).map("".join))
def test_version_in_front_is_what_the_pattern_finds(before: str) -> None:
    """What is ruled out by the end of a text is found by the pattern in none."""
    found = re.compile(network._VERSION_BEFORE).search(before) is not None
    assert network.is_behind_version(before) == found
