"""Answers in a server's place, over its own protocol, where no server can be had for the tests.

MongoDB, Elasticsearch and the services of language models are neither on PyPI nor in Debian: real
clients talk to these over real sockets.
"""

from __future__ import annotations

import contextlib
import json
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from e2e.planted import CARD, EMAIL, IBAN, TOKEN

Answer = tuple[int, dict[str, Any]]

_OP_QUERY: Final = 2004
_OP_MSG: Final = 2013
_OP_REPLY: Final = 1


@contextlib.contextmanager
def http(answer: Callable[[str, str], Answer]) -> Iterator[str]:
    """Answer JSON to each request, by its path and body; lend the base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, document = answer(self.path, body.decode())
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_PUT = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with _serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@contextlib.contextmanager
def mongo() -> Iterator[int]:
    """Speak MongoDB's wire protocol (OP_MSG, and OP_QUERY for the greeting); lend the port."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), _MongoConnection) as server, _serving(server):
        yield int(server.server_address[1])


@contextlib.contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _MongoConnection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        import bson

        while header := self.rfile.read(16):
            length, request, _, code = struct.unpack("<iiii", header)
            body = self.rfile.read(length - 16)
            # Flags and the kind of the section; or flags, a name that ends in zero, two numbers.
            start = 5 if code == _OP_MSG else body.index(b"\0", 4) + 9
            (size,) = struct.unpack_from("<i", body, start)
            reply = bson.encode(_of_mongo(bson.decode(body[start : start + size])))
            if code == _OP_MSG:
                self._send(struct.pack("<I", 0) + b"\0" + reply, request, _OP_MSG)
            else:
                assert code == _OP_QUERY
                self._send(struct.pack("<iqii", 8, 0, 0, 1) + reply, request, _OP_REPLY)

    def _send(self, message: bytes, request: int, code: int) -> None:
        self.wfile.write(struct.pack("<iiii", 16 + len(message), 1, request, code) + message)


def _of_mongo(command: dict[str, Any]) -> dict[str, Any]:
    name = next(iter(command)).lower()
    if name in ("hello", "ismaster"):
        versions = {"minWireVersion": 0, "maxWireVersion": 21}
        sizes = {"maxBsonObjectSize": 2**24, "maxMessageSizeBytes": 48_000_000}
        return {"ok": 1.0, "ismaster": True, "helloOk": True, **versions, **sizes}
    if name == "find":
        return {"ok": 1.0, "cursor": {"id": 0, "ns": "shop.customers", "firstBatch": []}}
    if name == "update":
        text = (
            f'E11000 duplicate key error collection: shop.customers dup key: {{ mail: "{EMAIL}" }}'
        )
        return {"ok": 0.0, "code": 11000, "codeName": "DuplicateKey", "errmsg": text}
    return {"ok": 1.0, "n": 1}


def elasticsearch(path: str, body: str) -> Answer:
    """Answer as Elasticsearch would: one index is there, another isn't."""
    if "nosuch" in path:
        reason = f"no such index for [{EMAIL}]"
        return 404, {
            "error": {"type": "index_not_found_exception", "reason": reason},
            "status": 404,
        }
    hits = {"total": {"value": 0}, "hits": []}
    return 200, {"took": 1, "timed_out": False, "hits": hits, "_id": "1", "result": "created"}


_REFUSAL: Final = f"Incorrect API key provided: {TOKEN} for {EMAIL}"


def openai(path: str, body: str) -> Answer:
    """Answer as OpenAI's API would, which repeats the key that it refuses."""
    if "nosuch" in body:
        return 401, {"error": {"message": _REFUSAL, "type": "invalid_request_error"}}
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    if path.endswith("/embeddings"):
        vector = {"object": "embedding", "index": 0, "embedding": [0.1]}
        return 200, {
            "object": "list",
            "data": [vector],
            "model": "text-embedding-3-small",
            "usage": usage,
        }
    function = {"name": "refund", "arguments": json.dumps({"iban": IBAN})}
    message = {
        "role": "assistant",
        "content": f"Her card is {CARD}",
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    about = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o"}
    return 200, {**about, "choices": [choice], "usage": usage}


def anthropic(path: str, body: str) -> Answer:
    """Answer as Anthropic's API would."""
    if "nosuch" in body:
        return 401, {
            "type": "error",
            "error": {"type": "authentication_error", "message": _REFUSAL},
        }
    content = [
        {"type": "text", "text": f"Her card is {CARD}"},
        {"type": "tool_use", "id": "toolu_1", "name": "refund", "input": {"iban": IBAN}},
    ]
    about = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude"}
    usage = {"input_tokens": 5, "output_tokens": 7}
    return 200, {**about, "content": content, "stop_reason": "tool_use", "usage": usage}
