"""An nginx in front of a collector whose certificates and demands a test changes while it runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Final

from servers.certificates import Pair
from servers.process import LOOPBACK, Program, ServerError, free_ports, listens, running, start

_CONFIGURATION: Final = """
{user}
worker_processes 1;
pid nginx.pid;
error_log nginx-error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 32m;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    ssl_protocols TLSv1.3;
    ssl_verify_client on;
    ssl_client_certificate {directory}/ca.pem;
    ssl_certificate {directory}/server.crt;
    ssl_certificate_key {directory}/server.key;
    server {{
        listen 127.0.0.1:{grpc} ssl http2;
        {demand}
        location / {{ grpc_pass grpc://127.0.0.1:{rotel_grpc}; }}
    }}
    server {{
        listen 127.0.0.1:{http} ssl;
        {demand}
        location / {{ proxy_pass http://127.0.0.1:{rotel_http}; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Front:
    """An nginx that runs.

    Attributes:
        directory: Where its files lie.
        ports: `grpc` and `http`, where it listens, and the collector's behind it.
    """

    directory: Path
    ports: dict[str, int]

    def port(self, protocol: str) -> int:
        """Answer the port for `protocol`, "grpc" or "http/protobuf"."""
        return self.ports["grpc" if protocol == "grpc" else "http"]

    def show(self, pair: Pair, ca_file: Path) -> None:
        """Show this certificate, and demand clients' of that authority, from the next reload on."""
        shutil.copy(pair.cert_file, self.directory / "server.crt")
        shutil.copy(pair.key_file, self.directory / "server.key")
        shutil.copy(ca_file, self.directory / "ca.pem")

    def demand(self, authorization: str | None = None) -> None:
        """Demand this Authorization header, from the next reload on."""
        demand = ""
        if authorization is not None:
            demand = f'if ($http_authorization != "{authorization}") {{ return 401; }}'
        user = "user root;" if os.geteuid() == 0 else ""  # the keys are ours alone
        text = _CONFIGURATION.format(
            user=user, directory=self.directory, demand=demand, **self.ports
        )
        (self.directory / "nginx.conf").write_text(text)

    def reload(self) -> None:
        """Have what was changed take effect for new connections."""
        os.kill(int((self.directory / "nginx.pid").read_text()), signal.SIGHUP)


@contextlib.contextmanager
def running_front(
    directory: Path, rotel: dict[str, int], pair: Pair, ca_file: Path
) -> Iterator[Front]:
    """Run one with its files in `directory`, until the context ends."""
    program = which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        raise ServerError("no nginx: run scripts/setup.sh, which installs it")
    directory.mkdir()
    front = Front(directory, {})
    front.show(pair, ca_file)

    def attempt() -> Program | None:
        names = ("grpc", "http")
        front.ports.update(rotel | dict(zip(names, free_ports(2), strict=True)))
        front.demand()
        command = [program, "-p", str(directory), "-e", "nginx-error.log", "-g", "daemon off;"]
        return start(
            [*command, "-c", directory / "nginx.conf"],
            directory=directory,
            ready=lambda: all(listens(front.ports[name]) for name in names),
        )

    with running(attempt, directory / "nginx.log"):
        yield front


def endpoint_of(port: int) -> str:
    """Answer the base URL of a port of the loopback behind TLS."""
    return f"https://{LOOPBACK}:{port}"
