"""Telephone numbers: the package phonenumbers sharpens the international form, and is an extra."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.detectors import detector_named, phones
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "test")))


def found(name: str, text: str) -> list[str]:
    return [text[match.start : match.end] for match in detector_named(name).find(text)]


NOWHERE = "offset +999 1234 5678 here"  # no country has 999
TOO_LONG = "offset +47 1234 5678 9012 here"  # Norway's numbers have eight digits


@pytest.mark.parametrize("text", [NOWHERE, TOO_LONG])
def test_package_refuses_what_no_plan_has(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With phonenumbers, a country code and a length must exist; without, E.164's length is enough."""
    assert found("contact.phone_international", text) == []
    monkeypatch.setattr(phones, "_library", lambda: None)
    assert len(found("contact.phone_international", text)) == 1


@settings(max_examples=2000, deadline=None)
@given(
    st.one_of(
        st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)), st.integers(1, 999)
    ),
    # National prefixes, which are dialled or not, have few digits.
    st.one_of(st.text("0189", min_size=1, max_size=14), st.text("0123456789", max_size=14)),
)
def test_plan_says_what_the_package_says(country_code: int, national: str) -> None:
    """A number is possible exactly where the package, which parses it, says that it is."""
    digits = f"{country_code}{national}"[:15]
    try:
        possible = phonenumbers.is_possible_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        possible = False
    assert phones.is_possible(digits) == possible


@pytest.mark.parametrize(
    ("key", "text", "number"),
    [
        (
            "user_agent.original",
            "Dialer/2.1 (phone: +1 212 555 0187; Android 14)",
            "+1 212 555 0187",
        ),
        ("user_agent.original", "Dialer/2.1 (tel 2125550187)", "2125550187"),
        ("http.request.header.user-agent", "Bot/1.0 (call 020 7946 0958)", "020 7946 0958"),
        ("url.query", "page=2&phone=2125550187", "2125550187"),
        ("url.full", "https://shop.example/cb?msisdn=4917123456789&x=1", "4917123456789"),
        ("url.full", "https://shop.example/?to=%2B12125550187", "12125550187"),
        ("order.id", "phone: 2125550187", "2125550187"),
    ],
)
def test_labelled_number_goes_under_any_key(key: str, text: str, number: str) -> None:
    """A word or a parameter's name in front of a number says what it is, whatever the key."""
    assert number not in SCRUBBER.value(key, text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/124.10.12.14 YaBrowser/23.1.2.3",
        "okhttp/4.9.3 build 212-555-0187",
        "Phone/15.2.1 CFNetwork/1410.0.3 Darwin/22.6.0",
    ],
)
def test_user_agent_stays(text: str) -> None:
    """Without a label in front, a number in a user agent is a version or a build."""
    assert SCRUBBER.value("user_agent.original", text)[0] == text


LABELS = (
    "phone",
    "Tel.",
    "Handynummer:",
    "tel\u00e9fono",
    "mobile number is",
    "m\u00f3vil:",
    "Fax",
)
GROUPS = st.lists(st.integers(10, 9999), min_size=2, max_size=4)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LABELS), GROUPS, st.sampled_from([" ", "-", "."]))
def test_number_behind_a_label_is_found(label: str, groups: list[int], separator: str) -> None:
    """Whatever its groups, a number of seven to fifteen digits behind a label is one to dial."""
    number = separator.join(map(str, groups))
    digits = "".join(map(str, groups))
    if not 7 <= len(digits) <= 15 or len(set(digits)) == 1 or not phones.is_dialled(number):
        return
    assert found("contact.phone_labelled", f"{label} {number}, please") == [number]


@settings(max_examples=200, deadline=None)
@given(st.integers(10**6, 10**15 - 1))
def test_bare_number_is_none(number: int) -> None:
    """Bare digits without a label are an id."""
    for name in ("international", "parenthesised", "national", "labelled", "called"):
        assert found(f"contact.phone_{name}", f"order {number} of id={number}&x") == []
