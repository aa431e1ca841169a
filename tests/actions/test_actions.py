"""Each action does what its examples say, and doing it twice changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import LARGEST, assert_linear, repeated
from jaeger_guard.actions import ACTIONS, ActionEntry, ActionExample, Parameters
from jaeger_guard.actions.generalization import generalize
from jaeger_guard.actions.masking import mask
from jaeger_guard.actions.redaction import redact
from jaeger_guard.categories import ALL, NETWORK_IP
from jaeger_guard.markers import marker
from jaeger_guard.types import Action, Notation

_CASES = [
    pytest.param(entry, example, id=f"{entry.action.value}-{number}")
    for entry in ACTIONS.values()
    for number, example in enumerate(entry.examples, 1)
]
_PARAMETERS = st.builds(
    Parameters,
    leave_first=st.integers(0, 6),
    leave_last=st.integers(0, 6),
    ipv4_prefix=st.integers(0, 31),
    ipv6_prefix=st.integers(0, 127),
    round_to=st.sampled_from([None, 0.1, 0.25, 1.0, 5.0, 10.0, 1000.0]),
    age_cap=st.sampled_from([None, 1, 65, 90]),
    zip3=st.booleans(),
)
_TEXTS = st.one_of(
    st.text(max_size=40),
    st.ip_addresses().map(str),
    st.dates().map(str),
    st.integers().map(str),
    st.integers(0, 130).map(str),
    st.integers(0, 99_999).map(lambda number: f"{number:05}"),
    st.floats(-200, 200).map(lambda number: f"{number:.6f}"),
    st.from_regex(r"[0-9]{1,8}([-/.][0-9]{1,4}){0,2}", fullmatch=True),
    st.sampled_from([marker(category) for category in ALL]),
)


@pytest.mark.parametrize(("entry", "example"), _CASES)
def test_example_becomes_what_it_says(entry: ActionEntry, example: ActionExample) -> None:
    """Each example of each action becomes what the example says, and stays so the second time."""
    answer = entry.apply(example.text, example.category, example.notation, example.parameters)
    assert answer == example.becomes
    again = entry.apply(answer, example.category, example.notation, example.parameters)
    assert again == answer


def test_registry_holds_each_action_that_changes_a_value() -> None:
    """Every action but keep and unsafe_keep has one entry under its own name, with examples."""
    assert set(ACTIONS) == set(Action) - {Action.KEEP, Action.UNSAFE_KEEP}
    for action, entry in ACTIONS.items():
        assert entry.action is action
        assert entry.examples
        assert set(entry.parameters) <= set(Parameters.__dataclass_fields__)


@pytest.mark.parametrize("entry", ACTIONS.values(), ids=lambda entry: entry.action.value)
@settings(max_examples=150, deadline=None)
@given(
    text=_TEXTS,
    category=st.sampled_from(ALL),
    notation=st.sampled_from(Notation),
    parameters=_PARAMETERS,
)
def test_twice_equals_once(
    entry: ActionEntry, text: str, category: str, notation: Notation, parameters: Parameters
) -> None:
    """Applying an action to its own answer gives that answer, for any text and parameters."""
    once = entry.apply(text, category, notation, parameters)
    assert entry.apply(once, category, notation, parameters) == once


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60), first=st.integers(0, 8), last=st.integers(0, 8))
def test_mask_leaves_at_most_half(text: str, first: int, last: int) -> None:
    """A masked text has its length, keeps separators, and leaves half of the rest or less."""
    masked = mask(text, first, last)
    assert len(masked) == len(text)
    countable = [
        (before, after)
        for before, after in zip(text, masked, strict=True)
        if before not in " -.@/:"
    ]
    left = sum(before == after and before != "*" for before, after in countable)
    assert left <= min(first + last, len(countable) // 2)
    assert all(after in (before, "*") for before, after in zip(text, masked, strict=True))


def test_mask_hides_punctuation_of_a_password() -> None:
    """A password of punctuation and letters of other scripts leaves nothing but its length."""
    assert mask("p#!$_ü密é") == "********"


@settings(max_examples=200, deadline=None)
@given(
    address=st.ip_addresses(v=6),
    prefix=st.integers(0, 127),
)
def test_host_bits_of_an_address_are_gone(address: object, prefix: int) -> None:
    """Two IPv6 addresses that differ only behind the prefix become the same text."""
    number = int(address)  # type: ignore[call-overload]
    host_bits = 128 - prefix
    if number >> 32 in (0, 0xFFFF):  # loopback, unspecified, and mapped IPv4 have their own rules
        number |= 1 << 120
    sibling = number ^ (1 << (host_bits - 1)) if host_bits else number
    if sibling >> 32 in (0, 0xFFFF):
        sibling = number
    parameters = Parameters(ipv6_prefix=prefix)
    texts = [_ipv6_text(number), _ipv6_text(sibling)]
    assert len({generalize(text, NETWORK_IP, parameters) for text in texts}) == 1


def _ipv6_text(number: int) -> str:
    digits = f"{number:032x}"
    return ":".join(digits[start : start + 4] for start in range(0, 32, 4))


def test_marker_of_another_category_stays() -> None:
    """A value that was redacted before keeps its marker in text and in a URL."""
    assert redact("[REDACTED:person.name]", NETWORK_IP, Notation.TEXT) == "[REDACTED:person.name]"
    assert redact("REDACTED", NETWORK_IP, Notation.URL) == "REDACTED"
    assert redact("[REDACTED:x] rest", NETWORK_IP, Notation.TEXT) == "[REDACTED:network.ip]"


@pytest.mark.parametrize("unit", ["a", "1", "1.", "1 ", "[", ":", "-1,", "::1%", "[REDACTED:"])
@pytest.mark.parametrize("entry", ACTIONS.values(), ids=lambda entry: entry.action.value)
def test_long_text_takes_linear_time(entry: ActionEntry, unit: str) -> None:
    """The time grows with a text that repeats one piece, and of a megabyte no digit stays."""

    def apply(size: int) -> str:
        text = repeated(unit, size)
        return entry.apply(text, "content.withheld", Notation.TEXT, Parameters(round_to=0.1))

    assert_linear(apply)
    assert "1" not in apply(LARGEST)
