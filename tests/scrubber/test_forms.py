"""Texts that are known by their form: clean ones that differ in the digits of their numbers alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from corpus.categories import CATEGORIES, DEVELOPMENT_SEED
from jaeger_guard.detectors.any_digits import form_of, numbers_in
from jaeger_guard.policy import CompiledPolicy, Policy, Rule, compile_policy, load_policy
from jaeger_guard.scanner import Scanner
from jaeger_guard.scrubber import Scrubber, forms
from jaeger_guard.types import Finding, Match, Surface

_OTHERS = 2  # texts of a form that are drawn


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge forms from the first on that is met twice."""
    monkeypatch.setattr(forms, "_PATIENCE", 0)


def _policy(*more: Policy) -> CompiledPolicy:
    return compile_policy(load_policy([*more, "baseline"], "a test"))


def _scrubbed(scrubber: Scrubber, key: str, text: str) -> tuple[str, int]:
    value, found = scrubber.value(key, text)
    return value, len(found.entries)


def _with_entries(scrubber: Scrubber, key: str, text: str) -> tuple[object, ...]:
    value, found = scrubber.value(key, text)
    return value, found.dropped, found.entries


def _named(scrubber: Scrubber, text: str) -> tuple[str, int]:
    findings: list[Finding] = []
    return scrubber.text(Surface.NAME, text, findings), len(findings)


def _with_other_digits(text: str, draw: random.Random) -> str:
    for number in numbers_in(text, 0, len(text)):
        digits = "".join(draw.choices("0123456789", k=number.end() - number.start()))
        text = text[: number.start()] + digits + text[number.end() :]
    return text


def _texts() -> Iterator[tuple[str, str]]:
    """Yield keys and texts of the corpus; of each category some, and each form once."""
    met: set[str] = set()
    for category in CATEGORIES:
        taken = 0
        for case in () if category.on_spans else category.drawn(DEVELOPMENT_SEED):
            text = case.value
            if type(text) is str and form_of(text) not in met | {text}:
                met.add(form_of(text))
                taken += 1
                yield case.key, text
            if taken == 25:
                break


def test_a_text_of_a_known_form_is_scrubbed_as_any_other() -> None:
    """Of a form that is known, whatever its digits: the answer is what it is without forms."""
    by_form, plain = Scrubber(_policy()), Scrubber(_policy(), by_form=False)
    draw = random.Random(7)
    texts = list(_texts())
    for key, text in texts:
        for _ in range(3):  # now its form is known, where it is clean
            again = _with_other_digits(text, draw)
            assert _with_entries(by_form, key, again) == _with_entries(plain, key, again)
            assert _named(by_form, again) == _named(plain, again)
        for _ in range(_OTHERS):
            other = _with_other_digits(text, draw)
            assert _with_entries(by_form, key, other) == _with_entries(plain, key, other)
            assert _named(by_form, other) == _named(plain, other)
    assert len(texts) > 200


@pytest.mark.parametrize(
    ("key", "template"),
    [
        ("url.full", "https://pay.example/v1/charges/{}?expand=customer"),
        ("url.path", "/carts/{}"),
        ("http.target", "/orders/{}/lines?page=13"),
        ("cache.key", "item:{}"),
        ("exception.message", "order {} was declined by the issuer"),
    ],
)
def test_a_known_form_costs_no_search(key: str, template: str) -> None:
    """A third text of a form isn't searched: what repeats in all but its numbers costs a look-up."""
    scrubber = Scrubber(_policy())
    for number in (47_110, 47_111):
        assert _scrubbed(scrubber, key, template.format(number))[1] == 0
    with mock.patch.object(Scanner, "find", side_effect=AssertionError("searched")):
        text = template.format(58_222)
        assert _scrubbed(scrubber, key, text) == (text, 0)


@pytest.mark.parametrize(
    ("key", "template", "clean", "dirty"),
    [
        ("client.address", "{}", "10.20.30.1", "85.20.30.4"),
        ("order.note", "peer {} left after 12 s", "10.20.30.1", "85.20.30.4"),
        ("order.note", "from {} to 192.168.10.20", "172.16.10.1", "203.20.11.7"),
    ],
)
def test_what_suspects_find_is_all_that_is_found(
    key: str, template: str, clean: str, dirty: str
) -> None:
    """A dirty plain text of a known form costs its suspects alone, as does what is left of it."""
    by_form, plain = Scrubber(_policy()), Scrubber(_policy(), by_form=False)
    for last in "123":
        assert _scrubbed(by_form, key, template.format(clean[:-1] + last))[1] == 0
    text = template.format(dirty)
    expected = plain.value(key, text)
    with mock.patch.object(Scanner, "look", side_effect=AssertionError("searched")):
        answer = by_form.value(key, text)
    assert answer[0] == expected[0] != text
    assert answer[1].entries == expected[1].entries


@pytest.mark.parametrize(
    ("key", "template"),
    [
        ("exception.message", "peer {} refused"),
        ("order.note", "peer={}; tries=12"),
        ("url.full", "http://h.example/orders/12?ip={}"),
    ],
)
def test_what_is_not_plain_is_taken_apart(key: str, template: str) -> None:
    """What suspects find in a text of a format isn't all that is found in it, nor found alike."""
    by_form, plain = Scrubber(_policy()), Scrubber(_policy(), by_form=False)
    for last in "123":
        assert _scrubbed(by_form, key, template.format(f"10.20.30.{last}"))[1] == 0
    text = template.format("85.20.30.4")
    expected = plain.value(key, text)
    answer = by_form.value(key, text)
    assert (answer[0], answer[1].entries) == (expected[0], expected[1].entries)
    assert answer[0] != text


def test_what_is_left_of_a_name_is_known_by_its_form() -> None:
    """A third name that is dirty in the same way is searched as it came, and not as it was left."""
    scrubber = Scrubber(_policy())
    template = "order {} was declined for [REDACTED:contact.email]"
    for number in (47_110, 47_111):
        name = template.format(number).replace("[REDACTED:contact.email]", "anna@mail.example.org")
        assert _named(scrubber, name) == (template.format(number), 1)
    searched: list[str] = []
    find = Scanner.find

    def find_noting(self: Scanner, text: str, *more: Any, **options: Any) -> list[Match]:
        searched.append(text)
        return find(self, text, *more, **options)

    with mock.patch.object(Scanner, "find", find_noting):
        name = "order 58222 was declined for bert@mail.example.org"
        assert _named(scrubber, name) == (template.format(58_222), 1)
    assert set(searched) == {name}


def test_a_stack_trace_whose_message_alone_is_dirty_is_searched_there_alone() -> None:
    """A third trace that differs in its message's values isn't searched as a whole."""
    scrubber = Scrubber(_policy())
    frames = "Traceback (most recent call last):\n" + "".join(
        f'  File "/app/shop/step{step}.py", line {step}0, in charge\n    charge(order, {step})\n'
        for step in range(8)
    )
    template = frames + "DeclinedError: order {} was declined for {}"
    left = "[REDACTED:contact.email]"
    for number in (47_110, 47_111):
        trace = template.format(number, "anna@mail.example.org")
        assert _scrubbed(scrubber, "exception.stacktrace", trace) == (
            template.format(number, left),
            1,
        )
    searched: list[str] = []
    find = Scanner.find

    def find_noting(self: Scanner, text: str, *more: Any, **options: Any) -> list[Match]:
        searched.append(text)
        return find(self, text, *more, **options)

    with mock.patch.object(Scanner, "find", find_noting):
        trace = template.format(58_222, "bert@mail.example.org")
        assert _scrubbed(scrubber, "exception.stacktrace", trace) == (
            template.format(58_222, left),
            1,
        )
    assert 0 < max(map(len, searched)) < len(frames)


def test_of_a_form_with_a_suspect_nobody_else_is_asked() -> None:
    """Private addresses of a known form cost one detector, and public ones of that form are found."""
    scrubber = Scrubber(_policy())
    for address in ("10.2.33.7", "10.4.33.8"):
        assert _scrubbed(scrubber, "client.address", address) == (address, 0)
    with mock.patch.object(Scanner, "find", side_effect=AssertionError("searched")):
        assert _scrubbed(scrubber, "client.address", "10.5.77.9") == ("10.5.77.9", 0)
    assert _scrubbed(scrubber, "client.address", "45.1.33.7")[1] == 1


@pytest.mark.parametrize(
    ("key", "template", "clean", "dirty"),
    [
        ("note", "bob={}.mail.example.org", ("30", "31", "32"), "40"),
        ("url.path", "/a/bob%{}.mail.example.org", ("30", "31", "32"), "40"),
        (
            "url.path",
            "/pay/{}",
            ("4111111111111112", "4111111111111113", "4111111111111114"),
            "4111111111111111",
        ),
        ("note", "paid 4111 1111 1111 {}", ("1112", "1113", "1114"), "1111"),
        ("note", "up since {}", ("99.99.9999", "88.88.8888", "77.77.7777"), "8.8.4.4"),
        ("client.address", "{}", ("10.2.33.7", "10.4.33.8", "10.5.77.9"), "45.1.33.7"),
        ("note", "peer {} was lost", ("10.2.33.7", "10.4.33.8", "10.5.77.9"), "45.1.33.7"),
        ("url.full", "https://{}/x", ("10.2.33.7", "10.4.33.8", "10.5.77.9"), "45.1.33.7"),
    ],
)
def test_digits_that_say_something_are_seen(
    key: str, template: str, clean: tuple[str, ...], dirty: str
) -> None:
    """A text whose digits make it dirty is scrubbed, however many clean ones had its form."""
    scrubber, plain = Scrubber(_policy()), Scrubber(_policy(), by_form=False)
    for digits in (*clean, dirty):
        text = template.format(digits)
        assert _scrubbed(scrubber, key, text) == _scrubbed(plain, key, text)


def test_a_rule_about_a_name_with_a_number_holds() -> None:
    """A rule by a leaf's key with a digit in it isn't lost in the form of another leaf."""
    rule = Policy(rules=(Rule(key="*field.7", action="redact"),))
    scrubber = Scrubber(_policy(rule))
    for number in (1, 2, 3, 4):
        text = f"field.{number}=blue"
        assert _scrubbed(scrubber, "url.query", text) == (text, 0)
    scrubbed, found = _scrubbed(scrubber, "url.query", "field.7=blue")
    assert "blue" not in scrubbed
    assert found == 1
