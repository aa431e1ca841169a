"""Each action does what it says, on an attribute, a key, a leaf and an item."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jaeger_guard.policy import Policy, Rule, compile_policy
from jaeger_guard.scrubber import Scrubber
from jaeger_guard.types import Action, Finding, Surface

EMAIL = "ana.lima@shop.example.com"
TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
EMAIL_MARKER = "[REDACTED:contact.email]"
TOKEN_MARKER = "[REDACTED:credential.token]"


def scrubber(*rules: Rule) -> Scrubber:
    return Scrubber(compile_policy(Policy(rules=rules, extends=("baseline",))))


def scrub(by: Scrubber, attributes: dict[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    findings: list[Finding] = []
    return dict(by.attributes(Surface.ATTRIBUTE, attributes, findings)), findings


def test_drop_takes_the_attribute() -> None:
    """`drop` removes the attribute that a rule names, and is told; its neighbours stay."""
    by = scrubber(Rule(key="debug.*", action="drop"))
    scrubbed, findings = scrub(by, {"a": 1, "debug.dump": "anything", "b": [2]})
    assert scrubbed == {"a": 1, "b": [2]}
    [finding] = findings
    assert (finding.action, finding.surface, finding.key) == (
        Action.DROP,
        Surface.ATTRIBUTE,
        "debug.dump",
    )


@pytest.mark.parametrize("value", ["x", b"x", 1, 1.5, True, None, ["x"], {"k": "x"}])
def test_drop_by_key_takes_every_type(value: Any) -> None:
    """An attribute whose key is to be dropped goes, whatever its type."""
    by = scrubber(Rule(key="debug.dump", action="drop"))
    assert "debug.dump" not in scrub(by, {"debug.dump": value, "b": 1})[0]


def test_drop_by_category_takes_what_holds_it() -> None:
    """`drop` for a category removes the attribute in which it was found; of a mapping, the member."""
    by = scrubber(Rule(category="contact.email", action="drop"))
    scrubbed, _ = scrub(
        by,
        {
            "note": f"mail {EMAIL}",
            "list": ["x", EMAIL],
            "map": {"to": EMAIL, "n": 1},
            "json": json.dumps({"to": EMAIL}),
            "page": "2",
        },
    )
    assert scrubbed == {"map": {"n": 1}, "page": "2"}


def test_drop_on_what_cannot_go_redacts() -> None:
    """A name and a key can't be dropped: there the marker stands."""
    by = scrubber(Rule(category="contact.email", action="drop"))
    assert by.text(Surface.NAME, f"mail {EMAIL}", []) == f"mail {EMAIL_MARKER}"
    assert scrub(by, {EMAIL: 1})[0] == {EMAIL_MARKER: 1}


def test_mask_leaves_what_it_is_told_to() -> None:
    """`mask` leaves the last digits of a card: in text, in a list, in JSON, in a number."""
    by = scrubber(Rule(category="financial.card", action="mask", leave_last=4))
    scrubbed, _ = scrub(
        by,
        {
            "note": "paid 4111 1111 1111 1111.",
            "list": ["4111111111111111"],
            "json": '{"card": "4111111111111111"}',
            "number": 4111111111111111,
        },
    )
    assert scrubbed == {
        "note": "paid **** **** **** 1111.",
        "list": ("************1111",),
        "json": '{"card": "************1111"}',
        "number": "************1111",
    }
    assert scrub(by, scrubbed)[0] == scrubbed


def test_generalize_leaves_the_network() -> None:
    """A client's address keeps its network, wherever it stands."""
    scrubbed, _ = scrub(
        scrubber(), {"client.address": "203.0.113.77", "note": ["from 203.0.113.77"]}
    )
    assert scrubbed == {"client.address": "203.0.113.0", "note": ("from 203.0.113.0",)}
    assert scrub(scrubber(), scrubbed)[0] == scrubbed


def test_keep_still_finds_credentials() -> None:
    """`keep` leaves what it names, and credentials go all the same."""
    by = scrubber(Rule(key="support.*", action="keep"))
    scrubbed, _ = scrub(by, {"support.note": f"{EMAIL} {TOKEN}", "note": EMAIL})
    assert scrubbed == {"support.note": f"{EMAIL} {TOKEN_MARKER}", "note": EMAIL_MARKER}


def test_keep_holds_for_the_leaves() -> None:
    """What is kept under a key is kept in the parts of its value, credentials excepted."""
    by = scrubber(Rule(key="support.*", action="keep"))
    value = {"to": EMAIL, "deep": [{"cc": EMAIL}]}
    text = json.dumps({"to": EMAIL, "token": TOKEN})
    scrubbed, _ = scrub(by, {"support.map": value, "support.json": text})
    assert scrubbed["support.map"] == value
    assert EMAIL in scrubbed["support.json"]
    assert TOKEN not in scrubbed["support.json"]


def test_unsafe_keep_leaves_everything() -> None:
    """`unsafe_keep` leaves the key's whole value unseen, and nothing else's."""
    by = scrubber(Rule(key="raw.*", action="unsafe_keep"))
    attributes = {"raw.note": f"{EMAIL} {TOKEN}", "raw.map": {"password": TOKEN, "n": [EMAIL]}}
    assert scrub(by, attributes) == (attributes, [])
    assert scrub(by, {"note": TOKEN})[0] == {"note": TOKEN_MARKER}


def test_rule_reaches_a_leaf_by_its_name() -> None:
    """A rule for a name holds for a member of that name: in a mapping and in JSON."""
    by = scrubber(
        Rule(key="comment", action="redact"), Rule(key="contact_mail", action="unsafe_keep")
    )
    value = {"comment": "some words", "contact_mail": EMAIL, "n": 1}
    scrubbed, _ = scrub(by, {"map": value, "json": json.dumps(value)})
    expected = {"comment": "[REDACTED:content.withheld]", "contact_mail": EMAIL, "n": 1}
    assert scrubbed["map"] == expected
    assert json.loads(scrubbed["json"]) == expected


def test_finding_in_a_key_is_told() -> None:
    """What was found in a key is told with the key's surface, each time that it occurs."""
    by = scrubber()
    for _ in range(2):
        _, findings = scrub(by, {EMAIL: 1})
        [finding] = findings
        assert (finding.category, finding.surface, finding.key) == (
            "contact.email",
            Surface.KEY,
            EMAIL_MARKER,
        )


def test_findings_hold_no_value() -> None:
    """A finding names category, surface, key and action, and nothing of what was found."""
    _, findings = scrub(scrubber(), {EMAIL: EMAIL, "note": [EMAIL, {"x": TOKEN}]})
    assert len(findings) >= 4
    assert EMAIL not in repr(findings)
    assert TOKEN not in repr(findings)
