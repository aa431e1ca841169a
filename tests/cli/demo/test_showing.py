"""Table and page: what was dropped, added, renamed or missing is said in both."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from jaeger_guard.cli.demo import page, table
from jaeger_guard.cli.demo.comparison import Comparison, Pair, Row, Story
from jaeger_guard.cli.demo.planted import CARD, EMAIL
from jaeger_guard.cli.demo.received import ReceivedSpan

SPAN = ReceivedSpan(
    identity=(b"t", b"s", b"", 2, 2),
    trace=b"t",
    number=b"s",
    parent=b"",
    name="GET <b>/pay</b>",
    kind="server",
    scope="flask",
    failed=True,
    start=0,
    milliseconds=1.25,
    values=(),
)


def row(key: str, without: str | None, left: str | None, key_left: str = "") -> Row:
    """Make a row of an attribute."""
    return Row(surface="", key=key, key_left=key_left or key, without=without, left=left)


def comparison(*rows: Row, missing: bool = False) -> Comparison:
    """Make a comparison of one span, whose markup in values must not be taken for markup."""
    name = Row(surface="name", key="", key_left="", without=SPAN.name, left=SPAN.name)
    return Comparison(
        stories=(Story("Pays", (Pair(SPAN, 0, (name, *rows), missing),)),),
        resource=(),
        leaked=(),
        unproven=(),
        spans=1,
        missing=int(missing),
        added=0,
    )


def printed(shown: Comparison) -> str:
    """Print the table into a text."""
    terminal = Console(file=io.StringIO(), width=160, highlight=False, markup=False)
    table.show(shown, terminal)
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


def test_markup_in_a_value_is_text() -> None:
    """A value can't write into the page."""
    written = page.render(comparison(row("a", "<script>1</script>", "<script>2</script>")))
    assert "<h3>GET &lt;b&gt;/pay&lt;/b&gt;</h3>" in written
    assert "<script" not in written


def test_dropped_added_and_renamed_are_said() -> None:
    """What is on one side alone is told; a changed key stands beside its value."""
    shown = comparison(
        row("dropped", "x", None),
        row("added", None, "y"),
        row(f"cart.{EMAIL.value}", "2", "2", "[REDACTED:contact.email]"),
    )
    text = printed(shown)
    assert "(dropped)" in text
    assert "(nothing)" in text
    assert "[REDACTED:contact.email] = 2" in text
    written = page.render(shown)
    assert written.count('<span class="nothing">nothing</span>') == 2
    assert '<mark class="marker">[REDACTED:contact.email]</mark> = 2</td>' in written


def test_unchanged_values_are_said_in_short() -> None:
    """Values that stay are there, without a second column."""
    shown = comparison(row("http.route", "/pay/{id}", "/pay/{id}"), row("long", "x" * 90, "x" * 90))
    text = printed(shown)
    assert "http.route=/pay/{id}" in text
    assert "without the guard" not in text
    assert f"{'x' * 59}…" in text
    assert "2 unchanged" in page.render(shown)


def test_a_missing_span_is_said() -> None:
    """A missing span stands where it would have been."""
    assert "MISSING with the guard" in printed(comparison(missing=True))
    assert "missing with the guard" in page.render(comparison(missing=True))


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("leaked", (CARD,), "a payment card: leaked"),
        ("unproven", (CARD,), "Not proven"),
        ("added", 2, "left with the guard alone: 2"),
    ],
)
def test_page_says_why_it_failed(field: str, value: object, told: str) -> None:
    """Each reason to fail stands at the top of the page."""
    assert told not in page.render(comparison())
    assert told in page.render(replace(comparison(), **{field: value}))  # type: ignore[arg-type]


def test_a_leak_in_an_unchanged_value_is_shown() -> None:
    """A planted value that stayed is shown on both sides, marked."""
    shown = comparison(row("note", EMAIL.value, EMAIL.value))
    marked = f'<mark class="planted-value">{EMAIL.value}</mark>'
    assert page.render(shown).count(marked) == 2
