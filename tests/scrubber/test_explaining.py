"""Explanations say what the span path does, and never hold the value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.policy import Policy, Rule, compile_policy, load_policy
from jaeger_guard.scrubber import Scrubber, unexplained

SCRUBBER = Scrubber(compile_policy(load_policy("baseline", "the test")))
CARD = "4539578763621486"


@pytest.mark.parametrize(
    ("key", "value", "outcome", "categories", "formats"),
    [
        ("url.full", "https://h/?card_number=" + CARD, "changed", {"financial.card"}, ("url",)),
        ("note", f'{{"a": [{{"note": "{CARD}"}}]}}', "changed", {"financial.card"}, ("json",)),
        ("note", ["a", f"b {CARD}"], "changed", {"financial.card"}, ()),
        ("note", {"password": "x1"}, "changed", {"credential.password"}, ()),
        ("note", int(CARD), "changed", {"financial.card"}, ()),
        ("note", f"paid {CARD}".encode(), "changed", {"financial.card"}, ()),
        ("http.route", "/orders/{id}", "stays", set(), ()),
        ("note", None, "stays", set(), ()),
        ("db.query.text", "SELECT 1 FROM a WHERE b = 'c'", "changed", {"content.sql_literal"}, ("sql",)),
    ],
)  # fmt: skip
def test_explanation_is_what_happens(
    key: str, value: Any, outcome: str, categories: set[str], formats: tuple[str, ...]
) -> None:
    """Outcome, categories and formats are those of the scrubbed value; the card is nowhere."""
    told = SCRUBBER.explain(key, value)
    assert told.outcome == outcome
    assert {finding.category for finding in told.findings} == categories
    assert set(formats) <= set(told.formats)
    for text in (str(told), repr(told), json.dumps(told.as_dict())):
        assert CARD not in text and CARD[-6:] not in text


def test_key_is_scrubbed_and_its_meaning_told() -> None:
    """A key with personal data in it isn't shown, and what a key means is said."""
    assert "anna@example.org" not in str(SCRUBBER.explain("anna@example.org", "x"))
    assert "an id" in str(SCRUBBER.explain("order_id", "1"))
    assert "known to be safe" in str(SCRUBBER.explain("http.route", "/"))
    assert "drawn at random" in str(SCRUBBER.explain("dsn", "x"))
    assert "a peer" in str(SCRUBBER.explain("network.peer.address", "10.1.2.3"))


def test_rules_are_named_where_they_keep() -> None:
    """What a rule keeps is told with the rule's name."""
    policy = Policy(
        name="mine",
        rules=(
            Rule(category="contact.email", action="keep"),
            Rule(key="raw", action="unsafe_keep"),
        ),
    )
    scrubber = Scrubber(compile_policy(policy))
    told = scrubber.explain("note", "to anna@mail.example.org")
    assert told.outcome == "stays"
    assert any("keeps contact.email" in refusal.because for refusal in told.refusals)
    assert "nothing is looked at" in str(scrubber.explain("raw", "anna@mail.example.org"))


def test_exempt_digits_are_told() -> None:
    """A card's digits under an id's key are said to be taken for an id."""
    told = SCRUBBER.explain("order_id", CARD)
    assert told.outcome == "stays"
    assert any("taken for an id" in refusal.because for refusal in told.refusals)


def test_many_findings_stay_readable() -> None:
    """A value with hundreds of findings is told in a screenful."""
    text = " ".join(f"user{number}@mail.example.org" for number in range(200))
    lines = str(SCRUBBER.explain("note", text)).splitlines()
    assert len(lines) < 40


def test_withheld_value_is_told_as_such() -> None:
    """What could not be looked at is said to be withheld."""
    assert "content.withheld" in str(unexplained("note"))


@given(
    st.sampled_from(
        ["note", "url.full", "db.query.text", "http.request.header.cookie", "order_id"]
    ),
    st.text(max_size=80),
)
@settings(max_examples=100, deadline=None)
def test_explanation_agrees_with_scrubbing(key: str, value: str) -> None:
    """For any text, the outcome told is the one that scrubbing has."""
    told = SCRUBBER.explain(key, value)
    scrubbed, found = SCRUBBER.value(key, value)
    assert (told.outcome == "stays") == (scrubbed == value and not found.dropped)
    assert len(told.findings) == len(found.entries)
