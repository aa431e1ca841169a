"""Rules and policies are frozen and checked, and tell everything that is wrong at once."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from jaeger_guard.errors import ConfigurationError
from jaeger_guard.policy import Policy, Rule
from jaeger_guard.types import Action, Surface


def test_texts_become_members() -> None:
    """A rule written with texts equals one written with members."""
    rule = Rule(action="mask", surface="event", leave_last=4)
    assert rule == Rule(action=Action.MASK, surface=Surface.EVENT, leave_last=4)
    assert rule.parameters.leave_last == 4
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule.leave_last = 6  # type: ignore[misc]


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"action": "redacted", "key": "a"}, "action", "Did you mean 'redact'"),
        ({"action": "encode", "key": "a"}, "action", "isn't known to this version"),
        ({"action": 3, "key": "a"}, "action", "a whole number"),
        ({"action": "redact"}, "Rule", "a key, a category or a surface"),
        ({"action": "redact", "key": ""}, "key", "0 characters"),
        ({"action": "redact", "key": 1}, "key", "a whole number"),
        ({"action": "redact", "category": "contact.emial"}, "category", "'contact.email'"),
        ({"action": "redact", "category": 1}, "category", "a whole number"),
        ({"action": "redact", "surface": "events"}, "surface", "'event'"),
        ({"action": "mask", "key": "a", "leave_first": -1}, "leave_first", "out of range"),
        ({"action": "mask", "key": "a", "leave_last": True}, "leave_last", "boolean"),
        ({"action": "redact", "key": "a", "leave_last": 4}, "leave_last", "'mask'"),
        ({"action": "generalize", "key": "a", "ipv4_prefix": 32}, "ipv4_prefix", "0 to 31"),
        ({"action": "generalize", "key": "a", "ipv6_prefix": 128}, "ipv6_prefix", "0 to 127"),
        ({"action": "generalize", "key": "a", "round_to": 0}, "round_to", "out of range"),
        ({"action": "generalize", "key": "a", "round_to": "1"}, "round_to", "text"),
        ({"action": "generalize", "key": "a", "round_to": float("nan")}, "round_to", "range"),
    ],
)
def test_wrong_field_is_named_with_a_remedy(fields: dict[str, Any], field: str, says: str) -> None:
    """A wrong field raises an error that names the field and says what would be right."""
    with pytest.raises(ConfigurationError) as caught:
        Rule(**fields)
    assert field in caught.value.where
    assert says in str(caught.value)
    assert caught.value.remedy


def test_all_wrong_fields_are_told_at_once() -> None:
    """One error names every wrong field of a rule."""
    with pytest.raises(ConfigurationError) as caught:
        Rule(action="hide", category="contract.email", surface="evnt", leave_first=-2)
    for field in ("action", "category", "surface", "leave_first"):
        assert f"{field}: " in caught.value.what


def test_pasted_secret_is_not_quoted() -> None:
    """What doesn't look like a word of a policy never stands in the error."""
    secret = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
    for fields in ({"action": secret, "key": "a"}, {"action": "redact", "category": secret}):
        with pytest.raises(ConfigurationError) as caught:
            Rule(**fields)  # type: ignore[arg-type]
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"rules": (), "extends": ()}, "empty"),
        ({"rules": "redact"}, "rules"),
        ({"rules": ("redact",)}, "rules"),
        ({"rules": (), "extends": "baseline"}, "extends"),
        ({"rules": (), "extends": (" ",)}, "a name is empty"),
        ({"rules": (), "mandatory": ("credentials.*",)}, "mandatory"),
        ({"rules": (), "name": ""}, "name"),
    ],
)
def test_wrong_policy_is_refused(fields: dict[str, Any], says: str) -> None:
    """A policy that is empty or holds something else is refused, and the field named."""
    with pytest.raises(ConfigurationError, match=says):
        Policy(**fields)


def test_lists_are_taken_as_tuples() -> None:
    """A policy given lists is as frozen as one given tuples."""
    rule = Rule(action="redact", key="a")
    policy = Policy(rules=[rule], extends=["baseline"])  # type: ignore[arg-type]
    assert policy == Policy(rules=(rule,))
    assert hash(policy) == hash(Policy(rules=(rule,)))
