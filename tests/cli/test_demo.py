"""`jaeger-guard demo`: real shop, real instrumentors, real TLS; and it can fail."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

from jaeger_guard.cli import main
from jaeger_guard.cli.demo.planted import PLANTED, found
from servers.jaeger import Jaeger
from servers.reading import strings_in

pytestmark = pytest.mark.e2e

PROGRAM: Final = "import sys; from jaeger_guard.cli import main; sys.exit(main())"
COUNT: Final = len(PLANTED)


@dataclass(frozen=True, slots=True)
class Performance:
    """One demo that has ended."""

    status: int
    output: str
    errors: str
    page: str

    @property
    def last_line(self) -> str:
        """The last line of its output."""
        return self.output.splitlines()[-1]


def perform(page: Path, *arguments: str, **environ: str) -> Performance:
    """Run the demo in a process of its own, with some more environment variables."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "JAEGER_GUARD_"))
    }
    child = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, "demo", "--html", str(page), *arguments],
        env=kept | environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    written = page.read_text("utf-8") if page.exists() else ""
    return Performance(child.returncode, child.stdout, child.stderr, written)


@pytest.fixture(scope="module")
def performance(tmp_path_factory: pytest.TempPathFactory) -> Performance:
    """One demo, in an environment whose settings for exporters would break it if it minded them."""
    return perform(
        tmp_path_factory.mktemp("demo") / "demo.html",
        HTTPS_PROXY="http://127.0.0.1:9",
        HTTP_PROXY="http://127.0.0.1:9",
        REQUESTS_CA_BUNDLE="/nowhere/ca.pem",
        OTEL_SDK_DISABLED="true",
        OTEL_TRACES_SAMPLER="always_off",
        JAEGER_GUARD_EXPORT_ENDPOINT="http://127.0.0.1:9",
    )


class Page(HTMLParser):
    """A page's cells, by what they show, and whatever would be fetched from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: dict[str, list[str]] = {"without": [], "left": []}
        self.fetched: list[str] = []
        self._open: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a cell's start, and references."""
        named = dict(attrs)
        if tag in ("link", "script", "img", "iframe", "base") or {"src", "href"} & named.keys():
            self.fetched.append(tag)
        if tag == "td":
            classes = (named.get("class") or "").split()
            self._open = next((name for name in self.cells if name in classes), None)
            if self._open:
                self.cells[self._open].append("")

    def handle_endtag(self, tag: str) -> None:
        """Note a cell's end."""
        if tag == "td":
            self._open = None

    def handle_data(self, data: str) -> None:
        """Keep a cell's text."""
        if self._open:
            self.cells[self._open][-1] += data


def test_nothing_leaks_and_no_span_is_missing(performance: Performance) -> None:
    """It ends with status 0, and its last line says how much was looked for and found."""
    assert (performance.status, performance.errors) == (0, "")
    assert performance.last_line == f"planted values: {COUNT}, leaked: 0"
    assert re.search(
        r"^spans: [1-9]\d without the guard, 0 of them", performance.output, re.MULTILINE
    )


def test_nothing_useful_is_destroyed(performance: Performance) -> None:
    """The guard changes no value in which nothing was planted, and routes and statements stay."""
    assert "changed though nothing was planted in them: 0\n" in performance.output
    for useful in ("http.route=/checkout", "FROM customers WHERE email", "order.id=1767225600"):
        assert useful in performance.output


def test_page_needs_nothing_beside_itself(performance: Performance) -> None:
    """The page fetches nothing: no script, style, image or font of elsewhere."""
    assert Page(performance.page).fetched == []
    assert "url(" not in performance.page
    assert "@import" not in performance.page


def test_page_shows_both_sides(performance: Performance) -> None:
    """What would have left holds planted values; what left holds none, but markers."""
    cells = Page(performance.page).cells
    assert found([], cells["without"]) == frozenset(PLANTED)
    assert found([], cells["left"]) == frozenset()
    assert "[REDACTED:financial.card]" in cells["left"]
    assert len(cells["left"]) == len(cells["without"]) > 30


def test_a_guard_that_lets_through_is_found_out(tmp_path: Path) -> None:
    """Where the guard passes everything through, the demo says so, and ends with status 1."""
    failed = perform(
        tmp_path / "page.html",
        "--endpoint",
        "http://127.0.0.1:9",
        JAEGER_GUARD_UNSAFE_PASSTHROUGH="true",
    )
    assert failed.status == 1
    assert "endpoint: nothing was sent on" in failed.output
    assert failed.last_line == f"planted values: {COUNT}, leaked: {COUNT}"
    assert "LEAKED with the guard: an e-mail address, " in failed.output
    assert failed.page.count(": leaked</li>") == COUNT
    assert found([], Page(failed.page).cells["left"]) == frozenset(PLANTED)


def test_missing_spans_are_found_out(tmp_path: Path) -> None:
    """Where nothing leaves at all, nothing leaks either: the demo ends with status 1 all the same."""
    failed = perform(tmp_path / "page.html", JAEGER_GUARD_ENABLED="false")
    assert failed.status == 1
    assert failed.last_line == f"planted values: {COUNT}, leaked: 0"
    assert re.search(
        r"^spans: (\d+) without the guard, \1 of them missing", failed.output, re.MULTILINE
    )
    assert "missing with the guard" in failed.page


def test_a_policy_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """What configure() refuses in the shop, the demo refuses by the same words."""
    failed = perform(tmp_path / "page.html", JAEGER_GUARD_POLICY="no-such-preset")
    assert failed.status == 2
    assert "no-such-preset" in failed.errors
    assert "JAEGER_GUARD_POLICY" in failed.errors


def test_guarded_spans_reach_a_real_jaeger(jaeger: Jaeger, tmp_path: Path) -> None:
    """With --endpoint, the guarded spans are in Jaeger afterwards, and nothing planted is."""
    sent = perform(
        tmp_path / "page.html",
        "--endpoint",
        jaeger.grpc_endpoint,
        "--ca-file",
        str(jaeger.certificates.ca_file),
        JAEGER_GUARD_EXPORT_CERT_FILE=str(jaeger.certificates.client.cert_file),
        JAEGER_GUARD_EXPORT_KEY_FILE=str(jaeger.certificates.client.key_file),
    )
    assert (sent.status, sent.errors) == (0, "")
    assert "has taken all guarded spans" in sent.output
    query = urllib.parse.urlencode({"service": "jaeger-guard-demo", "limit": 100})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{jaeger.query_url}/api/traces?{query}", timeout=60) as answer:
        traces = json.load(answer)["data"]
    names = {span["operationName"] for trace in traces for span in trace["spans"]}
    assert {"POST /checkout", "GET /orders/REDACTED/invoice"} <= names
    assert found([], strings_in(traces)) == frozenset()


def test_a_backend_that_is_away_is_told(tmp_path: Path) -> None:
    """Where the endpoint takes nothing, the demo says why, and ends with status 1."""
    failed = perform(
        tmp_path / "page.html", "--endpoint", "http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT="1"
    )
    assert failed.status == 1
    assert "127.0.0.1:9 has NOT taken all guarded spans" in failed.output
    assert "127.0.0.1:9" in failed.errors
    assert failed.last_line == f"planted values: {COUNT}, leaked: 0"


def test_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the extra, the demo says how to install it, and ends with status 2."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert main(["demo"]) == 2
    assert 'pip install "jaeger-guard[demo]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--ca-file", "ca.pem"], "--endpoint"),
        (["--endpoint", "http://jaeger.example:4317"], "jaeger.example"),
        (
            ["--endpoint", "https://localhost:4317", "--ca-file", "/nowhere/ca.pem"],
            "/nowhere/ca.pem",
        ),
        (["--html", "/nowhere/page.html"], "/nowhere/page.html"),
    ],
)
def test_wrong_arguments_are_told_before_anything_runs(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can't be done is refused at once, by name."""
    assert main(["demo", *arguments]) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""


def test_a_shop_that_breaks_down_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the shop's process fails, so does the demo; it does not judge what it has not seen."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert main(["demo"]) == 1
    captured = capsys.readouterr()
    assert "status 1" in captured.err
    assert captured.out == ""
