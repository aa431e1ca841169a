"""A real HTTP server that keeps the headers it gets, and redirects to what `?to=` names."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Recorder:
    """What arrived.

    Attributes:
        port: The loopback port.
        headers: Those of each request, names in lower case.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.headers: list[dict[str, str]] = []

    def url(self, host: str = "localhost") -> str:
        """Where a client asks."""
        return f"http://{host}:{self.port}/orders"

    @property
    def last(self) -> dict[str, str]:
        """The headers of the last request."""
        return self.headers[-1]


@contextmanager
def recording() -> Iterator[Recorder]:
    """Run the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            recorder.headers.append({name.lower(): text for name, text in self.headers.items()})
            _, redirects, target = self.path.partition("?to=")
            self.send_response(302 if redirects else 200)
            if redirects:
                self.send_header("Location", target)
            self.send_header("Content-Length", "2")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        recorder = Recorder(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield recorder
        finally:
            server.shutdown()
            thread.join()
