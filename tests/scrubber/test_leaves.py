"""The leaves of one value are searched at once, and what a format left is known from before."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from unittest import mock
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaeger_guard.detectors import installed_detectors
from jaeger_guard.policy import compile_policy, load_policy
from jaeger_guard.scanner import Scanner
from jaeger_guard.scrubber import Scrubber, forms
from jaeger_guard.types import Finding, Surface

POLICY = compile_policy(load_policy("baseline", "the test"))
EXAMPLES = tuple(
    example.text for detector in installed_detectors() for example in detector.examples
)
LEAVES = st.one_of(
    st.sampled_from(EXAMPLES),
    st.sampled_from(
        ["REDACTED", "orders", "bot12345678:", "reset", "a;b=c", "x@y.example", "{id}"]
    ),
    st.text("0123456789abcdef", min_size=4, max_size=24),
    st.sampled_from(["password", "a-password-b", "Kennwort.x", "Duplicate", "curl-u", "passe"]),
    st.text(max_size=8),
)
NAMES = st.sampled_from(
    ["page", "email", "token", "api_key", "code", "session", "ssn", "lat", "q", "client_id", "card"]
)


def _url(pairs: list[tuple[str, str]]) -> str:
    path = "/".join(quote(text.encode("utf-8", "replace"), safe="@:;=+,") for _, text in pairs)
    return f"https://pay.example/{path}?{_query(pairs)}"


def _query(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={quote(text.encode('utf-8', 'replace'))}" for name, text in pairs)


def _cookie(pairs: list[tuple[str, str]]) -> str:
    return "; ".join(f"{name}={text}" for name, text in pairs)


def _statement(pairs: list[tuple[str, str]]) -> str:
    rows = " AND ".join(f"{name} = '{text}'" for name, text in pairs)
    return f"SELECT id FROM orders WHERE {rows}"


def _trace(pairs: list[tuple[str, str]]) -> str:
    message = ", ".join(f"{name} {text}" for name, text in pairs)
    frame = f'  File "/app/shop/pay.py", line {len(message)}, in charge\n    raise Declined(why)\n'
    return f"Traceback (most recent call last):\n{frame}shop.Declined: {message}\n"


MADE = (
    ("exception.stacktrace", _trace),
    ("url.full", _url),
    ("url.query", _query),
    ("http.request.header.cookie", _cookie),
    ("db.query.text", _statement),
    ("order.note", _query),
    ("order.data", lambda pairs: json.dumps(dict(pairs))),
    ("order.note", lambda pairs: " ".join(f"{name}: {text}" for name, text in pairs)),
)


def _plain() -> Scrubber:
    """Return a scrubber that searches each leaf by itself, and each outcome of a format."""
    plain = Scrubber(POLICY, by_form=False)
    plain._text.leaves_wait = False
    plain._text._is_settled = lambda *_: False  # type: ignore[method-assign]
    return plain


PLAIN = _plain()
USED = Scrubber(POLICY)  # which remembers from one example to the next


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge forms from the first on that is met twice."""
    monkeypatch.setattr(forms, "_PATIENCE", 0)


def _scrubbed(scrubber: Scrubber, key: str, text: str) -> tuple[object, ...]:
    value, found = scrubber.value(key, text)
    return value, found.dropped, tuple(found.entries)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(MADE), st.lists(st.tuples(NAMES, LEAVES), min_size=1, max_size=5))
def test_leaves_that_are_searched_at_once_are_scrubbed_alike(
    made: tuple[str, object], pairs: list[tuple[str, str]]
) -> None:
    """Whatever stands in a value, it is scrubbed as where each leaf is searched by itself."""
    key, make = made
    assert callable(make)
    text = make(pairs)
    assert _scrubbed(USED, key, text) == _scrubbed(PLAIN, key, text)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(MADE), st.lists(st.tuples(NAMES, LEAVES), min_size=1, max_size=3))
def test_names_are_scrubbed_alike(made: tuple[str, object], pairs: list[tuple[str, str]]) -> None:
    """What is known of what scrubbing left changes nothing about names, statuses and paths."""
    make = made[1]
    assert callable(make)
    for text in (make(pairs), f"GET /{make(pairs)}", f"{pairs[0][1]} {pairs[-1][1]}"):
        assert _named(USED, text) == _named(PLAIN, text)


def _named(scrubber: Scrubber, text: str) -> tuple[str, list[Finding]]:
    findings: list[Finding] = []
    return scrubber.text(Surface.NAME, text, findings), findings


def _drawn(template: str, draw: random.Random) -> Iterator[str]:
    for _ in range(4):
        yield template.format(
            number=draw.randrange(10**5, 10**6), id="".join(draw.choices("0123456789abcdef", k=20))
        )


@pytest.mark.parametrize(
    ("key", "template"),
    [
        ("url.full", "https://pay.example/charges/{number}?expand=all&api_key=ghp_{id}"),
        ("url.query", "page=2&sort=-created&email=u{number}%40mail.example"),
        ("http.target", "/items/{number}?ref=mail&token={id}"),
        ("http.request.header.cookie", "theme=dark; sid={id}"),
    ],
)
def test_what_a_format_left_is_searched_no_more(key: str, template: str) -> None:
    """Values that leave what was left before cost no search beyond their leaves."""
    scrubber = Scrubber(POLICY)
    *before, last = _drawn(template, random.Random(3))
    for text in before:
        assert _scrubbed(scrubber, key, text) == _scrubbed(PLAIN, key, text)
    with mock.patch.object(Scanner, "_find", autospec=True, side_effect=Scanner._find) as find:
        scrubbed = _scrubbed(scrubber, key, last)
    assert all(len(call.args[1]) < 8 for call in find.call_args_list)  # a leaf that is a number
    assert scrubbed == _scrubbed(PLAIN, key, last)
    assert scrubbed[2]


def test_what_was_left_of_a_stack_trace_is_searched_no_more() -> None:
    """Of traces that differ in numbers and in what was found, the message alone is searched."""
    scrubber = Scrubber(POLICY)
    traces = [
        _trace([("order", f"{number} of ana{number}@shop.example"), ("n", str(number))])
        for number in range(10_000, 90_000, 20_000)
    ]
    for text in traces[:3]:
        _scrubbed(scrubber, "exception.stacktrace", text)
    with mock.patch.object(Scanner, "_find", autospec=True, side_effect=Scanner._find) as find:
        scrubbed = _scrubbed(scrubber, "exception.stacktrace", traces[3])
    assert all(len(call.args[1]) < 64 for call in find.call_args_list)
    assert scrubbed == _scrubbed(PLAIN, "exception.stacktrace", traces[3])
    assert scrubbed[2]


def test_what_stands_across_leaves_is_found_beside_what_was_marked() -> None:
    """A credential of several segments is found, whatever was left of other URLs before."""
    scrubber = Scrubber(POLICY)
    for place in ("docs", "docs", "docs", "services"):
        hook = f"https://hooks.slack.com/{place}/T0123ABCD/B0123ABCD/a1B2c3D4e5F6g7H8i9J0k1L2"
        text = f"{hook}?token=abc"
        assert _scrubbed(scrubber, "url.full", text) == _scrubbed(PLAIN, "url.full", text)
    assert "a1B2" not in str(_scrubbed(scrubber, "url.full", text)[0])


def test_leaves_cost_one_search_of_the_gates() -> None:
    """A clean URL of many words that were never met asks the gates once."""
    scrubber = Scrubber(POLICY)
    scrubber.value("url.full", "https://pay.example/v1/a?b=c")  # its names are known now
    with mock.patch.object(
        Scanner, "_opened", autospec=True, side_effect=Scanner._opened
    ) as opened:
        scrubbed = _scrubbed(scrubber, "url.full", "https://pay.example/qax/rtw/uyv/wez?b=hgq-klo")
    assert opened.call_count == 1
    assert not scrubbed[2]
