"""Asking for a strategy: the exporter's credentials go along, and nothing of the environment bends it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from jaeger_guard import ConfigurationError, Export
from jaeger_guard.export.polling import LARGEST_ANSWER, Refused, prepare_fetcher


@dataclass
class Endpoint:
    """A sampling endpoint: what it answers, and what it was asked."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A server that answers what a test asks for."""
    state = Endpoint()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): text for name, text in self.headers.items()}
            state.asked.append((self.path, headers))
            self.send_response(state.status)
            for name, text in state.headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            try:
                self.wfile.write(state.body)
            except OSError:
                pass

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def fetcher(endpoint: Endpoint, service: str = "shop", **export: Any) -> Callable[[], bytes]:
    """Make what asks."""
    make = prepare_fetcher(endpoint.url, service, Export(**export), {})
    return make()


def test_what_is_asked(endpoint: Endpoint) -> None:
    """Path, service and headers of the exporter; names of any letters arrive as they are."""
    name = "shop & co/é?x=1"
    ask = fetcher(endpoint, name, headers={"authorization": "Basic YTpi", "x-tenant": "t"})
    assert ask() == b"{}"
    [(path, headers)] = endpoint.asked
    assert urlsplit(path).path == "/api/sampling"
    assert parse_qs(urlsplit(path).query) == {"service": [name]}
    assert headers["authorization"] == "Basic YTpi"
    assert headers["x-tenant"] == "t"
    assert headers["user-agent"].startswith("jaeger-guard/")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "/api/sampling"),
        ("/", "/api/sampling"),
        ("/jaeger", "/jaeger/api/sampling"),
        ("/api/sampling", "/api/sampling"),
        ("/api/sampling/", "/api/sampling"),
    ],
)
def test_paths(path: str, expected: str, endpoint: Endpoint) -> None:
    """The path is added to a base URL, once."""
    endpoint.url += path
    fetcher(endpoint)()
    assert urlsplit(endpoint.asked[0][0]).path == expected


def test_a_token_that_rotates(endpoint: Endpoint, tmp_path: Path) -> None:
    """The token file is read again when it changes."""
    file = tmp_path / "token"
    file.write_text("first")
    ask = fetcher(endpoint, bearer_token_file=file)
    ask()
    file.write_text("second-one")
    ask()
    assert [headers["authorization"] for _, headers in endpoint.asked] == [
        "Bearer first",
        "Bearer second-one",
    ]


@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 401, 404, 500, 503])
def test_other_answers(status: int, endpoint: Endpoint) -> None:
    """What isn't 200 is no answer, and a redirect isn't followed."""
    endpoint.status = status
    endpoint.headers["Location"] = endpoint.url + "/elsewhere"
    with pytest.raises(Refused):
        fetcher(endpoint)()
    assert len(endpoint.asked) == 1


def test_an_answer_without_end(endpoint: Endpoint) -> None:
    """No more is read than a strategy could have."""
    endpoint.body = b" " * (LARGEST_ANSWER + 1)
    with pytest.raises(Refused):
        fetcher(endpoint)()


def test_the_environment_has_no_say(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither proxies nor ~/.netrc nor TLS files for the exporter alone change where it asks, or as whom."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("JAEGER_GUARD_EXPORT_CA_FILE", str(tmp_path / "missing.pem"))
    ask = prepare_fetcher(endpoint.url, "shop", Export(ca_file="missing.pem"))()
    assert ask() == b"{}"
    assert "authorization" not in endpoint.asked[0][1]


def test_tls_files_are_checked_before() -> None:
    """A file that TLS needs is looked at when it is configured, and named."""
    with pytest.raises(ConfigurationError, match=r"missing\.pem"):
        prepare_fetcher("https://jaeger.example:5778", "shop", Export(ca_file="missing.pem"), {})
