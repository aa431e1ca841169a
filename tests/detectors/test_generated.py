"""Whatever is valid is found: cards of every issuer, IBANs, addresses, numbers, tokens."""

from __future__ import annotations

import string
from hashlib import sha3_256, sha256

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jaeger_guard.detectors import detector_named
from jaeger_guard.detectors.ledger_checksums import keccak_256, sponge_256
from jaeger_guard.detectors.network import is_public_ipv4
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "test")))

# Written here again on purpose: the issuers' own tables, not the package's.
CARDS = (
    *(("4", length) for length in (13, 16, 19)),
    *((prefix, 16) for prefix in ("51", "52", "53", "54", "55", "2221", "2345", "2720")),
    *((prefix, 15) for prefix in ("34", "37")),
    *((prefix, 16) for prefix in ("6011", "644", "649", "65")),
    *((prefix, 14) for prefix in ("300", "305", "36", "38", "39")),
    *((prefix, 16) for prefix in ("3528", "3589")),
    *(("62", length) for length in (16, 17, 18, 19)),
    *(("6759", length) for length in (12, 13, 16, 19)),
)
GROUPS = {15: (4, 6, 5), 14: (4, 6, 4)}
IBANS = {"DE": 22, "GB": 22, "FR": 27, "NO": 15, "MT": 31, "NL": 18, "ES": 24, "CH": 21, "AE": 23}


def luhn_digit(number: str) -> str:
    for check in string.digits:
        total = 0
        for index, digit in enumerate(reversed(number + check)):
            value = int(digit) * (1 + index % 2)
            total += value - 9 if value > 9 else value
        if total % 10 == 0:
            return check
    raise AssertionError("every number has a check digit")


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    prefix, length = draw(st.sampled_from(CARDS))
    count = length - len(prefix) - 1
    body = prefix + draw(st.text(string.digits, min_size=count, max_size=count))
    return body + luhn_digit(body)


def grouped(number: str, separator: str) -> str:
    sizes = GROUPS.get(len(number)) or (4,) * 5
    parts, start = [], 0
    for size in sizes:
        parts.append(number[start : start + size])
        start += size
    return separator.join(part for part in parts if part)


def found(name: str, text: str) -> list[str]:
    return [text[match.start : match.end] for match in detector_named(name).find(text)]


@given(card_numbers())
@settings(max_examples=200, deadline=None)
def test_card_is_found(number: str) -> None:
    """A card with its check digit is found, bare or grouped by spaces or dashes."""
    assert found("financial.card_bare", f"card={number}&x=1") == [number]
    for separator in " -":
        spelled = grouped(number, separator)
        assert found("financial.card", f"paid with {spelled}.") == [spelled]


@given(card_numbers(), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_card_with_wrong_check_digit_is_none(number: str, change: int) -> None:
    """Where the check digit is another one, a number is no card."""
    wrong = number[:-1] + str((int(number[-1]) + change) % 10)
    assert found("financial.card_bare", f"n={wrong}") == []


@st.composite
def ibans(draw: st.DrawFn) -> str:
    country = draw(st.sampled_from(sorted(IBANS)))
    count = IBANS[country] - 4
    head = draw(st.text(string.digits, min_size=8, max_size=8))
    account = head + draw(
        st.text(string.digits + string.ascii_uppercase, min_size=count - 8, max_size=count - 8)
    )
    number = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    return f"{country}{98 - int(number) % 97:02d}{account}"


@given(ibans())
@settings(max_examples=200, deadline=None)
def test_iban_is_found(iban: str) -> None:
    """An IBAN is found compact, and grouped in either case."""
    spaced = " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))
    for spelled in (iban, spaced):
        assert found("financial.iban", f"to {spelled}, please") == [spelled]
    lowered = spaced.lower()
    assert found("financial.iban_in_lower_case", f"to {lowered}, please") == [lowered]


LOCAL = string.ascii_letters + string.digits
LABEL = st.text(string.ascii_lowercase, min_size=2, max_size=20)


@given(
    st.lists(st.text(LOCAL, min_size=1, max_size=12), min_size=1, max_size=3),
    st.sampled_from([".", "_", "-", "+"]),
    LABEL,
    st.sampled_from(["com", "example", "co.uk", "de", "museum", "xn--p1ai"]),
)
@settings(max_examples=200, deadline=None)
def test_email_is_found(parts: list[str], joint: str, label: str, top: str) -> None:
    """A plausible address is found, also with its sign percent-encoded once or twice."""
    local = joint.join(parts)
    if local.lower() in {"git", "celery", "rabbit", "nobody", "ec2-user"}:
        local += "1"
    for sign in ("@", "%40", "%2540"):
        address = f"{local}{sign}{label}.{top}"
        assert found("contact.email", f"to={address}&x=1") == [address]


@given(st.integers(201, 989), st.integers(200, 999), st.integers(0, 9999))
@settings(max_examples=100, deadline=None)
def test_phone_of_north_america_is_found(area: int, exchange: int, line: int) -> None:
    """A ten-digit number is found in its usual spellings."""
    spelled = f"{area}-{exchange}-{line:04d}"
    assert found("contact.phone_national", f"call {spelled}.") == [spelled]
    assert found("contact.phone_international", f"call +1-{spelled}.") == [f"+1-{spelled}"]
    spelled = f"({area}) {exchange}-{line:04d}"
    assert found("contact.phone_parenthesised", f"call {spelled}.") == [spelled]


@given(st.ip_addresses(v=6, network="2000::/3"), st.ip_addresses(v=4, network="203.0.113.0/24"))
@settings(max_examples=150, deadline=None)
def test_address_is_found(six: object, four: object) -> None:
    """A global IPv6 address is found in each spelling, an IPv4 one with its port outside."""
    exploded = getattr(six, "exploded", "")
    for spelled in (str(six), exploded, exploded.upper()):
        assert found("network.ipv6", f"from [{spelled}]:443") == [spelled]
    assert found("network.ipv4", f"from {four}:443") == [str(four)]


@given(st.text(string.ascii_letters + string.digits, min_size=36, max_size=36), st.integers(8, 36))
@settings(max_examples=100, deadline=None)
def test_token_is_found_whole_and_cut(body: str, length: int) -> None:
    """A token is found anywhere, and at a text's end also where a limit cut it."""
    # The same few characters, or letters alone, are how placeholders look.
    assume(len(set(body[:length])) >= 6 and any(map(str.isdigit, body[:length])))
    whole, cut = "ghp_" + body, "ghp_" + body[:length]
    assert found("credential.github", f"{whole} was used") == [whole]
    assert found("credential.github", f"was used: {cut}") == [cut]
    assert found("credential.github", f"{cut}... (cut)") == [cut]


@st.composite
def ledger_payloads(draw: st.DrawFn) -> bytes:
    version = draw(st.sampled_from([b"\x00", b"\x05", b"\x30", b"\x1e", b"\x41"]))
    return version + draw(st.binary(min_size=20, max_size=20))


def base58check(payload: bytes) -> str:
    checked = payload + sha256(sha256(payload).digest()).digest()[:4]
    number, written = int.from_bytes(checked, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        written = BASE58[digit] + written
    zeros = len(checked) - len(checked.lstrip(b"\0"))
    return "1" * zeros + written


BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@given(ledger_payloads(), st.integers(0, 57))
@settings(max_examples=150, deadline=None)
def test_ledger_address_is_found(payload: bytes, change: int) -> None:
    """An address with its check bytes is found; with another character in it, it is none."""
    address = base58check(payload)
    assert found("financial.ledger_base58", f"paid {address}.") == [address]
    other = address[:-1] + BASE58[change]
    if other != address:
        assert found("financial.ledger_base58", f"paid {other}.") == []


@given(st.binary(min_size=32, max_size=32), st.booleans())
@settings(max_examples=100, deadline=None)
def test_exported_key_is_found(key: bytes, compressed: bool) -> None:
    """A private key as wallets export it is a credential."""
    written = base58check(b"\x80" + key + b"\1" * compressed)
    assert found("credential.ledger_private_key", f"key {written};") == [written]


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_keccak_is_the_submitted_one(message: bytes) -> None:
    """The sponge is that of SHA-3, which the standard library has; only the padding differs."""
    assert sponge_256(message, 0x06) == sha3_256(message).digest()
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak_256(b"").hex() == empty


@given(st.lists(st.integers(0, 31), min_size=4, max_size=4).filter(lambda parts: any(parts[2:])))
@settings(max_examples=100, deadline=None)
def test_small_quad_is_an_address_where_one_is_spoken_of(parts: list[int]) -> None:
    """Four small numbers are a version alone, and an address behind a word or before a port."""
    quad = ".".join(map(str, parts))
    assert SCRUBBER.value("note", quad)[0] == quad
    if is_public_ipv4(quad):
        assert SCRUBBER.value("client.ip", quad)[0] != quad or quad.endswith(".0")
    assert found("network.ipv4", f"loaded lib {quad} in 3 ms") == []
    spoken = [f"client {quad} left", f"ip={quad}&x", f"{quad}:8443", f"http://{quad}/"]
    expected = [quad] if is_public_ipv4(quad) else []
    assert [found("network.ipv4", text) for text in spoken] == [expected] * len(spoken)


@given(st.floats(-89, 89), st.floats(-179, 179))
@settings(max_examples=150, deadline=None)
def test_place_is_found_in_each_notation(latitude: float, longitude: float) -> None:
    """A place is found as a pair, a geo URI, well-known text and GeoJSON."""
    if max(abs(latitude), abs(longitude)) <= 1:
        return
    north, east = f"{latitude:.5f}", f"{longitude:.5f}"
    assert found("location.coordinates", f"at {north.lstrip('-')},{east}.")
    assert found("location.coordinates_labelled", f"geo:{north},{east}")
    assert found("location.well_known_text", f"POINT({east} {north})") == [f"{east} {north}"]
    assert found("location.coordinates_labelled", f'"coordinates":[{east},{north}]')
