"""What is known of a value shortens the walk over attributes, and changes nothing of what comes out."""

from __future__ import annotations

from typing import Any

import pytest

from jaeger_guard.policy import Policy, Rule, compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.types import Finding, Surface

TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
UUID = "257ae823-33a9-4c8c-8369-a962abc6a3f5"
EMAIL = "ana.lima@shop.example.com"
RULES = (Rule(key="gone", action="drop"), Rule(key="seen", action="unsafe_keep"))
POLICY = compile_policy(load_policy([Policy(rules=RULES), "baseline"], "the test"))
# Keys that are searched, that decide about their values, that promise a format, that a rule is about.
KEYS = (
    *("app.note", "http.request.header.x-request-id", "session.id", "user.id", "user.age"),
    *("custom.password", "http.request.header.authorization", "http.request.body", "url.full"),
    *("process.command_args", "db.query.text", "gone", "seen", TOKEN),
)
TEXTS = ("paid", UUID, UUID.upper(), TOKEN, EMAIL, "true", "", "Bearer abcdef123456", "tenant-17")
VALUES: tuple[Any, ...] = (
    *TEXTS,
    *((text,) for text in TEXTS),
    *([text] for text in TEXTS),
    *(("paid", text) for text in TEXTS),
    *(0, 42, -(10**8), 10**8 - 1, 10**8, 140234567890432, 4111111111111111, 41.5),
    *(2**63, 2**64, -(2**70), 10**5000, 4111111111111111.0),
    *(float("inf"), True, False, None, (), (7,), (("paid",),), {"paid": UUID}, {"n": (TOKEN,)}),
)


def outcome(by: Scrubber, key: str, value: Any) -> tuple[str, list[Finding]]:
    findings: list[Finding] = []
    scrubbed = by.attributes(Surface.ATTRIBUTE, {key: value}, findings)
    return repr(scrubbed), [each for each in findings if each.surface is Surface.ATTRIBUTE]


@pytest.fixture(scope="module")
def knowing() -> Scrubber:
    """A scrubber that has met each value under each key, what it knows of texts included."""
    by = Scrubber(POLICY)
    for _ in range(3):
        for value in VALUES:
            for key in KEYS:
                outcome(by, key, value)
    return by


@pytest.mark.parametrize("key", KEYS)
def test_a_value_that_is_known_is_treated_as_one_that_is_not(key: str, knowing: Scrubber) -> None:
    """Each value becomes what scrubbing it for the first time makes of it, with the same findings."""
    first = Scrubber(POLICY)
    for value in VALUES:
        scrubbed, found = first.value(key, value)
        expected = {} if found.dropped else {first.key(key): scrubbed}
        told = [(entry.category, entry.action) for entry in found.entries]
        shown, findings = outcome(knowing, key, value)
        assert shown == repr(expected)
        assert [(each.category, each.action) for each in findings] == told


def test_what_was_changed_before_stays_changed(knowing: Scrubber) -> None:
    """Known values behind one that changes go on in their places, each as it came."""
    attributes = {"app.note": TOKEN, **{f"app.n{n}": value for n, value in enumerate(VALUES)}}
    first = Scrubber(POLICY)
    for _ in range(2):
        scrubbed = knowing.attributes(Surface.ATTRIBUTE, attributes, [])
        assert list(scrubbed) == list(attributes)
        assert repr([*scrubbed.values()]) == repr(
            [first.value(key, value)[0] for key, value in attributes.items()]
        )
