"""An HTTP server for the client libraries to call: 200 under /ok, 500 under /broken, else 404."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import quote

from e2e.planted import BEARER, CARD, EMAIL, PASSWORD, TOKEN

QUERY: Final = f"password={PASSWORD}&email={quote(EMAIL)}&page=2"
HEADERS: Final = {"Authorization": f"Bearer {BEARER}", "X-Api-Key": TOKEN, "User-Agent": "shop/1.4"}
PATHS: Final = (f"/ok?{QUERY}", f"/customers/{EMAIL}/cards/{CARD}?{QUERY}", f"/broken?{QUERY}")


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        length = int(self.headers.get("content-length", 0))
        self.rfile.read(length)
        status = 200 if self.path.startswith("/ok") else 404
        self.send_response(500 if self.path.startswith("/broken") else status)
        self.send_header("set-cookie", f"session={BEARER}")
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def peer() -> Iterator[str]:
    """Lend the base URL of the server, with a user and a password in it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://shop:{PASSWORD}@127.0.0.1:{server.server_port}"
        server.shutdown()


def nobody() -> str:
    """Answer a URL of a port of the loopback where nobody listens: its error repeats the URL."""
    return f"http://127.0.0.1:1/customers/{EMAIL}?{QUERY}"
