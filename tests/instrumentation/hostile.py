"""What may stand in a request: personal data and credentials in every place that HTTP has for text.

Planted are values that the policy knows by their form or their place; what surrounds them is ordinary.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import quote

from e2e.apps.peer import HEADERS, QUERY
from e2e.planted import BEARER, CARD, EMAIL, EVERYWHERE, IBAN, JWT, PASSWORD, TOKEN

SECONDS: Final = 60
ADDRESS: Final = "203.0.113.77"
ADDRESS_6: Final = "2001:db8:85a3::8a2e:370:7334"
BASIC: Final = base64.b64encode(f"anna:{PASSWORD}".encode()).decode()
URL_SAFE: Final = base64.urlsafe_b64encode(EMAIL.encode()).decode()
OF_NOBODY: Final = base64.b64encode(f"u:{PASSWORD}".encode()).decode()
AS_JSON: Final = quote(json.dumps({"email": EMAIL, "card": CARD}))
PLANTED: Final = (*EVERYWHERE, ADDRESS, ADDRESS_6, BASIC, OF_NOBODY, URL_SAFE, f"anna:{PASSWORD}")

OF_A_BROWSER: Final = {
    "Authorization": f"Basic {BASIC}",
    "Baggage": f"user.email={quote(EMAIL)}",
    "Content-Type": "application/json",
    "Cookie": f"session={BEARER}; theme=dark; mail={quote(EMAIL)}",
    "Forwarded": f"for={ADDRESS};proto=https;by=10.0.0.2",
    "From": EMAIL,
    "Proxy-Authorization": f"Bearer {BEARER}",
    "Referer": f"https://shop.example/reset?token={TOKEN}&email={quote(EMAIL)}",
    "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
    "Tracestate": f"vendor=u:{CARD}",
    "True-Client-IP": ADDRESS_6,
    "User-Agent": f"shop/1.4 (contact {EMAIL})",
    "X-Amz-Security-Token": BEARER,
    "X-Api-Key": TOKEN,
    "X-Csrf-Token": BEARER,
    "X-Forwarded-For": f"{ADDRESS}, 10.0.0.1",
    "X-Real-Ip": ADDRESS,
    "X-Request-Id": "3f2b8c1e-9d4a-4f6b-8e7c-1a2b3c4d5e6f",
    "X-User-Email": EMAIL,
}
TARGETS: Final = (
    f"/customers/{quote(EMAIL, safe='')}/orders?q={AS_JSON}",
    f"/customers/{quote(quote(EMAIL, safe=''))}/orders?token={TOKEN}",
    f"/customers/{URL_SAFE}/orders?jwt={JWT}&iban={IBAN}",
    f"/customers/{CARD};jsessionid={BEARER}/orders?next={quote(f'https://u:{PASSWORD}@shop.example/')}",
    f"/reset/{BEARER}/{TOKEN}?client_ip={ADDRESS}",
    f"//{EMAIL}/../{CARD}?=&&{TOKEN}",
    f"http://anna:{PASSWORD}@shop.example/customers/{EMAIL}/orders?sig={BEARER}",
)


def visit(port: int) -> None:
    """Send a server requests that no well-behaved client would, one connection for each."""
    for target in TARGETS:
        _send(port, f"GET {target}", OF_A_BROWSER)
    _send(port, f"{EMAIL.partition('@')[0].upper()} /customers/x/orders", OF_A_BROWSER)
    _send(port, "POST /checkout?x=1", OF_A_BROWSER, json.dumps({"card": CARD}))
    _send(port, "GET /customers/x/orders", {}, host=EMAIL)
    _send(port, "GET /customers/x/orders", {}, host=f"user:{PASSWORD}@shop.example")
    _send(port, "OPTIONS *", OF_A_BROWSER)


def _send(
    port: int, line: str, headers: Mapping[str, str], body: str = "", host: str = "shop.example"
) -> None:
    all_headers = {"Host": host, "Connection": "close", "Content-Length": len(body), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in all_headers.items())
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        connection.sendall(f"{line} HTTP/1.1\r\n{head}\r\n{body}".encode())
        with contextlib.suppress(ConnectionError):  # refused before it was read to its end
            while connection.recv(65536):
                pass


class _Handler(BaseHTTPRequestHandler):
    """Redirects, ends too early, or answers nonsense, by the path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/garbage"):
            self.wfile.write(f"HTTP/1.1 abc {TOKEN} {EMAIL}\r\n\r\n".encode())
            self.close_connection = True
        elif self.path.startswith("/short"):
            self._answer(200, {"Content-Length": "1000"})
            self.close_connection = True
        elif self.path.startswith("/redirect"):
            self._answer(302, {"Location": f"/ok?{QUERY}&token={TOKEN}", "Content-Length": "0"})
        elif self.path.startswith("/loop"):
            self._answer(302, {"Location": self.path, "Content-Length": "0"})
        else:
            realm = f'Bearer realm="{EMAIL}"'
            self._answer(
                401, {"X-Api-Key": TOKEN, "WWW-Authenticate": realm, "Content-Length": "0"}
            )

    do_POST = do_GET

    def _answer(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def urls() -> Iterator[list[str]]:
    """Lend the URLs of such a server, of ports where nobody is, and some that are none."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        home = f"127.0.0.1:{server.server_port}"
        signed = f"X-Amz-Signature={BEARER}&sig={BEARER}&access_token={TOKEN}"
        yield [
            f"http://{home}/redirect?{QUERY}",
            f"http://{home}/loop/{EMAIL}?{QUERY}",
            f"http://{home}/short/{EMAIL}?{QUERY}",
            f"http://{home}/garbage/{CARD}",
            f"http://anna:{PASSWORD}@{home}/ok;jsessionid={BEARER}?{signed}#access_token={TOKEN}",
            f"http://{home}/v1/{quote(EMAIL, safe='')}/{AS_JSON}?filter={AS_JSON}",
            f"https://{home}/tls/{EMAIL}?{QUERY}",
            f"http://u:{PASSWORD}@[::bad/{EMAIL}?{QUERY}",
            f"http://u:{PASSWORD}@127.0.0.1:99999/{EMAIL}?{QUERY}",
            f"http://u:{PASSWORD}@127.0.0.1:1/{EMAIL}?{QUERY}",
        ]
        server.shutdown()


HEADERS_OF_A_CLIENT: Final = {
    **HEADERS,
    "Cookie": f"session={BEARER}",
    "Referer": f"https://shop.example/?token={TOKEN}",
    "X-Amz-Security-Token": BEARER,
    "X-User-Email": EMAIL,
}
