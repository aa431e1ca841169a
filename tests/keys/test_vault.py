"""A key ring in Vault's key/value store, through the real `hvac`.

A TEST DOUBLE stands for Vault: it answers the four calls of the KV version 2 HTTP API as HashiCorp
documents them (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2), and nothing else. No Vault
is built or run here: its sources take longer to build than all tests together.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import hvac  # type: ignore[import-untyped]
import pytest

from jaeger_guard import keys
from jaeger_guard.errors import ConfigurationError
from jaeger_guard.keys.places import open_place
from jaeger_guard.keys.vault import VaultKeys
from keyed import SEAL

TOKEN = "hvs." + "x" * 24


class VaultDouble(ThreadingHTTPServer):
    """The part of Vault that is asked; not Vault."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secrets: dict[str, list[Any]] = {}


class _Handler(BaseHTTPRequestHandler):
    server: VaultDouble

    def do_GET(self) -> None:
        kind, path = self._place()
        if kind == "metadata":  # hvac lists by a GET with list=true, or by the method LIST
            return self.do_LIST()
        versions = self.server.secrets.get(path)
        if not versions:
            return self._answer(404, {"errors": []})
        return self._answer(200, {"data": {"data": versions[-1], "metadata": {}}})

    def do_LIST(self) -> None:
        _, path = self._place()
        prefix = path.rstrip("/") + "/"
        names = [name.removeprefix(prefix) for name in self.server.secrets if prefix in name]
        if names:
            self._answer(200, {"data": {"keys": names}})
        else:
            self._answer(404, {"errors": []})

    def do_POST(self) -> None:
        _, path = self._place()
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.secrets.setdefault(path, []).append(body["data"])
        self._answer(200, {"data": {"version": len(self.server.secrets[path])}})

    do_PUT = do_POST

    def do_DELETE(self) -> None:
        kind, path = self._place()
        assert kind == "metadata"  # or old versions would stay
        self.server.secrets.pop(path, None)
        self._answer(204, None)

    def _place(self) -> tuple[str, str]:
        _, _, mount, kind, path = self.path.partition("?")[0].split("/", 4)
        assert mount == "secret"
        return kind, path

    def _answer(self, status: int, body: Any) -> None:
        if self.headers["X-Vault-Token"] != TOKEN:
            status, body = 403, {"errors": ["permission denied"]}
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def vault() -> Iterator[VaultDouble]:
    server = VaultDouble()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def provider(vault: VaultDouble) -> VaultKeys:
    client = hvac.Client(url=f"http://127.0.0.1:{vault.server_address[1]}", token=TOKEN)
    return VaultKeys(client, "secret", "jaeger")


def test_a_ring_lives_in_vault(vault: VaultDouble, provider: VaultKeys) -> None:
    """Roles are made, rotated and destroyed there; what is destroyed leaves no version behind."""
    ring = keys.RoleRing(provider, SEAL)
    ring.init("support")
    ring.rotate("support")
    assert [(key.role, key.epoch) for key in ring.role_keys()] == [
        ("support", 1),
        ("support", 2),
        ("support", 3),
    ]
    private = [key.private_key.private_bytes_raw() for key in ring.role_keys()]
    ring.destroy("support", 1, "test")
    assert "jaeger/support.1.key" not in vault.secrets
    assert [each.state.value for each in ring.states()] == ["destroyed", "current", "next"]
    assert not any(secret.hex() in json.dumps(vault.secrets) for secret in private)


def test_refusals_tell_no_token(vault: VaultDouble) -> None:
    """Where Vault refuses, the kind of error is told, and neither token nor document."""
    client = hvac.Client(
        url=f"http://127.0.0.1:{vault.server_address[1]}", token="hvs." + "wrong" * 5
    )
    with pytest.raises(ConfigurationError) as caught:
        keys.RoleRing(VaultKeys(client, "secret", "jaeger"), SEAL).init("support")
    assert "Forbidden" in str(caught.value) and "wrong" not in str(caught.value)


@pytest.mark.parametrize("text", ["vault:", "vault:secret", "vault:../x/y", "vault:a/b?c"])
def test_a_place_in_vault_has_a_mount_and_a_path(text: str) -> None:
    """What names no place in Vault is refused before anybody is asked."""
    with pytest.raises(ConfigurationError, match="MOUNT/PATH"):
        open_place(text, "--directory")


def test_a_token_goes_nowhere_in_the_clear(
    vault: VaultDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plaintext to another machine is refused, and a redirect isn't followed with the token."""
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    monkeypatch.setenv("VAULT_ADDR", "http://vault.example.com:8200")
    with pytest.raises(ConfigurationError, match="VAULT_ADDR"):
        open_place("vault:secret/jaeger", "--directory")
    seen: list[str | None] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(307)
            self.send_header("location", f"http://127.0.0.1:{vault.server_address[1]}{self.path}")
            self.send_header("content-length", "0")
            self.end_headers()

        do_POST = do_PUT = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_address[1]}")
        place = open_place("vault:secret/jaeger", "--directory")
        with pytest.raises(ConfigurationError, match="redirect"):
            place.read("a")
        with pytest.raises(ConfigurationError, match="redirect"):
            place.write("a", b"x")
        server.shutdown()
        thread.join()
    assert len(seen) == 2 and not vault.secrets
