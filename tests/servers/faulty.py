"""A network that fails on demand: a TCP forwarder which refuses, hangs, drips, or shows another server."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from enum import Enum
from typing import Final, Self

from servers.process import LOOPBACK, free_ports

_PIECE: Final = 65536


class Fault(Enum):
    """What the network does."""

    NONE = "none"
    DOWN = "down"
    """Nothing listens, and connections that were open are reset."""
    HANGING = "hanging"
    """Connections are taken, and nothing ever comes back."""
    DRIPPING = "dripping"
    """What the server answers comes one byte at a time."""


class Forwarder:
    """Forwards connections to a port of the loopback, as its `fault` has it.

    Attributes:
        port: Where it listens, through all faults.
        fault: What is the matter now.
    """

    def __init__(self, target: int, *, drip: float = 0.5) -> None:
        self._target = target
        self._drip = drip
        self.fault = Fault.NONE
        self.port = free_ports(1)[0]
        self._open: set[socket.socket] = set()
        self._stopped = False
        self._listener: socket.socket | None = socket.create_server((LOOPBACK, self.port))
        self._accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def set(self, fault: Fault) -> None:
        """Break, or mend, the network."""
        was, self.fault = self.fault, fault
        if fault is Fault.DOWN:
            self._close_listener()
            self._cut()
        elif was is Fault.DOWN:
            self._listener = socket.create_server((LOOPBACK, self.port))
            self._accept()

    def close(self) -> None:
        """Stop, and cut all connections."""
        self._stopped = True
        self._close_listener()
        self._cut()

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            listener.close()

    def _cut(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _is_cut(self) -> bool:
        return self._stopped or self.fault is Fault.DOWN

    def _accept(self) -> None:
        listener = self._listener
        assert listener is not None

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:  # closed
                    return
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            self._open.add(client)
            if self._is_cut():  # it was taken in the moment of the cut
                return
            try:
                while self.fault is Fault.HANGING and not self._stopped:
                    time.sleep(0.02)
                with socket.create_connection((LOOPBACK, self._target), 30) as server:
                    self._open.add(server)
                    if self._is_cut():
                        return
                    up = threading.Thread(target=self._pump, args=(client, server), daemon=True)
                    up.start()
                    self._pump(server, client, drips=True)
                    up.join()
                    self._open.discard(server)
            except OSError:
                pass
            finally:
                self._open.discard(client)

    def _pump(self, source: socket.socket, sink: socket.socket, *, drips: bool = False) -> None:
        source.settimeout(None)
        try:
            while piece := source.recv(_PIECE):
                while self.fault is Fault.HANGING and not self._stopped:
                    time.sleep(0.02)
                if not (drips and self.fault is Fault.DRIPPING):
                    sink.sendall(piece)
                    continue
                for place in range(len(piece)):
                    sink.sendall(piece[place : place + 1])
                    if self.fault is Fault.DRIPPING and not self._stopped:
                        time.sleep(self._drip)
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
